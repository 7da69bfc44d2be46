//! Names and values that are very long or invisible, or that reorder the text around them.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use sso_emulator::{Emulator, TokenState};

use crate::program::Scene;

/// Longer than the maximum width of Rust's `format!`.
const LONG: usize = 70_000;

/// Is shown as "PROD" on a terminal.
const MISLEADING: &str = "\u{202e}DORP\u{202c}\u{200b}";

#[tokio::test(flavor = "multi_thread")]
async fn long_names_and_values_are_cut_in_tables() {
    let name = "x".repeat(LONG);
    let builder = Emulator::builder()
        .account("123456789012", name.as_str(), "dev@example.com", ["Admin"])
        .account("210987654321", "Production", "prod@example.com", ["Admin"]);
    let scene = Scene::with(builder, TokenState::Valid).await;
    scene.configure(&format!(
        "[profile long]\nregion = {name}\nsso_session = dev-session\n[profile {name}]\nx = 1\n"
    ));
    for arguments in [
        &["accounts", "--profile", "devsso"][..],
        &["roles", "--profile", "devsso"],
        &["config"],
        &["config", "--profile", "long"],
        &["status"],
    ] {
        let shown = scene.run(arguments).success();
        let longest = shown.lines().map(str::len).max();
        assert!(longest < Some(3000), "{arguments:?}: {longest:?}");
    }
    let accounts = scene.run(&["accounts", "--profile", "devsso"]).success();
    assert!(accounts.contains("xxx... (70000 characters)"), "{accounts}");
    // JSON is not cut.
    let json = scene.run(&["accounts", "--profile", "devsso", "--format", "json"]).json();
    assert_eq!(json["accountList"][0]["accountName"], name);
}

#[tokio::test(flavor = "multi_thread")]
async fn misleading_characters_are_escaped() {
    let name = format!("TEST{MISLEADING}\u{9b}31m");
    let builder =
        Emulator::builder().account("123456789012", name.as_str(), "a@example.com", ["Admin"]);
    let scene = Scene::with(builder, TokenState::Valid).await;
    scene.configure(&format!(
        "[profile x]\nsso_session = dev-session\nregion = TEST{MISLEADING}\nnote = a\u{9b}31m\n"
    ));
    for arguments in
        [&["accounts", "--profile", "devsso"][..], &["roles", "--profile", "devsso"], &["config"]]
    {
        let shown = scene.run(arguments).success();
        assert!(shown.contains(r"TEST\u{202e}DORP\u{202c}\u{200b}"), "{shown}");
        assert_none(&shown);
        let json = [arguments, &["--format", "json"]].concat();
        let shown = scene.run(&json).success();
        assert!(shown.contains(r"TEST\u202eDORP\u202c\u200b"), "{shown}");
        assert_none(&shown);
    }
    let json = scene.run(&["accounts", "--profile", "devsso", "--format", "json"]).json();
    assert_eq!(json["accountList"][0]["accountName"], name);
    let error = scene.run(&["export", "--profile", MISLEADING, "--format", "json"]).failure(3);
    assert!(error.contains("DORP"), "{error}");
    assert_none(&error);
}

fn assert_none(shown: &str) {
    let raw = |c: char| (c.is_control() && c != '\n') || MISLEADING.contains(c) && !c.is_ascii();
    assert!(!shown.contains(raw), "{shown:?}");
}

/// Each profile has the previous one as its `source_profile`.
#[tokio::test(flavor = "multi_thread")]
async fn a_chain_of_twenty_thousand_profiles_is_fast() {
    let scene = Scene::new(TokenState::Valid).await;
    let mut chain = String::from("[profile p0]\nsource_profile = devsso\nrole_arn = a\n");
    for at in 1..20_000 {
        let _ = writeln!(chain, "[profile p{at}]\nsource_profile = p{}\nrole_arn = a", at - 1);
    }
    scene.configure(&chain);
    for arguments in [&["status"][..], &["config"], &["status", "--profile", "devsso"]] {
        let started = Instant::now();
        scene.run(arguments).success();
        let took = started.elapsed();
        assert!(took < Duration::from_secs(60), "{arguments:?} took {took:?}");
    }
    let error = scene.run(&["status", "--profile", "p19999"]).failure(3);
    assert!(error.contains("devsso"), "{error}");
}
