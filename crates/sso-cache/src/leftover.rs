//! Recovers or removes the leftover of a process that was killed during a store: a temporary file
//! with the new token. The caller must hold the lock.
//!
//! The refresh token in the token file may be spent already, and only the leftover contains its
//! successor. Therefore a leftover that is complete and newer than the token file replaces it.
//!
//! The files' modification times decide which is newer. A writer gives its temporary file a later
//! time than the file to replace. Therefore a leftover does not look older than that file if the
//! clock was set back. A login by another tool after the kill has a still later time. If the times
//! are equal, because the clock is coarse, the later expiry decides.
//!
//! In one case a leftover wrongly replaces the token file. The clock was ahead when the token file
//! or the leftover was written, and another tool logs in after the clock was corrected. The
//! leftover is a token of the same user, and the next login replaces it.
//!
//! A missing token file means a logout, so the leftover is removed. This also removes the first
//! token of a login whose process is killed before the rename. The user sees that login fail.

use std::io;

use sso_files::{FileError, Leftover, LeftoverFile};

use crate::cache_file::LockedFile;
use crate::{CacheFileError, CachedToken};

/// The result of a recovery.
#[derive(Debug)]
pub(crate) enum Recovery {
    /// No leftover was found, or it is of no use.
    Nothing,
    /// The leftover has replaced the token file.
    Adopted,
    /// The leftover could not be examined, or is newer than the token file and could not be renamed
    /// to it.
    NotAdopted(FileError),
}

/// Recovers or removes a leftover. On failure, logs the error and leaves the token file unchanged.
pub(crate) fn recover(file: &LockedFile) -> Recovery {
    let path = file.place().path();
    match try_recover(file) {
        Ok(recovery) => {
            match &recovery {
                Recovery::Nothing => {}
                Recovery::Adopted => tracing::info!(
                    path = %path.display(),
                    "recovered a refreshed token that a killed process had left"
                ),
                Recovery::NotAdopted(error) => tracing::debug!(
                    %error,
                    path = %path.display(),
                    "failed to recover a refreshed token that a killed process had left"
                ),
            }
            recovery
        }
        // No process of this user could use the leftover.
        Err(FileError::Io(error)) if error.kind() == io::ErrorKind::PermissionDenied => {
            tracing::debug!(%error, path = %path.display(), "a leftover token cannot be used");
            Recovery::Nothing
        }
        Err(error) => {
            // The error may be temporary, such as too many open files, and the leftover may be
            // complete. The next holder of the lock examines it again.
            tracing::debug!(%error, path = %path.display(), "failed to examine a leftover token");
            Recovery::NotAdopted(error)
        }
    }
}

fn try_recover(file: &LockedFile) -> Result<Recovery, FileError> {
    let leftover = match file.leftover()? {
        None => return Ok(Recovery::Nothing),
        Some(Leftover::Unusable) => None,
        Some(Leftover::File(leftover)) => {
            CachedToken::parse(leftover.bytes()).ok().map(|token| (token, leftover))
        }
    };
    if let Some((token, leftover)) = leftover
        && is_newer(&token, &leftover, file)?
    {
        return Ok(match leftover.adopt() {
            Ok(()) => Recovery::Adopted,
            Err(error) => Recovery::NotAdopted(error.into()),
        });
    }
    tracing::debug!(path = %file.place().path().display(), "removing the leftover of a killed process");
    if let Err(error) = file.place().remove_leftover() {
        tracing::debug!(%error, "the leftover of a killed process could not be removed");
    }
    Ok(Recovery::Nothing)
}

/// Returns `true` if the leftover, which contains `leftover_token`, is newer than the token file.
fn is_newer(
    leftover_token: &CachedToken,
    leftover: &LeftoverFile,
    file: &LockedFile,
) -> io::Result<bool> {
    let expiry = match file.read(CachedToken::parse) {
        Ok(loaded) => Some(loaded.value.expires_at()),
        Err(CacheFileError::NotFound { .. }) => return Ok(false),
        // The token file is incomplete or belongs to another user, so its expiry is not known.
        Err(CacheFileError::Invalid { .. } | CacheFileError::ForeignOwner { .. }) => None,
        Err(error) => return Err(io::Error::other(error)),
    };
    let (leftover_at, file_at) = (leftover.modified()?, file.place().modified()?);
    let later_expiry = expiry.is_none_or(|expiry| leftover_token.expires_at() >= expiry);
    Ok(leftover_at > file_at || (leftover_at == file_at && later_expiry))
}
