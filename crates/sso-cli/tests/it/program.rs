//! Runs the program in a temporary home directory.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use sso_emulator::{Emulator, EmulatorBuilder, Home, TokenState};
use tempfile::TempDir;

/// An emulator, and a home directory whose environment has the emulator's endpoints.
pub(crate) struct Scene {
    pub(crate) emulator: Emulator,
    pub(crate) home: Home,
    directory: TempDir,
}

impl Scene {
    pub(crate) async fn new(state: TokenState) -> Self {
        Self::with(Emulator::builder().rotate_refresh_tokens(true), state).await
    }

    pub(crate) async fn with(builder: EmulatorBuilder, state: TokenState) -> Self {
        let emulator = builder.start().await.unwrap();
        let directory = TempDir::new().unwrap();
        let home = emulator.write_home(directory.path(), state).unwrap();
        Self { emulator, home, directory }
    }

    /// Returns a command of `ssocreds` with only the home's environment and `PATH`.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            // Windows needs this variable to open sockets.
            .envs(std::env::var_os("SystemRoot").map(|root| ("SystemRoot", root)))
            .envs(self.home.environment.iter().cloned());
        command
    }

    /// Returns a command that runs `ssocreds` on a new terminal, with `script` of util-linux. Its stdout is
    /// the terminal's output.
    #[cfg(target_os = "linux")]
    pub(crate) fn terminal_command(&self, arguments: &str) -> Command {
        let mut command = Command::new("script");
        command
            .args(["-qec", &format!("{} {arguments}", quoted_binary()), "/dev/null"])
            .env_clear()
            .envs([("PATH", std::env::var("PATH").unwrap().as_str()), ("TERM", "xterm")])
            .envs(self.home.environment.iter().cloned())
            .stdin(std::process::Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        self.run_command(&mut self.command(arguments))
    }

    pub(crate) fn run_command(&self, command: &mut Command) -> Run {
        let output = command.output().expect("ssocreds runs");
        Run { output, hidden: self.hidden() }
    }

    /// Texts that differ between runs, and their replacements.
    fn hidden(&self) -> Vec<(String, &'static str)> {
        let url = self.emulator.portal_url();
        let authority = url.rsplit('/').next().unwrap().to_owned();
        vec![
            (self.directory.path().display().to_string(), "HOME"),
            (url, "EMULATOR"),
            (authority, "HOST"),
        ]
    }

    /// Appends to the config file.
    pub(crate) fn configure(&self, text: &str) {
        let config = fs::read_to_string(&self.home.config_file).unwrap();
        fs::write(&self.home.config_file, config + "\n" + text).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Returns the files of cached role credentials.
    pub(crate) fn role_files(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.path(".aws/cli/cache")) else { return Vec::new() };
        let paths = entries.map(|entry| entry.unwrap().path());
        paths.filter(|path| path.extension().is_some_and(|it| it == "json")).collect()
    }
}

/// The result of a run.
pub(crate) struct Run {
    output: Output,
    hidden: Vec<(String, &'static str)>,
}

impl Run {
    pub(crate) fn code(&self) -> Option<i32> {
        self.output.status.code()
    }

    pub(crate) fn stdout(&self) -> String {
        self.shown(&self.output.stdout)
    }

    pub(crate) fn stderr(&self) -> String {
        self.shown(&self.output.stderr)
    }

    /// Returns stdout. Fails if the run failed or stderr is not empty.
    pub(crate) fn success(&self) -> String {
        assert_eq!((self.code(), self.stderr().as_str()), (Some(0), ""), "{}", self.stdout());
        self.stdout()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.success()).expect("stdout is one JSON value")
    }

    /// Returns stderr. Fails if the exit code differs or stdout is not empty.
    pub(crate) fn failure(&self, code: i32) -> String {
        let (found, stdout) = (self.code(), self.stdout());
        assert_eq!((found, stdout.as_str()), (Some(code), ""), "{}", self.stderr());
        self.stderr()
    }

    fn shown(&self, bytes: &[u8]) -> String {
        let mut text = str::from_utf8(bytes).expect("output is UTF-8").to_owned();
        for (value, shown) in &self.hidden {
            // Backslashes are doubled in quotes and in JSON, and quadrupled in quotes in JSON.
            for times in [4, 2, 1] {
                text = text.replace(&value.replace('\\', &"\\".repeat(times)), shown);
            }
        }
        if cfg!(windows) {
            text = with_slashes(&text).replace("ssocreds.exe", "ssocreds");
        }
        hide_request_ids(&hide_distances(&text))
    }
}

/// Returns the text with slashes in the paths below HOME.
fn with_slashes(text: &str) -> String {
    let mut parts = text.split("HOME");
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let is_of_path = |c: char| c.is_ascii_alphanumeric() || r"\/._-*".contains(c);
        let (path, rest) = part.split_at(part.find(|c| !is_of_path(c)).unwrap_or(part.len()));
        // A backslash at the end precedes a quote.
        let end = path.trim_end_matches('\\').len();
        let names = path[..end].split('\\').filter(|name| !name.is_empty());
        let names: Vec<&str> = names.collect();
        let lead = if path.starts_with('\\') { "/" } else { "" };
        let (names, quoted) = (names.join("/"), &path[end..]);
        shown.extend(["HOME", lead, names.as_str(), quoted, rest]);
    }
    shown
}

pub(crate) fn binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_ssocreds"))
}

/// Returns the program as one quoted word of a POSIX shell or of fish.
pub(crate) fn quoted_binary() -> String {
    let path = binary().to_str().expect("the path is text");
    format!("'{}'", path.replace('\'', r"'\''"))
}

/// Writes a file that only its owner can read.
pub(crate) fn write_private(path: &Path, content: &str) {
    fs::write(path, content).expect("the directory exists");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;

        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("it is ours");
    }
}

/// Adds lines to the section of the profile.
pub(crate) fn set_in_profile(scene: &Scene, profile: &str, lines: &str) {
    let heading = format!("[profile {profile}]\n");
    let config = fs::read_to_string(&scene.home.config_file).expect("the file exists");
    assert!(config.contains(&heading), "{config}");
    let config = config.replace(&heading, &format!("{heading}{lines}\n"));
    fs::write(&scene.home.config_file, config).expect("the file is writable");
}

pub(crate) fn read_json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).expect("the file exists")).expect("it is complete JSON")
}

/// `(in 3 h 12 min)` becomes `(in ...)`.
fn hide_distances(text: &str) -> String {
    let (mut shown, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once("Z (in ") {
        shown.push_str(before);
        shown.push_str("Z (in ...");
        rest = after.find(')').map_or("", |end| &after[end..]);
    }
    shown + rest
}

/// `(request id 0f4e...)` becomes `(request id ...)`.
fn hide_request_ids(text: &str) -> String {
    let (mut shown, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once("(request id ") {
        shown.push_str(before);
        shown.push_str("(request id ...");
        rest = after.find(')').map_or("", |end| &after[end..]);
    }
    shown + rest
}

/// Narrows the gaps between columns, whose widths depend on the replaced texts.
pub(crate) fn narrow(text: &str) -> String {
    let mut shown = text.to_owned();
    while shown.contains("   ") {
        shown = shown.replace("   ", "  ");
    }
    shown
}
