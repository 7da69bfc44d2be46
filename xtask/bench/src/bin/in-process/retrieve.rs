//! Role credentials from the portal, by one caller and by very many.
//!
//! Not responsible for the portal: an emulator, started by whoever starts this.

use std::hint::black_box;
use std::time::Instant;

use anyhow::Result;
use sso_provider::ProvideCredentials as _;
use tokio::runtime::Builder;

/// Every retrieval asks the portal: the provider without its cache.
pub(crate) fn uncached(count: u32) -> Result<Vec<f64>> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let cache = sso_provider::from_env().await?;
        let provider = cache.provider();
        provider.provide_credentials().await?;
        let mut samples = Vec::new();
        for _ in 0..count {
            let started = Instant::now();
            black_box(provider.provide_credentials().await?);
            samples.push(started.elapsed().as_secs_f64() * 1e9);
        }
        Ok(samples)
    })
}

/// So many tasks ask a cache that is empty; one sample: until the last has its credentials.
pub(crate) fn concurrent(count: u32) -> Result<Vec<f64>> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let cache = sso_provider::from_env().await?;
        let started = Instant::now();
        let tasks: Vec<_> = (0..count)
            .map(|_| {
                let cache = cache.clone();
                tokio::spawn(async move { cache.retrieve().await })
            })
            .collect();
        for task in tasks {
            task.await??;
        }
        Ok(vec![started.elapsed().as_secs_f64() * 1e9])
    })
}
