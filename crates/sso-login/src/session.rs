//! The session that a login is for.

use sso_types::{Region, SessionName, StartUrl};

/// The scope of a session without `sso_registration_scopes`.
const DEFAULT_SCOPE: &str = "sso:account:access";

/// An sso-session, or the login of a legacy profile, as the shared config files describe it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginSession {
    name: Option<SessionName>,
    start_url: StartUrl,
    region: Region,
    registration_scopes: Option<Vec<String>>,
}

impl LoginSession {
    /// Returns the session of an `[sso-session NAME]` section.
    pub fn new(name: SessionName, start_url: StartUrl, region: Region) -> Self {
        Self { name: Some(name), start_url, region, registration_scopes: None }
    }

    /// Returns the session of a legacy profile, which names no sso-session. Its token cannot be
    /// refreshed.
    pub fn legacy(start_url: StartUrl, region: Region) -> Self {
        Self { name: None, start_url, region, registration_scopes: None }
    }

    /// Sets `sso_registration_scopes`. An empty list means that the section has no such key.
    /// Ignored for a legacy profile.
    #[must_use]
    pub fn registration_scopes(mut self, scopes: &[String]) -> Self {
        let is_set = self.name.is_some() && !scopes.is_empty();
        self.registration_scopes = is_set.then(|| scopes.to_vec());
        self
    }

    /// Returns the name of the session, or `None` for a legacy profile.
    pub fn name(&self) -> Option<&SessionName> {
        self.name.as_ref()
    }

    /// Returns the configured start URL.
    pub fn start_url(&self) -> &StartUrl {
        &self.start_url
    }

    /// Returns the configured region.
    pub fn region(&self) -> &Region {
        &self.region
    }

    /// Returns the configured scopes, which are part of the registration file's name.
    pub(crate) fn configured_scopes(&self) -> Option<&[String]> {
        self.registration_scopes.as_deref()
    }

    /// Returns the scopes to register and to request. A legacy profile has none.
    pub(crate) fn scopes(&self) -> Vec<String> {
        match (&self.name, &self.registration_scopes) {
            (None, _) => Vec::new(),
            (Some(_), None) => vec![DEFAULT_SCOPE.to_owned()],
            (Some(_), Some(scopes)) => scopes.clone(),
        }
    }

    /// Returns the name to show to the user.
    pub(crate) fn display_name(&self) -> &str {
        self.name.as_ref().map_or(self.start_url.as_str(), |name| name.as_str())
    }
}
