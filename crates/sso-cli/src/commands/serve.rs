//! `ssocreds serve`: runs a container credentials endpoint.

use std::fmt::Write as _;
use std::io;

use sso_endpoint::Endpoint;

use crate::arguments::Serve;
use crate::commands::credentials_endpoint::{self, path_of};
use crate::context::{Context, SelectedProfile};
use crate::failure::Failure;
use crate::private_directory::{PrivateDirectory, remove_private_file, replace_private_file};
use crate::quote;
use crate::stdout;

const PREPARE: &str = "write the files of the endpoint";

pub(crate) fn run(context: &Context, options: &Serve) -> Result<(), Failure> {
    let profiles = if options.profiles.is_empty() {
        vec![context.profile()?]
    } else {
        let profiles = options.profiles.iter().map(|name| context.profile_named(Some(name)));
        profiles.collect::<Result<_, _>>()?
    };
    let io = |source| Failure::Io { doing: PREPARE, source };
    let directory = PrivateDirectory::new(&context.environment).map_err(io)?;
    context.run_without_progress(async || {
        let endpoint =
            credentials_endpoint::start(&profiles, options.listen, options.allow_non_loopback)
                .await?;
        let token = endpoint.authorization_token().expose_secret().as_bytes();
        let token_file = match &options.token_file {
            Some(path) => replace_private_file(path, token).map(|()| path.clone()),
            None => directory.write("token", token),
        };
        let token_file = token_file.map_err(io)?.display().to_string();
        if let Some(path) = &options.env_file {
            let variables = variables(&endpoint, profiles.first(), &token_file);
            replace_private_file(path, variables.as_bytes()).map_err(io)?;
        }
        stdout::print(&exports(&endpoint, &profiles, &token_file))?;
        stopped().await.map_err(|source| Failure::Io { doing: "wait for a signal", source })?;
        endpoint.shutdown().await;
        for profile in &profiles {
            profile.providers.token_provider().wait_for_refresh().await;
        }
        for path in options.token_file.iter().chain(&options.env_file) {
            remove_private_file(path);
        }
        Ok(())
    })?
}

/// Returns the `export` lines for a shell, one block for each profile.
fn exports(endpoint: &Endpoint, profiles: &[SelectedProfile], token_file: &str) -> String {
    let mut text = String::new();
    for profile in profiles {
        if profiles.len() > 1 {
            let _ = writeln!(text, "# {}", profile.name.replace(char::is_control, " "));
        }
        let url = endpoint.url(&path_of(&profile.name));
        for (name, value) in [
            (credentials_endpoint::FULL_URI, url.as_str()),
            (credentials_endpoint::TOKEN_FILE, token_file),
        ] {
            let _ = writeln!(text, "export {name}={}", *quote::posix(value));
        }
    }
    text
}

/// Returns the lines of an env file for the first profile. They contain no secret.
fn variables(endpoint: &Endpoint, profile: Option<&SelectedProfile>, token_file: &str) -> String {
    let url = profile.map(|profile| endpoint.url(&path_of(&profile.name))).unwrap_or_default();
    let (full_uri, token) = (credentials_endpoint::FULL_URI, credentials_endpoint::TOKEN_FILE);
    format!("{full_uri}={url}\n{token}={token_file}\n")
}

/// Waits for a signal to stop.
#[cfg(unix)]
async fn stopped() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut hangup = signal(SignalKind::hangup())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = hangup.recv() => {}
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}

#[cfg(not(unix))]
async fn stopped() -> io::Result<()> {
    tokio::signal::ctrl_c().await
}
