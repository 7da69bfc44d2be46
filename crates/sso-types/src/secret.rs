//! The secrets of an SSO login, each with its own type.
//!
//! A value clears its memory on drop. Code that copies a secret from or to another buffer must
//! clear that buffer itself.

use std::fmt;

use zeroize::Zeroizing;

macro_rules! secret {
    ($(#[$documentation:meta])* $name:ident) => {
        $(#[$documentation])*
        ///
        /// Cleared from memory on drop. There is no `Display`, no serialization and no `Deref`, and
        /// `Debug` shows the type's name only. `==` does not take constant time, so do not compare
        /// a secret with a value that an attacker can choose.
        #[derive(Clone, PartialEq, Eq)]
        pub struct $name(Zeroizing<String>);

        impl $name {
            /// Wraps any string. Only the service can tell whether it is valid.
            pub fn new(secret: impl Into<String>) -> Self {
                Self(Zeroizing::new(secret.into()))
            }

            /// The secret itself. Review each call, as the secret can leak there.
            pub fn expose_secret(&self) -> &str {
                &self.0
            }

            /// Returns `true` if the secret is the empty string.
            pub fn is_empty(&self) -> bool {
                self.0.is_empty()
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(redacted)"))
            }
        }
    };
}

secret! {
    /// The SSO access token, a bearer token. With it, anyone can get credentials from the SSO
    /// portal for every account and role that its user is assigned.
    AccessToken
}

secret! {
    /// The refresh token of an SSO login (RFC 6749 section 1.5). Together with the client
    /// registration it can be exchanged for a new access token, until the session ends.
    RefreshToken
}

secret! {
    /// The client secret of an SSO OIDC client registration (`RegisterClient`).
    ClientSecret
}

secret! {
    /// The device code of a device authorization (RFC 8628 section 3.2). Together with the client
    /// registration it can be exchanged for a token, once the user has approved the request.
    DeviceCode
}

secret! {
    /// An authorization code (RFC 6749 section 1.3.1), valid for one `CreateToken` request.
    AuthorizationCode
}

secret! {
    /// The code verifier of PKCE (RFC 7636 section 4.1). It proves to the service that the client
    /// that redeems an authorization code is the one that requested it.
    CodeVerifier
}

secret! {
    /// An OpenID Connect id token. The service's model has it, but AWS documents it as not
    /// supported.
    IdToken
}

secret! {
    /// The secret access key of AWS role credentials.
    SecretAccessKey
}

secret! {
    /// The session token of AWS role credentials.
    SessionToken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_secret() {
        assert_eq!(format!("{:?}", AccessToken::new("s3cr3t")), "AccessToken(redacted)");
        assert_eq!(
            format!("{:#?}", Some(ClientSecret::new("s3cr3t"))).matches("s3cr3t").count(),
            0
        );
    }

    #[test]
    fn expose_secret_returns_the_secret() {
        assert_eq!(RefreshToken::new("r").expose_secret(), "r");
        assert!(SessionToken::new("").is_empty());
        assert_ne!(SecretAccessKey::new("a"), SecretAccessKey::new("b"));
    }
}
