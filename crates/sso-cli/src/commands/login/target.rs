//! The target of a login or logout, resolved from the config files.

use std::collections::BTreeSet;

use sso_cache::CacheKey;
use sso_config::{Property, Section, SharedConfig, SsoProfile, SsoSession};
use sso_http::{Endpoint, EndpointVariant};
use sso_login::LoginSession;
use sso_provider::{ConfigError, ProfileProviders, ProfileProvidersBuilder};

use crate::context::Context;
use crate::failure::Failure;
use crate::followed_profile::follow;
use crate::notices;

/// Keys of an sso-session or a legacy profile: the key of ssocreds, and the key that the pull requests
/// 10635 and 10462 of the AWS CLI propose.
const USE_DEVICE_CODE: [&str; 2] = ["ssocreds_use_device_code", "sso_use_device_code"];
const REDIRECT_PORT: [&str; 2] = ["ssocreds_redirect_port", "sso_redirect_port"];

/// An sso-session, or the login of a legacy profile.
#[derive(Debug)]
pub(in crate::commands) struct Target {
    /// The name to show: the session's name, or the start URL of a legacy profile.
    pub(in crate::commands) name: String,
    pub(in crate::commands) session: LoginSession,
    pub(in crate::commands) cache_key: CacheKey,
    pub(in crate::commands) providers: ProfileProviders,
    /// The configured endpoint, which replaces the region's endpoint.
    pub(super) oidc_endpoint: Option<Endpoint>,
    pub(super) variant: EndpointVariant,
    pub(super) use_device_code: bool,
    pub(super) redirect_port: Option<u16>,
}

impl Target {
    /// Resolves the session with that name, or else the session of the selected profile.
    pub(in crate::commands) fn resolve(
        context: &Context,
        sso_session: Option<&str>,
    ) -> Result<Self, Failure> {
        let config = context.shared_config()?;
        if let Some(name) = sso_session {
            return Self::for_session(context, &config, name);
        }
        let environment = &context.environment;
        let profile = context.global.profile.as_deref();
        let (name, _) = sso_config::selected_profile(profile, environment)?;
        let name = follow(&config, &name)?;
        let profile = SsoProfile::resolve(&config, &name, environment)?;
        Self::for_profile(context, &config, &profile)
    }

    /// Resolves every sso-session, and the login of every legacy profile, each once. For a session, uses
    /// the settings of its first profile by name, since a session has no connection settings.
    pub(in crate::commands) fn all(
        context: &Context,
        config: &SharedConfig,
    ) -> Vec<Result<Self, Failure>> {
        let resolve =
            |profile: &Section| SsoProfile::resolve(config, profile.name(), &context.environment);
        let mut targets: Vec<_> = config
            .sso_sessions()
            .map(|session| {
                let mut profiles = config
                    .sso_profiles()
                    .filter(|profile| session_of(profile) == Some(session.name()));
                match profiles.find_map(|profile| resolve(profile).ok()) {
                    Some(profile) => Self::for_profile(context, config, &profile),
                    None => Self::for_session(context, config, session.name()),
                }
            })
            .collect();
        let mut start_urls = BTreeSet::new();
        for profile in config.sso_profiles().filter(|profile| session_of(profile).is_none()) {
            let profile = resolve(profile);
            let is_known =
                |profile: &SsoProfile| !start_urls.insert(profile.start_url().to_string());
            if !profile.as_ref().is_ok_and(is_known) {
                let target = profile.map_err(Failure::from);
                targets.push(target.and_then(|it| Self::for_profile(context, config, &it)));
            }
        }
        targets
    }

    /// Resolves a session of `config`, the text of a config file that is not written yet.
    pub(super) fn from_text(
        context: &Context,
        config: &str,
        session: &str,
    ) -> Result<Self, Failure> {
        let locations = context.locations()?;
        let parse = || SharedConfig::parse(&locations, config, "").map_err(ConfigError::from);
        let builder = context.builder()?.shared_config(parse()?);
        Self::for_session_with(context, &parse()?, session, builder)
    }

    fn for_session(context: &Context, config: &SharedConfig, name: &str) -> Result<Self, Failure> {
        Self::for_session_with(context, config, name, context.builder()?)
    }

