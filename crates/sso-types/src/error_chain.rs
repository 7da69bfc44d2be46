//! An error and its causes in one line.

use std::error::Error;

/// Joins the texts of an error and its causes with `: `.
///
/// Not part of the crate's API: public only for the other crates of `ssocreds`.
#[doc(hidden)]
pub fn error_chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
