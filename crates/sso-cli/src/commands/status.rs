//! `ssocreds status`: shows every login and every SSO profile, from the files (`survey`) and, with
//! `--check`, from the SSO portal (`check`).
//!
//! Without `--check` it sends nothing. It shows no secret.

mod check;
mod shown;
mod survey;

use crate::arguments::{Status, TableFormat};
use crate::context::{self, Context};
use crate::failure::Failure;
use crate::stdout;

pub(crate) fn run(context: &Context, options: &Status) -> Result<(), Failure> {
    let mut survey = survey::read(context)?;
    let checked = if options.check { check::check(context, &mut survey.profiles) } else { Ok(()) };
    match options.show.format {
        TableFormat::Table => stdout::print_styled(&shown::render(&survey, context::now())),
        TableFormat::Json => stdout::print_json(&survey),
    }?;
    checked
}
