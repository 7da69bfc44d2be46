//! Reads the config files, the token files and the cached role credentials. `ssocreds status --format
//! json` prints the result.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Serialize;
use sso_cache::{CacheFileError, CacheKey, CachedToken, RoleCredentialsFile, TokenFile};
use sso_config::{SettingsError, SharedConfig, SsoProfile, SsoSession};
use sso_provider::{ConfigError, LoginCommand};
use sso_types::{StartUrl, error_chain};

use crate::context::LOGIN_PROGRAM;
use crate::context::{self, Context};
use crate::failure::Failure;
use crate::followed_profile::follow;
use crate::times::whole_seconds;

#[derive(Debug, Serialize)]
pub(super) struct Survey {
    #[serde(serialize_with = "path")]
    pub(super) token_directory: PathBuf,
    pub(super) logins: Vec<LoginStatus>,
    pub(super) profiles: Vec<ProfileStatus>,
    /// Access rights that other users of the machine should not have, each once, and ignored sections of
    /// the config files.
    pub(super) warnings: BTreeSet<String>,
}

/// An sso-session, or the login of all legacy profiles with the same start URL.
#[derive(Debug, Clone, Serialize)]
pub(super) struct LoginStatus {
    /// `None` for legacy profiles.
    pub(super) sso_session: Option<String>,
    pub(super) start_url: Option<String>,
    pub(super) region: Option<String>,
    #[serde(flatten)]
    pub(super) token: TokenStatus,
    /// The command that logs in, if a login is needed and would help.
    pub(super) login_command: Option<String>,
}

/// The state of an access token.
#[derive(Debug, Clone, Serialize)]
pub(super) struct TokenStatus {
    pub(super) state: State,
    #[serde(serialize_with = "optional_time")]
    pub(super) expires_at: Option<Timestamp>,
    pub(super) refreshable: bool,
    /// The reason why it cannot be refreshed, or the error of the file or the configuration.
    pub(super) reason: Option<String>,
    #[serde(serialize_with = "optional_path")]
    pub(super) token_file: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    // Scripts rely on the names of the first release.
    #[serde(rename = "signed_in")]
    LoggedIn,
    /// The next use refreshes it.
    ExpiredRefreshable,
    Expired,
    #[serde(rename = "signed_out")]
    LoggedOut,
    /// The token file exists and cannot be used.
    Unusable,
    /// The configuration has an error.
    Misconfigured,
}

#[derive(Debug, Serialize)]
pub(super) struct ProfileStatus {
    pub(super) profile: String,
    /// The name of its session, or `None` for a legacy profile.
    pub(super) sso_session: Option<String>,
    pub(super) start_url: Option<String>,
    pub(super) account_id: Option<String>,
    pub(super) role_name: Option<String>,
    pub(super) state: State,
    /// The error of its configuration.
    pub(super) reason: Option<String>,
    pub(super) role_credentials: Option<RoleCredentials>,
    /// Only with `--check`, and for a profile with an account and a role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) assignment: Option<Assignment>,
}

/// The state of a role's assignment to the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Assignment {
    Assigned,
    /// No role in the account is assigned.
    AccountGone,
    /// Only other roles in the account are assigned.
    RoleGone,
    /// The list of roles is incomplete.
    Unknown,
}

/// Role credentials in the cache that have not expired.
#[derive(Debug, Serialize)]
pub(super) struct RoleCredentials {
    #[serde(serialize_with = "path")]
    pub(super) file: PathBuf,
    #[serde(serialize_with = "time")]
    pub(super) expires_at: Timestamp,
}

/// Reads all logins and profiles, or with `--profile` only that profile and its login.
pub(super) fn read(context: &Context) -> Result<Survey, Failure> {
    let config = context.shared_config()?;
    let tokens = match &context.global.cache_dir {
        Some(directory) => directory.clone(),
        None => sso_cache::token_cache_dir(&context.environment).map_err(ConfigError::from)?,
    };
    let roles = context.role_cache_dir();
    let reader = Reader { context, config: &config, tokens: &tokens, roles, now: context::now() };
    let (logins, profiles) = match &context.global.profile {
        Some(name) => reader.one(&follow(&config, name)?)?,
        None => reader.all(),
    };
    let token_files = logins.iter().filter_map(|login| login.token.token_file.as_ref());
    let role_files = profiles.iter().filter_map(|profile| profile.role_credentials.as_ref());
    // Sections that were ignored are not in the tables.
    let ignored = config.warnings().iter().filter(|warning| warning.is_ignored_sso_section());
    let warnings = token_files
        .flat_map(|file| TokenFile::new(file).access_warnings())
        .chain(role_files.flat_map(|it| RoleCredentialsFile::new(&it.file).access_warnings()))
        .map(|warning| warning.to_string())
        .chain(ignored.map(ToString::to_string))
        .chain(config.credentials_error().map(ToString::to_string))
        .collect();
    Ok(Survey { token_directory: tokens, logins, profiles, warnings })
}

