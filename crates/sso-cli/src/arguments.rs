//! The command line: commands, options, help.

#![expect(clippy::doc_markdown, reason = "these are help texts, read at a terminal")]

mod credentials;
mod global;
mod lists;
mod login;
mod profiles;

use std::ffi::OsString;
use std::time::Duration;

use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum};

pub(crate) use self::credentials::{Console, Exec, Export, ExportFormat, Renew, Retrieval, Serve};
pub(crate) use self::global::{Global, seconds};
pub(crate) use self::lists::{List, ListFormat, Roles};
pub(crate) use self::login::{LoginOptions, LoginSelection, LogoutOptions, TextFormat, Token};
pub(crate) use self::profiles::{Configure, Populate};

/// The exit codes, as the help shows them.
const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  any other error
  2  the command line is wrong
  3  fix the configuration
  4  log in first; the error says how
  5  refused by the service
  6  the service or the network is not available, or a timeout was exceeded
  130  interrupted (Ctrl-C)
  exec: the exit code of the command; 127 if it is not found, 126 if it cannot be run";

/// AWS credentials from an AWS IAM Identity Center (AWS SSO) login
///
/// Logs in with a browser or a code, refreshes the access token when it expires, and gives
/// credentials to any program.
#[derive(Debug, Parser)]
#[command(
    name = "ssocreds",
    bin_name = "ssocreds", // not ssocreds.exe
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
        let words: Vec<OsString> = words.into_iter().map(Into::into).collect();
        if let Some(arguments) = CredentialProcess::read(&words) {
            return Ok(arguments);
        }
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

/// The command line of `ssocreds credential-process` alone.
///
/// AWS tools start that command again and again, and clap takes longer to build the options of all
/// commands than the command takes to do its work.
#[derive(Debug, Parser)]
struct CredentialProcess {
    #[command(flatten)]
    global: Global,
    #[command(flatten)]
    retrieval: Retrieval,
}

impl CredentialProcess {
    const NAME: &str = "credential-process";

    /// Returns `None` for another command, for help and for errors. The parser of all commands handles
    /// these.
    fn read(words: &[OsString]) -> Option<Arguments> {
        let options = words.get(1..).filter(|rest| rest.first().is_some_and(|it| it == Self::NAME));
        let Self { global, retrieval } = Self::try_parse_from(options?).ok()?;
        Some(Arguments { global, command: Command::CredentialProcess(retrieval) })
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
        a device code automatically. The keys ssocreds_use_device_code and ssocreds_redirect_port, in the \
        sso-session or in a legacy profile, set --use-device-code and --port.\n\n\
        An sso-session has no connection settings, such as use_fips_endpoint or ca_bundle. --profile uses \
        those of the profile. --all uses those of each session's first profile by name.")]
    Login(LoginOptions),
    /// Log out: end the session and remove its files
    #[command(after_help = "Example:\n  \
        ssocreds logout --sso-session dev-session\n\n\
        An sso-session has no connection settings, such as use_fips_endpoint or ca_bundle. --profile uses \
        those of the profile. --all uses those of each session's first profile by name.")]
    Logout(LogoutOptions),
    /// Set up a profile: ask for each value that no option gives, log in, and write the profile
    #[command(after_help = "Examples:\n  \
        ssocreds configure\n  \
        ssocreds configure --sso-session dev-session --start-url https://my-sso-portal.awsapps.com/start \
        --sso-region us-east-1 --account-id 123456789012 --role-name ReadOnly --profile dev --yes\n\n\
        --profile gives the name of the profile. Each question has an option that answers it. The \
        config file is not written before the last answer, and the rest of it is not changed.")]
    Configure(Configure),
    /// Write profiles for all accounts and roles into the config file
    #[command(after_help = "Examples:\n  \
        ssocreds populate --sso-session dev-session --dry-run\n  \
        ssocreds populate --sso-session dev-session --region eu-west-1 --prune\n\n\
        Generated profiles contain the key ssocreds_generated, which lists the keys that populate \
        wrote. Running populate again adds new roles. It keeps values that you edited (except those \
        of sso_ keys), keys that you added, and the rest of the file. If the list of roles is incomplete, nothing is \
        written, unless --allow-incomplete is given. While populate writes, it locks the file \
        config.lock in the same directory. This file is empty and is not removed.")]
    Populate(Populate),
    /// Print credentials for the credential_process setting of any AWS tool
    #[command(after_help = "Example, in ~/.aws/config:\n  \
        [profile dev]\n  \
        credential_process = ssocreds credential-process --profile devsso\n\n\
        Name the profile with the SSO keys here, not the profile that holds credential_process.")]
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
        would select other credentials, such as AWS_PROFILE, are removed.\n\n\
        Credentials usually expire after an hour. If the command runs longer, use --renew: ssocreds \
        keeps running and gives the command new credentials until it ends. AWS SDKs and the AWS CLI \
        fetch them automatically. If a tool does not, try --renew=process.\n\n\
        Exit codes: the exit code of the command; 127 if it is not found, 126 if it cannot be run. \
        If ssocreds fails before that, the exit codes of `ssocreds --help`.")]
    Exec(Exec),
    /// Serve credentials to other programs until stopped, as a container credentials endpoint
    #[command(after_help = "Example:\n  \
        ssocreds serve --profile devsso\n\n\
        Prints the variables to export in the shell of the other program. The endpoint renews the \
        credentials. While a login is needed, it answers with an error that names the login \
        command. The endpoint's token, in the file that AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE \
        names, is a secret.")]
    Serve(Serve),
    /// Open the AWS console in a browser, with the profile's account and role
    #[command(after_help = "Example:\n  \
        ssocreds console --profile devsso --destination https://console.aws.amazon.com/s3/home\n\n\
        The link leads through the AWS access portal, which asks you to log in if needed. It \
        contains no secret, and ssocreds sends no request for it. The variable BROWSER selects the \
        browser.")]
    Console(Console),
    /// Print the SSO access token, refreshed when needed; it is a secret
    #[command(after_help = "Example:\n  \
        ssocreds token --sso-session dev-session --format json")]
    Token(Token),
    /// List the accounts that the login gives access to
    #[command(after_help = "Example:\n  \
        ssocreds accounts --profile devsso --format json")]
    Accounts(List),
    /// List the roles that the login gives access to, in one account or in all
    #[command(after_help = "Example:\n  \
        ssocreds roles --profile devsso --account-id 123456789012")]
    Roles(Roles),
    /// Show every sso-session and SSO profile, its login and its files
    #[command(after_help = "Example:\n  \
        ssocreds status\n\n\
        No secret is shown, and without --check no request is sent. With --profile, only that \
        profile is shown.")]
    Status(Status),
    /// Show the parsed config files
    #[command(after_help = "Example:\n  \
        ssocreds config --profile devsso\n\n\
        With --profile, shows the values of that profile and the source of each setting.")]
    Config(Show),
    /// Print the completion script for a shell
    #[command(after_help = "Example:\n  \
        ssocreds completions bash > ~/.local/share/bash-completion/completions/ssocreds")]
    Completions(Completions),
    /// Print the manual page (roff) of the program or of one command
    #[command(after_help = "Example:\n  \
        ssocreds man export | man -l -")]
    Man(Man),
}

impl Command {
    /// Returns the sso-session that was given instead of a profile.
    pub(crate) fn sso_session(&self) -> Option<&str> {
        let login = match self {
            Self::Token(options) => &options.login,
            Self::Accounts(options) => &options.login,
            Self::Roles(options) => &options.list.login,
            Self::Populate(options) => &options.login,
            Self::Login(options) => return options.sso_session.as_deref(),
            Self::Logout(options) => return options.sso_session.as_deref(),
            _ => return None,
        };
        login.sso_session.as_deref()
    }

