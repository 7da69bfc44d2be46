//! Values quoted for shells by `ssocreds export`: each shell reads the value back as one word.
//!
//! The quoting is private to the program, so its source file is compiled here too. The tests of `sso-cli`
//! run the real shells.

use sso_config::{Locations, SharedConfig};

use super::Verdict;
use super::leak::{MARK, shown};

#[path = "../../crates/sso-cli/src/quote.rs"]
mod quote;

use self::quote::{Shell, posix};

/// Parses text as a shell does. Returns `None` if it is not exactly one word, or if the shell would
/// expand a part of it.
type Reads = fn(&str) -> Option<String>;

const SHELLS: [(Shell, Reads); 3] =
    [(Shell::Posix, posix_reads), (Shell::Fish, fish_reads), (Shell::Powershell, powershell_reads)];

pub fn check(input: &[u8]) -> Verdict {
    let Ok(value) = str::from_utf8(input) else { return Verdict::Refused };
    let word = posix(value);
    assert_eq!(posix_reads(&word).as_deref(), Some(value), "{:?}", *word);

    let has_control = value.contains(char::is_control);
    for (shell, reads) in SHELLS {
        match quoted(shell, value) {
            Some(word) => assert_eq!(reads(&word).as_deref(), Some(value), "{shell:?} {word:?}"),
            None => assert!(has_control, "{shell:?} refuses {value:?}"),
        }
    }
    if let Some(word) = quoted(Shell::WindowsCmd, value) {
        assert_eq!(word, value, "nothing can be quoted for cmd.exe");
        assert!(!word.contains(|c: char| "%^&<>|\"!()'".contains(c) || c.is_whitespace()));
    }
    if let Some(word) = quoted(Shell::Ini, value) {
        assert_eq!(credentials_file_reads(&word).as_deref(), Some(value), "{word:?}");
    }
    if has_control { Verdict::Refused } else { Verdict::Accepted }
}

fn quoted(shell: Shell, value: &str) -> Option<String> {
    match shell.word("AWS_SESSION_TOKEN", value) {
        Ok(word) => {
            assert!(!word.contains(char::is_control), "{shell:?} {word:?}");
            Some(word.to_string())
        }
        Err(error) => {
            let shown = shown(&error);
            assert!(!shown.contains(MARK), "{shown}");
            None
        }
    }
}

fn credentials_file_reads(word: &str) -> Option<String> {
    let text = format!("[dev]\naws_session_token = {word}\n");
    let config = SharedConfig::parse(&Locations::new("config", "credentials"), "", text).ok()?;
    Some(config.profile("dev")?.get("aws_session_token")?.value().to_owned())
}

/// POSIX.1-2024, XCU section 2.2; and the further expansions of bash and zsh.
fn posix_reads(word: &str) -> Option<String> {
    let mut read = String::new();
    let mut rest = word.chars();
    let mut previous = None;
    while let Some(c) = rest.next() {
        match c {
            '\'' => {
                let (quoted, after) = rest.as_str().split_once('\'')?;
                read.push_str(quoted);
                rest = after.chars();
            }
            '\\' => read.push(rest.next().filter(|&c| c != '\n')?),
            // zsh expands `=name` to the path of a command.
            '=' if matches!(previous, None | Some(':')) => return None,
            c if c.is_ascii_graphic() && !"|&;<>()$`\"*?[]^!#~{}".contains(c) => read.push(c),
            _ => return None,
        }
        previous = Some(c);
    }
    previous.map(|_| read)
}

/// "Quotes" of fish's documentation: between double quotes a backslash escapes these three only.
fn fish_reads(word: &str) -> Option<String> {
    let mut read = String::new();
    let mut inside = word.strip_prefix('"')?.strip_suffix('"')?.chars().peekable();
    while let Some(c) = inside.next() {
        match c {
            '"' | '$' => return None,
            '\\' => read.push(inside.next_if(|c| "\"\\$".contains(*c)).unwrap_or(c)),
            _ => read.push(c),
        }
    }
    Some(read)
}

/// `about_Quoting_Rules` and `about_Special_Characters` of PowerShell's documentation.
fn powershell_reads(word: &str) -> Option<String> {
    let mut read = String::new();
    let mut inside = word.strip_prefix('"')?.strip_suffix('"')?.chars();
    while let Some(c) = inside.next() {
        match c {
            '"' | '\u{201c}' | '\u{201d}' | '\u{201e}' | '$' => return None,
            '`' => read.push(inside.next().filter(|c| !c.is_ascii_alphanumeric())?),
            _ => read.push(c),
        }
    }
    Some(read)
}
