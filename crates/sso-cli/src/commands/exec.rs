//! `ssocreds exec`: a command with the credentials in its environment.
//!
//! On Unix this process becomes the command, so that signals, exit code and terminal are its own.

use std::process::Command;

use crate::arguments::Exec;
use crate::commands::role_credentials;
use crate::context::Context;
use crate::failure::Failure;
use crate::times::whole_seconds;

/// What would lead an AWS tool to other credentials, or make it doubt these: other sources of
/// credentials, and older names of the same variables.
const REMOVED: [&str; 16] = [
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_ACCESS_KEY",
    "AWS_SECRET_KEY",
    "AWS_SECURITY_TOKEN",
    "AWS_SESSION_EXPIRATION",
    "AWS_CREDENTIAL_FILE",
    "AWS_CREDENTIAL_PROFILES_FILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_ACCOUNT_ID",
];

pub(crate) fn run(context: &Context, options: &Exec) -> Result<(), Failure> {
    let Some((program, arguments)) = options.command.split_first() else { return Ok(()) };
    let providers = context.providers()?;
    let credentials = role_credentials::get(context, &providers)?;

    let mut command = Command::new(program);
    command.args(arguments);
    for name in REMOVED {
        command.env_remove(name);
    }
    command
        .env("AWS_ACCESS_KEY_ID", credentials.access_key_id())
        .env("AWS_SECRET_ACCESS_KEY", credentials.secret_access_key().expose_secret())
        .env("AWS_SESSION_TOKEN", credentials.session_token().expose_secret())
        .env("AWS_CREDENTIAL_EXPIRATION", whole_seconds(credentials.expires_at()));
    if let Some(account_id) = credentials.account_id() {
        command.env("AWS_ACCOUNT_ID", account_id.as_str());
    }
    let region = providers.sso_profile().and_then(|profile| profile.aws_region());
    if let Some(region) = region.filter(|region| !region.is_empty()) {
        command.env("AWS_REGION", region).env("AWS_DEFAULT_REGION", region);
    }
    become_command(command).map_err(|source| Failure::Run { program: program.clone(), source })
}

/// Comes back only when it failed.
#[cfg(unix)]
fn become_command(mut command: Command) -> std::io::Result<()> {
    use std::os::unix::process::CommandExt as _;

    Err(command.exec())
}

/// Waits for the command, and ends with its exit code.
#[cfg(not(unix))]
fn become_command(mut command: Command) -> std::io::Result<()> {
    let status = command.status()?;
    std::process::exit(status.code().unwrap_or(1))
}
