//! `ssocreds completions`: what a shell completes, by clap's companion.

use clap::CommandFactory as _;

use crate::arguments::{Arguments, Completions};
use crate::failure::Failure;
use crate::stdout;

pub(crate) fn run(options: &Completions) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut Arguments::command(), "ssocreds", &mut script);
    stdout::print(&String::from_utf8_lossy(&script))
}
