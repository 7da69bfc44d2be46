//! `ssocreds logout`: ends a session at the SSO portal and removes its files.

mod all;
mod one;

use crate::arguments::LogoutOptions;
use crate::context::Context;
use crate::failure::Failure;

pub(crate) fn run(context: &Context, options: &LogoutOptions) -> Result<(), Failure> {
    if options.all { all::run(context) } else { one::run(context, options.sso_session.as_deref()) }
}
