//! `ssocreds exec --renew`: gives a command new credentials until it ends.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use sso_config::{Document, EditError, FileKind, Locations};
use sso_provider::ConfigError;

use super::private_config::remove_default_credentials;
use super::supervise;
use crate::arguments::{Exec, Renew};
use crate::commands::credentials_endpoint::{self, path_of};
use crate::commands::role_credentials;
use crate::context::{Context, SelectedProfile, USER_CONFIG_FILE, USER_CREDENTIALS_FILE};
use crate::failure::Failure;
use crate::notices;
use crate::private_directory::PrivateDirectory;
use crate::quote::Shell;
use crate::stop_signals::StopSignals;

/// The value of `BOTO_CONFIG`. If the variable is not set, botocore reads credentials from `~/.boto`.
const NO_FILE: &str = if cfg!(windows) { "NUL" } else { "/dev/null" };

const PREPARE: &str = "prepare the private files of the command";

/// Runs the command, and exits with its exit code or signal. Returns only if it could not be started.
pub(super) fn run(
    context: &Context,
    options: &Exec,
    how: Renew,
    profile: &SelectedProfile,
    mut command: Command,
) -> Result<(), Failure> {
    // If a login is needed, fails before the command starts.
    role_credentials::get(context, &profile.providers, &options.retrieval)?;
    context.finish_refresh();
    command.env("BOTO_CONFIG", NO_FILE);
    let status = context.run_without_progress(async || {
        let ended = run_command(context, options, how, profile, command).await;
        credentials_endpoint::wait_for_refresh(std::slice::from_ref(profile)).await;
        ended
    })??;
    supervise::end_as(status)
}

/// Starts the endpoint, writes the files of the command, and runs the command.
async fn run_command(
    context: &Context,
    options: &Exec,
    how: Renew,
    profile: &SelectedProfile,
    mut command: Command,
) -> Result<ExitStatus, Failure> {
    // Before the first file is written, so that a signal leaves none.
    let mut stop = StopSignals::install()?;
    let endpoint = match how {
        Renew::Endpoint => {
            let profiles = std::slice::from_ref(profile);
            let address = ([127, 0, 0, 1], 0).into();
            Some(credentials_endpoint::start(profiles, address, false, &mut stop).await?)
        }
        Renew::Process => None,
    };
    let io = |source| Failure::Io { doing: PREPARE, source };
    let directory = PrivateDirectory::new(&context.environment).map_err(io)?;
    let mut command_line = None;
    if let Some(endpoint) = &endpoint {
        let token = endpoint.authorization_token().expose_secret();
        let token_file = directory.write("token", token.as_bytes()).map_err(io)?;
        command
            .env(credentials_endpoint::FULL_URI, endpoint.url(&path_of(&profile.name)))
            .env(credentials_endpoint::TOKEN_FILE, token_file);
        if options.token_in_environment {
            command.env(credentials_endpoint::TOKEN, token);
        }
    } else {
        command_line = Some(credential_process(context, &profile.name).map_err(io)?);
    }
    let locations = Locations::from_environment(&context.environment)?;
    set_config_files(&mut command, &locations, &directory, command_line.as_deref())?;
    let program = command.get_program().to_owned();
    let ended = supervise::run(command, stop).await;
    ended.map_err(|source| Failure::Run { program, source })
}

/// Gives the command copies of the config files, if the user's own files would hide the credentials or
/// the default profile gets a `credential_process`.
fn set_config_files(
    command: &mut Command,
    locations: &Locations,
    directory: &PrivateDirectory,
    credential_process: Option<&str>,
) -> Result<(), Failure> {
    let path = locations.config();
    let config = Document::load(FileKind::Config, path).map_err(ConfigError::from)?;
    let (is_changed, config) = copy(config, path, credential_process)?;
    let path = locations.credentials();
    let credentials = Document::load(FileKind::Credentials, path);
    let (is_also_changed, credentials) = if let Ok(credentials) = credentials {
        copy(credentials, path, None)?
    } else {
        // The warnings about the profile's configuration name the reason.
        let path = path.display();
        notices::warn(&format!("the command gets an empty credentials file instead of {path}"));
        (true, String::new())
    };
    if !is_changed && !is_also_changed {
        return Ok(());
    }
    let io = |source| Failure::Io { doing: PREPARE, source };
    let write = |name, text: &str| directory.write(name, text.as_bytes()).map_err(io);
    // The command may change its directory.
    let absolute = |path| std::path::absolute(path).map_err(io);
    command
        .env("AWS_CONFIG_FILE", write("config", &config)?)
        .env("AWS_SHARED_CREDENTIALS_FILE", write("credentials", &credentials)?)
        .env(USER_CONFIG_FILE, absolute(locations.config())?)
        .env(USER_CREDENTIALS_FILE, absolute(locations.credentials())?);
    Ok(())
}

/// Returns the text of the copy for the command, and whether it differs from the file.
fn copy(
    mut document: Document,
    path: &Path,
    credential_process: Option<&str>,
) -> Result<(bool, String), EditError> {
    let before = document.to_string();
    if remove_default_credentials(&mut document, credential_process)? {
        notices::warn(&format!(
            "{}: the command gets a copy without the credential keys of [DEFAULT]; write them into \
             the profiles that need them",
            path.display()
        ));
    }
    let after = document.to_string();
    Ok((before != after, after))
}

/// Returns the command line with which an SDK runs this program in any directory, with the options of
/// this run for the caches, the timeouts and the refresh.
fn credential_process(context: &Context, profile: &str) -> io::Result<String> {
    let global = &context.global;
    let mut words = vec![
        std::env::current_exe()?.display().to_string(),
        "credential-process".to_owned(),
        format!("--profile={profile}"),
    ];
    for (option, directory, variable) in [
        ("cache-dir", &global.cache_dir, "SSOCREDS_CACHE_DIR"),
        ("role-cache-dir", &global.role_cache_dir, "SSOCREDS_ROLE_CACHE_DIR"),
    ] {
        let by_variable = || context.environment.var_os(variable).map(PathBuf::from);
        if let Some(directory) = directory.clone().or_else(by_variable) {
            words.push(format!("--{option}={}", std::path::absolute(directory)?.display()));
        }
    }
    for (option, timeout) in
        [("timeout", global.timeout), ("connect-timeout", global.connect_timeout)]
    {
        words.extend(timeout.map(|it| format!("--{option}={}", it.as_secs_f64())));
    }
    for (option, is_set) in
        [("no-cache", global.no_cache), ("allow-unsaved-refresh", global.allow_unsaved_refresh)]
    {
        words.extend(is_set.then(|| format!("--{option}")));
    }
    let shell = if cfg!(windows) { Shell::WindowsCmd } else { Shell::Posix };
    let quoted = words.iter().map(|word| shell.word("credential_process", word));
    let quoted: Result<Vec<_>, _> = quoted.collect();
    let quoted =
        quoted.map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error.to_string()))?;
    let quoted: Vec<_> = quoted.iter().map(|word| word.as_str()).collect();
    Ok(quoted.join(" "))
}
