//! Profiles that assume a role, and the profiles that provide their credentials.

use std::collections::HashSet;
use std::fmt;

use crate::parse::SSO_KEYS;
use crate::section::Section;
use crate::{Property, SharedConfig};

/// The source of the credentials of a profile that assumes a role.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RoleCredentialsSource {
    /// The chain of `source_profile` ends at this SSO profile.
    SsoProfile(String),
    /// The chain ends at this profile, which is not an SSO profile.
    OtherProfile(String),
    /// The chain ends at this profile, which is in neither file.
    NoProfile(String),
    /// The chain returns to one of its own profiles.
    Loop,
    /// The profile has a `credential_source` instead of a `source_profile`.
    CredentialSource,
}

/// Returns `true` if a profile has any of the SSO keys.
pub(crate) fn has_sso_keys(profile: &Section) -> bool {
    SSO_KEYS.iter().any(|key| profile.get(key).is_some())
}

/// Returns `true` if a profile assumes a role, with any kind of credentials.
fn assumes_role(profile: &Section) -> bool {
    let has = |key| profile.get(key).is_some();
    has("role_arn")
        && ["source_profile", "credential_source", "web_identity_token_file"].into_iter().any(has)
}

impl SharedConfig {
    /// The SSO profiles: those that have an SSO property and do not assume a role. They may be
    /// incomplete or invalid.
    pub fn sso_profiles(&self) -> impl Iterator<Item = &Section> {
        self.profiles().filter(|profile| has_sso_keys(profile) && !assumes_role(profile))
    }
}

/// Follows the chain of `source_profile` to its end. Ends at a profile that it visited before.
pub(crate) fn role_credentials_source(
    config: &SharedConfig,
    profile: &Section,
    source: &Property,
) -> RoleCredentialsSource {
    let mut visited = HashSet::from([profile.name()]);
    let mut next = source.value();
    loop {
        if !visited.insert(next) {
            return RoleCredentialsSource::Loop;
        }
        let Some(profile) = config.profile(next) else {
            return RoleCredentialsSource::NoProfile(next.to_owned());
        };
        if assumes_role_without_profile(profile) {
            return RoleCredentialsSource::OtherProfile(next.to_owned());
        }
        match profile.get("role_arn").and(profile.get("source_profile")) {
            Some(source) => next = source.value(),
            None if has_sso_keys(profile) => {
                return RoleCredentialsSource::SsoProfile(next.to_owned());
            }
            None => return RoleCredentialsSource::OtherProfile(next.to_owned()),
        }
    }
}

/// Returns `true` if a profile assumes a role with credentials that do not come from another
/// profile.
fn assumes_role_without_profile(profile: &Section) -> bool {
    let has = |key| profile.get(key).is_some();
    has("role_arn")
        && (has("web_identity_token_file") || (has("credential_source") && !has("source_profile")))
}

impl fmt::Display for RoleCredentialsSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SsoProfile(name) => write!(
                f,
                "its source_profile leads to the SSO profile {name:?}; choose that one for SSO \
                 credentials"
            ),
            Self::OtherProfile(name) => write!(
                f,
                "its source_profile leads to {name:?}, which is not an SSO profile either; choose \
                 an SSO profile"
            ),
            Self::NoProfile(name) => write!(
                f,
                "its source_profile leads to {name:?}, which is in neither file; correct that"
            ),
            Self::Loop => f.write_str(
                "its source_profile leads back to a profile that was already followed; choose an SSO \
                 profile",
            ),
            Self::CredentialSource => {
                f.write_str("its credentials come from a credential_source; choose an SSO profile")
            }
        }
    }
}
