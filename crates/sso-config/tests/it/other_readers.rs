//! Compares this crate with the SDKs for Go, JavaScript, Rust and Java on hand-written files. Each
//! difference is listed with its reason.
//!
//! `cargo xtask ci` installs the readers for Go and JavaScript, sets the variables and runs the tests;
//! `cargo xtask nightly` does so for all.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use sso_config::Section;

use crate::show::parse;

/// The file that `configure` and `populate` write for accounts with unusual names. A test of sso-cli
/// compares the file with their output.
pub(crate) const POPULATED: &str = include_str!("populated.config");

const SESSION: &str =
    "[sso-session s]\nsso_start_url = https://x/start#/\nsso_region = us-east-1\n";

/// A name, and a config file with the profile `p`, above the session `s`.
const CASES: &[(&str, &str)] = &[
    ("plain", "[profile p]\nsso_session = s\nsso_account_id = 1\nsso_role_name = R\nregion = x\n"),
    (
        "legacy",
        "[profile p]\nsso_start_url = https://y\nsso_region = eu-west-1\nsso_account_id = 1\nsso_role_name = R\n",
    ),
    ("quoted name", "[profile 'p']\nsso_session = s\n"),
    ("blanks in brackets", "[ profile  p ]\nsso_session = s\n"),
    ("comment behind a section", "[profile p] # text\nsso_session = s\n"),
    ("comment behind a value", "[profile p]\nsso_session = s # text\n"),
    ("indented properties", "[profile p]\n  sso_session = s\n  region = x\n"),
    ("properties indented by tabs", "[profile p]\n\tsso_session = s\n\tregion = x\n"),
    ("indented comment", "[profile p]\n    # text\nsso_session = s\n  # text\nregion = x\n"),
    ("colon", "[profile p]\nsso_session: s\n"),
    ("capitals in a key", "[profile p]\nSSO_Session = s\n"),
    ("no-break space behind a value", "[profile p]\nsso_session = s\u{a0}\n"),
    ("quotes around a value", "[profile p]\nsso_session = s\nsso_account_id = \"1\"\n"),
    ("a property twice", "[profile p]\nsso_session = s\nregion = x\nregion = y\n"),
    ("a section twice", "[profile p]\nsso_session = s\n[profile p]\nregion = x\n"),
    (
        "brackets in another name",
        "[profile Org-[x]/Role]\nregion = y\n[profile p]\nsso_session = s\n",
    ),
    ("text behind another section", "[profile x] /* text */\n[profile p]\nsso_session = s\n"),
    ("conflict marker elsewhere", "[profile x]\n<<<<<<< HEAD\n[profile p]\nsso_session = s\n"),
    ("a line before the first section", "region = x\n[profile p]\nsso_session = s\n"),
    ("an unclosed section", "[profile x\n[profile p]\nsso_session = s\n"),
    ("sub-properties", "[profile p]\ns3 =\n  region = y\nsso_session = s\n"),
    ("continued value", "[profile x]\nregion = a\n  b\n[profile p]\nsso_session = s\n"),
    ("defaults", "[DEFAULT]\nregion = x\n[profile p]\nsso_session = s\n"),
];

/// The profile `p` with only a session.
const READ: &str = "s\t\t\t\thttps://x/start#/\tus-east-1";

