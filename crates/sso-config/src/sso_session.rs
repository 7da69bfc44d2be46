//! What an sso-session says: start URL, region, scopes.
//!
//! Not responsible for profiles ([`SsoProfile`](crate::SsoProfile)).

use sso_types::{NameError, Region, SessionName, StartUrl};

use crate::nearest::nearest;
use crate::section::{Property, Section};
use crate::{SettingsError, SharedConfig, Warning};

/// An `[sso-session NAME]`, resolved: where to sign in, and for what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SsoSession {
    name: SessionName,
    start_url: StartUrl,
    region: Region,
    registration_scopes: Vec<String>,
    warnings: Vec<Warning>,
}

impl SsoSession {
    /// The session `name` by itself, for a token without a profile.
    ///
    /// Fails with [`SettingsError::UnknownSession`], [`SettingsError::IncompleteSession`] (both
    /// keys named at once when both are missing) or [`SettingsError::InvalidValue`].
    pub fn resolve(config: &SharedConfig, name: &str) -> Result<Self, SettingsError> {
        let section = config.sso_session(name).ok_or_else(|| SettingsError::UnknownSession {
            session: name.to_owned(),
            nearest: nearest(name, config.sso_sessions().map(|section| section.name())),
            config: config.config_file().into(),
        })?;
        Self::from_section(section, None)
    }

    /// The same, for the session that `profile` names.
    pub(crate) fn from_section(
        section: Section<'_>,
        profile: Option<&str>,
    ) -> Result<Self, SettingsError> {
        let (Some(start_url), Some(region)) =
            (section.get("sso_start_url"), section.get("sso_region"))
        else {
            return Err(SettingsError::IncompleteSession {
                profile: profile.map(str::to_owned),
                session: section.name().to_owned(),
                origin: section.origin(),
                missing: missing_keys(section),
            });
        };
        Ok(Self {
            name: SessionName::new(section.name()).map_err(|source| {
                SettingsError::InvalidValue {
                    profile: profile.map(str::to_owned),
                    section: section.header(),
                    key: "the name",
                    origin: section.origin(),
                    source: Box::new(source),
                }
            })?,
            start_url: value(section, start_url, "sso_start_url", profile, StartUrl::new)?,
            region: value(section, region, "sso_region", profile, Region::new)?,
            registration_scopes: scopes(section),
            warnings: start_url_warning(section, start_url).into_iter().collect(),
        })
    }

    /// The name of the session: the token file's name is made from it.
    pub fn name(&self) -> &SessionName {
        &self.name
    }

    /// The start URL, byte for byte as configured.
    pub fn start_url(&self) -> &StartUrl {
        &self.start_url
    }

    /// The region of the IAM Identity Center instance (`sso_region`).
    pub fn region(&self) -> &Region {
        &self.region
    }

    /// `sso_registration_scopes`, in the order in which they stand; none when there are none.
    pub fn registration_scopes(&self) -> &[String] {
        &self.registration_scopes
    }

    /// What looks wrong, and yet is no error.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }
}

/// Of the keys that a session needs, those that it lacks.
pub(crate) fn missing_keys(section: Section<'_>) -> Vec<&'static str> {
    let mut keys = vec!["sso_start_url", "sso_region"];
    keys.retain(|key| section.get(key).is_none());
    keys
}

/// The value of a property as a name that can be sent.
pub(crate) fn value<'a, T>(
    section: Section<'_>,
    property: Property<'a>,
    key: &'static str,
    profile: Option<&str>,
    new: impl FnOnce(&'a str) -> Result<T, NameError>,
) -> Result<T, SettingsError> {
    new(property.value()).map_err(|source| SettingsError::InvalidValue {
        profile: profile.map(str::to_owned),
        section: section.header(),
        key,
        origin: property.origin(),
        source: Box::new(source),
    })
}

pub(crate) fn start_url_warning(section: Section<'_>, start_url: Property<'_>) -> Option<Warning> {
    const HTTPS: &str = "https://";
    let is_https = start_url
        .value()
        .get(..HTTPS.len())
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case(HTTPS));
    (!is_https).then(|| Warning::StartUrlNotHttps {
        section: section.header(),
        origin: start_url.origin(),
    })
}

fn scopes(section: Section<'_>) -> Vec<String> {
    let value = section.get("sso_registration_scopes").map(|scopes| scopes.value());
    let scopes = value.unwrap_or_default().split(',').map(str::trim);
    scopes.filter(|scope| !scope.is_empty()).map(str::to_owned).collect()
}
