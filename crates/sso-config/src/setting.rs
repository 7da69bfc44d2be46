//! A setting and its source.

use std::fmt;

use crate::Origin;

/// A value and its source.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Setting<T> {
    /// The value.
    pub value: T,
    /// The source of the value.
    pub source: SettingSource,
}

/// The source of a setting. Displayed as `AWS_ENDPOINT_URL (environment)`,
/// `endpoint_url of [services local], FILE line N`, `default` or `set in code`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SettingSource {
    /// Neither the environment nor the files set it.
    Default,
    /// This environment variable.
    Environment(&'static str),
    /// A property of one of the files.
    #[non_exhaustive]
    Property {
        /// Its key.
        key: &'static str,
        /// The section line, such as `[profile dev]`.
        section: String,
        /// The file and the line.
        origin: Origin,
    },
    /// The program, or a command-line option of the program.
    Code,
}

impl<T> Setting<T> {
    /// Wraps a value that the program sets in place of the configured one.
    pub fn from_code(value: T) -> Self {
        Self::new(value, SettingSource::Code)
    }

    pub(crate) fn new(value: T, source: SettingSource) -> Self {
        Self { value, source }
    }

    pub(crate) fn default_of(value: T) -> Self {
        Self::new(value, SettingSource::Default)
    }

    pub(crate) fn map<U>(self, change: impl FnOnce(T) -> U) -> Setting<U> {
        Setting { value: change(self.value), source: self.source }
    }
}

impl SettingSource {
    /// The file and line of a [`SettingSource::Property`].
    pub fn origin(&self) -> Option<&Origin> {
        match self {
            Self::Property { origin, .. } => Some(origin),
            Self::Default | Self::Environment(_) | Self::Code => None,
        }
    }
}

impl fmt::Display for SettingSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Environment(variable) => write!(f, "{variable} (environment)"),
            Self::Property { key, section, origin } => write!(f, "{key} of {section}, {origin}"),
            Self::Code => f.write_str("set in code"),
        }
    }
}
