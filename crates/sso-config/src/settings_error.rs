//! Why a profile cannot be used for SSO, or a setting cannot be used.

use std::fmt;

use sso_types::{CommandOption, EnvironmentError, NameError};

use crate::missing_key::MissingKeys;
use crate::section_name;
use crate::text::List;
use crate::{BehindRole, LoadError, MissingKey, NotFound, Origin, SettingSource, Warning};

/// An error in the configuration of a profile, an sso-session or a setting, or in the choice of the
/// profile. Each message says where it is and what to change.
///
/// Names, regions, URLs and account ids are quoted; no other value is.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// The home directory is needed to find the files, and it is not known.
    #[error(
        "the home directory is not known, so ~/.aws/config cannot be found; set HOME (on Windows \
         USERPROFILE), or set AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE to full paths"
    )]
    NoHome,
    /// An environment variable is not text.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    /// Neither file has the profile.
    #[error("profile {profile:?} is neither {}; {not_found}", not_found.files())]
    #[non_exhaustive]
    ProfileNotFound {
        /// The profile that was asked for.
        profile: String,
        /// Where it was searched for, and what could have been meant.
        not_found: Box<NotFound>,
    },
    /// The profile is not in the config file, or not complete there, and the credentials file cannot
    /// be loaded. The source says why.
    #[error("profile {profile:?} cannot be used without the credentials file; mend that file")]
    #[non_exhaustive]
    UnusableFile {
        /// The profile that was asked for.
        profile: String,
        /// Why the credentials file cannot be loaded.
        source: Box<LoadError>,
    },
    /// A line of the profile, or of a section that it names, cannot be understood.
    #[error("{}{warning}", UsedBy(profile.as_deref()))]
    #[non_exhaustive]
    FaultyLine {
        /// The profile, if one was asked for.
        profile: Option<String>,
        /// The line and what is wrong with it.
        warning: Box<Warning>,
    },
    /// The profile has none of the properties that make an SSO profile.
    #[error(
        "profile {profile:?} is not an SSO profile, {origin}: it has no sso_session and no other \
         sso_ property; {}",
        NotSsoRemedy { profile, ignored }
    )]
    #[non_exhaustive]
    NotSso {
        /// The profile.
        profile: String,
        /// Where it begins.
        origin: Origin,
        /// A property that is an SSO property but for an invalid character, and so was ignored.
        ignored: Option<Box<Warning>>,
    },
    /// The profile has properties for the tool granted and none of those that the AWS tools read.
    #[error(
        "profile {profile:?} is not an SSO profile, {origin}: only granted reads {}; rename {} to {}",
        granted(keys), it_or_them(keys), List { items: keys.clone(), conjunction: "and" }
    )]
    #[non_exhaustive]
    Granted {
        /// The profile.
        profile: String,
        /// The first of those properties.
        origin: Origin,
        /// The keys without `granted_`: those to use instead.
        keys: Vec<String>,
    },
    /// The profile assumes a role with the credentials of another, so its own are not SSO ones,
    /// also when it holds `sso_` properties.
    #[error(
        "profile {profile:?} assumes a role (role_arn, {origin}) and is not an SSO profile itself; \
         {behind}"
    )]
    #[non_exhaustive]
    AssumesRole {
        /// The profile.
        profile: String,
        /// Where `role_arn` is.
        origin: Origin,
        /// The source of its credentials.
        behind: BehindRole,
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
        /// Where `web_identity_token_file` is.
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
        /// Where `sso_session` is.
        origin: Origin,
        /// Where it was searched for, and what could have been meant.
        not_found: Box<NotFound>,
    },
    /// The session that was asked for by itself, without a profile, does not exist.
    #[error(
        "there is no [sso-session {}] {}; {not_found}",
        section_name::shown(session), not_found.files()
    )]
    #[non_exhaustive]
    UnknownSession {
        /// The session that was asked for.
        session: String,
        /// Where it was searched for, and what could have been meant.
        not_found: Box<NotFound>,
    },
    /// The session lacks `sso_start_url` or `sso_region`, or both. Values of the profile itself do
    /// not replace them.
    #[error("{}the session lacks {}", UsedBy(profile.as_deref()), MissingKeys::of_session(missing))]
    #[non_exhaustive]
    IncompleteSession {
        /// The profile that names the session, if the session was not asked for by itself.
        profile: Option<String>,
        /// The session.
        session: String,
        /// Every key that it lacks.
        missing: Vec<MissingKey>,
    },
    /// Needed keys are missing: from a profile of the legacy form, or from a profile and its
    /// session at once.
    #[error("profile {profile:?} lacks {}", MissingKeys::of_profile(missing))]
    #[non_exhaustive]
    MissingKeys {
        /// The profile.
        profile: String,
        /// Every key that is missing, and where it belongs.
        missing: Vec<MissingKey>,
    },
    /// An account id without a role name, in a profile that names a session.
    #[error(
        "profile {profile:?} has an account id (sso_account_id, {origin}) and no role; {}",
        HalfRemedy { missing, present: "sso_account_id" }
    )]
    #[non_exhaustive]
    AccountWithoutRole {
        /// The profile.
        profile: String,
        /// Where `sso_account_id` is.
        origin: Origin,
        /// `sso_role_name`.
        missing: Box<MissingKey>,
    },
    /// A role name without an account id, in a profile that names a session.
    #[error(
        "profile {profile:?} has a role (sso_role_name, {origin}) and no account id; {}",
        HalfRemedy { missing, present: "sso_role_name" }
    )]
    #[non_exhaustive]
    RoleWithoutAccount {
        /// The profile.
        profile: String,
        /// Where `sso_role_name` is.
        origin: Origin,
        /// `sso_account_id`.
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
        /// Where `sso_account_id` is.
        origin: Origin,
    },
    /// The profile and its session give different values for the same key.
    #[error(
        "profile {profile:?} and its sso-session {session:?} differ in {key}: {in_profile}, and \
         {in_session}; remove the one of the profile"
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
    /// A value in quotes, which are part of it and make it unusable.
    #[error(
        "{}{key} of {section} is in quotes, {origin}; the quotes are part of the value, remove them",
        UsedBy(profile.as_deref())
    )]
    #[non_exhaustive]
    InQuotes {
        /// The profile, if one was asked for.
        profile: Option<String>,
        /// The section line, such as `[profile dev]`.
        section: String,
        /// The key.
        key: &'static str,
        /// Where it is.
        origin: Origin,
    },
    /// An availability zone where a region is needed.
    #[error(
        "{}sso_region of {section} cannot be used, {origin}: {zone} is an availability zone; the \
         region is {}",
        UsedBy(profile.as_deref()), zone.trim_end_matches(|c: char| c.is_ascii_lowercase())
    )]
    #[non_exhaustive]
    AvailabilityZone {
        /// The profile, if one was asked for.
        profile: Option<String>,
        /// The section line, such as `[sso-session dev]`.
        section: String,
        /// Where it is.
        origin: Origin,
        /// The value: the region and a letter.
        zone: String,
    },
    /// A value that cannot be used: empty, a control character in it, or no region. The source
    /// says what is wrong with it.
    #[error("{}{key} of {section} cannot be used, {origin}; correct it there", UsedBy(profile.as_deref()))]
    #[non_exhaustive]
    InvalidValue {
        /// The profile, if one was asked for.
        profile: Option<String>,
        /// The section line, such as `[sso-session dev]`.
        section: String,
        /// The key.
        key: &'static str,
        /// Where it is.
        origin: Origin,
        /// The problem with the name.
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
        /// The section it names.
        services: String,
        /// Where the property is.
        origin: Origin,
        /// Where it was searched for, and what could have been meant.
        not_found: Box<NotFound>,
    },
    /// A switch that is neither `true` nor `false`, in any letter case.
    #[error("{setting}: the value is neither true nor false; set it to one of them, or remove it")]
    #[non_exhaustive]
    InvalidBoolean {
        /// The variable or the property.
        setting: SettingSource,
    },
    /// A number of attempts that is not a whole number from 1 to 4294967295.
    #[error("{setting}: the value is not a whole number of at least 1; correct it, or remove it")]
    #[non_exhaustive]
    InvalidMaxAttempts {
        /// The variable or the property.
        setting: SettingSource,
    },
    /// An endpoint is given together with FIPS or dual-stack endpoints, which choose another.
    #[error(
        "the {service} cannot have both an endpoint of its own and {option}; remove one of the two \
         settings: {endpoint}; {option_source}"
    )]
    #[non_exhaustive]
    EndpointConflict {
        /// `SSO portal` or `SSO OIDC service`.
        service: &'static str,
        /// What sets the endpoint.
        endpoint: Box<SettingSource>,
        /// `FIPS` or `dual-stack`, and the word endpoints.
        option: &'static str,
        /// What switches that on.
        option_source: Box<SettingSource>,
    },
}

