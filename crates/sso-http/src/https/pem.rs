//! Reads certificate authorities from PEM files, for rustls.
//!
//! A platform's bundle contains about 140 certificates. Reading it takes most of the time of a
//! program that makes one HTTPS request. So a fast parser reads files in the usual form, which is
//! RFC 7468 with only certificates and comments. If a file contains anything else, the parser of
//! rustls reads the whole file. So every file that rustls accepts is accepted.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
const END: &[u8] = b"-----END CERTIFICATE-----";

/// The largest accepted file, in bytes. Much larger than a file with all existing authorities.
const MAX_FILE_SIZE: usize = 16 << 20;

/// Reads a file, adds those of its certificates that can be parsed, and returns their number.
/// Blocks.
///
/// If the file cannot be read, adds none and returns the reason.
pub(super) fn add_file(store: &mut RootCertStore, path: &Path) -> Result<usize, String> {
    let before = store.len();
    match add(store, path) {
        Ok(()) => Ok(store.len() - before),
        Err(problem) => {
            store.roots.truncate(before);
            Err(problem)
        }
    }
}

/// Adds the certificates of all files in a directory, each certificate once. Blocks.
///
/// A file often has several names, but is read once. If files cannot be read, the others are added,
/// and the first error is returned.
pub(super) fn add_directory(store: &mut RootCertStore, directory: &Path) -> Result<(), String> {
    let at = |path: &Path, why: &dyn Display| Err(format!("{}: {why}", path.display()));
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) => return at(directory, &error),
    };
    let (mut files, mut problem) = (BTreeSet::new(), Ok(()));
    for entry in entries {
        match entry.and_then(|entry| regular_file(&entry.path())) {
            Ok(file) => files.extend(file),
            Err(error) => problem = problem.and(at(directory, &error)),
        }
    }
    for file in files {
        if let Err(why) = add(store, &file) {
            problem = problem.and(at(&file, &why));
        }
    }
    // Some distributions also keep a bundle of all certificates in the directory.
    let mut once = Vec::with_capacity(store.roots.len());
    for root in store.roots.drain(..) {
        if !once.contains(&root) {
            once.push(root);
        }
    }
    store.roots = once;
    problem
}

