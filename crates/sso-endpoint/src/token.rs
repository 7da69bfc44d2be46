//! The authorization token that a client sends with each request.

use std::fmt;

use ring::rand::{SecureRandom as _, SystemRandom};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// The length of a random token in bytes, before hexadecimal encoding.
const RANDOM_BYTES: usize = 32;

/// The minimum length of a token. Shorter tokens are too easy to guess.
const MIN_LENGTH: usize = 16;

/// The secret that clients send unchanged in the `Authorization` header. It is cleared from memory
/// when it is dropped, and `Debug` redacts it.
#[derive(Clone)]
pub struct AuthorizationToken(Zeroizing<String>);

/// The error returned for a token that [`AuthorizationToken::new`] does not accept.
#[derive(Debug, Clone, thiserror::Error)]
#[error(
    "the authorization token must have at least {MIN_LENGTH} characters, all of them visible ASCII"
)]
pub struct MalformedToken;

impl AuthorizationToken {
    /// Creates a token from a secret that clients already have.
    ///
    /// # Errors
    ///
    /// Fails if the token is shorter than 16 characters, or contains a character that is not
    /// visible ASCII. Not every client sends other characters unchanged.
    pub fn new(token: impl Into<String>) -> Result<Self, MalformedToken> {
        let token = Zeroizing::new(token.into());
        let is_visible = token.bytes().all(|byte| byte.is_ascii_graphic());
        if token.len() < MIN_LENGTH || !is_visible {
            return Err(MalformedToken);
        }
        Ok(Self(token))
    }

    /// Returns a random token of 64 hexadecimal digits, or `None` if the operating system returns
    /// no random bytes.
    pub(crate) fn random() -> Option<Self> {
        let mut bytes = Zeroizing::new([0; RANDOM_BYTES]);
        SystemRandom::new().fill(bytes.as_mut_slice()).ok()?;
        Some(Self(Zeroizing::new(hex::encode(bytes.as_slice()))))
    }

    /// Returns the secret. The caller must not log it or show it.
    pub fn expose_secret(&self) -> &str {
        &self.0
    }

    /// Compares in a time that does not depend on the content.
    pub(crate) fn matches(&self, candidate: &[u8]) -> bool {
        self.0.as_bytes().ct_eq(candidate).into()
    }
}

impl fmt::Debug for AuthorizationToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuthorizationToken(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_tokens_differ_and_are_not_shown() {
        let (one, other) =
            (AuthorizationToken::random().unwrap(), AuthorizationToken::random().unwrap());
        assert_eq!(one.expose_secret().len(), 64);
        assert_ne!(one.expose_secret(), other.expose_secret());
        assert!(!format!("{one:?}").contains(one.expose_secret()));
        assert!(AuthorizationToken::new(one.expose_secret()).is_ok());
    }

    #[test]
    fn only_the_token_itself_matches() {
        let token = AuthorizationToken::new("0123456789abcdef").unwrap();
        assert!(token.matches(b"0123456789abcdef"));
        for other in ["", "0123456789abcde", "0123456789abcdef\n", "0123456789abcdeF"] {
            assert!(!token.matches(other.as_bytes()), "{other:?}");
        }
    }

    #[test]
    fn a_token_that_is_too_short_or_not_visible_ascii_is_refused() {
        for token in
            ["", "0123456789abcde", "0123456789 abcdef", "0123456789abcdef\n", "0123456789abcdefé"]
        {
            assert!(AuthorizationToken::new(token).is_err(), "{token:?}");
        }
    }
}
