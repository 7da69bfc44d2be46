//! Many processes at once on one token: one refresh, and everybody is served.

use std::process::Stdio;
use std::time::Duration;

use sso_emulator::{Emulator, TokenState};
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

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_do_not_take_the_lock_are_survived() {
    let emulator = Emulator::builder().rotate_refresh_tokens(true).start().await.unwrap();
    for _ in 0..ROUNDS {
        let directory = TempDir::new().unwrap();
        let home = emulator.write_home(directory.path(), TokenState::Expired).unwrap();
        let Some(theirs) = (0..4)
            .map(|_| python::spawn(&home, python::RESOLVE, &[&home.profile]))
            .collect::<Option<Vec<_>>>()
        else {
            return;
        };
        // They take a while to start: some of ours are before them, some with them, some behind.
        let ours: Vec<_> = (0..24_u64)
            .map(|number| {
                std::thread::sleep(Duration::from_millis(25 * (number % 8)));
                let arguments = ["credential-process", "--no-cache", "--profile", &home.profile];
                let mut command = command(&home, &arguments);
                command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
            })
            .collect();
        for process in ours {
            let output = process.wait_with_output().unwrap();
            assert!(output.status.success(), "{}", text(&output.stderr));
        }
        // What becomes of theirs is theirs: without a lock they lose each other's refresh token.
        for process in theirs {
            process.wait_with_output().unwrap();
        }
        let token = read_json(&home.token_file);
        assert!(emulator.is_live(token["refreshToken"].as_str().unwrap()), "the session lives");
    }
}
