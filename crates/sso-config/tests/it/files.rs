//! The paths of the files, and files that are missing, unreadable, too large or not UTF-8.

use std::fs;
use std::path::{Path, PathBuf};

use expect_test::{Expect, expect};
use sso_config::{
    Document, FileKind, LoadError, Locations, SettingsError, SharedConfig, SsoProfile,
};
use sso_types::Environment;
use tempfile::TempDir;

/// The variable that names the home directory.
pub(crate) const HOME: &str = if cfg!(windows) { "USERPROFILE" } else { "HOME" };

fn located(variables: &[(&str, &str)]) -> Result<(PathBuf, PathBuf), SettingsError> {
    let environment: Environment = variables.iter().copied().collect();
    let locations = Locations::from_environment(&environment)?;
    Ok((locations.config().to_owned(), locations.credentials().to_owned()))
}

#[test]
fn file_paths_come_from_variables_or_the_home_directory() {
    let home = (HOME, "/h");
    for (variables, config, credentials) in [
        (&[home][..], "/h/.aws/config", "/h/.aws/credentials"),
        (&[home, ("AWS_CONFIG_FILE", "/c")], "/c", "/h/.aws/credentials"),
        (&[home, ("AWS_SHARED_CREDENTIALS_FILE", "/s")], "/h/.aws/config", "/s"),
        (&[home, ("AWS_CONFIG_FILE", "~/c/d")], "/h/c/d", "/h/.aws/credentials"),
        (&[home, ("AWS_CONFIG_FILE", "~other/c")], "~other/c", "/h/.aws/credentials"),
        (&[home, ("AWS_CONFIG_FILE", "c/~/d")], "c/~/d", "/h/.aws/credentials"),
        (&[home, ("AWS_CONFIG_FILE", "")], "/h/.aws/config", "/h/.aws/credentials"),
        (&[("AWS_CONFIG_FILE", "/c"), ("AWS_SHARED_CREDENTIALS_FILE", "/s")], "/c", "/s"),
    ] {
        assert_eq!(located(variables).unwrap(), (config.into(), credentials.into()));
    }
}

#[test]
fn a_missing_home_directory_is_an_error() {
    for variables in [&[][..], &[("AWS_CONFIG_FILE", "/c")], &[("AWS_CONFIG_FILE", "~/c")]] {
        assert!(matches!(located(variables), Err(SettingsError::NoHome)));
    }
    expect!["the home directory is not known, so ~/.aws/config cannot be found; set HOME (on Windows USERPROFILE), or set AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE to full paths"].assert_eq(&located(&[]).unwrap_err().to_string());
}

/// A directory with a config file of these bytes.
fn with_config(bytes: &[u8]) -> (TempDir, Locations) {
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("config");
    fs::write(&config, bytes).unwrap();
    let locations = Locations::new(config, directory.path().join("credentials"));
    (directory, locations)
}

/// Checks that loading fails with this message, in which `DIR` stands for the directory.
fn fails(directory: &Path, locations: &Locations, expected: &Expect) -> LoadError {
    let error = SharedConfig::load(locations).unwrap_err();
    expected.assert_eq(&shown(&error.to_string(), directory));
    error
}

#[test]
fn both_files_are_read() {
    let (directory, locations) = with_config(b"[profile a]\nx=1\ny=1\n");
    fs::write(directory.path().join("credentials"), "[a]\ny=2\n").unwrap();
    let config = SharedConfig::load(&locations).unwrap();
    let a = config.profile("a").unwrap();
    assert_eq!(a.get("x").unwrap().origin().file(), locations.config());
    assert_eq!(a.get("y").unwrap().origin().file(), locations.credentials());
    assert_eq!(a.get("y").unwrap().value(), "2");
    assert_eq!(config.config_file(), locations.config());
}

