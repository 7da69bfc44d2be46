//! Runs Python's botocore, which contains the AWS CLI's clients for the two services.

use std::io::Write;
use std::process::{Command, Stdio};

/// Runs a Python program that imports botocore, and returns its output.
pub(crate) fn run(program: &str, arguments: &[&str]) -> String {
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
    String::from_utf8(output.stdout).unwrap()
}
