//! What ssocreds costs, beside the least that the job can cost and beside other clients, all measured
//! in one run: a table for cold processes, one for calls within a process, one for scale.
//!
//! `cargo xtask bench` builds the static programs and starts this one.

#![forbid(unsafe_code)]
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::format_push_string,
    reason = "a maintainer's task: it prints, and reads the machine's clock and files"
)]

mod cold;
mod in_process;
mod marks;
mod measure;
mod operations;
mod programs;
mod scale;
mod stage;
mod table;

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use xshell::cmd;

use programs::Programs;
use table::Table;

const PAGE: &str = "docs/BENCHMARKS.md";
/// The part of the page between these lines is written by this program.
const BEGIN: &str = "<!-- begin: cargo xtask bench --write -->";
const END: &str = "<!-- end: cargo xtask bench --write -->";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    project::exit_code(match *arguments {
        ["operation", ref words @ ..] => operations::run(words),
        [directory, ref options @ ..] => run(Path::new(directory), options),
        [] => Err(anyhow::anyhow!("run cargo xtask bench")),
    })
}

/// Measures with the programs in this directory.
fn run(directory: &Path, options: &[&str]) -> Result<()> {
    if let Some(unknown) = options.iter().find(|it| !["--quick", "--write"].contains(it)) {
        bail!("there is no option {unknown}");
    }
    let rounds = if options.contains(&"--quick") { 4 } else { 200 };
    let programs = Programs::find(directory)?;
    let machine = machine()?;
    println!("measuring: {machine}");
    let tables = [
        cold::measure(&programs, rounds)?,
        in_process::measure(&programs, rounds.div_ceil(40))?,
        scale::measure(&programs, rounds.div_ceil(40))?,
    ];
    let text = page(&programs, &machine, &tables);
    println!("\n{text}");
    if options.contains(&"--write") {
        let path = project::root().join(PAGE);
        let page = fs::read_to_string(&path).context(PAGE)?;
        let (before, rest) = page.split_once(BEGIN).context("no begin line")?;
        let (_, after) = rest.split_once(END).context("no end line")?;
        fs::write(&path, format!("{before}{BEGIN}\n\n{text}\n{END}{after}"))?;
    }
    Ok(())
}

fn page(programs: &Programs, machine: &str, tables: &[Table]) -> String {
    let marks = marks::table(tables, programs.size_of_ours());
    let mut text = format!(
        "{machine}\n\nEach cell is the lower quartile of the samples, and its ratio to the figure of \
         ssocreds.\n\n## Targets\n\n{marks}"
    );
    for table in tables {
        text.push_str(&format!("\n## {}\n\n{}", table.title, table.markdown()));
    }
    text.push_str("\n## Versions\n\n");
    for peer in &programs.peers {
        text.push_str(&format!("* {}: {}\n", peer.name, peer.version));
    }
    for (name, reason) in &programs.missing {
        text.push_str(&format!("* {name}: not measured: {reason}\n"));
    }
    text
}

/// The kind of machine and how busy it is. Names nothing that identifies it.
fn machine() -> Result<String> {
    let cpu = fs::read_to_string("/proc/cpuinfo")?;
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name\t: "));
    let model = model.unwrap_or("unknown");
    let cores = std::thread::available_parallelism()?;
    let first_word = |path: &str, separator: char| -> Result<String> {
        let text = fs::read_to_string(path)?;
        Ok(text.split(separator).next().unwrap_or_default().trim().to_owned())
    };
    let kernel = first_word("/proc/sys/kernel/osrelease", '-')?;
    let load = first_word("/proc/loadavg", ' ')?;
    let shell = project::shell()?;
    let rustc = cmd!(shell, "rustc --version").quiet().read()?;
    let rustc = rustc.split(" (").next().unwrap_or(&rustc);
    Ok(format!("{cores} cores of {model}, Linux {kernel}, {rustc}; load average before: {load}."))
}
