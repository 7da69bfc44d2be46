//! The command line of each process.

use std::process::Command;

use crate::secrets::Kind;
use crate::stage::{Stage, Weather};

/// Resolves a profile with botocore, which takes no lock.
const BOTOCORE: &str = "
import sys, botocore.session
session = botocore.session.Session(profile=sys.argv[1])
session.set_config_variable('region', 'us-east-1')
print('{\"AccessKeyId\": \"%s\"}' % session.get_credentials().get_frozen_credentials().access_key)
";
/// The command of `exec`. It runs long enough for its command line to be read.
const SHOW: &str = r#"sleep 0.05; printf '{"AccessKeyId": "%s", "Expiration": "%s"}' "$AWS_ACCESS_KEY_ID" "$AWS_CREDENTIAL_EXPIRATION""#;
/// With this mode mask, files that are not made private are open to others.
const OPEN_MASK: &str = "umask 0; exec \"$@\"";
/// A write beyond the limit is an error, not a signal.
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

impl What {
    pub(crate) fn choose(stage: &Stage, weather: Weather, random: &mut fastrand::Rng) -> Self {
        match (random.u8(..12), weather) {
            (0..=1, Weather::Mixed) if stage.python.is_some() => Self::Botocore,
            (2..=4, _) => Self::Token,
            (5..=7, _) => Self::CachedCredentials,
            (8, _) => Self::Exec,
            _ => Self::Credentials,
        }
    }

    pub(crate) fn is_ours(self) -> bool {
        self != Self::Botocore
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

/// The command of one process. With `is_disk_full` it can write nothing.
pub(crate) fn command(
    stage: &Stage,
    what: What,
    is_disk_full: bool,
    profile: &str,
    is_verbose: bool,
) -> Command {
    let mut command = if let (What::Botocore, Some(python)) = (what, &stage.python) {
        let mut command = Command::new(python);
        command.args(["-c", BOTOCORE, profile]);
        command
    } else {
        let mut command = Command::new("sh");
        command.args(["-c", if is_disk_full { OPEN_MASK_FULL_DISK } else { OPEN_MASK }, "sh"]);
        command.arg(&stage.program);
        command.args(is_verbose.then_some("-vv")).args(what.arguments());
        command.args(["--profile", profile]);
        if what == What::Exec {
            command.args(["--", "sh", "-c", SHOW]);
        }
        command
    };
    command.env_clear().envs(stage.home.environment.iter().cloned());
    command.env("TMPDIR", stage.scratch.path());
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    command
}
