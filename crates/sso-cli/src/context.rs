//! The context of a command: global options, environment, clock and runtime.

use std::cell::RefCell;
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::time::Duration;

use sso_config::{
    DocumentFile, FileKind, Locations, Setting, SettingSource, SettingsError, SharedConfig,
};
use sso_provider::{ConfigError, ProfileProviders, ProfileProvidersBuilder};
use sso_types::{Clock, Environment, SystemClock};
use tokio::runtime::Runtime;

use crate::arguments::{self, Global, LoginSelection};
use crate::failure::Failure;
use crate::followed_profile::{self, follow};
use crate::notices;
use crate::progress::Progress;

/// The command that error messages suggest for a login.
pub(crate) const LOGIN_PROGRAM: &str = "ssocreds login";

/// The variables with the paths of the user's own config files.
///
/// `exec --renew` may give its command copies of these files without the credentials of the default
/// profile. If that command runs `ssocreds`, these variables lead to the original files.
pub(crate) const USER_CONFIG_FILE: &str = "SSOCREDS_USER_CONFIG_FILE";
pub(crate) const USER_CREDENTIALS_FILE: &str = "SSOCREDS_USER_CREDENTIALS_FILE";

/// The context that all commands share.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) global: Global,
    pub(crate) environment: Environment,
    /// The command's default timeout, if it differs from that of the libraries.
    default_timeout: Option<Duration>,
    progress: Progress,
    /// The providers of the command, for [`Self::finish_refresh`] and [`Self::configured_attempts`].
    providers: RefCell<Vec<ProfileProviders>>,
    runtime: RefCell<Option<Runtime>>,
}

/// The profile that the user selected, and the providers of the SSO profile that is used for it.
#[derive(Debug)]
pub(crate) struct SelectedProfile {
    /// The name that the user gave.
    pub(crate) name: String,
    /// Its region, or else the region of the SSO profile.
    pub(crate) region: Option<String>,
    /// The providers of the SSO profile.
    pub(crate) providers: ProfileProviders,
}

impl Context {
    pub(crate) fn new(global: Global, default_timeout: Option<Duration>) -> Self {
        if global.verbose > 0 {
            notices::log(global.verbose);
        }
        let is_shown = global.verbose == 0 && std::io::stderr().is_terminal();
        Self {
            progress: Progress::new(is_shown),
            global,
            environment: users_own_files(Environment::from_process()),
            default_timeout,
            providers: RefCell::default(),
            runtime: RefCell::default(),
        }
    }

    /// Reads the config files.
    pub(crate) fn shared_config(&self) -> Result<SharedConfig, ConfigError> {
        Ok(SharedConfig::load(&Locations::from_environment(&self.environment)?)?)
    }

    /// Returns the paths of the config files.
    pub(crate) fn locations(&self) -> Result<Locations, Failure> {
        Ok(Locations::from_environment(&self.environment)?)
    }

    /// Returns one of the config files, for editing.
    pub(crate) fn document_file(&self, kind: FileKind) -> Result<DocumentFile, Failure> {
        let locations = self.locations()?;
        let path = match kind {
            FileKind::Credentials => locations.credentials(),
            _ => locations.config(),
        };
        let file = DocumentFile::new(kind, path);
        Ok(match self.environment.home_dir() {
            Some(home) => file.below(&home),
            None => file,
        })
    }

    /// Returns the selected profile. If its `credential_process` runs ssocreds for another profile, the
    /// providers are those of that profile.
    pub(crate) fn profile(&self) -> Result<SelectedProfile, Failure> {
        self.profile_named(self.global.profile.as_deref())
    }

    /// Does the same as [`Self::profile`] for the named profile.
    pub(crate) fn profile_named(&self, explicit: Option<&str>) -> Result<SelectedProfile, Failure> {
        let config = self.shared_config()?;
        let (name, _) = sso_config::selected_profile(explicit, &self.environment)?;
        let sso_profile = follow(&config, &name)?;
        let region = |name: &str| config.profile(name).and_then(followed_profile::region);
        let region = region(&name).or_else(|| region(&sso_profile)).map(str::to_owned);
        let providers = built(self.builder()?.shared_config(config).profile(sso_profile))?;
        self.remember(&providers);
        Ok(SelectedProfile { name, region, providers })
    }

    /// Returns the providers of the selected profile or session.
    pub(crate) fn providers_for(
        &self,
        login: &LoginSelection,
    ) -> Result<ProfileProviders, Failure> {
        match &login.sso_session {
            Some(session) => {
                let providers = built(self.builder()?.sso_session(session))?;
                self.remember(&providers);
                Ok(providers)
            }
            None => Ok(self.profile()?.providers),
        }
    }

    /// Returns the directory of cached role credentials, or `None` with `--no-cache` or without a home
    /// directory. The program works without that cache.
    pub(crate) fn role_cache_dir(&self) -> Option<PathBuf> {
        if self.global.no_cache {
            return None;
        }
        let directory = self.global.role_cache_dir.clone();
        directory.or_else(|| sso_cache::role_cache_dir(&self.environment).ok())
    }

    /// Returns the timeout that `--timeout` or its variable sets.
    pub(crate) fn timeout(&self) -> Result<Option<Duration>, Failure> {
        self.limit(self.global.timeout, "SSOCREDS_TIMEOUT")
    }

    fn limit(
        &self,
        option: Option<Duration>,
        variable: &'static str,
    ) -> Result<Option<Duration>, Failure> {
        if option.is_some() {
            return Ok(option);
        }
        let value = self.environment.var(variable).map_err(SettingsError::from)?;
        let wrong = |wrong| Failure::Variable { variable, wrong };
        value.map(|value| arguments::seconds(value).map_err(wrong)).transpose()
    }

