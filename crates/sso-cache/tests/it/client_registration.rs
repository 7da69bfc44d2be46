//! Client registration files: shared with the AWS CLI, private, and never trusted blindly.

use std::fs;

use sso_cache::{ClientRegistration, ClientRegistrationFile, TokenFile};
use sso_types::ClientSecret;

use crate::fixture::at;

fn registration() -> ClientRegistration {
    ClientRegistration::new("id", ClientSecret::new("secret"), at("2030-01-01T00:00:00Z"))
        .with_scopes(["sso:account:access"])
}

#[test]
fn a_registration_is_written_and_read_back() {
    let directory = tempfile::tempdir().unwrap();
    let file = ClientRegistrationFile::standard(
        &directory.path().join("new"),
        &"us-east-1".parse().unwrap(),
        &"https://my-sso-portal.awsapps.com/start".parse().unwrap(),
        Some(&"dev-session".parse().unwrap()),
        Some(&["sso:account:access".to_owned()]),
    );
    assert!(file.path().ends_with("bade61804c0c1ed937532f2471948a8b0179e111.json"));
    assert_eq!(file.load(), None);
    file.store(&registration()).unwrap();
    assert_eq!(file.load(), Some(registration()));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;

        let mode = fs::metadata(file.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn a_broken_registration_counts_as_missing_and_is_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let file = ClientRegistrationFile::new(directory.path().join("r.json"));
    for content in ["", "{", "[]", r#"{"clientId": 1}"#] {
        fs::write(file.path(), content).unwrap();
        assert_eq!(file.load(), None, "{content}");
    }
    file.store(&registration()).unwrap();
    assert_eq!(file.load(), Some(registration()));
}

#[test]
fn the_login_lock_and_the_token_lock_are_independent() {
    let directory = tempfile::tempdir().unwrap();
    let file = TokenFile::new(directory.path().join("token.json"));
    let login = file.try_login_lock().unwrap().expect("free");
    assert!(file.try_login_lock().unwrap().is_none(), "another login");
    assert!(file.try_lock().unwrap().is_some(), "a login does not keep others from refreshing");
    drop(login);
    assert!(file.try_login_lock().unwrap().is_some());
}
