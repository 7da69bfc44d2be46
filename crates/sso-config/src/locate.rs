//! Paths of the two configuration files, from environment variables and the home directory.

use std::path::{Path, PathBuf};

use sso_types::Environment;

use crate::{Locations, SettingsError};

impl Locations {
    /// Returns the paths that the AWS tools use: `AWS_CONFIG_FILE`, else `<home>/.aws/config`, and
    /// `AWS_SHARED_CREDENTIALS_FILE`, else `<home>/.aws/credentials`. A leading `~/` in a variable
    /// stands for the home directory.
    ///
    /// Fails with [`SettingsError::NoHome`] if the home directory is needed but not known.
    pub fn from_environment(environment: &Environment) -> Result<Self, SettingsError> {
        let locate = |variable: &str, standard: &str| match environment.var_os(variable) {
            Some(path) => expand(Path::new(path), environment),
            None => Ok(home(environment)?.join(".aws").join(standard)),
        };
        Ok(Self::new(
            locate("AWS_CONFIG_FILE", "config")?,
            locate("AWS_SHARED_CREDENTIALS_FILE", "credentials")?,
        ))
    }
}

/// Replaces a leading `~/` by the home directory.
pub(crate) fn expand(path: &Path, environment: &Environment) -> Result<PathBuf, SettingsError> {
    match path.strip_prefix("~") {
        Ok(below_home) => Ok(home(environment)?.join(below_home)),
        Err(_) => Ok(path.to_path_buf()),
    }
}

fn home(environment: &Environment) -> Result<PathBuf, SettingsError> {
    environment.home_dir().ok_or(SettingsError::NoHome)
}