/// The name of a case, the value that the other reader returns, and the reason.
type Difference = (&'static str, &'static str, &'static str);

const GO: &[Difference] = &[
    ("quoted name", "error", "Go takes single quotes for a part of the name"),
    (
        "quotes around a value",
        "s\t1\t\t\thttps://x/start#/\tus-east-1",
        "Go removes double quotes; in the AWS CLI they are part of the value",
    ),
    ("defaults", READ, "only the AWS CLI knows [DEFAULT]"),
];

const JAVASCRIPT: &[Difference] = &[
    ("blanks in brackets", "error", "JavaScript does not know the type behind a blank"),
    ("colon", "error", "JavaScript splits at `=` only, and the line is nothing then"),
    ("capitals in a key", "\t\t\t\t\t", "JavaScript compares keys as they are written"),
    ("defaults", READ, "only the AWS CLI knows [DEFAULT]"),
];

const RUST: &[Difference] = &[
    ("quoted name", "error", "Rust takes quotes for a part of the name"),
    ("indented properties", "error", INDENTED),
    ("properties indented by tabs", "error", INDENTED),
    ("indented comment", "error", INDENTED),
    ("colon", "error", "Rust splits at `=` only, and refuses the file otherwise"),
    ("no-break space behind a value", "s\u{a0}\t\t\t\t\t", "Rust does not remove it"),
    ("text behind another section", "error", REFUSED),
    ("conflict marker elsewhere", "error", REFUSED),
    ("a line before the first section", "error", REFUSED),
    ("an unclosed section", "error", REFUSED),
    ("defaults", READ, "only the AWS CLI knows [DEFAULT]"),
];

const JAVA: &[Difference] = &[
    ("quoted name", "error", "Java takes quotes for a part of the name"),
    ("indented properties", "error", INDENTED),
    ("properties indented by tabs", "error", INDENTED),
    ("indented comment", "error", INDENTED),
    ("colon", "error", "Java splits at `=` only, and refuses the file otherwise"),
    ("capitals in a key", "\t\t\t\t\t", "Java compares keys as they are written"),
    ("no-break space behind a value", "s\u{a0}\t\t\t\t\t", "Java does not remove it"),
    ("text behind another section", "error", REFUSED),
    ("conflict marker elsewhere", "error", REFUSED),
    ("a line before the first section", "error", REFUSED),
    ("an unclosed section", "error", REFUSED),
    ("defaults", READ, "only the AWS CLI knows [DEFAULT]"),
];

const INDENTED: &str = "an indented line continues a property, and there is none above the first";
const REFUSED: &str = "a line that is not understood makes the whole file an error";

#[test]
#[ignore = "needs the SDK for Go"]
fn go_reads_the_same() {
    compare("SSOCREDS_GO_READER", GO);
}

#[test]
#[ignore = "needs the SDK for JavaScript"]
fn javascript_reads_the_same() {
    compare("SSOCREDS_JAVASCRIPT_READER", JAVASCRIPT);
}

#[test]
#[ignore = "needs the SDK for Rust"]
fn rust_reads_the_same() {
    compare("SSOCREDS_RUST_READER", RUST);
}

#[test]
#[ignore = "needs the SDK for Java"]
fn java_reads_the_same() {
    compare("SSOCREDS_JAVA_READER", JAVA);
}

fn compare(reader: &str, differences: &[Difference]) {
    let populated = parse(POPULATED, "").unwrap();
    let names: Vec<_> = populated.profiles().map(Section::name).collect();
    let populated: Vec<_> = names.iter().map(|name| (POPULATED.to_owned(), *name)).collect();
    for ((config, name), theirs) in populated.iter().zip(read(reader, &populated)) {
        assert_eq!(theirs, ours(config, name), "{name}");
    }

    let mut faults = Vec::new();
    let cases: Vec<_> = CASES.iter().map(|(_, it)| (format!("{it}{SESSION}"), "p")).collect();
    let read = read(reader, &cases);
    for (((name, _), (config, profile)), theirs) in CASES.iter().zip(&cases).zip(read) {
        let ours = ours(config, profile);
        let known = differences.iter().find(|(case, ..)| case == name);
        let expected = known.map_or(ours.as_str(), |(_, other, _)| other);
        if theirs != expected || known.is_some_and(|(_, other, _)| *other == ours) {
            faults.push(format!("{name}: {theirs:?}, expected {expected:?}, ours {ours:?}"));
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// The SSO values of the profile, separated by tabs.
fn ours(config: &str, profile: &str) -> String {
    let config = parse(config, "").unwrap();
    let profile = config.profile(profile).unwrap();
    let session = profile.get("sso_session").and_then(|name| config.sso_session(name.value()));
    let of_login = session.unwrap_or(profile);
    let values = [
        (profile, "sso_session"),
        (profile, "sso_account_id"),
        (profile, "sso_role_name"),
        (profile, "region"),
        (of_login, "sso_start_url"),
        (of_login, "sso_region"),
    ];
    let values = values.map(|(section, key)| section.get(key).map_or("", |it| it.value()));
    values.join("\t").replace('\n', "\\n")
}

/// Returns the values that the other reader returns for each config file and profile.
fn read(reader: &str, cases: &[(String, &str)]) -> Vec<String> {
    let program = std::env::var(reader).expect("the variable names the reader's program");
    let mut words = program.split('\n');
    let directory = tempfile::tempdir().unwrap();
    let mut input = String::new();
    for (index, (config, profile)) in cases.iter().enumerate() {
        let case = directory.path().join(index.to_string());
        fs::create_dir(&case).unwrap();
        fs::write(case.join("config"), config).unwrap();
        fs::write(case.join("credentials"), "").unwrap();
        writeln!(input, "{}\t{profile}", case.display()).unwrap();
    }
    let mut running = Command::new(words.next().unwrap())
        .args(words)
        .arg("configs")
        .env("HOME", directory.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    running.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = running.wait_with_output().unwrap();
    assert!(output.status.success());
    let answers: Vec<_> =
        String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect();
    assert_eq!(answers.len(), cases.len());
    answers
}
