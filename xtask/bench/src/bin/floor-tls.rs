//! Floor of a cold process over TLS: a bundle of certificates into rustls, a handshake, one GET.
//!
//! `floor-tls TOKEN_FILE HOST:PORT ACCOUNT_ID ROLE_NAME BUNDLE`

#![forbid(unsafe_code)]

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
        bail!("five arguments")
    };
    let file = std::fs::read_to_string(file)?;
    let token = sso_bench::access_token(&file)?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(bundle)? {
        roots.add(certificate?)?;
    }
    let config =
        ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
    let (name, _) = host.split_once(':').context("host and port are wanted")?;
    let name = ServerName::try_from(name.to_owned())?;
    let mut tls = ClientConnection::new(Arc::new(config), name)?;
    let mut tcp = TcpStream::connect(host)?;
    tcp.set_nodelay(true)?;
    let mut connection = Stream::new(&mut tls, &mut tcp);
    connection.write_all(sso_bench::request(host, account_id, role_name, token).as_bytes())?;
    let mut answer = Vec::with_capacity(4096);
    connection.read_to_end(&mut answer)?;
    std::io::stdout().write_all(sso_bench::answer_body(&answer)?)?;
    Ok(())
}
