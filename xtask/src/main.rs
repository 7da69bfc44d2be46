//! The maintainers' tasks: `cargo xtask TASK`. This file only dispatches.
//!
//! Not part of what is published.

#![forbid(unsafe_code)]
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::format_push_string,
    clippy::struct_excessive_bools,
    reason = "tasks talk to a maintainer, write reports and scratch files, and have switches"
)]

mod archives;
mod bench;
mod ci;
mod cycles;
mod flags;
mod fuzz;
mod mutants;
mod needs;
mod nightly;
mod pages;
mod platforms;
mod published;
mod release;
mod sanitize;
mod step;
mod tidy;
mod tool;

use std::process::ExitCode;

fn main() -> ExitCode {
    let flags = flags::Xtask::from_env_or_exit();
    let done = match flags.subcommand {
        flags::XtaskCmd::Ci(_) => ci::run(),
        flags::XtaskCmd::Tidy(_) => tidy::run(),
        flags::XtaskCmd::Demo(_) => project::run("demo", &[]),
        flags::XtaskCmd::Interop(flags) => match &flags.client {
            _ if flags.write => project::run("interop", &["write"]),
            Some(client) => project::run("interop", &["clients", client]),
            None => project::run("interop", &["clients"]),
        },
        flags::XtaskCmd::Bench(flags) => bench::run(flags.quick, flags.write),
        flags::XtaskCmd::Chaos(flags) => {
            let minutes = flags.minutes.unwrap_or(1.0).to_string();
            let seed = flags.seed.map(|seed| seed.to_string());
            let arguments = [Some(minutes), seed];
            let arguments: Vec<&str> = arguments.iter().flatten().map(String::as_str).collect();
            project::run("chaos", &arguments)
        }
        flags::XtaskCmd::Fuzz(flags) => fuzz::run(&flags),
        flags::XtaskCmd::Nightly(_) => nightly::run(),
        flags::XtaskCmd::Mutants(flags) => mutants::run(flags.name.as_deref()),
        flags::XtaskCmd::Needs(_) => needs::install().map(|path| println!("{}", path.display())),
        flags::XtaskCmd::Platforms(flags) => {
            let extent =
                if flags.short { platforms::Extent::Short } else { platforms::Extent::Full };
            platforms::run(flags.name.as_deref(), extent)
        }
        flags::XtaskCmd::Sanitize(_) => sanitize::run(),
        flags::XtaskCmd::Release(flags) => match &flags.archive {
            Some(target) => archives::run(Some(target)),
            None => release::run(flags.write_api),
        },
    };
    project::exit_code(done)
}
