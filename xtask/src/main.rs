//! The maintainers' tasks: `cargo xtask TASK`. This file only dispatches.
//!
//! Not part of what is published.

#![forbid(unsafe_code)]
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::format_push_string,
    reason = "tasks talk to a maintainer, and write reports and scratch files"
)]

mod archives;
mod bench;
mod ci;
mod cycles;
mod fuzz;
mod mutants;
mod needs;
mod nightly;
mod pages;
mod platforms;
mod published;
mod release;
mod sanitize;
mod sources;
mod tidy;
mod tool;

use std::process::ExitCode;

use anyhow::anyhow;

const USAGE: &str = "usage: cargo xtask TASK

  ci                                  runs all checks except the ordinary tests
  tidy                                checks the layers, the names in documents, and import cycles
  demo                                shows how a profile becomes credentials, with an emulated AWS
  interop [--client NAME | --write]   runs the AWS clients on the same files; writes docs/INTEROP.md
  bench [--quick] [--write]           measures speed and size; writes docs/BENCHMARKS.md
  chaos [MINUTES [SEED]]              runs many processes in one home directory with random faults
  fuzz [MINUTES [TARGET]]             fuzzes the parsers, each for a few seconds or these minutes
  mutants [CRATE]                     changes the sources of the libraries, and checks that tests fail
  needs                               installs what ignored tests need, and prints the PATH to find it
  nightly                             runs the long forms of the checks, for hours
  platforms [musl | windows | macos]  tests for musl and Windows (with wine); runs clippy for macOS
  sanitize                            runs all tests under the address sanitizer
  release                             checks that the crates can be published, and builds archives
  public-api                          only writes the public API to crates/*/public-api.txt
  archive TARGET                      only builds the archive for this target";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    project::exit_code(match *arguments {
        ["ci"] => ci::run(),
        ["tidy"] => tidy::run(),
        ["demo"] => project::run("demo", &[]),
        ["interop"] => project::run("interop", &["clients"]),
        ["interop", "--client", client] => project::run("interop", &["clients", client]),
        ["interop", "--write"] => project::run("interop", &["write"]),
        ["bench", ref options @ ..] => bench::run(options),
        ["chaos"] => project::run("chaos", &["1"]),
        ["chaos", ref length_and_seed @ ..] => project::run("chaos", length_and_seed),
        ["fuzz"] => fuzz::short(),
        ["fuzz", minutes] => fuzz::run(minutes, None),
        ["fuzz", minutes, target] => fuzz::run(minutes, Some(target)),
        ["mutants"] => mutants::run(None),
        ["mutants", name] => mutants::run(Some(name)),
        ["needs"] => needs::install().map(|path| println!("{}", path.display())),
        ["nightly"] => nightly::run(),
        ["platforms"] => platforms::run(None),
        ["platforms", name] => platforms::run(Some(name)),
        ["sanitize"] => sanitize::run(),
        ["release"] => release::run(),
        ["public-api"] => release::public_api(),
        ["archive", target] => archives::build(target),
        _ => Err(anyhow!(USAGE)),
    })
}
