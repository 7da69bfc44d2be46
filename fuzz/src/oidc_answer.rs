//! Successful and failed answers of SSO OIDC.
//!
//! Input: see `answer`; the operations are `CreateToken`, `RedeemCode` (the same with an
//! authorization code), `RegisterClient` and `StartDeviceAuthorization`.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use sso_http::{
    AuthorizationCode, CodeVerifier, CreateToken, CreateTokenResponse, Oidc, OidcOperation,
    RegisterClient, StartDeviceAuthorization, StartDeviceAuthorizationResponse,
};
use sso_types::{ClientSecret, RefreshToken, Region, StartUrl};
use tower::Service as _;

use super::Verdict;
use super::answer::{Answer, at_once};

const CLIENT_SECRET: &str = "MARK-client-secret-of-the-request";
const REFRESH_TOKEN: &str = "MARK-refresh-token-of-the-request";
const CODE: &str = "MARK-authorization-code-of-the-request";
const VERIFIER: &str = "MARK-code-verifier-of-the-request";

/// Checks that no lifetime is zero or longer than ten years.
const LIFETIMES: std::ops::RangeInclusive<Duration> =
    Duration::from_secs(1)..=Duration::from_secs(10 * 366 * 86_400);

pub fn check(input: &[u8]) -> Verdict {
    let answer = Answer::new(input);
    let secret = ClientSecret::new(CLIENT_SECRET);
    match answer.operation.as_str() {
        "RegisterClient" => {
            let operation = RegisterClient::new("a fuzz target").scopes(["sso:account:access"]);
            ask(&answer, operation, &[], |client| {
                assert!(says(&answer, "clientId", Some(client.client_id())));
                let secret = client.client_secret().expose_secret();
                assert!(says(&answer, "clientSecret", Some(secret)));
            })
        }
        "StartDeviceAuthorization" => {
            let url = StartUrl::new("https://example.awsapps.com/start").expect("a start URL");
            let operation = StartDeviceAuthorization::new("client", secret, url);
            ask(&answer, operation, &[CLIENT_SECRET], |started| begun(&started))
        }
        "RedeemCode" => {
            let code = AuthorizationCode::new(CODE);
            let verifier = CodeVerifier::new(VERIFIER);
            let redirect = "http://127.0.0.1:1/oauth/callback";
            let operation =
                CreateToken::authorization_code("client", secret, code, redirect, verifier);
            ask(&answer, operation, &[CLIENT_SECRET, CODE, VERIFIER], |token| {
                issued(&answer, &token);
            })
        }
        _ => {
            let refresh_token = RefreshToken::new(REFRESH_TOKEN);
            let operation = CreateToken::refresh_token("client", secret, refresh_token);
            ask(&answer, operation, &[CLIENT_SECRET, REFRESH_TOKEN], |token| {
                issued(&answer, &token);
            })
        }
    }
}

fn ask<Op>(
    answer: &Answer,
    operation: Op,
    secrets: &[&str],
    fits: impl FnOnce(Op::Response),
) -> Verdict
where
    Op: OidcOperation,
    Op::Response: Debug,
{
    let asked = Arc::default();
    let region = Region::new("us-gov-west-1").expect("a region");
    let read = at_once(Oidc::new(answer.service(&asked), region).call(operation));
    answer.check(Op::NAME, secrets, read, fits)
}

fn issued(answer: &Answer, token: &CreateTokenResponse) {
    let access_token = token.access_token().expose_secret();
    assert!(!access_token.is_empty() && !access_token.chars().any(char::is_control));
    assert!(says(answer, "accessToken", Some(access_token)));
    assert!(LIFETIMES.contains(&token.expires_in()), "{:?}", token.expires_in());
    let refresh_token = token.refresh_token().map(RefreshToken::expose_secret);
    assert!(says(answer, "refreshToken", refresh_token));
}

fn begun(started: &StartDeviceAuthorizationResponse) {
    assert!(LIFETIMES.contains(&started.expires_in()));
    assert!((1..=600).contains(&started.interval().as_secs()));
    for page in [Some(started.verification_uri()), started.verification_uri_complete()] {
        let Some(page) = page else { continue };
        // The program opens this URL.
        let lower = page.to_ascii_lowercase();
        assert!(lower.starts_with("https://") || lower.starts_with("http://"), "{page:?}");
        assert!(page.parse::<Uri>().is_ok_and(|uri| uri.host().is_some()), "{page:?}");
        assert!(!page.contains(char::is_whitespace) && !page.contains(char::is_control));
    }
}

/// Returns `true` if another JSON parser finds the same string, or none if `ours` is `None` or empty.
fn says(answer: &Answer, name: &str, ours: Option<&str>) -> bool {
    answer
        .json()
        .is_none_or(|value| value[name].as_str().filter(|theirs| !theirs.is_empty()) == ours)
}
