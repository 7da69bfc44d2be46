//! Where the two configuration files are.
//!
//! Not responsible for reading them.

use std::path::{Path, PathBuf};

use sso_types::Environment;

use crate::SettingsError;

/// The paths of the config file and of the credentials file.
///
/// ```
/// use std::path::Path;
///
/// use sso_config::Locations;
/// use sso_types::Environment;
///
/// let environment = Environment::from_iter([("HOME", "/home/ana"), ("AWS_CONFIG_FILE", "~/sso.ini")]);
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
    /// The files that the AWS tools read: `AWS_CONFIG_FILE`, else `<home>/.aws/config`, and
    /// `AWS_SHARED_CREDENTIALS_FILE`, else `<home>/.aws/credentials`. A leading `~/` in a variable
    /// is the home directory.
    ///
    /// Fails with [`SettingsError::NoHome`] when the home directory is needed and unknown.
    pub fn from_environment(environment: &Environment) -> Result<Self, SettingsError> {
        let locate = |variable: &str, standard: &str| match environment.var_os(variable) {
            Some(path) => expand(Path::new(path), environment),
            None => Ok(home(environment)?.join(".aws").join(standard)),
        };
        Ok(Self {
            config: locate("AWS_CONFIG_FILE", "config")?,
            credentials: locate("AWS_SHARED_CREDENTIALS_FILE", "credentials")?,
        })
    }

    /// These two files, exactly as named.
    pub fn new(config: impl Into<PathBuf>, credentials: impl Into<PathBuf>) -> Self {
        Self { config: config.into(), credentials: credentials.into() }
    }

    /// The config file.
    pub fn config(&self) -> &Path {
        &self.config
    }

    /// The credentials file.
    pub fn credentials(&self) -> &Path {
        &self.credentials
    }
}

/// `path` with the home directory for a leading `~/`.
pub(crate) fn expand(path: &Path, environment: &Environment) -> Result<PathBuf, SettingsError> {
    match path.strip_prefix("~") {
        Ok(below_home) => Ok(home(environment)?.join(below_home)),
        Err(_) => Ok(path.to_path_buf()),
    }
}

fn home(environment: &Environment) -> Result<PathBuf, SettingsError> {
    environment.home_dir().ok_or(SettingsError::NoHome)
}
