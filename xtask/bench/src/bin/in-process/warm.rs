//! Credentials that are in memory and fresh: what every signed request pays.
//!
//! Not responsible for getting them.

use std::hint::black_box;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use anyhow::Result;
use sso_bench::Batches;
use sso_types::{Credentials, SecretAccessKey, SessionToken};
use tokio::runtime::Builder;

fn batches(milliseconds: u32) -> Batches {
    Batches { time: Duration::from_millis(milliseconds.into()), size: 2000 }
}

/// `CredentialsCache::retrieve`, each thread in a runtime of its own, all of one cache.
pub(crate) fn ours(threads: u32, milliseconds: u32) -> Result<Vec<f64>> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let cache = runtime.block_on(sso_provider::from_env())?;
    runtime.block_on(cache.retrieve())?;
    let batches = batches(milliseconds);
    let measure = || -> Result<Vec<f64>> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let cache = cache.clone();
        // Inside of one block_on: entering a runtime is not part of a retrieval.
        let mut failed = None;
        let samples = runtime.block_on(async {
            let mut samples = Vec::new();
            let started = std::time::Instant::now();
            while started.elapsed() < batches.time {
                let batch = std::time::Instant::now();
                for _ in 0..batches.size {
                    match cache.retrieve().await {
                        Ok(credentials) => drop(black_box(credentials)),
                        Err(error) => failed = Some(error),
                    }
                }
                samples.push(batch.elapsed().as_secs_f64() * 1e9 / f64::from(batches.size));
            }
            samples
        });
        failed.map_or(Ok(samples), |error| Err(error.into()))
    };
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(measure)).collect();
        let mut all = Vec::new();
        for thread in running {
            all.extend(thread.join().unwrap_or_else(|_| Ok(Vec::new()))?);
        }
        Ok(all)
    })
}

/// An atomic load, a clone of the `Arc` that it shows, and a look at the clock.
pub(crate) fn floor(threads: u32, milliseconds: u32) -> Vec<f64> {
    let place = Arc::new(OnceLock::new());
    let end = SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 40);
    let _ = place.set((end, Arc::new(credentials())));
    batches(milliseconds).on_threads(threads as usize, || {
        let place = Arc::clone(&place);
        move || {
            if let Some((end, credentials)) = black_box(&*place).get()
                && now() < *end
            {
                drop(black_box(Arc::clone(credentials)));
            }
        }
    })
}

/// The clock alone, which is most of the floor.
pub(crate) fn clock(threads: u32, milliseconds: u32) -> Vec<f64> {
    batches(milliseconds).on_threads(threads as usize, || {
        || {
            black_box(now());
        }
    })
}

#[expect(clippy::disallowed_methods, reason = "the floor is what the machine's clock costs")]
fn now() -> SystemTime {
    SystemTime::now()
}

pub(crate) fn credentials() -> Credentials {
    Credentials::new(
        "AKIAFLOOR",
        SecretAccessKey::new("s"),
        SessionToken::new("t"),
        jiff::Timestamp::MAX,
    )
}
