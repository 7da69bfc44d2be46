//! What an SSO profile asks for: which account and role, through which sign-in.
//!
//! Not responsible for settings that say how to reach the services ([`Settings`]), nor for tokens.

use std::collections::HashSet;
use std::path::Path;

use sso_types::{AccountId, Environment, Region, RoleName, SessionName, StartUrl};

use crate::names::{section_name, trim};
use crate::nearest::nearest;
use crate::section::{Profile, Property, Section};
use crate::sso_session::{SsoSession, missing_keys, start_url_warning, value};
use crate::{
    BehindRole, ConfiguredValue, Locations, MissingKey, Settings, SettingsError, SharedConfig,
    Warning,
};

/// Any of these makes a profile an SSO profile.
const SSO_KEYS: [&str; 5] =
    ["sso_account_id", "sso_role_name", "sso_session", "sso_start_url", "sso_region"];

/// A profile that uses SSO, resolved and checked.
///
/// ```
/// use sso_config::{Locations, SharedConfig, SsoProfile};
/// use sso_types::Environment;
///
/// let config = SharedConfig::parse(
///     &Locations::new("config", "credentials"),
///     "[profile devsso]\n\
///      sso_session    = dev-session\n\
///      sso_account_id = 123456789012\n\
///      sso_role_name  = SSOReadOnlyRole\n\
///      [sso-session dev-session]\n\
///      sso_start_url = https://my-sso-portal.awsapps.com/start\n\
///      sso_region    = us-east-1\n",
///     "",
/// )?;
/// let profile = SsoProfile::resolve(&config, "devsso", &Environment::default())?;
/// let (account, role) = profile.role().expect("the profile has both");
/// assert_eq!((account.as_str(), role.as_str()), ("123456789012", "SSOReadOnlyRole"));
/// assert_eq!(profile.region().as_str(), "us-east-1");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SsoProfile {
    profile_name: String,
    sign_in: SignIn,
    role: Option<(AccountId, RoleName)>,
    aws_region: Option<String>,
    settings: Settings,
    warnings: Vec<Warning>,
}

/// The two forms.
#[derive(Debug, Clone, PartialEq, Eq)]
enum SignIn {
    Session(SsoSession),
    Legacy { start_url: StartUrl, region: Region },
}

impl SsoProfile {
    /// Resolves the profile `name`: follows `sso_session`, checks that everything needed is there
    /// and can be used, and resolves the [`Settings`]. No I/O.
    ///
    /// Fails as [`SettingsError`] says, with every missing key named at once. A session that is
    /// broken never makes the profile a legacy one.
    pub fn resolve(
        config: &SharedConfig,
        name: &str,
        environment: &Environment,
    ) -> Result<Self, SettingsError> {
        let profile = config.profile(name).ok_or_else(|| profile_not_found(config, name))?;
        refuse_assumed_role(config, profile)?;
        if !has_sso_keys(profile) {
            return Err(SettingsError::NotSso {
                profile: name.to_owned(),
                origin: profile.origin(),
            });
        }
        let (sign_in, mut warnings) = match profile.get("sso_session") {
            Some(named) => session(config, profile, named)?,
            None => legacy(profile)?,
        };
        let role = role(profile)?;
        warnings.extend(account_id_warning(profile));
        Ok(Self {
            profile_name: name.to_owned(),
            sign_in,
            role,
            aws_region: profile.get("region").map(|region| region.value().to_owned()),
            settings: Settings::resolve(Some(profile), config, environment)?,
            warnings,
        })
    }

    /// The name of the profile.
    pub fn profile_name(&self) -> &str {
        &self.profile_name
    }

    /// The name of the session; `None` for a profile of the legacy form, whose token cannot be
    /// refreshed and whose token file is named after the start URL.
    pub fn sso_session(&self) -> Option<&SessionName> {
        match &self.sign_in {
            SignIn::Session(session) => Some(session.name()),
            SignIn::Legacy { .. } => None,
        }
    }

    /// The start URL, byte for byte as configured.
    pub fn start_url(&self) -> &StartUrl {
        match &self.sign_in {
            SignIn::Session(session) => session.start_url(),
            SignIn::Legacy { start_url, .. } => start_url,
        }
    }

    /// The region of the IAM Identity Center instance (`sso_region`), which is where the SSO
    /// services are called.
    pub fn region(&self) -> &Region {
        match &self.sign_in {
            SignIn::Session(session) => session.region(),
            SignIn::Legacy { region, .. } => region,
        }
    }

    /// The account and the role to get credentials for; `None` for a profile that asks for the
    /// token only (bearer authentication).
    pub fn role(&self) -> Option<(&AccountId, &RoleName)> {
        self.role.as_ref().map(|(account, role)| (account, role))
    }

