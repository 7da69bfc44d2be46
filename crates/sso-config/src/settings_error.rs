//! Why a profile cannot be used for SSO, or a setting cannot be used.
//!
//! Not responsible for files that cannot be read: that is [`ParseError`](crate::ParseError).

use std::fmt;
use std::path::Path;

use sso_types::{CommandOption, EnvironmentError, NameError};

use crate::phrases::{
    DidYouMean, Keys, MissingList, MissingRemedy, ProfileRemedy, SectionName, UsedBy, it_or_them,
};
use crate::{Locations, Origin, SettingSource};

/// What stands in the way of resolving a profile, an sso-session or a setting. The fault of the
/// configuration, or of whoever chose the profile; each message says where and what to change.
///
/// Names, regions, URLs and account ids are quoted; no other value is.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// The home directory is needed to find the files, and nothing says what it is.
    #[error(
        "the home directory is not known, so ~/.aws/config cannot be found; set HOME, or set \
         AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE to full paths"
    )]
    NoHome,
    /// An environment variable is not text.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    /// Neither file has the profile.
    #[error(
        "profile {profile:?} is neither in {} nor in {}; {}",
        files.config().display(), files.credentials().display(),
        ProfileRemedy { profile, misplaced, nearest, files }
    )]
    ProfileNotFound {
        /// The profile that was asked for.
        profile: String,
        /// Where the config file has `[NAME]`, which must be `[profile NAME]` to count there, or
        /// where the credentials file has `[profile NAME]`, which must be `[NAME]`.
        misplaced: Option<Origin>,
        /// Names that are there and differ little from it, the nearest first; three at most.
        nearest: Vec<String>,
        /// The files.
        files: Box<Locations>,
    },
    /// The profile has none of the properties that make an SSO profile.
    #[error(
        "profile {profile:?} is not an SSO profile, {origin}: it has no sso_session and no other \
         sso_ property; add them with `aws configure sso {}`",
        CommandOption { option: "--profile", value: profile }
    )]
    NotSso {
        /// The profile.
        profile: String,
        /// Where it begins.
        origin: Origin,
    },
    /// The profile assumes a role with the credentials of another, so its own are not SSO ones,
    /// also when it holds `sso_` properties.
    #[error(
        "profile {profile:?} assumes a role (role_arn, {origin}) and is not an SSO profile itself; \
         {behind}"
    )]
    AssumesRole {
        /// The profile.
        profile: String,
        /// Where `role_arn` stands.
        origin: Origin,
        /// What `source_profile` leads to.
        behind: BehindRole,
    },
    /// The profile assumes a role with a web identity token.
    #[error(
        "profile {profile:?} assumes a role with a web identity token (web_identity_token_file, \
         {origin}) and is not an SSO profile; choose an SSO profile, or remove that property"
    )]
    WebIdentity {
        /// The profile.
        profile: String,
        /// Where `web_identity_token_file` stands.
        origin: Origin,
    },
    /// `sso_session` names a section that is not there.
    #[error(
        "profile {profile:?} names the sso-session {session:?}, {origin}, and there is no \
         [sso-session {}] in {}; {}",
        SectionName(session),
        config.display(),
        DidYouMean(nearest, "add that section, or run `aws configure sso-session`")
    )]
    SessionNotFound {
        /// The profile.
        profile: String,
        /// The session it names.
        session: String,
        /// Where `sso_session` stands.
        origin: Origin,
        /// Names of sessions that are there and differ little, the nearest first; three at most.
        nearest: Vec<String>,
        /// The config file, where sessions stand.
        config: Box<Path>,
    },
    /// The session that was asked for by itself, without a profile, is not there.
    #[error(
        "there is no [sso-session {}] in {}; {}",
        SectionName(session),
        config.display(),
        DidYouMean(nearest, "`aws configure sso-session` makes one")
    )]
    UnknownSession {
        /// The session that was asked for.
        session: String,
        /// Names of sessions that are there and differ little, the nearest first; three at most.
        nearest: Vec<String>,
        /// The config file, where sessions stand.
        config: Box<Path>,
    },
    /// The session lacks `sso_start_url` or `sso_region`, or both. What the profile itself holds
    /// does not stand in for them.
    #[error(
        "{}[sso-session {}], {origin}, lacks {}; add {} there",
        UsedBy(profile.as_deref()), SectionName(session), Keys(missing), it_or_them(missing)
    )]
    IncompleteSession {
        /// The profile that names the session, if the session was not asked for by itself.
        profile: Option<String>,
        /// The session.
        session: String,
        /// Where it begins.
        origin: Origin,
        /// Every key that it lacks.
        missing: Vec<&'static str>,
    },
    /// Needed keys are missing: from a profile of the legacy form, or from a profile and its
    /// session at once.
    #[error("profile {profile:?} lacks {}; add {}", MissingList(missing), MissingRemedy(missing))]
    MissingKeys {
        /// The profile.
        profile: String,
        /// Every key that is missing, and where it belongs.
        missing: Vec<MissingKey>,
    },
    /// An account id without a role name, in a profile that names a session.
    #[error(
        "profile {profile:?} has an account id (sso_account_id, {origin}) and no role; add \
         sso_role_name, or remove sso_account_id if only the token is wanted"
    )]
    AccountWithoutRole {
        /// The profile.
        profile: String,
        /// Where `sso_account_id` stands.
        origin: Origin,
    },
    /// A role name without an account id, in a profile that names a session.
    #[error(
        "profile {profile:?} has a role (sso_role_name, {origin}) and no account id; add \
         sso_account_id, or remove sso_role_name if only the token is wanted"
    )]
    RoleWithoutAccount {
        /// The profile.
        profile: String,
        /// Where `sso_role_name` stands.
        origin: Origin,
    },
    /// `sso_account_id` has an empty value.
    #[error(
        "the account id of profile {profile:?} is empty (sso_account_id, {origin}); write the 12 \
         digits of the account there"
    )]
    EmptyAccountId {
        /// The profile.
        profile: String,
        /// Where `sso_account_id` stands.
        origin: Origin,
    },
    /// The profile and its session give different values for the same key.
    #[error(
        "profile {profile:?} and its sso-session {session:?} differ in {key}: {in_profile}, and \
         {in_session}; remove the one of the profile"
    )]
    Conflict {
        /// The profile.
        profile: String,
        /// The session that it names.
        session: String,
        /// `sso_start_url` or `sso_region`.
        key: &'static str,
        /// What the profile says.
        in_profile: Box<ConfiguredValue>,
        /// What the session says.
        in_session: Box<ConfiguredValue>,
    },
    /// A value that cannot be used: empty, a control character in it, or no region. The source
    /// says what is wrong with it.
    #[error("{}{key} of {section} cannot be used, {origin}; correct it there", UsedBy(profile.as_deref()))]
    InvalidValue {
        /// The profile that is being resolved, if it is one.
        profile: Option<String>,
        /// The section line that the value stands below, such as `[sso-session dev]`.
        section: String,
        /// The key.
        key: &'static str,
        /// Where it stands.
        origin: Origin,
        /// What is wrong with it.
        source: Box<NameError>,
    },
    /// `services` names a section that is not there.
    #[error(
        "profile {profile:?} names the services section {services:?}, {origin}, and there is no \
         [services {}] in {}; {}",
        SectionName(services),
        config.display(),
        DidYouMean(nearest, "add that section, or remove the services property")
    )]
    ServicesNotFound {
        /// The profile.
        profile: String,
        /// The section it names.
        services: String,
        /// Where the property stands.
        origin: Origin,
        /// Names of sections that are there and differ little, the nearest first; three at most.
        nearest: Vec<String>,
        /// The config file, where these sections stand.
        config: Box<Path>,
    },
    /// A switch that is neither `true` nor `false`, in any letter case.
    #[error("{setting}: the value is neither true nor false; set it to one of them, or remove it")]
    InvalidBoolean {
        /// The variable or the property.
        setting: SettingSource,
    },
    /// A number of attempts that is not a whole number from 1 to 4294967295.
    #[error("{setting}: the value is not a whole number of at least 1; correct it, or remove it")]
    InvalidMaxAttempts {
        /// The variable or the property.
        setting: SettingSource,
    },
    /// An endpoint is given together with FIPS or dual-stack endpoints, which choose another.
    #[error(
        "the {service} cannot have both an endpoint of its own and {option}; remove one of the two \
         settings: {endpoint}; {option_source}"
    )]
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

