//! TLS: trusted and rejected certificates, and the sources of trusted authorities.

use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use sso_http::{CertificateProblem, Endpoint, HttpsClient, Portal, ServiceError, TransportError};
use sso_types::Environment;
use tempfile::TempDir;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use crate::operations::get_role_credentials;
use crate::server::{CREDENTIALS, Reply, Server, json};

/// A test certificate authority.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn new() -> Self {
        Self::named("an authority")
    }

    pub(crate) fn named(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// Writes the certificate to a file and returns its path.
    #[expect(clippy::disallowed_methods, reason = "a fixture of a test")]
    pub(crate) fn bundle(&self, directory: &TempDir) -> PathBuf {
        let path = directory.path().join("ca.pem");
        std::fs::write(&path, self.0.pem()).unwrap();
        path
    }

    pub(crate) fn server(&self, names: &[&str]) -> TlsAcceptor {
        self.server_with(names, |_| ())
    }

    pub(crate) fn server_with(
        &self,
        names: &[&str],
        edit: impl FnOnce(&mut CertificateParams),
    ) -> TlsAcceptor {
        self.server_speaking(names, rustls::DEFAULT_VERSIONS, &[], edit)
    }

    pub(crate) fn server_speaking(
        &self,
        names: &[&str],
        versions: &[&'static rustls::SupportedProtocolVersion],
        protocols: &[&[u8]],
        edit: impl FnOnce(&mut CertificateParams),
    ) -> TlsAcceptor {
        let names: Vec<_> = names.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(names).unwrap();
        edit(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
            )
            .unwrap();
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        TlsAcceptor::from(Arc::new(config))
    }
}

async fn call(https: HttpsClient, url: &str) -> Result<(), ServiceError> {
    let endpoint = url.parse::<Endpoint>().unwrap().with_origin("a test");
    Portal::with_endpoint(https, endpoint).oneshot(get_role_credentials()).await.map(drop)
}

fn problem(error: &ServiceError) -> CertificateProblem {
    let Some(TransportError::Certificate { problem, .. }) = error.transport() else {
        panic!("{error:?}")
    };
    assert!(!error.is_transient() && !error.may_have_been_sent());
    *problem
}

#[tokio::test]
async fn a_bundle_is_trusted_with_tls_1_2_and_1_3() {
    let directory = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let bundle = authority.bundle(&directory);
    for versions in [&[&rustls::version::TLS12], &[&rustls::version::TLS13]] {
        let tls = authority.server_speaking(&["localhost", "127.0.0.1"], versions, &[], |_| ());
        let server = Server::start_tls([json(200, CREDENTIALS)], tls).await;
        for host in ["localhost", "127.0.0.1"] {
            let https = HttpsClient::builder().ca_bundle(&bundle).build().unwrap();
            let url = format!("https://{host}:{}", server.address.port());
            call(https, &url).await.unwrap();
            let host = format!("{host}:{}", server.address.port());
            assert_eq!(server.requests().last().unwrap().header("host"), Some(host.as_str()));
        }
    }
}

#[tokio::test]
async fn invalid_certificates_are_rejected_with_their_problem() {
    let directory = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let bundle = authority.bundle(&directory);
    let check = async |tls: TlsAcceptor| {
        let server = Server::start_tls([json(200, CREDENTIALS)], tls).await;
        let https = HttpsClient::builder().ca_bundle(&bundle).build().unwrap();
        let error = call(https, &format!("https://{}", server.address)).await.unwrap_err();
        assert!(server.requests().is_empty(), "the token was not sent");
        assert_eq!(
            server.connections(),
            1,
            "there are no more authorities to load, so no second attempt"
        );
        problem(&error)
    };
    let names = &["127.0.0.1"];
    let expired =
        authority.server_with(names, |params| params.not_after = date_time_ymd(2020, 1, 1));
    assert_eq!(check(expired).await, CertificateProblem::Expired);
    let early =
        authority.server_with(names, |params| params.not_before = date_time_ymd(2999, 1, 1));
    assert_eq!(check(early).await, CertificateProblem::NotYetValid);
    let other = authority.server(&["portal.sso.us-east-1.amazonaws.com", "127.0.0.2"]);
    assert_eq!(check(other).await, CertificateProblem::WrongName);
    for name in ["another authority", "an authority"] {
        let untrusted = Authority::named(name).server(names);
        assert_eq!(check(untrusted).await, CertificateProblem::UnknownAuthority, "{name}");
    }
}

/// rustls-webpki checks the key usage of an authority only for revocation lists. See
/// docs/SECURITY.md.
#[tokio::test]
async fn a_root_without_key_cert_sign_is_trusted() {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![rcgen::KeyUsagePurpose::DigitalSignature];
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let authority = Authority(issuer);
    let directory = tempfile::tempdir().unwrap();
    let bundle = authority.bundle(&directory);
    let server =
        Server::start_tls([json(200, CREDENTIALS)], authority.server(&["127.0.0.1"])).await;
    let https = HttpsClient::builder().ca_bundle(&bundle).build().unwrap();
    call(https, &format!("https://{}", server.address)).await.unwrap();
}

#[tokio::test]
async fn a_server_without_tls_is_a_tls_error() {
    let directory = tempfile::tempdir().unwrap();
    let bundle = Authority::new().bundle(&directory);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut tcp, _) = listener.accept().await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut tcp, b"HTTP/1.1 400 Bad Request\r\n\r\n")
            .await
            .unwrap();
        // Reads the request, so that the connection is closed without a reset.
        let _ = tokio::io::AsyncReadExt::read(&mut tcp, &mut [0; 4096]).await;
    });
    let https = HttpsClient::builder().ca_bundle(&bundle).build().unwrap();
    let error = call(https, &format!("https://{address}")).await.unwrap_err();
    assert!(matches!(error.transport(), Some(TransportError::Tls { .. })), "{error:?}");
    assert!(!error.is_transient() && !error.may_have_been_sent());
}

