//! Resolution of an SSO profile: its login, account and role.

use sso_types::{AccountId, Environment, Region, RoleName, SessionName, StartUrl};

use crate::assumed_role::{has_sso_keys, role_credentials_source};
use crate::missing_key::ignored_property;
use crate::not_found::in_quotes;
use crate::section::{Section, SectionKind};
use crate::sso_session::{SsoSession, faulty_lines, missing_keys, refuse_faulty_lines};
use crate::value::Value;
use crate::{
    ConfiguredValue, MissingKey, NotFound, Origin, Property, RoleCredentialsSource, Settings,
    SettingsError, SharedConfig, Warning, WarningKind,
};

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
    origin: Origin,
    origins: Vec<(&'static str, Origin)>,
    login: Login,
    role: Option<(AccountId, RoleName)>,
    aws_region: Option<String>,
    settings: Settings,
    warnings: Vec<Warning>,
}

/// The two forms of an SSO profile: with an sso-session, or with its own start URL.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Login {
    Session(SsoSession),
    Legacy { start_url: StartUrl, region: Region },
}

impl SsoProfile {
    /// Resolves the profile `name`: follows `sso_session`, checks that all required values are
    /// present and valid, and resolves the [`Settings`]. No I/O.
    ///
    /// Fails with the first error; an error about missing keys names all of them. For more errors
    /// see [`SsoProfile::errors`]. A profile whose session is broken is an error: it is never used
    /// as a legacy profile instead.
    pub fn resolve(
        config: &SharedConfig,
        name: &str,
        environment: &Environment,
    ) -> Result<Self, SettingsError> {
        let profile = sso_profile(config, name)?;
        refuse_faulty_lines(profile, Some(name))?;
        let login = Login::resolve(config, profile)?;
        let role = role(profile)?;
        let settings = Settings::resolve(Some(profile), config, environment)?;
        Ok(Self {
            profile_name: name.to_owned(),
            origin: profile.origin().clone(),
            origins: origins(config, profile),
            warnings: warnings(config, profile, &login),
            login,
            role,
            aws_region: profile.get("region").map(|region| region.value().to_owned()),
            settings,
        })
    }

    /// Returns the errors of the profile `name`, the most important first: all those of its lines and
    /// its login, and the first one each of its role and of its settings. Returns none if
    /// [`SsoProfile::resolve`] succeeds. For linters.
    pub fn errors(
        config: &SharedConfig,
        name: &str,
        environment: &Environment,
    ) -> Vec<SettingsError> {
        let profile = match sso_profile(config, name) {
            Ok(profile) => profile,
            Err(error) => return vec![error],
        };
        let mut errors: Vec<_> = faulty_lines(profile, Some(name)).collect();
        errors.extend(Login::errors(config, profile));
        errors.extend(role(profile).err());
        errors.extend(Settings::resolve(Some(profile), config, environment).err());
        errors
    }

    /// The name of the profile.
    pub fn profile_name(&self) -> &str {
        &self.profile_name
    }

    /// The file and line of the profile's section line.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Returns the file and line of `key` in the profile or its session; `None` if neither has it.
    ///
    /// The key is one of `sso_session`, `sso_account_id`, `sso_role_name`, `sso_start_url`,
    /// `sso_region`, `sso_registration_scopes` and `region`. For other settings see
    /// [`SsoProfile::settings`].
    pub fn origin_of(&self, key: &str) -> Option<&Origin> {
        self.origins.iter().find(|(it, _)| *it == key).map(|(_, origin)| origin)
    }

    /// The name of the session; `None` for a profile of the legacy form. The token of a legacy
    /// profile cannot be refreshed, and its file is named after the start URL.
    pub fn sso_session(&self) -> Option<&SessionName> {
        match &self.login {
            Login::Session(session) => Some(session.name()),
            Login::Legacy { .. } => None,
        }
    }

    /// The start URL, byte for byte as configured.
    pub fn start_url(&self) -> &StartUrl {
        match &self.login {
            Login::Session(session) => session.start_url(),
            Login::Legacy { start_url, .. } => start_url,
        }
    }

    /// The region of the IAM Identity Center instance (`sso_region`). The SSO services are called
    /// there.
    pub fn region(&self) -> &Region {
        match &self.login {
            Login::Session(session) => session.region(),
            Login::Legacy { region, .. } => region,
        }
    }

