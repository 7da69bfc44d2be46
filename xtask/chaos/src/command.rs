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
/// Asks an endpoint for credentials, with the variables that AWS SDKs read.
const FETCH: &str = r#"
answer=$(curl --silent --show-error --max-time 15 \
    --header "Authorization: $(cat "$AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")" \
    "$AWS_CONTAINER_CREDENTIALS_FULL_URI")
case $answer in
*AccessKeyId*) printf %s "$answer" ;;
*LoginRequired*) echo "$answer" >&2; exit 4 ;;
*) echo "$answer" >&2; exit 6 ;;
esac"#;
/// Opens the login page, which allows the login at once.
const BROWSER: &str = "curl --silent --location --max-time 20 --output /dev/null";
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
    /// `exec --renew`, with a command that asks the endpoint.
    Renew,
    Serve,
    /// A client of `serve`.
    Client,
    Populate,
    CodeLogin,
    BrowserLogin,
    Logout,
    Botocore,
}

impl What {
    pub(crate) fn choose(stage: &Stage, weather: Weather, random: &mut fastrand::Rng) -> Self {
        // Rarely, since a process may require a login during a logout. Without a place to write,
        // it would end the session and leave the file; botocore could write the file again.
        if random.u8(..80) == 0 && !matches!(weather, Weather::Unwritable | Weather::Mixed) {
            return Self::Logout;
        }
        match (random.u8(..20), weather) {
            (0..=1, Weather::Mixed) if stage.python.is_some() => Self::Botocore,
            (2..=5, _) => Self::Token,
            (6..=10, _) => Self::CachedCredentials,
            (11, _) => Self::Exec,
            (12, _) => Self::Renew,
            (13, _) => Self::Serve,
            (14..=15, _) => Self::Populate,
            (16, _) if random.bool() => Self::CodeLogin,
            (16, _) => Self::BrowserLogin,
            _ => Self::Credentials,
        }
    }

    pub(crate) fn is_ours(self) -> bool {
        self != Self::Botocore
    }

    /// Returns whether it prints credentials or a token as JSON.
    pub(crate) fn is_retrieval(self) -> bool {
        !matches!(
            self,
            Self::Serve | Self::Populate | Self::CodeLogin | Self::BrowserLogin | Self::Logout
        )
    }

    /// The secrets that it is asked to print.
    pub(crate) fn prints(self) -> &'static [Kind] {
        match self {
            Self::Credentials | Self::CachedCredentials | Self::Renew | Self::Client => {
                &[Kind::SecretAccessKey, Kind::SessionToken]
            }
            Self::Token => &[Kind::AccessToken],
            _ => &[],
        }
    }

    fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Credentials => &["credential-process", "--no-cache"],
            Self::CachedCredentials => &["credential-process"],
            Self::Token => &["token", "--format", "json"],
            Self::Exec => &["exec"],
            Self::Renew => &["exec", "--renew"],
            Self::Serve => &["serve"],
            Self::Populate => &["populate", "--region", "us-east-1"],
            Self::CodeLogin => &["login", "--wait", "30", "--use-device-code"],
            Self::BrowserLogin => &["login", "--wait", "30", "--port", "0"],
            Self::Logout => &["logout"],
            Self::Client | Self::Botocore => &[],
        }
    }

    /// The command that `exec` runs.
    fn script(self) -> Option<&'static str> {
        match self {
            Self::Exec => Some(SHOW),
            Self::Renew => Some(FETCH),
            _ => None,
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
    } else if what == What::Client {
        let mut command = Command::new("sh");
        command.args(["-c", FETCH]);
        command
    } else {
        let mut command = Command::new("sh");
        command.args(["-c", if is_disk_full { OPEN_MASK_FULL_DISK } else { OPEN_MASK }, "sh"]);
        command.arg(&stage.program);
        command.args(is_verbose.then_some("-vv")).args(what.arguments());
        command.args(["--profile", profile]);
        if let Some(script) = what.script() {
            command.args(["--", "sh", "-c", script]);
        }
        command
    };
    command.env_clear().envs(stage.home.environment.iter().cloned());
    command.env("TMPDIR", stage.scratch.path()).env("XDG_RUNTIME_DIR", stage.scratch.path());
    command.env("BROWSER", BROWSER);
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    command
}
