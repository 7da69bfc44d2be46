//! A token as it was seen: with the state of the file that it goes with.
//!
//! Not responsible for looking.

use std::sync::Arc;

use sso_cache::{CachedToken, Fingerprint};
use sso_types::AccessToken;

/// A token, and the state of the file that it goes with.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) token: Arc<CachedToken>,
    pub(crate) fingerprint: Fingerprint,
    /// Whether it is another session's token, accepted for want of our own: not ours to refresh.
    pub(crate) borrowed: bool,
    /// Where the token is newer than the file, as it could not be written: the one in the file,
    /// whose refresh token is spent.
    pub(crate) unsaved_over: Option<AccessToken>,
}

impl Seen {
    /// Whether what is `there` now is what this token was seen with or has taken the place of, or this
    /// token itself, written after all: the file may have another mode or time, but nobody has logged
    /// in or refreshed.
    pub(crate) fn goes_with(&self, there: &Self) -> bool {
        let is_of_the_file = there.token.access_token() == self.in_file();
        (is_of_the_file || self.is(&there.token)) && !there.borrowed
    }

    /// Whether this is that token.
    pub(crate) fn is(&self, token: &CachedToken) -> bool {
        self.token.access_token() == token.access_token()
    }

    /// The same token, if that is newer than the file, with the state of the file that is `there`
    /// now; else what is there.
    pub(crate) fn or_newer(there: Self, known: Self) -> Self {
        let is_newer = known.unsaved_over.is_some() && !known.is(&there.token);
        if is_newer && known.goes_with(&there) {
            Self { fingerprint: there.fingerprint, ..known }
        } else {
            there
        }
    }

    /// This token with the state of the file that it could not be written to.
    pub(crate) fn unsaved(token: Arc<CachedToken>, instead_of: Self) -> Self {
        let over = instead_of.in_file().clone();
        Self { token, unsaved_over: Some(over), ..instead_of }
    }

    fn in_file(&self) -> &AccessToken {
        self.unsaved_over.as_ref().unwrap_or_else(|| self.token.access_token())
    }
}
