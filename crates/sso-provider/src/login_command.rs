//! The command that a person runs to log in.
//!
//! Only named here, never run: this family of crates logs nobody in by itself.

use std::fmt;

use sso_types::{CommandOption, SessionName};

/// `aws sso login`, for a session, a legacy profile, or whatever the AWS CLI takes by default.
/// `Display` gives it quoted for a POSIX shell, ready to be pasted.
///
/// ```
/// let command = sso_provider::LoginCommand::for_session(&"my corp".parse()?);
/// assert_eq!(command.to_string(), "aws sso login --sso-session 'my corp'");
/// # Ok::<(), sso_types::NameError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LoginCommand(Option<(&'static str, String)>);

impl LoginCommand {
    /// For an sso-session.
    pub fn for_session(session: &SessionName) -> Self {
        Self(Some(("--sso-session", session.as_str().to_owned())))
    }

    /// For a profile of the legacy form, which names no sso-session.
    pub fn for_profile(profile: &str) -> Self {
        Self(Some(("--profile", profile.to_owned())))
    }
}

impl fmt::Display for LoginCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("aws sso login")?;
        let Some((option, name)) = &self.0 else { return Ok(()) };
        write!(f, " {}", CommandOption { option, value: name })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_for_a_shell_where_they_need_it() {
        let check = |name, expected| {
            let session = SessionName::new(name).unwrap();
            assert_eq!(LoginCommand::for_session(&session).to_string(), expected);
        };
        check("dev-session", "aws sso login --sso-session dev-session");
        check("my corp", "aws sso login --sso-session 'my corp'");
        check("=ls", "aws sso login --sso-session '=ls'");
        check("-x", "aws sso login --sso-session=-x");
        check("-x y", "aws sso login --sso-session='-x y'");
        check("a'; rm -rf ~", r"aws sso login --sso-session 'a'\''; rm -rf ~'");
        assert_eq!(LoginCommand::for_profile("old").to_string(), "aws sso login --profile old");
        assert_eq!(LoginCommand::default().to_string(), "aws sso login");
    }
}
