//! Shows the steps of a login on stderr.

use std::fmt::Write as _;
use std::io::Write as _;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;
use sso_login::{LoginEvent, LoginPrompt};

use crate::context::now;
use crate::printable::printable;
use crate::progress::{Detail, Progress};

/// Writes each event to stderr. On a terminal, counts down the remaining time.
pub(super) struct TerminalPrompt {
    progress: Progress,
    qr: bool,
}

impl TerminalPrompt {
    pub(super) fn new(progress: Progress, qr: bool) -> Self {
        Self { progress, qr }
    }

    fn count_down(&self, expires_at: Timestamp) {
        let left = Duration::try_from(expires_at.duration_since(now())).unwrap_or_default();
        self.progress.set_detail(Detail {
            message: "waiting for you; the login expires".to_owned(),
            pause_until: Some(Instant::now() + left),
            attempt: None,
        });
    }
}

impl LoginPrompt for TerminalPrompt {
    fn show(&self, event: &LoginEvent<'_>) {
        self.progress.clear();
        match event {
            LoginEvent::OtherLogin => {
                note("waiting for another login to this session");
            }
            LoginEvent::OpenPage {
                url,
                user_code,
                url_with_code,
                expires_at,
                opens_browser,
                ..
            } => {
                write_stderr(&page(url, *user_code, *opens_browser));
                if self.qr {
                    write_stderr(&qr_code(url_with_code.unwrap_or(url)));
                }
                self.count_down(*expires_at);
            }
            LoginEvent::BrowserFailed { error, .. } => {
                note(&format!("failed to start a browser: {error}; open the page yourself"));
            }
            LoginEvent::Allowed => self.progress.clear_detail(),
            _ => {}
        }
    }
}

/// Writes a line to stderr.
pub(super) fn note(text: &str) {
    write_stderr(&format!("ssocreds: {}\n", printable(text)));
}

fn page(url: &str, user_code: Option<&str>, opens_browser: bool) -> String {
    let mut text = String::new();
    let lead = if opens_browser {
        "Your browser opens. If it does not, open this page:"
    } else {
        "Open this page:"
    };
    let _ = writeln!(text, "{lead}\n\n  {}\n", printable(url));
    if let Some(code) = user_code {
        let lead = if opens_browser { "It must show this code:" } else { "Enter this code:" };
        let _ = writeln!(text, "{lead}\n\n  {}\n", printable(code));
    }
    text
}

/// Returns a QR code, or a message if the URL is too long for one.
fn qr_code(url: &str) -> String {
    match QrCode::new(url) {
        Ok(code) => format!("{}\n", code.render::<Dense1x2>().quiet_zone(true).build()),
        Err(_) => "The page's address is too long for a QR code.\n".to_owned(),
    }
}

fn write_stderr(text: &str) {
    // If stderr is closed, the text cannot be shown.
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}
