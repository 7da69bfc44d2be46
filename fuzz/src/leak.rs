//! Looks for secrets and terminal control characters in the text of an error.

use std::error::Error;

/// The prefix of every secret in the seeds.
pub(crate) const MARK: &str = "MARK";

/// Everything that a program could show of an error: the messages of its chain, and `Debug`. Panics
/// if a message is empty or contains a control character.
pub(crate) fn shown(error: &impl Error) -> String {
    let mut all = format!("{error:?}");
    let mut next: Option<&dyn Error> = Some(error);
    while let Some(error) = next {
        let line = error.to_string();
        assert!(!line.is_empty(), "an error without words: {error:?}");
        assert_printable(&line);
        all.push('\n');
        all.push_str(&line);
        next = error.source();
    }
    all
}

/// Panics on a control character, which a terminal would obey.
pub(crate) fn assert_printable(line: &str) {
    assert!(!line.chars().any(char::is_control), "control characters for a terminal: {line:?}");
}

/// Panics if `shown` contains `secret`. Does not if `input` contains it elsewhere too, since it need
/// not be secret there: fuzzing makes short secrets, and copies them into names.
pub(crate) fn assert_hidden(secret: &str, input: &str, shown: &str) {
    let telling = secret.len() >= 8 && secret.contains(MARK) && input.matches(secret).count() <= 1;
    assert!(!telling || !shown.contains(secret), "the secret {secret:?} is in {shown:?}");
}
