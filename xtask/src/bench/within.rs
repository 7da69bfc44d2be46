//! Measurements inside processes: retrievals from memory and from the portal, the files.
//!
//! Not responsible for the loops: ours are in `xtask/bench`, the peers' beside their programs.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use tempfile::TempDir;

use super::figures::{FLOOR, OURS, Row};
use super::programs::{Peer, Programs, clean};
use super::rounds::{Turn, inside};
use super::stage::Stage;

/// Retrievals, warm and not, one caller and very many.
pub(crate) fn retrievals(
    programs: &Programs,
    stage: &Stage,
    rounds: usize,
    milliseconds: usize,
) -> Result<Vec<Row>> {
    stage.token_state("valid")?;
    let one = milliseconds.to_string();
    let asked = |what: &'static str, arguments: Vec<String>| -> Result<Row> {
        let words: Vec<String> = std::iter::once(what.to_owned()).chain(arguments).collect();
        let mut turns = vec![Turn::new(OURS, || in_process(programs, stage, &words))];
        if what == "warm" {
            turns.push(Turn::new(FLOOR, || {
                let mut floor = words.clone();
                if let Some(first) = floor.first_mut() {
                    "warm-floor".clone_into(first);
                }
                in_process(programs, stage, &floor)
            }));
        }
        // Node.js has one thread.
        let two_threads = words.get(1).is_some_and(|it| it == "2") && what == "warm";
        let able = |peer: &&Peer| peer.is_library && !(two_threads && peer.name == "JS fromSSO");
        for peer in programs.peers.iter().filter(able) {
            let every = if peer.slow && what == "concurrent" { 3 } else { 1 };
            let words = &words;
            let command = move || {
                let words: Vec<_> = words.iter().map(String::as_str).collect();
                peer.command(&words, &stage.environment)
            };
            turns.push(Turn::new(peer.name, command).every(every));
        }
        let measure = match (what, two_threads) {
            ("warm", false) => "warm retrieval, 1 thread",
            ("warm", true) => "warm retrieval, 2 threads, per call",
            ("uncached", _) => "retrieval from the portal, in process, HTTP",
            _ => "1,000 callers at once, nothing in memory: until the last is served",
        };
        inside(measure, rounds, &turns)
    };
    Ok(vec![
        asked("warm", vec!["1".into(), one.clone()])?,
        asked("warm", vec!["2".into(), one])?,
        asked("uncached", vec!["60".into()])?,
        asked("concurrent", vec!["1000".into()])?,
    ])
}

/// How often the portal is asked for 1,000 callers at once, by us.
pub(crate) fn requests_of_a_thousand(programs: &Programs, stage: &Stage) -> Result<u64> {
    stage.reset_counts()?;
    let status = in_process(programs, stage, &["concurrent".into(), "1000".into()])
        .stdout(std::process::Stdio::null())
        .status()?;
    anyhow::ensure!(status.success(), "1,000 callers were not all served");
    stage.count("get_role_credentials")
}

/// The shared config files: read, parsed, one profile resolved.
pub(crate) fn config(programs: &Programs, stage: &Stage, rounds: usize) -> Result<Vec<Row>> {
    let directory = TempDir::new()?;
    let mut rows = Vec::new();
    for profiles in [10, 1_000, 10_000] {
        let file = directory.path().join(format!("config-{profiles}"));
        std::fs::write(&file, config_of(profiles))?;
        let mut environment = stage.environment.clone();
        environment.retain(|(name, _)| name != "AWS_CONFIG_FILE" && name != "AWS_PROFILE");
        environment.push(("AWS_CONFIG_FILE".to_owned(), file.display().to_string()));
        environment.push(("AWS_PROFILE".to_owned(), format!("team-{}", profiles / 2)));
        let environment = &environment;
        let fast = if profiles > 1_000 { "5" } else { "50" };
        let mut turns = vec![Turn::new(OURS, move || {
            let mut command = clean(&programs.in_process, environment);
            command.args(["config", fast]);
            command
        })];
        // No JavaScript: it has no such function of its own.
        let able = |peer: &&Peer| peer.is_library && peer.name != "JS fromSSO";
        for peer in programs.peers.iter().filter(able) {
            let count = if peer.slow { "2" } else { fast };
            let command = move || peer.command(&["config", count], environment);
            turns.push(Turn::new(peer.name, command));
        }
        rows.push(inside(&format!("config of {profiles} profiles"), rounds, &turns)?);
    }
    Ok(rows)
}