    /// Returns `true` if `--login` was given.
    pub(crate) fn has_login_option(&self) -> bool {
        match self {
            Self::Export(options) => options.login,
            Self::Exec(options) => options.login,
            Self::Token(options) => options.login.login,
            Self::Accounts(options) => options.login.login,
            Self::Roles(options) => options.list.login.login,
            Self::Populate(options) => options.login.login,
            _ => false,
        }
    }

    /// Returns the default timeout of the command, if it differs from that of the libraries.
    pub(crate) fn default_timeout(&self) -> Option<Duration> {
        // The AWS SDK for Go ends the process after 60 seconds. The error must be printed before that.
        matches!(self, Self::CredentialProcess(_)).then_some(Duration::from_secs(50))
    }

    /// Returns whether errors are printed as JSON, like the output.
    pub(crate) fn has_json_errors(&self) -> bool {
        match self {
            Self::Export(options) => options.format == ExportFormat::Json,
            Self::Token(options) => options.format == TextFormat::Json,
            Self::Accounts(options) => options.format == ListFormat::Json,
            Self::Roles(options) => options.list.format == ListFormat::Json,
            Self::Status(Status { show, .. }) | Self::Config(show) => {
                show.format == TableFormat::Json
            }
            Self::CredentialProcess(_)
            | Self::Exec(_)
            | Self::Serve(_)
            | Self::Console(_)
            | Self::Login(_)
            | Self::Logout(_)
            | Self::Configure(_)
            | Self::Populate(_)
            | Self::Completions(_)
            | Self::Man(_) => false,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TableFormat {
    Table,
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct Show {
    /// The output format
    #[arg(long, default_value = "table")]
    pub(crate) format: TableFormat,
}

#[derive(Debug, Args)]
pub(crate) struct Status {
    #[command(flatten)]
    pub(crate) show: Show,
    /// Ask the SSO portal whether the accounts and roles of the profiles are still assigned
    #[arg(long)]
    pub(crate) check: bool,
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
    fn credential_process_is_parsed_as_by_the_parser_of_all_commands() {
        for line in [
            "ssocreds credential-process",
            "ssocreds credential-process --profile a --refresh",
            "ssocreds credential-process --no-cache -vv --timeout 5 --color never",
        ] {
            let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            let fast = CredentialProcess::read(&words).unwrap();
            let full = Arguments::try_parse_from(&words).unwrap();
            assert_eq!(format!("{fast:?}"), format!("{full:?}"));
        }
    }

    #[test]
    fn help_and_errors_of_credential_process_come_from_the_parser_of_all_commands() {
        for (option, expected) in
            [("--help", "Usage: ssocreds credential-process"), ("--no", "--no")]
        {
            let error = Arguments::read(["ssocreds", "credential-process", option]).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
        }
    }

    #[test]
    fn a_profile_and_a_session_are_refused_together_in_any_position() {
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
