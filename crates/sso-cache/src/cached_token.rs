//! The content of a token file: an SSO access token, the values that a refresh needs, and unknown
//! fields.
//!
//! `token_json` reads and writes the JSON. `sso-provider` decides when a token is refreshed.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use sso_types::{AccessToken, ClientSecret, RefreshToken};
use zeroize::Zeroizing;

use crate::token_member::{Field, KeptMember, Optional};

/// The SSO token of one login, as cached in a file that all AWS tools of a user share.
///
/// It also keeps the exact text of all other fields in the file, and [`to_json`](Self::to_json)
/// writes them back. It is cleared from memory on drop. `Debug` shows the expiry, and only the
/// presence of the other fields.
#[derive(Clone)]
pub struct CachedToken {
    pub(crate) access_token: AccessToken,
    pub(crate) expires_at: Timestamp,
    pub(crate) refresh_token: Optional<RefreshToken>,
    pub(crate) client_id: Optional<String>,
    pub(crate) client_secret: Optional<ClientSecret>,
    pub(crate) registration_expires_at: Optional<Timestamp>,
    pub(crate) region: Optional<String>,
    pub(crate) start_url: Optional<String>,
    /// The text of the file, into which the ranges in `members` point. Empty for a token that was
    /// not parsed.
    pub(crate) text: Arc<Zeroizing<String>>,
    pub(crate) members: Vec<KeptMember>,
}

/// The parameters of a `CreateToken` request with the grant type `refresh_token`.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct RefreshMaterial<'a> {
    /// The id of the client registration.
    pub client_id: &'a str,
    /// The secret of the client registration.
    pub client_secret: &'a ClientSecret,
    /// The refresh token.
    pub refresh_token: &'a RefreshToken,
}

/// The reason why a token cannot be refreshed. The user has to log in again once it has expired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotRefreshable {
    /// The token file lacks a field. The token file of a legacy profile always does.
    #[error("the token file has no {field}; log in again to renew the token")]
    #[non_exhaustive]
    Missing {
        /// The field.
        field: &'static str,
    },
    /// A field is the empty string.
    #[error("the {field} in the token file is empty; log in again to renew the token")]
    #[non_exhaustive]
    Empty {
        /// The field.
        field: &'static str,
    },
    /// A field is not a string.
    #[error("the {field} in the token file is not a string; log in again to renew the token")]
    #[non_exhaustive]
    WrongType {
        /// The field.
        field: &'static str,
    },
    /// The client registration has expired.
    #[error("the client registration expired at {at}; log in again to renew the token")]
    #[non_exhaustive]
    RegistrationExpired {
        /// The time at which it expired.
        at: Timestamp,
    },
    /// The expiry of the client registration cannot be parsed.
    #[error(
        "the registrationExpiresAt in the token file cannot be read; log in again to renew the token"
    )]
    UnreadableRegistrationExpiry,
}

impl CachedToken {
    /// Creates a token that expires at `expires_at` and cannot be refreshed.
    pub fn new(access_token: AccessToken, expires_at: Timestamp) -> Self {
        let mut token = Self {
            access_token,
            expires_at,
            refresh_token: Optional::Missing,
            client_id: Optional::Missing,
            client_secret: Optional::Missing,
            registration_expires_at: Optional::Missing,
            region: Optional::Missing,
            start_url: Optional::Missing,
            text: Arc::default(),
            members: Vec::with_capacity(8),
        };
        token.set(Field::AccessToken);
        token.set(Field::ExpiresAt);
        token
    }

    /// Sets the refresh token.
    #[must_use]
    pub fn with_refresh_token(mut self, refresh_token: RefreshToken) -> Self {
        self.refresh_token = Optional::Present(refresh_token);
        self.set(Field::RefreshToken);
        self
    }

    /// Sets the client registration that the refresh token belongs to. If `expires_at` is `None`,
    /// the registration expiry that was set before is kept.
    #[must_use]
    pub fn with_client_registration(
        mut self,
        client_id: impl Into<String>,
        client_secret: ClientSecret,
        expires_at: Option<Timestamp>,
    ) -> Self {
        self.client_id = Optional::Present(client_id.into());
        self.set(Field::ClientId);
        self.client_secret = Optional::Present(client_secret);
        self.set(Field::ClientSecret);
        if let Some(expires_at) = expires_at {
            self.registration_expires_at = Optional::Present(expires_at);
            self.set(Field::RegistrationExpiresAt);
        }
        self
    }

    /// Sets the region of the IAM Identity Center instance.
    #[must_use]
    pub fn with_region(mut self, region: impl Into<String>) -> Self {
        self.region = Optional::Present(region.into());
        self.set(Field::Region);
        self
    }

