//! Role credentials, as the SSO portal returns them in exchange for an access token.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

use crate::{AccountId, SecretAccessKey, SessionToken};

/// The provider name of credentials from an SSO login, the same as in the AWS SDK for Go v2.
pub const PROVIDER_NAME: &str = "SSOProvider";

/// Temporary AWS credentials of one account and role, as `GetRoleCredentials` of the SSO portal
/// returns them.
///
/// Cloning increments a reference count. The secrets are cleared from memory when the last clone is
/// dropped, and `Debug` redacts them.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials(Arc<Parts>);

#[derive(Clone, PartialEq, Eq)]
struct Parts {
    access_key_id: String,
    secret_access_key: SecretAccessKey,
    session_token: SessionToken,
    expires_at: Timestamp,
    account_id: Option<AccountId>,
}

impl Credentials {
    /// Returns credentials that are valid until `expires_at` (UTC).
    pub fn new(
        access_key_id: impl Into<String>,
        secret_access_key: SecretAccessKey,
        session_token: SessionToken,
        expires_at: Timestamp,
    ) -> Self {
        Self(Arc::new(Parts {
            access_key_id: access_key_id.into(),
            secret_access_key,
            session_token,
            expires_at,
            account_id: None,
        }))
    }

    /// Sets the account that the credentials belong to.
    #[must_use]
    pub fn with_account_id(mut self, account_id: AccountId) -> Self {
        Arc::make_mut(&mut self.0).account_id = Some(account_id);
        self
    }

    /// Returns `true` if `self` and `other` are clones of the same value. Compares pointers only,
    /// so it leaks no secret through its timing.
    pub fn ptr_eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The access key ID. It is not secret: AWS logs it to identify the credentials.
    pub fn access_key_id(&self) -> &str {
        &self.0.access_key_id
    }

    /// The secret access key.
    pub fn secret_access_key(&self) -> &SecretAccessKey {
        &self.0.secret_access_key
    }

    /// The session token, which is a secret.
    pub fn session_token(&self) -> &SessionToken {
        &self.0.session_token
    }

    /// The time at which the credentials expire.
    pub fn expires_at(&self) -> Timestamp {
        self.0.expires_at
    }

    /// Returns [`Self::expires_at`] as a [`SystemTime`](std::time::SystemTime).
    pub fn expires_at_system_time(&self) -> std::time::SystemTime {
        crate::system_time(self.expires_at())
    }

    /// Returns `true` if `now` is [`Self::expires_at`] or later.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        now >= self.0.expires_at
    }

    /// The account that the credentials belong to, if known.
    pub fn account_id(&self) -> Option<&AccountId> {
        self.0.account_id.as_ref()
    }

    /// The name of the credentials provider, [`PROVIDER_NAME`].
    pub fn provider_name(&self) -> &'static str {
        PROVIDER_NAME
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("access_key_id", &self.0.access_key_id)
            .field("secret_access_key", &self.0.secret_access_key)
            .field("session_token", &self.0.session_token)
            .field("expires_at", &format_args!("{}", self.0.expires_at))
            .field("account_id", &self.0.account_id.as_ref().map(AccountId::as_str))
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
    fn clones_are_the_same_and_a_change_is_not_shared() {
        let (secret, token) = (SecretAccessKey::new("s"), SessionToken::new("t"));
        let credentials = Credentials::new("A", secret, token, Timestamp::UNIX_EPOCH);
        let clone = credentials.clone();
        assert!(clone.ptr_eq(&credentials));

        let known = clone.with_account_id("123456789012".parse().unwrap());
        assert!(!known.ptr_eq(&credentials));
        assert!(known.account_id().is_some() && credentials.account_id().is_none());
    }

    #[test]
    fn credentials_have_the_parts_they_were_made_of() {
        let (secret, token) = (SecretAccessKey::new("s"), SessionToken::new("t"));
        let at = Timestamp::from_second(100).unwrap();
        let credentials = Credentials::new("A", secret.clone(), token.clone(), at);
        assert_eq!(credentials.access_key_id(), "A");
        assert_eq!(credentials.secret_access_key(), &secret);
        assert_eq!(credentials.session_token(), &token);
        assert_eq!(credentials.expires_at(), at);
        assert_eq!(credentials.expires_at_system_time(), crate::system_time(at));
        assert_eq!(credentials.provider_name(), "SSOProvider");
    }

    #[test]
    fn credentials_are_expired_at_expires_at() {
        let at = Timestamp::from_second(100).unwrap();
        let credentials =
            Credentials::new("A", SecretAccessKey::new("s"), SessionToken::new("t"), at);
        assert!(!credentials.is_expired(Timestamp::from_millisecond(99_999).unwrap()));
        assert!(credentials.is_expired(at));
    }
}
