//! The secrets that only the OIDC operations know: device code, authorization code, code verifier
//! and id token.

use std::fmt;

use zeroize::Zeroizing;

macro_rules! secret {
    ($(#[$documentation:meta])* $name:ident) => {
        $(#[$documentation])*
        ///
        /// Cleared from memory on drop; `Debug` does not show it.
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
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(redacted)"))
            }
        }
    };
}

secret! {
    /// The device code of a device authorization (RFC 8628 section 3.2): until it expires, its
    /// holder receives, with the client registration, the token that the user grants.
    DeviceCode
}

secret! {
    /// An authorization code (RFC 6749 section 1.3.1), good for one `CreateToken`.
    AuthorizationCode
}

secret! {
    /// The code verifier of PKCE (RFC 7636 section 4.1), which proves that an authorization
    /// code is redeemed by the client that requested it.
    CodeVerifier
}

secret! {
    /// An OpenID Connect id token. The service's model knows it; AWS says that it is not supported.
    IdToken
}
