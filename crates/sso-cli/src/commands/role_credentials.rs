//! The profile's role credentials: from the cache on disk, else from the SSO portal.
//!
//! Not responsible for how they are handed on.

use jiff::SignedDuration;
use sso_provider::ProfileProviders;
use sso_types::Credentials;

use crate::context::{self, Context};
use crate::failure::Failure;

/// How much of their life cached credentials must have left: what the AWS CLI would refresh is
/// refreshed here, too.
const WINDOW: SignedDuration = SignedDuration::from_mins(15);

/// The credentials of the profile.
///
/// Where the cache has them nothing else is started: no runtime, no connection, no certificates.
pub(super) fn get(context: &Context, providers: &ProfileProviders) -> Result<Credentials, Failure> {
    let provider = providers.credentials_provider()?;
    let cached = providers.role_credentials_file().and_then(|file| file.load());
    let cached = cached.filter(|it| it.expires_at().duration_since(context::now()) > WINDOW);
    let credentials = match cached {
        Some(credentials) => credentials,
        None => context
            .wait("getting credentials from AWS SSO", async |_| provider.retrieve().await)??,
    };
    // What an older AWS CLI cached does not say it.
    Ok(match credentials.account_id() {
        Some(_) => credentials,
        None => credentials.with_account_id(provider.account_id().clone()),
    })
}
