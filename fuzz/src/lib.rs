//! The checks of each parser of untrusted input, one module for each parser.
//!
//! A check takes any input and panics if the parser violates a documented property. The fuzz targets call it with the
//! inputs of libFuzzer, and ordinary tests of the workspace with the seeds in `corpus/`.

#![forbid(unsafe_code)]

mod answer;
pub mod callback;
pub mod config_document;
pub mod config_files;
pub mod endpoint_request;
pub mod endpoint_url;
mod leak;
pub mod link_rules;
pub mod names;
pub mod oidc_answer;
pub mod portal_answer;
pub mod proxy_environment;
pub mod retry_after;
pub mod role_credentials_file;
pub mod shell_word;
pub mod token_file;
pub mod token_timestamp;
mod variables;

/// The result of parsing an input. Neither variant is a bug.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The input was accepted.
    Accepted,
    /// The input was refused with an error.
    Refused,
}

/// A check. Takes any input, and panics if a check fails.
pub type Check = fn(&[u8]) -> Verdict;

/// The targets by name. Files, seed directories and programs have the same names.
pub const TARGETS: &[(&str, Check)] = &[
    ("callback", callback::check),
    ("config_document", config_document::check),
    ("config_files", config_files::check),
    ("endpoint_request", endpoint_request::check),
    ("endpoint_url", endpoint_url::check),
    ("link_rules", link_rules::check),
    ("names", names::check),
    ("oidc_answer", oidc_answer::check),
    ("portal_answer", portal_answer::check),
    ("proxy_environment", proxy_environment::check),
    ("retry_after", retry_after::check),
    ("role_credentials_file", role_credentials_file::check),
    ("shell_word", shell_word::check),
    ("token_file", token_file::check),
    ("token_timestamp", token_timestamp::check),
];
