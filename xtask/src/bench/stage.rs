//! The emulated services, as a program of their own and built for release: a slow service would
//! hide what clients cost.
//!
//! Not responsible for what is asked of them.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;

/// An emulator that runs, and the home that it wrote for clients.
pub(crate) struct Stage {
    process: Child,
    home: TempDir,
    described: Value,
    /// `HOST:PORT`.
    pub(crate) address: String,
    /// What every client is run with.
    pub(crate) environment: Vec<(String, String)>,
}

impl Stage {
    /// Starts one. Tokens and credentials outlive the run; refresh tokens are good for one use.
    pub(crate) fn start(emulator: &Path, tls: bool) -> Result<Self> {
        let home = TempDir::new()?;
        let mut command = Command::new(emulator);
        command.arg("--home").arg(home.path()).arg("--rotate");
        command.args(["--token-ttl", "28800", "--credentials-ttl", "43200"]);
        if tls {
            command.arg("--tls");
        }
        let mut process = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(process.stdout.take().context("a pipe")?).read_line(&mut line)?;
        let described: Value = serde_json::from_str(&line).context("the emulator's first line")?;
        let url = text(&described, "portal_url")?;
        let address = url.rsplit('/').next().unwrap_or(url).to_owned();
        let variables = described.get("environment").and_then(Value::as_object);
        let mut environment: Vec<_> = variables
            .context("no environment")?
            .iter()
            .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
            .collect();
        environment.push(("AWS_PROFILE".to_owned(), text(&described, "profile")?.to_owned()));
        let mut stage = Self { process, home, described, address, environment };
        if tls {
            stage.trust()?;
        }
        Ok(stage)
    }

    /// Makes every client trust the machine's own bundle and the emulator's authority: as many
    /// certificates to read as there are in real life.
    fn trust(&mut self) -> Result<()> {
        let system = std::fs::read_to_string("/etc/ssl/certs/ca-certificates.crt")
            .context("no system bundle of certificates; install ca-certificates")?;
        let own = std::fs::read_to_string(text(&self.described, "ca_bundle")?)?;
        let bundle = self.bundle();
        std::fs::write(&bundle, format!("{system}\n{own}"))?;
        self.environment.retain(|(name, _)| name != "AWS_CA_BUNDLE");
        for name in ["AWS_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"] {
            self.environment.push((name.to_owned(), bundle.display().to_string()));
        }
        Ok(())
    }

    /// The bundle of certificates, where the emulator speaks TLS.
    pub(crate) fn bundle(&self) -> PathBuf {
        self.home.path().join("bundle.pem")
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    pub(crate) fn token_file(&self) -> Result<PathBuf> {
        Ok(text(&self.described, "token_file")?.into())
    }

    pub(crate) fn account_id(&self) -> Result<&str> {
        text(&self.described, "account_id")
    }

    pub(crate) fn role_name(&self) -> Result<&str> {
        text(&self.described, "role_name")
    }

    /// Writes the home anew, with a new login whose token stands like this.
    pub(crate) fn token_state(&self, state: &str) -> Result<()> {
        self.control("POST", "write-home", &format!("{{\"state\":\"{state}\"}}")).map(drop)
    }

    /// Removes the role credentials that ssocreds and the AWS CLI share.
    pub(crate) fn forget_role_credentials(&self) -> Result<()> {
        let directory = self.home().join(".aws/cli/cache");
        match std::fs::remove_dir_all(directory) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// The file of role credentials that a client has left, if it has left one.
    pub(crate) fn role_credentials(&self) -> Option<PathBuf> {
        let files = std::fs::read_dir(self.home().join(".aws/cli/cache")).ok()?.flatten();
        let mut files = files.map(|file| file.path());
        files.find(|path| path.extension().is_some_and(|it| it == "json"))
    }

    pub(crate) fn reset_counts(&self) -> Result<()> {
        self.control("DELETE", "counts", "").map(drop)
    }

    /// How often an operation was asked for since then.
    pub(crate) fn count(&self, operation: &str) -> Result<u64> {
        let counts = self.control("GET", "counts", "")?;
        counts.get(operation).and_then(Value::as_u64).context("no such count")
    }

    fn control(&self, method: &str, path: &str, body: &str) -> Result<Value> {
        let mut connection = TcpStream::connect(&self.address)?;
        let (host, length) = (&self.address, body.len());
        write!(
            connection,
            "{method} /emulator/{path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {length}\r\n\
             connection: close\r\n\r\n{body}"
        )?;
        let mut answer = String::new();
        connection.read_to_string(&mut answer)?;
        ensure!(answer.starts_with("HTTP/1.1 200"), "the emulator refused {path}: {answer}");
        let body = answer.split_once("\r\n\r\n").map(|(_, body)| body).unwrap_or_default();
        Ok(serde_json::from_str(body).unwrap_or_default())
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // It may have ended already; either way it is gone after this.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn text<'a>(value: &'a Value, key: &str) -> Result<&'a str> {
    value.get(key).and_then(Value::as_str).with_context(|| format!("no {key}"))
}
