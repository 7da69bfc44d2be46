//! The options of `login`, `logout` and `token`, and those that select a login.

use clap::{Args, ValueEnum};
use clap_complete::ArgValueCandidates;

use crate::candidates::sessions;

/// Selects the login of a profile or of an sso-session.
#[derive(Debug, Clone, Args)]
pub(crate) struct LoginSelection {
    /// Use an sso-session instead of a profile
    #[arg(
        long,
        value_name = "NAME",
        conflicts_with = "profile",
        add = ArgValueCandidates::new(sessions)
    )]
    pub(crate) sso_session: Option<String>,
    /// Log in first if needed (only on a terminal)
    #[arg(long)]
    pub(crate) login: bool,
}

/// Options of a login.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub(crate) struct LoginOptions {
    /// The sso-session, instead of a profile
    #[arg(long, value_name = "NAME", conflicts_with = "profile")]
    pub(crate) sso_session: Option<String>,
    /// Every sso-session and every legacy profile of the config file, one after another
    #[arg(long, conflicts_with_all = ["profile", "sso_session"])]
    pub(crate) all: bool,
    /// Show a code to enter on any device, instead of using a browser on this machine
    #[arg(long)]
    pub(crate) use_device_code: bool,
    /// Show the login page without opening it
    #[arg(long)]
    pub(crate) no_browser: bool,
    /// The port of 127.0.0.1 to which the browser returns [default: any free port]
    #[arg(long, value_name = "PORT", conflicts_with = "use_device_code")]
    pub(crate) port: Option<u16>,
    /// Keep a login that is still valid or can be refreshed
    #[arg(long)]
    pub(crate) if_needed: bool,
    /// The time limit for the login, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    pub(crate) wait: u64,
    /// Also show the login page as a QR code
    #[arg(long)]
    pub(crate) qr: bool,
}

#[derive(Debug, Args)]
pub(crate) struct LogoutOptions {
    /// The sso-session, instead of a profile
    #[arg(long, value_name = "NAME", conflicts_with = "profile")]
    pub(crate) sso_session: Option<String>,
    /// Every login of this user, including those of the AWS CLI
    #[arg(long, conflicts_with_all = ["profile", "sso_session"])]
    pub(crate) all: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Token {
    #[command(flatten)]
    pub(crate) login: LoginSelection,
    /// The output format; json includes the expiry
    #[arg(long, default_value = "text")]
    pub(crate) format: TextFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TextFormat {
    Text,
    Json,
}
