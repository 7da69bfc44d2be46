//! `ssocreds status`: every login and every SSO profile, from the files alone.
//!
//! It sends nothing and shows no secret.

mod shown;
mod survey;

use crate::arguments::{Show, TableFormat};
use crate::context::{self, Context};
use crate::failure::Failure;
use crate::stdout;

pub(crate) fn run(context: &Context, options: &Show) -> Result<(), Failure> {
    let survey = survey::take(context)?;
    match options.format {
        TableFormat::Table => stdout::print_styled(&shown::render(&survey, context::now())),
        TableFormat::Json => stdout::print_json(&survey),
    }
}
