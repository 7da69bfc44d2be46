//! Gets the role credentials of a profile from the cache on disk, or else from the SSO portal.

use jiff::SignedDuration;
use sso_cache::RoleCredentialsFile;
use sso_provider::ProfileProviders;
use sso_types::Credentials;

use crate::arguments::Retrieval;
use crate::context::{self, Context};
use crate::failure::Failure;
use crate::notices;

/// The remaining lifetime that cached credentials must have, as in the AWS CLI.
const WINDOW: SignedDuration = SignedDuration::from_mins(15);

/// Returns the credentials of the profile.
///
/// If the cache has them, no runtime is started and no certificate is read.
pub(super) fn get(
    context: &Context,
    providers: &ProfileProviders,
    options: &Retrieval,
) -> Result<Credentials, Failure> {
    let provider = providers.credentials_provider()?;
    let file = providers.role_credentials_file().filter(|_| !options.refresh);
    let cached = file.as_ref().and_then(RoleCredentialsFile::load_with_fingerprint);
    let cached = cached.filter(|(it, _)| it.expires_at().duration_since(context::now()) >= WINDOW);
    let credentials = match cached {
        Some((credentials, version)) => {
            // The subscriber that prints the warnings of the libraries is not set yet.
            let exposed = file.filter(|_| !version.is_private());
            for warning in exposed.iter().flat_map(RoleCredentialsFile::access_warnings) {
                notices::warn(&warning.to_string());
            }
            credentials
        }
        None => context.wait("getting credentials from AWS SSO", async |_| {
            if options.refresh { provider.retrieve_new().await } else { provider.retrieve().await }
        })??,
    };
    // Older versions of the AWS CLI do not store the account ID.
    Ok(match credentials.account_id() {
        Some(_) => credentials,
        None => credentials.with_account_id(provider.account_id().clone()),
    })
}
