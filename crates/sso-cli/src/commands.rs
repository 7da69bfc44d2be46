//! The commands, one file for each.
//!
//! Several of them use `role_credentials` and `credentials_endpoint`.

pub(crate) mod accounts;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod configure;
pub(crate) mod console;
pub(crate) mod credential_process;
mod credentials_endpoint;
pub(crate) mod exec;
pub(crate) mod export;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod man;
pub(crate) mod populate;
mod role_credentials;
pub(crate) mod roles;
pub(crate) mod serve;
pub(crate) mod status;
pub(crate) mod token;
