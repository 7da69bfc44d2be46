//! Python's botocore, where there is one: the AWS CLI's own idea of the two services.

use std::io::Write;
use std::process::{Command, Stdio};

/// Runs a program with botocore and gives what it prints; `None`, and a line that says so, where
/// there is no Python or no botocore.
pub(crate) fn run(program: &str, arguments: &[&str]) -> Option<String> {
    let probe = "import botocore.session, botocore.endpoint_provider";
    let there = Command::new("python3")
        .args(["-c", probe])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !there {
        eprintln!("skipped: there is no python3 with botocore to compare with");
        return None;
    }
    let mut child = Command::new("python3")
        .arg("-")
        .args(arguments)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", "/nonexistent")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
        .env("NO_PROXY", "*")
        .env_remove("AWS_PROFILE")
        .env_remove("AWS_ENDPOINT_URL")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(program.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "the comparison program failed");
    Some(String::from_utf8(output.stdout).unwrap())
}
