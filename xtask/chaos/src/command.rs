//! The command line of each process.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Stage, Weather, secrets::Kind};

/// Resolves a profile with botocore, which takes no lock.
const BOTOCORE: &str = "
import sys, botocore.session
session = botocore.session.Session(profile=sys.argv[1])
session.set_config_variable('region', 'us-east-1')
print('{\"AccessKeyId\": \"%s\"}' % session.get_credentials().get_frozen_credentials().access_key)
";
/// What `exec` runs: it lives for a moment, so that its command line can be looked at.
const SHOW: &str = r#"sleep 0.05; printf '{"AccessKeyId": "%s", "Expiration": "%s"}' "$AWS_ACCESS_KEY_ID" "$AWS_CREDENTIAL_EXPIRATION""#;
/// Whatever a process leaves to the mode mask, others may do. A write beyond the limit is an error,
/// not a signal.
const OPEN_MASK: &str = "umask 0; exec \"$@\"";
const OPEN_MASK_FULL_DISK: &str = "umask 0; trap '' XFSZ; ulimit -f 0; exec \"$@\"";

/// What a process is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    Credentials,
    CachedCredentials,
    Token,
    Exec,
    Botocore,
}

/// What is wrong with the machine for this process alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Handicap {
    None,
    FullDisk,
    /// Its home is read-only, as in a container. Other processes write to the same files.
    ReadOnlyHome,
    /// The clock is off by so many seconds; and, from some moment on, by so many.
    WrongClock(i64, i64),
}

/// What may be installed.
pub(crate) struct Tools {
    /// A Python that has botocore.
    pub(crate) python: Option<PathBuf>,
    pub(crate) faketime: Option<&'static str>,
}

impl Tools {
    pub(crate) fn find() -> Self {
        let script = "import sys, botocore; print(sys.executable)";
        let python = Command::new("python3").args(["-c", script]).output().ok();
        let python = python.filter(|output| output.status.success());
        let places = [
            "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1",
            "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1",
            "/usr/lib64/faketime/libfaketime.so.1",
        ];
        Self {
            python: python.map(|it| String::from_utf8_lossy(&it.stdout).trim().into()),
            faketime: places.into_iter().find(|place| Path::new(place).exists()),
        }
    }
}

impl What {
    pub(crate) fn choose(stage: &Stage, weather: Weather, random: &mut fastrand::Rng) -> Self {
        match (random.u8(..12), weather) {
            (0..=1, Weather::Mixed) if stage.tools.python.is_some() => Self::Botocore,
            (2..=4, _) => Self::Token,
            (5..=7, _) => Self::CachedCredentials,
            (8, _) => Self::Exec,
            _ => Self::Credentials,
        }
    }

    pub(crate) fn is_ours(self) -> bool {
        self != Self::Botocore
    }

    /// Whether it takes the role credentials from the cache, and waits for others to fill it.
    pub(crate) fn is_cached(self) -> bool {
        matches!(self, Self::CachedCredentials | Self::Exec)
    }

    /// The secrets that it is asked to print.
    pub(crate) fn prints(self) -> &'static [Kind] {
        match self {
            Self::Credentials | Self::CachedCredentials => {
                &[Kind::SecretAccessKey, Kind::SessionToken]
            }
            Self::Token => &[Kind::AccessToken],
            Self::Exec | Self::Botocore => &[],
        }
    }

    fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Credentials => &["credential-process", "--no-cache"],
            Self::CachedCredentials => &["credential-process"],
            Self::Token => &["token", "--format", "json"],
            Self::Exec => &["exec"],
            Self::Botocore => &[],
        }
    }
}

impl Handicap {
    pub(crate) fn choose(stage: &Stage, weather: Weather, random: &mut fastrand::Rng) -> Self {
        // Less than the role credentials live.
        let mut off = || random.i64(-850..850);
        let (first, then) = (off(), off());
        match (random.u8(..10), weather) {
            (0, Weather::Harsh) | (0..=1, Weather::Unwritable) => Self::FullDisk,
            (2..=3, Weather::Unwritable) if stage.disk.read_only_path().is_some() => {
                Self::ReadOnlyHome
            }
            (1, Weather::Harsh) if stage.tools.faketime.is_some() => Self::WrongClock(first, then),
            _ => Self::None,
        }
    }
}

fn environment(stage: &Stage, handicap: Handicap) -> Vec<(String, String)> {
    let mut environment = stage.home.environment.clone();
    if let (Handicap::ReadOnlyHome, Some(read_only)) = (handicap, stage.disk.read_only_path()) {
        let (from, to) = (stage.disk.path().display().to_string(), read_only.display().to_string());
        for (_, value) in &mut environment {
            *value = value.replace(&from, &to);
        }
    }
    environment
}

/// The command of one process. A wrong clock reads by how much from the file `clock`.
pub(crate) fn command(
    stage: &Stage,
    what: What,
    handicap: Handicap,
    profile: &str,
    is_verbose: bool,
    clock: &Path,
) -> Command {
    let mut command = if let (What::Botocore, Some(python)) = (what, &stage.tools.python) {
        let mut command = Command::new(python);
        command.args(["-c", BOTOCORE, profile]);
        command
    } else {
        let full = handicap == Handicap::FullDisk;
        let mut command = Command::new("sh");
        command.args(["-c", if full { OPEN_MASK_FULL_DISK } else { OPEN_MASK }, "sh"]);
        command.arg(&stage.program);
        command.args(is_verbose.then_some("-vv")).args(what.arguments());
        command.args(["--profile", profile]);
        if what == What::Exec {
            command.args(["--", "sh", "-c", SHOW]);
        }
        command
    };
    command.env_clear().envs(environment(stage, handicap));
    let url = stage.relay.url();
    command.env("AWS_ENDPOINT_URL_SSO", &url).env("AWS_ENDPOINT_URL_SSO_OIDC", &url);
    command.env("TMPDIR", stage.scratch.path());
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    if let (Handicap::WrongClock(..), Some(library)) = (handicap, stage.tools.faketime) {
        // As when the machine's clock is set: what counts time goes on, and files keep their times.
        command.env("LD_PRELOAD", library).env("FAKETIME_TIMESTAMP_FILE", clock);
        command.env("FAKETIME_NO_CACHE", "1").env("NO_FAKE_STAT", "1");
        command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1").env("DONT_FAKE_MONOTONIC", "1");
    }
    command
}