#[tokio::test]
async fn a_connection_closed_during_the_handshake_is_transient() {
    let directory = tempfile::tempdir().unwrap();
    let bundle = Authority::new().bundle(&directory);
    for reset in [true, false] {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut tcp, _) = listener.accept().await.unwrap();
            let _ = tokio::io::AsyncReadExt::read(&mut tcp, &mut [0; 16]).await;
            if reset {
                tcp.set_zero_linger().unwrap();
            }
        });
        let https = HttpsClient::builder().ca_bundle(&bundle).build().unwrap();
        let error = call(https, &format!("https://{address}")).await.unwrap_err();
        assert!(matches!(error.transport(), Some(TransportError::Connect { .. })), "{error:?}");
        assert!(error.is_transient() && !error.may_have_been_sent());
    }
}

#[tokio::test]
async fn certificates_are_read_from_the_file_and_directories_of_the_environment() {
    let directory = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let bundle = authority.bundle(&directory);
    let server =
        Server::start_tls([json(200, CREDENTIALS)], authority.server(&["127.0.0.1"])).await;
    let other = tempfile::tempdir().unwrap();
    let untrusted = Authority::new().bundle(&other);
    let url = format!("https://{}", server.address);
    let with = |variables: &[(&str, &PathBuf)]| {
        let environment: Environment = variables.iter().copied().collect();
        HttpsClient::from_environment(&environment).unwrap()
    };
    call(with(&[("SSL_CERT_FILE", &bundle)]), &url).await.unwrap();
    call(with(&[("AWS_CA_BUNDLE", &bundle)]), &url).await.unwrap();
    // Certificates in the directory are trusted too, with or without a file.
    let own = directory.path().to_owned();
    call(with(&[("SSL_CERT_FILE", &untrusted), ("SSL_CERT_DIR", &own)]), &url).await.unwrap();
    call(with(&[("SSL_CERT_DIR", &own)]), &url).await.unwrap();
    let (missing, other_directory) = (own.join("missing.pem"), other.path().to_owned());
    call(with(&[("SSL_CERT_FILE", &missing), ("SSL_CERT_DIR", &own)]), &url).await.unwrap();
    let list = PathBuf::from(std::env::join_paths([&other_directory, &own]).unwrap());
    call(with(&[("SSL_CERT_FILE", &untrusted), ("SSL_CERT_DIR", &list)]), &url).await.unwrap();
    let neither = with(&[("SSL_CERT_FILE", &untrusted), ("SSL_CERT_DIR", &other_directory)]);
    let error = call(neither, &url).await.unwrap_err();
    assert_eq!(problem(&error), CertificateProblem::UnknownAuthority);
    // The bundle replaces everything else.
    let both = with(&[("AWS_CA_BUNDLE", &untrusted), ("SSL_CERT_FILE", &bundle)]);
    let error = call(both, &url).await.unwrap_err();
    assert_eq!(problem(&error), CertificateProblem::UnknownAuthority);
    let both = with(&[("AWS_CA_BUNDLE", &bundle), ("SSL_CERT_FILE", &untrusted)]);
    call(both, &url).await.unwrap();
}

#[tokio::test]
async fn variables_of_the_process_are_not_read() {
    let directory = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let bundle = authority.bundle(&directory);
    let server =
        Server::start_tls([json(200, CREDENTIALS)], authority.server(&["127.0.0.1"])).await;
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    child.args(["tls::child_with_certificates_in_its_environment", "--exact", "--nocapture"]);
    child.env(CHILD_URL, format!("https://{}", server.address));
    child.env("SSL_CERT_FILE", &bundle).env("SSL_CERT_DIR", directory.path());
    let output = tokio::task::spawn_blocking(move || child.output()).await.unwrap().unwrap();
    let output = String::from_utf8(output.stdout).unwrap();
    assert!(output.contains("trusted with the variable: true, without: false"), "{output}");
}

const CHILD_URL: &str = "SSO_HTTP_TEST_URL";

