//! The bytes to store for a token.

use std::path::Path;

use zeroize::Zeroizing;

use crate::{CachedToken, ParseError, StoreError};

/// The content of a token file. Fails if it could not be loaded again.
pub(crate) fn content(path: &Path, token: &CachedToken) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    if token.access_token().is_empty() {
        return Err(StoreError::invalid(path, ParseError::EmptyField { field: "accessToken" }));
    }
    Ok(token.to_json())
}
