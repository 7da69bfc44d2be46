//! `ssocreds serve`: runs a container credentials endpoint.

use std::fmt::Write as _;
use std::path::Path;

use sso_endpoint::Endpoint;

use crate::arguments::Serve;
use crate::commands::credentials_endpoint::{self, path_of};
use crate::context::{Context, SelectedProfile};
use crate::failure::Failure;
use crate::private_directory::{NamedFile, PrivateDirectory};
use crate::quote;
use crate::stdout;
use crate::stop_signals::StopSignals;

const PREPARE: &str = "write the files of the endpoint";

pub(crate) fn run(context: &Context, options: &Serve) -> Result<(), Failure> {
    let profiles = if options.profiles.is_empty() {
        vec![context.profile()?]
    } else {
        let profiles = options.profiles.iter().map(|name| context.profile_named(Some(name)));
        profiles.collect::<Result<_, _>>()?
    };
    context.run_without_progress(async || {
        let ended = serve(context, options, &profiles).await;
        credentials_endpoint::wait_for_refresh(&profiles).await;
        ended
    })?
}

/// Serves until a signal arrives.
async fn serve(
    context: &Context,
    options: &Serve,
    profiles: &[SelectedProfile],
) -> Result<(), Failure> {
    // Before the first file is written, so that a signal leaves none.
    let mut stop = StopSignals::install()?;
    let (address, allow_non_loopback) = (options.listen, options.allow_non_loopback);
    let endpoint =
        credentials_endpoint::start(profiles, address, allow_non_loopback, &mut stop).await?;
    // The files are removed when these are dropped.
    let (mut directory, mut files) = (None, Vec::new());
    let mut write = |path: &Path, content: &[u8]| {
        let written = NamedFile::write(path, content);
        let failed = |source| Failure::Write { path: path.to_owned(), source };
        written.map(|file| files.push(file)).map_err(failed)
    };
    let token = endpoint.authorization_token().expose_secret().as_bytes();
    let token_file = if let Some(path) = &options.token_file {
        write(path, token)?;
        // The other program may run in another directory.
        std::path::absolute(path).map_err(|source| Failure::Write { path: path.clone(), source })?
    } else {
        let io = |source| Failure::Io { doing: PREPARE, source };
        let new = PrivateDirectory::new(&context.environment).map_err(io)?;
        directory.insert(new).write("token", token).map_err(io)?
    };
    let token_file = token_file.display().to_string();
    if let Some(path) = &options.env_file {
        write(path, variables(&endpoint, profiles.first(), &token_file).as_bytes())?;
    }
    stdout::print(&exports(&endpoint, profiles, &token_file))?;
    stop.received().await;
    endpoint.shutdown().await;
    Ok(())
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
