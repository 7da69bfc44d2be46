//! A temporary file that a process left which was killed in the middle of a store: put in the token
//! file's place, or removed. Happens under the lock.
//!
//! The refresh token in the token file may be spent by then, and the new one is in the temporary file
//! alone. So a temporary file that is complete and newer than the token file becomes the token.
//! "Newer" is the file system's modification time. The writer makes its file later than the one that
//! it replaces, so a clock that was set back in between does no harm. A login by another tool after
//! the kill is later still. At the same time, which a coarse clock gives, the later expiry decides.
//!
//! A leftover wins wrongly in one case: the token file was written under a clock that was ahead, and
//! another tool then logs in under the right one. It is a token of the same user, and another login
//! corrects it.
//!
//! A missing token file means a logout: the leftover is removed too. So is a first token whose
//! writer is killed before it is in place; the user sees that login fail.

use std::io;

use sso_files::{FileError, Leftover, LeftoverFile};

use crate::cache_file::LockedFile;
use crate::{CachedToken, StoreError};

/// What became of a leftover.
#[derive(Debug)]
pub(crate) enum Settled {
    /// There was none, or it was of no use.
    Nothing,
    Adopted,
    /// It is newer than the token file, and could not be put in its place.
    NotAdopted(FileError),
}

/// Examines a leftover: puts it in place, or removes it. Failures are logged: the token file is as
/// it was.
pub(crate) fn settle(file: &LockedFile) -> Settled {
    let path = file.place().path();
    match examine(file) {
        Ok(settled) => {
            match &settled {
                Settled::Nothing => {}
                Settled::Adopted => tracing::info!(
                    path = %path.display(),
                    "put in place a refreshed token that a killed process had left"
                ),
                Settled::NotAdopted(error) => tracing::debug!(
                    %error,
                    path = %path.display(),
                    "a refreshed token that another process left cannot be put in place"
                ),
            }
            settled
        }
        Err(error) => {
            // It may be complete: too many open files, say. The next holder of the lock looks again.
            tracing::debug!(%error, path = %path.display(), "a leftover token stays where it is");
            Settled::Nothing
        }
    }
}

fn examine(file: &LockedFile) -> Result<Settled, FileError> {
    let leftover = match file.leftover()? {
        None => return Ok(Settled::Nothing),
        Some(Leftover::Unusable) => None,
        Some(Leftover::File(leftover)) => {
            CachedToken::parse(leftover.bytes()).ok().map(|token| (token, leftover))
        }
    };
    if let Some((token, leftover)) = leftover
        && is_newer(&token, &leftover, file)?
    {
        return Ok(match leftover.adopt() {
            Ok(()) => Settled::Adopted,
            Err(error) => Settled::NotAdopted(error.into()),
        });
    }
    tracing::debug!(path = %file.place().path().display(), "removing what a killed process had left");
    file.place().remove_leftover().map(|_| Settled::Nothing)
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
