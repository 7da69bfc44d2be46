//! The paths of the two configuration files.

use std::path::{Path, PathBuf};

/// The paths of the config file and of the credentials file.
///
/// ```
/// use std::path::Path;
///
/// use sso_config::Locations;
/// use sso_types::Environment;
///
/// let environment = Environment::from_iter([("HOME", "/home/ana"), ("AWS_CONFIG_FILE", "~/sso.ini")]);
/// # let environment = environment.with("USERPROFILE", "/home/ana"); // on Windows
/// let locations = Locations::from_environment(&environment)?;
/// assert_eq!(locations.config(), Path::new("/home/ana/sso.ini"));
/// assert_eq!(locations.credentials(), Path::new("/home/ana/.aws/credentials"));
/// # Ok::<(), sso_config::SettingsError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Locations {
    config: PathBuf,
    credentials: PathBuf,
}

impl Locations {
    /// Uses these paths as they are, without expanding `~/`.
    pub fn new(config: impl Into<PathBuf>, credentials: impl Into<PathBuf>) -> Self {
        Self { config: config.into(), credentials: credentials.into() }
    }

    /// The path of the config file.
    pub fn config(&self) -> &Path {
        &self.config
    }

    /// The path of the credentials file.
    pub fn credentials(&self) -> &Path {
        &self.credentials
    }
}
