//! Resolution of connection settings from the environment and the profile.
//!
//! Endpoint URLs are checked, and proxy settings are read, in `sso-http`.

use std::path::{Path, PathBuf};

use sso_types::Environment;

use crate::locate::expand;
use crate::section::{Section, SectionKind};
use crate::sso_session::refuse_faulty_lines;
use crate::{NotFound, Property, Setting, SettingSource, SettingsError, SharedConfig};

/// The default number of attempts of a request, including the first.
const DEFAULT_MAX_ATTEMPTS: u32 = 3;

/// Connection settings for the SSO portal and the SSO OIDC service.
///
/// The fields are public, so that a program can replace a configured value with its own
/// ([`Setting::from_code`]). It must then call [`Settings::check`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settings {
    /// The URL that replaces the standard URL of the SSO portal, as it is written and not checked.
    pub portal_endpoint: Option<Setting<String>>,
    /// The URL that replaces the standard URL of the SSO OIDC service, as it is written and not
    /// checked.
    pub oidc_endpoint: Option<Setting<String>>,
    /// True if FIPS endpoints are used.
    pub use_fips: Setting<bool>,
    /// True if dual-stack (IPv4 and IPv6) endpoints are used.
    pub use_dual_stack: Setting<bool>,
    /// A PEM file of certificates to trust instead of the platform's certificates.
    pub ca_bundle: Option<Setting<PathBuf>>,
    /// The number of attempts of a request, including the first; at least 1.
    pub max_attempts: Setting<u32>,
}

impl Settings {
    /// Resolves the settings of `profile`. Pass `None` for an sso-session that is used without a
    /// profile.
    ///
    /// An endpoint is the first of these that is set:
    ///
    /// 1. `AWS_ENDPOINT_URL_SSO` (or `AWS_ENDPOINT_URL_SSO_OIDC`)
    /// 2. `AWS_ENDPOINT_URL`
    /// 3. `endpoint_url` below `sso` (or `sso_oidc`) in the section that the profile's `services`
    ///    names
    /// 4. the profile's `endpoint_url`
    ///
    /// All four are ignored if `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS` or the profile's
    /// `ignore_configured_endpoint_urls` is `true`. For every other setting, the environment takes
    /// precedence over the profile. An empty variable, `endpoint_url` or `ca_bundle` counts as
    /// unset.
    ///
    /// Fails with [`SettingsError::InvalidBoolean`], [`SettingsError::InvalidMaxAttempts`],
    /// [`SettingsError::ServicesNotFound`], [`SettingsError::FaultyLine`],
    /// [`SettingsError::EndpointConflict`],
    /// [`SettingsError::Environment`], or [`SettingsError::NoHome`] for a CA bundle below `~/`.
    pub fn resolve(
        profile: Option<&Section>,
        config: &SharedConfig,
        environment: &Environment,
    ) -> Result<Self, SettingsError> {
        let sources = Sources { profile, config, environment };
        let ignored = sources.endpoints_are_ignored()?;
        let endpoint = |variable, key| {
            if ignored { Ok(None) } else { sources.endpoint(variable, key) }
        };
        let settings = Self {
            portal_endpoint: endpoint("AWS_ENDPOINT_URL_SSO", "sso")?,
            oidc_endpoint: endpoint("AWS_ENDPOINT_URL_SSO_OIDC", "sso_oidc")?,
            use_fips: sources.switch("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint")?,
            use_dual_stack: sources
                .switch("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint")?,
            ca_bundle: sources.ca_bundle()?,
            max_attempts: sources.max_attempts()?,
        };
        settings.check()?;
        Ok(settings)
    }

    /// Fails with [`SettingsError::EndpointConflict`] if an endpoint is set and FIPS or dual-stack
    /// endpoints are enabled. [`Settings::resolve`] calls this method; call it again after changing
    /// a field.
    pub fn check(&self) -> Result<(), SettingsError> {
        for (service, endpoint) in
            [("SSO portal", &self.portal_endpoint), ("SSO OIDC service", &self.oidc_endpoint)]
        {
            for (option, switch) in
                [("FIPS endpoints", &self.use_fips), ("dual-stack endpoints", &self.use_dual_stack)]
            {
                if let Some(endpoint) = endpoint
                    && switch.value
                {
                    return Err(SettingsError::EndpointConflict {
                        service,
                        endpoint: Box::new(endpoint.source.clone()),
                        option,
                        option_source: Box::new(switch.source.clone()),
                    });
                }
            }
        }
        Ok(())
    }
}

impl Default for Settings {
    /// Standard endpoints, no FIPS, no dual-stack, the platform's certificates, 3 attempts.
    fn default() -> Self {
        Self {
            portal_endpoint: None,
            oidc_endpoint: None,
            use_fips: Setting::default_of(false),
            use_dual_stack: Setting::default_of(false),
            ca_bundle: None,
            max_attempts: Setting::default_of(DEFAULT_MAX_ATTEMPTS),
        }
    }
}

