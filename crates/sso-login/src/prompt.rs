//! What a login shows to the user, and how it opens a browser.

use std::io;

use jiff::Timestamp;

/// Shows a login's events to the user. Any `Fn(&LoginEvent)` is one.
pub trait LoginPrompt: Send + Sync {
    /// Shows one event. Called in the login's task: must not block for long.
    fn show(&self, event: &LoginEvent<'_>);
}

impl<F: Fn(&LoginEvent<'_>) + Send + Sync> LoginPrompt for F {
    fn show(&self, event: &LoginEvent<'_>) {
        self(event);
    }
}

/// Opens a web page in the user's browser.
pub trait OpenBrowser: Send + Sync {
    /// Opens `url`, an `http` or `https` URL of visible ASCII characters, without waiting for the
    /// browser to end. Never pass it through a shell.
    fn open(&self, url: &str) -> io::Result<()>;
}

/// What the user must see.
#[derive(Debug)]
#[non_exhaustive]
pub enum LoginEvent<'a> {
    /// Another login for the same token file is under way; this one waits for it.
    OtherLogin,
    /// The user must open a page.
    #[non_exhaustive]
    OpenPage {
        /// The page. With a user code, the page to type it on.
        url: &'a str,
        /// The code to type or compare, with the device code flow. Always show it, apart from
        /// any URL.
        user_code: Option<&'a str>,
        /// The page with the user code filled in, if the service gave one: for a browser or a QR
        /// code.
        url_with_code: Option<&'a str>,
        /// When the login expires (UTC).
        expires_at: Timestamp,
        /// Whether the page is about to be opened in a browser.
        opens_browser: bool,
    },
    /// The browser could not be started; the user must open the page.
    #[non_exhaustive]
    BrowserFailed {
        /// The operating system's error.
        error: &'a io::Error,
    },
    /// The user allowed the login; the token is being fetched.
    Allowed,
}
