//! Validated names: region, account id, role name, session name and start URL.
//!
//! The types check only that a name can be sent safely. The service decides whether it exists.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// The error for a name that cannot be used. The message contains the name, escaped, and the
/// reason; names are not secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} is not a usable {kind}: {reason}")]
pub struct NameError {
    kind: &'static str,
    name: String,
    reason: &'static str,
}

impl NameError {
    /// The kind of name, in words: "region", "account id" and so on.
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// The reason why the name cannot be used.
    pub fn reason(&self) -> &'static str {
        self.reason
    }
}

macro_rules! name {
    ($(#[$documentation:meta])* $name:ident, $kind:literal, $check:expr) => {
        $(#[$documentation])*
        ///
        /// Cheap to clone.
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks the text and stores it unchanged. Fails if it is not usable.
            pub fn new(text: impl AsRef<str>) -> Result<Self, NameError> {
                let text = text.as_ref();
                let check: fn(&str) -> Result<(), &'static str> = $check;
                match check(text) {
                    Ok(()) => Ok(Self(text.into())),
                    Err(reason) => Err(NameError { kind: $kind, name: text.to_owned(), reason }),
                }
            }

            /// The text, exactly as it was given.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::new(text)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({:?})"), &*self.0)
            }
        }
    };
}

name! {
    /// An AWS region, such as `eu-central-1`: the region of the IAM Identity Center instance, not
    /// the one that a program works in.
    ///
    /// It becomes part of a host name, so it must be a host label (RFC 1123): at most 63 lower-case
    /// letters, digits and hyphens, with no hyphen at either end. With any other text, a token
    /// could be sent to a host outside AWS.
    Region, "region", host_label
}

name! {
    /// An AWS account id, normally twelve digits; see [`AccountId::has_twelve_digits`]. Any
    /// non-empty text without control characters is accepted, since the service decides whether it
    /// is valid.
    AccountId, "account id", printable
}

name! {
    /// The name of a role (permission set) that an IAM Identity Center user is assigned in an
    /// account.
    RoleName, "role name", printable
}

name! {
    /// The name of an `[sso-session NAME]` section.
    SessionName, "sso-session name", printable
}

name! {
    /// The start URL of an IAM Identity Center instance (its AWS access portal), exactly as
    /// configured. The file name of a legacy profile's token is a hash of these bytes.
    StartUrl, "start URL", printable
}

impl AccountId {
    /// Returns `true` if this is twelve ASCII digits, as every AWS account id is. A shorter one has
    /// usually lost its leading zeros.
    pub fn has_twelve_digits(&self) -> bool {
        self.0.len() == 12 && self.0.bytes().all(|byte| byte.is_ascii_digit())
    }
}

impl StartUrl {
    /// Returns `true` if this is the URL of a dual-stack access portal
    /// (`https://ID.portal.REGION.app.aws`). Logins and refreshes for such a portal need the
    /// dual-stack endpoint of SSO OIDC, even if dual-stack endpoints are not configured.
    pub fn is_dual_stack_portal(&self) -> bool {
        let rest = self.0.split_once("://").map_or(self.as_str(), |(_, rest)| rest);
        let host = rest.split(['/', '?', '#', ':']).next().unwrap_or_default();
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let labels: Vec<_> = host.split('.').collect();
        matches!(labels.as_slice(), [_, "portal", _, "app", "aws"])
    }
}

fn host_label(text: &str) -> Result<(), &'static str> {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if text.is_empty() {
        Err("it is empty")
    } else if text.len() > 63 {
        Err("it is longer than 63 characters")
    } else if !text.bytes().all(inner) {
        Err("only lower-case letters, digits and hyphens are allowed")
    } else if text.starts_with('-') || text.ends_with('-') {
        Err("it begins or ends with a hyphen")
    } else {
        Ok(())
    }
}

fn printable(text: &str) -> Result<(), &'static str> {
    if text.is_empty() {
        Err("it is empty")
    } else if text.chars().any(char::is_control) {
        Err("it holds a control character")
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn regions_are_host_labels() {
        for good in ["us-east-1", "a", "7", "xx-newregion-99", &"a".repeat(63)] {
            assert_eq!(Region::new(good).unwrap().as_str(), good);
        }
        for bad in [
            "",
            "-a",
            "a-",
            "US-EAST-1",
            "us.east",
            "a/b",
            "a@b",
            "a#",
            "a:1",
            " a",
            "é",
            &"a".repeat(64),
        ] {
            assert!(Region::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_error_contains_the_name_and_the_reason() {
        let error = Region::new("evil.example/\n").unwrap_err();
        assert_eq!(
            error.to_string(),
            r#""evil.example/\n" is not a usable region: only lower-case letters, digits and hyphens are allowed"#
        );
        assert_eq!(error.kind(), "region");
        assert_eq!(error.reason(), "only lower-case letters, digits and hyphens are allowed");
    }

    #[test]
    fn account_ids_of_any_form_are_accepted() {
        assert!(AccountId::new("012345678901").unwrap().has_twelve_digits());
        assert!(!AccountId::new("12345678901").unwrap().has_twelve_digits());
        assert!(!AccountId::new("12345678901a").unwrap().has_twelve_digits());
        assert!(AccountId::new("").is_err());
        assert!(AccountId::new("1\r\n2").is_err());
    }

    #[test]
    fn a_dual_stack_portal_is_detected_by_its_host() {
        for (url, expected) in [
            ("https://ssoins-1.portal.us-east-1.app.aws", true),
            ("https://SSOINS-1.portal.us-east-1.APP.AWS./start#/", true),
            ("https://ssoins-1.portal.us-east-1.app.aws:443/?x", true),
            ("https://ssoins-1.us-east-1.portal.amazonaws.com", false),
            ("https://my-sso-portal.awsapps.com/start", false),
            ("https://example.com/ssoins-1.portal.us-east-1.app.aws", false),
            ("https://ssoins-1.portal.us-east-1.app.aws.example.com", false),
            ("start", false),
        ] {
            let start_url = StartUrl::new(url).unwrap();
            assert_eq!(start_url.is_dual_stack_portal(), expected, "{url}");
        }
    }

    proptest! {
        #[test]
        fn names_keep_every_byte(text in "\\PC{1,40}") {
            let url = StartUrl::new(&text).unwrap();
            prop_assert_eq!(url.as_str(), text.as_str());
            prop_assert_eq!(text.parse::<SessionName>().unwrap().to_string(), text);
        }
    }
}
