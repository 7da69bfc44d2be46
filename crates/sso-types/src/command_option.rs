//! A command-line option with its value, for errors that tell the user which command to run.

use std::fmt;

/// A command-line option with its value. `Display` quotes the value for the platform's shell, so
/// that the user can paste it.
///
/// Not part of the crate's API: public only for the other crates of `ssocreds`, whose errors
/// contain commands.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct CommandOption<'a> {
    /// The option, with its hyphens.
    pub option: &'static str,
    /// The value, not yet quoted.
    pub value: &'a str,
}

impl fmt::Display for CommandOption<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { option, value } = self;
        // After a space, a value that begins with a hyphen would be parsed as an option.
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

/// Quotes a value for a POSIX shell.
fn posix(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}

/// Quotes a value for `cmd.exe` and PowerShell. Some characters have no form that both understand.
fn windows(value: &str) -> String {
    format!("\"{}\"", value.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_quoted_only_if_a_shell_would_change_it() {
        let shown = |value| CommandOption { option: "--profile", value }.to_string();
        assert_eq!(shown("dev-1"), "--profile dev-1");
        assert_eq!(shown("-dev"), "--profile=-dev");
        let quote = if cfg!(windows) { '"' } else { '\'' };
        assert_eq!(shown(""), format!("--profile {quote}{quote}"));
        assert_eq!(shown("my dev"), format!("--profile {quote}my dev{quote}"));
    }

    #[test]
    fn a_value_with_spaces_is_quoted() {
        assert_eq!(posix("it's dev"), r"'it'\''s dev'");
        assert_eq!(windows("my \"dev\""), r#""my ""dev""""#);
    }
}
