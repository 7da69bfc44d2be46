//! Functions that return a provider for a profile.

use crate::{CredentialsCache, CredentialsError, ProfileProviders};

/// Returns a provider of the credentials of a profile that is configured for the AWS CLI. It caches
/// the credentials in memory and renews them before they expire. Keep it for the life of the
/// program. Clones share the same cache. A short-lived program must call
/// [`wait_for_refresh`](CredentialsCache::wait_for_refresh) before it exits.
///
/// Reads the process environment and the shared config files on one of the runtime's blocking
/// threads. Sends no request, so a missing login is reported by the first retrieval. Does not use
/// the role-credential cache on disk; [`ProfileProviders`] has an option for it and for everything
/// else.
///
/// # Errors
///
/// Fails with [`CredentialsError::Config`] if the profile is missing or cannot be used.
///
/// # Panics
///
/// Panics outside a tokio runtime. Retrievals need its I/O and time drivers too.
pub async fn from_profile(
    profile: impl Into<String>,
) -> Result<CredentialsCache, CredentialsError> {
    load(Some(profile.into())).await
}

/// Does the same as [`from_profile`] for the profile that `AWS_PROFILE` names, or else
/// `AWS_DEFAULT_PROFILE`, or else `default`.
///
/// # Errors
///
/// Fails as [`from_profile`] does.
///
/// # Panics
///
/// Panics outside a tokio runtime, as [`from_profile`] does.
pub async fn from_env() -> Result<CredentialsCache, CredentialsError> {
    load(None).await
}

async fn load(profile: Option<String>) -> Result<CredentialsCache, CredentialsError> {
    let providers = tokio::task::spawn_blocking(move || {
        let builder = ProfileProviders::builder();
        match profile {
            Some(profile) => builder.profile(profile),
            None => builder,
        }
        .build()
    });
    let providers = providers.await.map_err(|_| CredentialsError::Interrupted)??;
    Ok(providers.credentials_cache()?)
}
