//! Writes what the libraries log: warnings, and with `-v` everything else that is not secret.

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt::{self, Write as _};
use std::io::Write as _;
use std::sync::{Mutex, PoisonError};

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Metadata, Subscriber, span};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::printable::printable;
use crate::progress::Progress;

/// The targets of the events of this workspace, which contain no secret.
const OURS: [&str; 9] = [
    "sso_cache",
    "sso_config",
    "sso_endpoint",
    "sso_files",
    "sso_http",
    "sso_login",
    "sso_provider",
    "sso_types",
    "ssocreds", // this program, and "ssocreds::http" of sso-http
];

/// The warnings written so far. A file may be read, and its warning reported, more than once.
static WRITTEN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Writes events to stderr: with a `verbosity` of 1 those of this workspace up to level `DEBUG`; with
/// more those up to `TRACE`, and those of hyper up to `DEBUG`.
pub(crate) fn log(verbosity: u8) {
    let level = if verbosity > 1 { LevelFilter::TRACE } else { LevelFilter::DEBUG };
    let mut targets = Targets::new().with_targets(OURS.map(|target| (target, level)));
    if verbosity > 1 {
        targets =
            targets.with_targets(["hyper", "hyper_util"].map(|name| (name, LevelFilter::DEBUG)));
    }
    let colour = anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never;
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(colour)
        .with_timer(tracing_subscriber::fmt::time::uptime());
    let subscriber = tracing_subscriber::registry().with(targets).with(lines);
    // Fails only if a subscriber is set already.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// Writes the warnings of the libraries to stderr, each once. Removes the line of `progress` first.
pub(crate) fn write_warnings(progress: &Progress) {
    // Fails only if a subscriber is set already, by an earlier call or by `log`.
    let _ = tracing::subscriber::set_global_default(Warnings { progress: progress.clone() });
}

/// Writes a warning to stderr, unless it was written before.
pub(crate) fn warn(message: &str) {
    if is_new(message) {
        write(message);
    }
}

/// Returns whether the warning was not written before.
fn is_new(message: &str) -> bool {
    WRITTEN.lock().unwrap_or_else(PoisonError::into_inner).insert(message.to_owned())
}

fn write(message: &str) {
    let warning = format!("ssocreds: warning: {}\n", printable(message));
    let _ = std::io::stderr().write_all(warning.as_bytes());
}

/// The subscriber without `-v`.
struct Warnings {
    progress: Progress,
}

impl Subscriber for Warnings {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event()
            && *metadata.level() <= Level::WARN
            && OURS.iter().any(|ours| metadata.target().starts_with(ours))
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::WARN)
    }

    fn event(&self, event: &Event<'_>) {
        let mut message = Message::default();
        event.record(&mut message);
        if is_new(&message.0) {
            self.progress.clear();
            write(&message.0);
        }
    }

    // Spans are not shown.
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

/// The message of an event, followed by its error and the causes of the error.
#[derive(Default)]
struct Message(String);

impl Visit for Message {
    fn record_error(&mut self, _: &Field, value: &(dyn Error + 'static)) {
        let mut error = Some(value);
        while let Some(link) = error {
            let text = link.to_string();
            if !self.0.ends_with(&text) {
                let _ = write!(self.0, ": {text}");
            }
            error = link.source();
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            // The fields may arrive in any order.
            let rest = std::mem::take(&mut self.0);
            let _ = write!(self.0, "{value:?}{rest}");
        }
    }
}
