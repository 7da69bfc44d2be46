//! The command that the user runs to log in. This crate shows the command and never runs it.

use std::borrow::Cow;
use std::fmt;

use sso_types::{CommandOption, SessionName};

/// The command that logs in to an sso-session or a legacy profile. The default program is `aws sso
/// login`. `Display` quotes the command for the platform's shells.
///
/// ```
/// let command = sso_provider::LoginCommand::for_session(&"corp".parse()?);
/// assert_eq!(command.to_string(), "aws sso login --sso-session corp");
/// # Ok::<(), sso_types::NameError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginCommand {
    program: Cow<'static, str>,
    option: Option<(&'static str, String)>,
}

impl LoginCommand {
    /// Returns the command for an sso-session.
    pub fn for_session(session: &SessionName) -> Self {
        Self { option: Some(("--sso-session", session.as_str().to_owned())), ..Self::default() }
    }

    /// Returns the command for a legacy profile, which names no sso-session.
    pub fn for_profile(profile: &str) -> Self {
        Self { option: Some(("--profile", profile.to_owned())), ..Self::default() }
    }

    /// Sets the program and its subcommand, which must take `--sso-session` and `--profile`.
    #[must_use]
    pub fn program(mut self, program: impl Into<String>) -> Self {
        self.program = Cow::Owned(program.into());
        self
    }
}

impl Default for LoginCommand {
    fn default() -> Self {
        Self { program: Cow::Borrowed("aws sso login"), option: None }
    }
}

impl fmt::Display for LoginCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.program)?;
        let Some((option, name)) = &self.option else { return Ok(()) };
        write!(f, " {}", CommandOption { option, value: name })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_for_a_shell() {
        let check = |name, expected| {
            let session = SessionName::new(name).unwrap();
            assert_eq!(LoginCommand::for_session(&session).to_string(), expected);
        };
        check("dev-session", "aws sso login --sso-session dev-session");
        check("-x", "aws sso login --sso-session=-x");
        if cfg!(windows) {
            check("my corp", "aws sso login --sso-session \"my corp\"");
        } else {
            check("my corp", "aws sso login --sso-session 'my corp'");
            check("=ls", "aws sso login --sso-session '=ls'");
            check("-x y", "aws sso login --sso-session='-x y'");
            check("a'; rm -rf ~", r"aws sso login --sso-session 'a'\''; rm -rf ~'");
        }
        assert_eq!(LoginCommand::for_profile("old").to_string(), "aws sso login --profile old");
        let other = LoginCommand::for_profile("old").program("ssocreds login");
        assert_eq!(other.to_string(), "ssocreds login --profile old");
        assert_eq!(LoginCommand::default().to_string(), "aws sso login");
    }
}
