//! Finds the SSO profile behind a profile whose `credential_process` runs this program.
//!
//! The README has two profiles: one with the SSO keys, and one for other AWS tools, with
//! `credential_process = ssocreds credential-process --profile NAME`. ssocreds uses the first profile if
//! the user selects the second.

use std::collections::HashSet;
use std::path::Path;

use sso_config::{Origin, Property, Section, SharedConfig};

/// The error for a profile whose `credential_process` leads to no SSO profile.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FollowError {
    #[error(
        "profile {profile:?} is not an SSO profile: its credential_process ({origin}) runs \
         {program:?}; choose an SSO profile"
    )]
    OtherProgram { profile: String, origin: Origin, program: String },
    #[error(
        "profile {profile:?} is not an SSO profile: its credential_process ({origin}) runs ssocreds \
         without --profile; name an SSO profile there"
    )]
    NoProfile { profile: String, origin: Origin },
    #[error(
        "profile {profile:?} is not an SSO profile: its credential_process ({origin}) leads back to \
         profile {back_to:?}; name an SSO profile there"
    )]
    Loop { profile: String, origin: Origin, back_to: String },
}

/// Follows each `credential_process` that runs ssocreds, and returns the name of the last profile. This
/// is `name` itself if that profile has SSO keys, other credentials or no `credential_process`.
///
/// The last profile may be missing, or may not be an SSO profile. Resolving it then gives the error.
pub(crate) fn follow(config: &SharedConfig, name: &str) -> Result<String, FollowError> {
    let mut visited = HashSet::new();
    let mut name = name.to_owned();
    loop {
        let Some(profile) = config.profile(&name) else { return Ok(name) };
        let has = |key| profile.get(key).is_some();
        let has_other_credentials = config.sso_profiles().any(|it| it.name() == name)
            || has("role_arn")
            || has("aws_access_key_id");
        let process = profile.get("credential_process").filter(|_| !has_other_credentials);
        let Some(process) = process else { return Ok(name) };
        visited.insert(name.clone());

        let origin = process.origin().clone();
        name = match CommandLine::parse(process.value()) {
            CommandLine::Ours { profile: Some(next) } => next,
            CommandLine::Ours { profile: None } => {
                return Err(FollowError::NoProfile { profile: name, origin });
            }
            CommandLine::Other { program } => {
                return Err(FollowError::OtherProgram { profile: name, origin, program });
            }
        };
        if visited.contains(&name) {
            let profile = profile.name().to_owned();
            return Err(FollowError::Loop { profile, origin, back_to: name });
        }
    }
}

/// Returns the `region` of the profile.
pub(crate) fn region(profile: &Section) -> Option<&str> {
    profile.get("region").map(Property::value).filter(|region| !region.is_empty())
}

/// The command line of a `credential_process`.
#[derive(Debug, PartialEq, Eq)]
enum CommandLine {
    Ours { profile: Option<String> },
    Other { program: String },
}

impl CommandLine {
    fn parse(line: &str) -> Self {
        // On Windows a backslash separates directories and escapes nothing.
        let line = if cfg!(windows) { line.replace('\\', r"\\") } else { line.to_owned() };
        let words = shlex::split(&line).unwrap_or_default();
        let (program, words) = words.split_first().map_or(("", &[][..]), |(it, rest)| (it, rest));
        let is_ours = Path::new(program).file_stem().is_some_and(|stem| stem == "ssocreds")
            && words.iter().any(|word| word == "credential-process");
        if !is_ours {
            return Self::Other { program: program.to_owned() };
        }
        let mut words = words.iter();
        let mut profile = None;
        while let Some(word) = words.next() {
            if word == "--profile" {
                profile = words.next().cloned();
            } else if let Some(value) = word.strip_prefix("--profile=") {
                profile = Some(value.to_owned());
            }
        }
        Self::Ours { profile }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_profile_of_a_credential_process_is_found() {
        let ours = |name: &str| CommandLine::Ours { profile: Some(name.to_owned()) };
        let other = |program: &str| CommandLine::Other { program: program.to_owned() };
        for (line, expected) in [
            ("ssocreds credential-process --profile devsso", ours("devsso")),
            ("/usr/local/bin/ssocreds --no-cache credential-process --profile=a", ours("a")),
            ("'/opt/my tools/ssocreds.exe' -v credential-process --profile 'a b'", ours("a b")),
            ("ssocreds credential-process", CommandLine::Ours { profile: None }),
            ("ssocreds token --profile a", other("ssocreds")),
            (
                "/bin/ssocreds-wrapper credential-process --profile a",
                other("/bin/ssocreds-wrapper"),
            ),
            ("aws-vault exec x --json", other("aws-vault")),
            ("\"unbalanced", other("")),
            ("", other("")),
        ] {
            assert_eq!(CommandLine::parse(line), expected, "{line}");
        }
    }
}
