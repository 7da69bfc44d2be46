//! What this crate understands of a file is what botocore, the AWS CLI's core, understands of it;
//! and where it is not, the difference and its reason stand in a list.
//!
//! Skipped, saying so, where there is no `python3` with botocore.

mod differences;
mod generator;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use sso_config::{Property, Section};

use self::differences::DIFFERENCES;
use self::generator::Generator;
use crate::show::parse;

const GENERATED: usize = 400;

#[test]
fn generated_files_are_understood_alike() {
    let mut generator = Generator(0x5eed_0001);
    let files: Vec<(String, String)> = (0..GENERATED).map(|_| generator.files()).collect();
    let pairs = files.iter().map(|(config, credentials)| (config.as_str(), credentials.as_str()));
    let Some(answers) = ask_botocore(pairs) else { return };

    let mut compared = 0;
    let mut properties = 0;
    for ((config, credentials), theirs) in files.iter().zip(answers) {
        let ours = ours(config, credentials);
        if let (Some(ours), Some(_)) = (&ours, &theirs) {
            compared += 1;
            properties += ours.len();
        }
        assert_eq!(ours, theirs, "\n--- config\n{config}\n--- credentials\n{credentials}");
    }
    assert!(compared >= 300 && properties > 10 * compared, "{compared} files, {properties} lines");
}

#[test]
fn every_known_difference_is_still_there() {
    let files = DIFFERENCES.iter().map(|(_, config, credentials, ..)| (*config, *credentials));
    let Some(answers) = ask_botocore(files) else { return };
    for ((reason, config, credentials, expected, theirs), answer) in DIFFERENCES.iter().zip(answers)
    {
        let lines = |lines: &[&str]| Some(lines.iter().map(|line| (*line).to_owned()).collect());
        assert_eq!(ours(config, credentials), lines(expected), "ours: {reason}");
        assert_eq!(answer, lines(theirs), "botocore's: {reason}");
        assert_ne!(expected, theirs, "{reason}");
    }
}

/// What one of the two understands, a line a section and a line a property; `None` when it refuses.
type Answer = Option<BTreeSet<String>>;

fn ours(config: &str, credentials: &str) -> Answer {
    let config = parse(config, credentials).ok()?;
    let mut lines = BTreeSet::new();
    for section in config.profiles().chain(config.sso_sessions()).chain(config.services()) {
        let start = line(section, &[]);
        lines.insert(start);
        for property in section.properties() {
            add(&mut lines, section, property);
        }
    }
    Some(lines)
}

fn add(lines: &mut BTreeSet<String>, section: Section<'_>, property: Property<'_>) {
    if !property.has_sub_properties() {
        lines.insert(line(section, &[property.key(), property.value()]));
        return;
    }
    lines.insert(line(section, &[property.key(), "{}"]));
    for sub in property.sub_properties() {
        lines.insert(line(section, &[property.key(), sub.key(), sub.value()]));
    }
}

fn line(section: Section<'_>, rest: &[&str]) -> String {
    let mut line = format!("{}\t{}", section.kind(), section.name());
    for field in rest {
        let field = field.replace('\\', r"\\").replace('\n', r"\n");
        write!(line, "\t{}", field.replace('\r', r"\r").replace('\t', r"\t")).unwrap();
    }
    line
}

/// What botocore says of each pair of files, or `None`, saying so, when it is not to be had.
fn ask_botocore<'a>(files: impl Iterator<Item = (&'a str, &'a str)>) -> Option<Vec<Answer>> {
    let directory = tempfile::tempdir().unwrap();
    let mut cases = String::new();
    for (index, (config, credentials)) in files.enumerate() {
        let case = directory.path().join(index.to_string());
        fs::create_dir(&case).unwrap();
        fs::write(case.join("config"), config).unwrap();
        fs::write(case.join("credentials"), credentials).unwrap();
        writeln!(cases, "{}", case.display()).unwrap();
    }
    let Some(output) = run(&cases) else {
        eprintln!("SKIPPED: no comparison with botocore, there is no python3 that has it");
        return None;
    };
    let answers = output.split("\n\n").filter(|answer| !answer.is_empty()).map(|answer| {
        let lines: BTreeSet<String> = answer.lines().skip(1).map(str::to_owned).collect();
        (!lines.contains("refused")).then_some(lines)
    });
    Some(answers.collect())
}

/// What the script prints of these directories; `None` without python3 or without botocore.
fn run(cases: &str) -> Option<String> {
    /// What the script exits with when it cannot import botocore.
    const NO_BOTOCORE: i32 = 77;

    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/botocore/ask.py");
    let mut python = Command::new("python3")
        .args(["-X", "utf8", script.to_str().unwrap()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    // It reads all of its input before it prints, or nothing of it when it has no botocore.
    let _ = python.stdin.take().unwrap().write_all(cases.as_bytes());
    let output = python.wait_with_output().unwrap();
    if output.status.code() == Some(NO_BOTOCORE) {
        return None;
    }
    assert!(output.status.success(), "the script failed");
    Some(String::from_utf8(output.stdout).unwrap())
}
