//! The operations of ssocreds that are measured within a process, with the words that the programs in
//! `peers` take too. Prints `{"ns": [...]}`: nanoseconds per call.

use std::hint::black_box;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context as _, Result, bail};
use sso_cache::TokenFile;
use sso_config::{Locations, SharedConfig, SsoProfile, selected_profile};
use sso_provider::ProvideCredentials as _;
use sso_types::Environment;
use tokio::runtime::{Builder, Runtime};

/// Calls per sample where a single call is too short for the clock.
const BATCH: u32 = 2000;

pub(crate) fn run(words: &[&str]) -> Result<()> {
    let samples = match *words {
        ["warm", threads, milliseconds] => warm(threads.parse()?, milliseconds.parse()?)?,
        ["floor", threads, milliseconds] => floor(threads.parse()?, milliseconds.parse()?)?,
        ["uncached", count] => uncached(count.parse()?)?,
        ["concurrent", count] => concurrent(count.parse()?)?,
        ["config", count] => config(count.parse()?)?,
        ["load", count, path] => load(count.parse()?, path)?,
        ["store", count, path] => store(count.parse()?, path)?,
        _ => bail!("there is no operation {words:?}"),
    };
    println!("{{\"ns\":{samples:?}}}");
    Ok(())
}

/// Credentials that are in memory and valid, retrieved by each thread in its own runtime.
fn warm(threads: u32, milliseconds: u32) -> Result<Vec<f64>> {
    let runtime = runtime()?;
    let cache = runtime.block_on(sso_provider::from_env())?;
    runtime.block_on(cache.retrieve())?;
    on_threads(threads, || {
        let (cache, runtime) = (cache.clone(), self::runtime()?);
        // Within one `block_on`: to enter a runtime is not part of a retrieval.
        runtime.block_on(async {
            let (mut samples, started) = (Vec::new(), Instant::now());
            while started.elapsed() < Duration::from_millis(milliseconds.into()) {
                let batch = Instant::now();
                for _ in 0..BATCH {
                    black_box(cache.retrieve().await?);
                }
                samples.push(nanoseconds(batch) / f64::from(BATCH));
            }
            Ok(samples)
        })
    })
}

/// An atomic load, a clone of an `Arc`, and a look at the clock.
fn floor(threads: u32, milliseconds: u32) -> Result<Vec<f64>> {
    let slot = Arc::new(OnceLock::new());
    let expires_at = SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 40);
    let _ = slot.set((expires_at, Arc::new(String::from("credentials"))));
    on_threads(threads, || {
        let (mut samples, started) = (Vec::new(), Instant::now());
        while started.elapsed() < Duration::from_millis(milliseconds.into()) {
            let batch = Instant::now();
            for _ in 0..BATCH {
                if let Some((expires_at, credentials)) = black_box(&*slot).get()
                    && SystemTime::now() < *expires_at
                {
                    black_box(Arc::clone(credentials));
                }
            }
            samples.push(nanoseconds(batch) / f64::from(BATCH));
        }
        Ok(samples)
    })
}

/// All samples of an operation that runs on so many threads at once.
fn on_threads(threads: u32, operation: impl Fn() -> Result<Vec<f64>> + Sync) -> Result<Vec<f64>> {
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(&operation)).collect();
        let mut all = Vec::new();
        for thread in running {
            all.extend(thread.join().map_err(|_| anyhow::anyhow!("a thread panicked"))??);
        }
        Ok(all)
    })
}

/// Each retrieval asks the portal.
fn uncached(count: u32) -> Result<Vec<f64>> {
    let runtime = runtime()?;
    let cache = runtime.block_on(sso_provider::from_env())?;
    each(count, || {
        black_box(runtime.block_on(cache.provider().provide_credentials())?);
        Ok(())
    })
}

/// The time until the last of so many tasks has credentials from a cache that was empty.
fn concurrent(count: u32) -> Result<Vec<f64>> {
    runtime()?.block_on(async {
        let cache = sso_provider::from_env().await?;
        let started = Instant::now();
        let retrieve = |_| {
            let cache = cache.clone();
            tokio::spawn(async move { cache.retrieve().await })
        };
        let tasks: Vec<_> = (0..count).map(retrieve).collect();
        for task in tasks {
            task.await??;
        }
        Ok(vec![nanoseconds(started)])
    })
}

/// Reads the config files and resolves the selected profile.
fn config(count: u32) -> Result<Vec<f64>> {
    let environment = Environment::from_process();
    let locations = Locations::from_environment(&environment)?;
    let (name, _) = selected_profile(None, &environment)?;
    each(count, || {
        let config = SharedConfig::load(&locations)?;
        let profile = SsoProfile::resolve(&config, &name, &environment)?;
        black_box(profile.role().context("the profile has no role")?);
        Ok(())
    })
}

fn load(count: u32, path: &str) -> Result<Vec<f64>> {
    let file = TokenFile::new(path);
    each(count, || {
        black_box(file.load()?);
        Ok(())
    })
}

/// Locks, reads again, replaces and unlocks a token file, as a refresh does.
fn store(count: u32, path: &str) -> Result<Vec<f64>> {
    let file = TokenFile::new(path);
    each(count, || {
        let lock = file.try_lock()?.context("the lock is held")?;
        let token = lock.load()?;
        black_box(lock.store(&token)?);
        Ok(())
    })
}

/// Measures each call after the first, which loads code from disk.
fn each(count: u32, mut operation: impl FnMut() -> Result<()>) -> Result<Vec<f64>> {
    operation()?;
    let mut samples = Vec::new();
    for _ in 0..count {
        let started = Instant::now();
        operation()?;
        samples.push(nanoseconds(started));
    }
    Ok(samples)
}

fn runtime() -> Result<Runtime> {
    Ok(Builder::new_current_thread().enable_all().build()?)
}

fn nanoseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e9
}
