//! `ssocreds credential-process`: credentials for the `credential_process` setting of any AWS tool.
//!
//! Prints only the JSON object to stdout.

use crate::arguments::Retrieval;
use crate::commands::role_credentials;
use crate::context::Context;
use crate::failure::Failure;
use crate::{process_format, stdout};

pub(crate) fn run(context: &Context, options: &Retrieval) -> Result<(), Failure> {
    let credentials = role_credentials::get(context, &context.profile()?.providers, options)?;
    stdout::print(&process_format::render(&credentials))
}