    /// `sso_registration_scopes` of the session; none for a legacy profile.
    pub fn registration_scopes(&self) -> &[String] {
        match &self.sign_in {
            SignIn::Session(session) => session.registration_scopes(),
            SignIn::Legacy { .. } => &[],
        }
    }

    /// The profile's `region`: where a program that uses the credentials works. As it is written;
    /// it plays no part in getting them.
    pub fn aws_region(&self) -> Option<&str> {
        self.aws_region.as_deref()
    }

    /// How the services are to be reached.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What looks wrong in this profile, and yet is no error. What was ignored in the files is in
    /// [`SharedConfig::warnings`].
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }
}

fn profile_not_found(config: &SharedConfig, name: &str) -> SettingsError {
    let prefixed = |header: &str| {
        let (kind, rest) = header.split_once([' ', '\t']).unwrap_or_default();
        kind == "profile" && section_name(trim(rest)) == Some(name)
    };
    // In the one file the prefix is needed, in the other there is none.
    let is_meant = |header: &str, file: &Path| {
        if file == config.config_file() {
            section_name(header) == Some(name)
        } else {
            prefixed(header)
        }
    };
    let misplaced = config.warnings().iter().find_map(|warning| match warning {
        Warning::IgnoredSection { header, origin, .. } if is_meant(header, origin.file()) => {
            Some(origin.clone())
        }
        _ => None,
    });
    SettingsError::ProfileNotFound {
        profile: name.to_owned(),
        misplaced,
        nearest: nearest(name, config.profiles().map(|profile| profile.name())),
        files: Box::new(Locations::new(config.config_file(), config.credentials_file())),
    }
}

fn has_sso_keys(profile: Profile<'_>) -> bool {
    SSO_KEYS.iter().any(|key| profile.get(key).is_some())
}

/// The form with a session.
fn session(
    config: &SharedConfig,
    profile: Profile<'_>,
    named: Property<'_>,
) -> Result<(SignIn, Vec<Warning>), SettingsError> {
    let name = profile.name();
    value(profile, named, "sso_session", Some(name), SessionName::new)?;
    let section =
        config.sso_session(named.value()).ok_or_else(|| SettingsError::SessionNotFound {
            profile: name.to_owned(),
            session: named.value().to_owned(),
            origin: named.origin(),
            nearest: nearest(named.value(), config.sso_sessions().map(|section| section.name())),
            config: config.config_file().into(),
        })?;

    let of_session = missing_keys(section);
    let of_role = half_of_role(profile);
    match &of_role {
        Some(half) if !of_session.is_empty() => {
            let mut missing = vec![missing_key(profile, half.missing)];
            missing.extend(of_session.into_iter().map(|key| missing_key(section, key)));
            return Err(SettingsError::MissingKeys { profile: name.to_owned(), missing });
        }
        Some(half) => {
            refuse_empty_account_id(name, half.present)?;
            return Err(half.error(name));
        }
        None => {}
    }
    let session = SsoSession::from_section(section, Some(name))?;

    for key in ["sso_start_url", "sso_region"] {
        if let (Some(own), Some(of_session)) = (profile.get(key), section.get(key))
            && own.value() != of_session.value()
        {
            return Err(SettingsError::Conflict {
                profile: name.to_owned(),
                session: section.name().to_owned(),
                key,
                in_profile: Box::new(configured(own)),
                in_session: Box::new(configured(of_session)),
            });
        }
    }
    let warnings = session.warnings().to_vec();
    Ok((SignIn::Session(session), warnings))
}

/// The form without.
fn legacy(profile: Profile<'_>) -> Result<(SignIn, Vec<Warning>), SettingsError> {
    let needed = ["sso_start_url", "sso_region", "sso_account_id", "sso_role_name"];
    let missing: Vec<MissingKey> = needed
        .into_iter()
        .filter(|key| profile.get(key).is_none())
        .map(|key| missing_key(profile, key))
        .collect();
    let name = profile.name();
    let (Some(start_url), Some(region), []) =
        (profile.get("sso_start_url"), profile.get("sso_region"), missing.as_slice())
    else {
        return Err(SettingsError::MissingKeys { profile: name.to_owned(), missing });
    };
    let sign_in = SignIn::Legacy {
        start_url: value(profile, start_url, "sso_start_url", Some(name), StartUrl::new)?,
        region: value(profile, region, "sso_region", Some(name), Region::new)?,
    };
    Ok((sign_in, start_url_warning(profile, start_url).into_iter().collect()))
}

/// Account and role, after it is known that both are there or neither is.
fn role(profile: Profile<'_>) -> Result<Option<(AccountId, RoleName)>, SettingsError> {
    let (Some(account), Some(role)) = (profile.get("sso_account_id"), profile.get("sso_role_name"))
    else {
        return Ok(None);
    };
    let name = profile.name();
    refuse_empty_account_id(name, account)?;
    let account = value(profile, account, "sso_account_id", Some(name), AccountId::new)?;
    let role = value(profile, role, "sso_role_name", Some(name), RoleName::new)?;
    Ok(Some((account, role)))
}

