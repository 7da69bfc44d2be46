//! On a full disk, no refresh token is spent, and the token file is not damaged.

use std::process::{Command, Output, Stdio};

use sso_emulator::{Emulator, Home, TokenState};
use tempfile::TempDir;

use crate::program::{read_json, ssocreds, text};

/// Runs `ssocreds` with a file size limit of 0 bytes. Every write then fails as on a full disk, even for
/// root.
fn with_a_full_disk(home: &Home, options: &[&str]) -> Output {
    let script = "trap '' XFSZ; ulimit -f 0; exec \"$@\"";
    let mut command = Command::new("sh");
    command.args(["-c", script, "sh"]).arg(ssocreds());
    command.args(["credential-process", "--profile", &home.profile]).args(options);
    command.env_clear().env("PATH", "/usr/bin:/bin").envs(home.environment.iter().cloned());
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).output().expect("sh runs")
}

fn temporary_files(home: &Home) -> Vec<String> {
    std::fs::read_dir(home.token_file.parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains(".new") || name.contains(".tmp"))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn expired_token_is_not_refreshed_on_a_full_disk() {
    let emulator = Emulator::builder().start().await.unwrap();
    let directory = TempDir::new().unwrap();
    let home = emulator.write_home(directory.path(), TokenState::Expired).unwrap();
    let before = read_json(&home.token_file);
    let output = with_a_full_disk(&home, &[]);
    assert!(!output.status.success());
    let error = text(&output.stderr);
    for part in ["nothing can be written to", "--allow-unsaved-refresh", "ssocreds login"] {
        assert!(error.contains(part), "{part}: {error}");
    }
    assert_eq!(emulator.counts().refreshes, 0, "the refresh token was spent");
    assert_eq!(read_json(&home.token_file), before);
    assert_eq!(temporary_files(&home), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn unsaved_refresh_on_a_full_disk_happens_only_on_request() {
    let emulator = Emulator::builder().start().await.unwrap();
    let directory = TempDir::new().unwrap();
    let home = emulator.write_home(directory.path(), TokenState::Expired).unwrap();
    let before = read_json(&home.token_file);
    let output = with_a_full_disk(&home, &["--allow-unsaved-refresh"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("AccessKeyId"));
    assert_eq!(emulator.counts().refreshes, 1);
    assert_eq!(read_json(&home.token_file), before);
    assert_eq!(temporary_files(&home), [""; 0]);
}
