//! A complete home directory for clients: config file, token files, environment.
//!
//! It shares no code with the libraries under test, because it would then repeat their errors. Its
//! files are like those of the AWS CLI.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use serde_json::{Map, Value, json};
use sso_types::Environment;

use crate::issued_token::IssuedToken;
use crate::settings::{Settings, after};
use crate::world::World;

/// The longest remaining lifetime of the token of [`TokenState::InRefreshWindow`]. The AWS SDKs refresh
/// five minutes before the expiry, botocore fifteen.
const IN_WINDOW: Duration = Duration::from_secs(120);

/// The last line of the config file. A config file without this line belongs to a person, and is
/// not replaced. It is the last line, so that it does not change the line numbers of the profiles.
const MARK: &str = "# Written by sso-emulator, which replaces this file.";

/// The state of the tokens in a written home.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenState {
    /// Valid for its whole lifetime, and refreshable.
    Valid,
    /// Expired a minute ago. The refresh token is valid.
    Expired,
    /// Valid for two more minutes, or for a quarter of the token lifetime if that is less. The
    /// refresh token is valid.
    InRefreshWindow,
    /// Expired a minute ago, without a refresh token.
    ExpiredNotRefreshable,
    /// There is no token file, as before the first login.
    Missing,
}

impl TokenState {
    /// Returns the state with that name on the command line and in the control interface: `valid`,
    /// `expired`, `window`, `expired-not-refreshable`, `missing`.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "valid" => Self::Valid,
            "expired" => Self::Expired,
            "window" => Self::InRefreshWindow,
            "expired-not-refreshable" => Self::ExpiredNotRefreshable,
            "missing" => Self::Missing,
            _ => return None,
        })
    }
}

/// A written home.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Home {
    /// The environment variables for a client: `HOME` (on Windows also `USERPROFILE`),
    /// `AWS_CONFIG_FILE`, `AWS_SHARED_CREDENTIALS_FILE` (there is no such file),
    /// `AWS_ENDPOINT_URL_SSO`, `AWS_ENDPOINT_URL_SSO_OIDC`, `AWS_EC2_METADATA_DISABLED`, `NO_PROXY`
    /// for the loopback addresses and, with TLS, `AWS_CA_BUNDLE`.
    ///
    /// If a client also inherits the variables of this process, these may set a profile or a proxy.
    /// [`command`](Self::command) removes such variables.
    pub environment: Vec<(String, String)>,
    /// The home directory itself.
    pub directory: PathBuf,
    /// The config file.
    pub config_file: PathBuf,
    /// The token file of the profile with an `sso_session`. It may not exist.
    pub token_file: PathBuf,
    /// The token file of the legacy profile. It may not exist.
    pub legacy_token_file: PathBuf,
    /// The certificate of the authority; `None` without TLS.
    pub ca_bundle: Option<PathBuf>,
    /// The name of the profile with an `sso_session`.
    pub profile: String,
    /// The name of the legacy profile.
    pub legacy_profile: String,
    /// The account of both profiles.
    pub account_id: String,
    /// The role of both profiles.
    pub role_name: String,
    /// The content of the token file of the profile with an `sso_session`; `None` if it does not
    /// exist.
    pub token: Option<IssuedToken>,
}

/// The error returned when a home cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HomeError {
    /// A file or directory of the home could not be written.
    #[error("failed to write {}; choose a writable directory", path.display())]
    #[non_exhaustive]
    Write {
        /// The file or directory.
        path: PathBuf,
        /// The operating system's error.
        source: io::Error,
    },
    /// A file exists that was not written by an emulator. Nothing was changed.
    #[error(
        "{} was not written by sso-emulator and would be replaced; \
         choose an empty or a new directory for the home",
        path.display()
    )]
    #[non_exhaustive]
    NotWrittenByEmulator {
        /// The file.
        path: PathBuf,
    },
}

impl Home {
    /// Returns a command that runs `program` as a client of this home.
    ///
    /// It inherits the variables of this process, except those that could select other services or
    /// credentials: `AWS_*`, `SSOCREDS_*` and proxy variables (`HTTPS_PROXY`, `no_proxy`, ...). It
    /// also has the variables of [`environment`](Self::environment). Does not start the program.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        for name in Environment::process_names().filter(|name| may_redirect_clients(name)) {
            command.env_remove(name);
        }
        command.envs(self.environment.iter().cloned());
        command
    }
}

