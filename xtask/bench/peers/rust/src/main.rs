//! The AWS SDK for Rust, for `cargo xtask bench`:
//! `version | cold | warm THREADS MILLISECONDS | uncached COUNT | concurrent COUNT | config COUNT`.
//!
//! The profile is AWS_PROFILE's. `cold` prints credentials as `credential_process` does; the others
//! print one line of JSON, `{"ns": [...]}`: nanoseconds per operation, one sample a batch.

#![forbid(unsafe_code)]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_runtime::env_config::section::EnvConfigSections;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_async::time::SystemTimeSource;
use aws_smithy_runtime::client::identity::IdentityCache;
use aws_smithy_runtime_api::client::identity::{ResolveCachedIdentity as _, SharedIdentityResolver};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::date_time::Format;

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize| -> Result<usize, Failure> {
        Ok(arguments.get(at).ok_or("a number is missing")?.parse()?)
    };
    match arguments.first().map(String::as_str) {
        Some("version") => {
            let lock = include_str!("../Cargo.lock");
            let found = lock.split("name = \"aws-config\"\nversion = \"").nth(1);
            let version = found.and_then(|rest| rest.split('"').next()).unwrap_or("?");
            println!("aws-config {version}");
            Ok(())
        }
        Some("cold") => one_thread()?.block_on(cold()),
        Some("warm") => warm(number(1)?, Duration::from_millis(number(2)? as u64)),
        Some("uncached") => one_thread()?.block_on(uncached(number(1)?)),
        Some("concurrent") => one_thread()?.block_on(concurrent(number(1)?)),
        Some("config") => one_thread()?.block_on(config(number(1)?)),
        _ => Err("not understood".into()),
    }
}

fn one_thread() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

async fn provider() -> ProfileFileCredentialsProvider {
    let configuration = ProviderConfig::with_default_region().await;
    ProfileFileCredentialsProvider::builder().configure(&configuration).build()
}

async fn cold() -> Result<(), Failure> {
    let got = provider().await.provide_credentials().await?;
    let expiry = got.expiry().ok_or("no expiry")?;
    println!(
        r#"{{"Version":1,"AccessKeyId":"{}","SecretAccessKey":"{}","SessionToken":"{}","Expiration":"{}"}}"#,
        got.access_key_id(),
        got.secret_access_key(),
        got.session_token().unwrap_or_default(),
        aws_smithy_types::DateTime::from(expiry).fmt(Format::DateTime)?,
    );
    Ok(())
}

/// What a client does before each request: asks the identity cache around the provider.
fn warm(threads: usize, time: Duration) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let resolver = runtime.block_on(provider());
    let resolver = SharedIdentityResolver::new(SharedCredentialsProvider::new(resolver));
    let cache = Arc::new(IdentityCache::lazy().build());
    let components = RuntimeComponentsBuilder::for_tests()
        .with_time_source(Some(SystemTimeSource::new()))
        .with_sleep_impl(Some(TokioSleep::new()))
        .build()?;
    let bag = ConfigBag::base();
    let call = || cache.resolve_cached_identity(resolver.clone(), &components, &bag);
    runtime.block_on(async { call().await })?;
    let mut all = Vec::new();
    std::thread::scope(|scope| {
        let work = || {
            runtime.block_on(async {
                let mut samples = Vec::new();
                let started = Instant::now();
                while started.elapsed() < time {
                    let batch = Instant::now();
                    for _ in 0..2000 {
                        let _ = black_box(call().await);
                    }
                    samples.push(batch.elapsed().as_nanos() / 2000);
                }
                samples
            })
        };
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        for thread in running {
            all.extend(thread.join().unwrap_or_default());
        }
    });
    print(&all);
    Ok(())
}

async fn uncached(count: usize) -> Result<(), Failure> {
    let provider = provider().await;
    provider.provide_credentials().await?;
    let mut samples = Vec::new();
    for _ in 0..count {
        let started = Instant::now();
        black_box(provider.provide_credentials().await?);
        samples.push(started.elapsed().as_nanos());
    }
    print(&samples);
    Ok(())
}

async fn concurrent(count: usize) -> Result<(), Failure> {
    let resolver = provider().await;
    let resolver = SharedIdentityResolver::new(SharedCredentialsProvider::new(resolver));
    let cache = Arc::new(IdentityCache::lazy().build());
    let started = Instant::now();
    let tasks: Vec<_> = (0..count)
        .map(|_| {
            let (cache, resolver) = (Arc::clone(&cache), resolver.clone());
            tokio::spawn(async move {
                let components = RuntimeComponentsBuilder::for_tests()
                    .with_time_source(Some(SystemTimeSource::new()))
                    .with_sleep_impl(Some(TokioSleep::new()))
                    .build()
                    .map_err(|error| error.to_string())?;
                let got = cache.resolve_cached_identity(resolver, &components, &ConfigBag::base()).await;
                got.map(drop).map_err(|error| error.to_string())
            })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    print(&[started.elapsed().as_nanos()]);
    Ok(())
}

/// Reads the config file that AWS_CONFIG_FILE names, and takes the profile out of it.
async fn config(count: usize) -> Result<(), Failure> {
    let (fs, env) = (aws_types::os_shim_internal::Fs::real(), aws_types::os_shim_internal::Env::real());
    let files = EnvConfigFiles::default();
    let profile = std::env::var("AWS_PROFILE")?;
    let mut samples = Vec::new();
    for _ in 0..count {
        let started = Instant::now();
        let source = aws_runtime::env_config::source::load(&env, &fs, &files).await?;
        let sections = EnvConfigSections::parse(source)?;
        let found = sections.get_profile(&profile).and_then(|it| it.get("sso_account_id"));
        black_box(found.ok_or("the profile was not found")?);
        samples.push(started.elapsed().as_nanos());
    }
    print(&samples);
    Ok(())
}

fn print(samples: &[u128]) {
    println!("{{\"ns\":{samples:?}}}");
}
