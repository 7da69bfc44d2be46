//! The table of jobs that processes do, and their command lines.

use std::process::Command;
use std::time::Instant;

use crate::secrets::{ACCESS_TOKEN, SECRET_ACCESS_KEY, SESSION_TOKEN};
use crate::stage::{PROFILES, Profile, Stage, Weather};

/// The command of `exec`. It runs long enough for its command line to be read.
const SHOW: &str = r#"sleep 0.05; printf '{"AccessKeyId":"%s", "SecretAccessKey":"%s", "SessionToken":"%s", "Expiration":"%s"}' \
    "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY" "$AWS_SESSION_TOKEN" "$AWS_CREDENTIAL_EXPIRATION""#;
/// Requests credentials from an endpoint, with the variables that AWS SDKs read.
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
const CREDENTIALS: &[&str] = &[SESSION_TOKEN, SECRET_ACCESS_KEY];
/// With this mode mask, files that are not made private are open to others.
const OPEN_MASK: &str = "umask 0; exec \"$@\"";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Job {
    Credentials,
    CachedCredentials,
    Token,
    Exec,
    Renew,
    Serve,
    /// A client of `serve`.
    Client,
    Populate,
    CodeLogin,
    BrowserLogin,
    Logout,
}

impl Job {
    /// Chooses a job for a worker.
    pub(crate) fn choose(weather: Weather) -> Self {
        match fastrand::u8(..20) {
            // Rarely, since other processes may require a login until the next one.
            0 if weather == Weather::Harsh && fastrand::bool() => Self::Logout,
            0..=4 => Self::Credentials,
            5..=8 => Self::CachedCredentials,
            9..=12 => Self::Token,
            13 => Self::Exec,
            14 => Self::Renew,
            15 => Self::Serve,
            16..=17 => Self::Populate,
            18 => Self::CodeLogin,
            _ => Self::BrowserLogin,
        }
    }

    /// The secrets that the job prints to stdout, as JSON. Other jobs print only messages.
    pub(crate) fn secrets(self) -> &'static [&'static str] {
        self.row().2
    }

    /// The arguments of `ssocreds`, the shell script that it runs or that is run alone, and the secrets.
    fn row(self) -> (&'static [&'static str], Option<&'static str>, &'static [&'static str]) {
        match self {
            Self::Credentials => (&["credential-process", "--no-cache"], None, CREDENTIALS),
            Self::CachedCredentials => (&["credential-process"], None, CREDENTIALS),
            Self::Token => (&["token", "--format", "json"], None, &[ACCESS_TOKEN]),
            Self::Exec => (&["exec"], Some(SHOW), CREDENTIALS),
            Self::Renew => (&["exec", "--renew"], Some(FETCH), CREDENTIALS),
            Self::Serve => (&["serve"], None, &[]),
            Self::Client => (&[], Some(FETCH), CREDENTIALS),
            Self::Populate => (&["populate", "--region", "us-east-1"], None, &[]),
            Self::CodeLogin => (&["login", "--wait", "30", "--use-device-code"], None, &[]),
            Self::BrowserLogin => (&["login", "--wait", "30", "--port", "0"], None, &[]),
            Self::Logout => (&["logout"], None, &[]),
        }
    }
}

/// A job with its circumstances.
#[derive(Clone, Copy)]
pub(crate) struct Run {
    pub(crate) job: Job,
    pub(crate) profile: &'static Profile,
    pub(crate) weather: Weather,
    pub(crate) started: Instant,
}

impl Run {
    /// Returns a run that starts now, with a random profile.
    pub(crate) fn new(job: Job, weather: Weather) -> Self {
        let profile = fastrand::choice(&PROFILES).unwrap_or(&PROFILES[0]);
        Self { job, profile, weather, started: Instant::now() }
    }

    /// The command, which logs verbosely half of the time.
    pub(crate) fn command(&self, stage: &Stage) -> Command {
        let (arguments, script, _) = self.job.row();
        let mut command = stage.home.command("sh");
        command.args(["-c", OPEN_MASK, "sh"]);
        if !arguments.is_empty() {
            command.arg(&stage.program).args(fastrand::bool().then_some("-vv")).args(arguments);
            command.args(["--profile", self.profile.0]).args(script.map(|_| "--"));
        }
        if let Some(script) = script {
            command.args(["sh", "-c", script]);
        }
        let temporary = stage.temporary.path();
        command.env("TMPDIR", temporary).env("XDG_RUNTIME_DIR", temporary).env("BROWSER", BROWSER);
        command
    }
}
