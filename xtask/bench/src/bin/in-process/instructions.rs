//! Single operations, repeated a given number of times, to count instructions of under callgrind:
//! the difference of two runs is what the operation costs, to the instruction.
//!
//! Not responsible for counting. Needs nothing of its surroundings but a directory for files.

use std::convert::Infallible;
use std::hint::black_box;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use sso_cache::{CachedToken, TokenFile, standard_cached_token_filepath_in};
use sso_config::{Locations, SharedConfig, SsoProfile};
use sso_provider::http::GetRoleCredentials;
use sso_provider::{CredentialsCache, SsoCredentialsProvider, SsoTokenProvider};
use sso_types::{AccessToken, ClientSecret, Environment, RefreshToken};
use tokio::runtime::Builder;

use crate::warm::credentials;

const PROFILES: usize = 100;

/// Repeats `operation` so many times.
pub(crate) fn repeat(operation: &str, count: u32) -> Result<()> {
    match operation {
        "token-parse" => token_parse(count),
        "config-parse" => config_parse(count),
        "token-path" => token_path(count),
        "warm-retrieval" => warm_retrieval(count),
        other => bail!("no such operation: {other}"),
    }
}

/// A token file of a usual size, in the directory that the process was started in.
fn token_file() -> Result<TokenFile> {
    let file = TokenFile::new(Path::new("token.json"));
    let token =
        CachedToken::new(AccessToken::new("a".repeat(700)), "2040-01-01T00:00:00Z".parse()?)
            .with_refresh_token(RefreshToken::new("r".repeat(700)))
            .with_client_registration(
                "client".repeat(5),
                ClientSecret::new("c".repeat(1500)),
                Some("2040-01-01T00:00:00Z".parse()?),
            )
            .with_region("us-east-1")
            .with_start_url("https://my-sso-portal.awsapps.com/start");
    file.store_unlocked(&token)?;
    Ok(file)
}

fn token_parse(count: u32) -> Result<()> {
    let file = token_file()?;
    for _ in 0..count {
        black_box(file.load()?);
    }
    Ok(())
}

fn config_parse(count: u32) -> Result<()> {
    let mut text = String::from(
        "[sso-session s]\nsso_start_url = https://x.awsapps.com/start\nsso_region = us-east-1\n",
    );
    for at in 0..PROFILES {
        text.extend([
            format!("[profile p{at}]\nsso_session = s\nsso_account_id = 123456789012\n").as_str(),
            "sso_role_name = R\nregion = us-east-1\noutput = json\n\n",
        ]);
    }
    let locations = Locations::new("config", "credentials");
    let environment = Environment::default();
    for _ in 0..count {
        let config = SharedConfig::parse(&locations, text.clone(), "")?;
        black_box(SsoProfile::resolve(&config, "p50", &environment)?);
    }
    Ok(())
}

fn token_path(count: u32) -> Result<()> {
    let environment = Environment::from_iter([("HOME", "/home/ana")]);
    for _ in 0..count {
        black_box(standard_cached_token_filepath_in(black_box("dev"), &environment)?);
    }
    Ok(())
}

fn warm_retrieval(count: u32) -> Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let portal =
        tower::service_fn(|_: GetRoleCredentials| async { Ok::<_, Infallible>(credentials()) });
    let token = SsoTokenProvider::builder_without_refresh(token_file()?).build()?;
    let provider = SsoCredentialsProvider::builder(portal, "123456789012".parse()?, "R".parse()?)
        .token_provider(token)
        .build()?;
    let cache = CredentialsCache::new(provider);
    runtime.block_on(async {
        cache.retrieve().await?;
        for _ in 0..count {
            black_box(cache.retrieve().await.context("the cache gave none")?);
        }
        Ok(())
    })
}
