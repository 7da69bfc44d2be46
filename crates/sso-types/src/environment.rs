//! The process environment, read once and passed on as a value.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::PathBuf;

/// The variables that [`Environment::from_process`] reads.
const VARIABLES: &[&str] = &[
    "HOME",
    "USERPROFILE",
    "HOMEDRIVE",
    "HOMEPATH",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_SSO",
    "AWS_ENDPOINT_URL_SSO_OIDC",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_CA_BUNDLE",
    "AWS_MAX_ATTEMPTS",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "HTTPS_PROXY",
    "https_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
    "SSOCREDS_CACHE_DIR",
    "SSOCREDS_ROLE_CACHE_DIR",
    "SSOCREDS_CONNECT_TIMEOUT",
    "SSOCREDS_TIMEOUT",
    "PATH",
    "PATHEXT",
    "SSOCREDS_USER_CONFIG_FILE",
    "SSOCREDS_USER_CREDENTIALS_FILE",
    "XDG_RUNTIME_DIR",
    "BROWSER",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "TERM",
    "SSH_CONNECTION",
    "SSH_TTY",
    "CODESPACES",
    "KUBERNETES_SERVICE_HOST",
    "container",
];

/// Environment variables and a home directory.
///
/// The `ssocreds` crates take an `Environment` instead of reading the process environment, so that
/// a test, or a server with many users, can pass its own. **An empty variable counts as unset.**
///
/// `Debug` shows the names of the variables but not their values, since a proxy URL may contain a
/// password.
///
/// ```
/// use sso_types::Environment;
///
/// let environment = Environment::from_iter([("HOME", "/home/ana"), ("AWS_PROFILE", "")]);
/// # let environment = environment.with("USERPROFILE", "/home/ana"); // on Windows
/// assert_eq!(environment.home_dir().unwrap(), std::path::Path::new("/home/ana"));
/// assert_eq!(environment.var("AWS_PROFILE")?, None);
/// # Ok::<(), sso_types::EnvironmentError>(())
/// ```
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<OsString, OsString>,
    /// The home directory in the platform's user database. Set only if no variable names one.
    platform_home: Option<PathBuf>,
}

/// The error for a variable that is not valid UTF-8. It does not contain the value, which may be a
/// secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the environment variable {name} is not valid UTF-8; set it again or unset it")]
pub struct EnvironmentError {
    name: String,
}

impl EnvironmentError {
    /// The name of the variable.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Environment {
    /// Reads the environment of this process: the variables that the `ssocreds` crates use, and no
    /// others.
    ///
    /// If no variable names the home directory, this looks it up in the platform's user database,
    /// which may block.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the process environment"
    )]
    pub fn from_process() -> Self {
        let variables = VARIABLES
            .iter()
            .filter_map(|name| Some((OsString::from(name), std::env::var_os(name)?)))
            .collect();
        let mut environment = Self { variables, platform_home: None };
        // Only if needed, as it may block. With HOME unset or empty, std uses the user database.
        if environment.home_dir().is_none() {
            environment.platform_home =
                std::env::home_dir().filter(|home| !home.as_os_str().is_empty());
        }
        environment
    }

    /// Returns the names of all variables of this process, including those that
    /// [`Self::from_process`] does not read. Use it to find the variables that a child process must
    /// not inherit.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the process environment"
    )]
    pub fn process_names() -> impl Iterator<Item = OsString> {
        std::env::vars_os().map(|(name, _)| name)
    }

    /// Sets the variable `name`.
    #[must_use]
    pub fn with(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// Removes the variable `name`.
    #[must_use]
    pub fn without(mut self, name: impl AsRef<OsStr>) -> Self {
        self.variables.remove(name.as_ref());
        self
    }

    /// Returns the value of `name`, or `None` if it is unset or empty. Fails if it is not UTF-8.
    pub fn var(&self, name: &str) -> Result<Option<&str>, EnvironmentError> {
        self.var_os(name)
            .map(|value| value.to_str().ok_or_else(|| EnvironmentError { name: name.to_owned() }))
            .transpose()
    }

    /// Returns the value of `name`, which need not be UTF-8, or `None` if it is unset or empty.
    pub fn var_os(&self, name: &str) -> Option<&OsStr> {
        self.variables.get(OsStr::new(name)).map(OsString::as_os_str).filter(|v| !v.is_empty())
    }

    /// Returns the home directory, which it finds as the AWS CLI does.
    ///
    /// On Windows this is `USERPROFILE`, or `HOMEDRIVE` and `HOMEPATH` joined. On other systems it
    /// is `HOME`. If these are unset, an environment from [`Self::from_process`] returns the home
    /// directory in the platform's user database, and any other environment returns `None`.
    pub fn home_dir(&self) -> Option<PathBuf> {
        let home = if cfg!(windows) { self.windows_home() } else { self.unix_home() };
        home.or_else(|| self.platform_home.clone())
    }

    fn unix_home(&self) -> Option<PathBuf> {
        self.var_os("HOME").map(PathBuf::from)
    }

    fn windows_home(&self) -> Option<PathBuf> {
        let drive_and_path = || {
            let mut home = self.var_os("HOMEDRIVE")?.to_owned();
            home.push(self.var_os("HOMEPATH")?);
            Some(PathBuf::from(home))
        };
        self.var_os("USERPROFILE").map(PathBuf::from).or_else(drive_and_path)
    }
}