#[test]
fn a_document_is_loaded_with_the_limits_of_the_shared_config() {
    let (directory, locations) = with_config(b"[default]\nx = 1\n");
    let load = |path: &Path| Document::load(FileKind::Credentials, path);
    assert_eq!(load(locations.config()).unwrap().to_string(), "[default]\nx = 1\n");
    assert_eq!(load(locations.credentials()).unwrap().to_string(), "");
    let error = load(directory.path()).unwrap_err();
    assert!(error.to_string().contains("AWS_SHARED_CREDENTIALS_FILE"), "{error}");
    fs::write(locations.config(), b"\n\xff").unwrap();
    assert_eq!(load(locations.config()).unwrap_err().line(), Some(2));
}

#[test]
fn a_missing_file_is_an_empty_one() {
    let config = SharedConfig::load(&Locations::new("/nowhere/config", "/nowhere/credentials"));
    assert_eq!(config.unwrap().profiles().len(), 0);
}

#[test]
fn files_below_a_path_that_is_not_a_directory_are_missing() {
    let (_directory, locations) = with_config(b"[default]\n");
    let home = Environment::default().with(HOME, locations.config());
    let config = SharedConfig::load(&Locations::from_environment(&home).unwrap());
    assert_eq!(config.unwrap().profiles().len(), 0);
}

#[test]
fn a_config_file_that_is_a_directory_cannot_be_read() {
    let directory = tempfile::tempdir().unwrap();
    let locations = Locations::new(directory.path(), directory.path().join("credentials"));
    let error = fails(
        directory.path(),
        &locations,
        &expect![
            "DIR cannot be read; check that it is a file and that you may read it, or name another one with AWS_CONFIG_FILE"
        ],
    );
    assert!(std::error::Error::source(&error).is_some());
    assert_eq!(error.file(), directory.path());
    assert_eq!(error.line(), None);
}

const SSO_PROFILE: &[u8] = b"[profile dev]\nsso_session=s\n[sso-session s]\n\
    sso_start_url=https://x\nsso_region=us-east-1\n";

/// Replaces the directory by `DIR`, and the separator after it by `/` on all systems.
fn shown(text: &str, directory: &Path) -> String {
    let directory = directory.to_str().unwrap();
    let inside = format!("{directory}{}", std::path::MAIN_SEPARATOR);
    // Backslashes are doubled inside quotes.
    let text = text.replace(&inside.replace('\\', r"\\"), "DIR/").replace(&inside, "DIR/");
    text.replace(directory, "DIR")
}

/// The messages for the profiles `dev` and `other`, in which `DIR` stands for the directory.
fn resolved(directory: &Path, locations: &Locations) -> [String; 2] {
    let config = SharedConfig::load(locations).unwrap();
    ["dev", "other"].map(|name| {
        let profile = SsoProfile::resolve(&config, name, &Environment::default());
        let shown = match profile {
            Ok(profile) => format!(
                "{:?}",
                profile.warnings().iter().map(ToString::to_string).collect::<Vec<_>>()
            ),
            Err(error) => {
                let source = std::error::Error::source(&error).map(ToString::to_string);
                format!("{error} {}", source.unwrap_or_default())
            }
        };
        self::shown(&shown, directory)
    })
}

