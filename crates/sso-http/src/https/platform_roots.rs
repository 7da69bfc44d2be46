//! The certificate authorities that the operating system trusts.
//!
//! Reads no environment variables, because the caller decides which of them apply. So it does not
//! use rustls-native-certs or `openssl_probe::probe`, which read `SSL_CERT_FILE` and `SSL_CERT_DIR`
//! of the process.

use std::path::PathBuf;

use rustls::RootCertStore;
#[cfg(any(windows, target_os = "macos"))]
use rustls::pki_types::CertificateDer;

/// The possible paths of the file with all authorities. The first that exists is used.
#[cfg(not(any(windows, target_os = "macos")))]
const BUNDLES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt", // Debian, Ubuntu, Arch, Gentoo, NixOS, Alpine
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // Fedora, RHEL, Amazon Linux
    "/etc/pki/tls/certs/ca-bundle.crt",   // older versions of these
    "/etc/ssl/ca-bundle.pem",             // openSUSE
    "/etc/ssl/cert.pem",                  // OpenBSD, older Alpine
    "/usr/local/etc/ssl/cert.pem",        // FreeBSD
    "/usr/local/share/certs/ca-root-nss.crt", // DragonFly BSD
    "/etc/openssl/certs/ca-certificates.crt", // NetBSD
    "/etc/certs/ca-certificates.crt",     // illumos
];

/// Returns the bundle and the directories of the store. Empty if the store is not in files.
#[cfg(not(any(windows, target_os = "macos")))]
pub(super) fn in_files() -> (Option<PathBuf>, Vec<PathBuf>) {
    let bundle = BUNDLES.iter().map(PathBuf::from).find(|bundle| bundle.exists());
    (bundle, openssl_probe::candidate_cert_dirs().map(PathBuf::from).collect())
}

/// Returns the bundle and the directories of the store. Empty if the store is not in files.
#[cfg(any(windows, target_os = "macos"))]
pub(super) fn in_files() -> (Option<PathBuf>, Vec<PathBuf>) {
    (None, Vec::new())
}

/// Adds the certificates of a store that is not in files. Returns the first problem.
#[cfg(not(any(windows, target_os = "macos")))]
pub(super) fn add_from_system(_: &mut RootCertStore) -> Option<String> {
    None
}

/// Adds the certificates of a store that is not in files. Returns the first problem.
#[cfg(windows)]
pub(super) fn add_from_system(store: &mut RootCertStore) -> Option<String> {
    // The user's store contains the machine's certificates, too.
    let system = match schannel::cert_store::CertStore::open_current_user("ROOT") {
        Ok(system) => system,
        Err(error) => return Some(format!("the store of Windows cannot be opened: {error}")),
    };
    let authorities = system.certs().filter(is_for_servers);
    let authorities = authorities.map(|it| CertificateDer::from(it.to_der().to_vec()));
    store.add_parsable_certificates(authorities);
    None
}

/// Returns `true` if the certificate is valid now and may be used for TLS servers.
#[cfg(windows)]
fn is_for_servers(certificate: &schannel::cert_context::CertContext) -> bool {
    use schannel::cert_context::ValidUses;

    const SERVER_AUTHENTICATION: &str = "1.3.6.1.5.5.7.3.1";
    let is_usable = certificate.valid_uses().is_ok_and(|uses| match uses {
        ValidUses::All => true,
        ValidUses::Oids(uses) => uses.iter().any(|oid| oid == SERVER_AUTHENTICATION),
    });
    is_usable && certificate.is_time_valid().unwrap_or(false)
}

/// Adds the certificates of a store that is not in files. Returns the first problem.
#[cfg(target_os = "macos")]
pub(super) fn add_from_system(store: &mut RootCertStore) -> Option<String> {
    use security_framework::trust_settings::{Domain, TrustSettings, TrustSettingsForCertificate};

    let mut problem = None;
    let mut is_trusted = std::collections::HashMap::new();
    // The user's settings override the administrator's, and these override the system's.
    for domain in [Domain::User, Domain::Admin, Domain::System] {
        let settings = TrustSettings::new(domain);
        let certificates = match settings.iter() {
            Ok(certificates) => certificates,
            Err(error) => {
                problem.get_or_insert_with(|| error.to_string());
                continue;
            }
        };
        for certificate in certificates {
            match settings.tls_trust_settings_for_certificate(&certificate) {
                Ok(setting) => {
                    use TrustSettingsForCertificate::{TrustAsRoot, TrustRoot};
                    // An authority without a setting for TLS is trusted.
                    let trusts = matches!(setting, None | Some(TrustRoot | TrustAsRoot));
                    is_trusted.entry(certificate.to_der()).or_insert(trusts);
                }
                Err(error) => {
                    problem.get_or_insert_with(|| error.to_string());
                }
            }
        }
    }
    let trusted = is_trusted.into_iter().filter(|(_, trusts)| *trusts);
    store.add_parsable_certificates(trusted.map(|(der, _)| CertificateDer::from(der)));
    problem
}
