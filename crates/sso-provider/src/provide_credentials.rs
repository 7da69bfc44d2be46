//! The trait for providers of role credentials.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use sso_types::Credentials;

use crate::CredentialsError;

/// The future that the methods of [`ProvideCredentials`] return.
pub type CredentialsFuture<'a> =
    Pin<Box<dyn Future<Output = Result<Credentials, CredentialsError>> + Send + 'a>>;

/// A provider of temporary AWS credentials.
///
/// [`CredentialsCache`](crate::CredentialsCache), the credentials endpoint and the adapters for
/// other SDKs accept any implementation. An implementation reports its own errors as
/// [`CredentialsError::other`].
///
/// ```
/// use sso_provider::{CredentialsCache, CredentialsError, CredentialsFuture, ProvideCredentials};
///
/// #[derive(Debug)]
/// struct Unavailable;
///
/// impl ProvideCredentials for Unavailable {
///     fn provide_credentials(&self) -> CredentialsFuture<'_> {
///         Box::pin(async { Err(CredentialsError::other("the vault is sealed")) })
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let error = CredentialsCache::new(Unavailable).retrieve().await.unwrap_err();
/// assert_eq!(error.to_string(), "the vault is sealed");
/// # }
/// ```
pub trait ProvideCredentials: fmt::Debug + Send + Sync + 'static {
    /// Returns credentials that have not expired.
    fn provide_credentials(&self) -> CredentialsFuture<'_>;

    /// Returns credentials that were issued for this call, not credentials from a cache such as the
    /// AWS CLI's cache on disk. [`CredentialsCache`](crate::CredentialsCache) calls this after
    /// [`invalidate`](crate::CredentialsCache::invalidate).
    ///
    /// The default implementation calls [`Self::provide_credentials`], which is right for a
    /// provider without a cache.
    fn provide_new_credentials(&self) -> CredentialsFuture<'_> {
        self.provide_credentials()
    }

    /// Waits for a running refresh of the access token to end.
    /// [`CredentialsCache::wait_for_refresh`](crate::CredentialsCache::wait_for_refresh) calls this
    /// before a program exits.
    ///
    /// The default implementation does not wait, which is right for a provider that leaves no
    /// refresh running when its futures are dropped.
    fn wait_for_refresh(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(std::future::ready(()))
    }
}

impl<P: ProvideCredentials + ?Sized> ProvideCredentials for Arc<P> {
    fn provide_credentials(&self) -> CredentialsFuture<'_> {
        (**self).provide_credentials()
    }

    fn provide_new_credentials(&self) -> CredentialsFuture<'_> {
        (**self).provide_new_credentials()
    }

    fn wait_for_refresh(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        (**self).wait_for_refresh()
    }
}