    /// The account and the role to get credentials for; `None` for a profile that only needs the
    /// access token (bearer authentication).
    pub fn role(&self) -> Option<(&AccountId, &RoleName)> {
        self.role.as_ref().map(|(account, role)| (account, role))
    }

    /// `sso_registration_scopes` of the session; none for a legacy profile.
    pub fn registration_scopes(&self) -> &[String] {
        match &self.login {
            Login::Session(session) => session.registration_scopes(),
            Login::Legacy { .. } => &[],
        }
    }

    /// The profile's `region`, as it is written. It is meant for the program that uses the
    /// credentials; getting them does not depend on it.
    pub fn aws_region(&self) -> Option<&str> {
        self.aws_region.as_deref()
    }

    /// The connection settings for the SSO services.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The warnings that concern this profile: about the lines of its sections, about its values,
    /// and about a credentials file that cannot be loaded. For all warnings see
    /// [`SharedConfig::warnings`].
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }
}

impl Login {
    fn resolve(config: &SharedConfig, profile: &Section) -> Result<Self, SettingsError> {
        match profile.get("sso_session") {
            Some(named) => session(config, profile, named).map(Self::Session),
            None => legacy(profile),
        }
    }

    /// Returns all errors; [`Login::resolve`] returns only the first.
    fn errors(config: &SharedConfig, profile: &Section) -> Vec<SettingsError> {
        let first = Self::resolve(config, profile).err();
        let section = profile
            .get("sso_session")
            .map_or(Some(profile), |named| config.sso_session(named.value()));
        let Some(section) = section.filter(|_| first.is_some()) else {
            return first.into_iter().collect();
        };
        let value = |key| {
            let profile = Some(profile.name());
            section.get(key).map(|property| Value { profile, section, property, key })
        };
        let mut errors: Vec<_> = first.into_iter().collect();
        if !std::ptr::eq(section, profile) {
            errors.extend(faulty_lines(section, Some(profile.name())));
            errors.extend(conflicts(profile, section));
        }
        errors.extend(value("sso_start_url").and_then(|it| it.parse(StartUrl::new).err()));
        errors.extend(value("sso_region").and_then(|it| it.region().err()));
        let mut seen = std::collections::BTreeSet::new();
        errors.retain(|error| seen.insert(error.to_string()));
        errors
    }
}

/// Looks up the profile. Fails if it does not exist or is not an SSO profile.
fn sso_profile<'a>(config: &'a SharedConfig, name: &str) -> Result<&'a Section, SettingsError> {
    let unusable_file = || {
        let source = Box::new(config.credentials_error()?.clone());
        Some(SettingsError::UnusableFile { profile: name.to_owned(), source })
    };
    let Some(profile) = config.profile(name) else {
        return Err(unusable_file().unwrap_or_else(|| SettingsError::ProfileNotFound {
            profile: name.to_owned(),
            not_found: NotFound::new(config, SectionKind::Profile, name),
        }));
    };
    refuse_assumed_role(config, profile)?;
    if has_sso_keys(profile) {
        return Ok(profile);
    }
    refuse_faulty_lines(profile, Some(name))?;
    Err(granted(profile).or_else(unusable_file).unwrap_or_else(|| SettingsError::NotSso {
        profile: name.to_owned(),
        origin: profile.origin().clone(),
        ignored: ignored_property(profile, |_| true).map(Box::new),
    }))
}

/// The error for a profile with keys of the tool named `granted` (`granted_sso_...`).
fn granted(profile: &Section) -> Option<SettingsError> {
    let keys = profile.properties().filter(|it| it.key().starts_with("granted_sso_"));
    let keys: Vec<_> = keys.collect();
    let origin = keys.first()?.origin().clone();
    let without_prefix = |it: &&Property| Some(it.key().strip_prefix("granted_")?.to_owned());
    Some(SettingsError::Granted {
        profile: profile.name().to_owned(),
        origin,
        keys: keys.iter().filter_map(without_prefix).collect(),
    })
}

