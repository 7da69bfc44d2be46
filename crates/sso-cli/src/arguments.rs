//! The command line: commands, options, help.

#![expect(clippy::doc_markdown, reason = "these are help texts, read at a terminal")]

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum};
use clap_complete::ArgValueCandidates;
use sso_http::AccountInfo;
use sso_types::AccountId;
use wildmatch::WildMatch;

use crate::candidates::{account_ids, profiles, role_names, sessions};

/// The exit codes, as the help shows them.
const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  any other error
  2  the command line is wrong
  3  the configuration must be mended
  4  log in first; the error says how
  5  refused by the service
  6  the service or the network is not available, after the last attempt
  exec: the command's own; 127 when it is not found, 126 when it cannot be run";

/// AWS credentials from an AWS IAM Identity Center (AWS SSO) login
///
/// Logs in with a browser or a code, refreshes the access token when it expires, and gives
/// credentials to any program.
#[derive(Debug, Parser)]
#[command(
    name = "ssocreds",
    version,
    max_term_width = 100,
    after_help = format!(
        "Example:\n  \
        ssocreds login --profile devsso\n  \
        eval \"$(ssocreds export --profile devsso)\"\n\n{EXIT_CODES}"
    )
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Arguments {
    /// Parses a command line; its first word is the program's name.
    pub(crate) fn read(
        words: impl IntoIterator<Item = impl Into<OsString> + Clone>,
    ) -> Result<Self, clap::Error> {
        let arguments = Self::try_parse_from(words)?;
        // clap misses this conflict if the profile comes before the command.
        if arguments.global.profile.is_some() && arguments.command.sso_session().is_some() {
            return Err(Self::command().error(
                clap::error::ErrorKind::ArgumentConflict,
                "the argument '--profile <NAME>' cannot be used with '--sso-session <NAME>'",
            ));
        }
        Ok(arguments)
    }
}

/// Options that every command takes.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// The profile [default: AWS_PROFILE, else AWS_DEFAULT_PROFILE, else "default"]
    #[arg(long, global = true, value_name = "NAME", add = ArgValueCandidates::new(profiles))]
    pub(crate) profile: Option<String>,
    /// The directory of the token files [default: SSOCREDS_CACHE_DIR, else ~/.aws/sso/cache]
    #[arg(long, global = true, value_name = "DIRECTORY")]
    pub(crate) cache_dir: Option<PathBuf>,
    /// The directory of cached role credentials [default: SSOCREDS_ROLE_CACHE_DIR, else
    /// ~/.aws/cli/cache]
    #[arg(long, global = true, value_name = "DIRECTORY")]
    pub(crate) role_cache_dir: Option<PathBuf>,
    /// Do not read or write cached role credentials
    #[arg(long, global = true)]
    pub(crate) no_cache: bool,
    /// The time limit for opening a connection [default: SSOCREDS_CONNECT_TIMEOUT, else 3.1]
    #[arg(long, global = true, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) connect_timeout: Option<Duration>,
    /// The time limit for the whole command, with all retries [default: SSOCREDS_TIMEOUT, else 60;
    /// 50 for credential-process, none for accounts and roles]
    #[arg(long, global = true, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) timeout: Option<Duration>,
    /// Refresh an expired token even if the new one cannot be written to the directory of the token
    /// files. Every other program that shares the login then needs a new one
    #[arg(long, global = true)]
    pub(crate) allow_unsaved_refresh: bool,
    /// Log to stderr (-vv for more); secrets are never logged
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// When to use colour; NO_COLOR is honoured
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        hide_default_value = true
    )]
    pub(crate) color: Color,
}

/// Parses a time limit: seconds, more than none, with a fraction if need be.
pub(crate) fn seconds(value: &str) -> Result<Duration, &'static str> {
    let seconds = value.parse().ok().and_then(|it| Duration::try_from_secs_f64(it).ok());
    seconds.filter(|it| !it.is_zero()).ok_or("give a number of seconds greater than 0")
}

/// When to use colour.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(crate) enum Color {
    #[default]
    Auto,
    Always,
    Never,
}

