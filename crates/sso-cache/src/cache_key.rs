//! The key of a token file, and the file name that is derived from it.

use std::fmt;
use std::sync::Arc;

use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use sso_types::{SessionName, StartUrl};

/// The key of a token file: the name of an sso-session, or the start URL of a legacy profile.
///
/// The key records which of the two it is, since the file name of role credentials depends on that.
/// The file name of the token depends only on the text, as in the AWS CLI: a session whose name
/// equals a start URL has the same token file.
///
/// Cheap to clone. Never empty.
///
/// ```
/// use sso_cache::CacheKey;
///
/// let key = CacheKey::for_session(&"admin".parse()?);
/// assert_eq!(key.file_name(), "d033e22ae348aeb5660fc2140aec35850c4da997.json");
/// # Ok::<(), sso_types::NameError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct CacheKey {
    text: Arc<str>,
    origin: CacheKeyOrigin,
}

/// The kind of text in a [`CacheKey`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CacheKeyOrigin {
    /// The name of the `[sso-session NAME]` section that the profile refers to.
    Session,
    /// The `sso_start_url` of a legacy profile.
    StartUrl,
}

impl CacheKey {
    /// Creates the key for a profile that names an sso-session.
    pub fn for_session(name: &SessionName) -> Self {
        Self { text: name.as_str().into(), origin: CacheKeyOrigin::Session }
    }

    /// Creates the key for a legacy profile, which names no sso-session.
    pub fn for_start_url(url: &StartUrl) -> Self {
        Self { text: url.as_str().into(), origin: CacheKeyOrigin::StartUrl }
    }

    /// The text, exactly as configured.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the kind of the text: a session name or a start URL.
    pub fn origin(&self) -> CacheKeyOrigin {
        self.origin
    }

    /// Returns `true` if the text is the name of an sso-session.
    pub fn is_session(&self) -> bool {
        self.origin == CacheKeyOrigin::Session
    }

    /// Returns the name of the token file, without its directory: `<lowercase hex SHA-1>.json`.
    pub fn file_name(&self) -> String {
        file_name(self.as_str())
    }
}

impl AsRef<str> for CacheKey {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Debug for CacheKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CacheKey({:?} {:?})", self.origin, self.as_str())
    }
}

pub(crate) fn file_name(key: &str) -> String {
    let mut name = String::with_capacity(45);
    name.push_str(&sha1_hex(key.as_bytes()));
    name.push_str(".json");
    name
}

/// Returns the SHA-1 that the AWS CLI uses in file names. It is not used for security.
pub(crate) fn sha1_hex(bytes: &[u8]) -> String {
    hex::encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_are_those_of_the_aws_cli() {
        // Computed with sha1sum.
        for (key, name) in [
            ("admin", "d033e22ae348aeb5660fc2140aec35850c4da997.json"),
            ("dev-session", "6a8732fe3624aef043e5f7811b597bd5e2a56b39.json"),
            (
                "https://my-sso-portal.awsapps.com/start",
                "c7aaaf71fcc8777ae2475525ed049d39fe16c484.json",
            ),
            (
                "https://my-sso-portal.awsapps.com/start/",
                "281a1863574b3787533891e49521f808d4fc0d51.json",
            ),
            (
                "https://my-sso-portal.awsapps.com/start#/",
                "dbb58223772e9bae116ca5a3d089fdc0858ca302.json",
            ),
            ("größe 😀", "71990c398ea314aa801b527a12404c6a5060bfc6.json"),
        ] {
            assert_eq!(file_name(key), name, "{key}");
        }
    }

    #[test]
    fn the_origin_of_a_key_is_kept() {
        let session = CacheKey::for_session(&"x".parse().unwrap());
        let url = CacheKey::for_start_url(&"x".parse().unwrap());
        assert!(session.is_session() && !url.is_session());
        assert_eq!(session.file_name(), url.file_name());
        assert_eq!((session.as_ref(), url.as_ref()), ("x", "x"));
        assert_eq!(format!("{url:?}"), r#"CacheKey(StartUrl "x")"#);
    }
}
