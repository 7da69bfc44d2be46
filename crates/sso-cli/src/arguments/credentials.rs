//! The options of the commands that give role credentials to other programs.

#![expect(clippy::doc_markdown, reason = "these are help texts, read at a terminal")]

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Options of the commands that get role credentials.
#[derive(Debug, Args)]
pub(crate) struct Retrieval {
    /// Get new role credentials, even if cached ones are valid, and replace the cached ones
    #[arg(long)]
    pub(crate) refresh: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Export {
    /// The output format
    #[arg(long, default_value = "env")]
    pub(crate) format: ExportFormat,
    /// Add the region of the profile, as AWS_REGION and AWS_DEFAULT_REGION, or as "region" in ini. The
    /// format process has no region
    #[arg(long)]
    pub(crate) region: bool,
    /// Write the credentials to this profile of the credentials file instead of printing them. The
    /// profile must be new, or written by this option before
    #[arg(long, value_name = "NAME", conflicts_with = "format")]
    pub(crate) write_profile: Option<String>,
    #[command(flatten)]
    pub(crate) retrieval: Retrieval,
    /// Log in first if needed (only on a terminal)
    #[arg(long)]
    pub(crate) login: bool,
}

/// The formats of `aws configure export-credentials`, and JSON and INI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    /// The JSON of credential_process
    Process,
    /// export NAME=VALUE, for sh, bash and zsh
    Env,
    /// NAME=VALUE, for env files and shells
    EnvNoExport,
    /// set -gx NAME "VALUE"
    Fish,
    /// $Env:NAME="VALUE"
    Powershell,
    /// set NAME=VALUE
    WindowsCmd,
    /// A JSON object of the environment variables
    Json,
    /// A profile for ~/.aws/credentials
    Ini,
}

#[derive(Debug, Args)]
pub(crate) struct Exec {
    /// Renew the credentials until the command ends, through a local endpoint or a credential_process
    #[arg(
        long,
        value_name = "HOW",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "endpoint"
    )]
    pub(crate) renew: Option<Renew>,
    /// With --renew: also pass the endpoint's token as a variable, for SDKs that do not read
    /// AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE
    #[arg(long, requires = "renew")]
    pub(crate) token_in_environment: bool,
    /// Log in first if needed (only on a terminal)
    #[arg(long)]
    pub(crate) login: bool,
    /// The command and its arguments
    #[arg(required = true, trailing_var_arg = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
    #[command(flatten)]
    pub(crate) retrieval: Retrieval,
}

/// The way in which a command gets new credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Renew {
    /// A container credentials endpoint on 127.0.0.1
    Endpoint,
    /// A config file whose default profile runs ssocreds
    Process,
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// A profile; may be given more than once
    #[arg(long = "profile", id = "profile", value_name = "NAME", action = clap::ArgAction::Append)]
    pub(crate) profiles: Vec<String>,
    /// The address to listen on; port 0 selects a free port
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub(crate) listen: SocketAddr,
    /// Allow an address that other machines or containers may reach; nothing is encrypted
    #[arg(long)]
    pub(crate) allow_non_loopback: bool,
    /// Write the endpoint's token to this file, instead of one in a private directory. The file is
    /// removed at the end
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// Write the variables of the first profile to this file, as NAME=VALUE. The file is removed at
    /// the end
    #[arg(long, value_name = "FILE")]
    pub(crate) env_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Console {
    /// The page to open in the console [default: its home page]
    #[arg(long, value_name = "URL")]
    pub(crate) destination: Option<String>,
    /// Print the link instead of opening it
    #[arg(long)]
    pub(crate) print: bool,
}
