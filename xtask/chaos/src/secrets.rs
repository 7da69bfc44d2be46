//! Recognizes secrets of the emulator in output and command lines.

use std::fs;
use std::path::Path;

pub(crate) const ACCESS_TOKEN: &str = "access token";
const REFRESH_TOKEN: &str = "refresh token";
const CLIENT_SECRET: &str = "client secret";
pub(crate) const SESSION_TOKEN: &str = "session token";
pub(crate) const SECRET_ACCESS_KEY: &str = "secret access key";

/// The prefixes of the emulator's secrets. A number, a dash and hexadecimal digits follow.
const PREFIXES: &[(&str, &str)] = &[
    ("access-", ACCESS_TOKEN),
    ("refresh-", REFRESH_TOKEN),
    ("client-secret-", CLIENT_SECRET),
    ("session-", SESSION_TOKEN),
];

/// The names of the secrets that are in a text.
pub(crate) fn find(text: &str) -> Vec<&'static str> {
    let has_token = |prefix: &str| text.split(prefix).skip(1).any(is_rest_of_token);
    let tokens = PREFIXES.iter().filter(|(prefix, _)| has_token(prefix));
    let mut found: Vec<_> = tokens.map(|(_, kind)| *kind).collect();
    if text.split(|letter: char| !letter.is_ascii_alphanumeric()).any(is_secret_access_key) {
        found.push(SECRET_ACCESS_KEY);
    }
    found
}

/// The secrets in the command lines of all processes with this home directory.
pub(crate) fn in_command_lines(home: &Path) -> Vec<Vec<&'static str>> {
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

fn is_rest_of_token(rest: &str) -> bool {
    let Some((number, digits)) = rest.split_once('-') else { return false };
    // Eight digits identify a secret that was cut.
    let is_hex = |digits: &str| digits.bytes().all(|it| it.is_ascii_hexdigit());
    number.parse::<u64>().is_ok() && digits.get(..8).is_some_and(is_hex)
}

/// Returns whether the word is a number with leading zeros and hexadecimal digits, 40 in all.
fn is_secret_access_key(word: &str) -> bool {
    word.len() == 40
        && word.starts_with("00")
        && word.get(..8).is_some_and(|number| number.parse::<u32>().is_ok())
        && word.bytes().all(|it| it.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use sso_emulator::Emulator;

    use super::*;

    #[test]
    fn every_kind_of_secret_is_found_and_nothing_else() {
        for (text, found) in [
            ("token=access-12-0123456789ab;", &[ACCESS_TOKEN][..]),
            ("refresh-1-0123456789ab", &[REFRESH_TOKEN]),
            ("client-secret-3-00ff00ff", &[CLIENT_SECRET]),
            ("\"session-9-aaaaaaaaaaaa\"", &[SESSION_TOKEN]),
            ("00000012aaaaaaaabbbbbbbbccccccccdddddddd", &[SECRET_ACCESS_KEY]),
            ("00123456aaaaaaaabbbbbbbbccccccccdddddddd", &[SECRET_ACCESS_KEY]),
            ("access-1-00000000 session-2-11111111", &[ACCESS_TOKEN, SESSION_TOKEN]),
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
        assert_eq!(find(&login), [ACCESS_TOKEN, REFRESH_TOKEN, CLIENT_SECRET]);
    }
}
