//! Logs out of one login.

use std::error::Error;

use sso_cache::{CacheFileError, RoleCredentialsFile, TokenFile};
use sso_config::SsoProfile;
use sso_login::Logout;
use sso_provider::ConfigError;

use crate::commands::login::Target;
use crate::context::Context;
use crate::failure::Failure;
use crate::printable::printable;
use crate::{notices, stdout};

/// Logs out of the session with that name, or else of the session of the selected profile.
pub(super) fn run(context: &Context, sso_session: Option<&str>) -> Result<(), Failure> {
    let target = Target::resolve(context, sso_session)?;
    log_out(context, &target, role_credentials(context, &target)?)
}

/// Logs out of a configured login.
pub(super) fn log_out(
    context: &Context,
    target: &Target,
    role_credentials: Vec<RoleCredentialsFile>,
) -> Result<(), Failure> {
    let providers = &target.providers;
    let file = providers.token_provider().token_file();
    if let Err(error) = file.load()
        && !error.is_not_found()
    {
        warn_session_not_ended(file, &reason(&error));
    }
    let logout = Logout::new(
        providers.https_client().clone(),
        providers.portal().endpoint().clone(),
        file.clone(),
    )
    .retry_layer(providers.retry_layer().clone())
    .role_credentials(role_credentials);
    finish(context, &target.name, logout)
}

/// Runs the logout and prints its result.
pub(super) fn finish(context: &Context, name: &str, logout: Logout) -> Result<(), Failure> {
    let finished = context.wait("logging out", async |_| logout.run().await)??;
    if let Some(error) = &finished.portal_error {
        notices::warn(&format!(
            "the SSO portal did not confirm the logout from {name}: {error}; the files are removed"
        ));
    }
    if finished.was_logged_in {
        print_logged_out(name)
    } else {
        stdout::print(&format!("There is no login to {}\n", printable(name)))
    }
}

pub(super) fn print_logged_out(name: &str) -> Result<(), Failure> {
    stdout::print(&format!("Logged out of {}\n", printable(name)))
}

/// Warns that the portal could not be asked to end the session of the token, although the file is
/// removed.
pub(super) fn warn_session_not_ended(file: &TokenFile, reason: &str) {
    notices::warn(&format!(
        "the session of the token file {} was not ended at the SSO portal: {reason}; the file is \
         removed",
        file.path().display()
    ));
}

/// Returns the problem with the content of the file, or the error itself.
pub(super) fn reason(error: &CacheFileError) -> String {
    error.source().map_or_else(|| error.to_string(), ToString::to_string)
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