/// The sources of settings.
struct Sources<'a> {
    profile: Option<&'a Section>,
    config: &'a SharedConfig,
    environment: &'a Environment,
}

impl<'a> Sources<'a> {
    fn endpoints_are_ignored(&self) -> Result<bool, SettingsError> {
        let variable = self.variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")?;
        let property = self.property("ignore_configured_endpoint_urls");
        // Either one is enough. Both are parsed, so that an invalid value is always an error.
        let mut ignored = false;
        for setting in variable.into_iter().chain(property) {
            ignored |= boolean(setting)?.value;
        }
        Ok(ignored)
    }

    fn endpoint(
        &self,
        variable: &'static str,
        key: &str,
    ) -> Result<Option<Setting<String>>, SettingsError> {
        for variable in [variable, "AWS_ENDPOINT_URL"] {
            if let Some(url) = self.variable(variable)? {
                return Ok(Some(url.map(str::to_owned)));
            }
        }
        let below_services = self.services()?.and_then(|services| {
            let property = services.get(key)?.sub("endpoint_url")?;
            Some(from_property(services, property, "endpoint_url"))
        });
        let urls = below_services.into_iter().chain(self.property("endpoint_url"));
        Ok(urls.map(|url| url.map(str::to_owned)).find(|url| !url.value.is_empty()))
    }

    /// The section that the profile's `services` names.
    fn services(&self) -> Result<Option<&'a Section>, SettingsError> {
        let named = self.profile.and_then(|profile| Some((profile, profile.get("services")?)));
        let Some((profile, named)) = named else { return Ok(None) };
        let Some(services) = self.config.service(named.value()) else {
            return Err(SettingsError::ServicesNotFound {
                profile: profile.name().to_owned(),
                services: named.value().to_owned(),
                origin: named.origin().clone(),
                not_found: NotFound::new(self.config, SectionKind::Services, named.value()),
            });
        };
        refuse_faulty_lines(services, Some(profile.name()))?;
        Ok(Some(services))
    }

    fn switch(
        &self,
        variable: &'static str,
        key: &'static str,
    ) -> Result<Setting<bool>, SettingsError> {
        let found = self.variable(variable)?.or_else(|| self.property(key));
        found.map_or(Ok(Setting::default_of(false)), boolean)
    }

    fn ca_bundle(&self) -> Result<Option<Setting<PathBuf>>, SettingsError> {
        const VARIABLE: &str = "AWS_CA_BUNDLE";
        let found = match self.environment.var_os(VARIABLE) {
            Some(path) => Some(Setting::new(Path::new(path), SettingSource::Environment(VARIABLE))),
            None => self
                .property("ca_bundle")
                .filter(|path| !path.value.is_empty())
                .map(|path| path.map(Path::new)),
        };
        found
            .map(|found| Ok(Setting::new(expand(found.value, self.environment)?, found.source)))
            .transpose()
    }

    fn max_attempts(&self) -> Result<Setting<u32>, SettingsError> {
        let found = self.variable("AWS_MAX_ATTEMPTS")?.or_else(|| self.property("max_attempts"));
        let Some(Setting { value, source }) = found else {
            return Ok(Setting::default_of(DEFAULT_MAX_ATTEMPTS));
        };
        match value.trim().parse() {
            Ok(attempts) if attempts > 0 => Ok(Setting::new(attempts, source)),
            _ => Err(SettingsError::InvalidMaxAttempts { setting: source }),
        }
    }

    fn variable(&self, name: &'static str) -> Result<Option<Setting<&'a str>>, SettingsError> {
        let value = self.environment.var(name)?;
        Ok(value.map(|value| Setting::new(value, SettingSource::Environment(name))))
    }

    fn property(&self, key: &'static str) -> Option<Setting<&'a str>> {
        let profile = self.profile?;
        Some(from_property(profile, profile.get(key)?, key))
    }
}

fn from_property<'a>(
    section: &'a Section,
    property: &'a Property,
    key: &'static str,
) -> Setting<&'a str> {
    let source = SettingSource::Property {
        key,
        section: section.header(),
        origin: property.origin().clone(),
    };
    Setting::new(property.value(), source)
}

fn boolean(setting: Setting<&str>) -> Result<Setting<bool>, SettingsError> {
    let value = setting.value.trim();
    if value.eq_ignore_ascii_case("true") {
        Ok(setting.map(|_| true))
    } else if value.eq_ignore_ascii_case("false") {
        Ok(setting.map(|_| false))
    } else {
        Err(SettingsError::InvalidBoolean { setting: setting.source })
    }
}
