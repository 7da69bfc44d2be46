//! Lists the other token files of a directory.
//!
//! An error uses them to say under which name the token really is, and a logout from everything removes
//! them.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use sso_types::StartUrl;

use crate::cache_file::{self, directory_of};
use crate::cache_key::file_name;
use crate::{CachedToken, StoreError, TokenFile};

/// A token file other than the wanted one, with an unexpired token for the same start URL.
///
/// Its text says where the token is and why it is not the wanted one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NearMiss {
    /// The file that holds it.
    pub path: PathBuf,
    /// When its access token expires, in UTC.
    pub expires_at: Timestamp,
    /// Its start URL, as the file spells it.
    pub start_url: String,
    /// Why it is another file.
    pub kind: NearMissKind,
}

/// Why a token for the wanted start URL is in another file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum NearMissKind {
    /// It was stored for an sso-session of another name, which the file does not tell.
    OtherSession,
    /// It was stored for an sso-session; the wanted file is that of a legacy profile, which names none.
    Session,
    /// It was stored for a legacy profile, which names no sso-session; the wanted file is a session's.
    LegacyProfile,
    /// Both files are those of legacy profiles, and the start URLs are spelled differently: with
    /// another letter case, or with a `/` or `#` more or less at the end.
    StartUrlSpelling,
}

impl fmt::Display for NearMiss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} holds a valid token for the same portal, but ", self.path.display())?;
        match self.kind {
            NearMissKind::OtherSession => {
                f.write_str("it belongs to an sso-session of another name")
            }
            NearMissKind::Session => {
                f.write_str("it belongs to an sso-session, and this profile names none")
            }
            NearMissKind::LegacyProfile => {
                f.write_str("it belongs to a legacy profile, which names no sso-session")
            }
            NearMissKind::StartUrlSpelling => {
                write!(f, "its start URL is spelled differently: {}", self.start_url)
            }
        }
    }
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
            .map(|(file, token)| {
                let found = token.start_url().unwrap_or_default();
                let is_legacy =
                    |path: &Path, url: &str| path.file_name() == Some(OsStr::new(&file_name(url)));
                let wanted_is_legacy = is_legacy(self.path(), start_url.as_str());
                NearMiss {
                    path: file.path().to_owned(),
                    expires_at: token.expires_at(),
                    start_url: found.to_owned(),
                    kind: match (wanted_is_legacy, is_legacy(file.path(), found)) {
                        (false, false) => NearMissKind::OtherSession,
                        (true, false) => NearMissKind::Session,
                        (false, true) => NearMissKind::LegacyProfile,
                        (true, true) => NearMissKind::StartUrlSpelling,
                    },
                }
            })
    }
}

/// The token files in `directory` with their tokens, expired ones too, in no order. Client
/// registrations, files of other tools and what cannot be read are left out. For a list of the
/// logins, or a logout from all of them. No directory is an empty one. What a killed writer left of
/// a token file that is gone is not listed: the lock on that file finds it.
pub fn cached_tokens(directory: &Path) -> Result<Vec<(TokenFile, CachedToken)>, StoreError> {
    let files = cache_file::json_files(directory)?.into_iter();
    Ok(files
        .filter_map(|path| {
            let file = TokenFile::new(path);
            let (token, _) = file.load_once().ok()?;
            Some((file, token))
        })
        .collect())
}

/// The `*.json` files in `directory`, sorted by name, whether or not they hold a token: load each one
/// to find out. An empty list if there is no such directory.
pub fn token_files(directory: &Path) -> Result<Vec<TokenFile>, StoreError> {
    let mut files = cache_file::json_files(directory)?;
    files.sort_unstable();
    Ok(files.into_iter().map(TokenFile::new).collect())
}

fn is_same_portal(one: &str, other: &str) -> bool {
    let ends = ['/', '#'];
    one.trim_end_matches(ends).eq_ignore_ascii_case(other.trim_end_matches(ends))
}
