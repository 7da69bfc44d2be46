//! Files are read as botocore, the core of the AWS CLI, reads them, and each difference is listed
//! with its reason.

mod differences;
mod generator;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use sso_config::{Property, Section};

use self::differences::{DIFFERENCES, READ_ON};
use self::generator::Generator;
use crate::other_readers::POPULATED;
use crate::show::parse;

/// The number of pairs of files that are generated, unless the variable says otherwise.
const GENERATED: usize = 3000;
const GENERATED_VARIABLE: &str = "SSOCREDS_GENERATED_CONFIGS";

#[test]
#[ignore = "needs botocore"]
fn generated_files_are_read_as_botocore_reads_them() {
    let count = std::env::var(GENERATED_VARIABLE).map_or(GENERATED, |it| it.parse().unwrap());
    let mut generator = Generator(0x5eed_0001);
    let files: Vec<(String, String)> = (0..count).map(|_| generator.files()).collect();
    let pairs = files.iter().map(|(config, credentials)| (config.as_str(), credentials.as_str()));

    let mut compared = 0;
    let mut properties = 0;
    for ((config, credentials), expected) in files.iter().zip(ask_botocore(pairs)) {
        let ours = ours(config, credentials);
        let Some(expected) = expected else { continue };
        compared += 1;
        properties += expected.len();
        assert_eq!(ours, expected, "\n--- config\n{config:?}\n--- credentials\n{credentials:?}");
    }
    println!("{count} pairs of files, {compared} read by botocore, {properties} lines compared");
    assert!(compared > count * 3 / 5 && properties > 10 * compared, "{compared}, {properties}");
}

#[test]
#[ignore = "needs botocore"]
fn every_known_difference_is_still_there() {
    let files = DIFFERENCES.iter().map(|(_, config, credentials, ..)| (*config, *credentials));
    for ((reason, config, credentials, expected, other), answer) in
        DIFFERENCES.iter().zip(ask_botocore(files))
    {
        let lines = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect();
        assert_eq!(ours(config, credentials), lines(expected), "ours: {reason}");
        assert_eq!(answer, Some(lines(other)), "botocore: {reason}");
        assert_ne!(expected, other, "{reason}");
    }
}

#[test]
#[ignore = "needs botocore"]
fn files_that_botocore_refuses_are_read() {
    let files = READ_ON.iter().map(|(_, config, credentials, _)| (*config, *credentials));
    for ((reason, config, credentials, expected), answer) in READ_ON.iter().zip(ask_botocore(files))
    {
        assert_eq!(answer, None, "botocore: {reason}");
        let expected = expected.iter().map(|line| (*line).to_owned()).collect();
        assert_eq!(ours(config, credentials), expected, "ours: {reason}");
    }
}

#[test]
#[ignore = "needs botocore"]
fn profiles_that_ssocreds_wrote_are_read_as_botocore_reads_them() {
    let read = ask_botocore([(POPULATED, "")].into_iter()).remove(0).expect("botocore reads it");
    assert!(read.len() > 100, "{}", read.len());
    assert_eq!(ours(POPULATED, ""), read);
}

/// One line for each section and each property.
fn ours(config: &str, credentials: &str) -> BTreeSet<String> {
    let config = parse(config, credentials).unwrap();
    let mut lines = BTreeSet::new();
    for section in config.profiles().chain(config.sso_sessions()).chain(config.services()) {
        lines.insert(line(section, &[]));
        for property in section.properties() {
            add(&mut lines, section, property);
        }
    }
    lines
}

fn add(lines: &mut BTreeSet<String>, section: &Section, property: &Property) {
    if !property.has_sub_properties() {
        lines.insert(line(section, &[property.key(), property.value()]));
        return;
    }
    lines.insert(line(section, &[property.key(), "{}"]));
    for sub in property.sub_properties() {
        lines.insert(line(section, &[property.key(), sub.key(), sub.value()]));
    }
}

fn line(section: &Section, rest: &[&str]) -> String {
    let mut line = format!("{}\t{}", section.kind(), section.name());
    for field in rest {
        let field = field.replace('\\', r"\\").replace('\n', r"\n");
        write!(line, "\t{}", field.replace('\r', r"\r").replace('\t', r"\t")).unwrap();
    }
    line
}

/// The same lines from botocore for each pair of files; `None` where it refuses them.
fn ask_botocore<'a>(
    files: impl Iterator<Item = (&'a str, &'a str)>,
) -> Vec<Option<BTreeSet<String>>> {
    let directory = tempfile::tempdir().unwrap();
    let mut cases = String::new();
    for (index, (config, credentials)) in files.enumerate() {
        let case = directory.path().join(index.to_string());
        fs::create_dir(&case).unwrap();
        fs::write(case.join("config"), config).unwrap();
        fs::write(case.join("credentials"), credentials).unwrap();
        writeln!(cases, "{}", case.display()).unwrap();
    }
    let output = run(&cases);
    let answers = output.split("\n\n").filter(|answer| !answer.is_empty()).map(|answer| {
        let lines: BTreeSet<String> =
            answer.trim_start_matches('\n').split('\n').skip(1).map(str::to_owned).collect();
        (!lines.contains("refused")).then_some(lines)
    });
    answers.collect()
}

/// The output of the script for these directories.
fn run(cases: &str) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/botocore/ask.py");
    let mut python = Command::new("python3")
        .args(["-X", "utf8", script.to_str().unwrap()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 is installed");
    // It reads all of its input before it prints.
    let _ = python.stdin.take().unwrap().write_all(cases.as_bytes());
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success(), "the script failed: is botocore installed?");
    String::from_utf8(output.stdout).unwrap()
}