impl Color {
    /// Applies the choice to stdout and stderr of this process.
    pub(crate) fn write_global(self) {
        match self {
            Self::Auto => anstream::ColorChoice::Auto,
            Self::Always => anstream::ColorChoice::Always,
            Self::Never => anstream::ColorChoice::Never,
        }
        .write_global();
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Log in, in a browser or with a code
    #[command(after_help = "Examples:\n  \
        ssocreds login --profile devsso\n  \
        ssocreds login --sso-session dev-session --use-device-code\n  \
        ssocreds login --sso-session dev-session --port 8400    (with ssh -L 8400:127.0.0.1:8400)\n\n\
        All AWS tools use the login. Over SSH, in a container and without a display, the login uses \
        a device code by itself. The keys ssocreds_use_device_code and ssocreds_redirect_port, in the \
        sso-session or in a legacy profile, set --use-device-code and --port.")]
    Login(LoginOptions),
    /// Log out: end the session and remove its files
    #[command(after_help = "Example:\n  \
        ssocreds logout --sso-session dev-session")]
    Logout(LogoutOptions),
    /// Print credentials for the credential_process setting of any AWS tool
    #[command(after_help = "Example, in ~/.aws/config:\n  \
        [profile dev]\n  \
        credential_process = ssocreds credential-process --profile devsso\n\n\
        The profile that is named here must be another one than the one it stands in.")]
    CredentialProcess(Retrieval),
    /// Print credentials as shell commands, environment variables or JSON
    #[command(after_help = "Examples:\n  \
        eval \"$(ssocreds export --profile devsso)\"                  (sh, bash, zsh)\n  \
        ssocreds export --profile devsso --format fish | source     (fish)\n  \
        ssocreds export --profile devsso --format powershell | Out-String | Invoke-Expression")]
    Export(Export),
    /// Run a command with the credentials in its environment
    #[command(after_help = "Example:\n  \
        ssocreds exec --profile devsso -- aws s3 ls\n\n\
        AWS_REGION and AWS_DEFAULT_REGION are set if the profile has a region. Variables that \
        would lead the command to other credentials, AWS_PROFILE among them, are removed.\n\n\
        Credentials last an hour or so. Give --renew to a command that runs longer: ssocreds stays \
        as its parent and gives it new credentials for as long as it runs. AWS SDKs and the AWS CLI \
        ask for them by themselves; for a tool that does not, try --renew=process.\n\n\
        Exit codes: the command's own; 127 when it is not found, 126 when it cannot be run.\n\
        Before it runs, those of `ssocreds --help`.")]
    Exec(Exec),
    /// Serve credentials to other programs until stopped, as a container credentials endpoint
    #[command(after_help = "Example:\n  \
        ssocreds serve --profile devsso\n\n\
        Prints the variables to export in the shell of the other program. The endpoint renews the \
        credentials, and answers with an error that names the command while a login is needed. \
        The token in the token file is a secret.")]
    Serve(Serve),
    /// Open the AWS console in a browser, with the profile's account and role
    #[command(after_help = "Example:\n  \
        ssocreds console --profile devsso --destination https://console.aws.amazon.com/s3/home\n\n\
        The link leads through the AWS access portal, which asks you to log in if needed. It holds \
        no secret, and no request is made for it. BROWSER chooses the browser.")]
    Console(Console),
    /// Print the SSO access token, refreshed when needed; it is a secret
    #[command(after_help = "Example:\n  \
        ssocreds token --sso-session dev-session --format json")]
    Token(Token),
    /// List the accounts that the login gives access to
    #[command(after_help = "Example:\n  \
        ssocreds accounts --profile devsso --format json")]
    Accounts(List),
    /// List the roles that the login gives access to, of one account or of all
    #[command(after_help = "Example:\n  \
        ssocreds roles --profile devsso --account-id 123456789012")]
    Roles(Roles),
    /// Show every sso-session and SSO profile: logged in or not, until when, which files
    #[command(after_help = "Example:\n  \
        ssocreds status\n\n\
        Nothing is sent and no secret is shown. With --profile, that profile only.")]
    Status(Show),
    /// Show what was understood of the config files
    #[command(after_help = "Example:\n  \
        ssocreds config --profile devsso\n\n\
        With --profile, what that profile asks for, and where each setting comes from.")]
    Config(Show),
    /// Print the completions of a shell
    #[command(after_help = "Example:\n  \
        ssocreds completions bash > ~/.local/share/bash-completion/completions/ssocreds")]
    Completions(Completions),
    /// Print the manual page (roff), of the program or of one command
    #[command(after_help = "Example:\n  \
        ssocreds man export | man -l -")]
    Man(Man),
}

impl Command {
    /// The sso-session that was given instead of a profile.
    pub(crate) fn sso_session(&self) -> Option<&str> {
        let login = match self {
            Self::Token(options) => &options.login,
            Self::Accounts(options) => &options.login,
            Self::Roles(options) => &options.list.login,
            Self::Login(options) => return options.sso_session.as_deref(),
            Self::Logout(options) => return options.sso_session.as_deref(),
            _ => return None,
        };
        login.sso_session.as_deref()
    }

