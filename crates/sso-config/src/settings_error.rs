//! Errors in profiles, sso-sessions and settings.

use std::fmt;

use sso_types::{CommandOption, EnvironmentError, NameError};

use crate::missing_key::MissingKeys;
use crate::section_name;
use crate::text::List;
use crate::{
    LoadError, MissingKey, NotFound, Origin, RoleCredentialsSource, SettingSource, Warning,
};

/// An error in the configuration of a profile, an sso-session or a setting, or in the choice of the
/// profile. Each message says what to change, and in which file and line.
///
/// Messages quote names, regions, URLs and account ids, but no other values.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// The home directory is needed to find the files, but is not known.
    #[error(
        "the home directory is not known, so ~/.aws/config cannot be found; set HOME (on Windows \
         USERPROFILE), or set AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE to full paths"
    )]
    NoHome,
    /// An environment variable is not UTF-8.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    /// The profile is in neither file.
    #[error("profile {profile:?} is neither {}; {not_found}", not_found.files())]
    #[non_exhaustive]
    ProfileNotFound {
        /// The requested profile.
        profile: String,
        /// The searched files, and profiles with similar names.
        not_found: Box<NotFound>,
    },
    /// The profile is not in the config file, or has no SSO property there, and the credentials
    /// file cannot be loaded.
    #[error("profile {profile:?} cannot be used without the credentials file; fix that file")]
    #[non_exhaustive]
    UnusableFile {
        /// The requested profile.
        profile: String,
        /// The error of loading the credentials file.
        source: Box<LoadError>,
    },
    /// A line of the profile, or of a section that it names, cannot be parsed.
    #[error("{}{warning}", ProfilePrefix(profile.as_deref()))]
    #[non_exhaustive]
    FaultyLine {
        /// The requested profile, if there is one.
        profile: Option<String>,
        /// The line and the reason.
        warning: Box<Warning>,
    },
    /// The profile has none of the properties of an SSO profile.
    #[error(
        "profile {profile:?} is not an SSO profile, {origin}: it has no sso_session and no other \
         sso_ property; {}",
        NotSsoRemedy { profile, ignored }
    )]
    #[non_exhaustive]
    NotSso {
        /// The profile.
        profile: String,
        /// The file and line of the profile's section line.
        origin: Origin,
        /// A property that was ignored because its key is that of an SSO property with an invalid
        /// character in it.
        ignored: Option<Box<Warning>>,
    },
    /// The profile has SSO properties with the prefix `granted_`, which only the tool named
    /// `granted` reads.
    #[error(
        "profile {profile:?} is not an SSO profile, {origin}: only the tool \"granted\" reads {}; \
         rename {} to {}",
        granted(keys), it_or_them(keys), List { items: keys.clone(), conjunction: "and" }
    )]
    #[non_exhaustive]
    Granted {
        /// The profile.
        profile: String,
        /// The file and line of the first of those properties.
        origin: Origin,
        /// The keys without the prefix, to be used instead.
        keys: Vec<String>,
    },
    /// The profile assumes a role with the credentials of another profile. It is not an SSO
    /// profile, even if it has `sso_` properties.
    #[error(
        "profile {profile:?} assumes a role (role_arn, {origin}) and is not an SSO profile itself; \
         {credentials_source}"
    )]
    #[non_exhaustive]
    AssumesRole {
        /// The profile.
        profile: String,
        /// The file and line of `role_arn`.
        origin: Origin,
        /// The source of its credentials.
        credentials_source: RoleCredentialsSource,
    },
    /// The profile assumes a role with a web identity token.
    #[error(
        "profile {profile:?} assumes a role with a web identity token (web_identity_token_file, \
         {origin}) and is not an SSO profile; choose an SSO profile, or remove that property"
    )]
    #[non_exhaustive]
    WebIdentity {
        /// The profile.
        profile: String,
        /// The file and line of `web_identity_token_file`.
        origin: Origin,
    },
    /// `sso_session` names a section that does not exist.
    #[error(
        "profile {profile:?} names the sso-session {session:?}, {origin}, and there is no \
         [sso-session {}] {}; {not_found}",
        section_name::shown(session), not_found.files()
    )]
    #[non_exhaustive]
    SessionNotFound {
        /// The profile.
        profile: String,
        /// The session that it names.
        session: String,
        /// The file and line of `sso_session`.
        origin: Origin,
        /// The searched files, and sessions with similar names.
        not_found: Box<NotFound>,
    },
    /// A session that was requested without a profile does not exist.
    #[error(
        "there is no [sso-session {}] {}; {not_found}",
        section_name::shown(session), not_found.files()
    )]
    #[non_exhaustive]
    UnknownSession {
        /// The requested session.
        session: String,
        /// The searched files, and sessions with similar names.
        not_found: Box<NotFound>,
    },
    /// The session lacks `sso_start_url` or `sso_region`, or both. Values of the profile do not
    /// replace them.
    #[error(
        "{}the session lacks {}",
        ProfilePrefix(profile.as_deref()), MissingKeys::of_session(missing)
    )]
    #[non_exhaustive]
    IncompleteSession {
        /// The profile that names the session; `None` if the session was requested directly.
        profile: Option<String>,
        /// The session.
        session: String,
        /// Every key that it lacks.
        missing: Vec<MissingKey>,
    },
    /// Required keys are missing from a profile of the legacy form, or from both a profile and its
    /// session.
    #[error("profile {profile:?} lacks {}", MissingKeys::of_profile(missing))]
    #[non_exhaustive]
    MissingKeys {
        /// The profile.
        profile: String,
        /// Every missing key, and the section that it belongs in.
        missing: Vec<MissingKey>,
    },
    /// An account id without a role name, in a profile that names a session.
    #[error(
        "profile {profile:?} has an account id (sso_account_id, {origin}) and no role; {}",
        IncompleteRoleRemedy { missing, present: "sso_account_id" }
    )]
    #[non_exhaustive]
    AccountWithoutRole {
        /// The profile.
        profile: String,
        /// The file and line of `sso_account_id`.
        origin: Origin,
        /// The missing `sso_role_name`.
        missing: Box<MissingKey>,
    },
    /// A role name without an account id, in a profile that names a session.
    #[error(
        "profile {profile:?} has a role (sso_role_name, {origin}) and no account id; {}",
        IncompleteRoleRemedy { missing, present: "sso_role_name" }
    )]
    #[non_exhaustive]
    RoleWithoutAccount {
        /// The profile.
        profile: String,
        /// The file and line of `sso_role_name`.
        origin: Origin,
        /// The missing `sso_account_id`.
        missing: Box<MissingKey>,
    },
    /// `sso_account_id` has an empty value.
    #[error(
        "the account id of profile {profile:?} is empty (sso_account_id, {origin}); write the 12 \
         digits of the account there"
    )]
    #[non_exhaustive]
    EmptyAccountId {
        /// The profile.
        profile: String,
        /// The file and line of `sso_account_id`.
        origin: Origin,
    },
    /// The profile and its session set the same key to different values.
    #[error(
        "profile {profile:?} and its sso-session {session:?} differ in {key}: {in_profile}, and \
         {in_session}; remove the one in the profile"
    )]
    #[non_exhaustive]
    Conflict {
        /// The profile.
        profile: String,
        /// The session that it names.
        session: String,
        /// `sso_start_url` or `sso_region`.
        key: &'static str,
        /// The value in the profile.
        in_profile: Box<ConfiguredValue>,
        /// The value in the session.
        in_session: Box<ConfiguredValue>,
    },
    /// A value is in quotes. The quotes are part of the value and make it invalid.
    #[error(
        "{}{key} of {section} is in quotes, {origin}; the quotes are part of the value, remove them",
        ProfilePrefix(profile.as_deref())
    )]
    #[non_exhaustive]
    InQuotes {
        /// The requested profile, if there is one.
        profile: Option<String>,
        /// The section, as written in the config file, such as `[profile dev]`.
        section: String,
        /// The key.
        key: &'static str,
        /// The file and line of the value.
        origin: Origin,
    },
    /// `sso_region` is an availability zone instead of a region.
    #[error(
        "{}sso_region of {section} cannot be used, {origin}: {zone} is an availability zone; the \
         region is {}",
        ProfilePrefix(profile.as_deref()), zone.trim_end_matches(|c: char| c.is_ascii_lowercase())
    )]
    #[non_exhaustive]
    AvailabilityZone {
        /// The requested profile, if there is one.
        profile: Option<String>,
        /// The section, as written in the config file, such as `[sso-session dev]`.
        section: String,
        /// The file and line of the value.
        origin: Origin,
        /// The value: a region followed by a letter.
        zone: String,
    },
    /// A value is invalid: it is empty, contains a control character, or is not a region.
    #[error(
        "{}{key} of {section} cannot be used, {origin}; correct it there",
        ProfilePrefix(profile.as_deref())
    )]
    #[non_exhaustive]
    InvalidValue {
        /// The requested profile, if there is one.
        profile: Option<String>,
        /// The section, as written in the config file, such as `[sso-session dev]`.
        section: String,
        /// The key.
        key: &'static str,
        /// The file and line of the value.
        origin: Origin,
        /// The reason why the value is invalid.
        source: Box<NameError>,
    },
    /// `services` names a section that does not exist.
    #[error(
        "profile {profile:?} names the services section {services:?}, {origin}, and there is no \
         [services {}] {}; {not_found}",
        section_name::shown(services), not_found.files()
    )]
    #[non_exhaustive]
    ServicesNotFound {
        /// The profile.
        profile: String,
        /// The section that it names.
        services: String,
        /// The file and line of `services`.
        origin: Origin,
        /// The searched files, and services sections with similar names.
        not_found: Box<NotFound>,
    },
    /// A boolean setting is neither `true` nor `false`, in any letter case.
    #[error("{setting}: the value is neither true nor false; set it to one of them, or remove it")]
    #[non_exhaustive]
    InvalidBoolean {
        /// The variable or the property.
        setting: SettingSource,
    },
    /// The number of attempts is not a whole number from 1 to 4294967295.
    #[error("{setting}: the value is not a whole number of at least 1; correct it, or remove it")]
    #[non_exhaustive]
    InvalidMaxAttempts {
        /// The variable or the property.
        setting: SettingSource,
    },
    /// An endpoint URL is set, and FIPS or dual-stack endpoints are enabled. A service can use only
    /// one of them.
    #[error(
        "the {service} cannot use both a configured endpoint URL and {option}; remove one of the \
         two settings: {endpoint}; {option_source}"
    )]
    #[non_exhaustive]
    EndpointConflict {
        /// `SSO portal` or `SSO OIDC service`.
        service: &'static str,
        /// The source of the endpoint.
        endpoint: Box<SettingSource>,
        /// `FIPS endpoints` or `dual-stack endpoints`.
        option: &'static str,
        /// The source of that option.
        option_source: Box<SettingSource>,
    },
}

