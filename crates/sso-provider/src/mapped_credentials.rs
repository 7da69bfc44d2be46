//! A cache of values derived from cached credentials.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwapOption;
use sso_types::Credentials;

use crate::{CredentialsCache, CredentialsError};

/// A cache of values derived from credentials, created by [`CredentialsCache::map`]. Clones share
/// one cache.
///
/// ```
/// # use sso_provider::{CredentialsCache, CredentialsError};
/// # async fn example(cache: CredentialsCache) -> Result<(), CredentialsError> {
/// let ids = cache.map(|credentials| credentials.access_key_id().to_owned());
/// let id: std::sync::Arc<String> = ids.retrieve().await?;
/// # Ok(())
/// # }
/// ```
pub struct MappedCredentials<T>(Arc<Shared<T>>);

struct Shared<T> {
    cache: CredentialsCache,
    derive: Box<dyn Fn(&Credentials) -> T + Send + Sync>,
    latest: ArcSwapOption<Derived<T>>,
    /// Held while a value is derived.
    deriving: Mutex<()>,
}

struct Derived<T> {
    from: Credentials,
    value: Arc<T>,
}

impl CredentialsCache {
    /// Returns a cache of values derived from the credentials, such as another SDK's credentials
    /// type. [`MappedCredentials::retrieve`] calls `derive` only when the credentials have changed.
    pub fn map<T: Send + Sync + 'static>(
        &self,
        derive: impl Fn(&Credentials) -> T + Send + Sync + 'static,
    ) -> MappedCredentials<T> {
        MappedCredentials::new(self.clone(), Box::new(derive))
    }
}

impl<T: Send + Sync + 'static> MappedCredentials<T> {
    fn new(cache: CredentialsCache, derive: Box<dyn Fn(&Credentials) -> T + Send + Sync>) -> Self {
        let (latest, deriving) = (ArcSwapOption::empty(), Mutex::new(()));
        Self(Arc::new(Shared { cache, derive, latest, deriving }))
    }

    /// Returns the value for the credentials that [`CredentialsCache::retrieve`] returns. Returns
    /// the same `Arc` while the credentials are unchanged.
    ///
    /// # Errors
    ///
    /// Fails as [`CredentialsCache::retrieve`] does.
    ///
    /// # Panics
    ///
    /// Panics where [`CredentialsCache::retrieve`] does.
    pub async fn retrieve(&self) -> Result<Arc<T>, CredentialsError> {
        let credentials = self.0.cache.retrieve().await?;
        if let Some(value) = self.0.latest_for(&credentials) {
            return Ok(value);
        }
        // If `derive` panicked, it stored nothing, so poisoning can be ignored.
        let _deriving = self.0.deriving.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = self.0.latest_for(&credentials) {
            return Ok(value);
        }
        let value = Arc::new((self.0.derive)(&credentials));
        let derived = Derived { from: credentials, value: Arc::clone(&value) };
        self.0.latest.store(Some(Arc::new(derived)));
        Ok(value)
    }

    /// Returns the cache of the credentials.
    pub fn cache(&self) -> &CredentialsCache {
        &self.0.cache
    }
}

impl<T> Shared<T> {
    fn latest_for(&self, credentials: &Credentials) -> Option<Arc<T>> {
        let latest = self.latest.load();
        let derived = latest.as_ref().filter(|derived| derived.from.ptr_eq(credentials))?;
        Some(Arc::clone(&derived.value))
    }
}

// A panic of `derive` leaves no inconsistent state: nothing is stored.
impl<T: RefUnwindSafe> UnwindSafe for MappedCredentials<T> {}
impl<T: RefUnwindSafe> RefUnwindSafe for MappedCredentials<T> {}

impl<T> Clone for MappedCredentials<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> fmt::Debug for MappedCredentials<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MappedCredentials").field("cache", &self.0.cache).finish_non_exhaustive()
    }
}
