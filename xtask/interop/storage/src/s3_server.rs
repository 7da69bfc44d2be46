//! An S3 server over a directory. It takes the role credentials that the emulator issued, until they
//! expire.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::{S3Auth, SecretKey};
use s3s::path::S3Path;
use s3s::service::S3ServiceBuilder;
use s3s::{S3Result, s3_error};
use s3s_fs::FileSystem;
use sso_emulator::Emulator;
use tempfile::TempDir;
use tokio::net::TcpListener;

pub struct S3Server {
    url: String,
    gate: Gate,
    directory: TempDir,
}

#[derive(Clone)]
struct Gate {
    emulator: Arc<Emulator>,
    /// The keys that were taken, in their order, by bucket.
    keys: Arc<Mutex<BTreeMap<String, Vec<String>>>>,
}

impl S3Server {
    /// Starts the server, with an empty bucket for each client.
    pub async fn start(emulator: Arc<Emulator>, clients: &[&str]) -> Result<Self, Box<dyn Error>> {
        let directory = tempfile::tempdir()?;
        for client in clients {
            std::fs::create_dir(directory.path().join(bucket(client)))?;
        }
        let gate = Gate { emulator, keys: Arc::default() };
        let mut builder = S3ServiceBuilder::new(
            FileSystem::new(directory.path()).map_err(|error| format!("{error:?}"))?,
        );
        builder.set_auth(gate.clone());
        builder.set_access(gate.clone());
        let service = builder.build();

        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let service = service.clone();
                tokio::spawn(async move {
                    let http = auto::Builder::new(TokioExecutor::new());
                    // A client may end a connection as it likes.
                    let _ = http.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Ok(Self { url, gate, directory })
    }

    /// Makes a bucket with one object.
    pub fn add_bucket(&self, name: &str, key: &str, content: &str) -> std::io::Result<()> {
        let bucket = self.directory.path().join(name);
        std::fs::create_dir(&bucket)?;
        std::fs::write(bucket.join(key), content)
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn emulator(&self) -> &Emulator {
        &self.gate.emulator
    }

    /// The keys that a client has used, the first one first.
    pub fn keys(&self, client: &str) -> Vec<String> {
        let keys = self.gate.keys.lock().unwrap_or_else(PoisonError::into_inner);
        keys.get(&bucket(client)).cloned().unwrap_or_default()
    }
}

/// The bucket of the client of that name.
pub fn bucket(client: &str) -> String {
    client.replace('_', "-")
}

#[async_trait::async_trait]
impl S3Auth for Gate {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        let issued = self.emulator.role_credentials(access_key);
        let issued = issued.ok_or_else(|| s3_error!(InvalidAccessKeyId))?;
        if issued.expiration <= self.emulator.now() {
            return Err(s3_error!(ExpiredToken));
        }
        Ok(SecretKey::from(issued.secret_access_key))
    }
}

#[async_trait::async_trait]
impl S3Access for Gate {
    async fn check(&self, context: &mut S3AccessContext<'_>) -> S3Result<()> {
        let Some(credentials) = context.credentials() else {
            return Err(s3_error!(AccessDenied, "the request is not signed"));
        };
        let key = credentials.access_key.clone();
        let issued = self.emulator.role_credentials(&key);
        let sent = context.headers().get("x-amz-security-token");
        let sent = sent.and_then(|token| token.to_str().ok());
        if issued.is_none_or(|issued| sent != Some(&issued.session_token)) {
            return Err(s3_error!(InvalidToken));
        }
        let bucket = match context.s3_path() {
            S3Path::Object { bucket, .. } | S3Path::Bucket { bucket } => bucket.to_string(),
            S3Path::Root => return Ok(()),
        };
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let keys = keys.entry(bucket).or_default();
        if !keys.contains(&key) {
            keys.push(key);
        }
        Ok(())
    }
}