/// One of two values that differ. Displayed as `"VALUE", FILE line N`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfiguredValue {
    /// A start URL or a region.
    pub value: String,
    /// The file and line of the value.
    pub origin: Origin,
}

impl SettingsError {
    /// Returns `true` if the requested profile or session does not exist. The remedy is to choose
    /// another one.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::ProfileNotFound { .. } | Self::UnknownSession { .. })
    }

    /// Returns `true` if the profile exists but does not use SSO. A caller can then try other kinds
    /// of credentials.
    pub fn is_not_sso(&self) -> bool {
        matches!(self, Self::NotSso { .. } | Self::Granted { .. }) || self.is_assume_role()
    }

    /// Returns `true` if the profile assumes a role.
    pub fn is_assume_role(&self) -> bool {
        matches!(self, Self::AssumesRole { .. } | Self::WebIdentity { .. })
    }

    /// The file and line to change. For missing keys, the line of the section that they belong in.
    ///
    /// `None` if the error is not in a file, but in the environment, in code, or in the choice of
    /// the profile. Also `None` for [`UnusableFile`](Self::UnusableFile), whose source names the
    /// file.
    pub fn origin(&self) -> Option<&Origin> {
        match self {
            Self::NoHome
            | Self::Environment(_)
            | Self::UnusableFile { .. }
            | Self::UnknownSession { .. } => None,
            Self::ProfileNotFound { not_found, .. } => {
                not_found.ignored.as_ref().map(Warning::origin)
            }
            Self::FaultyLine { warning, .. } => Some(warning.origin()),
            Self::NotSso { origin, .. }
            | Self::Granted { origin, .. }
            | Self::AssumesRole { origin, .. }
            | Self::WebIdentity { origin, .. }
            | Self::SessionNotFound { origin, .. }
            | Self::AccountWithoutRole { origin, .. }
            | Self::RoleWithoutAccount { origin, .. }
            | Self::EmptyAccountId { origin, .. }
            | Self::InQuotes { origin, .. }
            | Self::AvailabilityZone { origin, .. }
            | Self::InvalidValue { origin, .. }
            | Self::ServicesNotFound { origin, .. } => Some(origin),
            Self::IncompleteSession { missing, .. } | Self::MissingKeys { missing, .. } => {
                missing.first().map(|missing| &missing.origin)
            }
            Self::Conflict { in_profile, .. } => Some(&in_profile.origin),
            Self::InvalidBoolean { setting } | Self::InvalidMaxAttempts { setting } => {
                setting.origin()
            }
            Self::EndpointConflict { endpoint, option_source, .. } => {
                endpoint.origin().or(option_source.origin())
            }
        }
    }
}