#[test]
fn profiles_of_the_config_file_work_with_a_broken_credentials_file() {
    let (directory, locations) = with_config(SSO_PROFILE);
    fs::create_dir(locations.credentials()).unwrap();
    let [dev, other] = resolved(directory.path(), &locations);
    expect![[r#"["DIR/credentials cannot be read; check that it is a file and that you may read it, or name another one with AWS_SHARED_CREDENTIALS_FILE; until then the file is ignored"]"#]].assert_eq(&dev);
    expect![[r#"profile "other" cannot be used without the credentials file; fix that file DIR/credentials cannot be read; check that it is a file and that you may read it, or name another one with AWS_SHARED_CREDENTIALS_FILE"#]].assert_eq(&other);

    fs::remove_dir(locations.credentials()).unwrap();
    fs::write(locations.credentials(), b"[other]\n\xff").unwrap();
    let [dev, other] = resolved(directory.path(), &locations);
    expect![[r#"["DIR/credentials line 2 is not UTF-8 text; save the file as UTF-8; until then the file is ignored"]"#]].assert_eq(&dev);
    expect![[r#"profile "other" cannot be used without the credentials file; fix that file DIR/credentials line 2 is not UTF-8 text; save the file as UTF-8"#]].assert_eq(&other);

    fs::write(locations.credentials(), b"nonsense\n[other]\nx").unwrap();
    let [dev, other] = resolved(directory.path(), &locations);
    assert_eq!(dev, "[]");
    expect![[r##"profile "other": DIR/credentials line 3: a line has no "="; write it as KEY = VALUE, begin it with "#" to make it a comment, or indent it to continue the value above "##]].assert_eq(&other);
}

#[test]
fn a_missing_file_is_called_missing_where_a_profile_is_not_found() {
    let (directory, locations) = with_config(SSO_PROFILE);
    let [_, other] = resolved(directory.path(), &locations);
    expect![[r#"profile "other" is neither in DIR/config nor in DIR/credentials, which does not exist; create the profile with `ssocreds configure` "#]].assert_eq(&other);
    let locations = Locations::new(directory.path().join("x"), directory.path().join("y"));
    let [_, other] = resolved(directory.path(), &locations);
    expect![[r#"profile "other" is neither in DIR/x, which does not exist, nor in DIR/y, which does not exist; create the profile with `ssocreds configure` "#]].assert_eq(&other);
    let config = SharedConfig::load(&locations).unwrap();
    assert!(!config.config_file_exists() && !config.credentials_file_exists());
    assert!(config.credentials_error().is_none());
}

#[cfg(unix)]
#[test]
fn a_file_without_read_permission_is_an_error() {
    use std::os::unix::fs::PermissionsExt;

    let (directory, locations) = with_config(b"");
    fs::set_permissions(locations.config(), fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(locations.config()).is_ok() {
        return as_another_user("files::a_file_without_read_permission_is_an_error");
    }
    let expected = expect![
        "DIR/config cannot be read; check that it is a file and that you may read it, or name \
         another one with AWS_CONFIG_FILE"
    ];
    fails(directory.path(), &locations, &expected);
}

/// Root may read every file, so a run as root repeats the test as another user.
#[cfg(unix)]
fn as_another_user(test: &str) {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    // Another user may not reach this test binary, so use a copy. `cp` makes it: a copy that this
    // process wrote could not be run while another test forks.
    let directory = tempfile::tempdir().unwrap();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let program = directory.path().join("test");
    let mut copy = Command::new("cp");
    assert!(copy.arg(std::env::current_exe().unwrap()).arg(&program).status().unwrap().success());
    let run = Command::new(program).args(["--exact", test]).uid(65534).gid(65534).output();
    let stdout = String::from_utf8(run.unwrap().stdout).unwrap();
    assert!(stdout.contains("1 passed"), "{stdout}");
}

#[test]
fn a_file_that_is_not_utf_8_is_an_error() {
    let (directory, locations) = with_config(b"[default]\na = 1\nb = \xff\n");
    let error = fails(
        directory.path(),
        &locations,
        &expect!["DIR/config line 3 is not UTF-8 text; save the file as UTF-8"],
    );
    assert_eq!(error.line(), Some(3));
}

/// The size limit: 16 MiB.
const MAX_FILE_SIZE: usize = 16 << 20;

#[test]
fn only_files_up_to_the_size_limit_are_read() {
    let text = |size: usize| {
        let mut text = b"[default]\na=".to_vec();
        text.resize(size, b'x');
        text
    };
    let (_directory, locations) = with_config(&text(MAX_FILE_SIZE));
    assert_eq!(SharedConfig::load(&locations).unwrap().profiles().len(), 1);
    let (directory, locations) = with_config(&text(MAX_FILE_SIZE + 1));
    fails(
        directory.path(),
        &locations,
        &expect!["DIR/config is larger than 16 MiB; check that it is the right file"],
    );
    let parsed = SharedConfig::parse(&locations, text(MAX_FILE_SIZE + 1), "");
    assert!(matches!(parsed, Err(LoadError::TooLarge { .. })));
}

#[cfg(unix)]
#[test]
fn an_endless_file_is_too_large() {
    let locations = Locations::new("/dev/zero", "/dev/null");
    assert!(matches!(SharedConfig::load(&locations), Err(LoadError::TooLarge { .. })));
}
