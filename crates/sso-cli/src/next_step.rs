//! Suggests commands and settings after a failure. Never suggests a command that would fail in the same
//! way.

use anstyle::Style;
use sso_config::{Setting, SettingsError};
use sso_http::ServiceError;
use sso_provider::{ConfigError, CredentialsError, LoginCommand, TokenError};
use sso_types::CommandOption;

use crate::arguments::Command;
use crate::context::{Context, LOGIN_PROGRAM};
use crate::failure::Failure;
use crate::printable::printable;

const BOLD: Style = Style::new().bold();

/// Returns lines to print after the error.
pub(crate) fn next_steps(failure: &Failure, context: &Context, failed: &Command) -> String {
    let mut lines = Vec::new();
    if let Some(login) = failure.login_command() {
        lines.push(to_run("log in", login));
    } else if let Some(error) = failure.config_error() {
        lines.extend(for_config(error, context, failed));
    } else {
        match failure.exit_code() {
            5 => lines.extend(for_refusal(failure, context, failed)),
            6 => {
                lines.extend(for_outage(failure, context));
                lines.extend(for_few_attempts(failure, context));
            }
            _ => {}
        }
    }
    lines.iter().flat_map(|line| ["  ", line, "\n"]).collect()
}

fn to_run(purpose: &str, command: &str) -> String {
    format!("to {purpose}, run: {BOLD}{command}{BOLD:#}")
}

fn for_config(error: &ConfigError, context: &Context, failed: &Command) -> Option<String> {
    match error {
        ConfigError::TokenOnly { .. } => {
            let command = format!("ssocreds token{}", login_option(context, failed));
            Some(to_run("get the access token", &command))
        }
        ConfigError::Settings(SettingsError::NoHome | SettingsError::Environment(_)) => None,
        ConfigError::Settings(error) if error.is_not_found() => {
            Some(to_run("show the sessions and profiles", "ssocreds status"))
        }
        ConfigError::Settings(_) => Some(to_run("show the parsed config files", "ssocreds config")),
        _ => None,
    }
}

/// Returns suggestions after the service refused the request.
fn for_refusal(failure: &Failure, context: &Context, failed: &Command) -> Vec<String> {
    let mut lines = Vec::new();
    if asked_for_one(failure, failed) {
        let command = format!("ssocreds roles{}", login_option(context, failed));
        lines.push(to_run("list your roles", &command));
    }
    if matches!(failure, Failure::Credentials(CredentialsError::AccessDenied { .. }))
        && let Some(login) = login_command(context)
    {
        // A new assignment can take an hour to take effect, unless the user logs in again.
        lines.push(format!(
            "if the role was assigned to you a short time ago, log in again: {BOLD}{login}{BOLD:#}"
        ));
    }
    lines
}

/// Returns suggestions after the service or the network was not available.
fn for_outage(failure: &Failure, context: &Context) -> Option<String> {
    let error = failure.service_error();
    if error.is_some_and(ServiceError::is_connect_timeout) {
        return Some(
            "to allow more time, set --connect-timeout or SSOCREDS_CONNECT_TIMEOUT (seconds)"
                .to_owned(),
        );
    }
    if is_timeout_of_call(failure) {
        return Some("to allow more time, set --timeout or SSOCREDS_TIMEOUT (seconds)".to_owned());
    }
    // Trying again does not help with an untrusted certificate or a proxy that refuses.
    if error.is_some_and(|error| !error.is_transient()) {
        return None;
    }
    let verbose = if context.global.verbose == 0 { "; -v shows each attempt" } else { "" };
    Some(format!("try again later{verbose}"))
}

/// Suggests removing a configured limit of attempts. Without it, ssocreds waits until throttling ends.
fn for_few_attempts(failure: &Failure, context: &Context) -> Option<String> {
    if !failure.service_error()?.is_throttled() {
        return None;
    }
    let Setting { value, source, .. } = context.configured_attempts()?;
    let attempts = if value == 1 { "attempt" } else { "attempts" };
    Some(format!(
        "{} allows {value} {attempts}; remove it to wait until the service answers \
         or the timeout ends",
        printable(&source.to_string())
    ))
}

fn is_timeout_of_call(failure: &Failure) -> bool {
    match failure {
        Failure::Token(error) | Failure::Credentials(CredentialsError::InvalidToken(error)) => {
            matches!(error, TokenError::Timeout { .. })
        }
        Failure::ListTimeout { .. } => true,
        Failure::Credentials(error) => matches!(error, CredentialsError::Timeout { .. }),
        _ => false,
    }
}

/// Returns the option that selects the same login, if one was given.
fn login_option(context: &Context, failed: &Command) -> String {
    let (option, name) = match (&context.global.profile, failed.sso_session()) {
        (_, Some(session)) => ("--sso-session", session),
        (Some(profile), None) => ("--profile", profile.as_str()),
        (None, None) => return String::new(),
    };
    format!(" {}", CommandOption { option, value: name })
}

fn login_command(context: &Context) -> Option<LoginCommand> {
    let selected = context.profile().ok()?;
    let profile = selected.providers.sso_profile()?;
    let by_profile = || LoginCommand::for_profile(profile.profile_name());
    let command = profile.sso_session().map_or_else(by_profile, LoginCommand::for_session);
    Some(command.program(LOGIN_PROGRAM))
}

/// Returns whether the request named one account or role, so that a list of all roles can help.
fn asked_for_one(failure: &Failure, failed: &Command) -> bool {
    match failure {
        Failure::Credentials(error) => {
            matches!(error, CredentialsError::AccessDenied { .. } | CredentialsError::Portal { .. })
        }
        Failure::List { .. } => {
            matches!(failed, Command::Roles(options) if options.account_id.is_some())
        }
        _ => false,
    }
}
