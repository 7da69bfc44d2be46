//! Lists the token files of a directory, and searches them for a token that is stored under another
//! name.
//!
//! The file that is found is named in an error message. A logout from all sessions uses the list of
//! files to remove those with a token.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use sso_files::temp_is_for;
use sso_types::StartUrl;

use crate::cache_file;
use crate::cache_key::file_name;
use crate::{CacheFileError, CachedToken, TokenFile};

/// An unexpired token for the wanted start URL in another file than the expected one.
///
/// `Display` names the file and says why the token is not used.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NearMiss {
    /// The file with the token.
    pub path: PathBuf,
    /// The time at which the access token expires.
    pub expires_at: Timestamp,
    /// The start URL, as spelled in the file.
    pub start_url: String,
    /// The start URL that was wanted, as it is configured.
    pub wanted_start_url: String,
    /// The reason why the token is in another file.
    pub kind: NearMissKind,
}

/// The reason why a token for the wanted start URL is in another file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum NearMissKind {
    /// Both files are for sso-sessions, with different names. The name of the other session is not
    /// known, since a token file does not contain it.
    OtherSession,
    /// The other file is for an sso-session, and the expected file is for a legacy profile.
    Session,
    /// The other file is for a legacy profile, and the expected file is for an sso-session.
    LegacyProfile,
    /// Both files are for legacy profiles, and the start URLs differ in letter case or in `/` and
    /// `#` at the end.
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
                let (found, wanted) = (&self.start_url, &self.wanted_start_url);
                write!(f, "its start URL is {found}, and the configured one is {wanted}")
            }
        }
    }
}

impl TokenFile {
    /// Searches the other `*.json` files in the directory of this file for an unexpired token for
    /// the same start URL. Returns the one that expires last.
    ///
    /// Ignores letter case, and `/` and `#` at the end of the start URL. Skips files that contain
    /// no token or cannot be read.
    ///
    /// Use it for an error message if this file does not exist, since it reads every file of the
    /// directory.
    pub fn find_other(&self, start_url: &StartUrl, now: Timestamp) -> Option<NearMiss> {
        let found = cached_tokens(self.directory()).ok()?;
        found
            .into_iter()
            .filter(|(file, token)| {
                file.path().file_name() != self.path().file_name() && !token.is_expired(now)
            })
            .filter(|(_, token)| token.start_url().is_some() && token.is_for_portal(start_url))
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
                    wanted_start_url: start_url.as_str().to_owned(),
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

/// Reads all tokens in `directory`, including expired ones, and returns them with their files, in
/// no order. Use it to list all logins.
///
/// Skips client registrations, files of other tools and tokens that cannot be loaded. To log out
/// from all sessions, use [`token_files`] and [`TokenFile::contains_token`] instead, which find
/// tokens with an unusable expiry too. The list is empty if there is no directory. Leftover files
/// of killed writers are not listed; taking the lock of their token file recovers or removes them.
pub fn cached_tokens(directory: &Path) -> Result<Vec<(TokenFile, CachedToken)>, CacheFileError> {
    let files = cache_file::json_files(directory)?.into_iter();
    Ok(files
        .filter_map(|path| {
            let file = TokenFile::new(path);
            let (token, _) = file.load_once().ok()?;
            Some((file, token))
        })
        .collect())
}

/// Lists the `*.json` files in `directory`, sorted by name. Includes a missing file if a killed
/// writer left a temporary file for it. The list is empty if there is no directory.
///
/// Not every file contains a token: load each one to find out, or call
/// [`TokenFile::contains_token`].
pub fn token_files(directory: &Path) -> Result<Vec<TokenFile>, CacheFileError> {
    let entries = cache_file::entries(directory)?;
    let mut files: BTreeSet<_> = entries.iter().filter_map(|path| temp_is_for(path)).collect();
    files.extend(entries);
    Ok(files.into_iter().filter(|path| cache_file::is_json(path)).map(TokenFile::new).collect())
}

impl CachedToken {
    /// Returns `false` if the token is for another start URL. Ignores letter case, and `/` and `#` at
    /// the end. A token file need not contain the start URL; the result is then `true`.
    pub fn is_for_portal(&self, start_url: &StartUrl) -> bool {
        let trimmed = |url: &str| url.trim_end_matches(['/', '#']).to_ascii_lowercase();
        self.start_url().is_none_or(|url| trimmed(url) == trimmed(start_url.as_str()))
    }
}
