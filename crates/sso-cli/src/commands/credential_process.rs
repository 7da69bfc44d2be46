//! `ssocreds credential-process`: credentials for any AWS tool's `credential_process` setting.
//!
//! Nothing but the JSON object may stand on stdout.

use crate::commands::role_credentials;
use crate::context::Context;
use crate::failure::Failure;
use crate::{process_format, stdout};

pub(crate) fn run(context: &Context) -> Result<(), Failure> {
    let credentials = role_credentials::get(context, &context.providers()?)?;
    stdout::print(&process_format::print(&credentials))
}
