//! `ssocreds completions`: prints a script for a shell. The script calls ssocreds to complete a word.

use clap_complete::env::Shells;

use crate::arguments::{Completions, Shell};
use crate::failure::Failure;
use crate::{COMPLETE, stdout};

pub(crate) fn run(options: &Completions) -> Result<(), Failure> {
    let name = match options.shell {
        Shell::Bash => "bash",
        Shell::Elvish => "elvish",
        Shell::Fish => "fish",
        Shell::Powershell => "powershell",
        Shell::Zsh => "zsh",
    };
    let mut script = Vec::new();
    if let Some(shell) = Shells::builtins().completer(name) {
        shell
            .write_registration(COMPLETE, "ssocreds", "ssocreds", "ssocreds", &mut script)
            .map_err(|source| Failure::Io { doing: "write the completion script", source })?;
    }
    stdout::print(&String::from_utf8_lossy(&script))
}
