//! Files whose size is not known before they are read.

use std::fs;

use sso_files::{FileError, PrivateFile};

/// The kernel reports the size 0 for the files in `/proc`.
#[test]
fn a_file_that_is_longer_than_its_size_is_read_to_the_end() {
    let path = format!("/proc/{}/environ", std::process::id());
    let content = fs::read(&path).unwrap();
    assert!(content.len() > 10);
    let file = PrivateFile::new(&path);
    for limit in [content.len(), 1 << 20] {
        assert!(file.read(limit).unwrap().bytes() == content, "{limit}");
    }
    let error = file.read(content.len() - 1).unwrap_err();
    assert!(matches!(error, FileError::TooLarge { .. }), "{error}");
}
