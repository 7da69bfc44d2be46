//! The user's browser: the command in `BROWSER`, else the platform's opener.

use std::ffi::OsString;
use std::io;
use std::process::{Command, Stdio};

use sso_login::OpenBrowser;
use sso_types::Environment;

pub(crate) struct SystemBrowser {
    /// `BROWSER`: commands separated by colons, `%s` for the URL.
    variable: Option<String>,
}

impl SystemBrowser {
    /// Returns the browser. Unless `BROWSER` is set, returns `None` over SSH or without a display.
    pub(crate) fn new(environment: &Environment) -> Option<Self> {
        let variable = environment.var("BROWSER").ok().flatten().map(str::to_owned);
        let is_set = |name| environment.var_os(name).is_some();
        let is_local = !is_set("SSH_CONNECTION") && !is_set("SSH_TTY");
        let has_display =
            !cfg!(target_os = "linux") || is_set("DISPLAY") || is_set("WAYLAND_DISPLAY");
        (variable.is_some() || (is_local && has_display)).then_some(Self { variable })
    }

    /// Returns a browser to try, even if there may be none. The caller shows the error.
    pub(crate) fn any(environment: &Environment) -> Self {
        Self { variable: environment.var("BROWSER").ok().flatten().map(str::to_owned) }
    }

    /// Opens the page, and waits for the platform's opener to end.
    pub(crate) fn open_and_wait(&self, url: &str) -> io::Result<()> {
        match &self.variable {
            Some(variable) => start(variable, url),
            None => open::that(url),
        }
    }
}

impl OpenBrowser for SystemBrowser {
    fn open(&self, url: &str) -> io::Result<()> {
        let Some(variable) = &self.variable else {
            // The opener may run until the browser ends. If it fails, the user still has the link.
            let url = url.to_owned();
            std::thread::spawn(move || {
                if let Err(error) = open::that(url) {
                    tracing::debug!(%error, "no browser was opened");
                }
            });
            return Ok(());
        };
        start(variable, url)
    }
}

/// Starts the first command of the variable that can be started.
fn start(variable: &str, url: &str) -> io::Result<()> {
    let mut last = io::ErrorKind::NotFound.into();
    for mut command in commands(variable, url) {
        // The browser's messages would mix with the output of ssocreds.
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        match command.spawn() {
            Ok(_) => return Ok(()),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Returns the commands to try, in order. No shell is involved: the URL is one argument.
fn commands(variable: &str, url: &str) -> Vec<Command> {
    let entries = variable.split(':').filter_map(|entry| words(entry, url));
    entries
        .map(|(program, arguments)| {
            let mut command = Command::new(program);
            command.args(arguments);
            command
        })
        .collect()
}

/// Returns a program and its arguments, which include the URL.
fn words(entry: &str, url: &str) -> Option<(String, Vec<OsString>)> {
    let mut words = entry.split_whitespace();
    let program = words.next()?.to_owned();
    let mut has_url = false;
    let mut arguments: Vec<OsString> = words
        .map(|word| {
            has_url |= word.contains("%s");
            word.replace("%s", url).into()
        })
        .collect();
    if !has_url {
        arguments.push(url.into());
    }
    Some((program, arguments))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_is_one_argument_of_each_command() {
        let url = "https://a/?x=$(id)&y=;z";
        let commands = commands("firefox --new-tab %s:w3m::", url);
        let shown: Vec<_> = commands
            .iter()
            .map(|command| {
                let words = command.get_args().map(|word| word.to_string_lossy().into_owned());
                (command.get_program().to_string_lossy().into_owned(), words.collect::<Vec<_>>())
            })
            .collect();
        let owned = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(
            shown,
            [("firefox".to_owned(), owned(&["--new-tab", url])), ("w3m".to_owned(), owned(&[url]))]
        );
    }
}
