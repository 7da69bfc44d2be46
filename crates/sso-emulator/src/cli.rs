//! The program's arguments.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use sso_emulator::{Emulator, EmulatorBuilder, TokenState};

/// An AWS SSO portal and SSO OIDC service on 127.0.0.1, for tests.
///
/// Writes a home directory for clients, prints one line of JSON with its URLs and the environment
/// variables for clients, then serves until SIGINT or SIGTERM. Its tokens and credentials are not
/// valid at AWS.
#[derive(Debug, Parser)]
#[command(name = "sso-emulator", version)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches")]
pub(crate) struct Arguments {
    /// The directory to write as the clients' HOME; created if it does not exist
    #[arg(long, value_name = "DIR")]
    pub(crate) home: PathBuf,
    /// The port of 127.0.0.1 to listen on; 0 for any free port
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// The state of the token in the written home
    #[arg(long, value_enum, default_value_t = State::Valid)]
    token_state: State,
    /// Delay of each answer, in milliseconds
    #[arg(long, value_name = "N", default_value_t = 0)]
    latency_ms: u64,
    /// Issue a new refresh token with each refresh, and invalidate the old one
    #[arg(long)]
    rotate: bool,
    /// Without --rotate: omit the refresh token in the answer to a refresh
    #[arg(long, conflicts_with = "rotate")]
    omit_kept_refresh_token: bool,
    /// Lifetime of access tokens
    #[arg(long, value_name = "SECONDS", default_value_t = 3600)]
    token_ttl: u64,
    /// Lifetime of role credentials
    #[arg(long, value_name = "SECONDS", default_value_t = 3600)]
    credentials_ttl: u64,
    /// Lifetime of client registrations
    #[arg(long, value_name = "SECONDS", default_value_t = 90 * 24 * 3600)]
    registration_ttl: u64,
    /// Requests per second that each service accepts; others get a throttling error
    #[arg(long, value_name = "N")]
    throttle: Option<u32>,
    /// Serve HTTPS, with a new certificate authority
    #[arg(long)]
    tls: bool,
    /// Let the user allow or deny each login on the pages /authorize and /device
    #[arg(long)]
    interactive: bool,
    /// The region of the SSO instance
    #[arg(long, default_value = "us-east-1")]
    region: String,
    /// The start URL
    #[arg(long, value_name = "URL", default_value = "https://my-sso-portal.awsapps.com/start")]
    start_url: String,
    /// The name of the `sso-session` section
    #[arg(long, value_name = "NAME", default_value = "dev-session")]
    session_name: String,
    /// The name of the profile that has an `sso_session`
    #[arg(long, value_name = "NAME", default_value = "devsso")]
    profile: String,
    /// The name of the profile in the legacy form
    #[arg(long, value_name = "NAME", default_value = "legacy")]
    legacy_profile: String,
    /// An account and the roles assigned in it; may be given more than once
    #[arg(long = "account", value_name = "ID=ROLE[,ROLE...]", value_parser = account)]
    accounts: Vec<(String, Vec<String>)>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum State {
    /// Valid for its whole lifetime
    Valid,
    /// Expired, with a live refresh token
    Expired,
    /// About to expire, with a live refresh token
    Window,
    /// Expired, without a refresh token
    ExpiredNotRefreshable,
    /// No token file
    Missing,
}

impl Arguments {
    pub(crate) fn builder(&self) -> EmulatorBuilder {
        let mut builder = Emulator::builder()
            .port(self.port)
            .latency(Duration::from_millis(self.latency_ms))
            .rotate_refresh_tokens(self.rotate)
            .omit_kept_refresh_token(self.omit_kept_refresh_token)
            .token_ttl(Duration::from_secs(self.token_ttl))
            .credentials_ttl(Duration::from_secs(self.credentials_ttl))
            .registration_ttl(Duration::from_secs(self.registration_ttl))
            .tls(self.tls)
            .interactive(self.interactive)
            .region(&self.region)
            .start_url(&self.start_url)
            .session_name(&self.session_name)
            .profile(&self.profile)
            .legacy_profile(&self.legacy_profile);
        if let Some(rate) = self.throttle {
            builder = builder.throttle(rate);
        }
        for (account_id, roles) in &self.accounts {
            let email = format!("{account_id}@example.com");
            builder = builder.account(account_id, account_id, email, roles);
        }
        builder
    }

    pub(crate) fn token_state(&self) -> TokenState {
        match self.token_state {
            State::Valid => TokenState::Valid,
            State::Expired => TokenState::Expired,
            State::Window => TokenState::InRefreshWindow,
            State::ExpiredNotRefreshable => TokenState::ExpiredNotRefreshable,
            State::Missing => TokenState::Missing,
        }
    }
}

fn account(text: &str) -> Result<(String, Vec<String>), String> {
    let (account_id, roles) = text.split_once('=').ok_or("the form is ID=ROLE[,ROLE...]")?;
    let roles: Vec<_> =
        roles.split(',').filter(|role| !role.is_empty()).map(str::to_owned).collect();
    if account_id.is_empty() || roles.is_empty() {
        return Err("the account id or the role is missing".to_owned());
    }
    Ok((account_id.to_owned(), roles))
}
