//! Parses environment variables from text, one line `NAME=VALUE` for each.

use std::ffi::OsString;

use sso_types::Environment;

/// The environment that the lines describe. Lines without `=` are skipped.
pub(crate) fn environment(lines: &[u8]) -> Environment {
    pairs(lines).map(|(name, value)| (os_string(name), os_string(value))).collect()
}

/// The names and values.
pub(crate) fn pairs(lines: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    lines.split(|&byte| byte == b'\n').filter_map(|line| {
        let equals = line.iter().position(|&byte| byte == b'=')?;
        Some((line.get(..equals)?, line.get(equals + 1..)?))
    })
}

/// The bytes as an `OsString`.
#[cfg(unix)]
pub(crate) fn os_string(bytes: &[u8]) -> OsString {
    std::os::unix::ffi::OsStringExt::from_vec(bytes.to_owned())
}

#[cfg(not(unix))]
pub(crate) fn os_string(bytes: &[u8]) -> OsString {
    String::from_utf8_lossy(bytes).into_owned().into()
}
