//! A disk without room, while refresh tokens stay good: nothing is lost, and nobody is told to log in.

use std::process::{Command, Stdio};

use sso_emulator::{Emulator, TokenState};
use tempfile::TempDir;

use crate::program::{read_json, ssocreds, text};

/// Runs `ssocreds` with a limit of no bytes for files that it writes: every write fails, as on a
/// full disk, also for root.
fn with_a_full_disk(home: &sso_emulator::Home) -> std::process::Output {
    let script = "trap '' XFSZ; ulimit -f 0; exec \"$@\"";
    let mut command = Command::new("sh");
    command.args(["-c", script, "sh"]).arg(ssocreds());
    command.args(["credential-process", "--profile", &home.profile]);
    command.env_clear().env("PATH", "/usr/bin:/bin").envs(home.environment.iter().cloned());
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).output().expect("sh runs")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_on_a_full_disk_gives_credentials_and_leaves_the_file_whole() {
    let emulator = Emulator::builder().start().await.unwrap();
    let directory = TempDir::new().unwrap();
    let home = emulator.write_home(directory.path(), TokenState::Expired).unwrap();
    let before = read_json(&home.token_file);
    let output = with_a_full_disk(&home);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("AccessKeyId"));
    assert_eq!(read_json(&home.token_file), before);
    let cache = home.token_file.parent().unwrap();
    let left: Vec<_> = std::fs::read_dir(cache)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains(".new") || name.contains(".tmp"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}