/// Resolves the session that the profile's `sso_session` names.
fn session(
    config: &SharedConfig,
    profile: &Section,
    named: &Property,
) -> Result<SsoSession, SettingsError> {
    let name = profile.name();
    let value =
        Value { profile: Some(name), section: profile, property: named, key: "sso_session" };
    value.parse(SessionName::new)?;
    let Some(section) = config.sso_session(named.value()) else {
        value.refuse_quotes()?;
        return Err(SettingsError::SessionNotFound {
            profile: name.to_owned(),
            session: named.value().to_owned(),
            origin: named.origin().clone(),
            not_found: NotFound::new(config, SectionKind::SsoSession, named.value()),
        });
    };
    refuse_faulty_lines(section, Some(name))?;
    if let Some(incomplete) = incomplete_role(profile) {
        let mut missing = vec![MissingKey::new(profile, incomplete.missing)];
        missing.extend(missing_keys(section));
        if missing.len() > 1 {
            return Err(SettingsError::MissingKeys { profile: name.to_owned(), missing });
        }
        refuse_empty_account_id(name, incomplete.present)?;
        return Err(incomplete.error(profile));
    }
    let session = SsoSession::from_section(section, Some(name))?;
    conflicts(profile, section).next().map_or(Ok(session), Err)
}

/// An error for each key that the profile and its session set to different values.
fn conflicts<'a>(
    profile: &'a Section,
    section: &'a Section,
) -> impl Iterator<Item = SettingsError> + 'a {
    let keys = ["sso_start_url", "sso_region"].into_iter();
    keys.filter_map(move |key| {
        let (own, of_session) = (profile.get(key)?, section.get(key)?);
        (own.value() != of_session.value()).then(|| SettingsError::Conflict {
            profile: profile.name().to_owned(),
            session: section.name().to_owned(),
            key,
            in_profile: Box::new(configured(own)),
            in_session: Box::new(configured(of_session)),
        })
    })
}

/// Resolves the login of a profile without `sso_session`.
fn legacy(profile: &Section) -> Result<Login, SettingsError> {
    let name = profile.name();
    let needed = ["sso_start_url", "sso_region", "sso_account_id", "sso_role_name"];
    let mut missing: Vec<MissingKey> = needed
        .into_iter()
        .filter(|key| profile.get(key).is_none())
        .map(|key| MissingKey::new(profile, key))
        .collect();
    // With `sso_session`, the profile would not be a legacy profile.
    if let Some(first) = missing.first_mut()
        && let Some(ignored) = ignored_property(profile, |key| key == "sso_session")
    {
        first.ignored = Some(ignored);
    }
    let (Some(start_url), Some(region), []) =
        (profile.get("sso_start_url"), profile.get("sso_region"), missing.as_slice())
    else {
        return Err(SettingsError::MissingKeys { profile: name.to_owned(), missing });
    };
    let value = |property, key| Value { profile: Some(name), section: profile, property, key };
    Ok(Login::Legacy {
        start_url: value(start_url, "sso_start_url").parse(StartUrl::new)?,
        region: value(region, "sso_region").region()?,
    })
}

/// Parses account and role; `None` unless the profile has both.
fn role(profile: &Section) -> Result<Option<(AccountId, RoleName)>, SettingsError> {
    let (Some(account), Some(role)) = (profile.get("sso_account_id"), profile.get("sso_role_name"))
    else {
        return Ok(None);
    };
    let name = profile.name();
    refuse_empty_account_id(name, account)?;
    let value = |property, key| Value { profile: Some(name), section: profile, property, key };
    let account = value(account, "sso_account_id");
    account.refuse_quotes()?;
    let account = account.parse(AccountId::new)?;
    Ok(Some((account, value(role, "sso_role_name").parse(RoleName::new)?)))
}

/// Fails if `property` is an empty account id. Any other property is accepted.
fn refuse_empty_account_id(profile: &str, property: &Property) -> Result<(), SettingsError> {
    if property.key() == "sso_account_id" && property.value().is_empty() {
        return Err(SettingsError::EmptyAccountId {
            profile: profile.to_owned(),
            origin: property.origin().clone(),
        });
    }
    Ok(())
}

/// An account without a role, or a role without an account.
struct IncompleteRole<'a> {
    present: &'a Property,
    missing: &'static str,
}

