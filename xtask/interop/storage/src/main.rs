//! `object_store` alone, or with OpenDAL and the AWS SDK for Rust on an S3 server:
//! `interop-storage version | watch | storage SSOCREDS READMES`.
//!
//! `version` and `storage` print one line of JSON, or `{"error": ...}` with exit code 1. `watch` prints a
//! line for the credentials of `AmazonS3Builder::from_env` every half second. `storage` uses one login
//! for three clients, across renewals, the end of the session and `ssocreds login`. Then it runs the
//! programs of the READMEs on the same server. SSOCREDS is the program, READMES the directory of those
//! programs.

#![forbid(unsafe_code)]

mod clients;
mod readmes;
mod s3_server;

use std::error::Error;
use std::path::Path;
use std::process::{ExitCode, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use object_store::ClientOptions;
use object_store::aws::AmazonS3Builder;
use serde_json::{Value, json};
use sso_emulator::{Emulator, Home, TokenState};

use clients::Client;
use s3_server::S3Server;

/// Short, so that several renewals fit into a run. The caches renew after half of it, and reqsign signs
/// only with credentials that have 10 seconds left.
const CREDENTIALS_TTL: Duration = Duration::from_secs(28);
const PAUSE: Duration = Duration::from_millis(300);
const TIME_LIMIT: Duration = Duration::from_secs(120);
const RENEWALS: usize = 2;

/// The browser of `ssocreds login`. The emulator allows a login when its page is requested.
const BROWSER: &str = "curl --silent --location --max-time 20 --output /dev/null";

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    // object_store and OpenDAL make an HTTP client that could do TLS, also for plain HTTP.
    let _ = rustls::crypto::ring::default_provider().install_default();
    opendal_http_transport_reqwest::install_default();
    let report = match arguments.as_slice() {
        ["version"] => {
            let version = clients::version("object_store");
            Ok(json!({"version": format!("object_store {version}")}))
        }
        ["watch"] => watch().await,
        ["storage", ssocreds, readmes] => run(ssocreds, Path::new(readmes)).await,
        other => Err(format!("not understood: {other:?}").into()),
    };
    match report {
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            println!("{}", json!({"error": clients::chain(&*error)}));
            ExitCode::FAILURE
        }
    }
}

/// Ends with an error only.
async fn watch() -> Result<Value, Box<dyn Error>> {
    let client = ClientOptions::new().with_allow_http(true);
    let store =
        AmazonS3Builder::from_env().with_bucket_name("any").with_client_options(client).build()?;
    loop {
        let line = match store.credentials().get_credential().await {
            Ok(credential) => json!({"access_key_id": credential.key_id}),
            Err(error) => json!({"error": clients::chain(&error)}),
        };
        println!("{line}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

async fn run(ssocreds: &str, readmes: &Path) -> Result<Value, Box<dyn Error>> {
    let builder = Emulator::builder().rotate_refresh_tokens(true);
    let emulator = Arc::new(builder.credentials_ttl(CREDENTIALS_TTL).start().await?);
    let directory = tempfile::tempdir()?;
    let home = emulator.write_home(directory.path(), TokenState::Valid)?;
    let server = S3Server::start(Arc::clone(&emulator), &clients::NAMES).await?;
    let clients = clients::all(&home, &server).await?;

    let first_key = renew(&clients, &server).await?;
    refuse_wrong_keys(&server, &first_key).await?;
    let errors = end_session(&clients, &emulator).await?;
    log_in(ssocreds, &home).await?;
    for client in &clients {
        client
            .write_and_read("after-login")
            .await
            .map_err(|error| format!("{} did not recover after a login: {error}", client.name()))?;
    }
    let readmes = readmes::run(readmes, &home, &server).await?;

    let report = clients.iter().zip(errors).map(|(client, error)| {
        json!({
            "name": client.name(),
            "version": clients::version(client.name()),
            "renewals": server.keys(client.name()).len() - 1,
            "error": error,
        })
    });
    Ok(json!({"clients": report.collect::<Vec<_>>(), "readmes": readmes}))
}

/// Writes and reads until each client has used the credentials of two renewals. Returns the first
/// access key ID of all.
async fn renew(clients: &[Client], server: &S3Server) -> Result<String, Box<dyn Error>> {
    let deadline = Instant::now() + TIME_LIMIT;
    let mut first_key = None;
    for round in 0.. {
        for client in clients {
            client
                .write_and_read(&format!("round-{round}"))
                .await
                .map_err(|error| format!("{} in round {round}: {error}", client.name()))?;
        }
        let first = server.keys("object_store").into_iter().next();
        first_key = first_key.or(first);
        if clients.iter().all(|client| server.keys(client.name()).len() > RENEWALS) {
            break;
        }
        if Instant::now() > deadline {
            return Err("not every client has renewed its credentials twice".into());
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(first_key.ok_or("the server has seen no key")?)
}

/// A server that takes any key would show nothing.
async fn refuse_wrong_keys(server: &S3Server, first_key: &str) -> Result<(), Box<dyn Error>> {
    let issued = server.emulator().role_credentials(first_key).ok_or("the first key is lost")?;
    while issued.expiration > server.emulator().now() {
        tokio::time::sleep(PAUSE).await;
    }
    let (key, secret, token) =
        (first_key, issued.secret_access_key.as_str(), issued.session_token.as_str());
    for (what, key, secret) in
        [("expired", key, secret), ("unknown", "ASIAUNKNOWNUNKNOWN00", secret), ("wrong", key, "x")]
    {
        if clients::with_static_keys(server, key, secret, token).await.is_ok() {
            return Err(format!("the server took {what} keys").into());
        }
    }
    Ok(())
}

/// Ends the session, and waits until each client fails. Returns their errors.
async fn end_session(
    clients: &[Client],
    emulator: &Emulator,
) -> Result<Vec<String>, Box<dyn Error>> {
    emulator.end_session();
    let deadline = Instant::now() + TIME_LIMIT;
    let mut errors = Vec::new();
    for client in clients {
        errors.push(loop {
            match client.write_and_read("without-login").await {
                Err(error) => break error,
                Ok(()) if Instant::now() > deadline => {
                    return Err(format!("{} still works without a login", client.name()).into());
                }
                Ok(()) => tokio::time::sleep(PAUSE).await,
            }
        });
    }
    Ok(errors)
}

/// Runs `ssocreds login`.
async fn log_in(ssocreds: &str, home: &Home) -> Result<(), Box<dyn Error>> {
    let mut login = home.command(ssocreds);
    login.args(["login", "--profile", &home.profile]).env("BROWSER", BROWSER);
    login.stdin(Stdio::null()).stdout(Stdio::null());
    // The services are in this process.
    let status = tokio::task::spawn_blocking(move || login.status()).await??;
    if status.success() { Ok(()) } else { Err(format!("ssocreds login: {status}").into()) }
}
