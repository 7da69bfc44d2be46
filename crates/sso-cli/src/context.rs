//! What the commands share: the global options, the environment, the clock, and the runtime.

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

use crate::arguments::{self, Global, Login};
use crate::commands::exec::{USER_CONFIG_FILE, USER_CREDENTIALS_FILE};
use crate::failure::Failure;
use crate::followed_profile::{self, follow};
use crate::notices;
use crate::progress::Progress;

/// The command that errors name to log in.
pub(crate) const LOGIN_PROGRAM: &str = "ssocreds login";

/// The process as a command sees it.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) global: Global,
    pub(crate) environment: Environment,
    /// The command's own time limit, if it differs from that of the libraries.
    default_timeout: Option<Duration>,
    progress: Progress,
    /// What the command uses, for [`Self::finish_refresh`] and [`Self::configured_attempts`].
    providers: RefCell<Option<ProfileProviders>>,
    runtime: RefCell<Option<Runtime>>,
}

/// The profile that the user selected, and the SSO profile that it stands for.
#[derive(Debug)]
pub(crate) struct SelectedProfile {
    /// As the user named it.
    pub(crate) name: String,
    /// Its region, else that of the SSO profile.
    pub(crate) region: Option<String>,
    /// Of the SSO profile.
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

    /// The config files, read.
    pub(crate) fn shared_config(&self) -> Result<SharedConfig, ConfigError> {
        Ok(SharedConfig::load(&Locations::from_environment(&self.environment)?)?)
    }

    /// The paths of the config files.
    pub(crate) fn locations(&self) -> Result<Locations, Failure> {
        Ok(Locations::from_environment(&self.environment)?)
    }

    /// One of the config files, for editing.
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

    /// The selected profile, which need not hold the SSO keys itself.
    pub(crate) fn profile(&self) -> Result<SelectedProfile, Failure> {
        self.profile_named(self.global.profile.as_deref())
    }

    /// As [`Self::profile`], for a profile that need not be the one of the global options.
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

    /// The providers of the profile or of the session.
    pub(crate) fn login(&self, login: &Login) -> Result<ProfileProviders, Failure> {
        match &login.sso_session {
            Some(session) => {
                let providers = built(self.builder()?.sso_session(session))?;
                self.remember(&providers);
                Ok(providers)
            }
            None => Ok(self.profile()?.providers),
        }
    }

    /// The directory of cached role credentials. `None` with `--no-cache`, and without a home
    /// directory: the program works without that cache.
    pub(crate) fn role_cache_dir(&self) -> Option<PathBuf> {
        if self.global.no_cache {
            return None;
        }
        let directory = self.global.role_cache_dir.clone();
        directory.or_else(|| sso_cache::role_cache_dir(&self.environment).ok())
    }

    /// The time limit that `--timeout` or its variable sets.
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

    /// The directory of the token files.
    pub(crate) fn token_cache_dir(&self) -> Result<PathBuf, ConfigError> {
        match &self.global.cache_dir {
            Some(directory) => Ok(directory.clone()),
            None => Ok(sso_cache::token_cache_dir(&self.environment)?),
        }
    }

    /// Waits for the network or another process, and shows on a terminal what takes long.
    ///
    /// Starts the runtime and the output of warnings, which a command that only reads files does
    /// without.
    pub(crate) fn wait<T>(
        &self,
        what: &str,
        work: impl AsyncFnOnce(&Progress) -> T,
    ) -> Result<T, Failure> {
        self.progress.set(what.to_owned());
        if self.global.verbose == 0 {
            notices::write_warnings(&self.progress);
        }
        // A short-lived program needs one thread only.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|source| Failure::Io { doing: "start", source })?;
        let done = runtime.block_on(self.progress.watch(work(&self.progress)));
        if let Some(earlier) = self.runtime.replace(Some(runtime)) {
            earlier.shutdown_background();
        }
        Ok(done)
    }

    /// Waits until a refresh that still runs in the background has ended: cut off, it could lose the
    /// login. Call this after the output, and before this process ends or becomes another one.
    pub(crate) fn finish_refresh(&self) {
        let Some(runtime) = self.runtime.take() else { return };
        if let Some(providers) = self.providers.take() {
            runtime.block_on(providers.token_provider().wait_for_refresh());
        }
        // A blocking thread in which the system resolves a name can outlive the connect timeout. No
        // such thread writes anything.
        runtime.shutdown_background();
    }

    fn remember(&self, providers: &ProfileProviders) {
        self.providers.replace(Some(providers.clone()));
    }

    /// The number of attempts that the environment or the config file sets, with what set it.
    pub(crate) fn configured_attempts(&self) -> Option<Setting<u32>> {
        let providers = self.providers.borrow();
        let attempts = &providers.as_ref()?.settings().max_attempts;
        (attempts.source != SettingSource::Default).then(|| attempts.clone())
    }

    /// Runs work that goes on until something outside ends it.
    pub(crate) fn serve<T>(&self, work: impl AsyncFnOnce() -> T) -> Result<T, Failure> {
        if self.global.verbose == 0 {
            notices::write_warnings(&self.progress);
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|source| Failure::Io { doing: "start", source })?;
        let done = runtime.block_on(work());
        runtime.shutdown_background();
        Ok(done)
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

/// Builds the providers, with the warnings of the configuration that concern them on stderr.
fn built(builder: ProfileProvidersBuilder) -> Result<ProfileProviders, ConfigError> {
    let providers = builder.build()?;
    for warning in providers.config_warnings() {
        notices::warn(&warning.to_string());
    }
    Ok(providers)
}

/// `exec --renew` may give its command copies of the config files without the default profile's
/// credentials. A `ssocreds` behind it reads the user's own files.
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

/// The time now.
pub(crate) fn now() -> jiff::Timestamp {
    SystemClock.now()
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn what_a_thread_still_does_is_not_waited_for() {
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
            // As the system looks up a name: nothing can end it. Ten seconds, lest a failure hang.
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
