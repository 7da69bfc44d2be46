//! Role credentials, shared with the AWS CLI.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use sso_cache::{CacheKey, RoleCredentialsFile, role_cache_key, role_credentials_files};
use sso_types::{AccountId, Credentials, RoleName, SecretAccessKey, SessionToken};
use tempfile::tempdir;

use crate::fixture::{credentials, names};

const LIMIT: Duration = Duration::from_secs(30);

fn file(directory: &std::path::Path) -> RoleCredentialsFile {
    RoleCredentialsFile::standard(
        directory,
        &AccountId::new("1234567890").unwrap(),
        &RoleName::new("test-role").unwrap(),
        &CacheKey::for_start_url(&"https://d-92671207e4.awsapps.com/start".parse().unwrap()),
    )
}

#[test]
fn the_directory_is_missing_until_the_lock_is_taken() {
    let directory = tempdir().unwrap();
    let file = file(&directory.path().join("missing"));
    assert!(file.is_directory_missing());
    drop(file.try_lock().unwrap().unwrap());
    assert!(!file.is_directory_missing());
}

#[test]
fn what_is_stored_is_loaded() {
    let directory = tempdir().unwrap();
    let cache = directory.path().join(".aws/cli/cache");
    let file = file(&cache);
    let name = "048db75bbe50955c16af7aba6ff9c41a3131bb7e.json";
    assert_eq!(file.path(), cache.join(name));
    assert!(file.load().is_none());
    assert!(file.try_load().unwrap_err().is_not_found());

    let lock = file.lock(LIMIT).unwrap();
    assert!(lock.load().is_none());
    assert!(file.try_lock().unwrap().is_none());
    let version = lock.store(&credentials(1)).unwrap();
    assert_eq!(file.fingerprint().unwrap(), Some(version));
    assert_eq!(lock.load(), Some(credentials(1)));
    drop(lock);
    file.store_unlocked(&credentials(2)).unwrap();
    assert_eq!(file.load(), Some(credentials(2)));
    assert_eq!(names(&cache), [name.to_owned(), format!("{name}.lock")]);
    #[cfg(unix)]
    {
        assert_eq!(crate::fixture::mode(&cache), 0o700);
        assert_eq!(crate::fixture::mode(file.path()), 0o600);
    }
    assert!(file.remove().unwrap());
    assert!(!file.try_lock().unwrap().unwrap().remove().unwrap());
}

#[test]
fn an_unusable_file_counts_as_missing_and_is_replaced() {
    let directory = tempdir().unwrap();
    let file = file(directory.path());
    for broken in ["", "{\"Credentials\":{\"AccessKeyId\":\"A\"", "[]", "{}"] {
        fs::write(file.path(), broken).unwrap();
        assert!(file.load().is_none());
        assert!(file.try_load().unwrap_err().is_invalid());
        file.lock(LIMIT).unwrap().store(&credentials(1)).unwrap();
        assert_eq!(file.load(), Some(credentials(1)));
    }
    fs::remove_file(file.path()).unwrap();
    fs::create_dir(file.path()).unwrap();
    assert!(file.load().is_none());
    assert!(file.store_unlocked(&credentials(1)).unwrap_err().is_write());
}

/// A retry would sleep for 70 ms or more on a thread of the async runtime.
#[test]
fn a_broken_file_is_read_once_without_a_pause() {
    let directory = tempdir().unwrap();
    let file = file(directory.path());
    fs::write(file.path(), "{\"Credentials\":{\"AccessKeyId\":\"A\"").unwrap();
    let lock = file.lock(LIMIT).unwrap();
    let started = Instant::now();
    for _ in 0..50 {
        assert!(file.load().is_none() && lock.load().is_none());
    }
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
}

#[test]
fn a_torn_leftover_is_overwritten() {
    let directory = tempdir().unwrap();
    let file = file(directory.path());
    let left = file.path().with_extension("json.new");
    fs::write(&left, "{\"Prov").unwrap();
    file.lock(LIMIT).unwrap().store(&credentials(1)).unwrap();
    assert_eq!(file.load(), Some(credentials(1)));
    assert!(!left.exists());
}

#[test]
fn a_logout_finds_only_role_credentials_of_sso() {
    let directory = tempdir().unwrap();
    assert!(role_credentials_files(&directory.path().join("missing")).unwrap().is_empty());
    let file = file(directory.path());
    file.store_unlocked(&credentials(1)).unwrap();
    fs::write(directory.path().join("assume.json"), r#"{"Credentials":{"AccessKeyId":"A"}}"#)
        .unwrap();
    fs::write(directory.path().join("broken.json"), "{").unwrap();
    let found = role_credentials_files(directory.path()).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].path(), file.path());
}

