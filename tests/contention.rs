//! Many processes at once on one token: one refresh, and everybody is served.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::Duration;

use sso_emulator::{Emulator, LoggedRequest, Operation, TokenState};
use tempfile::TempDir;

use crate::program::{command, read_json, text};
use crate::python;

/// Rounds are few here; a race that loses one time in a hundred is what `cargo xtask chaos` is for.
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
    assert_eq!(printed.len(), 1, "all have the same credentials");
    assert_eq!(emulator.counts().create_token, 1);
    assert_eq!(emulator.counts().get_role_credentials, 1);
}

/// Another program has refreshed, without the lock, and has not yet written the new token.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs botocore"]
async fn processes_that_do_not_take_the_lock_are_survived() {
    let emulator = Emulator::builder().rotate_refresh_tokens(true).start().await.unwrap();
    let directory = TempDir::new().unwrap();
    let home = emulator.write_home(directory.path(), TokenState::Expired).unwrap();
    let mut theirs = python::spawn(&home, python::HOLD_THE_TOKEN, &[&home.profile]);
    let mut said = String::new();
    BufReader::new(theirs.stdout.take().unwrap()).read_line(&mut said).unwrap();
    assert_eq!(said, "spent\n");

    let mut ours: Vec<_> = (0..24)
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
        let is_one_there = ours.iter_mut().any(|process| process.try_wait().unwrap().is_none());
        assert!(is_one_there, "all have ended, and none of them has asked");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    // Closing its stdin lets it go on and write.
    let theirs = theirs.wait_with_output().unwrap();
    assert!(theirs.status.success(), "{}", text(&theirs.stderr));
    for process in ours {
        let output = process.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
    }
    assert_eq!(emulator.counts().create_token, 2, "theirs, and the one of ours that was refused");
    let token = read_json(&home.token_file);
    assert!(emulator.is_live(token["refreshToken"].as_str().unwrap()), "the session lives");
}
