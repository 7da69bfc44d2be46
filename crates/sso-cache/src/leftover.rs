//! What a writer that was killed in the middle of a store left behind: put in place, or removed.
//!
//! Not responsible for the lock under which this must happen.
//!
//! The refresh token that the file still holds may be spent by then, and the new one stands in the
//! temporary file alone. So a temporary file that is whole and newer than the token file is the
//! token. "Newer" is the file system's modification time: the writer sees to it that its file is
//! later than the one that it replaces, so a clock that was set back in between does no harm, and a
//! sign-in by another tool after the kill is later still. (Only when the token file's time lies in
//! the future, as one does that was written under a wrong clock, and another tool then signs in
//! under the right one, does a leftover win that should not. It is a token of the same user, and
//! signing in once more corrects it.) At the same time, which a coarse clock gives, the later
//! expiry decides.
//!
//! A token file that is gone means a sign-out, and that stands: the leftover goes too. So does a
//! first token whose writer is killed before it is in place; whoever signed in sees that fail.

use std::io;
use std::path::Path;

use crate::store::{self, finish_leftover, fixed_temp_path, modified};
use crate::{CachedToken, StoreError};

/// Looks for a leftover and deals with it. Whether it was put in place. Failures are logged: the
/// token file is as it was.
pub(crate) fn settle(real: &Path) -> bool {
    let temp = fixed_temp_path(real);
    let found = match store::read_leftover(&temp, CachedToken::parse) {
        Ok(found) => Some(found),
        Err(StoreError::NotFound { .. }) => return false,
        // Torn, put there by somebody else, or not a file at all.
        Err(StoreError::Invalid { .. } | StoreError::ForeignOwner { .. }) => None,
        Err(error) if error.io_error().is_some_and(is_no_file) => None,
        Err(error) => {
            // It may be whole: too many open files, say. The next holder of the lock looks again.
            tracing::debug!(%error, path = %temp.display(), "a leftover token could not be read");
            return false;
        }
    };
    let settled = match found {
        Some((left, length, file)) => match is_newer(&left, &temp, real) {
            Ok(true) => finish_leftover(&file, length, &temp, real).map(|()| true),
            Ok(false) => remove(&temp),
            Err(error) => Err(error),
        },
        None => remove(&temp),
    };
    match settled {
        Ok(true) => {
            tracing::info!(
                path = %real.display(),
                "put in place a refreshed token that a killed process had left"
            );
            true
        }
        Ok(false) => false,
        Err(error) => {
            tracing::debug!(%error, path = %temp.display(), "a leftover token stays where it is");
            false
        }
    }
}

fn is_newer(left: &CachedToken, temp: &Path, real: &Path) -> io::Result<bool> {
    let expiry = match store::read(real, CachedToken::parse) {
        Ok((token, _)) => Some(token.expires_at()),
        Err(StoreError::NotFound { .. }) => return Ok(false),
        // Broken by an in-place writer, or not ours: which of the two came later decides alone.
        Err(StoreError::Invalid { .. } | StoreError::ForeignOwner { .. }) => None,
        Err(error) => return Err(io::Error::other(error)),
    };
    let (left_at, token_at) = (modified(temp)?, modified(real)?);
    let later_expiry = expiry.is_none_or(|expiry| left.expires_at() >= expiry);
    Ok(left_at > token_at || (left_at == token_at && later_expiry))
}

fn remove(temp: &Path) -> io::Result<bool> {
    tracing::debug!(path = %temp.display(), "removing what a killed process had left");
    store::remove(temp).map(|_| false).map_err(io::Error::other)
}

/// Whether the error says that there is a link, a pipe, a device or a socket in its place.
fn is_no_file(error: &io::Error) -> bool {
    const NO_SUCH_DEVICE: i32 = 6; // a socket, or a device without a driver
    matches!(error.kind(), io::ErrorKind::InvalidInput)
        || is_loop(error)
        || (cfg!(unix) && error.raw_os_error() == Some(NO_SUCH_DEVICE))
}

/// What opening a link with `O_NOFOLLOW` gives. std has no stable name for it.
#[cfg(unix)]
fn is_loop(error: &io::Error) -> bool {
    // FreeBSD says EMLINK.
    [rustix::io::Errno::LOOP, rustix::io::Errno::MLINK]
        .iter()
        .any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}

#[cfg(not(unix))]
fn is_loop(_: &io::Error) -> bool {
    false
}