fn incomplete_role(profile: &Section) -> Option<IncompleteRole<'_>> {
    match (profile.get("sso_account_id"), profile.get("sso_role_name")) {
        (Some(present), None) => Some(IncompleteRole { present, missing: "sso_role_name" }),
        (None, Some(present)) => Some(IncompleteRole { present, missing: "sso_account_id" }),
        (Some(_), Some(_)) | (None, None) => None,
    }
}

impl IncompleteRole<'_> {
    fn error(&self, section: &Section) -> SettingsError {
        let (profile, origin) = (section.name().to_owned(), self.present.origin().clone());
        let missing = Box::new(MissingKey::new(section, self.missing));
        if self.missing == "sso_role_name" {
            SettingsError::AccountWithoutRole { profile, origin, missing }
        } else {
            SettingsError::RoleWithoutAccount { profile, origin, missing }
        }
    }
}

fn configured(property: &Property) -> ConfiguredValue {
    ConfiguredValue { value: property.value().to_owned(), origin: property.origin().clone() }
}

/// Fails for a profile that assumes a role. It is not an SSO profile, even if it has SSO keys.
fn refuse_assumed_role(config: &SharedConfig, profile: &Section) -> Result<(), SettingsError> {
    let Some(role_arn) = profile.get("role_arn") else { return Ok(()) };
    let name = profile.name().to_owned();
    if let Some(web_identity) = profile.get("web_identity_token_file") {
        let origin = web_identity.origin().clone();
        return Err(SettingsError::WebIdentity { profile: name, origin });
    }
    let credentials_source = if let Some(source) = profile.get("source_profile") {
        role_credentials_source(config, profile, source)
    } else if profile.get("credential_source").is_some() {
        RoleCredentialsSource::CredentialSource
    } else {
        return Ok(());
    };
    let origin = role_arn.origin().clone();
    Err(SettingsError::AssumesRole { profile: name, origin, credentials_source })
}

fn warnings(config: &SharedConfig, profile: &Section, login: &Login) -> Vec<Warning> {
    let of_file = config
        .warnings()
        .iter()
        .filter(|warning| matches!(warning.kind(), WarningKind::UnusableFile { .. }));
    let mut warnings: Vec<_> = of_file.chain(profile.warnings()).cloned().collect();
    match login {
        Login::Session(session) => warnings.extend_from_slice(session.warnings()),
        Login::Legacy { .. } => warnings.extend(profile.get("sso_start_url").and_then(|url| {
            let profile_name = Some(profile.name());
            let (section, key) = (profile, "sso_start_url");
            Value { profile: profile_name, section, property: url, key }.start_url_warning()
        })),
    }
    let services = profile.get("services").and_then(|named| config.service(named.value()));
    warnings.extend(services.into_iter().flat_map(Section::warnings).cloned());
    warnings.extend(account_id_warning(profile));
    warnings.extend(role_name_warning(profile));
    warnings
}

fn account_id_warning(profile: &Section) -> Option<Warning> {
    let property = profile.get("sso_account_id")?;
    let has_twelve_digits =
        AccountId::new(property.value()).is_ok_and(|account| account.has_twelve_digits());
    let kind = WarningKind::AccountIdDigits {
        profile: profile.name().to_owned(),
        account_id: property.value().to_owned(),
    };
    (!has_twelve_digits).then(|| Warning::new(kind, property.origin().clone()))
}

fn role_name_warning(profile: &Section) -> Option<Warning> {
    let property = profile.get("sso_role_name").filter(|it| in_quotes(it.value()))?;
    let kind = WarningKind::RoleNameInQuotes { profile: profile.name().to_owned() };
    Some(Warning::new(kind, property.origin().clone()))
}

fn origins(config: &SharedConfig, profile: &Section) -> Vec<(&'static str, Origin)> {
    let session = profile.get("sso_session").and_then(|named| config.sso_session(named.value()));
    let of_login = session.unwrap_or(profile);
    let of = |section: &Section, key| Some((key, section.get(key)?.origin().clone()));
    let in_profile = ["sso_session", "sso_account_id", "sso_role_name", "region"];
    let in_login = ["sso_start_url", "sso_region", "sso_registration_scopes"];
    let in_profile = in_profile.into_iter().filter_map(|key| of(profile, key));
    in_profile.chain(in_login.into_iter().filter_map(|key| of(of_login, key))).collect()
}
