//! Prints an error: the failure, its causes, and the next command to run.
//!
//! Commands that print JSON print their errors as JSON too.

use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;

use serde::Serialize;
use sso_provider::{CredentialsError, TokenError};

use crate::arguments::Command;
use crate::context::Context;
use crate::failure::Failure;
use crate::next_step::next_steps;
use crate::printable::{escape_json, printable};
use crate::table::BAD;

/// An error in JSON: `{"error":{...}}`. Keys are only added, never removed or renamed.
#[derive(Debug, Serialize)]
struct Json<'a> {
    error: Report<'a>,
}

#[derive(Debug, Serialize)]
struct Report<'a> {
    message: String,
    causes: Vec<String>,
    exit_code: u8,
    kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    login_command: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<Service<'a>>,
}

/// The operation of a service that failed, and its answer if there was one.
#[derive(Debug, Serialize)]
struct Service<'a> {
    operation: Option<&'a str>,
    status: Option<u16>,
    code: Option<&'a str>,
    request_id: Option<&'a str>,
}

/// Prints the failure of the command to stderr.
pub(crate) fn failure(failure: &Failure, context: &Context, command: &Command) {
    let report = Report::new(failure);
    if command.has_json_errors() {
        print_json(report);
        return;
    }
    let mut text = format!("{BAD}ssocreds:{BAD:#} {}\n", printable(&report.message));
    for cause in &report.causes {
        let _ = writeln!(text, "  because {}", printable(cause));
    }
    text.push_str(&next_steps(failure, context, command));
    // If stderr is closed, the error cannot be shown.
    let _ = anstream::stderr().lock().write_all(text.as_bytes());
}

/// Prints help and version to stdout, and errors of the command line to stderr, as JSON if the command
/// line asks for JSON.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    if error.use_stderr() && asks_for_json() {
        let text = error.to_string();
        // An empty line separates the message from advice and usage.
        let (message, _) = text.split_once("\n\n").unwrap_or((&text, ""));
        let message = message.strip_prefix("error: ").unwrap_or(message).to_owned();
        print_json(Report {
            message,
            causes: Vec::new(),
            exit_code: 2,
            kind: "usage",
            login_command: None,
            service: None,
        });
    } else {
        // If the output is closed, for example by a pager, the text cannot be shown.
        let _ = error.print();
    }
    ExitCode::from(if error.use_stderr() { 2 } else { 0 })
}

fn print_json(report: Report<'_>) {
    // Strings and numbers always serialize.
    let json = serde_json::to_string(&Json { error: report }).unwrap_or_default();
    let mut json = escape_json(&json).unwrap_or(json);
    json.push('\n');
    let _ = std::io::stderr().lock().write_all(json.as_bytes());
}

/// Returns whether a command line that cannot be parsed contains `--format json`.
fn asks_for_json() -> bool {
    let mut previous = None;
    std::env::args_os().take_while(|argument| argument != "--").any(|argument| {
        let found = argument == "--format=json"
            || (argument == "json" && previous.as_ref().is_some_and(|it| it == "--format"));
        previous = Some(argument);
        found
    })
}

impl<'a> Report<'a> {
    fn new(failure: &'a Failure) -> Self {
        let mut texts = Vec::new();
        let mut error: Option<&(dyn Error + 'static)> = Some(failure);
        while let Some(link) = error {
            let text = text(link);
            // A transparent error and its source have the same text.
            if texts.last() != Some(&text) {
                texts.push(text);
            }
            error = link.source();
        }
        let mut texts = texts.into_iter();
        Self {
            message: texts.next().unwrap_or_default(),
            causes: texts.collect(),
            exit_code: failure.exit_code(),
            kind: failure.kind(),
            login_command: failure.login_command(),
            service: failure.service_error().map(|error| Service {
                operation: error.operation(),
                status: error.status(),
                code: error.code(),
                request_id: error.request_id(),
            }),
        }
    }
}

/// Returns the text of one error of the chain. The login command is left out, because it is printed at
/// the end.
fn text(link: &(dyn Error + 'static)) -> String {
    let login_required = |error: &TokenError| matches!(error, TokenError::LoginRequired { .. });
    if let Some(Failure::Token(error) | Failure::Credentials(CredentialsError::InvalidToken(error))) =
        link.downcast_ref()
        && login_required(error)
    {
        return "a login is required".to_owned();
    }
    link.to_string()
}
