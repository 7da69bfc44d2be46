//! A temporary file that a process left which was killed in the middle of a store: put in the token
//! file's place, or removed. Happens under the lock.
//!
//! The refresh token in the token file may be spent by then, and the new one is in the temporary file
//! alone. So a temporary file that is complete and newer than the token file becomes the token. "Newer" is the file system's modification time: the writer sees to it that its file is
//! later than the one that it replaces, so a clock that was set back in between does no harm, and a
//! login by another tool after the kill is later still. (Only when the token file's time lies in
//! the future, as one does that was written under a wrong clock, and another tool then logs in
//! under the right one, does a leftover win that should not. It is a token of the same user, and
//! logging in once more corrects it.) At the same time, which a coarse clock gives, the later
//! expiry decides.
//!
//! A token file that is gone means a logout, and that stands: the leftover goes too. So does a
//! first token whose writer is killed before it is in place; the user sees that login fail.

use std::io;

use sso_files::{FileError, Leftover, LeftoverFile};

use crate::cache_file::LockedFile;
use crate::{CachedToken, StoreError};

/// Examines a leftover: puts it in place, or removes it. Returns whether it was put in place.
/// Failures are logged: the token file is as it was.
pub(crate) fn settle(file: &LockedFile) -> bool {
    let path = file.place().path();
    match examine(file) {
        Ok(true) => {
            tracing::info!(
                path = %path.display(),
                "put in place a refreshed token that a killed process had left"
            );
            true
        }
        Ok(false) => false,
        Err(error) => {
            // It may be complete: too many open files, say. The next holder of the lock looks again.
            tracing::debug!(%error, path = %path.display(), "a leftover token stays where it is");
            false
        }
    }
}

fn examine(file: &LockedFile) -> Result<bool, FileError> {
    let leftover = match file.leftover()? {
        None => return Ok(false),
        Some(Leftover::Unusable) => None,
        Some(Leftover::File(leftover)) => {
            CachedToken::parse(leftover.bytes()).ok().map(|token| (token, leftover))
        }
    };
    if let Some((token, leftover)) = leftover
        && is_newer(&token, &leftover, file)?
    {
        leftover.adopt()?;
        return Ok(true);
    }
    tracing::debug!(path = %file.place().path().display(), "removing what a killed process had left");
    file.place().remove_leftover().map(|_| false)
}

fn is_newer(left: &CachedToken, leftover: &LeftoverFile, file: &LockedFile) -> io::Result<bool> {
    let expiry = match file.read(CachedToken::parse) {
        Ok(loaded) => Some(loaded.value.expires_at()),
        Err(StoreError::NotFound { .. }) => return Ok(false),
        // Broken by an in-place writer, or another user's: the modification times decide.
        Err(StoreError::Invalid { .. } | StoreError::ForeignOwner { .. }) => None,
        Err(error) => return Err(io::Error::other(error)),
    };
    let (left_at, token_at) = (leftover.modified()?, file.place().modified()?);
    let later_expiry = expiry.is_none_or(|expiry| left.expires_at() >= expiry);
    Ok(left_at > token_at || (left_at == token_at && later_expiry))
}