/// A needed key that is not there, and the section that it belongs in.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MissingKey {
    /// The key.
    pub key: &'static str,
    /// The section line, such as `[profile dev]`.
    pub section: String,
    /// Where that section begins.
    pub origin: Origin,
}

/// One of two values that differ, and where it stands. Shown as `"VALUE", FILE line N`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfiguredValue {
    /// A start URL or a region.
    pub value: String,
    /// Where it stands.
    pub origin: Origin,
}

/// What a profile that assumes a role gets its own credentials from.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum BehindRole {
    /// `source_profile`, followed to its end, leads to this SSO profile.
    SsoProfile(String),
    /// It leads to this profile, which is none.
    OtherProfile(String),
    /// It leads to this profile, which is in neither file.
    NoProfile(String),
    /// It leads back to a profile that it came from.
    Loop,
    /// There is a `credential_source` instead.
    CredentialSource,
}

impl SettingsError {
    /// Whether the profile or the session that was chosen is not there at all, so that choosing
    /// another is the remedy.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::ProfileNotFound { .. } | Self::UnknownSession { .. })
    }

    /// Whether the profile is there, and is one that does not use SSO: a caller with other ways to
    /// credentials can go on to those.
    pub fn is_not_sso(&self) -> bool {
        matches!(self, Self::NotSso { .. } | Self::AssumesRole { .. } | Self::WebIdentity { .. })
    }
}

impl fmt::Display for MissingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}, {}", self.key, self.section, self.origin)
    }
}

impl fmt::Display for ConfiguredValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}, {}", self.value, self.origin)
    }
}

impl fmt::Display for BehindRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SsoProfile(name) => write!(
                f,
                "the SSO profile behind it is {name:?}: choose that one for SSO credentials"
            ),
            Self::OtherProfile(name) => write!(
                f,
                "its source_profile leads to {name:?}, which is not an SSO profile either; choose \
                 an SSO profile"
            ),
            Self::NoProfile(name) => write!(
                f,
                "its source_profile leads to {name:?}, which is in neither file; correct that"
            ),
            Self::Loop => {
                f.write_str("its source_profile leads round in a circle; choose an SSO profile")
            }
            Self::CredentialSource => {
                f.write_str("its credentials come from a credential_source; choose an SSO profile")
            }
        }
    }
}
