//! `ssocreds exec`: runs a command with the credentials in its environment.
//!
//! On Unix this process becomes the command, so that signals, exit code and terminal are the
//! command's own.

mod private_config;
mod renew;
mod supervise;

use std::ffi::OsStr;
use std::io::IsTerminal as _;
use std::process::Command;

use jiff::SignedDuration;
use sso_types::{Credentials, Environment};

use crate::arguments::Exec;
use crate::commands::role_credentials;
use crate::context::{self, Context};
use crate::failure::Failure;
use crate::notices;
use crate::times::whole_seconds;

/// The variables that select an identity or its source. With them an AWS tool could use other
/// credentials, or combine these credentials with values that do not belong to them.
///
/// Reviewed against the AWS SDKs and Tools Reference Guide and the sources of botocore 1.44, the AWS
/// SDKs for JavaScript 3, Go 2 and Ruby 3, `object_store` 0.14 and reqsign 3. Not removed are variables
/// for:
///
/// * files (`AWS_CONFIG_FILE`, `AWS_SHARED_CREDENTIALS_FILE`, `AWS_LOGIN_CACHE_DIRECTORY`): read for
///   credentials only if the command names a profile itself. With `--renew`, the command gets copies
///   without the credentials of the default profile
/// * endpoints (`AWS_ENDPOINT_URL` and similar): they select where a request goes, not its identity
/// * switches that only forbid a source (`AWS_EC2_METADATA_DISABLED`, `AWS_EC2_METADATA_V1_DISABLED`)
/// * signing (`AWS_AUTH_SCHEME_PREFERENCE`): the credentials to sign with are the same
const REMOVED: [&str; 37] = [
    // Profiles.
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    // Access keys: older names, and variables that belong to the replaced keys.
    "AWS_ACCESS_KEY",
    "AWS_SECRET_KEY",
    "AWS_SECURITY_TOKEN",
    "AWS_TOKEN", // object_store: another name of AWS_SESSION_TOKEN
    "AMAZON_ACCESS_KEY_ID",
    "AMAZON_SECRET_ACCESS_KEY",
    "AMAZON_SESSION_TOKEN",
    "AWS_ACCOUNT_ID",
    "AWS_CREDENTIAL_SCOPE",
    "AWS_SESSION_EXPIRATION",
    "AWS_CREDENTIAL_FILE",
    "AWS_CREDENTIAL_PROFILES_FILE",
    "BOTO_CONFIG", // botocore: [Credentials] of a boto 2 configuration
    // Roles and web identities.
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_IAM_ROLE_ARN",
    "AWS_IAM_ROLE_SESSION_NAME",
    "AWS_EXTERNAL_ID",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_COGNITO_ENDPOINT",
    "AWS_COGNITO_IDENTITY_ID",
    "AWS_COGNITO_IDENTITY_POOL_ID",
    "AWS_SSO_ENDPOINT",
    // Container credentials, and those of an EC2 instance.
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
    "AWS_EC2_INSTANCE_PROFILE_NAME",
    "AWS_IMDS_USE_IPV6",
    "AWS_METADATA_ENDPOINT",
    "AWS_IMDSV1_FALLBACK",
    // No identity at all: unsigned requests.
    "AWS_SKIP_SIGNATURE",
    "AWS_NO_SIGN_REQUEST",
];

/// The variables of credentials themselves.
const KEYS: [&str; 4] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
];

/// If the remaining lifetime of the credentials is shorter, a warning is shown.
const SHORT: SignedDuration = SignedDuration::from_mins(15);

/// A bearer token for one service, `AWS_BEARER_TOKEN_BEDROCK` for example. The SDKs prefer it to
/// credentials.
const BEARER_TOKEN_PREFIX: &str = "AWS_BEARER_TOKEN_";