    /// Whether to log in first if a login is needed.
    pub(crate) fn logs_in(&self) -> bool {
        match self {
            Self::Export(options) => options.login,
            Self::Exec(options) => options.login,
            Self::Token(options) => options.login.login,
            Self::Accounts(options) => options.login.login,
            Self::Roles(options) => options.list.login.login,
            _ => false,
        }
    }

    /// The time limit of the command, if it differs from that of the libraries.
    pub(crate) fn default_timeout(&self) -> Option<Duration> {
        // The AWS SDK for Go waits 60 seconds for the process: it should see our error.
        matches!(self, Self::CredentialProcess(_)).then_some(Duration::from_secs(50))
    }

    /// Whether errors are printed as JSON, like the output.
    pub(crate) fn has_json_errors(&self) -> bool {
        match self {
            Self::Export(options) => options.format == ExportFormat::Json,
            Self::Token(options) => options.format == TextFormat::Json,
            Self::Accounts(options) => options.format == ListFormat::Json,
            Self::Roles(options) => options.list.format == ListFormat::Json,
            Self::Status(options) | Self::Config(options) => options.format == TableFormat::Json,
            Self::CredentialProcess(_)
            | Self::Exec(_)
            | Self::Serve(_)
            | Self::Console(_)
            | Self::Login(_)
            | Self::Logout(_)
            | Self::Completions(_)
            | Self::Man(_) => false,
        }
    }
}

/// Options of the commands that get role credentials.
#[derive(Debug, Args)]
pub(crate) struct Retrieval {
    /// Get new role credentials, even if cached ones are valid, and replace the cached ones
    #[arg(long)]
    pub(crate) refresh: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Export {
    /// The output format
    #[arg(long, default_value = "env")]
    pub(crate) format: ExportFormat,
    /// Add the profile's region: AWS_REGION and AWS_DEFAULT_REGION, in ini "region", in process none
    #[arg(long)]
    pub(crate) region: bool,
    #[command(flatten)]
    pub(crate) retrieval: Retrieval,
    /// Log in first if that is needed, on a terminal
    #[arg(long)]
    pub(crate) login: bool,
}

/// The formats of `aws configure export-credentials`, and JSON and INI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    /// The JSON of credential_process
    Process,
    /// export NAME=VALUE, for sh, bash and zsh
    Env,
    /// NAME=VALUE, for files of variables; a shell reads it too
    EnvNoExport,
    /// set -gx NAME "VALUE"
    Fish,
    /// $Env:NAME="VALUE"
    Powershell,
    /// set NAME=VALUE
    WindowsCmd,
    /// A JSON object of the environment variables
    Json,
    /// A profile for ~/.aws/credentials
    Ini,
}

#[derive(Debug, Args)]
pub(crate) struct Exec {
    /// Keep renewing the credentials: through a local endpoint, or through credential_process
    #[arg(
        long,
        value_name = "HOW",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "endpoint"
    )]
    pub(crate) renew: Option<Renew>,
    /// With --renew: pass the endpoint's token as a variable too, for SDKs that do not read the file
    #[arg(long, requires = "renew")]
    pub(crate) token_in_environment: bool,
    /// Log in first if that is needed, on a terminal
    #[arg(long)]
    pub(crate) login: bool,
    /// The command and its arguments
    #[arg(required = true, trailing_var_arg = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
    #[command(flatten)]
    pub(crate) retrieval: Retrieval,
}

/// How a command gets new credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Renew {
    /// A container credentials endpoint on 127.0.0.1
    Endpoint,
    /// A config file whose default profile runs ssocreds
    Process,
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// A profile; may be given more than once
    #[arg(long = "profile", id = "profile", value_name = "NAME", action = clap::ArgAction::Append)]
    pub(crate) profiles: Vec<String>,
    /// The address to listen on; port 0 takes any that is free
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub(crate) listen: SocketAddr,
    /// Allow an address that other machines or containers may reach; nothing is encrypted
    #[arg(long)]
    pub(crate) allow_non_loopback: bool,
    /// Write the token to this file instead of a private one; removed at the end
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// Write the variables of the first profile to this file, NAME=VALUE; removed at the end
    #[arg(long, value_name = "FILE")]
    pub(crate) env_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Console {
    /// The page to open in the console [default: its home page]
    #[arg(long, value_name = "URL")]
    pub(crate) destination: Option<String>,
    /// Print the link instead of opening it
    #[arg(long)]
    pub(crate) print: bool,
}

