//! Recognizes secrets of the emulator in output and files.

use std::fs;

use super::Stage;

/// What the emulator's secrets begin with, each followed by a number, a dash and hex digits.
const KINDS: &[(&str, Kind)] = &[
    ("access-", Kind::AccessToken),
    ("refresh-", Kind::RefreshToken),
    ("client-secret-", Kind::ClientSecret),
    ("session-", Kind::SessionToken),
];
/// The first digits of a secret are one, too.
const TELLING: usize = 8;
/// The letters of a secret access key: its number, padded, and hex digits.
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

/// Looks at what any user of the machine can read of every process; those of other runs, which have
/// another home, are none of this one's business.
pub(crate) fn check_command_lines(stage: &Stage) {
    let mut was_one_read = false;
    for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let read = |file| fs::read(process.path().join(file));
        let Ok(line) = read("cmdline") else { continue };
        was_one_read = true;
        let found = find(&String::from_utf8_lossy(&line));
        if found.is_empty() {
            continue;
        }
        let environment = read("environ").unwrap_or_default();
        let home = stage.home.directory.to_string_lossy();
        if String::from_utf8_lossy(&environment).contains(&*home) {
            stage.tally.violation(&format!("a command line shows a secret: {found:?}"));
        }
    }
    if was_one_read {
        stage.tally.count("check: command lines of all processes");
    }
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
