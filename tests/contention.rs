//! Many processes use one token at the same time, and share one refresh.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::Duration;

use sso_emulator::{Emulator, LoggedRequest, Operation, TokenState};
use tempfile::TempDir;

use crate::program::{command, read_json, text};
use crate::python;

/// Few rounds. `cargo xtask chaos` looks for races that need many rounds.
const ROUNDS: usize = 3;

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_processes_make_one_refresh() {
    let emulator = Emulator::builder().rotate_refresh_tokens(true).start().await.unwrap();
    for _ in 0..ROUNDS {
        let directory = TempDir::new().unwrap();
        let home = emulator.write_home(directory.path(), TokenState::Expired).unwrap();
        emulator.reset_counts();
        let processes: Vec<_> = (0..64)
            .map(|_| {
                let arguments = ["credential-process", "--no-cache", "--profile", &home.profile];
                let mut command = command(&home, &arguments);
                command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
            })
            .collect();
        for process in processes {
            let output = process.wait_with_output().unwrap();
            assert!(output.status.success(), "{}", text(&output.stderr));
        }
        let token = read_json(&home.token_file);
        assert_eq!(emulator.counts().create_token, 1);
        assert!(emulator.is_live(token["refreshToken"].as_str().unwrap()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_processes_on_empty_caches_make_one_request_of_each_kind() {
    let emulator = Emulator::builder().rotate_refresh_tokens(true).start().await.unwrap();
    let directory = TempDir::new().unwrap();
    let home = emulator.write_home(directory.path(), TokenState::Expired).unwrap();
    let processes: Vec<_> = (0..200)
        .map(|_| {
            let mut command = command(&home, &["credential-process", "--profile", &home.profile]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let mut printed = Vec::new();
    for process in processes {
        let output = process.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        printed.push(output.stdout);
    }
    printed.dedup();
    assert_eq!(printed.len(), 1, "all processes print the same credentials");
    assert_eq!(emulator.counts().create_token, 1);
    assert_eq!(emulator.counts().get_role_credentials, 1);
}

/// botocore takes no lock. It has refreshed the token, but has not written the new token yet.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs botocore"]
async fn a_refresh_by_a_process_without_the_lock_does_not_end_the_session() {
    let emulator = Emulator::builder().rotate_refresh_tokens(true).start().await.unwrap();
    let directory = TempDir::new().unwrap();
    let home = emulator.write_home(directory.path(), TokenState::Expired).unwrap();
    let mut botocore = python::spawn(&home, python::REFRESH_AND_WAIT, &[&home.profile]);
    let mut line = String::new();
    BufReader::new(botocore.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "spent\n");

    let mut processes: Vec<_> = (0..24)
        .map(|_| {
            let arguments = ["credential-process", "--no-cache", "--profile", &home.profile];
            let mut command = command(&home, &arguments);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let is_refused = |request: &LoggedRequest| {
        request.operation == Some(Operation::CreateToken) && request.status == Some(400)
    };
    while !emulator.requests().iter().any(is_refused) {
        let is_running = processes.iter_mut().any(|process| process.try_wait().unwrap().is_none());
        assert!(is_running, "all processes ended without a request");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    // `wait_with_output` closes stdin, so that botocore writes its token.
    let botocore = botocore.wait_with_output().unwrap();
    assert!(botocore.status.success(), "{}", text(&botocore.stderr));
    for process in processes {
        let output = process.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
    }
    assert_eq!(emulator.counts().create_token, 2, "botocore's request and one refused request");
    let token = read_json(&home.token_file);
    assert!(emulator.is_live(token["refreshToken"].as_str().unwrap()), "the session has not ended");
}