/// How much of a config file is read, parsed and resolved in a second, by us.
pub(crate) fn throughput(rows: &[Row]) -> String {
    let one = |profiles: usize| {
        let row =
            rows.iter().find(|row| row.measure == format!("config of {profiles} profiles"))?;
        let bytes = u32::try_from(config_of(profiles).len()).ok()?;
        let rate = f64::from(bytes) / row.median(OURS)? / 1_000_000.0;
        Some(format!("{rate:.0} MB/s with {profiles} profiles ({} kB)", bytes / 1_000))
    };
    let rates: Vec<_> = [10, 1_000, 10_000].into_iter().filter_map(one).collect();
    format!("ssocreds reads {}.\n", rates.join(", "))
}

/// The token file and the role-credential cache; the disk's part by storing in memory, too.
pub(crate) fn files(programs: &Programs, stage: &Stage, rounds: usize) -> Result<Vec<Row>> {
    stage.token_state("valid")?;
    let token = stage.token_file()?;
    // The other SDKs keep their reader and writer to themselves.
    let botocore = programs.peers.iter().find(|peer| peer.name == "botocore");
    let only = |measure: &str, words: Vec<String>| -> Result<Row> {
        let mut turns = vec![Turn::new(OURS, || in_process(programs, stage, &words))];
        if let Some(peer) = botocore {
            let words: Vec<_> = words.iter().map(String::as_str).collect();
            turns.push(Turn::new(peer.name, move || peer.command(&words, &stage.environment)));
        }
        inside(measure, rounds, &turns)
    };
    let shown = |path: &Path| path.display().to_string();
    let mut rows = vec![
        only("path of a token file", vec!["path".into(), "50".into()])?,
        only("token file, read and parse", vec!["token-load".into(), "500".into(), shown(&token)])?,
    ];
    let store = |path: &Path| vec!["token-store".into(), "100".into(), shown(path)];
    let copy = stage.home().join("stored.json");
    std::fs::copy(&token, &copy)?;
    rows.push(only("token file: lock, read, store with fsync (disk)", store(&copy))?);
    let memory = PathBuf::from("/dev/shm");
    if memory.is_dir() {
        let memory = TempDir::new_in(memory)?;
        let copy = memory.path().join("stored.json");
        std::fs::copy(&token, &copy)?;
        rows.push(only("the same where fsync costs nothing (tmpfs)", store(&copy))?);
    }
    stage.forget_role_credentials()?;
    let mut fill = super::cold::ours(programs, stage, true);
    anyhow::ensure!(fill.output()?.status.success(), "ssocreds gives no credentials");
    if let Some(cached) = stage.role_credentials() {
        let words = vec!["role-load".into(), "500".into(), shown(&cached)];
        rows.push(only("role-credential cache, read and parse", words)?);
    }
    stage.forget_role_credentials()?;
    Ok(rows)
}

fn in_process(programs: &Programs, stage: &Stage, words: &[String]) -> Command {
    let mut command = clean(&programs.in_process, &stage.environment);
    command.args(words);
    command
}

fn config_of(profiles: usize) -> String {
    let mut text = String::from(
        "[sso-session corp]\nsso_start_url = https://corp.awsapps.com/start\n\
         sso_region = us-east-1\nsso_registration_scopes = sso:account:access\n",
    );
    for at in 0..profiles {
        text.push_str(&format!(
            "\n[profile team-{at}]\nsso_session = corp\nsso_account_id = {at:012}\n\
             sso_role_name = Developer\nregion = eu-west-1\noutput = json\n"
        ));
    }
    text
}