/// Follows links to a regular file. Returns `None` if there is no file, or if it is not a regular
/// one.
fn regular_file(name: &Path) -> io::Result<Option<PathBuf>> {
    match fs::canonicalize(name) {
        Ok(path) => Ok(Some(path).filter(|path| path.is_file())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Reads a file, and adds those of its certificates that can be parsed. Returns the first error.
fn add(store: &mut RootCertStore, path: &Path) -> Result<(), String> {
    let text = read(path).map_err(|error| error.to_string())?;
    let before = store.len();
    if add_usual_form(&text, store).is_some() {
        return Ok(());
    }
    store.roots.truncate(before);
    let mut problem = Ok(());
    for certificate in CertificateDer::pem_slice_iter(&text) {
        match certificate {
            // A certificate that cannot be parsed is left out.
            Ok(certificate) => drop(store.add(certificate)),
            Err(error) => problem = problem.and(Err(error.to_string())),
        }
    }
    problem
}

/// Reads the whole file. Fails if the file is too long, or if it is a pipe, which may never end.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let metadata = fs::metadata(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt as _;

        if metadata.file_type().is_fifo() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is a pipe"));
        }
    }
    let size = usize::try_from(metadata.len()).unwrap_or(usize::MAX).min(MAX_FILE_SIZE);
    let mut bytes = Vec::with_capacity(size);
    fs::File::open(path)?.take(MAX_FILE_SIZE as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > MAX_FILE_SIZE {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it is longer than 16 MiB"));
    }
    Ok(bytes)
}

/// Adds the certificates of a file in the usual form. Returns `None` for any other file.
fn add_usual_form(text: &[u8], store: &mut RootCertStore) -> Option<()> {
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
                // A certificate that cannot be parsed is left out, as in rustls's
                // add_parsable_certificates.
                let _ = store.add(CertificateDer::from(der.get(..length)?));
            }
            (_, line) if line.starts_with(b"-----") => return None,
            (true, line) => base64.extend_from_slice(line),
            // Lines between certificates are comments.
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
        let pem = params.self_signed(&KeyPair::generate().unwrap()).unwrap().pem();
        pem.replace("\r\n", "\n") // the line ends of rcgen on Windows
    }

    /// The trusted subjects and keys, as rustls's parser reads them.
    fn expected(text: &str) -> RootCertStore {
        let mut store = RootCertStore::empty();
        let certificates = CertificateDer::pem_slice_iter(text.as_bytes());
        store.add_parsable_certificates(certificates.map(Result::unwrap));
        store
    }

    #[test]
    fn the_fast_parser_agrees_with_rustls() {
        let (one, two) = (certificate("one"), certificate("two"));
        let cases = [
            String::new(),
            "nothing\n".to_owned(),
            format!("{one}{two}"),
            format!("# a comment\n\n{one}\n\nAnother\n=======\n{two}"),
            format!("{one}{two}").replace('\n', "\r\n"),
            one.trim_end().to_owned(),
            // A PEM certificate with invalid content.
            format!("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n{one}"),
        ];
        for text in cases {
            let mut store = RootCertStore::empty();
            add_usual_form(text.as_bytes(), &mut store).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(store.roots, expected(&text).roots, "{text}");
        }
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "fixtures of a test")]
    fn files_in_another_form_are_parsed_by_rustls() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ca.pem");
        let one = certificate("one");
        let cases = [
            // A private key, another label, and an indented line.
            format!("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n{one}"),
            format!("-----BEGIN X-----\nAAAA\n-----END X-----\n{one}"),
            one.replace("\nMII", "\n MII"),
        ];
        for text in cases {
            let mut store = RootCertStore::empty();
            assert!(add_usual_form(text.as_bytes(), &mut store).is_none(), "{text}");
            fs::write(&path, &text).unwrap();
            let mut store = RootCertStore::empty();
            assert_eq!(add_file(&mut store, &path).unwrap(), 1, "{text}");
            assert_eq!(store.roots, expected(&text).roots, "{text}");
        }
    }

    #[cfg(unix)]
    #[test]
    #[expect(clippy::disallowed_methods, reason = "fixtures of a test")]
    fn each_certificate_in_a_directory_is_added_once() {
        use std::os::unix::fs::symlink;

        use rustls::pki_types::TrustAnchor;

        let (directory, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (one, two, three) = (certificate("one"), certificate("two"), certificate("three"));
        let inside = |name: &str| directory.path().join(name);
        fs::write(inside("one.pem"), &one).unwrap();
        fs::write(elsewhere.path().join("two.crt"), &two).unwrap();
        symlink(elsewhere.path().join("two.crt"), inside("two.pem")).unwrap();
        symlink(inside("two.pem"), inside("0a1b2c3d.0")).unwrap();
        fs::write(inside("all.crt"), format!("{one}{two}")).unwrap();
        fs::write(inside("no certificate"), [0xFF, 0]).unwrap();
        fs::create_dir(inside("java")).unwrap();
        symlink("/nonexistent", inside("dangling.pem")).unwrap();
        let mut store = RootCertStore::empty();
        add_directory(&mut store, directory.path()).unwrap();
        let mut found = store.roots.clone();
        // Sorted by key, since the subjects are equal and the order of files is random.
        let by_key = |a: &TrustAnchor<'_>, b: &TrustAnchor<'_>| {
            a.subject_public_key_info.cmp(&b.subject_public_key_info)
        };
        found.sort_by(by_key);
        let mut wanted = expected(&format!("{one}{two}")).roots;
        wanted.sort_by(by_key);
        assert_eq!(found, wanted);

        // An invalid certificate is an error, but all others are added.
        let broken = "-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----\n";
        fs::write(inside("broken.pem"), format!("{broken}{three}")).unwrap();
        let problem = add_directory(&mut store, directory.path()).unwrap_err();
        assert!(problem.contains("broken.pem"), "{problem}");
        assert_eq!(store.len(), 3);
        assert!(add_directory(&mut store, &inside("missing")).unwrap_err().contains("missing"));
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "fixtures of a test")]
    fn a_file_that_cannot_be_read_is_an_error_and_adds_nothing() {
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
