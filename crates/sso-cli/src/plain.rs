//! The command line that AWS tools run for every credential, `ssocreds credential-process` with a
//! profile, read without the whole grammar of all commands being built first: that would be a quarter
//! of what the program does when the credentials are cached.
//!
//! Not a second grammar: what is not exactly of this form is clap's, errors and help included, and
//! what is, clap reads the same (a test tries all short command lines).

use std::ffi::OsString;

use super::arguments::{Arguments, Color, Command, Global};

/// The arguments (without the program's name), if they are `credential-process`, each of
/// `--profile NAME` and `--no-cache` at most once, and nothing else.
pub(crate) fn credential_process(words: impl Iterator<Item = OsString>) -> Option<Arguments> {
    let (mut command, mut profile, mut no_cache) = (None, None, false);
    let mut words = words.map(OsString::into_string);
    while let Some(word) = words.next() {
        match word.ok()?.as_str() {
            "credential-process" if command.is_none() => command = Some(Command::CredentialProcess),
            "--no-cache" if !no_cache => no_cache = true,
            "--profile" if profile.is_none() => {
                let name = words.next()?.ok()?;
                profile = Some(name).filter(|name| is_plain(name));
                profile.as_ref()?;
            }
            _ => return None,
        }
    }
    let global = Global { profile, cache_dir: None, no_cache, verbose: 0, color: Color::Auto };
    Some(Arguments { global, command: command? })
}

/// Whether it is a value for anyone: not empty, and no option.
fn is_plain(value: &str) -> bool {
    !value.is_empty() && !value.starts_with('-')
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    const WORDS: [&str; 9] = [
        "credential-process",
        "--no-cache",
        "--profile",
        "--profile=dev",
        "dev",
        "token",
        "-v",
        "--",
        "",
    ];

    /// Whether it was read here; clap has to read the same then.
    fn check(line: &[&str]) -> bool {
        let Some(read) = credential_process(line.iter().map(OsString::from)) else { return false };
        let clap = Arguments::try_parse_from(std::iter::once(&"ssocreds").chain(line));
        let clap = clap.unwrap_or_else(|error| panic!("{line:?}: {error}"));
        assert_eq!(format!("{read:?}"), format!("{clap:?}"), "{line:?}");
        true
    }

    #[test]
    fn clap_reads_every_short_command_line_the_same() {
        let mut lines = vec![Vec::new()];
        let mut read = 0;
        for _ in 0..5 {
            let longer = |line: &Vec<&'static str>| {
                let line = line.clone();
                WORDS.map(|word| line.iter().copied().chain([word]).collect())
            };
            lines = lines.iter().flat_map(longer).collect();
            read += lines.iter().filter(|line| check(line)).count();
        }
        assert!(read > 20, "{read} were read");
    }

    #[test]
    fn the_usual_ones_are_read_here() {
        assert!(check(&["credential-process"]));
        assert!(check(&["credential-process", "--profile", "dev"]));
        assert!(check(&["credential-process", "--no-cache", "--profile", "dev sso/Ä"]));
        assert!(check(&["--profile", "dev", "credential-process"]));
        for others in [&["credential-process", "--help"][..], &["token"], &[], &["--version"]] {
            assert!(!check(others), "{others:?}");
        }
    }
}