/// Logs in and writes a home. See `Emulator::write_home`.
pub(crate) fn write(world: &World, directory: &Path, state: TokenState) -> Result<Home, HomeError> {
    let settings = &world.settings;
    let aws = directory.join(".aws");
    let cache = aws.join("sso").join("cache");
    let config_file = aws.join("config");
    let token_file = cache.join(file_name(&settings.session_name));
    let legacy_token_file = cache.join(file_name(&settings.start_url));
    let ca_bundle = world.ca_pem.as_ref().map(|_| directory.join("ca-bundle.pem"));
    let written_before = world.lock().home.as_deref() == Some(directory);
    if !written_before && !has_mark(&config_file) {
        let files = [&config_file, &token_file, &legacy_token_file];
        refuse_existing(files.into_iter().chain(&ca_bundle))?;
    }
    make_directory(directory, &cache)?;
    let (account_id, role_name) = world.lock().assignments.first();

    replace(&config_file, config(settings, &account_id, &role_name).as_bytes())?;
    let token = token(world, state, true);
    replace_token(&token_file, token.as_ref())?;
    replace_token(&legacy_token_file, self::token(world, state, false).as_ref())?;
    if let (Some(path), Some(pem)) = (&ca_bundle, &world.ca_pem) {
        replace(path, pem.as_bytes())?;
    }
    world.lock().home = Some(directory.to_owned());
    let environment = environment(world, directory, &aws, ca_bundle.as_deref());
    Ok(Home {
        environment,
        directory: directory.to_owned(),
        config_file,
        token_file,
        legacy_token_file,
        ca_bundle,
        profile: settings.profile.clone(),
        legacy_profile: settings.legacy_profile.clone(),
        account_id,
        role_name,
        token,
    })
}

/// Describes a written home: the line that the program prints and the answer of `write-home`.
pub(crate) fn describe(world: &World, home: &Home) -> Value {
    let environment: Map<_, _> =
        home.environment.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    json!({
        "portal_url": world.base_url,
        "oidc_url": world.base_url,
        "control_url": format!("{}/emulator", world.base_url),
        "home": home.directory.display().to_string(),
        "profile": home.profile,
        "legacy_profile": home.legacy_profile,
        "account_id": home.account_id,
        "role_name": home.role_name,
        "environment": environment,
        "config_file": home.config_file.display().to_string(),
        "token_file": home.token_file.display().to_string(),
        "legacy_token_file": home.legacy_token_file.display().to_string(),
        "ca_bundle": home.ca_bundle.as_ref().map(|path| path.display().to_string()),
    })
}

/// Returns `true` if an emulator has written the config file.
fn has_mark(config_file: &Path) -> bool {
    // Reading a named pipe would wait for a writer.
    config_file.is_file()
        && fs::read_to_string(config_file).is_ok_and(|text| text.lines().any(|line| line == MARK))
}

/// Fails if one of the files exists, even if it is a dangling symbolic link.
fn refuse_existing<'a>(mut files: impl Iterator<Item = &'a PathBuf>) -> Result<(), HomeError> {
    match files.find(|file| file.symlink_metadata().is_ok()) {
        Some(file) => Err(HomeError::NotWrittenByEmulator { path: file.clone() }),
        None => Ok(()),
    }
}

/// Returns `true` for a variable that may select other services or credentials.
fn may_redirect_clients(name: &OsStr) -> bool {
    // Windows ignores case in names, and proxy variables exist in both cases.
    let name = name.to_string_lossy().to_ascii_uppercase();
    name.starts_with("AWS_") || name.starts_with("SSOCREDS_") || name.ends_with("_PROXY")
}

