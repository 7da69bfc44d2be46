//! Recognizes secrets of the emulator in output and files.

use std::fs;
use std::path::Path;

/// The prefixes of the emulator's secrets. A number, a dash and hexadecimal digits follow.
const KINDS: &[(&str, Kind)] = &[
    ("access-", Kind::AccessToken),
    ("refresh-", Kind::RefreshToken),
    ("client-secret-", Kind::ClientSecret),
    ("session-", Kind::SessionToken),
];
/// The number of digits that identify a secret.
const TELLING: usize = 8;
/// The length of a secret access key: its number with leading zeros, and hexadecimal digits.
const SECRET_ACCESS_KEY: usize = 40;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    AccessToken,
    RefreshToken,
    ClientSecret,
    SessionToken,
    SecretAccessKey,
}

/// The secrets that are in a text.
pub(crate) fn find(text: &str) -> Vec<Kind> {
    let tokens = KINDS.iter().filter(|(prefix, _)| {
        text.match_indices(prefix).any(|(at, _)| is_rest_of_token(text.get(at + prefix.len()..)))
    });
    let mut found: Vec<_> = tokens.map(|(_, kind)| *kind).collect();
    let mut words = text.split(|letter: char| !letter.is_ascii_alphanumeric());
    if words.any(is_secret_access_key) {
        found.push(Kind::SecretAccessKey);
    }
    found
}

/// The secrets in the command lines of all processes with this home directory.
pub(crate) fn in_command_lines(home: &Path) -> Vec<Vec<Kind>> {
    let home = home.to_string_lossy();
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let secrets = processes.filter_map(|process| {
        let read = |file| fs::read(process.path().join(file)).unwrap_or_default();
        let found = find(&String::from_utf8_lossy(&read("cmdline")));
        let is_ours = || String::from_utf8_lossy(&read("environ")).contains(&*home);
        (!found.is_empty() && is_ours()).then_some(found)
    });
    secrets.collect()
}

fn is_rest_of_token(rest: Option<&str>) -> bool {
    let Some((number, digits)) = rest.and_then(|rest| rest.split_once('-')) else { return false };
    let is_number = !number.is_empty() && number.bytes().all(|it| it.is_ascii_digit());
    is_number && digits.bytes().take_while(u8::is_ascii_hexdigit).take(TELLING).count() == TELLING
}

fn is_secret_access_key(word: &str) -> bool {
    let number = word.get(..8).unwrap_or_default();
    word.len() == SECRET_ACCESS_KEY
        && word.bytes().all(|it| it.is_ascii_hexdigit())
        && number.starts_with("00")
        && number.bytes().all(|it| it.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use sso_emulator::Emulator;

    use super::*;

    #[test]
    fn every_kind_of_secret_is_found_and_nothing_else() {
        for (text, found) in [
            ("token=access-12-0123456789ab;", &[Kind::AccessToken][..]),
            ("refresh-1-0123456789ab", &[Kind::RefreshToken]),
            ("client-secret-3-00ff00ff", &[Kind::ClientSecret]),
            ("\"session-9-aaaaaaaaaaaa\"", &[Kind::SessionToken]),
            ("00000012aaaaaaaabbbbbbbbccccccccdddddddd", &[Kind::SecretAccessKey]),
            ("00123456aaaaaaaabbbbbbbbccccccccdddddddd", &[Kind::SecretAccessKey]),
            ("access-1-00000000 session-2-11111111", &[Kind::AccessToken, Kind::SessionToken]),
            // A cache file's name, a word, a session's name, a number alone.
            ("d033e22ae348aeb5660fc2140aec35850c4da997.json", &[]),
            ("the access-token was refreshed; dev-session-1", &[]),
            ("refresh-12 of client-3-0123456789", &[]),
        ] {
            assert_eq!(find(text), found, "{text}");
        }
    }

    #[tokio::test]
    async fn the_secrets_of_the_emulator_are_known() {
        let emulator = Emulator::builder().start().await.unwrap();
        let login = emulator.login().to_json();
        assert_eq!(find(&login), [Kind::AccessToken, Kind::RefreshToken, Kind::ClientSecret]);
    }
}
