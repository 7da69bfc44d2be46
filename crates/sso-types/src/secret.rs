//! The secret strings of an SSO login, each a type of its own.
//!
//! Not responsible for the buffers that a secret was read from or is written to: whoever owns those
//! clears them.

use std::fmt;

use zeroize::Zeroizing;

macro_rules! secret {
    ($(#[$documentation:meta])* $name:ident) => {
        $(#[$documentation])*
        ///
        /// Cleared from memory on drop. There is no `Display`, no serialization and no `Deref`;
        /// `Debug` says that there is one and nothing else. Comparing takes a time that depends on
        /// the values: compare only what the same party owns.
        #[derive(Clone, PartialEq, Eq)]
        pub struct $name(Zeroizing<String>);

        impl $name {
            /// Takes the secret. Any string is one; whether it is any good, the service judges.
            pub fn new(secret: impl Into<String>) -> Self {
                Self(Zeroizing::new(secret.into()))
            }

            /// The secret itself. Every use of this is a place where it can leak.
            pub fn expose_secret(&self) -> &str {
                &self.0
            }

            /// Whether the secret is the empty string.
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
    /// The SSO access token, a bearer token: whoever holds it can ask the SSO portal for the
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