    /// Sets the start URL of the IAM Identity Center instance.
    #[must_use]
    pub fn with_start_url(mut self, start_url: impl Into<String>) -> Self {
        self.start_url = Optional::Present(start_url.into());
        self.set(Field::StartUrl);
        self
    }

    /// Returns the token after a refresh, with a new access token and expiry.
    ///
    /// If the service returned no new refresh token, the old one remains valid (RFC 6749 section
    /// 6). All other fields are kept, including unknown ones.
    #[must_use]
    pub fn refreshed(
        &self,
        access_token: AccessToken,
        expires_at: Timestamp,
        refresh_token: Option<RefreshToken>,
    ) -> Self {
        let mut token = self.clone();
        token.access_token = access_token;
        token.set(Field::AccessToken);
        token.expires_at = expires_at;
        token.set(Field::ExpiresAt);
        match refresh_token {
            Some(refresh_token) => token.with_refresh_token(refresh_token),
            None => token,
        }
    }

    /// Prepares the token of a new login, which was created with [`new`](Self::new), to replace the
    /// token `previous` in the file.
    ///
    /// Puts its own fields in the AWS CLI's order, followed by the unknown fields of `previous`.
    #[must_use]
    pub fn replacing(mut self, previous: Option<&Self>) -> Self {
        self.take_unknown_fields(previous);
        self
    }

    /// The access token. It is never empty in a token that was parsed.
    pub fn access_token(&self) -> &AccessToken {
        &self.access_token
    }

    /// The time at which the access token expires.
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// Returns `true` if the access token is expired at `now`.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        now >= self.expires_at
    }

    /// The refresh token, or `None` if it is missing, empty or not a string.
    pub fn refresh_token(&self) -> Option<&RefreshToken> {
        self.refresh_token.present().filter(|token| !token.is_empty())
    }

    /// The id of the client registration, or `None` if it is missing, empty or not a string.
    pub fn client_id(&self) -> Option<&str> {
        self.client_id.present().map(String::as_str).filter(|id| !id.is_empty())
    }

    /// The secret of the client registration, or `None` if it is missing, empty or not a string.
    pub fn client_secret(&self) -> Option<&ClientSecret> {
        self.client_secret.present().filter(|secret| !secret.is_empty())
    }

    /// The time at which the client registration expires, or `None` if it is missing or cannot be
    /// parsed.
    pub fn registration_expires_at(&self) -> Option<Timestamp> {
        self.registration_expires_at.present().copied()
    }

    /// The region of the IAM Identity Center instance, if the file has it. It is not validated:
    /// parse it as a [`sso_types::Region`] before you use it in a host name.
    pub fn region(&self) -> Option<&str> {
        self.region.present().map(String::as_str)
    }

    /// The start URL of the login, if the file has it.
    pub fn start_url(&self) -> Option<&str> {
        self.start_url.present().map(String::as_str)
    }

    /// Returns the parameters of a refresh at `now`, or the reason why the token cannot be
    /// refreshed. A client registration without an expiry counts as valid.
    pub fn refreshability(&self, now: Timestamp) -> Result<RefreshMaterial<'_>, NotRefreshable> {
        let material = RefreshMaterial {
            refresh_token: self.refresh_token.needed("refreshToken", RefreshToken::is_empty)?,
            client_id: self.client_id.needed("clientId", String::is_empty)?,
            client_secret: self.client_secret.needed("clientSecret", ClientSecret::is_empty)?,
        };
        match self.registration_expires_at {
            Optional::Unusable => Err(NotRefreshable::UnreadableRegistrationExpiry),
            Optional::Present(at) if now >= at => Err(NotRefreshable::RegistrationExpired { at }),
            Optional::Present(_) | Optional::Missing => Ok(material),
        }
    }
}

impl<T> Optional<T> {
    fn needed(
        &self,
        field: &'static str,
        is_empty: impl FnOnce(&T) -> bool,
    ) -> Result<&T, NotRefreshable> {
        match self {
            Self::Missing => Err(NotRefreshable::Missing { field }),
            Self::Unusable => Err(NotRefreshable::WrongType { field }),
            Self::Present(value) if is_empty(value) => Err(NotRefreshable::Empty { field }),
            Self::Present(value) => Ok(value),
        }
    }
}

impl fmt::Debug for CachedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachedToken")
            .field("expires_at", &format_args!("{}", self.expires_at))
            .field("refresh_token", &self.refresh_token().is_some())
            .field("client_id", &self.client_id().is_some())
            .field("client_secret", &self.client_secret().is_some())
            .field("registration_expires_at", &self.registration_expires_at().is_some())
            .field("region", &self.region().is_some())
            .field("start_url", &self.start_url().is_some())
            .finish_non_exhaustive()
    }
}
