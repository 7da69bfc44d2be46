//! The other token files of a directory: for the error that says where the token really is, and for
//! a sign-out from everywhere.
//!
//! Not responsible for using what it finds: that is the caller's explicit choice.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use sso_types::StartUrl;

use crate::cache_key::file_name;
use crate::store::{self, directory_of};
use crate::{CacheKeyOrigin, CachedToken, StoreError, TokenFile};

/// A token file other than the one that was looked for, with a token that is good and was signed in
/// for at the same start URL.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NearMiss {
    /// The file that holds it.
    pub path: PathBuf,
    /// When its access token expires, in UTC.
    pub expires_at: Timestamp,
    /// Whether it belongs to a legacy profile ([`CacheKeyOrigin::StartUrl`]) or to some sso-session,
    /// whose name a token file does not tell.
    pub origin: CacheKeyOrigin,
}

impl TokenFile {
    /// Looks through the other `*.json` files beside this one for an unexpired token for the same
    /// start URL, a difference in case or in `/` and `#` at its end aside. Of several the one that
    /// is good for longest. What is no token, or cannot be read, is skipped.
    ///
    /// For an error message, when this file is not there; reads every file of the directory.
    pub fn find_other(&self, start_url: &StartUrl, now: Timestamp) -> Option<NearMiss> {
        let found = cached_tokens(directory_of(self.path())).ok()?;
        found
            .into_iter()
            .filter(|(file, token)| {
                file.path().file_name() != self.path().file_name() && !token.is_expired(now)
            })
            .filter(|(_, token)| {
                token.start_url().is_some_and(|url| is_same_portal(url, start_url.as_str()))
            })
            .max_by_key(|(_, token)| token.expires_at())
            .map(|(file, token)| NearMiss {
                path: file.path().to_owned(),
                expires_at: token.expires_at(),
                origin: origin(file.path(), &token),
            })
    }
}

/// The token files in `directory` with their tokens, expired ones too, in no order. Client
/// registrations, files of other tools and what cannot be read are left out. For a list of the
/// logins, or a sign-out from all of them. No directory is an empty one. What a killed writer left of
/// a token file that is gone is not listed: the lock on that file finds it.
pub fn cached_tokens(directory: &Path) -> Result<Vec<(TokenFile, CachedToken)>, StoreError> {
    let files = store::json_files(directory)?.into_iter();
    Ok(files
        .filter_map(|path| {
            let (token, _) = store::read_once(&path, CachedToken::parse).ok()?;
            Some((TokenFile::new(path), token))
        })
        .collect())
}

fn origin(path: &Path, token: &CachedToken) -> CacheKeyOrigin {
    let legacy = token.start_url().map(file_name);
    if legacy.is_some() && path.file_name() == legacy.as_deref().map(OsStr::new) {
        CacheKeyOrigin::StartUrl
    } else {
        CacheKeyOrigin::Session
    }
}

fn is_same_portal(one: &str, other: &str) -> bool {
    let ends = ['/', '#'];
    one.trim_end_matches(ends).eq_ignore_ascii_case(other.trim_end_matches(ends))
}
