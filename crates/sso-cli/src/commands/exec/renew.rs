//! `ssocreds exec --renew`: gives a command new credentials until it ends.

use std::io;
use std::path::Path;
use std::process::Command;

use sso_config::{FileKind, Locations};

use super::private_config::{PrivateConfig, read, without_default_credentials};
use super::supervise;
use crate::arguments::{Exec, Renew};
use crate::commands::credentials_endpoint::{self, path_of};
use crate::commands::role_credentials;
use crate::context::{Context, SelectedProfile, USER_CONFIG_FILE, USER_CREDENTIALS_FILE};
use crate::failure::Failure;
use crate::notices;
use crate::private_directory::PrivateDirectory;
use crate::quote::Shell;

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
    let io = |source| Failure::Io { doing: PREPARE, source };
    let directory = PrivateDirectory::new(&context.environment).map_err(io)?;
    let locations = Locations::from_environment(&context.environment)?;
    let program = command.get_program().to_owned();
    command.env("BOTO_CONFIG", NO_FILE);
    let status = context.run_without_progress(async || {
        let endpoint = match how {
            Renew::Endpoint => {
                let profiles = std::slice::from_ref(profile);
                Some(
                    credentials_endpoint::start(profiles, ([127, 0, 0, 1], 0).into(), false)
                        .await?,
                )
            }
            Renew::Process => None,
        };
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
        set_config_files(&mut command, &locations, &directory, command_line.as_deref())
            .map_err(io)?;
        let ended = supervise::run(command).await;
        // Interrupting a refresh could end the login.
        profile.providers.token_provider().wait_for_refresh().await;
        ended.map_err(|source| Failure::Run { program, source })
    })??;
    drop(directory);
    supervise::end_as(status)
}

/// Gives the command copies of the config files, if the user's own files would hide the credentials or
/// the default profile gets a `credential_process`.
fn set_config_files(
    command: &mut Command,
    locations: &Locations,
    directory: &PrivateDirectory,
    credential_process: Option<&str>,
) -> io::Result<()> {
    let copy = |file, path: &Path, credential_process| {
        let text = read(path)?;
        let copy = without_default_credentials(file, &text, credential_process)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        if copy.lacks_defaults {
            notices::warn(&format!(
                "{}: the command gets a copy without the credential keys of [DEFAULT]; write them \
                 into the profiles that need them",
                path.display()
            ));
        }
        let PrivateConfig { text: copy, .. } = copy;
        Ok::<_, io::Error>((copy != text, copy))
    };
    let (is_changed, config) = copy(FileKind::Config, locations.config(), credential_process)?;
    let (is_also_changed, credentials) =
        copy(FileKind::Credentials, locations.credentials(), None)?;
    if !is_changed && !is_also_changed {
        return Ok(());
    }
    command
        .env("AWS_CONFIG_FILE", directory.write("config", config.as_bytes())?)
        .env("AWS_SHARED_CREDENTIALS_FILE", directory.write("credentials", credentials.as_bytes())?)
        .env(USER_CONFIG_FILE, locations.config())
        .env(USER_CREDENTIALS_FILE, locations.credentials());
    Ok(())
}

/// Returns the command line with which an SDK runs this program, with the options of this run.
fn credential_process(context: &Context, profile: &str) -> io::Result<String> {
    let global = &context.global;
    let mut words = vec![
        std::env::current_exe()?.display().to_string(),
        "credential-process".to_owned(),
        format!("--profile={profile}"),
    ];
    let path = |option: &str, path: &Path| format!("--{option}={}", path.display());
    words.extend(global.cache_dir.as_deref().map(|it| path("cache-dir", it)));
    words.extend(global.role_cache_dir.as_deref().map(|it| path("role-cache-dir", it)));
    words.extend(global.no_cache.then(|| "--no-cache".to_owned()));
    let shell = if cfg!(windows) { Shell::WindowsCmd } else { Shell::Posix };
    let quoted = words.iter().map(|word| shell.word("credential_process", word));
    let quoted: Result<Vec<_>, _> = quoted.collect();
    let quoted =
        quoted.map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error.to_string()))?;
    let quoted: Vec<_> = quoted.iter().map(|word| word.as_str()).collect();
    Ok(quoted.join(" "))
}
