//! The three clients, each with its adapter and a bucket of its own.

use std::error::Error;
use std::sync::Arc;

use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::{ClientOptions, ObjectStoreExt as _};
use opendal::Operator;
use opendal::services::S3;
use reqsign_core::ProvideCredentialChain;
use sso_aws_sdk::SdkCredentialsProvider;
use sso_emulator::Home;
use sso_object_store::SsoCredentialProvider;
use sso_provider::{CredentialsCache, ProfileProviders};

use crate::s3_server::{S3Server, bucket};

pub const NAMES: [&str; 3] = ["object_store", "opendal", "aws-sdk-s3"];
const REGION: &str = "us-east-1";

pub enum Client {
    ObjectStore(AmazonS3),
    OpenDal(Operator),
    AwsSdk(aws_sdk_s3::Client),
}

/// The version of a client in the lock file.
pub fn version(client: &str) -> &'static str {
    let lock = include_str!("../Cargo.lock");
    let entry = format!("name = \"{client}\"\nversion = \"");
    lock.split(&entry).nth(1).and_then(|rest| rest.split('"').next()).unwrap_or("?")
}

pub async fn all(home: &Home, server: &S3Server) -> Result<[Client; 3], Box<dyn Error>> {
    let providers = ProfileProviders::builder()
        .environment(home.environment.iter().cloned().collect())
        .profile(&home.profile)
        .build()?;
    let cache =
        || Ok::<_, Box<dyn Error>>(CredentialsCache::new(providers.credentials_provider()?));
    let object_store = object_store(server)
        .with_credentials(Arc::new(SsoCredentialProvider::from(cache()?)))
        .build()?;
    let chain =
        ProvideCredentialChain::new().push(sso_reqsign::SsoCredentialProvider::from(cache()?));
    let operator = Operator::new(
        S3::default()
            .bucket(&bucket("opendal"))
            .region(REGION)
            .endpoint(server.url())
            .credential_provider_chain(chain),
    )?;
    let sdk = aws_sdk(server).credentials_provider(SdkCredentialsProvider::from(cache()?)).build();
    Ok([
        Client::ObjectStore(object_store),
        Client::OpenDal(operator),
        Client::AwsSdk(aws_sdk_s3::Client::from_conf(sdk)),
    ])
}

/// Writes with keys of the caller's choice.
pub async fn with_static_keys(
    server: &S3Server,
    key: &str,
    secret: &str,
    token: &str,
) -> Result<(), Box<dyn Error>> {
    let credentials = Credentials::new(key, secret, Some(token.to_owned()), None, "static");
    let sdk = aws_sdk(server).credentials_provider(credentials).build();
    Ok(Client::AwsSdk(aws_sdk_s3::Client::from_conf(sdk)).write_and_read("static").await?)
}

fn object_store(server: &S3Server) -> AmazonS3Builder {
    AmazonS3Builder::new()
        .with_bucket_name(bucket("object_store"))
        .with_region(REGION)
        .with_endpoint(server.url())
        .with_client_options(ClientOptions::new().with_allow_http(true))
}

fn aws_sdk(server: &S3Server) -> aws_sdk_s3::config::Builder {
    aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .region(Region::new(REGION))
        .endpoint_url(server.url())
        .force_path_style(true)
}

impl Client {
    pub fn name(&self) -> &'static str {
        let [object_store, opendal, aws_sdk] = NAMES;
        match self {
            Self::ObjectStore(_) => object_store,
            Self::OpenDal(_) => opendal,
            Self::AwsSdk(_) => aws_sdk,
        }
    }

    /// Writes an object and reads it again. The error is the client's, with its sources.
    pub async fn write_and_read(&self, name: &str) -> Result<(), String> {
        let content = format!("content of {name}");
        let read = match self {
            Self::ObjectStore(store) => through_object_store(store, name, &content).await,
            Self::OpenDal(operator) => through_opendal(operator, name, &content).await,
            Self::AwsSdk(client) => through_aws_sdk(client, name, &content).await,
        };
        let read = read.map_err(|error| chain(&*error))?;
        if read == content.as_bytes() { Ok(()) } else { Err(format!("{name} was read otherwise")) }
    }
}

async fn through_object_store(
    store: &AmazonS3,
    name: &str,
    content: &str,
) -> Result<Vec<u8>, Box<dyn Error>> {
    let path = Path::from(name);
    store.put(&path, content.to_owned().into()).await?;
    Ok(store.get(&path).await?.bytes().await?.to_vec())
}

async fn through_opendal(
    operator: &Operator,
    name: &str,
    content: &str,
) -> Result<Vec<u8>, Box<dyn Error>> {
    operator.write(name, content.to_owned()).await?;
    Ok(operator.read(name).await?.to_vec())
}

async fn through_aws_sdk(
    client: &aws_sdk_s3::Client,
    name: &str,
    content: &str,
) -> Result<Vec<u8>, Box<dyn Error>> {
    let bucket = bucket("aws-sdk-s3");
    let body = content.to_owned().into_bytes().into();
    client.put_object().bucket(&bucket).key(name).body(body).send().await?;
    let object = client.get_object().bucket(&bucket).key(name).send().await?;
    Ok(object.body.collect().await?.to_vec())
}

/// The error and its sources in one line, each text once.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let next = error.to_string();
        if !text.ends_with(&next) {
            text = format!("{text}: {next}");
        }
        source = error.source();
    }
    text
}