fn environment(
    world: &World,
    home: &Path,
    aws: &Path,
    ca_bundle: Option<&Path>,
) -> Vec<(String, String)> {
    let path = |path: &Path| path.display().to_string();
    let mut variables = vec![
        ("HOME", path(home)),
        ("AWS_CONFIG_FILE", path(&aws.join("config"))),
        ("AWS_SHARED_CREDENTIALS_FILE", path(&aws.join("credentials"))),
        ("AWS_ENDPOINT_URL_SSO", world.base_url.clone()),
        ("AWS_ENDPOINT_URL_SSO_OIDC", world.base_url.clone()),
        // Otherwise a client without credentials waits for the metadata service of EC2.
        ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ("NO_PROXY", "127.0.0.1,localhost,::1".to_owned()),
    ];
    if cfg!(windows) {
        variables.push(("USERPROFILE", path(home)));
    }
    if let Some(ca_bundle) = ca_bundle {
        variables.push(("AWS_CA_BUNDLE", path(ca_bundle)));
    }
    variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn config(settings: &Settings, account_id: &str, role_name: &str) -> String {
    let Settings { region, start_url, session_name, profile, legacy_profile, .. } = settings;
    let in_session = |profile: &str, account_id: &str, role_name: &str| {
        format!(
            "{}\n\
             sso_session = {session_name}\n\
             sso_account_id = {account_id}\n\
             sso_role_name = {role_name}\n\
             region = {region}\n",
            section("profile", profile),
        )
    };
    let legacy = format!(
        "{}\n\
         sso_start_url = {start_url}\n\
         sso_region = {region}\n\
         sso_account_id = {account_id}\n\
         sso_role_name = {role_name}\n\
         region = {region}\n",
        section("profile", legacy_profile),
    );
    let session = format!(
        "{}\n\
         sso_start_url = {start_url}\n\
         sso_region = {region}\n\
         sso_registration_scopes = sso:account:access\n",
        section("sso-session", session_name),
    );
    let mut sections = vec![in_session(profile, account_id, role_name), legacy, session];
    for extra in &settings.extra_profiles {
        sections.push(in_session(&extra.name, &extra.account_id, &extra.role_name));
    }
    sections.push(format!("{MARK}\n"));
    sections.join("\n")
}

/// Returns a section header. Like the AWS CLI, it quotes a name with spaces.
fn section(kind: &str, name: &str) -> String {
    match name {
        "default" if kind == "profile" => "[default]".to_owned(),
        name if name.contains([' ', '\t']) => format!("[{kind} '{name}']"),
        name => format!("[{kind} {name}]"),
    }
}

/// Logs in, and sets the expiry of the access token according to the state.
fn token(world: &World, state: TokenState, refreshable: bool) -> Option<IssuedToken> {
    if state == TokenState::Missing {
        return None;
    }
    let mut token = world.login(refreshable);
    let now = world.now();
    token.expires_at = match state {
        TokenState::InRefreshWindow => after(now, IN_WINDOW.min(world.settings.token_ttl / 4)),
        TokenState::Expired | TokenState::ExpiredNotRefreshable => {
            now.checked_sub(SignedDuration::from_mins(1)).unwrap_or(Timestamp::MIN)
        }
        _ => token.expires_at,
    };
    world.lock().sessions.expire_at(&token.access_token, token.expires_at);
    if state == TokenState::ExpiredNotRefreshable {
        token.refresh_token = None;
    }
    Some(token)
}

fn replace_token(path: &Path, token: Option<&IssuedToken>) -> Result<(), HomeError> {
    match token {
        Some(token) => replace(path, token.to_json().as_bytes()),
        None => match fs::remove_file(path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(HomeError::Write { path: path.to_owned(), source })
            }
            _ => Ok(()),
        },
    }
}

/// Returns the name of a token file: `<lowercase hex SHA-1 of the key>.json`.
fn file_name(key: &str) -> String {
    format!("{}.json", hex::encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, key.as_bytes())))
}

/// Creates `directory`, and makes it and its parents up to `home` accessible only to the owner.
fn make_directory(home: &Path, directory: &Path) -> Result<(), HomeError> {
    fs::create_dir_all(directory)
        .map_err(|source| HomeError::Write { path: directory.to_owned(), source })?;
    for made in directory.ancestors().take_while(|path| *path != home) {
        owner_only(made).map_err(|source| HomeError::Write { path: made.to_owned(), source })?;
    }
    Ok(())
}

#[cfg(unix)]
fn owner_only(directory: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(directory, fs::Permissions::from_mode(0o700))
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "it can fail on Unix")]
fn owner_only(_directory: &Path) -> io::Result<()> {
    Ok(())
}

/// Replaces a file in one step, so that a client reads either the old or the new content. The file gets
/// mode 0600.
fn replace(path: &Path, content: &[u8]) -> Result<(), HomeError> {
    let write = || -> io::Result<()> {
        let directory = path.parent().unwrap_or(Path::new("."));
        let mut file = tempfile::NamedTempFile::new_in(directory)?;
        file.write_all(content)?;
        file.persist(path)?;
        Ok(())
    };
    write().map_err(|source| HomeError::Write { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_files_are_named_by_the_sha1_of_their_key() {
        // SHA-1 of `abc`, from FIPS 180-4.
        assert_eq!(file_name("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d.json");
    }

    #[test]
    fn names_with_spaces_are_quoted() {
        let settings = Settings {
            session_name: "my session".to_owned(),
            profile: "my profile".to_owned(),
            ..Settings::default()
        };
        let config = config(&settings, "123456789012", "R");
        assert!(config.starts_with("[profile 'my profile']\nsso_session = my session\n"));
        assert!(config.contains("\n[sso-session 'my session']\nsso_start_url = "), "{config}");
    }

    #[test]
    fn the_default_profile_has_no_prefix() {
        let settings = Settings { profile: "default".to_owned(), ..Settings::default() };
        let config = config(&settings, "123456789012", "R");
        assert!(config.starts_with("[default]\nsso_session = dev-session\n"), "{config}");
        assert!(config.contains("\n[profile legacy]\nsso_start_url = https://"), "{config}");
    }
}