impl fmt::Display for ConfiguredValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}, {}", self.value, self.origin)
    }
}

/// A message prefix that names the requested profile, for an error in another section.
struct ProfilePrefix<'a>(Option<&'a str>);

impl fmt::Display for ProfilePrefix<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |profile| write!(f, "profile {profile:?}: "))
    }
}

struct NotSsoRemedy<'a> {
    profile: &'a str,
    ignored: &'a Option<Box<Warning>>,
}

impl fmt::Display for NotSsoRemedy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(warning) = self.ignored {
            return warning.fmt(f);
        }
        let option = CommandOption { option: "--profile", value: self.profile };
        write!(f, "add them with `ssocreds configure {option}`")
    }
}

/// The remedy for an account without a role, or a role without an account.
struct IncompleteRoleRemedy<'a> {
    missing: &'a MissingKey,
    present: &'a str,
}

impl fmt::Display for IncompleteRoleRemedy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { missing: MissingKey { key, ignored, .. }, present } = self;
        match ignored {
            Some(warning) => warning.fmt(f),
            None => write!(f, "add {key}, or remove {present} if only the token is wanted"),
        }
    }
}

fn granted(keys: &[String]) -> String {
    let items = keys.iter().map(|key| format!("granted_{key}")).collect();
    List { items, conjunction: "and" }.to_string()
}

fn it_or_them<T>(items: &[T]) -> &'static str {
    if items.len() == 1 { "it" } else { "them" }
}
