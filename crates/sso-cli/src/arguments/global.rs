//! The options that every command takes.

#![expect(clippy::doc_markdown, reason = "these are help texts, read at a terminal")]

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use clap_complete::ArgValueCandidates;

use crate::candidates::profiles;

/// Options that every command takes.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// The profile [default: AWS_PROFILE, else AWS_DEFAULT_PROFILE, else "default"]
    #[arg(long, global = true, value_name = "NAME", add = ArgValueCandidates::new(profiles))]
    pub(crate) profile: Option<String>,
    /// The directory of the token files [default: SSOCREDS_CACHE_DIR, else ~/.aws/sso/cache]
    #[arg(long, global = true, value_name = "DIRECTORY")]
    pub(crate) cache_dir: Option<PathBuf>,
    /// The directory of cached role credentials [default: SSOCREDS_ROLE_CACHE_DIR, else
    /// ~/.aws/cli/cache]
    #[arg(long, global = true, value_name = "DIRECTORY")]
    pub(crate) role_cache_dir: Option<PathBuf>,
    /// Do not read or write cached role credentials
    #[arg(long, global = true)]
    pub(crate) no_cache: bool,
    /// The timeout for opening a connection, in seconds [default: SSOCREDS_CONNECT_TIMEOUT, else 3.1]
    #[arg(long, global = true, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) connect_timeout: Option<Duration>,
    /// The timeout for getting the token, the credentials or a list, with all retries, in seconds
    /// [default: SSOCREDS_TIMEOUT, else 60; 50 for credential-process, none for lists of accounts and
    /// roles]
    #[arg(long, global = true, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) timeout: Option<Duration>,
    /// Refresh an expired token even if the new token cannot be written to its file. All other programs
    /// that share the login may then need a new login
    #[arg(long, global = true)]
    pub(crate) allow_unsaved_refresh: bool,
    /// Log to stderr (-vv for more); secrets are never logged
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// When to use colour; NO_COLOR is honoured
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        hide_default_value = true
    )]
    pub(crate) color: Color,
}

/// Parses a timeout: a number of seconds greater than 0, with a fraction if needed.
pub(crate) fn seconds(value: &str) -> Result<Duration, &'static str> {
    let seconds = value.parse().ok().and_then(|it| Duration::try_from_secs_f64(it).ok());
    seconds.filter(|it| !it.is_zero()).ok_or("give a number of seconds greater than 0")
}

/// When to use colour.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(crate) enum Color {
    #[default]
    Auto,
    Always,
    Never,
}

impl Color {
    /// Applies the choice to stdout and stderr of this process.
    pub(crate) fn write_global(self) {
        match self {
            Self::Auto => anstream::ColorChoice::Auto,
            Self::Always => anstream::ColorChoice::Always,
            Self::Never => anstream::ColorChoice::Never,
        }
        .write_global();
    }
}
