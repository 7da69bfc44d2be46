//! The traits through which a login shows events to the user and opens a browser.

use std::io;

use jiff::Timestamp;

/// Shows a login's events to the user. Implemented for every `Fn(&LoginEvent)`.
pub trait LoginPrompt: Send + Sync {
    /// Shows one event. Must not block for long, because the login's task calls it.
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
    /// browser to exit. Implementations must not pass the URL through a shell.
    fn open(&self, url: &str) -> io::Result<()>;
}

/// An event to show to the user.
#[derive(Debug)]
#[non_exhaustive]
pub enum LoginEvent<'a> {
    /// Another login for the same token file is running, and this login waits for it.
    OtherLogin,
    /// The user must open a page.
    #[non_exhaustive]
    OpenPage {
        /// The page to open. If there is a user code, the page on which to type it.
        url: &'a str,
        /// The code to type or compare, in the device code flow. Always show it separately from any
        /// URL.
        user_code: Option<&'a str>,
        /// The page with the user code filled in, if the service returned one. Use it for a browser
        /// or a QR code.
        url_with_code: Option<&'a str>,
        /// The time (UTC) at which the login expires.
        expires_at: Timestamp,
        /// True if the login opens the page in a browser next.
        opens_browser: bool,
    },
    /// The browser could not be started; the user must open the page.
    #[non_exhaustive]
    BrowserFailed {
        /// The operating system's error.
        error: &'a io::Error,
    },
    /// The user allowed the login. It can still fail before the token is stored.
    Allowed,
}
