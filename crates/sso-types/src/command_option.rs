//! An option with its value, for a command that an error tells the user to run.

use std::fmt;

/// A command's option with any name as its value. `Display` quotes it for the platform's shell, ready to be
/// pasted.
///
/// Not part of the crate's API: public only for the other crates of the family, whose errors name
/// commands.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct CommandOption<'a> {
    /// With its hyphens.
    pub option: &'static str,
    /// The value, quoted where the shell needs it.
    pub value: &'a str,
}

impl fmt::Display for CommandOption<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { option, value } = self;
        // As a word of its own, a name that begins with a hyphen would be taken for an option.
        let between = if value.starts_with('-') { '=' } else { ' ' };
        let plain = |c: char| c.is_ascii_alphanumeric() || "_-/.%@:+,".contains(c);
        if !value.is_empty() && value.chars().all(plain) {
            write!(f, "{option}{between}{value}")
        } else {
            let quote = if cfg!(windows) { windows } else { posix };
            write!(f, "{option}{between}{}", quote(value))
        }
    }
}

/// One word of a POSIX shell.
fn posix(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}

/// One word of `cmd.exe` and of PowerShell. Neither has a form for every character that both read alike.
fn windows(value: &str) -> String {
    format!("\"{}\"", value.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_blanks_is_one_word() {
        assert_eq!(posix("it's dev"), r"'it'\''s dev'");
        assert_eq!(windows("my \"dev\""), r#""my ""dev""""#);
    }
}
