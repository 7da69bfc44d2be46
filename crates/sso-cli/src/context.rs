//! What the commands share: the global options, the environment, the clock, and how something is
//! waited for.
//!
//! Not responsible for what is waited for.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use sso_config::{Locations, SharedConfig};
use sso_provider::{ConfigError, ProfileProviders, ProfileProvidersBuilder};
use sso_types::{Clock, Environment, SystemClock};

use crate::arguments::{Global, Login};
use crate::failure::Failure;
use crate::notices;
use crate::progress::Progress;

/// The process as a command sees it.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) global: Global,
    pub(crate) environment: Environment,
}

impl Context {
    pub(crate) fn new(global: Global) -> Self {
        if global.verbose > 0 {
            notices::log(global.verbose);
        }
        Self { global, environment: Environment::from_process() }
    }

    /// The config files, read.
    pub(crate) fn shared_config(&self) -> Result<SharedConfig, ConfigError> {
        Ok(SharedConfig::load(&Locations::from_environment(&self.environment)?)?)
    }

    /// The providers of the profile.
    pub(crate) fn providers(&self) -> Result<ProfileProviders, ConfigError> {
        built(self.builder())
    }

    /// The providers of the profile or of the session.
    pub(crate) fn login(&self, login: &Login) -> Result<ProfileProviders, ConfigError> {
        match &login.sso_session {
            Some(session) => built(self.builder().sso_session(session)),
            None => self.providers(),
        }
    }

    /// The directory of the role credentials that are cached on disk; `None` with `--no-cache`, and
    /// without a home directory: that cache is a help, and nothing to fail for.
    pub(crate) fn role_cache_dir(&self) -> Option<PathBuf> {
        if self.global.no_cache {
            return None;
        }
        sso_cache::role_cache_dir(&self.environment).ok()
    }

    /// Waits for the network or another process. What takes long is shown on a terminal.
    ///
    /// Here, and not earlier, is what a command does not need that only reads files: a runtime, and
    /// somebody who listens to warnings.
    pub(crate) fn wait<T>(
        &self,
        what: &str,
        work: impl AsyncFnOnce(&Progress) -> T,
    ) -> Result<T, Failure> {
        let is_shown = self.global.verbose == 0 && std::io::stderr().is_terminal();
        let progress = Progress::new(what, is_shown);
        if self.global.verbose == 0 {
            notices::listen(&progress);
        }
        // One thread is all that a short-lived program needs.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|source| Failure::Io { doing: "start", source })?;
        let done = runtime.block_on(progress.watch(work(&progress)));
        // A thread in which the system still looks up a name can take many times the limit of a
        // connection. No thread writes anything.
        runtime.shutdown_background();
        Ok(done)
    }

    fn builder(&self) -> ProfileProvidersBuilder {
        let mut builder = ProfileProviders::builder()
            .environment(self.environment.clone())
            .role_credentials_cache(self.role_cache_dir().is_some())
            .user_agent_suffix(concat!("ssocreds-cli/", env!("CARGO_PKG_VERSION")));
        if let Some(profile) = &self.global.profile {
            builder = builder.profile(profile);
        }
        if let Some(dir) = &self.global.cache_dir {
            builder = builder.cache_dir(dir);
        }
        builder
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

/// The time now.
pub(crate) fn now() -> jiff::Timestamp {
    SystemClock.now()
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use crate::arguments::Color;

    use super::*;

    #[test]
    fn what_a_thread_still_does_is_not_waited_for() {
        let global = Global {
            profile: None,
            cache_dir: None,
            no_cache: false,
            verbose: 0,
            color: Color::Never,
        };
        let context = Context { global, environment: Environment::default() };
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
        assert_eq!(ended.try_recv(), Err(mpsc::TryRecvError::Empty), "the thread was waited for");
        drop(release);
    }
}
