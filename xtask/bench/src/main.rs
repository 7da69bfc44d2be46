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

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use xshell::{Shell, cmd};

use programs::Programs;
use table::Table;

const PAGE: &str = "docs/BENCHMARKS.md";
/// The part of the page between these lines is written by this program.
const BEGIN: &str = "<!-- begin: cargo xtask bench --write -->";
const END: &str = "<!-- end: cargo xtask bench --write -->";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let done = match arguments.next().as_deref() {
        Some("operation") => operations::run(&arguments.collect::<Vec<_>>()),
        Some(directory) => run(Path::new(directory), &arguments.collect::<Vec<_>>()),
        None => Err(anyhow::anyhow!("run cargo xtask bench")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Measures with the programs in this directory.
fn run(directory: &Path, options: &[String]) -> Result<()> {
    let has = |option: &str| options.iter().any(|given| given == option);
    let rounds = if has("--quick") { 4 } else { 200 };
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
    if has("--write") {
        let path = root().join(PAGE);
        let page = std::fs::read_to_string(&path).context(PAGE)?;
        let (before, rest) = page.split_once(BEGIN).context("no begin line")?;
        let (_, after) = rest.split_once(END).context("no end line")?;
        std::fs::write(&path, format!("{before}{BEGIN}\n\n{text}\n{END}{after}"))?;
    }
    Ok(())
}

fn page(programs: &Programs, machine: &str, tables: &[Table]) -> String {
    let size = programs.size_of_ours();
    let mut text = format!(
        "{machine}\n\nEach cell is the lower quartile of the samples, and its ratio to the figure of \
         ssocreds.\n\n## Targets\n\n{}",
        marks::table(tables, size)
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
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let cpu = read("/proc/cpuinfo");
    let model = cpu.lines().find(|line| line.starts_with("model name")).unwrap_or(": unknown");
    let model = model.split(": ").nth(1).unwrap_or(model);
    let cores = std::thread::available_parallelism()?;
    let kernel = read("/proc/sys/kernel/osrelease");
    let kernel = kernel.split('-').next().unwrap_or("?").trim();
    let load = read("/proc/loadavg");
    let load = load.split(' ').next().unwrap_or("?");
    let shell = Shell::new()?;
    let rustc = cmd!(shell, "rustc --version").quiet().read()?;
    let rustc = rustc.split(" (").next().unwrap_or(&rustc);
    Ok(format!("{cores} cores of {model}, Linux {kernel}, {rustc}; load average before: {load}."))
}

/// The workspace's root directory.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}
