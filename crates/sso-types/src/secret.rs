//! The secret strings of an SSO login, each a type of its own.
//!
//! Each type clears its own copy. The code that reads a secret from a buffer, or writes it to one, must
//! clear that buffer itself.

use std::fmt;

use zeroize::Zeroizing;

macro_rules! secret {
    ($(#[$documentation:meta])* $name:ident) => {
        $(#[$documentation])*
        ///
        /// Cleared from memory on drop. There is no `Display`, no serialization and no `Deref`;
        /// `Debug` shows the type's name only. Comparison does not take constant time: do not compare
        /// with a value that an attacker chooses.
        #[derive(Clone, PartialEq, Eq)]
        pub struct $name(Zeroizing<String>);

        impl $name {
            /// Takes any string. Only the service can tell whether it is valid.
            pub fn new(secret: impl Into<String>) -> Self {
                Self(Zeroizing::new(secret.into()))
            }

            /// The secret itself. Review each call of this: it is a place where the secret can leak.
            pub fn expose_secret(&self) -> &str {
                &self.0
            }

            /// Returns whether the secret is the empty string.
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
    /// The SSO access token, a bearer token: its holder can ask the SSO portal for the
    /// credentials of every account and role that its user is assigned.
    AccessToken
}

secret! {
    /// The refresh token of an SSO login (RFC 6749 section 1.5): with the client registration it
    /// buys new access tokens until the session ends.
    RefreshToken
}

secret! {
    /// The client secret of an SSO OIDC client registration (`RegisterClient`).
    ClientSecret
}

secret! {
    /// The device code of a device authorization (RFC 8628 section 3.2). Until it expires, its holder
    /// can, with the client registration, fetch the token that the user grants.
    DeviceCode
}

secret! {
    /// An authorization code (RFC 6749 section 1.3.1), good for one `CreateToken`.
    AuthorizationCode
}

secret! {
    /// The code verifier of PKCE (RFC 7636 section 4.1). It proves that an authorization code is
    /// redeemed by the client that requested it.
    CodeVerifier
}

secret! {
    /// An OpenID Connect id token. It is part of the service's model; AWS says that it is not supported.
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
    fn the_one_door_shows_the_secret() {
        assert_eq!(RefreshToken::new("r").expose_secret(), "r");
        assert!(SessionToken::new("").is_empty());
        assert_ne!(SecretAccessKey::new("a"), SecretAccessKey::new("b"));
    }
}