pub(crate) fn run(context: &Context, options: &Exec) -> Result<(), Failure> {
    let Some((program, arguments)) = options.command.split_first() else { return Ok(()) };
    let profile = context.profile()?;
    let mut command = Command::new(found(program, &context.environment));
    command.args(arguments);
    for name in Environment::process_names().filter(|name| is_removed(name)) {
        command.env_remove(name);
    }
    if let Some(region) = &profile.region {
        command.env("AWS_REGION", region).env("AWS_DEFAULT_REGION", region);
    }
    if let Some(how) = options.renew {
        for name in KEYS {
            command.env_remove(name);
        }
        return renew::run(context, options, how, &profile, command);
    }
    let credentials = role_credentials::get(context, &profile.providers, &options.retrieval)?;
    warn_if_short(&credentials);
    command
        .env("AWS_ACCESS_KEY_ID", credentials.access_key_id())
        .env("AWS_SECRET_ACCESS_KEY", credentials.secret_access_key().expose_secret())
        .env("AWS_SESSION_TOKEN", credentials.session_token().expose_secret())
        .env("AWS_CREDENTIAL_EXPIRATION", whole_seconds(credentials.expires_at()));
    if let Some(account_id) = credentials.account_id() {
        command.env("AWS_ACCOUNT_ID", account_id.as_str());
    }
    context.finish_refresh();
    become_command(command).map_err(|source| Failure::Run { program: program.clone(), source })
}

/// Warns if the credentials expire soon, because the command does not get new ones.
fn warn_if_short(credentials: &Credentials) {
    let left = credentials.expires_at().duration_since(context::now());
    if left < SHORT && std::io::stderr().is_terminal() {
        let minutes = left.as_mins().max(0);
        notices::warn(&format!(
            "the credentials expire in {minutes} minutes; use --renew if the command runs longer"
        ));
    }
}

/// Returns whether the variable is removed. Case is ignored, because Windows ignores it, and
/// `object_store` does so on every platform.
fn is_removed(name: &OsStr) -> bool {
    let name = name.to_string_lossy().to_ascii_uppercase();
    REMOVED.contains(&name.as_str()) || name.starts_with(BEARER_TOKEN_PREFIX)
}

/// Returns the program unchanged, because the system finds it in `PATH`.
#[cfg(unix)]
fn found<'a>(program: &'a OsStr, _: &Environment) -> &'a OsStr {
    program
}

/// Finds a command by its name without an extension. Windows itself would find only `.exe`, but shells
/// also find `.cmd`, which npm and pip install.
#[cfg(not(unix))]
fn found(program: &OsStr, environment: &Environment) -> std::path::PathBuf {
    let name = std::path::Path::new(program);
    let is_bare = name.components().count() == 1 && name.extension().is_none();
    let path = environment.var_os("PATH").unwrap_or_default();
    let extensions = environment.var_os("PATHEXT").unwrap_or(OsStr::new(".COM;.EXE;.BAT;.CMD"));
    let extensions = extensions.to_string_lossy().into_owned();
    let candidates = std::env::split_paths(path).flat_map(|directory| {
        let file = directory.join(name);
        let with = |extension: &str| file.with_extension(extension.trim_start_matches('.'));
        extensions.split(';').map(with).collect::<Vec<_>>()
    });
    let found = candidates.filter(|_| is_bare).find(|candidate| candidate.is_file());
    found.unwrap_or_else(|| name.to_owned())
}

/// Replaces this process by the command. Returns only if the command could not be started.
#[cfg(unix)]
fn become_command(mut command: Command) -> std::io::Result<()> {
    use std::os::unix::process::CommandExt as _;

    Err(command.exec())
}

/// Waits for the command and exits with its exit code.
///
/// Ctrl-C reaches both processes. The command decides how to react, and this process ignores it.
#[cfg(not(unix))]
fn become_command(mut command: Command) -> std::io::Result<()> {
    let _ctrl_c = tokio::signal::windows::ctrl_c()?;
    let _ctrl_break = tokio::signal::windows::ctrl_break()?;
    let status = command.status()?;
    std::process::exit(status.code().unwrap_or(1))
}
