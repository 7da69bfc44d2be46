//! The floor of a cold process over TLS: reads a token file and a bundle of certificates, sends one
//! request and prints the answer. It takes well-formed input for granted.
//!
//! `sso-bench-floor TOKEN_FILE HOST:PORT ACCOUNT_ID ROLE_NAME BUNDLE`

#![forbid(unsafe_code)]
#![allow(clippy::disallowed_methods, reason = "it does only what the job needs")]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, Stream};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, host, account_id, role_name, bundle] = arguments.as_slice() else {
        bail!("five arguments are needed")
    };
    let file = std::fs::read_to_string(file)?;
    let (_, token) = file.split_once("\"accessToken\"").context("no access token")?;
    let token = token.split('"').nth(1).context("no access token")?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(bundle)? {
        roots.add(certificate?)?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let (name, _) = host.split_once(':').context("no port")?;
    let mut tls = ClientConnection::new(Arc::new(config), ServerName::try_from(name.to_owned())?)?;
    let mut tcp = TcpStream::connect(host)?;
    tcp.set_nodelay(true)?;
    let mut connection = Stream::new(&mut tls, &mut tcp);
    write!(
        connection,
        "GET /federation/credentials?account_id={account_id}&role_name={role_name} HTTP/1.1\r\n\
         host: {host}\r\nx-amz-sso_bearer_token: {token}\r\nconnection: close\r\n\r\n"
    )?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer)?;
    anyhow::ensure!(answer.starts_with("HTTP/1.1 200"), "refused: {answer}");
    let (_, body) = answer.split_once("\r\n\r\n").context("no body")?;
    Ok(std::io::stdout().write_all(body.as_bytes())?)
}
