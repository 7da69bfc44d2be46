//! `ssocreds logout`: ends a session at the SSO portal and removes its files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sso_cache::{CachedToken, RoleCredentialsFile, TokenFile};
use sso_config::{Settings, SharedConfig, SsoProfile};
use sso_http::{Endpoint, EndpointVariant, HttpsClient};
use sso_login::{FinishedLogout, Logout};
use sso_provider::ConfigError;
use sso_types::Region;

use crate::arguments::LogoutOptions;
use crate::commands::login::Target;
use crate::context::Context;
use crate::failure::Failure;
use crate::printable::printable;
use crate::{notices, stdout};

pub(crate) fn run(context: &Context, options: &LogoutOptions) -> Result<(), Failure> {
    if options.all {
        return all(context);
    }
    let target = Target::resolve(context, options.sso_session.as_deref())?;
    let logout = logout(&target).role_credentials(role_credentials(context, &target)?);
    let finished = context.wait("logging out", async |_| logout.run().await)??;
    report(&target.name, &finished)
}

/// Returns the logout from a configured login.
fn logout(target: &Target) -> Logout {
    let providers = &target.providers;
    Logout::new(
        providers.https_client().clone(),
        providers.portal().endpoint().clone(),
        providers.token_provider().token_file().clone(),
    )
    .retry_layer(providers.retry_layer().clone())
}

/// Logs out of every session with a token file in the cache directory, and removes all cached SSO role
/// credentials.
fn all(context: &Context) -> Result<(), Failure> {
    let config = context.shared_config()?;
    // A login that cannot be resolved is treated like one that is not configured.
    let targets = Target::all(context, &config).into_iter().filter_map(Result::ok);
    let targets: BTreeMap<_, _> =
        targets.map(|target| (PathBuf::from(target.cache_key.file_name()), target)).collect();
    let settings = Settings::resolve(None, &config, &context.environment)?;
    let https = https_client(context, &settings)?;
    let names = names(&config);
    let directory = context.token_cache_dir()?;
    let tokens = sso_cache::cached_tokens(&directory).map_err(ConfigError::from)?;
    let mut role_files = match context.role_cache_dir() {
        Some(directory) => {
            sso_cache::role_credentials_files(&directory).map_err(ConfigError::from)?
        }
        None => Vec::new(),
    };
    if tokens.is_empty() {
        for file in role_files {
            file.remove().map_err(ConfigError::from)?;
        }
        return stdout::print("There is no login.\n");
    }
    for (file, token) in tokens {
        let name = name_of(&file, &names);
        let file_name = file.path().file_name().map(Path::new);
        let logout = if let Some(target) = file_name.and_then(|name| targets.get(name)) {
            logout(target)
        } else if let Some(portal) = portal_of(&token, &settings)? {
            Logout::new(https.clone(), portal, file)
        } else {
            notices::warn(&format!(
                "the token file {} has no region; its session at the service was not ended",
                file.path().display()
            ));
            file.remove().map_err(ConfigError::from)?;
            continue;
        };
        let logout = logout.role_credentials(std::mem::take(&mut role_files));
        let finished = context.wait("logging out", async |_| logout.run().await)??;
        report(&name, &finished)?;
    }
    Ok(())
}

fn report(name: &str, finished: &FinishedLogout) -> Result<(), Failure> {
    if let Some(error) = &finished.portal_error {
        notices::warn(&format!(
            "the SSO portal did not confirm the logout from {name}: {error}; the files are removed"
        ));
    }
    let name = printable(name);
    stdout::print(&if finished.was_logged_in {
        format!("Logged out of {name}\n")
    } else {
        format!("There is no login to {name}\n")
    })
}

/// Returns the files of cached credentials of the session: those of each configured account and role, and
/// those that contain the session's name.
fn role_credentials(
    context: &Context,
    target: &Target,
) -> Result<Vec<RoleCredentialsFile>, ConfigError> {
    let Some(directory) = context.role_cache_dir() else { return Ok(Vec::new()) };
    let config = context.shared_config()?;
    let profiles = config.sso_profiles();
    let resolved = profiles.filter_map(|profile| {
        SsoProfile::resolve(&config, profile.name(), &context.environment).ok()
    });
    let of_session = resolved.filter(|profile| match target.session.name() {
        Some(session) => profile.sso_session() == Some(session),
        None => {
            profile.sso_session().is_none() && profile.start_url() == target.session.start_url()
        }
    });
    let configured = of_session.filter_map(|profile| {
        let (account_id, role_name) = profile.role()?;
        let key = &target.cache_key;
        Some(RoleCredentialsFile::standard(&directory, account_id, role_name, key))
    });
    let mut files: Vec<_> = configured.collect();
    if let Some(name) = target.session.name() {
        let all = sso_cache::role_credentials_files(&directory)?;
        let is_recorded = |file: &RoleCredentialsFile| {
            file.recorded_session_name().as_deref() == Some(name.as_str())
        };
        files.extend(all.into_iter().filter(is_recorded));
    }
    Ok(files)
}

/// Returns the configured portal, or else that of the token's region. Returns `None` if no portal is
/// configured and the region is unknown.
fn portal_of(token: &CachedToken, settings: &Settings) -> Result<Option<Endpoint>, ConfigError> {
    if let Some(url) = &settings.portal_endpoint {
        return Ok(Some(url.value.parse::<Endpoint>()?.with_origin(url.source.to_string())));
    }
    let variant = EndpointVariant::default()
        .with_fips(settings.use_fips.value)
        .with_dual_stack(settings.use_dual_stack.value);
    let region = token.region().and_then(|region| Region::new(region).ok());
    Ok(region.map(|region| Endpoint::portal(&region, variant)))
}

fn https_client(context: &Context, settings: &Settings) -> Result<HttpsClient, ConfigError> {
    let environment = &context.environment;
    let mut client =
        HttpsClient::builder().proxies_from(environment).certificates_from(environment);
    if let Some(bundle) = &settings.ca_bundle {
        client = client.ca_bundle(&bundle.value);
    }
    Ok(client.build()?)
}

/// Returns the names of the configured sessions, by the names of their token files.
fn names(config: &SharedConfig) -> BTreeMap<PathBuf, String> {
    let sessions = config.sso_sessions().filter_map(|section| section.name().parse().ok());
    let keys = sessions.map(|name| sso_cache::CacheKey::for_session(&name));
    keys.map(|key| (PathBuf::from(key.file_name()), key.as_str().to_owned())).collect()
}

fn name_of(file: &TokenFile, names: &BTreeMap<PathBuf, String>) -> String {
    let file_name = file.path().file_name().map(Path::new);
    match file_name.and_then(|name| names.get(name)) {
        Some(name) => name.clone(),
        None => file.path().display().to_string(),
    }
}