/// Selects a login without a profile.
#[derive(Debug, Clone, Args)]
pub(crate) struct Login {
    /// Use an sso-session instead of a profile
    #[arg(
        long,
        value_name = "NAME",
        conflicts_with = "profile",
        add = ArgValueCandidates::new(sessions)
    )]
    pub(crate) sso_session: Option<String>,
    /// Log in first if that is needed, on a terminal
    #[arg(long)]
    pub(crate) login: bool,
}

/// How to log in.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub(crate) struct LoginOptions {
    /// An sso-session, in place of a profile
    #[arg(long, value_name = "NAME", conflicts_with = "profile")]
    pub(crate) sso_session: Option<String>,
    /// Every sso-session of the config file, one after the other
    #[arg(long, conflicts_with_all = ["profile", "sso_session"])]
    pub(crate) all: bool,
    /// Show a code to enter on any device, instead of using a browser on this machine
    #[arg(long)]
    pub(crate) use_device_code: bool,
    /// Show the page without opening it
    #[arg(long)]
    pub(crate) no_browser: bool,
    /// The port of 127.0.0.1 that the browser comes back to [default: any free port]
    #[arg(long, value_name = "PORT", conflicts_with = "use_device_code")]
    pub(crate) port: Option<u16>,
    /// Keep a login that is still valid or can be refreshed
    #[arg(long)]
    pub(crate) if_needed: bool,
    /// How long to wait for you
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    pub(crate) wait: u64,
    /// Show the page as a QR code too
    #[arg(long)]
    pub(crate) qr: bool,
}

#[derive(Debug, Args)]
pub(crate) struct LogoutOptions {
    /// An sso-session, in place of a profile
    #[arg(long, value_name = "NAME", conflicts_with = "profile")]
    pub(crate) sso_session: Option<String>,
    /// Every login of this user, the AWS CLI's too
    #[arg(long, conflicts_with_all = ["profile", "sso_session"])]
    pub(crate) all: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Token {
    #[command(flatten)]
    pub(crate) login: Login,
    /// The output format; json includes the expiry
    #[arg(long, default_value = "text")]
    pub(crate) format: TextFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TextFormat {
    Text,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TableFormat {
    Table,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListFormat {
    Table,
    Json,
    Csv,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct List {
    #[command(flatten)]
    pub(crate) login: Login,
    /// The output format
    #[arg(long, default_value = "table")]
    pub(crate) format: ListFormat,
    /// List accounts with such a name only: * stands for any text, ? for one character; upper and
    /// lower case are the same
    #[arg(long, value_name = "PATTERN")]
    pub(crate) account_name: Option<String>,
}

impl List {
    /// Whether the account passes the filter.
    pub(crate) fn includes(&self, account: &AccountInfo) -> bool {
        let name = account.account_name.as_deref().unwrap_or_default();
        self.account_name.as_deref().is_none_or(|pattern| matches(pattern, name))
    }
}

fn matches(pattern: &str, name: &str) -> bool {
    WildMatch::new_case_insensitive(pattern).matches(name)
}

#[derive(Debug, Args)]
pub(crate) struct Roles {
    /// List the roles of this account only [default: all accounts]
    #[arg(
        long,
        value_name = "ID",
        conflicts_with = "account_name",
        add = ArgValueCandidates::new(account_ids)
    )]
    pub(crate) account_id: Option<AccountId>,
    /// List roles with such a name only: * and ? as for --account-name
    #[arg(long, value_name = "PATTERN", add = ArgValueCandidates::new(role_names))]
    pub(crate) role_name: Option<String>,
    #[command(flatten)]
    pub(crate) list: List,
}

impl Roles {
    /// Whether the role passes the filter.
    pub(crate) fn includes(&self, role_name: &str) -> bool {
        self.role_name.as_deref().is_none_or(|pattern| matches(pattern, role_name))
    }
}

#[derive(Debug, Args)]
pub(crate) struct Show {
    /// The output format
    #[arg(long, default_value = "table")]
    pub(crate) format: TableFormat,
}

#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell
    pub(crate) shell: Shell,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Shell {
    Bash,
    Elvish,
    Fish,
    Powershell,
    Zsh,
}

#[derive(Debug, Args)]
pub(crate) struct Man {
    /// The command [default: the program as a whole]
    pub(crate) command: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_and_a_session_exclude_each_other_wherever_they_stand() {
        let refused = |line: &str| {
            let error = Arguments::read(line.split(' ')).unwrap_err();
            error.to_string().lines().next().unwrap().to_owned()
        };
        let after = refused("ssocreds token --profile a --sso-session b");
        assert!(
            after.contains("'--profile <NAME>' cannot be used with '--sso-session <NAME>'"),
            "{after}"
        );
        assert_eq!(refused("ssocreds --profile a token --sso-session b"), after);
    }
}
