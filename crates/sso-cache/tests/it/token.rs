//! The content of a token file: what is read, refused, kept and written back.

use expect_test::{Expect, expect};
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::value::RawValue;
use sso_cache::{CachedToken, TokenFile};
use sso_types::{AccessToken, ClientSecret, RefreshToken};

use crate::fixture::at;

fn parse(text: &str) -> CachedToken {
    CachedToken::parse(text.as_bytes()).unwrap()
}

fn json(token: &CachedToken) -> String {
    String::from_utf8(token.to_json().to_vec()).unwrap()
}

/// A token as the AWS CLI 2 writes it.
const WHOLE: &str = r#"{"startUrl": "https://my-sso-portal.awsapps.com/start", "region": "us-east-1", "accessToken": "MARK-a", "expiresAt": "2026-01-01T08:00:00Z", "clientId": "MARK-i", "clientSecret": "MARK-s", "registrationExpiresAt": "2026-03-01T00:00:00Z", "refreshToken": "MARK-r"}"#;

#[test]
fn a_token_of_the_aws_cli_is_read() {
    let token = parse(WHOLE);
    assert_eq!(token.access_token().expose_secret(), "MARK-a");
    assert_eq!(token.expires_at(), at("2026-01-01T08:00:00Z"));
    assert_eq!(token.refresh_token().unwrap().expose_secret(), "MARK-r");
    assert_eq!(token.client_id(), Some("MARK-i"));
    assert_eq!(token.client_secret().unwrap().expose_secret(), "MARK-s");
    assert_eq!(token.registration_expires_at(), Some(at("2026-03-01T00:00:00Z")));
    assert_eq!(token.region(), Some("us-east-1"));
    assert_eq!(token.start_url(), Some("https://my-sso-portal.awsapps.com/start"));
    assert!(!token.is_expired(at("2026-01-01T07:59:59.999Z")));
    assert!(token.is_expired(at("2026-01-01T08:00:00Z")), "expired at expires_at");

    let material = token.refreshability(at("2026-02-28T23:59:59Z")).unwrap();
    assert_eq!(material.client_id, "MARK-i");
    assert_eq!(material.client_secret.expose_secret(), "MARK-s");
    assert_eq!(material.refresh_token.expose_secret(), "MARK-r");
    assert_eq!(json(&token), WHOLE.replace("\": ", "\":").replace("\", ", "\","));
}

#[test]
fn debug_shows_no_secret_of_a_token() {
    let token = parse(WHOLE);
    expect![["CachedToken { expires_at: 2026-01-01T08:00:00Z, refresh_token: true, client_id: true, client_secret: true, registration_expires_at: true, region: true, start_url: true, .. }"]]
        .assert_eq(&format!("{token:?}"));
    let shown = format!("{:#?}", token.refreshability(Timestamp::UNIX_EPOCH)).replace("MARK-i", "");
    assert!(!shown.contains("MARK"), "{shown}");
}

#[test]
fn names_match_in_any_letter_case_and_the_exact_one_wins() {
    for (text, access_token, written) in [
        (
            r#"{"AccessToken":"a","EXPIRESAT":"2026-01-01T00:00:00Z"}"#,
            "a",
            r#"{"accessToken":"a","expiresAt":"2026-01-01T00:00:00Z"}"#,
        ),
        (
            r#"{"accessToken":"a","AccessToken":"b","expiresAt":"2026-01-01T00:00:00Z"}"#,
            "a",
            r#"{"accessToken":"a","AccessToken":"b","expiresAt":"2026-01-01T00:00:00Z"}"#,
        ),
        (
            r#"{"accesstoken":"a","AccessToken":"b","expiresAt":"2026-01-01T00:00:00Z"}"#,
            "b",
            r#"{"accesstoken":"a","accessToken":"b","expiresAt":"2026-01-01T00:00:00Z"}"#,
        ),
        (
            r#"{"accessToken":"a","accessToken":"b","expiresAt":"2026-01-01T00:00:00Z"}"#,
            "b",
            r#"{"accessToken":"b","expiresAt":"2026-01-01T00:00:00Z"}"#,
        ),
        (
            r#"{"\u0061ccessToken":"a","expiresAt":"2026-01-01T00:00:00Z"}"#,
            "a",
            r#"{"accessToken":"a","expiresAt":"2026-01-01T00:00:00Z"}"#,
        ),
    ] {
        let token = parse(text);
        assert_eq!(token.access_token().expose_secret(), access_token, "{text}");
        assert_eq!(json(&token), written);
        assert_eq!(json(&parse(written)), written, "the second write changes nothing");
    }
}

