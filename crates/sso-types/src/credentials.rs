//! Role credentials: what an SSO login is exchanged for.
//!
//! Not responsible for getting, refreshing or storing them.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

use crate::{AccountId, SecretAccessKey, SessionToken};

/// The name under which AWS SDKs report credentials that came from an SSO login.
pub const PROVIDER_NAME: &str = "SSOProvider";

/// Temporary AWS credentials of one account and role, as `GetRoleCredentials` of the SSO portal
/// gives them.
///
/// Cheap to clone: one reference count. The secret parts are cleared from memory when the last
/// clone is dropped, and `Debug` does not show them.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials(Arc<Handle>);

/// What the reference count is of. Aligned so that counts lie 128 bytes apart: no two of them in
/// what a processor's cache fetches together.
#[derive(Clone, PartialEq, Eq)]
#[repr(align(64))]
struct Handle(Arc<Parts>);

#[derive(Clone, PartialEq, Eq)]
struct Parts {
    access_key_id: String,
    secret_access_key: SecretAccessKey,
    session_token: SessionToken,
    expires_at: Timestamp,
    account_id: Option<AccountId>,
}

impl Credentials {
    /// Credentials that are good until `expires_at`, a point of UTC time.
    pub fn new(
        access_key_id: impl Into<String>,
        secret_access_key: SecretAccessKey,
        session_token: SessionToken,
        expires_at: Timestamp,
    ) -> Self {
        Self(Arc::new(Handle(Arc::new(Parts {
            access_key_id: access_key_id.into(),
            secret_access_key,
            session_token,
            expires_at,
            account_id: None,
        }))))
    }

    /// The same credentials, with a reference count of their own. Threads that clone and drop the
    /// same ones all the time wait for one another at their count; with one each they do not. The
    /// secrets are not copied.
    ///
    /// Not part of the crate's API: public only for `sso-provider`, which hands credentials out to many
    /// threads.
    #[doc(hidden)]
    #[must_use]
    pub fn with_own_count(&self) -> Self {
        Self(Arc::new(Handle(Arc::clone(&self.0.0))))
    }

    /// The same credentials, known to belong to `account_id`.
    #[must_use]
    pub fn with_account_id(mut self, account_id: AccountId) -> Self {
        Arc::make_mut(&mut Arc::make_mut(&mut self.0).0).account_id = Some(account_id);
        self
    }

    /// The access key id: names the credentials in AWS's own logs; no secret.
    pub fn access_key_id(&self) -> &str {
        &self.0.0.access_key_id
    }

    /// The secret access key. Secret.
    pub fn secret_access_key(&self) -> &SecretAccessKey {
        &self.0.0.secret_access_key
    }

    /// The session token. Secret.
    pub fn session_token(&self) -> &SessionToken {
        &self.0.0.session_token
    }

    /// The first moment, a point of UTC time, at which the credentials are no longer good.
    pub fn expires_at(&self) -> Timestamp {
        self.0.0.expires_at
    }

    /// Returns [`Self::expires_at`] as the standard library's type.
    pub fn expires_at_system_time(&self) -> std::time::SystemTime {
        crate::system_time(self.expires_at())
    }

    /// Whether the credentials are no longer good at `now`.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        now >= self.0.0.expires_at
    }

    /// The account that the credentials belong to, where whoever made them knew it.
    pub fn account_id(&self) -> Option<&AccountId> {
        self.0.0.account_id.as_ref()
    }

    /// The kind of source these came from, in the AWS SDKs' spelling: [`PROVIDER_NAME`].
    pub fn provider_name(&self) -> &'static str {
        PROVIDER_NAME
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("access_key_id", &self.0.0.access_key_id)
            .field("secret_access_key", &self.0.0.secret_access_key)
            .field("session_token", &self.0.0.session_token)
            .field("expires_at", &format_args!("{}", self.0.0.expires_at))
            .field("account_id", &self.0.0.account_id.as_ref().map(AccountId::as_str))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_names_the_credentials_and_hides_the_secrets() {
        let credentials = Credentials::new(
            "AKID",
            SecretAccessKey::new("MARK1"),
            SessionToken::new("MARK2"),
            Timestamp::UNIX_EPOCH,
        );
        let shown = format!("{credentials:?}");
        assert!(shown.contains("AKID") && shown.contains("1970-01-01T00:00:00Z"), "{shown}");
        assert!(!shown.contains("MARK"), "{shown}");
    }

    #[test]
    fn a_count_of_its_own_and_the_same_secrets() {
        let (secret, token) = (SecretAccessKey::new("s"), SessionToken::new("t"));
        let credentials = Credentials::new("A", secret, token, Timestamp::UNIX_EPOCH);
        let own = credentials.with_own_count();
        let another = credentials.clone();
        assert_eq!((Arc::strong_count(&own.0), Arc::strong_count(&another.0)), (1, 2));
        assert!(Arc::ptr_eq(&own.0.0, &another.0.0));

        // What is changed is changed for none of the others.
        let known = own.clone().with_account_id("123456789012".parse().unwrap());
        assert!(known.account_id().is_some());
        assert!(own.account_id().is_none() && another.account_id().is_none());
        assert_eq!(own, another);
    }

    #[test]
    fn expired_from_the_first_moment() {
        let at = Timestamp::from_second(100).unwrap();
        let credentials =
            Credentials::new("A", SecretAccessKey::new("s"), SessionToken::new("t"), at);
        assert!(!credentials.is_expired(Timestamp::from_millisecond(99_999).unwrap()));
        assert!(credentials.is_expired(at));
    }
}
