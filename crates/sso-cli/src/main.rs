//! `ssocreds`: AWS credentials from an AWS SSO login, for `credential_process` and the shell.
//!
//! Logs in and out, reads profiles as the AWS CLI does, refreshes the access token when it expires,
//! exchanges it for role credentials, and prints them in the chosen format.
//!
//! This crate contains the command line and the writing of profiles. The other crates do the rest:
//!
//! ```text
//! sso-cache, sso-http             <── sso-login
//! sso-cache, sso-config, sso-http <── sso-provider <── sso-endpoint
//! sso-login, sso-provider, sso-endpoint            <── sso-cli (here)
//! ```
//!
//! ```sh
//! eval "$(ssocreds export --profile devsso)"
//! ssocreds exec --profile devsso -- aws s3 ls
//! ```
//!
//! Known gaps: on platforms other than Unix, `exec` keeps running as the parent of the command. Column
//! widths count characters, so columns with wide (East Asian) characters are not aligned.
//!
//! This file calls the commands.

#![forbid(unsafe_code)]

mod arguments;
mod assigned_role;
mod assigned_roles;
mod browser;
mod candidates;
mod commands;
mod config_diff;
mod context;
mod core_dump;
mod failure;
mod followed_profile;
mod generated_profiles;
mod list_output;
mod name_template;
mod next_step;
mod notices;
mod portal_lists;
mod printable;
mod private_directory;
mod process_format;
mod progress;
mod quote;
mod report;
mod stdout;
mod stop_signals;
mod table;
mod times;

use std::io::IsTerminal as _;
use std::process::ExitCode;

use clap::CommandFactory as _;

use crate::arguments::{Arguments, Command};
use crate::context::Context;
use crate::failure::Failure;

/// musl's allocator asks the kernel for memory and returns it in single pages. In a process that lives
/// for less than a millisecond, these calls take a large part of the time.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

/// The variable that the completion scripts set.
const COMPLETE: &str = "SSOCREDS_COMPLETE";

fn main() -> ExitCode {
    core_dump::disable();
    // If a shell asks for completions, prints them and exits. Otherwise this only reads a variable.
    clap_complete::CompleteEnv::with_factory(Arguments::command).var(COMPLETE).complete();
    let arguments = match Arguments::read(std::env::args_os()) {
        Ok(arguments) => arguments,
        Err(error) => return report::usage(&error),
    };
    arguments.global.color.write_global();
    let context = Context::new(arguments.global, arguments.command.default_timeout());
    let code = match run_with_login(&context, &arguments.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            report::failure(&failure, &context, &arguments.command);
            if matches!(
                failure,
                Failure::Interrupted
                    | Failure::LoginInterrupted
                    | Failure::EndpointInterrupted
                    | Failure::NotWritten
            ) {
                end_by_interrupt();
            }
            ExitCode::from(failure.exit_code())
        }
    };
    context.finish_refresh();
    code
}

/// Runs the command. If it fails because a login is needed, `--login` was given and stderr is a
/// terminal, logs in and runs it again.
fn run_with_login(context: &Context, command: &Command) -> Result<(), Failure> {
    match run(context, command) {
        Err(failure)
            if command.has_login_option()
                && failure.login_command().is_some()
                && std::io::stderr().is_terminal() =>
        {
            commands::login::run_for(context, command.sso_session())?;
            run(context, command)
        }
        outcome => outcome,
    }
}

fn run(context: &Context, command: &Command) -> Result<(), Failure> {
    match command {
        Command::Login(options) => commands::login::run(context, options),
        Command::Logout(options) => commands::logout::run(context, options),
        Command::Configure(options) => commands::configure::run(context, options),
        Command::Populate(options) => commands::populate::run(context, options),
        Command::CredentialProcess(options) => commands::credential_process::run(context, options),
        Command::Export(options) => commands::export::run(context, options),
        Command::Exec(options) => commands::exec::run(context, options),
        Command::Serve(options) => commands::serve::run(context, options),
        Command::Console(options) => commands::console::run(context, options),
        Command::Token(options) => commands::token::run(context, options),
        Command::Accounts(options) => commands::accounts::run(context, options),
        Command::Roles(options) => commands::roles::run(context, options),
        Command::Status(options) => commands::status::run(context, options),
        Command::Config(options) => commands::config::run(context, options),
        Command::Completions(options) => commands::completions::run(options),
        Command::Man(options) => commands::man::run(options),
    }
}

/// Ends the process by SIGINT, so that a shell also stops the script that called it.
fn end_by_interrupt() {
    #[cfg(unix)]
    {
        let interrupt = signal_hook::consts::SIGINT;
        // Returns only if it fails. The exit code then reports the interrupt.
        let _ = signal_hook::low_level::emulate_default_handler(interrupt);
    }
}
