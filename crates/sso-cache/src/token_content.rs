//! The content to store for a token.

use std::path::Path;

use zeroize::Zeroizing;

use crate::{CacheFileError, CachedToken, ParseError};

/// Returns the content of the token file. Fails if the access token is empty, as it could not be
/// loaded again.
pub(crate) fn content(
    path: &Path,
    token: &CachedToken,
) -> Result<Zeroizing<Vec<u8>>, CacheFileError> {
    if token.access_token().is_empty() {
        return Err(CacheFileError::not_stored(
            path,
            ParseError::EmptyField { field: "accessToken" },
        ));
    }
    Ok(token.to_json())
}
