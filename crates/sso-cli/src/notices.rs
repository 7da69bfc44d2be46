//! Shows what the libraries report while they work: warnings, waits, and with `-v` everything else that
//! is not secret.

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt::{self, Write as _};
use std::io::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Metadata, Subscriber, span};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::printable::printable;
use crate::progress::{News, Progress};

/// Where the crates below say what they wait for.
const PROGRESS: &str = "ssocreds::progress";
/// Where they tell of each request.
const HTTP: &str = "ssocreds::http";
/// The targets of our crates, whose events are known to hold no secret.
const OURS: [&str; 8] = [
    "sso_cache",
    "sso_config",
    "sso_endpoint",
    "sso_http",
    "sso_provider",
    "sso_types",
    HTTP,
    PROGRESS,
];

/// Writes all events of our crates to stderr: with a `verbosity` of 1 those for debugging, with
/// more also those of tracing, and what the HTTP library says of its connections.
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
    // Nobody else sets one.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// Writes warnings to stderr, and gives what is waited for to `progress`, where that is shown.
pub(crate) fn listen(progress: &Progress) {
    let _ = tracing::subscriber::set_global_default(Notices {
        progress: progress.clone(),
        said: Mutex::default(),
    });
}

/// Writes one warning to stderr.
pub(crate) fn warn(message: &str) {
    let warning = format!("ssocreds: warning: {}\n", printable(message));
    let _ = std::io::stderr().write_all(warning.as_bytes());
}

/// A subscriber of the two kinds of events that matter without `-v`.
struct Notices {
    progress: Progress,
    /// Each warning once: a file may be looked at more often.
    said: Mutex<BTreeSet<String>>,
}

impl Subscriber for Notices {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        if metadata.target() == PROGRESS {
            return self.progress.is_shown();
        }
        metadata.is_event()
            && *metadata.level() <= Level::WARN
            && OURS.iter().any(|ours| metadata.target().starts_with(ours))
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(if self.progress.is_shown() { LevelFilter::DEBUG } else { LevelFilter::WARN })
    }

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        if event.metadata().target() == PROGRESS && fields.over {
            self.progress.forget_news();
        } else if event.metadata().target() == PROGRESS {
            let pause = fields.wait_ms.map(Duration::from_millis);
            self.progress.tell(News {
                message: fields.message,
                pause_until: pause.map(|pause| Instant::now() + pause),
                attempt: fields.attempt.zip(fields.attempts),
            });
        } else {
            self.progress.clear();
            let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
            if said.insert(fields.message.clone()) {
                warn(&fields.message);
            }
        }
    }

    // Spans play no part.
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

/// The fields of an event.
#[derive(Default)]
struct Fields {
    /// The message; behind it the error, with its causes.
    message: String,
    attempt: Option<u64>,
    attempts: Option<u64>,
    wait_ms: Option<u64>,
    /// Whether what was waited for is no longer.
    over: bool,
}

impl Visit for Fields {
    fn record_bool(&mut self, field: &Field, value: bool) {
        if field.name() == "over" {
            self.over = value;
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        match field.name() {
            "attempt" => self.attempt = Some(value),
            "attempts" => self.attempts = Some(value),
            "wait_ms" => self.wait_ms = Some(value),
            _ => {}
        }
    }

    fn record_error(&mut self, _: &Field, value: &(dyn Error + 'static)) {
        let mut error = Some(value);
        while let Some(link) = error {
            let text = link.to_string();
            if !self.message.ends_with(&text) {
                let _ = write!(self.message, ": {text}");
            }
            error = link.source();
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            // The error may have come first.
            let rest = std::mem::take(&mut self.message);
            let _ = write!(self.message, "{value:?}{rest}");
        }
    }
}