#[test]
fn a_refresh_keeps_other_fields_and_their_order() {
    let text = r#"{"z":1.10,"z":10000000000000000000000000000001,"accessToken":"old","\u00e4":[ 1 , {"b":-0.0e+00} ],"expiresAt":"2020-06-17T10:02:08UTC","refreshToken":"keep","region":7,"registrationExpiresAt":"soon","half":"\ud800"}"#;
    let token = parse(text);
    let expires_at = at("2026-01-01T00:00:00.999999999Z");
    let same = token.refreshed(AccessToken::new("n\"w"), expires_at, None);
    assert_eq!(
        json(&same),
        text.replace("\"old\"", r#""n\"w""#)
            .replace("2020-06-17T10:02:08UTC", "2026-01-01T00:00:00Z")
    );
    let other = token.refreshed(AccessToken::new("new"), expires_at, Some(RefreshToken::new("r2")));
    assert_eq!(json(&other), json(&same).replace("keep", "r2").replace(r#"n\"w"#, "new"));
    assert_eq!(token.access_token().expose_secret(), "old", "the old token is unchanged");
    // A missing field is added at the end; an unusable one is replaced in its place.
    let full = other.with_region("eu-west-1").with_start_url("https://x/start");
    assert!(json(&full).contains(r#""region":"eu-west-1""#));
    assert!(json(&full).ends_with(r#""half":"\ud800","startUrl":"https://x/start"}"#));
}

#[test]
fn a_new_token_is_written_and_read_back() {
    let token = CachedToken::new(AccessToken::new("a"), at("2026-01-01T00:00:00Z"))
        .with_refresh_token(RefreshToken::new("r"))
        .with_client_registration("i", ClientSecret::new("s"), Some(at("2026-04-01T00:00:00.5Z")))
        .with_region("us-east-1")
        .with_start_url("https://x/start#/");
    expect![[r#"{"accessToken":"a","expiresAt":"2026-01-01T00:00:00Z","refreshToken":"r","clientId":"i","clientSecret":"s","registrationExpiresAt":"2026-04-01T00:00:00Z","region":"us-east-1","startUrl":"https://x/start#/"}"#]]
        .assert_eq(&json(&token));
    assert_eq!(json(&parse(&json(&token))), json(&token));
}

#[test]
fn a_byte_order_mark_and_white_space_are_accepted() {
    for text in [format!("\u{feff}{WHOLE}"), format!("\r\n\t {WHOLE} \n\n")] {
        assert_eq!(json(&parse(&text)), json(&parse(WHOLE)));
    }
}

fn check_refused(text: &str, expected: &Expect) {
    expected.assert_eq(&CachedToken::parse(text.as_bytes()).unwrap_err().to_string());
}

#[test]
fn errors_name_the_field_and_never_quote_its_value() {
    let refused = check_refused;
    refused("", &expect!["it is empty; a program was probably stopped while writing it"]);
    refused("[]", &expect!["it is an array, not an object"]);
    refused("null", &expect!["it is null, not an object"]);
    refused(
        &WHOLE[..100],
        &expect!["it is not JSON: it ends too early at line 1, column 101 (byte 100)"],
    );
    refused(
        &format!("{WHOLE}s3cret"),
        &expect!["it is not JSON: there is something unexpected at line 1, column 264 (byte 263)"],
    );
    refused(
        &format!("{WHOLE}{WHOLE}"),
        &expect!["it is not JSON: there is something unexpected at line 1, column 264 (byte 263)"],
    );
    refused("{}", &expect!["the field accessToken is missing"]);
    refused(r#"{"accessToken":null}"#, &expect!["the field accessToken is null"]);
    refused(r#"{"accessToken":""}"#, &expect!["the field accessToken is empty"]);
    refused(
        r#"{"accessToken":["s3cret"]}"#,
        &expect!["the field accessToken is an array, not a string"],
    );
    refused(
        r#"{"accessToken":"s3cret\ud800"}"#,
        &expect!["the field accessToken is a string with an unpaired surrogate, not valid Unicode"],
    );
    refused(r#"{"accessToken":"s3cret"}"#, &expect!["the field expiresAt is missing"]);
    refused(
        r#"{"accessToken":"s3cret","expiresAt":null}"#,
        &expect!["the field expiresAt is null"],
    );
    refused(r#"{"accessToken":"s3cret","expiresAt":""}"#, &expect!["the field expiresAt is empty"]);
    refused(
        r#"{"accessToken":"s3cret","expiresAt":1767225600}"#,
        &expect!["the field expiresAt is a number, not a string"],
    );
    refused(
        r#"{"accessToken":"s3cret","expiresAt":{}}"#,
        &expect!["the field expiresAt is an object, not a string"],
    );
    for boolean in ["true", "false"] {
        refused(
            &format!(r#"{{"accessToken":"s3cret","expiresAt":{boolean}}}"#),
            &expect!["the field expiresAt is a boolean, not a string"],
        );
    }
    refused(
        r#"{"accessToken":"s3cret","expiresAt":"tomorrow"}"#,
        &expect!["the field expiresAt is not a timestamp such as 2026-01-01T00:00:00Z"],
    );
    refused(
        &" ".repeat(1 << 20 | 1),
        &expect![
            "it is 1048577 bytes long, more than the limit of 1048576; a token file is far smaller"
        ],
    );
    // A client registration, which is in the same directory.
    refused(
        r#"{"clientId":"i","clientSecret":"s3cret","expiresAt":"2026-01-01T00:00:00Z"}"#,
        &expect!["the field accessToken is missing"],
    );
}

#[test]
fn a_token_that_cannot_be_refreshed_is_still_read() {
    let now = at("2026-01-01T00:00:00Z");
    let with = |replaced: &str, by: &str| {
        assert!(WHOLE.contains(replaced), "{replaced}");
        let token = parse(&WHOLE.replace(replaced, by));
        assert_eq!(token.access_token().expose_secret(), "MARK-a");
        token.refreshability(now).map(|_| ()).map_err(|why| why.to_string())
    };
    let refused = |text: &str| Err(format!("{text}; log in again to renew the token"));
    for (replaced, field) in
        [("MARK-r", "refreshToken"), ("MARK-i", "clientId"), ("MARK-s", "clientSecret")]
    {
        assert_eq!(with(field, "other"), refused(&format!("the token file has no {field}")));
        assert_eq!(with(replaced, ""), refused(&format!("the {field} in the token file is empty")));
        let quoted = format!("\"{replaced}\"");
        assert_eq!(with(&quoted, "null"), refused(&format!("the token file has no {field}")));
        assert_eq!(
            with(&quoted, "5"),
            refused(&format!("the {field} in the token file is not a string"))
        );
    }
    let registration = "\"2026-03-01T00:00:00Z\"";
    assert_eq!(with("registrationExpiresAt", "other"), Ok(()), "a refresh is tried");
    assert_eq!(with(registration, "null"), Ok(()));
    assert_eq!(with(registration, "\"2026-01-01T00:00:01\""), Ok(()));
    assert_eq!(
        with(registration, "\"2026-01-01T00:00:00UTC\""),
        refused("the client registration expired at 2026-01-01T00:00:00Z")
    );
    for unreadable in ["\"\"", "\"soon\"", "1772323200", "{}"] {
        assert_eq!(
            with(registration, unreadable),
            refused("the registrationExpiresAt in the token file cannot be read")
        );
    }
}

/// Any JSON value, as text.
fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        "true|false",
        "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,30})?([eE][+-]?[0-9]{1,3})?",
        string(),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4)
                .prop_map(|values| format!("[ {}]", values.join(" ,"))),
            prop::collection::vec((string(), inner), 0..4).prop_map(|members| {
                let members: Vec<_> = members.iter().map(|(k, v)| format!("{k} :{v}")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

/// A JSON string, escapes included.
fn string() -> impl Strategy<Value = String> {
    r#""([ !#-\[\]-~é日😀]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4}){0,8}""#
}

/// The members of an object, raw, as another parser sees them.
fn raw_members(text: &str) -> Vec<(String, String)> {
    struct Members(Vec<(String, String)>);

    impl<'de> serde::Deserialize<'de> for Members {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Visitor;

            impl<'de> serde::de::Visitor<'de> for Visitor {
                type Value = Members;

                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("an object")
                }

                fn visit_map<A: serde::de::MapAccess<'de>>(
                    self,
                    mut map: A,
                ) -> Result<Members, A::Error> {
                    let mut members = Vec::new();
                    while let Some((name, value)) = map.next_entry::<String, Box<RawValue>>()? {
                        members.push((name, value.get().to_owned()));
                    }
                    Ok(Members(members))
                }
            }
            deserializer.deserialize_map(Visitor)
        }
    }
    serde_json::from_str::<Members>(text).unwrap().0
}

proptest! {
    #[test]
    fn unknown_fields_keep_their_text_and_order(
        unknown in prop::collection::vec(("\"x[a-z0-9 é]{0,4}\"", value()), 0..6),
        place in 0..6_usize,
        access_token in "[!-~é😀]{1,20}",
        seconds in 0..253_000_000_000_i64,
    ) {
        let mut members: Vec<_> = unknown.iter().map(|(k, v)| format!("{k}:{v}")).collect();
        let needed = r#""expiresAt":"2026-01-01T00:00:00Z","accessToken":"old""#;
        members.insert(place.min(members.len()), needed.to_owned());
        let text = format!("{{ {} }}", members.join(" , "));
        let token = parse(&text);
        prop_assert_eq!(raw_members(&json(&token)), raw_members(&text));

        let expires_at = Timestamp::from_second(seconds).unwrap();
        let refreshed = token.refreshed(AccessToken::new(&*access_token), expires_at, None);
        let again = parse(&json(&refreshed));
        prop_assert_eq!(again.access_token().expose_secret(), access_token);
        prop_assert_eq!(again.expires_at(), expires_at);
        let without_ours = |text: &str| {
            let mut members = raw_members(text);
            members.retain(|(name, _)| name.starts_with('x'));
            members
        };
        prop_assert_eq!(without_ours(&json(&again)), without_ours(&text));
        prop_assert_eq!(json(&again), json(&refreshed), "a second round changes nothing");
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = CachedToken::parse(&bytes);
    }

    #[test]
    fn parsing_a_damaged_token_does_not_panic(
        cuts in prop::collection::vec((0..WHOLE.len(), any::<u8>()), 0..4),
        end in 0..=WHOLE.len(),
    ) {
        let mut bytes = WHOLE.as_bytes().to_vec();
        for (at, byte) in cuts {
            bytes[at] = byte;
        }
        bytes.truncate(end);
        match CachedToken::parse(&bytes) {
            // A token that is parsed can be written and parsed again.
            Ok(token) => prop_assert_eq!(json(&parse(&json(&token))), json(&token)),
            Err(error) => prop_assert!(!error.to_string().contains("MARK"), "{}", error),
        }
    }
}

#[test]
fn a_login_keeps_the_fields_that_no_login_writes() {
    let previous = CachedToken::parse(
        br#"{"note": [1.50], "accessToken":"old","refreshToken":"old","expiresAt":"2026-01-01T00:00:00Z","z": null}"#,
    )
    .unwrap();
    let token = CachedToken::new(AccessToken::new("new"), at("2026-01-02T00:00:00Z"))
        .with_start_url("https://u")
        .with_region("us-east-1")
        .with_client_registration("id", ClientSecret::new("s"), Some(at("2026-03-01T00:00:00Z")))
        .replacing(Some(&previous));
    let json = String::from_utf8(token.to_json().to_vec()).unwrap();
    assert_eq!(
        json,
        r#"{"startUrl":"https://u","region":"us-east-1","accessToken":"new","expiresAt":"2026-01-02T00:00:00Z","clientId":"id","clientSecret":"s","registrationExpiresAt":"2026-03-01T00:00:00Z","note":[1.50],"z":null}"#
    );
    assert!(token.refresh_token().is_none(), "of the login before");
}

#[test]
fn a_file_with_an_unusable_token_contains_a_token() {
    let directory = tempfile::tempdir().unwrap();
    let file = TokenFile::new(directory.path().join("token.json"));
    let contains_token = |content: &str| {
        std::fs::write(file.path(), content).unwrap();
        file.contains_token().ok()
    };
    for token in [
        r#"{"accessToken": "a", "expiresAt": "2026-01-01T00:00:00Z"}"#,
        r#"{"accessToken": "a"}"#,
        r#"{"accessToken": "a", "expiresAt": "soon"}"#,
        r#"{"accessToken": "a", "expiresAt": 5}"#,
        r#"{"accesstoken": null, "refreshToken": "r"}"#,
    ] {
        assert_eq!(contains_token(token), Some(true), "{token}");
    }
    let registration =
        r#"{"clientId": "c", "clientSecret": "s", "expiresAt": "2026-01-01T00:00:00Z"}"#;
    for other in [registration, "[\"accessToken\"]", "5", "{}"] {
        assert_eq!(contains_token(other), Some(false), "{other}");
    }
    for unknown in ["", "{\"accessToken\": \"a", "accessToken"] {
        assert_eq!(contains_token(unknown), None, "{unknown}");
    }
    std::fs::remove_file(file.path()).unwrap();
    assert!(file.contains_token().unwrap_err().is_not_found());
}