/// Runs in the child process of the test above. Does nothing in the parent.
#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "the environment that the parent process gave")]
async fn child_with_certificates_in_its_environment() {
    let Ok(url) = std::env::var(CHILD_URL) else { return };
    let bundle = std::env::var_os("SSL_CERT_FILE").unwrap();
    let given = Environment::default().with("SSL_CERT_FILE", bundle);
    let trusts = async |environment: &Environment| {
        call(HttpsClient::from_environment(environment).unwrap(), &url).await.is_ok()
    };
    let (with, without) = (trusts(&given).await, trusts(&Environment::default()).await);
    println!("trusted with the variable: {with}, without: {without}");
}

#[tokio::test]
async fn an_authority_that_the_platform_does_not_trust_is_refused() {
    let tls = Authority::new().server(&["127.0.0.1"]);
    let server = Server::start_tls([json(200, CREDENTIALS)], tls).await;
    let https = HttpsClient::from_environment(&Environment::default()).unwrap();
    let error = call(https, &format!("https://{}", server.address)).await.unwrap_err();
    // Not "no certificate authorities to trust": the store was found, and has certificates.
    assert_eq!(problem(&error), CertificateProblem::UnknownAuthority);
}

#[tokio::test]
async fn the_error_names_the_configured_certificates() {
    let directory = tempfile::tempdir().unwrap();
    let bundle = Authority::new().bundle(&directory);
    let tls = Authority::new().server(&["127.0.0.1"]);
    let server = Server::start_tls([json(200, CREDENTIALS)], tls).await;
    let url = format!("https://{}", server.address);
    let of = |variable: &str| {
        let environment = Environment::default().with(variable, &bundle);
        HttpsClient::builder().certificates_from(&environment)
    };
    for (https, name) in [
        (of("AWS_CA_BUNDLE"), "the CA bundle BUNDLE (set by AWS_CA_BUNDLE)"),
        (of("SSL_CERT_FILE"), "the certificates in BUNDLE (set by SSL_CERT_FILE)"),
        (HttpsClient::builder().ca_bundle(&bundle), "the CA bundle BUNDLE"),
        (
            HttpsClient::builder().ca_bundle(&bundle).ca_bundle_origin("ca_bundle of [profile x]"),
            "the CA bundle BUNDLE (set by ca_bundle of [profile x])",
        ),
    ] {
        let error = call(https.build().unwrap(), &url).await.unwrap_err();
        let text = error.transport().unwrap().to_string();
        let text = text.replace(bundle.to_str().unwrap(), "BUNDLE");
        let host = server.address;
        assert_eq!(
            text,
            format!(
                "the certificate of {host} is not valid: it is signed by an authority that is not in \
                 {name}; if your network inspects TLS, add its root certificate there"
            )
        );
        assert!(!error.is_transient(), "a retry would not help");
    }
    // For the platform's store there is no setting to name.
    let error = call(HttpsClient::builder().build().unwrap(), &url).await.unwrap_err();
    let text = error.transport().unwrap().to_string();
    assert!(text.contains("AWS_CA_BUNDLE") || text.contains("ca-certificates"), "{text}");
}

#[tokio::test]
async fn the_error_names_the_variable_of_certificates_that_cannot_be_used() {
    let directory = tempfile::tempdir().unwrap();
    let (missing, empty) = (directory.path().join("missing"), directory.path().to_owned());
    for (variable, path) in
        [("SSL_CERT_FILE", &missing), ("SSL_CERT_DIR", &missing), ("SSL_CERT_DIR", &empty)]
    {
        let server = Server::start([Reply::Stall(Vec::new())]).await;
        let environment = Environment::default().with(variable, path);
        let https = HttpsClient::from_environment(&environment).unwrap();
        let error = call(https, &format!("https://{}", server.address)).await.unwrap_err();
        let Some(TransportError::TrustStore { reason, .. }) = error.transport() else {
            panic!("{error:?}")
        };
        let named = format!("the certificates in {} (set by {variable}) ", path.display());
        assert!(reason.starts_with(&named) && reason.ends_with("; correct the path"), "{reason}");
    }
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "fixtures of a test")]
async fn the_error_names_a_bundle_that_cannot_be_used() {
    let directory = tempfile::tempdir().unwrap();
    let (missing, empty) = (directory.path().join("missing.pem"), directory.path().join("e.pem"));
    std::fs::write(&empty, "nothing\n").unwrap();
    for path in [&missing, &empty, &directory.path().to_owned()] {
        let server = Server::start([Reply::Stall(Vec::new())]).await;
        let https = HttpsClient::builder().ca_bundle(path).build().unwrap();
        let error = call(https, &format!("https://{}", server.address)).await.unwrap_err();
        let Some(TransportError::TrustStore { reason, .. }) = error.transport() else {
            panic!("{error:?}")
        };
        assert!(reason.contains(path.to_str().unwrap()), "{reason}");
        assert!(!error.is_transient() && !error.may_have_been_sent());
    }
}

#[tokio::test]
async fn plain_http_needs_no_certificates() {
    let server = Server::start([json(200, CREDENTIALS)]).await;
    let https = HttpsClient::builder().ca_bundle("/nonexistent").build().unwrap();
    call(https, &server.url()).await.unwrap();
}