impl<N: Into<OsString>, V: Into<OsString>> FromIterator<(N, V)> for Environment {
    /// Creates an environment of these variables. If a name occurs twice, the last value counts.
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        let variables = variables.into_iter().map(|(n, v)| (n.into(), v.into())).collect();
        Self { variables, platform_home: None }
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.variables.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn home_is_found_as_the_aws_cli_finds_it() {
        let all = [("HOME", "/h"), ("USERPROFILE", "/u"), ("HOMEDRIVE", "C:"), ("HOMEPATH", r"\x")];
        let environment = |from: usize| all.into_iter().skip(from).collect::<Environment>();
        let path = |path: &str| Some(PathBuf::from(path));
        assert_eq!(environment(0).windows_home(), path("/u"), "Python ignores HOME on Windows");
        assert_eq!(environment(2).windows_home(), path(r"C:\x"));
        assert_eq!(environment(3).windows_home(), None, "half of a path is none");
        assert_eq!(environment(0).unix_home(), path("/h"));
        assert_eq!(environment(1).unix_home(), None);
        assert_eq!(Environment::from_iter([("HOME", "")]).unix_home(), None);

        let here = if cfg!(windows) { "/u" } else { "/h" };
        assert_eq!(environment(0).home_dir(), path(here));
    }

    #[test]
    fn only_variables_that_are_used_are_read_from_the_process() {
        // Cargo sets this variable for tests.
        let unused = "CARGO_MANIFEST_DIR";
        let environment = Environment::from_process();
        assert!(environment.var_os("PATH").is_some());
        assert_eq!(environment.var_os(unused), None);
        assert!(Environment::process_names().any(|name| name == unused));
    }

    #[cfg(unix)]
    #[expect(clippy::disallowed_methods, reason = "the test compares with the standard library")]
    #[test]
    fn home_is_looked_up_in_the_user_database_if_no_variable_names_it() {
        let environment = Environment::from_process();
        if environment.var_os("PATH").is_none() {
            // This is the process that the test starts below.
            assert_eq!(environment.home_dir(), std::env::home_dir());
            return;
        }
        let this_test =
            "environment::tests::home_is_looked_up_in_the_user_database_if_no_variable_names_it";
        let mut command = std::process::Command::new(std::env::current_exe().unwrap());
        let output = command.args([this_test, "--exact"]).env_clear().output().unwrap();
        let output = String::from_utf8_lossy(&output.stdout);
        assert!(output.contains("1 passed"), "{output}");
    }

    #[test]
    fn a_variable_that_is_removed_is_unset() {
        let environment = Environment::default().with("AWS_PROFILE", "a").with("HOME", "/h");
        let environment = environment.without("AWS_PROFILE").without("NO_PROXY");
        assert_eq!(environment.var("AWS_PROFILE"), Ok(None));
        assert_eq!(environment.var("HOME"), Ok(Some("/h")));
    }

    #[test]
    fn debug_shows_no_value() {
        let environment = Environment::default().with("HTTPS_PROXY", "http://user:MARK@proxy");
        assert_eq!(format!("{environment:?}"), r#"{"HTTPS_PROXY"}"#);
    }

    #[cfg(unix)]
    #[test]
    fn a_value_that_is_not_utf_8_is_an_error_that_names_the_variable() {
        use std::os::unix::ffi::OsStrExt;

        let environment = Environment::default()
            .with("AWS_PROFILE", OsStr::from_bytes(b"\xff"))
            .with("HOME", OsStr::from_bytes(b"/home/\xff"));
        let error = environment.var("AWS_PROFILE").unwrap_err();
        assert_eq!(error.name(), "AWS_PROFILE");
        assert!(error.to_string().contains("AWS_PROFILE"));
        assert!(environment.home_dir().is_some(), "a path need not be UTF-8");
    }
}
