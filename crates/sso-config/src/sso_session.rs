//! Resolution of an sso-session: start URL, region and scopes.

use sso_types::{Region, SessionName, StartUrl};

use crate::section::{Section, SectionKind};
use crate::value::Value;
use crate::{MissingKey, NotFound, Origin, Property, SettingsError, SharedConfig, Warning};

/// A resolved `[sso-session NAME]`: the start URL, region and scopes of a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SsoSession {
    name: SessionName,
    origin: Origin,
    start_url: StartUrl,
    region: Region,
    registration_scopes: Vec<String>,
    warnings: Vec<Warning>,
}

impl SsoSession {
    /// Resolves the session `name` without a profile, for a caller who only needs an access token.
    ///
    /// Fails with [`SettingsError::UnknownSession`], [`SettingsError::FaultyLine`],
    /// [`SettingsError::IncompleteSession`] (with both keys if both are missing),
    /// [`SettingsError::InQuotes`], [`SettingsError::AvailabilityZone`] or
    /// [`SettingsError::InvalidValue`].
    pub fn resolve(config: &SharedConfig, name: &str) -> Result<Self, SettingsError> {
        let section = config.sso_session(name).ok_or_else(|| SettingsError::UnknownSession {
            session: name.to_owned(),
            not_found: NotFound::new(config, SectionKind::SsoSession, name),
        })?;
        Self::from_section(section, None)
    }

    /// Resolves the session in `section`. Errors mention `profile` if there is one.
    pub(crate) fn from_section(
        section: &Section,
        profile: Option<&str>,
    ) -> Result<Self, SettingsError> {
        refuse_faulty_lines(section, profile)?;
        let (Some(start_url), Some(region)) =
            (section.get("sso_start_url"), section.get("sso_region"))
        else {
            return Err(SettingsError::IncompleteSession {
                profile: profile.map(str::to_owned),
                session: section.name().to_owned(),
                missing: missing_keys(section),
            });
        };
        let start_url = Value { profile, section, property: start_url, key: "sso_start_url" };
        let region = Value { profile, section, property: region, key: "sso_region" };
        let name =
            SessionName::new(section.name()).map_err(|source| SettingsError::InvalidValue {
                profile: profile.map(str::to_owned),
                section: section.header(),
                key: "the name",
                origin: section.origin().clone(),
                source: Box::new(source),
            })?;
        Ok(Self {
            name,
            origin: section.origin().clone(),
            start_url: start_url.parse(StartUrl::new)?,
            region: region.region()?,
            registration_scopes: scopes(section),
            warnings: section
                .warnings()
                .iter()
                .cloned()
                .chain(start_url.start_url_warning())
                .collect(),
        })
    }

    /// The name of the session. The name of the token file is derived from it.
    pub fn name(&self) -> &SessionName {
        &self.name
    }

    /// The file and line of the section line.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The start URL, byte for byte as configured.
    pub fn start_url(&self) -> &StartUrl {
        &self.start_url
    }

    /// The region of the IAM Identity Center instance (`sso_region`).
    pub fn region(&self) -> &Region {
        &self.region
    }

    /// `sso_registration_scopes`, in the order of the file; empty if the session has none.
    pub fn registration_scopes(&self) -> &[String] {
        &self.registration_scopes
    }

    /// Probable mistakes in this section that are not errors.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }
}

/// The required keys that a session lacks.
pub(crate) fn missing_keys(section: &Section) -> Vec<MissingKey> {
    let keys = ["sso_start_url", "sso_region"].into_iter();
    let missing = keys.filter(|key| section.get(key).is_none());
    missing.map(|key| MissingKey::new(section, key)).collect()
}

/// Fails if a line of the section cannot be parsed, since it may be meant as any property.
pub(crate) fn refuse_faulty_lines(
    section: &Section,
    profile: Option<&str>,
) -> Result<(), SettingsError> {
    faulty_lines(section, profile).next().map_or(Ok(()), Err)
}

/// An error for each line of the section that cannot be parsed.
pub(crate) fn faulty_lines<'a>(
    section: &'a Section,
    profile: Option<&'a str>,
) -> impl Iterator<Item = SettingsError> + 'a {
    let faulty = section.warnings().iter().filter(|warning| warning.is_faulty_line());
    faulty.map(move |warning| SettingsError::FaultyLine {
        profile: profile.map(str::to_owned),
        warning: Box::new(warning.clone()),
    })
}

fn scopes(section: &Section) -> Vec<String> {
    let value = section.get("sso_registration_scopes").map(Property::value);
    let scopes = value.unwrap_or_default().split(',').map(str::trim);
    scopes.filter(|scope| !scope.is_empty()).map(str::to_owned).collect()
}
