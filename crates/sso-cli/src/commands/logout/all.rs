//! `ssocreds logout --all`: logs out of every login with a token file in the cache directory.

use std::collections::BTreeMap;
use std::ffi::OsString;

use sso_cache::{CacheKey, CachedToken, TokenFile};
use sso_config::{Property, Settings, SharedConfig};
use sso_http::{Endpoint, EndpointVariant, HttpsClient};
use sso_login::Logout;
use sso_provider::ConfigError;
use sso_types::{Region, StartUrl, error_chain};

use super::one::{finish, log_out, print_logged_out, reason, warn_session_not_ended};
use crate::commands::login::Target;
use crate::context::Context;
use crate::failure::Failure;
use crate::{notices, stdout};

/// Logs out of every login, and removes all cached SSO role credentials. Tries all of them, and returns
/// the first failure. The others are warnings.
pub(super) fn run(context: &Context) -> Result<(), Failure> {
    let config = context.shared_config()?;
    // A login that cannot be resolved is logged out of in the region of its token.
    let targets = Target::all(context, &config).into_iter().filter_map(Result::ok);
    let targets: BTreeMap<_, _> =
        targets.map(|target| (OsString::from(target.cache_key.file_name()), target)).collect();
    let names = names(&config);
    let settings = Settings::resolve(None, &config, &context.environment)?;
    let https = https_client(context, &settings)?;
    let directory = context.token_cache_dir()?;
    let files = sso_cache::token_files(&directory).map_err(ConfigError::from)?;
    let mut results = Vec::new();
    for file in files {
        let file_name = file.path().file_name().unwrap_or_default();
        let name = names.get(file_name);
        // A file with the name of a configured login is a token file, whatever it contains.
        let is_token_file = if name.is_some() { Ok(true) } else { is_token_file(&file) };
        results.push(match (is_token_file, targets.get(file_name)) {
            (Ok(false), _) => continue,
            (Err(error), _) => Err(error.into()),
            (Ok(true), Some(target)) => log_out(context, target, Vec::new()),
            (Ok(true), None) => {
                let name = name.cloned().unwrap_or_else(|| file.path().display().to_string());
                log_out_of_file(context, file, &name, &https, &settings)
            }
        });
    }
    if results.is_empty() {
        results.push(stdout::print("There is no login.\n"));
    }
    results.extend(remove_role_credentials(context));
    let mut failures = results.into_iter().filter_map(Result::err);
    let first = failures.next();
    failures.for_each(|failure| notices::warn(&error_chain(&failure)));
    first.map_or(Ok(()), Err)
}

/// Returns whether the file contains a token. If that is not known, warns that the file is not removed.
/// If the file is missing, removes what a killed process left of it.
fn is_token_file(file: &TokenFile) -> Result<bool, ConfigError> {
    match file.contains_token() {
        Ok(is_token_file) => return Ok(is_token_file),
        Err(error) if error.is_not_found() => {
            // A refresh that is still writing holds the lock. A login that waits for its user loses its
            // reserved disk space, and goes on.
            if let Ok(Some(lock)) = file.try_lock() {
                lock.remove()?;
            }
        }
        Err(error) => notices::warn(&format!(
            "{} is not removed, because it may not be a token file; if it is one, remove it by hand: {}",
            file.path().display(),
            reason(&error)
        )),
    }
    Ok(false)
}

/// Logs out of the login of a token file for which no login of the config file can be resolved.
fn log_out_of_file(
    context: &Context,
    file: TokenFile,
    name: &str,
    https: &HttpsClient,
    settings: &Settings,
) -> Result<(), Failure> {
    let portal = match file.load() {
        Ok(token) => portal_of(&token, settings)?.ok_or("it has no valid region".to_owned()),
        Err(error) => Err(reason(&error)),
    };
    match portal {
        Ok(portal) => finish(context, name, Logout::new(https.clone(), portal, file)),
        Err(reason) => {
            warn_session_not_ended(&file, &reason);
            file.remove().map_err(ConfigError::from)?;
            print_logged_out(name)
        }
    }
}

/// Removes all cached SSO role credentials. Returns the result for each file.
fn remove_role_credentials(context: &Context) -> Vec<Result<(), Failure>> {
    let Some(directory) = context.role_cache_dir() else { return Vec::new() };
    let results = match sso_cache::role_credentials_files(&directory) {
        Ok(files) => files.iter().map(|file| file.remove().map(drop)).collect(),
        Err(error) => vec![Err(error)],
    };
    results.into_iter().map(|it| it.map_err(|error| ConfigError::from(error).into())).collect()
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

/// Returns the names of the configured logins, by the names of their token files: the names of
/// sso-sessions, and the start URLs of legacy profiles.
fn names(config: &SharedConfig) -> BTreeMap<OsString, String> {
    let sessions = config.sso_sessions().filter_map(|section| section.name().parse().ok());
    let legacy = config.sso_profiles().filter(|profile| profile.get("sso_session").is_none());
    let start_urls = legacy.filter_map(|profile| {
        profile.get("sso_start_url").map(Property::value).and_then(|url| StartUrl::new(url).ok())
    });
    sessions
        .map(|name| CacheKey::for_session(&name))
        .chain(start_urls.map(|url| CacheKey::for_start_url(&url)))
        .map(|key| (OsString::from(key.file_name()), key.as_str().to_owned()))
        .collect()
}
