//! An emulated AWS, and a home directory for clients.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use sso_emulator::{Emulator, EmulatorBuilder, Home, TokenState};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

pub(crate) struct Stage {
    pub(crate) emulator: Emulator,
    pub(crate) home: Home,
    /// The environment of each client.
    pub(crate) environment: Vec<(String, String)>,
    directory: TempDir,
    _runtime: Runtime,
}

impl Stage {
    pub(crate) fn http() -> Result<Self> {
        Self::start(Emulator::builder())
    }

    /// Clients trust the machine's own certificates and the emulator's, in one bundle.
    pub(crate) fn tls() -> Result<Self> {
        let mut stage = Self::start(Emulator::builder().tls(true))?;
        let system = std::fs::read_to_string("/etc/ssl/certs/ca-certificates.crt")
            .context("the package ca-certificates is not installed")?;
        let authority = stage.emulator.ca_pem().context("an authority")?;
        let bundle = stage.bundle();
        std::fs::write(&bundle, format!("{system}\n{authority}"))?;
        stage.environment.retain(|(name, _)| name != "AWS_CA_BUNDLE");
        stage.environment.push(("AWS_CA_BUNDLE".to_owned(), bundle.display().to_string()));
        stage.environment.push(("SSL_CERT_FILE".to_owned(), bundle.display().to_string()));
        Ok(stage)
    }

    pub(crate) fn start(builder: EmulatorBuilder) -> Result<Self> {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let emulator = runtime.block_on(builder.rotate_refresh_tokens(true).start())?;
        let directory = TempDir::new()?;
        let home = emulator.write_home(directory.path(), TokenState::Valid)?;
        let mut environment = home.environment.clone();
        environment.push(("AWS_PROFILE".to_owned(), home.profile.clone()));
        Ok(Self { emulator, home, environment, directory, _runtime: runtime })
    }

    pub(crate) fn bundle(&self) -> PathBuf {
        self.directory.path().join("bundle.pem")
    }

    /// The emulator's host and port.
    pub(crate) fn address(&self) -> String {
        let url = self.emulator.portal_url();
        url.rsplit('/').next().unwrap_or(&url).to_owned()
    }

    /// Writes a new login, whose token is in this state, and removes cached role credentials.
    pub(crate) fn reset(&self, state: TokenState) -> Result<()> {
        self.emulator.write_home(self.directory.path(), state)?;
        let cache = self.directory.path().join(".aws/cli/cache");
        if cache.exists() {
            std::fs::remove_dir_all(cache)?;
        }
        Ok(())
    }

    /// The cached role credentials that a client left.
    pub(crate) fn role_credentials(&self) -> Result<PathBuf> {
        let files = std::fs::read_dir(self.directory.path().join(".aws/cli/cache"))?.flatten();
        let mut files = files.map(|file| file.path());
        files.find(|path| path.extension().is_some_and(|it| it == "json")).context("none cached")
    }
}
