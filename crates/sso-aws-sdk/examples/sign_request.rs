//! Signs a request to AWS STS with credentials from an SSO login, and sends it.
//!
//! It uses no network: an emulated SSO portal returns the credentials, and a local socket in place
//! of STS prints the request. Run it with `cargo run -p sso-aws-sdk --example sign_request`.

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;

use aws_credential_types::provider::ProvideCredentials as _;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use sso_aws_sdk::SdkCredentialsProvider;
use sso_emulator::{Emulator, TokenState};
use sso_provider::{CredentialsCache, ProfileProviders};
use sso_types::{Clock as _, SystemClock};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    // With your own login, use SdkCredentialsProvider::from_profile(name).await?
    let emulator = Emulator::builder().start().await?;
    let directory = tempfile::tempdir()?;
    let home = emulator.write_home(directory.path(), TokenState::Expired)?;
    let providers = ProfileProviders::builder()
        .environment(home.environment.into_iter().collect())
        .profile(home.profile)
        .build()?;
    let provider = CredentialsCache::new(providers.credentials_provider()?);
    let provider = SdkCredentialsProvider::from(provider);

    let sts = TcpListener::bind("127.0.0.1:0").await?;
    let host = sts.local_addr()?.to_string();
    let request = signed_request(&provider, &host).await?;
    let (received, sent) = tokio::join!(receive(&sts), send(&host, &request));
    sent?;
    println!("{}", received?);
    Ok(())
}

/// Returns the bytes of a signed `GetCallerIdentity` request.
async fn signed_request(
    provider: &SdkCredentialsProvider,
    host: &str,
) -> Result<String, Box<dyn Error>> {
    let credentials = provider.provide_credentials().await?;
    let uri = format!("http://{host}/?Action=GetCallerIdentity&Version=2011-06-15");
    let mut request = http::Request::get(&uri).header("host", host).body(())?;

    let identity = credentials.into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region("us-east-1")
        .name("sts")
        .time(sso_types::system_time(SystemClock.now()))
        .settings(SigningSettings::default())
        .build()?
        .into();
    let headers = [("host", host)].into_iter();
    let signable = SignableRequest::new("GET", &uri, headers, SignableBody::Bytes(&[]))?;
    let (instructions, _signature) = sign(signable, &parameters)?.into_parts();
    instructions.apply_to_request_http1x(&mut request);

    let path = request.uri().path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    let mut text = format!("GET {path} HTTP/1.1\r\n");
    for (name, value) in request.headers() {
        text.extend([name.as_str(), ": ", value.to_str()?, "\r\n"]);
    }
    Ok(text + "\r\n")
}

async fn send(host: &str, request: &str) -> Result<(), Box<dyn Error>> {
    TcpStream::connect(host).await?.write_all(request.as_bytes()).await?;
    Ok(())
}

/// Returns the request that STS received, with a shortened session token.
async fn receive(sts: &TcpListener) -> Result<String, Box<dyn Error>> {
    let (mut connection, _) = sts.accept().await?;
    let mut request = String::new();
    connection.read_to_string(&mut request).await?;
    let lines = request.lines().map(|line| match line.split_once("x-amz-security-token: ") {
        Some((_, token)) => {
            format!("x-amz-security-token: {}…", token.chars().take(10).collect::<String>())
        }
        None => line.to_owned(),
    });
    Ok(lines.collect::<Vec<_>>().join("\n"))
}
