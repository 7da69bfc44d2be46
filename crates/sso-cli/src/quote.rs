//! Quotes a value as one word of a shell, so that no part of it is run or expanded.

use zeroize::Zeroizing;

/// A value that a shell cannot carry. The value is not shown: it is a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name} cannot be written for {shell}: its value {problem}; use another --format")]
pub(crate) struct Unprintable {
    name: &'static str,
    shell: &'static str,
    problem: String,
}

/// A shell or file format, with its own rules of quoting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shell {
    /// sh, bash, zsh and the like.
    Posix,
    Fish,
    Powershell,
    WindowsCmd,
    /// The shared credentials file, which has no quotes.
    Ini,
}

impl Shell {
    fn name(self) -> &'static str {
        match self {
            Self::Posix => "a POSIX shell",
            Self::Fish => "fish",
            Self::Powershell => "PowerShell",
            Self::WindowsCmd => "cmd.exe",
            Self::Ini => "the credentials file",
        }
    }

    /// Returns the value of `name` as one word of this shell, quoted if needed (in fish and PowerShell
    /// always).
    ///
    /// Refuses control characters, which no credential contains. INI also refuses its special
    /// characters. `cmd.exe` accepts only letters, digits and a few marks, because its quoting depends
    /// on the program that it runs.
    pub(crate) fn word(
        self,
        name: &'static str,
        value: &str,
    ) -> Result<Zeroizing<String>, Unprintable> {
        let refuse = |problem| Err(Unprintable { name, shell: self.name(), problem });
        if let Some(c) = value.chars().find(|c| c.is_control()) {
            return refuse(format!("contains the control character {}", c.escape_default()));
        }
        match self {
            Self::Posix => return Ok(posix(value)),
            Self::Fish => return Ok(escaped(value, '\\', |c| matches!(c, '"' | '\\' | '$'))),
            // In PowerShell, typographic quotation marks also end a string.
            Self::Powershell => {
                return Ok(escaped(value, '`', |c| {
                    matches!(c, '"' | '`' | '$' | '\u{201c}'..='\u{201e}')
                }));
            }
            // A profile's name may contain blanks and any letters. Only these characters would end the
            // name or start a comment.
            Self::Ini => {
                let is_special = |c: char| matches!(c, '[' | ']' | '#' | ';' | '"' | '\'' | '\\');
                let trimmed = value.trim() == value && !value.is_empty();
                return match value.chars().find(|&c| is_special(c)) {
                    Some(c) => refuse(format!("contains the character {c:?}")),
                    None if !trimmed => {
                        refuse("is empty, or begins or ends with a blank".to_owned())
                    }
                    None => Ok(Zeroizing::new(value.to_owned())),
                };
            }
            Self::WindowsCmd => {}
        }
        match value.chars().find(|&c| !(c.is_ascii_alphanumeric() || "_-/+=.:,@".contains(c))) {
            Some(c) => refuse(format!("contains the character {c:?}")),
            None => Ok(Zeroizing::new(value.to_owned())),
        }
    }
}

/// Returns one word of a POSIX shell, quoted if that is needed.
pub(crate) fn posix(value: &str) -> Zeroizing<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-/+=.:,@%".contains(c);
    // zsh replaces `=name` by the path of a command, at the start of a word and after a colon.
    let is_path = value.starts_with('=') || value.contains(":=");
    if !value.is_empty() && value.chars().all(plain) && !is_path {
        return Zeroizing::new(value.to_owned());
    }
    let mut word = Zeroizing::new(String::with_capacity(4 * value.len() + 2));
    word.push('\'');
    for c in value.chars() {
        // Between single quotes only the end quote is special.
        if c == '\'' { word.push_str(r"'\''") } else { word.push(c) }
    }
    word.push('\'');
    word
}

/// Returns the value in double quotes, with an escape character before each special one.
fn escaped(value: &str, escape: char, is_special: impl Fn(char) -> bool) -> Zeroizing<String> {
    let mut word = Zeroizing::new(String::with_capacity(2 * value.len() + 2));
    word.push('"');
    for c in value.chars() {
        if is_special(c) {
            word.push(escape);
        }
        word.push(c);
    }
    word.push('"');
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(shell: Shell, value: &str, expected: &str) {
        let word = shell.word("K", value).unwrap();
        assert_eq!(*word, expected, "{value:?}");
    }

    #[test]
    fn characters_of_credentials_need_no_quotes_in_a_posix_shell() {
        for value in ["AKIAIOSFODNN7EXAMPLE", "wJalr/XUtn+FEMI==", "2026-01-01T00:00:00Z", "a_b-c"]
        {
            check(Shell::Posix, value, value);
            check(Shell::WindowsCmd, value, value);
        }
    }

    #[test]
    fn other_values_are_quoted() {
        use Shell::{Fish, Posix, Powershell};
        for (shell, value, expected) in [
            (Posix, "", "''"),
            (Posix, "a b", "'a b'"),
            (Posix, "$(reboot)`x`", "'$(reboot)`x`'"),
            (Posix, "it's", r"'it'\''s'"),
            (Posix, "=ls", "'=ls'"),
            (Posix, "a:=ls", "'a:=ls'"),
            (Posix, "~", "'~'"),
            (Posix, "é", "'é'"),
            (Posix, "!!", "'!!'"),
            (Fish, "AKID", r#""AKID""#),
            (Fish, r#"a"$(b)\c'"#, r#""a\"\$(b)\\c'""#),
            (Powershell, "AKID", r#""AKID""#),
            (Powershell, r#"a"$(b)`c\"#, r#""a`"`$(b)``c\""#),
            (Powershell, "“x”„", "\"`“x`”`„\""),
        ] {
            check(shell, value, expected);
        }
    }

    #[test]
    fn an_unprintable_value_is_refused_and_not_shown() {
        let refused = |shell: Shell, value: &str| shell.word("KEY", value).unwrap_err().to_string();
        for shell in [Shell::Posix, Shell::Fish, Shell::Powershell, Shell::WindowsCmd] {
            for value in ["MARK\n", "\0MARK", "MA\u{1b}RK", "MARK\r", "\u{85}MARK"] {
                let error = refused(shell, value);
                assert!(error.contains("KEY") && error.contains("control character"), "{error}");
                assert!(!error.contains("MARK"), "{error}");
            }
        }
        for value in ["MARK]", "[MARK", "MARK # x", "MARK;", "\"MARK\"", " MARK", "MARK\n"] {
            let error = refused(Shell::Ini, value);
            assert!(error.contains("credentials file") && !error.contains("MARK"), "{error}");
        }
        check(Shell::Ini, "FwoGZXIvYXdzEJr//==", "FwoGZXIvYXdzEJr//==");
        check(Shell::Ini, "My Account", "My Account");
        for c in "%^&<>|\"!()' ~;é".chars() {
            let error = refused(Shell::WindowsCmd, &format!("MARK{c}"));
            assert!(error.contains(&format!("{c:?}")) && !error.contains("MARK"), "{error}");
        }
    }
}
