//! What ssocreds costs, beside floors and peers in the same run: one command, one table.
//!
//! Not responsible for single measures: they are in the modules below.

mod cold;
mod crowd;
mod figures;
mod instructions;
mod machine;
mod marks;
mod programs;
mod rounds;
mod stage;
mod weight;
mod within;

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crowd::Crowds;
use figures::{Row, table};
use machine::Machine;
use marks::Mark;
use programs::Programs;
use stage::Stage;

use crate::project;

const PAGE: &str = "docs/BENCHMARKS.md";
const DATA: &str = "docs/benchmarks.json";
/// What stands between these is made by this task; the rest of the page is written by hand.
const BEGIN: &str = "<!-- begin: cargo xtask bench --write -->";
const END: &str = "<!-- end: cargo xtask bench --write -->";

/// What to do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    /// Few rounds: to see that it runs, not to publish.
    pub(crate) quick: bool,
    /// Counts instructions, and nothing else.
    pub(crate) instructions: bool,
    /// Also clean builds, which take minutes.
    pub(crate) builds: bool,
    /// Writes the page and the data.
    pub(crate) write: bool,
}

/// Everything that was measured, in the groups of the page.
struct Run {
    machine: Machine,
    groups: Vec<(&'static str, Vec<Row>)>,
    crowds: Crowds,
    requests_of_a_thousand: u64,
}

/// What the rows about config files stand below.
const CONFIG: &str = "Shared config files";

pub(crate) fn run(options: Options) -> Result<()> {
    if options.instructions {
        return instructions::run(options.write);
    }
    // It is wanted last, after minutes.
    ensure!(Path::new(rounds::TIME).is_file(), "there is no {}; install GNU time", rounds::TIME);
    let programs = Programs::build()?;
    let run = measure(&programs, options)?;
    let rows: Vec<&Row> = run.groups.iter().flat_map(|(_, rows)| rows).collect();
    let marks = marks::judge(&rows, &run.crowds);
    let text = page(&programs, &run, &marks);
    println!("\n{text}");
    if options.write {
        write(&programs, &run, &marks, &text)?;
    }
    Ok(())
}

fn measure(programs: &Programs, options: Options) -> Result<Run> {
    let Options { quick, builds, .. } = options;
    let machine = Machine::of_this();
    println!("measuring; the load was {} before", machine.load);
    let http = Stage::start(&programs.emulator, false)?;
    let tls = Stage::start(&programs.emulator, true)?;
    let effort = if quick {
        cold::Effort { rounds: 6, slow_every: 6 }
    } else {
        cold::Effort { rounds: 60, slow_every: 10 }
    };
    let (rounds, milliseconds) = if quick { (1, 40) } else { (5, 200) };
    let mut groups = vec![
        ("Cold process, from start to exit", cold::measure(programs, &http, &tls, effort)?),
        ("In process", within::retrievals(programs, &http, rounds, milliseconds)?),
        (CONFIG, within::config(programs, &http, rounds)?),
        ("Files", within::files(programs, &http, rounds)?),
    ];
    let requests_of_a_thousand = within::requests_of_a_thousand(programs, &http)?;
    let crowds = crowd::measure(programs, &http, if quick { 1 } else { 5 })?;
    let mut weight = cold::footprint(programs, &http, &tls)?;
    weight.extend(weight::measure(programs)?);
    let earlier = std::fs::read(project::root().join(DATA)).unwrap_or_default();
    weight.extend(if builds {
        weight::builds()?
    } else {
        weight::earlier_builds(&serde_json::from_slice(&earlier).unwrap_or_default())
    });
    groups.push(("Weight", weight));
    Ok(Run { machine, groups, crowds, requests_of_a_thousand })
}

/// The part of the page that is made.
fn page(programs: &Programs, run: &Run, marks: &[Mark]) -> String {
    let Machine { cores, processor, kernel, rustc, load } = &run.machine;
    let mut text = format!(
        "Measured on {cores} cores of {processor}, {kernel}, {rustc}; load before the run: {load}.\n\
         Cells: **median** (least to most); for everyone but ssocreds, how many times ssocreds' \
         median that is.\n\n## Marks\n\n{}",
        marks::table(marks)
    );
    for (title, group) in &run.groups {
        let rows: Vec<&Row> = group.iter().collect();
        text.push_str(&format!("\n## {title}\n\n{}", table(&rows)));
        if *title == CONFIG {
            text.push_str(&format!("\n{}", within::throughput(group)));
        }
    }
    text.push_str(&format!(
        "\n## Many processes, expired token, rotating refresh tokens\n\n{}\n\
         1,000 callers at once in one process made {} `GetRoleCredentials`.\n\n## Versions\n\n\
         | who | version |\n|---|---|\n| ssocreds | {} |\n",
        run.crowds.table(),
        run.requests_of_a_thousand,
        env!("CARGO_PKG_VERSION"),
    ));
    for peer in &programs.peers {
        text.push_str(&format!("| {} | {} |\n", peer.name, peer.version));
    }
    for (name, why) in &programs.missing {
        text.push_str(&format!("| {name} | not measured: {why} |\n"));
    }
    if programs.floor_c.is_none() {
        text.push_str("| floor in C | not measured: no C compiler |\n");
    }
    text
}

fn write(programs: &Programs, run: &Run, marks: &[Mark], text: &str) -> Result<()> {
    let path = project::root().join(PAGE);
    let page = std::fs::read_to_string(&path).context(PAGE)?;
    let (before, rest) = page.split_once(BEGIN).with_context(|| format!("no {BEGIN} in {PAGE}"))?;
    let (_, after) = rest.split_once(END).with_context(|| format!("no {END} in {PAGE}"))?;
    std::fs::write(&path, format!("{before}{BEGIN}\n\n{text}\n{END}{after}"))?;
    let data = serde_json::to_string_pretty(&data(programs, run, marks))?;
    std::fs::write(project::root().join(DATA), data + "\n")?;
    println!("written: {PAGE}, {DATA}");
    Ok(())
}

fn data(programs: &Programs, run: &Run, marks: &[Mark]) -> Value {
    let Machine { cores, processor, kernel, rustc, load } = &run.machine;
    let rows = run.groups.iter().flat_map(|(_, rows)| rows).map(Row::json);
    let marks = marks.iter().map(|mark| {
        json!({
            "measure": mark.what, "mark": mark.wanted, "measured": mark.found, "met": mark.met,
        })
    });
    let versions = programs.peers.iter().map(|peer| (peer.name.to_owned(), json!(peer.version)));
    let missing = programs.missing.iter().map(|(name, why)| ((*name).to_owned(), json!(why)));
    json!({
        "machine": {
            "cores": cores, "processor": processor, "kernel": kernel, "rustc": rustc, "load": load,
        },
        "versions": versions.collect::<serde_json::Map<_, _>>(),
        "missing": missing.collect::<serde_json::Map<_, _>>(),
        "measures": rows.collect::<Vec<_>>(),
        "crowds": run.crowds.json(),
        "requests_of_1000_callers": run.requests_of_a_thousand,
        "marks": marks.collect::<Vec<_>>(),
    })
}
