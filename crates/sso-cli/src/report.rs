//! Prints an error for a person: what failed, why, and what to run next.
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

/// Errors in JSON: `{"error":{...}}`. Keys are only ever added to this.
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

/// What a service was asked for, and what it answered, if it did.
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
    // A stderr that is gone leaves nobody to tell.
    let _ = anstream::stderr().lock().write_all(text.as_bytes());
}

/// Prints what clap has to say: help and version to stdout, what is wrong to stderr, which is JSON
/// where the command line asks for JSON.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    if error.use_stderr() && asks_for_json() {
        let text = error.to_string();
        // Advice and usage follow behind an empty line.
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
        // As above; and help for a reader that has had enough is no failure.
        let _ = error.print();
    }
    ExitCode::from(if error.use_stderr() { 2 } else { 0 })
}

fn print_json(report: Report<'_>) {
    // Strings and numbers: there is nothing that could fail to be JSON.
    let json = serde_json::to_string(&Json { error: report }).unwrap_or_default();
    let mut json = escape_json(&json).unwrap_or(json);
    json.push('\n');
    let _ = std::io::stderr().lock().write_all(json.as_bytes());
}

/// As far as can be told of a command line that is wrong.
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

/// Returns the text of one error of the chain. How to log in is printed at the end.
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