    /// Returns the directory of the token files.
    pub(crate) fn token_cache_dir(&self) -> Result<PathBuf, ConfigError> {
        match &self.global.cache_dir {
            Some(directory) => Ok(directory.clone()),
            None => Ok(sso_cache::token_cache_dir(&self.environment)?),
        }
    }

    /// Runs `work`. Shows progress on a terminal if that takes long.
    ///
    /// The first call starts the runtime, and turns on the output of warnings. A command that only reads
    /// files needs no runtime.
    pub(crate) fn wait<T>(
        &self,
        what: &str,
        work: impl AsyncFnOnce(&Progress) -> T,
    ) -> Result<T, Failure> {
        self.progress.set(what.to_owned());
        // The same runtime each time, so that a refresh in the background continues.
        let runtime = match self.runtime.take() {
            Some(runtime) => runtime,
            None => self.start_runtime()?,
        };
        let done = runtime.block_on(self.progress.watch(work(&self.progress)));
        self.runtime.replace(Some(runtime));
        Ok(done)
    }

    /// Waits until each refresh in the background has ended, because interrupting it could end the login.
    /// Call this after the output, before this process exits or executes another program.
    pub(crate) fn finish_refresh(&self) {
        let Some(runtime) = self.runtime.take() else { return };
        for providers in self.providers.take() {
            runtime.block_on(providers.token_provider().wait_for_refresh());
        }
        // Name resolution blocks a thread and can take longer than the connect timeout. The thread writes
        // nothing, so it need not be waited for.
        runtime.shutdown_background();
    }

    /// Keeps the providers for [`Self::finish_refresh`].
    pub(crate) fn remember(&self, providers: &ProfileProviders) {
        self.providers.borrow_mut().push(providers.clone());
    }

    /// Returns the number of attempts that the environment or the config file sets, and its source.
    pub(crate) fn configured_attempts(&self) -> Option<Setting<u32>> {
        let providers = self.providers.borrow();
        let attempts = &providers.last()?.settings().max_attempts;
        (attempts.source != SettingSource::Default).then(|| attempts.clone())
    }

    /// Runs `work` on a new runtime without a progress line: work that ends with a signal or with an
    /// answer of the user.
    pub(crate) fn run_without_progress<T>(
        &self,
        work: impl AsyncFnOnce() -> T,
    ) -> Result<T, Failure> {
        let runtime = self.start_runtime()?;
        let done = runtime.block_on(work());
        runtime.shutdown_background();
        Ok(done)
    }

    /// Creates a runtime, and shows the warnings of the work that runs on it.
    fn start_runtime(&self) -> Result<Runtime, Failure> {
        if self.global.verbose == 0 {
            notices::write_warnings(&self.progress);
        }
        // A short-lived program needs only one thread.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.map_err(|source| Failure::Io { doing: "start the async runtime", source })
    }

    pub(crate) fn builder(&self) -> Result<ProfileProvidersBuilder, Failure> {
        let mut builder = ProfileProviders::builder()
            .environment(self.environment.clone())
            .allow_unsaved_refresh(self.global.allow_unsaved_refresh)
            .progress_observer(self.progress.observer())
            .login_program(LOGIN_PROGRAM)
            .user_agent_suffix(concat!("ssocreds-cli/", env!("CARGO_PKG_VERSION")));
        if let Some(dir) = self.role_cache_dir() {
            builder = builder.role_credentials_cache(true).role_cache_dir(dir);
        }
        if let Some(dir) = &self.global.cache_dir {
            builder = builder.cache_dir(dir);
        }
        if let Some(limit) = self.timeout()?.or(self.default_timeout) {
            builder = builder.timeout(limit);
        }
        let limit = self.limit(self.global.connect_timeout, "SSOCREDS_CONNECT_TIMEOUT")?;
        if let Some(limit) = limit {
            builder = builder.connect_timeout(limit);
        }
        Ok(builder)
    }
}

/// Builds the providers, and shows the warnings about their configuration.
fn built(builder: ProfileProvidersBuilder) -> Result<ProfileProviders, ConfigError> {
    let providers = builder.build()?;
    for warning in providers.config_warnings() {
        notices::warn(&warning.to_string());
    }
    Ok(providers)
}

/// Sets the paths of the config files to the user's own files, if this process runs below `exec
/// --renew`.
fn users_own_files(mut environment: Environment) -> Environment {
    for (own, variable) in [
        (USER_CONFIG_FILE, "AWS_CONFIG_FILE"),
        (USER_CREDENTIALS_FILE, "AWS_SHARED_CREDENTIALS_FILE"),
    ] {
        if let Some(path) = environment.var_os(own).map(ToOwned::to_owned) {
            environment = environment.with(variable, path);
        }
    }
    environment
}

/// Returns the current time.
pub(crate) fn now() -> jiff::Timestamp {
    SystemClock.now()
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn finish_refresh_does_not_wait_for_other_threads() {
        let context = Context {
            global: Global::default(),
            environment: Environment::default(),
            default_timeout: None,
            progress: Progress::new(false),
            providers: RefCell::default(),
            runtime: RefCell::default(),
        };
        let (release, released) = mpsc::channel::<()>();
        let (end, ended) = mpsc::channel();
        let done = context.wait("testing", async |_| {
            // Blocks a thread, as name resolution does. Ends after ten seconds, so that a failing test
            // does not hang.
            tokio::task::spawn_blocking(move || {
                let _ = released.recv_timeout(Duration::from_secs(10));
                let _ = end.send(());
            });
            "done"
        });
        assert_eq!(done.unwrap(), "done");
        context.finish_refresh();
        assert_eq!(ended.try_recv(), Err(mpsc::TryRecvError::Empty), "the thread was waited for");
        drop(release);
    }
}
