//! Help, version, completions, manual pages.

use std::process::{Command, Output, Stdio};

use expect_test::expect;

use crate::program::binary;

const COMMANDS: [&str; 16] = [
    "login",
    "logout",
    "configure",
    "populate",
    "credential-process",
    "export",
    "exec",
    "serve",
    "console",
    "token",
    "accounts",
    "roles",
    "status",
    "config",
    "completions",
    "man",
];

fn run(arguments: &[&str]) -> Output {
    Command::new(binary()).args(arguments).env_clear().output().unwrap()
}

fn stdout(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn help_lists_commands_options_and_exit_codes() {
    expect![[r#"
        AWS credentials from an AWS IAM Identity Center (AWS SSO) login

        Usage: ssocreds [OPTIONS] <COMMAND>

        Commands:
          login               Log in, in a browser or with a code
          logout              Log out: end the session and remove its files
          configure           Set up a profile: ask for each value that no option gives, log in, and write
                              the profile
          populate            Write profiles for all accounts and roles into the config file
          credential-process  Print credentials for the credential_process setting of any AWS tool
          export              Print credentials as shell commands, environment variables or JSON
          exec                Run a command with the credentials in its environment
          serve               Serve credentials to other programs until stopped, as a container credentials
                              endpoint
          console             Open the AWS console in a browser, with the profile's account and role
          token               Print the SSO access token, refreshed when needed; it is a secret
          accounts            List the accounts that the login gives access to
          roles               List the roles that the login gives access to, in one account or in all
          status              Show every sso-session and SSO profile, its login and its files
          config              Show the parsed config files
          completions         Print the completion script for a shell
          man                 Print the manual page (roff) of the program or of one command
          help                Print this message or the help of the given subcommand(s)

        Options:
          -h, --help     Print help (see more with '--help')
          -V, --version  Print version

        Global options:
              --profile <NAME>              The profile [default: AWS_PROFILE, else AWS_DEFAULT_PROFILE,
                                            else "default"]
              --cache-dir <DIRECTORY>       The directory of the token files [default: SSOCREDS_CACHE_DIR,
                                            else ~/.aws/sso/cache]
              --role-cache-dir <DIRECTORY>  The directory of cached role credentials [default:
                                            SSOCREDS_ROLE_CACHE_DIR, else ~/.aws/cli/cache]
              --no-cache                    Do not read or write cached role credentials
              --connect-timeout <SECONDS>   The timeout for opening a connection, in seconds [default:
                                            SSOCREDS_CONNECT_TIMEOUT, else 3.1]
              --timeout <SECONDS>           The timeout for getting the token, the credentials or a list,
                                            with all retries, in seconds [default: SSOCREDS_TIMEOUT, else
                                            60; 50 for credential-process, none for lists of accounts and
                                            roles]
              --allow-unsaved-refresh       Refresh an expired token even if the new token cannot be written
                                            to its file. All other programs that share the login may then
                                            need a new login
          -v, --verbose...                  Log to stderr (-vv for more); secrets are never logged
              --color <WHEN>                When to use colour; NO_COLOR is honoured [possible values: auto,
                                            always, never]

        Example:
          ssocreds login --profile devsso
          eval "$(ssocreds export --profile devsso)"

        Exit codes:
          0  done
          1  any other error
          2  the command line is wrong
          3  fix the configuration
          4  log in first; the error says how
          5  refused by the service
          6  the service or the network is not available, or a timeout was exceeded
          130  interrupted (Ctrl-C)
          exec: the exit code of the command; 127 if it is not found, 126 if it cannot be run
    "#]].assert_eq(&stdout(&["-h"]));
}

#[test]
fn help_of_exec_explains_renew_and_exit_codes() {
    expect![[r#"
        Run a command with the credentials in its environment

        Usage: ssocreds exec [OPTIONS] <COMMAND>...

        Arguments:
          <COMMAND>...  The command and its arguments

        Options:
              --renew[=<HOW>]         Renew the credentials until the command ends, through a local endpoint
                                      or a credential_process [possible values: endpoint, process]
              --token-in-environment  With --renew: also pass the endpoint's token as a variable, for SDKs
                                      that do not read AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE
              --login                 Log in first if needed (only on a terminal)
              --refresh               Get new role credentials, even if cached ones are valid, and replace
                                      the cached ones
          -h, --help                  Print help (see more with '--help')

        Global options:
              --profile <NAME>              The profile [default: AWS_PROFILE, else AWS_DEFAULT_PROFILE,
                                            else "default"]
              --cache-dir <DIRECTORY>       The directory of the token files [default: SSOCREDS_CACHE_DIR,
                                            else ~/.aws/sso/cache]
              --role-cache-dir <DIRECTORY>  The directory of cached role credentials [default:
                                            SSOCREDS_ROLE_CACHE_DIR, else ~/.aws/cli/cache]
              --no-cache                    Do not read or write cached role credentials
              --connect-timeout <SECONDS>   The timeout for opening a connection, in seconds [default:
                                            SSOCREDS_CONNECT_TIMEOUT, else 3.1]
              --timeout <SECONDS>           The timeout for getting the token, the credentials or a list,
                                            with all retries, in seconds [default: SSOCREDS_TIMEOUT, else
                                            60; 50 for credential-process, none for lists of accounts and
                                            roles]
              --allow-unsaved-refresh       Refresh an expired token even if the new token cannot be written
                                            to its file. All other programs that share the login may then
                                            need a new login
          -v, --verbose...                  Log to stderr (-vv for more); secrets are never logged
              --color <WHEN>                When to use colour; NO_COLOR is honoured [possible values: auto,
                                            always, never]

        Example:
          ssocreds exec --profile devsso -- aws s3 ls

        AWS_REGION and AWS_DEFAULT_REGION are set if the profile has a region. Variables that would select
        other credentials, such as AWS_PROFILE, are removed.

        Credentials usually expire after an hour. If the command runs longer, use --renew: ssocreds keeps
        running and gives the command new credentials until it ends. AWS SDKs and the AWS CLI fetch them
        automatically. If a tool does not, try --renew=process.

        Exit codes: the exit code of the command; 127 if it is not found, 126 if it cannot be run. If
        ssocreds fails before that, the exit codes of `ssocreds --help`.
    "#]].assert_eq(&stdout(&["exec", "-h"]));
}

#[test]
fn every_command_has_an_example() {
    for command in COMMANDS {
        for help in ["-h", "--help"] {
            let text = stdout(&[command, help]);
            let has_example = text.contains("Example:\n  ssocreds")
                || text.contains("Examples:\n  eval")
                || text.contains("Examples:\n  ssocreds")
                || text.contains("Example, in ~/.aws/config:\n  [profile dev]\n");
            assert!(has_example, "{text}");
        }
    }
}

#[test]
fn without_a_command_the_help_is_printed_to_stderr() {
    let output = run(&[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    assert!(String::from_utf8(output.stderr).unwrap().contains("Exit codes:"));
}

#[test]
fn version_is_that_of_the_package() {
    assert_eq!(stdout(&["--version"]), concat!("ssocreds ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn a_wrong_command_line_exits_with_2() {
    let output = run(&["exprot"]);
    assert_eq!(output.status.code(), Some(2));
    expect![[r#"
        error: unrecognized subcommand 'exprot'

          tip: a similar subcommand exists: 'export'

        Usage: ssocreds [OPTIONS] <COMMAND>

        For more information, try '--help'.
    "#]]
    .assert_eq(&String::from_utf8(output.stderr).unwrap());

    for arguments in [
        &["token", "--profile", "a", "--sso-session", "b"][..],
        &["export", "--format", "toml"],
        &["exec"],
        &["man", "exprot"],
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?} {output:?}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn a_wrong_command_line_is_reported_as_json_if_it_asks_for_json() {
    for arguments in
        [&["status", "--format=json", "--x"], &["roles", "--format", "json"].map(|it| it)]
    {
        let mut arguments = arguments.to_vec();
        arguments.push("--y");
        let output = run(&arguments);
        assert_eq!(output.status.code(), Some(2));
        let error: serde_json::Value = serde_json::from_slice(&output.stderr).unwrap();
        assert_eq!(error["error"]["kind"], "usage");
        assert_eq!(error["error"]["exit_code"], 2);
        assert!(error["error"]["message"].as_str().unwrap().contains("unexpected argument"));
    }
    // The JSON has the message without the advice that follows it.
    for (wrong, message) in [
        (
            ["--account-id", "1\n2"],
            "invalid value '1\n2' for '--account-id <ID>': \"1\\n2\" is not a usable account id: it \
             holds a control character",
        ),
        (
            ["--color", "sometimes"],
            "invalid value 'sometimes' for '--color <WHEN>'\n  [possible values: auto, always, never]",
        ),
    ] {
        let output = run(&[&["roles", "--format", "json"], &wrong[..]].concat());
        let error: serde_json::Value = serde_json::from_slice(&output.stderr).unwrap();
        assert_eq!(error["error"]["message"], message);
    }
}

#[test]
fn completions_and_manual_pages_are_printed() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = stdout(&["completions", shell]);
        assert!(script.contains("SSOCREDS_COMPLETE"), "{shell}");
    }
    // bash accepts the script.
    let script = stdout(&["completions", "bash"]) + "\ncomplete -p ssocreds";
    if let Ok(bash) = Command::new("bash").arg("-c").arg(script).output() {
        assert!(bash.status.success() && bash.stderr.is_empty(), "{bash:?}");
    }
    let page = stdout(&["man"]);
    assert!(page.contains(".TH ssocreds 1") && page.contains("Exit codes:"), "{page}");
    for command in COMMANDS {
        let page = stdout(&["man", command]);
        assert!(page.contains(&format!(".TH ssocreds-{command} 1")), "{page}");
    }
}

/// A reader that closes the pipe early causes neither a failure nor a panic.
#[cfg(unix)]
#[test]
fn a_closed_stdout_is_not_a_failure() {
    for arguments in [&["completions", "zsh"][..], &["man"], &["--help"]] {
        let mut child = Command::new(binary())
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    }
}

/// Output that cannot be written is a failure.
#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_is_a_failure() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = Command::new(binary()).arg("man").stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    expect![[r#"
        ssocreds: cannot write to stdout
          because No space left on device (os error 28)
    "#]]
    .assert_eq(&String::from_utf8(output.stderr).unwrap());
}
