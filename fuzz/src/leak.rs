//! Looks for secrets and terminal control characters in the text of an error.

use std::error::Error;

/// Stands at the beginning of every secret of the seeds.
pub(crate) const MARK: &str = "MARK";

/// Everything that a program could show of an error: the chain as people read it, and the form for
/// developers. Panics when people would be shown nothing, or a control character.
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

/// A terminal obeys control characters: foreign text must not bring any.
pub(crate) fn assert_printable(line: &str) {
    assert!(!line.chars().any(char::is_control), "control characters for a terminal: {line:?}");
}

/// Panics when `secret` is in `shown`, unless `input` holds it elsewhere too, where it need not be
/// one: a short secret, or one that fuzzing has copied from or into a name, proves nothing.
pub(crate) fn assert_hidden(secret: &str, input: &str, shown: &str) {
    let telling = secret.len() >= 8 && secret.contains(MARK) && input.matches(secret).count() <= 1;
    assert!(!telling || !shown.contains(secret), "the secret {secret:?} is in {shown:?}");
}
