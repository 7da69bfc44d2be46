//! From a profile name to its credentials, in one call.

use crate::{CredentialsCache, CredentialsError, ProfileProviders};

/// The credentials of a profile, as configured for the AWS CLI: cached in memory, refreshed,
/// shared. Keep the provider for the life of the program; clone it freely.
///
/// Reads the process environment and the shared config files, on one of the runtime's blocking
/// threads. Needs a tokio runtime with I/O and time enabled. The role-credential cache on disk is
/// left alone; [`ProfileProviders`] switches it on, and replaces every part.
///
/// Fails with [`CredentialsError::Config`] when the profile is not there or cannot be used. Nothing is
/// sent: whether there is a login, the first retrieval tells.
pub async fn from_profile(
    profile: impl Into<String>,
) -> Result<CredentialsCache, CredentialsError> {
    load(Some(profile.into())).await
}

/// As [`from_profile`], for the profile that `AWS_PROFILE` names, else `AWS_DEFAULT_PROFILE`, else
/// `default`.
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
