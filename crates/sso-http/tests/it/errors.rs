//! Error answers of the services, and the errors that they become.

use std::time::Duration;

use expect_test::{Expect, expect};
use sso_http::{GetRoleCredentials, ServiceError, ServiceErrorKind as Kind};
use sso_types::{AccountId, RoleName};
use tower::ServiceExt;

use crate::operations::{get_role_credentials, refresh, token};
use crate::server::{Reply, Server, answer, json};

async fn portal(reply: Reply) -> ServiceError {
    Server::start([reply]).await.portal().oneshot(get_role_credentials()).await.unwrap_err()
}

async fn oidc(reply: Reply) -> ServiceError {
    Server::start([reply]).await.oidc().oneshot(refresh()).await.unwrap_err()
}

/// The message, with the server's URL replaced by `URL`.
fn text(error: &ServiceError) -> String {
    error.to_string().replace(error.endpoint().unwrap().url(), "URL")
}

#[tokio::test]
async fn portal_errors_are_recognized_by_name_or_by_status() {
    for (status, name, kind) in [
        (400, "InvalidRequestException", Kind::InvalidRequest),
        (401, "UnauthorizedException", Kind::Unauthorized),
        (403, "ForbiddenException", Kind::Forbidden),
        (404, "ResourceNotFoundException", Kind::ResourceNotFound),
        (429, "TooManyRequestsException", Kind::TooManyRequests),
        (500, "InternalServerException", Kind::InternalServer),
    ] {
        let url = format!("{name}:http://internal.amazon.com/coral/x/");
        let by_header = portal(answer(status, &[("x-amzn-ErrorType", &url)], "")).await;
        let body =
            format!(r#"{{"message":"m","__type":"com.amazonaws.switchboard.portal#{name}"}}"#);
        let by_body = portal(json(status, &body)).await;
        let by_code = portal(json(status, &format!(r#"{{"Message":"m","code":"{name}"}}"#))).await;
        let by_status = portal(answer(status, &[], "")).await;
        for (error, code, message) in [
            (by_header, Some(name), None),
            (by_body, Some(name), Some("m")),
            (by_code, Some(name), Some("m")),
            (by_status, None, None),
        ] {
            assert_eq!(error.kind(), kind, "{error:?}");
            assert_eq!((error.status(), error.code()), (Some(status), code), "{error:?}");
            assert_eq!(error.message(), message);
            assert_eq!(error.operation(), Some("GetRoleCredentials"));
            assert_eq!(error.is_unauthorized(), status == 401);
            assert_eq!(error.is_forbidden(), status == 403);
            assert_eq!(error.is_throttled(), status == 429);
            assert_eq!(error.is_transient(), status == 429 || status == 500);
            assert!(error.may_have_been_sent() && !error.is_timeout());
        }
    }
    // The exception of the same name from OIDC requires a login. This one does not.
    let denied = portal(json(403, r#"{"__type":"AccessDeniedException"}"#)).await;
    assert!(denied.is_forbidden() && !denied.is_login_required(), "{denied:?}");
    // The portal does not use OAuth codes, so the status decides: the token is not valid.
    for code in ["expired_token", "invalid_grant", "server_error", "slow_down"] {
        let error = portal(json(401, &format!(r#"{{"error":"{code}"}}"#))).await;
        assert!(error.is_unauthorized() && !error.is_transient(), "{error:?}");
        assert_eq!(error.code(), None);
    }
    for (status, transient) in [(502, true), (503, true), (504, true), (501, false), (418, false)] {
        assert_eq!(portal(answer(status, &[], "")).await.is_transient(), transient, "{status}");
    }
}

#[tokio::test]
async fn oidc_errors_are_recognized_by_name_or_by_oauth_code() {
    for (name, code, kind) in [
        ("AuthorizationPendingException", "authorization_pending", Kind::AuthorizationPending),
        ("SlowDownException", "slow_down", Kind::SlowDown),
        ("AccessDeniedException", "access_denied", Kind::AccessDenied),
        ("ExpiredTokenException", "expired_token", Kind::ExpiredToken),
        ("InvalidGrantException", "invalid_grant", Kind::InvalidGrant),
        ("InvalidRequestException", "invalid_request", Kind::InvalidRequest),
        ("InvalidScopeException", "invalid_scope", Kind::InvalidScope),
        ("UnauthorizedClientException", "unauthorized_client", Kind::UnauthorizedClient),
        ("UnsupportedGrantTypeException", "unsupported_grant_type", Kind::UnsupportedGrantType),
        ("InvalidClientMetadataException", "invalid_client_metadata", Kind::InvalidClientMetadata),
        ("InvalidRedirectUriException", "invalid_redirect_uri", Kind::InvalidRedirectUri),
        ("InvalidClientException", "invalid_client", Kind::InvalidClient),
        ("InternalServerException", "server_error", Kind::InternalServer),
    ] {
        let status = match kind {
            Kind::InvalidClient => 401,
            Kind::InternalServer => 500,
            _ => 400,
        };
        let body = format!(r#"{{"error":"{code}","error_description":"d","reason":"r"}}"#);
        let by_header = oidc(answer(status, &[("x-amzn-errortype", name)], &body)).await;
        let oauth_only = oidc(json(status, &body)).await;
        assert_eq!((by_header.code(), oauth_only.code()), (Some(name), Some(code)));
        for error in [by_header, oauth_only] {
            assert_eq!((error.kind(), error.status()), (kind, Some(status)), "{error:?}");
            assert_eq!((error.oauth_code(), error.reason()), (Some(code), Some("r")));
            assert_eq!((error.error_description(), error.message()), (Some("d"), Some("d")));
            assert_eq!(error.is_invalid_grant(), kind == Kind::InvalidGrant);
            let again = [
                Kind::InvalidClient,
                Kind::UnauthorizedClient,
                Kind::ExpiredToken,
                Kind::AccessDenied,
            ];
            assert_eq!(error.is_login_required(), again.contains(&kind));
            assert_eq!(error.is_transient(), matches!(kind, Kind::SlowDown | Kind::InternalServer));
        }
    }
    assert_eq!(oidc(answer(401, &[], "")).await.kind(), Kind::InvalidClient);
    let elsewhere = r#"{"error":"invalid_request","region":"eu-west-1"}"#;
    let header = [("x-amzn-errortype", "InvalidRequestRegionException")];
    let error = oidc(answer(400, &header, elsewhere)).await;
    assert_eq!(error.kind(), Kind::InvalidRequestRegion);
    assert!(error.message().unwrap().contains("eu-west-1"), "{error}");
    // In another error, the field means something else.
    let error = oidc(answer(400, &[], elsewhere)).await;
    assert_eq!((error.kind(), error.message()), (Kind::InvalidRequest, None));
}

#[tokio::test]
async fn messages_contain_the_remedy() {
    let check = |error: ServiceError, expected: Expect| expected.assert_eq(&text(&error));
    check(
        portal(answer(403, &[("x-amzn-RequestId", "r-1")], r#"{"message":"No access"}"#)).await,
        expect![
            "GetRoleCredentials failed with HTTP 403: No access; check that the role Read Only+ is assigned to you in the account 123456789012, and that the account is in the organization (request id r-1); the endpoint URL was set by a test: set AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true to use AWS's own"
        ],
    );
    check(
        portal(json(429, r#"{"message":"HTTP 429 Unknown Code","__type":"com.amazonaws.switchboard.portal#TooManyRequestsException"}"#)).await,
        expect!["GetRoleCredentials failed with TooManyRequestsException (HTTP 429): HTTP 429 Unknown Code; send fewer requests, or try again later; the endpoint URL was set by a test: set AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true to use AWS's own"],
    );
    check(
        portal(answer(
            200,
            &[("content-type", "text/html")],
            "<html><title>Hotel Wi-Fi</title><body>Please <b>log in</b></body></html>",
        ))
        .await,
        expect![
            "GetRoleCredentials got an answer that is not from AWS (HTTP 200, text/html, 72 bytes); a proxy, or a login page of your network, may have answered instead; the endpoint URL was set by a test: set AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true to use AWS's own"
        ],
    );
    check(
        portal(answer(302, &[("location", "https://login.hotel.example/x?secret=1")], "")).await,
        expect![
            "GetRoleCredentials was redirected to login.hotel.example (HTTP 302), and redirects are not followed; check the endpoint, and whether your network requires a login; the endpoint URL was set by a test: set AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true to use AWS's own"
        ],
    );
    check(
        portal(json(200, r#"{"roleCredentials":{"accessKeyId":"A","secretAccessKey":"S","sessionToken":"","expiration":1}}"#)).await,
        expect!["GetRoleCredentials got an answer that cannot be used: expiration is not a time in epoch milliseconds; the endpoint URL was set by a test: set AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true to use AWS's own"],
    );
    check(
        oidc(json(
            401,
            r#"{"error":"invalid_client","error_description":"Invalid client provided"}"#,
        ))
        .await,
        expect![
            "CreateToken failed with invalid_client (HTTP 401): Invalid client provided; log in again; the endpoint URL was set by a test: set AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true to use AWS's own"
        ],
    );
}

#[tokio::test]
async fn the_message_mentions_missing_leading_zeros_of_the_account_id() {
    for (status, said) in [(400, true), (401, false), (403, true), (404, true), (500, false)] {
        let server = Server::start([answer(status, &[], "")]).await;
        let request = GetRoleCredentials::new(
            token(),
            AccountId::new("12345678901").unwrap(),
            RoleName::new("R").unwrap(),
        );
        let error = server.portal().oneshot(request).await.unwrap_err();
        assert_eq!(error.to_string().contains("add missing leading zeros"), said, "{error}");
    }
}

#[tokio::test]
async fn an_answer_that_is_not_json_is_unparseable() {
    let html = [("content-type", "text/html")];
    let error = portal(answer(503, &html, "<h1>Down</h1>")).await;
    assert_eq!(error.kind(), Kind::Unparseable);
    assert!(error.is_transient() && error.status() == Some(503));
    // The name in the header has precedence over the body.
    let named = [("x-amzn-errortype", "UnauthorizedException"), ("content-type", "text/html")];
    assert!(portal(answer(401, &named, "<h1>")).await.is_unauthorized());
    assert!(!portal(answer(401, &html, "<h1>Log in</h1>")).await.is_unauthorized());
    // For JSON that is not an object, the status decides.
    for body in ["null", "[]", r#""Unauthorized""#, "\u{feff}401", r#"[{"__type":"x"}]"#] {
        let error = portal(json(401, body)).await;
        assert!(error.is_unauthorized() && error.code().is_none(), "{body}: {error:?}");
        assert_eq!(oidc(json(401, body)).await.kind(), Kind::InvalidClient, "{body}");
    }
    for body in ["{", "[1", "Unauthorized", "{} {}"] {
        assert_eq!(portal(json(401, body)).await.kind(), Kind::Unparseable, "{body}");
    }
    for body in ["", "{", "[]", "null", "{}", r#"{"roleCredentials":[1]}"#] {
        let error = portal(json(200, body)).await;
        assert_eq!(error.kind(), Kind::Malformed, "{body}");
        assert!(!error.is_transient() && error.is_outcome_unknown());
    }
    for body in [
        r#"{"accessToken":"A"}"#,
        r#"{"accessToken":"A","expiresIn":0}"#,
        r#"{"accessToken":"A","expiresIn":-1}"#,
        r#"{"accessToken":"","expiresIn":1}"#,
        r#"{"expiresIn":1}"#,
    ] {
        assert_eq!(oidc(json(200, body)).await.kind(), Kind::Malformed, "{body}");
    }
}

#[tokio::test]
async fn retry_after_is_read_from_both_headers() {
    let date = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");
    for (headers, wait) in [
        (vec![("retry-after", "7")], Some(7_000)),
        (vec![("x-amz-retry-after", "1500"), ("retry-after", "7")], Some(1_500)),
        (vec![("retry-after", "Sun, 06 Nov 1994 08:49:40 GMT"), date], Some(3_000)),
        (vec![("retry-after", "Sun, 06 Nov 1994 08:49:30 GMT"), date], Some(0)),
        (vec![("retry-after", "Sun, 06 Nov 1994 08:49:40 GMT")], None),
        (vec![("retry-after", "Sun, 06 Nov 1994 08:49:40 GMT"), ("date", "today")], None),
        (vec![("retry-after", "soon")], None),
        (vec![("retry-after", "0")], Some(0)),
        (vec![("retry-after", "+7")], None),
        (vec![("retry-after", "-1")], None),
        (vec![], None),
    ] {
        let error = portal(answer(429, &headers, "")).await;
        assert_eq!(error.retry_after(), wait.map(Duration::from_millis), "{headers:?}");
    }
}

#[tokio::test]
async fn retry_after_without_a_date_header_uses_the_local_clock() {
    let headers = [("retry-after", "Thu, 31 Dec 9998 23:59:59 GMT")];
    let wait = portal(answer(429, &headers, "")).await.retry_after().unwrap();
    assert!(wait > Duration::from_secs(1_000_000_000), "{wait:?}");
}

#[tokio::test]
async fn a_retry_after_larger_than_u64_is_the_longest_wait() {
    let error = portal(answer(503, &[("retry-after", "99999999999999999999")], "")).await;
    assert_eq!(error.retry_after(), Some(Duration::from_secs(u64::MAX)));
}

/// A successful answer is never quoted, because it may contain the requested secrets.
#[tokio::test]
async fn an_answer_that_is_not_json_does_not_show_new_secrets() {
    let utf16 = |text: &str| text.chars().flat_map(|c| [c, '\0']).collect::<String>();
    for body in [
        r#")]}' {"accessToken":"MARK","expiresIn":28800}"#.to_owned(),
        "access_token=MARK&expires_in=28800".to_owned(),
        "<r><SecretAccessKey>MARK</SecretAccessKey></r>".to_owned(),
        "<p>Please keep MARK for yourself".to_owned(),
        utf16(r#"{"accessToken":"MARK","expiresIn":28800}"#),
        "M\u{200b}A\u{ad}R\u{2060}K".to_owned(),
    ] {
        let error = oidc(answer(200, &[("content-type", "text/plain")], &body)).await;
        let shown = format!("{error} {error:?}");
        let letters: String = shown.chars().filter(char::is_ascii_alphanumeric).collect();
        assert!(!letters.contains("MARK"), "{shown}");
        // A body that begins like JSON is malformed. It is not quoted either.
        if error.kind() == Kind::Malformed {
            assert!(body.starts_with('{'), "{body}");
            continue;
        }
        assert_eq!(error.kind(), Kind::Unparseable);
        let expected = format!("(HTTP 200, text/plain, {} bytes)", body.len());
        assert!(error.to_string().contains(&expected), "{error}");
    }
    // An error answer is quoted, unless it contains the name of a secret field.
    for (body, shown) in [("Gateway", "\"Gateway\""), ("access_token=MARK", "not shown")] {
        let error = oidc(answer(403, &[("content-type", "text/plain")], body)).await;
        assert!(error.to_string().contains("(HTTP 403, text/plain"), "{error}");
        assert!(error.to_string().contains(shown), "{error}");
    }
}

#[test]
fn mocks_can_create_errors_of_the_service() {
    let error =
        ServiceError::from_answer(401, "UnauthorizedException", "m").with_operation("ListAccounts");
    assert!(error.is_unauthorized());
    assert_eq!(
        error.to_string(),
        "ListAccounts failed with UnauthorizedException (HTTP 401): m; log in again"
    );
    let error = ServiceError::from_answer(400, "invalid_grant", "").with_error_description("spent");
    assert!(error.is_invalid_grant() && error.message() == Some("spent"));
    assert!(ServiceError::from_answer(429, "", "").is_throttled());
}
