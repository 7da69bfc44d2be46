//! Options and variables that many commands take: `--refresh`, directories, timeouts.

use std::fs;
use std::time::{Duration, Instant};

use sso_emulator::{Fault, Operation, TokenState};

use crate::program::{Scene, write_private};

const RUN: [&str; 3] = ["credential-process", "--profile", "devsso"];

#[tokio::test(flavor = "multi_thread")]
async fn refresh_replaces_the_cached_credentials() {
    let scene = Scene::new(TokenState::Valid).await;
    let first = scene.run(&RUN).json();
    assert_eq!(scene.run(&RUN).json(), first, "cached");
    let mut last = first;
    for command in [
        &["credential-process", "--refresh"][..],
        &["export", "--format", "process", "--refresh"],
        &["exec", "--refresh", "--", "true"],
    ] {
        let before = scene.emulator.counts().get_role_credentials;
        scene.run(&[&["--profile", "devsso"], command].concat());
        assert_eq!(scene.emulator.counts().get_role_credentials, before + 1, "{command:?}");
        let cached = scene.run(&RUN).json();
        assert_ne!(cached["AccessKeyId"], last["AccessKeyId"], "{command:?}");
        assert_eq!(scene.emulator.counts().get_role_credentials, before + 1, "{command:?}");
        last = cached;
    }
    // If the request fails, the cached credentials are kept.
    scene.emulator.unassign("123456789012", "SSOReadOnlyRole");
    scene.run(&["credential-process", "--profile", "devsso", "--refresh"]).failure(5);
    assert_eq!(scene.run(&RUN).json(), last);
}

#[tokio::test(flavor = "multi_thread")]
async fn variables_and_options_set_the_cache_directories() {
    let scene = Scene::new(TokenState::Valid).await;
    let (tokens, roles) = (scene.path("tokens"), scene.path("roles"));
    fs::create_dir(&tokens).unwrap();
    let name = scene.home.token_file.file_name().unwrap();
    let token = fs::read_to_string(&scene.home.token_file).unwrap();
    write_private(&tokens.join(name), &token);
    fs::remove_file(&scene.home.token_file).unwrap();
    scene.run(&RUN).failure(4);

    let mut command = scene.command(&RUN);
    command.env("SSOCREDS_CACHE_DIR", &tokens).env("SSOCREDS_ROLE_CACHE_DIR", &roles);
    let first = scene.run_command(&mut command).json();
    assert!(scene.role_files().is_empty());
    assert!(fs::read_dir(&roles).unwrap().count() > 0);
    let mut command = scene.command(&["status"]);
    command.env("SSOCREDS_CACHE_DIR", &tokens).env("SSOCREDS_ROLE_CACHE_DIR", &roles);
    let status = scene.run_command(&mut command).success();
    assert!(status.contains("Token files are in HOME/tokens"), "{status}");

    // The options take precedence over the variables.
    let (tokens, roles) = (tokens.to_str().unwrap(), roles.to_str().unwrap());
    let options = ["--cache-dir", tokens, "--role-cache-dir", roles];
    let mut command = scene.command(&[&RUN[..], &options].concat());
    command.env("SSOCREDS_CACHE_DIR", "/nowhere").env("SSOCREDS_ROLE_CACHE_DIR", "/nowhere");
    assert_eq!(scene.run_command(&mut command).json(), first);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retrieval_ends_after_its_timeout() {
    let scene = Scene::new(TokenState::Valid).await;
    scene.emulator.fault_on(Operation::GetRoleCredentials, Fault::Delay(Duration::from_secs(9)));
    let mut by_variable = scene.command(&RUN);
    by_variable.env("SSOCREDS_TIMEOUT", "0.7");
    let by_option = scene.command(&[&RUN[..], &["--timeout", "0.7"]].concat());
    for mut command in [by_variable, by_option] {
        let started = Instant::now();
        let error = scene.run_command(&mut command).failure(6);
        assert!(started.elapsed() < Duration::from_secs(8), "{error}");
        assert!(error.contains("--timeout") && error.contains("SSOCREDS_TIMEOUT"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_timeouts_are_refused() {
    let scene = Scene::new(TokenState::Valid).await;
    for value in ["0", "-1", "soon", "NaN", "1e30", ""] {
        for option in ["--timeout", "--connect-timeout"] {
            let error = scene.run(&[&RUN[..], &[&format!("{option}={value}")]].concat()).failure(2);
            assert!(error.contains(option), "{error}");
        }
    }
    for variable in ["SSOCREDS_TIMEOUT", "SSOCREDS_CONNECT_TIMEOUT"] {
        let mut command = scene.command(&RUN);
        let error = scene.run_command(command.env(variable, "soon")).failure(3);
        assert_eq!(
            error,
            format!(
                "ssocreds: the environment variable {variable} cannot be used: give a number of \
                 seconds greater than 0, or remove it\n"
            )
        );
        // An empty variable counts as unset.
        let mut command = scene.command(&RUN);
        scene.run_command(command.env(variable, "")).success();
    }
}
