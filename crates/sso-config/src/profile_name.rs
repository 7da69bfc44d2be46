//! Selection of the profile.

use std::fmt;

use sso_types::Environment;

use crate::SettingsError;

/// The source of the profile's name. `Display` is a phrase such as "chosen by the caller".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProfileNameSource {
    /// The caller, for instance with a command-line option.
    Caller,
    /// This environment variable.
    Environment(&'static str),
    /// None, so the name is `default`.
    Default,
}

/// Returns the name of the profile to use: `explicit`, else `AWS_PROFILE`, else
/// `AWS_DEFAULT_PROFILE`, else `default`. An empty variable counts as unset.
///
/// Fails only if a variable that is needed is not UTF-8.
pub fn selected_profile(
    explicit: Option<&str>,
    environment: &Environment,
) -> Result<(String, ProfileNameSource), SettingsError> {
    if let Some(name) = explicit {
        return Ok((name.to_owned(), ProfileNameSource::Caller));
    }
    for variable in ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"] {
        if let Some(name) = environment.var(variable)? {
            return Ok((name.to_owned(), ProfileNameSource::Environment(variable)));
        }
    }
    Ok(("default".to_owned(), ProfileNameSource::Default))
}

impl fmt::Display for ProfileNameSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Caller => f.write_str("chosen by the caller"),
            Self::Environment(variable) => write!(f, "chosen by {variable} (environment)"),
            Self::Default => f.write_str("the default"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_profile_name_that_is_set_wins() {
        let both = [("AWS_PROFILE", "a"), ("AWS_DEFAULT_PROFILE", "b")];
        let second = [("AWS_PROFILE", ""), ("AWS_DEFAULT_PROFILE", "b")];
        for (explicit, variables, name, origin) in [
            (Some("x"), &both[..], "x", ProfileNameSource::Caller),
            (None, &both, "a", ProfileNameSource::Environment("AWS_PROFILE")),
            (None, &second, "b", ProfileNameSource::Environment("AWS_DEFAULT_PROFILE")),
            (None, &[], "default", ProfileNameSource::Default),
        ] {
            let environment = variables.iter().copied().collect();
            let selected = selected_profile(explicit, &environment).unwrap();
            assert_eq!(selected, (name.to_owned(), origin));
        }
    }
}