/// One of two values that differ. Shown as `"VALUE", FILE line N`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfiguredValue {
    /// A start URL or a region.
    pub value: String,
    /// Where it is.
    pub origin: Origin,
}

impl SettingsError {
    /// Returns whether the profile or the session that was chosen does not exist, so that choosing another
    /// one is the remedy.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::ProfileNotFound { .. } | Self::UnknownSession { .. })
    }

    /// Returns whether the profile exists and does not use SSO: a caller with other ways to credentials can
    /// go on to those.
    pub fn is_not_sso(&self) -> bool {
        matches!(self, Self::NotSso { .. } | Self::Granted { .. }) || self.is_assume_role()
    }

    /// Returns whether the profile assumes a role.
    pub fn is_assume_role(&self) -> bool {
        matches!(self, Self::AssumesRole { .. } | Self::WebIdentity { .. })
    }

    /// The file and line to change, if the error is in a file and not in the environment, in code,
    /// or in the choice of the profile. Of missing keys, the section line that they belong below.
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

/// The profile that is being resolved, before what is wrong elsewhere.
struct UsedBy<'a>(Option<&'a str>);

impl fmt::Display for UsedBy<'_> {
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
        write!(f, "add them with `aws configure sso {option}`")
    }
}

/// What to do about an account without a role, or the other way round.
struct HalfRemedy<'a> {
    missing: &'a MissingKey,
    present: &'a str,
}

impl fmt::Display for HalfRemedy<'_> {
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
