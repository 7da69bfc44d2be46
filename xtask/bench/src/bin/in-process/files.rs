//! The files: shared config, token file, role-credential cache, and the paths to them.
//!
//! Not responsible for making them: the caller names real ones.

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use sso_bench::Batches;
use sso_cache::{RoleCredentialsFile, TokenFile, standard_cached_token_filepath_in};
use sso_config::{Locations, SharedConfig, SsoProfile, selected_profile};
use sso_types::Environment;

/// Reads the shared config files and resolves the selected profile.
pub(crate) fn config(count: u32) -> Result<Vec<f64>> {
    let environment = Environment::from_process();
    let locations = Locations::from_environment(&environment)?;
    let (name, _) = selected_profile(None, &environment)?;
    samples(count, || {
        let config = SharedConfig::load(&locations)?;
        let profile = SsoProfile::resolve(&config, &name, &environment)?;
        black_box(profile.role().context("the profile has no role")?);
        Ok(())
    })
}

/// From a session's name to the path of its token file.
pub(crate) fn path(milliseconds: u32) -> Vec<f64> {
    let environment = Environment::from_iter([("HOME", "/home/ana")]);
    let batches = Batches { time: Duration::from_millis(milliseconds.into()), size: 1000 };
    batches.run(|| {
        let _ = black_box(standard_cached_token_filepath_in(black_box("dev"), &environment));
    })
}

/// Reads and parses a token file.
pub(crate) fn token_load(count: u32, path: &str) -> Result<Vec<f64>> {
    let file = TokenFile::new(path);
    samples(count, || {
        black_box(file.load()?);
        Ok(())
    })
}

/// Locks, reads again, replaces and unlocks a token file, as a refresh does.
pub(crate) fn token_store(count: u32, path: &str) -> Result<Vec<f64>> {
    let file = TokenFile::new(path);
    samples(count, || {
        let lock = file.try_lock()?.context("the lock is held")?;
        let token = lock.load()?;
        black_box(lock.store(&token)?);
        Ok(())
    })
}

/// Reads and parses a role-credential cache file.
pub(crate) fn role_load(count: u32, path: &str) -> Result<Vec<f64>> {
    let file = RoleCredentialsFile::new(path);
    samples(count, || {
        black_box(file.load().context("no role credentials there")?);
        Ok(())
    })
}

fn samples(count: u32, mut operation: impl FnMut() -> Result<()>) -> Result<Vec<f64>> {
    // The first time pages in code; that is the cold process's cost and counted there.
    operation()?;
    let mut samples = Vec::new();
    for _ in 0..count {
        let started = Instant::now();
        operation()?;
        samples.push(started.elapsed().as_secs_f64() * 1e9);
    }
    Ok(samples)
}