    fn for_session_with(
        context: &Context,
        config: &SharedConfig,
        name: &str,
        builder: ProfileProvidersBuilder,
    ) -> Result<Self, Failure> {
        let session = SsoSession::resolve(config, name)?;
        let (start_url, region) = (session.start_url().clone(), session.region().clone());
        let login = LoginSession::new(session.name().clone(), start_url, region)
            .registration_scopes(session.registration_scopes());
        Self::new(context, config, login, &ConfigSection::Session(name), builder)
    }

    fn for_profile(
        context: &Context,
        config: &SharedConfig,
        profile: &SsoProfile,
    ) -> Result<Self, Failure> {
        let (start_url, region) = (profile.start_url().clone(), profile.region().clone());
        let login = match profile.sso_session() {
            Some(session) => LoginSession::new(session.clone(), start_url, region)
                .registration_scopes(profile.registration_scopes()),
            None => LoginSession::legacy(start_url, region),
        };
        let section = ConfigSection::Profile(profile.profile_name());
        Self::new(context, config, login, &section, context.builder()?)
    }

    fn new(
        context: &Context,
        config: &SharedConfig,
        session: LoginSession,
        section: &ConfigSection<'_>,
        builder: ProfileProvidersBuilder,
    ) -> Result<Self, Failure> {
        let key = |names: &[&str]| section_value(config, section, names);
        let use_device_code = key(&USE_DEVICE_CODE).is_some_and(|(name, value)| {
            flag(&value).unwrap_or_else(|| {
                notices::warn(&format!("{name} = {value} is neither true nor false; ignored"));
                false
            })
        });
        let redirect_port = key(&REDIRECT_PORT).and_then(|(name, value)| {
            let port = value.parse().ok().filter(|port| *port != 0);
            if port.is_none() {
                notices::warn(&format!("{name} = {value} is not a port; ignored"));
            }
            port
        });

        // A profile has connection settings, an sso-session has none.
        let builder = match section {
            ConfigSection::Session(name) => builder.sso_session(*name),
            ConfigSection::Profile(name) => builder.profile(*name),
        };
        let providers = builder.build()?;
        context.remember(&providers);
        let settings = providers.settings();
        let variant = EndpointVariant::default()
            .with_fips(settings.use_fips.value)
            .with_dual_stack(settings.use_dual_stack.value);
        let oidc_endpoint = settings.oidc_endpoint.as_ref();
        let oidc_endpoint = oidc_endpoint
            .map(|url| Ok(url.value.parse::<Endpoint>()?.with_origin(url.source.to_string())))
            .transpose()
            .map_err(|error: sso_http::EndpointError| ConfigError::from(error))?;
        let cache_key = match session.name() {
            Some(name) => CacheKey::for_session(name),
            None => CacheKey::for_start_url(session.start_url()),
        };
        Ok(Self {
            name: cache_key.as_str().to_owned(),
            session,
            cache_key,
            oidc_endpoint,
            variant,
            use_device_code,
            redirect_port,
            providers,
        })
    }
}

/// The section of the config file that a login was resolved from.
enum ConfigSection<'a> {
    Session(&'a str),
    Profile(&'a str),
}

/// Returns the `sso_session` of the profile.
fn session_of(profile: &Section) -> Option<&str> {
    profile.get("sso_session").map(Property::value)
}

/// Returns the first of the keys that is set, with its value. Looks in the profile first, then in its
/// session.
fn section_value(
    config: &SharedConfig,
    section: &ConfigSection<'_>,
    keys: &[&str],
) -> Option<(String, String)> {
    let in_session =
        |session: &str, key: &str| Some(config.sso_session(session)?.get(key)?.value().to_owned());
    keys.iter().find_map(|key| {
        let value = match section {
            ConfigSection::Session(session) => in_session(session, key),
            ConfigSection::Profile(profile) => {
                let profile = config.profile(profile)?;
                let own = profile.get(key).map(|property| property.value().to_owned());
                own.or_else(|| in_session(session_of(profile)?, key))
            }
        };
        Some(((*key).to_owned(), value?))
    })
}

fn flag(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}