/// An empty account id is its own error, also where the role is missing. A role passes.
fn refuse_empty_account_id(profile: &str, property: Property<'_>) -> Result<(), SettingsError> {
    if property.key() == "sso_account_id" && property.value().is_empty() {
        return Err(SettingsError::EmptyAccountId {
            profile: profile.to_owned(),
            origin: property.origin(),
        });
    }
    Ok(())
}

fn account_id_warning(profile: Profile<'_>) -> Option<Warning> {
    let property = profile.get("sso_account_id")?;
    let has_twelve_digits =
        AccountId::new(property.value()).is_ok_and(|account| account.has_twelve_digits());
    (!has_twelve_digits).then(|| Warning::AccountIdDigits {
        profile: profile.name().to_owned(),
        account_id: property.value().to_owned(),
        origin: property.origin(),
    })
}

/// An account without a role, or the other way round.
struct HalfOfRole<'a> {
    present: Property<'a>,
    missing: &'static str,
}

fn half_of_role(profile: Profile<'_>) -> Option<HalfOfRole<'_>> {
    match (profile.get("sso_account_id"), profile.get("sso_role_name")) {
        (Some(present), None) => Some(HalfOfRole { present, missing: "sso_role_name" }),
        (None, Some(present)) => Some(HalfOfRole { present, missing: "sso_account_id" }),
        (Some(_), Some(_)) | (None, None) => None,
    }
}

impl HalfOfRole<'_> {
    fn error(&self, profile: &str) -> SettingsError {
        let (profile, origin) = (profile.to_owned(), self.present.origin());
        if self.missing == "sso_role_name" {
            SettingsError::AccountWithoutRole { profile, origin }
        } else {
            SettingsError::RoleWithoutAccount { profile, origin }
        }
    }
}

fn configured(property: Property<'_>) -> ConfiguredValue {
    ConfiguredValue { value: property.value().to_owned(), origin: property.origin() }
}

fn missing_key(section: Section<'_>, key: &'static str) -> MissingKey {
    MissingKey { key, section: section.header(), origin: section.origin() }
}

impl SharedConfig {
    /// The profiles that use SSO, whether they can be used or not: those with an `sso_` property that
    /// do not assume a role.
    pub fn sso_profiles(&self) -> impl Iterator<Item = Profile<'_>> {
        self.profiles().filter(|profile| has_sso_keys(*profile) && !assumes_role(*profile))
    }
}

/// A profile that assumes a role is no SSO profile, whatever else it holds.
fn refuse_assumed_role(config: &SharedConfig, profile: Profile<'_>) -> Result<(), SettingsError> {
    let Some(role_arn) = profile.get("role_arn") else { return Ok(()) };
    let name = profile.name().to_owned();
    if let Some(web_identity) = profile.get("web_identity_token_file") {
        return Err(SettingsError::WebIdentity { profile: name, origin: web_identity.origin() });
    }
    let behind = if let Some(source) = profile.get("source_profile") {
        behind_role(config, profile, source)
    } else if profile.get("credential_source").is_some() {
        BehindRole::CredentialSource
    } else {
        return Ok(());
    };
    Err(SettingsError::AssumesRole { profile: name, origin: role_arn.origin(), behind })
}

/// Follows `source_profile` to its end. Each profile is visited once, so a circle ends.
fn behind_role(config: &SharedConfig, profile: Profile<'_>, source: Property<'_>) -> BehindRole {
    let mut visited = HashSet::from([profile.name()]);
    let mut next = source.value();
    loop {
        if !visited.insert(next) {
            return BehindRole::Loop;
        }
        let Some(profile) = config.profile(next) else {
            return BehindRole::NoProfile(next.to_owned());
        };
        if assumes_otherwise(profile) {
            return BehindRole::OtherProfile(next.to_owned());
        }
        match profile.get("role_arn").and(profile.get("source_profile")) {
            Some(source) => next = source.value(),
            None if has_sso_keys(profile) => {
                return BehindRole::SsoProfile(next.to_owned());
            }
            None => return BehindRole::OtherProfile(next.to_owned()),
        }
    }
}

/// Whether it assumes a role, with whatever credentials.
fn assumes_role(profile: Profile<'_>) -> bool {
    let has = |key| profile.get(key).is_some();
    has("role_arn")
        && ["source_profile", "credential_source", "web_identity_token_file"].into_iter().any(has)
}

/// Whether it assumes a role, and not with the credentials of another profile.
fn assumes_otherwise(profile: Profile<'_>) -> bool {
    let has = |key| profile.get(key).is_some();
    has("role_arn")
        && (has("web_identity_token_file") || (has("credential_source") && !has("source_profile")))
}
