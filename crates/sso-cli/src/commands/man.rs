//! `ssocreds man`: prints manual pages that `clap_mangen` makes.

use clap::CommandFactory as _;
use clap_mangen::Man as Page;

use crate::arguments::{Arguments, Man};
use crate::failure::Failure;
use crate::stdout;

pub(crate) fn run(options: &Man) -> Result<(), Failure> {
    let mut program = Arguments::command();
    // Adds the program's name and the global options to the commands.
    program.build();
    let command = match &options.command {
        None => program,
        Some(name) => program
            .find_subcommand(name)
            .cloned()
            .ok_or_else(|| Failure::NoSuchCommand { name: name.clone() })?,
    };
    let mut page = Vec::new();
    let rendered = Page::new(command).render(&mut page);
    rendered.map_err(|source| Failure::Io { doing: "write the manual page", source })?;
    stdout::print(&String::from_utf8_lossy(&page))
}
