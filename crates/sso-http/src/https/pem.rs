//! Certificate authorities out of PEM files, into what rustls verifies with.
//!
//! Not responsible for which files. A platform's bundle holds some 140 certificates, and reading it
//! is most of what a program that makes one HTTPS request does. The usual form (RFC 7468, nothing but
//! certificates and comments) is therefore read here, by lines and with a quick base64 decoder; as
//! soon as anything is out of the ordinary, rustls's own reader reads the whole file instead, so
//! that what is accepted does not depend on the way taken.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
const END: &[u8] = b"-----END CERTIFICATE-----";

/// Adds the certificates in the file that can be used as authorities, and says how many there are;
/// an error says why the file cannot be read. Blocks.
pub(super) fn add_file(store: &mut RootCertStore, path: &Path) -> Result<usize, String> {
    let text = fs::read(path).map_err(|error| error.to_string())?;
    let before = store.len();
    if usual(&text, store).is_none() {
        store.roots.truncate(before);
        let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
        store.add_parsable_certificates(certificates.map_err(|error| error.to_string())?);
    }
    Ok(store.len() - before)
}

/// `None`: this is not the usual form.
fn usual(text: &[u8], store: &mut RootCertStore) -> Option<()> {
    let mut base64 = Vec::with_capacity(4096);
    let mut der = vec![0; 3072];
    let mut inside = false;
    for line in text.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match (inside, line) {
            (false, BEGIN) => {
                inside = true;
                base64.clear();
            }
            (true, END) => {
                inside = false;
                der.resize(der.len().max(base64.len()), 0);
                let length = STANDARD.decode_slice_unchecked(&base64, &mut der).ok()?;
                // One that is no authority is left out, as rustls's add_parsable_certificates does.
                let _ = store.add(CertificateDer::from(der.get(..length)?));
            }
            (_, line) if line.starts_with(b"-----") => return None,
            (true, line) => base64.extend_from_slice(line),
            // Between certificates: comments.
            (false, _) => {}
        }
    }
    (!inside).then_some(())
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair};

    use super::*;

    fn certificate(name: &str) -> String {
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().pem()
    }

    /// As rustls's own reader has it: the subjects and keys that are trusted.
    fn expected(text: &str) -> RootCertStore {
        let mut store = RootCertStore::empty();
        let certificates = CertificateDer::pem_slice_iter(text.as_bytes());
        store.add_parsable_certificates(certificates.map(Result::unwrap));
        store
    }

    #[test]
    fn the_usual_form_is_read_as_rustls_reads_it() {
        let (one, two) = (certificate("one"), certificate("two"));
        let cases = [
            String::new(),
            "nothing\n".to_owned(),
            format!("{one}{two}"),
            format!("# a comment\n\n{one}\n\nAnother\n=======\n{two}"),
            format!("{one}{two}").replace('\n', "\r\n"),
            one.trim_end().to_owned(),
            // A certificate in form only.
            format!("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n{one}"),
        ];
        for text in cases {
            let mut store = RootCertStore::empty();
            usual(text.as_bytes(), &mut store).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(store.roots, expected(&text).roots, "{text}");
        }
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "fixtures of a test")]
    fn any_other_form_is_left_to_rustls() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ca.pem");
        let one = certificate("one");
        let cases = [
            // A private key beside it, a trusted certificate of OpenSSL's, one in a single line.
            format!("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n{one}"),
            format!("-----BEGIN X-----\nAAAA\n-----END X-----\n{one}"),
            one.replace("\nMII", "\n MII"),
        ];
        for text in cases {
            let mut store = RootCertStore::empty();
            assert!(usual(text.as_bytes(), &mut store).is_none(), "{text}");
            fs::write(&path, &text).unwrap();
            let mut store = RootCertStore::empty();
            assert_eq!(add_file(&mut store, &path).unwrap(), 1, "{text}");
            assert_eq!(store.roots, expected(&text).roots, "{text}");
        }
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "fixtures of a test")]
    fn what_cannot_be_read_is_said() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ca.pem");
        let mut store = RootCertStore::empty();
        assert!(add_file(&mut store, &path).is_err());
        fs::write(&path, "-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----\n").unwrap();
        assert!(add_file(&mut store, &path).is_err());
        fs::write(&path, "-----BEGIN CERTIFICATE-----\nAAAA\n").unwrap();
        assert!(add_file(&mut store, &path).is_err());
        assert!(store.is_empty());
    }
}
