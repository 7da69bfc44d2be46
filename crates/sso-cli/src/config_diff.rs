//! The difference that an edit of a config file makes, as a unified diff for people.

use std::fmt::Write as _;
use std::path::Path;

use anstyle::Style;
use similar::{ChangeTag, TextDiff};

use crate::printable::printable;
use crate::table::{BAD, GOOD, HEAD};

/// Keys of the config files whose values are secret.
const SECRET_KEYS: [&str; 4] =
    ["aws_secret_access_key", "aws_session_token", "aws_security_token", "aws_access_key_id"];

/// Returns the difference, styled; empty if there is none. Values of secret keys are not shown.
pub(crate) fn unified(file: &Path, before: &str, after: &str) -> String {
    let mut text = String::new();
    let diff = TextDiff::from_lines(before, after);
    for (at, hunk) in diff.unified_diff().context_radius(3).iter_hunks().enumerate() {
        if at == 0 {
            let file = printable(&file.display().to_string());
            let _ = writeln!(text, "{HEAD}--- {file}\n+++ {file}{HEAD:#}");
        }
        let _ = writeln!(text, "{}", hunk.header());
        for change in hunk.iter_changes() {
            let (sign, style) = match change.tag() {
                ChangeTag::Delete => ('-', BAD),
                ChangeTag::Insert => ('+', GOOD),
                ChangeTag::Equal => (' ', Style::new()),
            };
            let line = shown(change.value().trim_end_matches(['\n', '\r']));
            let _ = writeln!(text, "{style}{sign}{line}{style:#}");
        }
    }
    text
}

fn shown(line: &str) -> String {
    if let Some((key, _)) = line.split_once(['=', ':'])
        && SECRET_KEYS.iter().any(|secret| key.trim().eq_ignore_ascii_case(secret))
    {
        return format!("{} = ****", printable(key.trim_end()));
    }
    printable(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_near_a_change_are_not_shown() {
        let before = "[default]\nAWS_secret_access_key=MARK\n  aws_session_token : MARK\n";
        let text = unified(Path::new("config"), before, &format!("{before}region = x\u{1b}\n"));
        assert!(!text.contains("MARK") && text.contains("AWS_secret_access_key = ****"), "{text}");
        assert!(text.contains(r"+region = x\u{1b}"), "{text}");
        assert_eq!(unified(Path::new("config"), before, before), "");
    }
}