struct Reader<'a> {
    context: &'a Context,
    config: &'a SharedConfig,
    tokens: &'a Path,
    roles: Option<PathBuf>,
    now: Timestamp,
}

/// The logins by their keys, so that each token file is read once.
#[derive(Default)]
struct Logins {
    sessions: BTreeMap<String, LoginStatus>,
    legacy: BTreeMap<String, LoginStatus>,
}

impl Reader<'_> {
    fn all(&self) -> (Vec<LoginStatus>, Vec<ProfileStatus>) {
        let mut logins = Logins::default();
        for section in self.config.sso_sessions() {
            let name = section.name();
            let login = match SsoSession::resolve(self.config, name) {
                Ok(session) => self.session(&session),
                Err(error) => LoginStatus {
                    sso_session: Some(name.to_owned()),
                    start_url: None,
                    region: None,
                    token: misconfigured(&error),
                    login_command: None,
                },
            };
            logins.sessions.insert(name.to_owned(), login);
        }
        let mut profiles = Vec::new();
        for section in self.config.sso_profiles() {
            profiles.extend(self.profile(section.name(), &mut logins).ok());
        }
        (logins.list(), profiles)
    }

    fn one(&self, name: &str) -> Result<(Vec<LoginStatus>, Vec<ProfileStatus>), SettingsError> {
        let mut logins = Logins::default();
        // If the user named a profile, its error is the error of the command.
        SsoProfile::resolve(self.config, name, &self.context.environment)?;
        let profile = self.profile(name, &mut logins)?;
        Ok((logins.list(), vec![profile]))
    }

    /// Returns a profile, and adds its login. Fails if the profile does not use SSO.
    fn profile(&self, name: &str, logins: &mut Logins) -> Result<ProfileStatus, SettingsError> {
        let profile = match SsoProfile::resolve(self.config, name, &self.context.environment) {
            Err(error) if error.is_not_sso() || error.is_not_found() => return Err(error),
            Err(error) => {
                return Ok(ProfileStatus {
                    profile: name.to_owned(),
                    sso_session: None,
                    start_url: None,
                    account_id: None,
                    role_name: None,
                    state: State::Misconfigured,
                    reason: Some(error_chain(&error)),
                    role_credentials: None,
                    assignment: None,
                });
            }
            Ok(profile) => profile,
        };
        let login = self.login_of(&profile, logins);
        let (account_id, role_name) = profile.role().unzip();
        Ok(ProfileStatus {
            profile: name.to_owned(),
            sso_session: login.sso_session.clone(),
            start_url: login.start_url.clone(),
            account_id: account_id.map(|it| it.as_str().to_owned()),
            role_name: role_name.map(|it| it.as_str().to_owned()),
            state: login.token.state,
            reason: None,
            role_credentials: self.role_credentials(&profile),
            assignment: None,
        })
    }

    fn login_of<'l>(&self, profile: &SsoProfile, logins: &'l mut Logins) -> &'l LoginStatus {
        let start_url = profile.start_url();
        match profile.sso_session() {
            Some(session) => {
                logins.sessions.entry(session.to_string()).or_insert_with(|| LoginStatus {
                    sso_session: Some(session.to_string()),
                    ..self.login(
                        &CacheKey::for_session(session),
                        start_url,
                        profile.region().as_str(),
                        &LoginCommand::for_session(session),
                    )
                })
            }
            None => logins.legacy.entry(start_url.to_string()).or_insert_with(|| {
                self.login(
                    &CacheKey::for_start_url(start_url),
                    start_url,
                    profile.region().as_str(),
                    &LoginCommand::for_profile(profile.profile_name()),
                )
            }),
        }
    }

    fn session(&self, session: &SsoSession) -> LoginStatus {
        LoginStatus {
            sso_session: Some(session.name().to_string()),
            ..self.login(
                &CacheKey::for_session(session.name()),
                session.start_url(),
                session.region().as_str(),
                &LoginCommand::for_session(session.name()),
            )
        }
    }

    fn login(
        &self,
        key: &CacheKey,
        start_url: &StartUrl,
        region: &str,
        command: &LoginCommand,
    ) -> LoginStatus {
        let file = TokenFile::new(self.tokens.join(key.file_name()));
        let loaded = file.load();
        // A login replaces a file with bad content. It does not help if the file cannot be read.
        let is_readable =
            loaded.as_ref().err().is_none_or(|why| why.is_not_found() || why.is_invalid());
        let token = self.token(&file, loaded, key, start_url);
        let is_needed = is_readable
            && matches!(token.state, State::Expired | State::LoggedOut | State::Unusable);
        LoginStatus {
            sso_session: None,
            start_url: Some(start_url.to_string()),
            region: Some(region.to_owned()),
            token,
            login_command: is_needed.then(|| command.clone().program(LOGIN_PROGRAM).to_string()),
        }
    }

    fn token(
        &self,
        file: &TokenFile,
        loaded: Result<CachedToken, CacheFileError>,
        key: &CacheKey,
        start_url: &StartUrl,
    ) -> TokenStatus {
        let token_file = Some(file.path().to_owned());
        let without = |state, reason| TokenStatus {
            state,
            expires_at: None,
            refreshable: false,
            reason,
            token_file: token_file.clone(),
        };
        let token = match loaded {
            Ok(token) => token,
            Err(error) if error.is_not_found() => {
                let other = file.find_other(start_url, self.now).map(|it| it.to_string());
                return without(State::LoggedOut, other);
            }
            Err(error) => return without(State::Unusable, Some(error_chain(&error))),
        };
        let refreshability = if key.is_session() {
            token.refreshability(self.now).map(|_| ()).map_err(|why| why.to_string())
        } else {
            Err("legacy profiles, which name no sso-session, have no refresh token".to_owned())
        };
        let state = match (token.is_expired(self.now), &refreshability) {
            (false, _) => State::LoggedIn,
            (true, Ok(())) => State::ExpiredRefreshable,
            (true, Err(_)) => State::Expired,
        };
        TokenStatus {
            state,
            expires_at: Some(token.expires_at()),
            refreshable: refreshability.is_ok(),
            reason: refreshability.err(),
            token_file,
        }
    }

    fn role_credentials(&self, profile: &SsoProfile) -> Option<RoleCredentials> {
        let (account_id, role_name) = profile.role()?;
        let login = profile
            .sso_session()
            .map_or_else(|| CacheKey::for_start_url(profile.start_url()), CacheKey::for_session);
        let directory = self.roles.as_ref()?;
        let file = RoleCredentialsFile::standard(directory, account_id, role_name, &login);
        let credentials = file.load().filter(|it| !it.is_expired(self.now))?;
        Some(RoleCredentials { file: file.path().to_owned(), expires_at: credentials.expires_at() })
    }
}

impl Logins {
    fn list(self) -> Vec<LoginStatus> {
        self.sessions.into_values().chain(self.legacy.into_values()).collect()
    }
}

fn misconfigured(error: &SettingsError) -> TokenStatus {
    TokenStatus {
        state: State::Misconfigured,
        expires_at: None,
        refreshable: false,
        reason: Some(error_chain(error)),
        token_file: None,
    }
}

/// Serializes a path. Bytes that are not UTF-8 are replaced.
fn path<S: serde::Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&path.display())
}

#[expect(clippy::ref_option, reason = "serde calls it so")]
fn optional_path<S: serde::Serializer>(
    it: &Option<PathBuf>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match it {
        Some(it) => path(it, serializer),
        None => serializer.serialize_none(),
    }
}

fn time<S: serde::Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&whole_seconds(*at))
}

#[expect(clippy::ref_option, reason = "serde calls it so")]
fn optional_time<S: serde::Serializer>(
    at: &Option<Timestamp>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => time(at, serializer),
        None => serializer.serialize_none(),
    }
}