#[test]
fn a_logout_finds_and_removes_files_of_killed_writers() {
    let directory = tempdir().unwrap();
    let file = file(directory.path());
    let name = file.path().file_name().unwrap().to_str().unwrap();
    let content = RoleCredentialsFile::to_json(&credentials(1));
    let put = |name: &str| fs::write(directory.path().join(name), &content).unwrap();
    for left in [format!("{name}.new"), format!(".{name}.aB3xYz.tmp")] {
        for whole in [false, true] {
            put(&left);
            if whole {
                put(name);
            }
            put(&format!(".another{name}.aB3xYz.tmp"));
            put("new.tmp");
            let found = role_credentials_files(directory.path()).unwrap();
            let found: Vec<_> = found.iter().filter(|it| it.path() == file.path()).collect();
            assert_eq!(found.len(), 1, "{left}");
            assert_eq!(found[0].remove().unwrap(), whole);
            assert_eq!(
                names(directory.path()),
                [format!(".another{name}.aB3xYz.tmp"), "new.tmp".to_owned()]
            );
        }
    }
    // A leftover does not cause the removal of a file that is not of SSO.
    fs::write(file.path(), r#"{"Credentials":{"AccessKeyId":"A"}}"#).unwrap();
    put(&format!("{name}.new"));
    let found = role_credentials_files(directory.path()).unwrap();
    assert!(found.iter().all(|it| it.path() != file.path()));
}

/// Prints botocore's cache key for each line of the input.
const BOTOCORE: &str = r"
import json, sys
from botocore.credentials import SSOCredentialFetcher
for line in sys.stdin:
    account, role, session, url = json.loads(line)
    fetcher = SSOCredentialFetcher(
        start_url=url, sso_region='us-east-1', role_name=role, account_id=account,
        client_creator=None, sso_session_name=session)
    print(fetcher.cache_key if hasattr(fetcher, 'cache_key') else fetcher._create_cache_key())
";

#[test]
#[ignore = "needs botocore"]
fn the_key_is_the_one_of_botocore() {
    let names = [
        "test-role",
        "a b",
        "it's",
        "say \"hi\"",
        "back\\slash",
        "a/b",
        "größe",
        "日本語",
        "😀",
        "\u{10ffff}",
        "\u{2028}",
        "<&>",
        "~",
        "\u{a0}",
        "e\u{301}",
    ];
    let mut cases: Vec<(String, String, String, bool)> = Vec::new();
    for name in names {
        for is_session in [true, false] {
            cases.push(("123456789012".into(), name.into(), name.into(), is_session));
        }
    }
    let mut runner = TestRunner::deterministic();
    let any_name = "\\PC{1,12}";
    let any_case = (any_name, any_name, any_name, any::<bool>());
    for _ in 0..300 {
        cases.push(any_case.new_tree(&mut runner).unwrap().current());
    }

    let mut input = tempfile::tempfile().unwrap();
    for (account, role, login, is_session) in &cases {
        let (session, url) = if *is_session { (Some(login), "u") } else { (None, &**login) };
        serde_json::to_writer(&input, &(account, role, session, url)).unwrap();
        std::io::Write::write_all(&mut input, b"\n").unwrap();
    }
    std::io::Seek::rewind(&mut input).unwrap();
    let output = Command::new("python3")
        .args(["-c", BOTOCORE])
        .stdin(input)
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    let keys = String::from_utf8(output.stdout).unwrap();
    let keys: Vec<_> = keys.lines().collect();
    assert_eq!(keys.len(), cases.len());
    for ((account, role, login, is_session), key) in cases.iter().zip(keys) {
        let login = if *is_session {
            CacheKey::for_session(&login.parse().unwrap())
        } else {
            CacheKey::for_start_url(&login.parse().unwrap())
        };
        let ours = role_cache_key(&account.parse().unwrap(), &role.parse().unwrap(), &login);
        assert_eq!(ours, key, "{account:?} {role:?} {login:?}");
    }
    println!("{} keys are those of botocore", cases.len());
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        id in "\\PC{1,20}",
        secret in "[\\x00-\\x7f]{1,40}",
        session in "\\PC{1,40}",
        seconds in 0..253_000_000_000_i64,
    ) {
        let credentials = Credentials::new(
            id,
            SecretAccessKey::new(secret),
            SessionToken::new(session),
            jiff::Timestamp::from_second(seconds).unwrap(),
        );
        let json = RoleCredentialsFile::to_json(&credentials);
        prop_assert_eq!(RoleCredentialsFile::parse(&json).unwrap(), credentials);
    }

    #[test]
    fn no_damage_panics(cuts in prop::collection::vec((0..1000_usize, any::<u8>()), 1..4)) {
        let mut json = RoleCredentialsFile::to_json(&credentials(1)).to_vec();
        for (at, byte) in cuts {
            let length = json.len();
            json[at % length] = byte;
        }
        let _ = RoleCredentialsFile::parse(&json);
    }
}
