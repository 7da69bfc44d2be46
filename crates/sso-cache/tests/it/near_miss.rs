//! Finds a token that is stored under another name.

use std::fs;

use sso_cache::{
    CacheKey, CachedToken, NearMiss, NearMissKind, TokenFile, cached_tokens, token_files,
};
use sso_types::{AccessToken, StartUrl};
use tempfile::tempdir;

use crate::fixture::{at, names};

const URL: &str = "https://my-sso-portal.awsapps.com/start";

fn check(found: &NearMiss, kind: NearMissKind, reason: &str) {
    assert_eq!(found.kind, kind);
    let path = found.path.display();
    let expected = format!("{path} holds a valid token for the same portal, but {reason}");
    assert_eq!(found.to_string(), expected);
}

#[test]
fn the_other_file_with_a_good_token_for_the_same_start_url_is_found() {
    let directory = tempdir().unwrap();
    let now = at("2026-01-01T00:00:00Z");
    let url = StartUrl::new(URL).unwrap();
    let legacy = CacheKey::for_start_url(&url).file_name();
    let put = |name: &str, expires_at: &str, url: &str| {
        let token = CachedToken::new(AccessToken::new("a"), at(expires_at)).with_start_url(url);
        let file = TokenFile::new(directory.path().join(name));
        file.store_unlocked(&token).unwrap();
    };
    let wanted = TokenFile::new(directory.path().join("wanted.json"));
    assert_eq!(wanted.find_other(&url, now), None, "an empty directory");

    put("wanted.json", "2026-01-02T00:00:00Z", URL);
    put("expired.json", "2026-01-01T00:00:00Z", URL);
    put("elsewhere.json", "2026-01-02T00:00:00Z", "https://other.awsapps.com/start");
    put("no-token.txt", "2026-01-02T00:00:00Z", URL);
    for (name, content) in [
        (
            "registration.json",
            r#"{"clientId":"i","clientSecret":"s","expiresAt":"2027-01-01T00:00:00Z","startUrl":"https://my-sso-portal.awsapps.com/start"}"#,
        ),
        ("array.json", "[1]"),
        ("empty.json", ""),
    ] {
        fs::write(directory.path().join(name), content).unwrap();
    }
    fs::create_dir(directory.path().join("directory.json")).unwrap();
    assert_eq!(wanted.find_other(&url, now), None, "none of these");

    put("session.json", "2026-01-01T08:00:00Z", "https://MY-SSO-portal.awsapps.com/start/#/");
    let found = wanted.find_other(&url, now).unwrap();
    assert_eq!(found.path, directory.path().join("session.json"));
    assert_eq!(found.expires_at, at("2026-01-01T08:00:00Z"));
    let reason = "it belongs to an sso-session of another name";
    check(&found, NearMissKind::OtherSession, reason);
    assert_eq!(found.start_url, "https://MY-SSO-portal.awsapps.com/start/#/");
    let legacy_file = TokenFile::new(directory.path().join(&legacy));
    let reason = "it belongs to an sso-session, and this profile names none";
    check(&legacy_file.find_other(&url, now).unwrap(), NearMissKind::Session, reason);

    put(&legacy, "2026-01-01T09:00:00Z", URL);
    let found = wanted.find_other(&url, now).unwrap();
    assert_eq!(found.path, directory.path().join(&legacy), "the one that is good for longest");
    let reason = "it belongs to a legacy profile, which names no sso-session";
    check(&found, NearMissKind::LegacyProfile, reason);
    let mut all: Vec<_> = cached_tokens(directory.path())
        .unwrap()
        .iter()
        .map(|(file, _)| file.path().file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    all.sort();
    let mut expected =
        ["elsewhere.json", "expired.json", "session.json", "wanted.json", legacy.as_str()];
    expected.sort_unstable();
    assert_eq!(all, expected);
    assert_eq!(names(directory.path()).len(), 10, "looking changes nothing");

    let files = token_files(directory.path()).unwrap();
    assert_eq!(files.len(), 9, "broken ones too");
    fs::remove_file(wanted.path()).unwrap();
    let other_spelling = StartUrl::new(format!("{URL}/")).unwrap();
    let name = CacheKey::for_start_url(&other_spelling).file_name();
    let found = TokenFile::new(directory.path().join(name)).find_other(&other_spelling, now);
    let reason = format!("its start URL is {URL}, and the configured one is {URL}/");
    check(&found.unwrap(), NearMissKind::StartUrlSpelling, &reason);

    let broken = files.iter().find(|file| file.path().ends_with("empty.json")).unwrap();
    assert!(broken.load_once().unwrap_err().may_be_incomplete());
}

#[test]
fn a_missing_directory_counts_as_empty() {
    let directory = tempdir().unwrap();
    let missing = directory.path().join("missing");
    assert!(cached_tokens(&missing).unwrap().is_empty());
    assert!(token_files(&missing).unwrap().is_empty());
    let url = StartUrl::new(URL).unwrap();
    let file = TokenFile::new(missing.join("token.json"));
    assert_eq!(file.find_other(&url, at("2026-01-01T00:00:00Z")), None);
}

#[test]
fn token_files_lists_a_missing_file_with_a_leftover() {
    let directory = tempdir().unwrap();
    for name in
        ["kept.json", "kept.json.new", "gone.json.new", ".lost.json.abc123.tmp", "a.txt.new"]
    {
        fs::write(directory.path().join(name), "{}").unwrap();
    }
    let files = token_files(directory.path()).unwrap();
    let names: Vec<_> = files.iter().map(|file| file.path().file_name().unwrap()).collect();
    assert_eq!(names, ["gone.json", "kept.json", "lost.json"]);
}
