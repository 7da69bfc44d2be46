//! The content to store for a token.

use std::path::Path;

use zeroize::Zeroizing;

use crate::{CachedToken, ParseError, StoreError};

/// Returns the content of the token file. Fails if the access token is empty, as it could not be
/// loaded again.
pub(crate) fn content(path: &Path, token: &CachedToken) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    if token.access_token().is_empty() {
        return Err(StoreError::not_stored(path, ParseError::EmptyField { field: "accessToken" }));
    }
    Ok(token.to_json())
}
