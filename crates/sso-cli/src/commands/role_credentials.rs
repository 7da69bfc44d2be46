//! The profile's role credentials: from the cache on disk, else from the SSO portal.
//!
//! Not responsible for how they are handed on.

use jiff::SignedDuration;
use sso_cache::RoleCredentialsFile;
use sso_provider::ProfileProviders;
use sso_types::Credentials;

use crate::context::{self, Context};
use crate::failure::Failure;
use crate::notices;

/// How much of their life cached credentials must have left: what the AWS CLI would refresh is
/// refreshed here, too.
const WINDOW: SignedDuration = SignedDuration::from_mins(15);

/// The credentials of the profile.
///
/// Where the cache has them nothing else is started: no runtime, no connection, no certificates.
pub(super) fn get(context: &Context, providers: &ProfileProviders) -> Result<Credentials, Failure> {
    let provider = providers.credentials_provider()?;
    let file = providers.role_credentials_file();
    let cached = file.as_ref().and_then(RoleCredentialsFile::load_with_fingerprint);
    let cached = cached.filter(|(it, _)| it.expires_at().duration_since(context::now()) >= WINDOW);
    let credentials = match cached {
        Some((credentials, version)) => {
            // Seen without another system call; nobody listens to warnings yet.
            let exposed = file.filter(|_| !version.is_private());
            for warning in exposed.iter().flat_map(RoleCredentialsFile::access_warnings) {
                notices::warn(&warning.to_string());
            }
            credentials
        }
        None => context
            .wait("getting credentials from AWS SSO", async |_| provider.retrieve().await)??,
    };
    // What an older AWS CLI cached does not say it.
    Ok(match credentials.account_id() {
        Some(_) => credentials,
        None => credentials.with_account_id(provider.account_id().clone()),
    })
}
