//! The program: its output, its services and its exit.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::client::{address, request};

/// A running program. It is killed on drop.
pub(crate) struct Program {
    child: Child,
    stdout: BufReader<ChildStdout>,
    pub(crate) line: Value,
}

impl Program {
    pub(crate) fn start(home: &Path, arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_sso-emulator"))
            .arg("--home")
            .arg(home)
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let line = serde_json::from_str(&line).unwrap();
        Self { child, stdout, line }
    }

    pub(crate) fn text(&self, name: &str) -> &str {
        self.line[name].as_str().unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn status(url: &str, method: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address(url)).await.unwrap();
    let request = request(url, method, path, &[], "{}");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer.split(' ').nth(1).unwrap().to_owned()
}

#[tokio::test]
async fn the_program_prints_one_line_serves_and_exits_on_sigterm() {
    let directory = tempfile::tempdir().unwrap();
    let mut program =
        Program::start(directory.path(), &["--rotate", "--account", "000000000042=Audit,Admin"]);
    let url = program.text("portal_url").to_owned();
    assert_eq!(program.text("oidc_url"), url);
    assert_eq!(program.text("control_url"), format!("{url}/emulator"));
    assert_eq!(program.text("profile"), "devsso");
    assert_eq!(program.text("account_id"), "000000000042");
    assert_eq!(program.text("role_name"), "Audit");
    assert_eq!(program.line["environment"]["AWS_ENDPOINT_URL_SSO"], url);
    assert_eq!(program.line["environment"]["HOME"], directory.path().to_str().unwrap());
    assert!(Path::new(program.text("token_file")).exists());
    assert_eq!(status(&url, "GET", "/assignment/accounts").await, "401");
    assert_eq!(status(&url, "GET", "/emulator/counts").await, "200");

    #[cfg(unix)]
    {
        let pid = program.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        assert_eq!(program.child.wait().unwrap().code(), Some(0));
    }
    // There is no such signal on Windows.
    #[cfg(not(unix))]
    program.child.kill().unwrap();
    let mut rest = String::new();
    program.stdout.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
    assert!(TcpStream::connect(address(&url)).await.is_err());
}

#[test]
fn each_token_state_has_a_name() {
    let directory = tempfile::tempdir().unwrap();
    for (state, refreshable) in [
        ("valid", Some(true)),
        ("window", Some(true)),
        ("expired", Some(true)),
        ("expired-not-refreshable", Some(false)),
        ("missing", None),
    ] {
        let program = Program::start(directory.path(), &["--token-state", state]);
        let token = std::fs::read(program.text("token_file")).ok();
        let token = token.map(|token| serde_json::from_slice::<Value>(&token).unwrap());
        let found = token.map(|token| token.get("refreshToken").is_some());
        assert_eq!(found, refreshable, "{state}");
    }
}

#[test]
fn errors_are_printed_to_stderr() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    std::fs::write(&file, "").unwrap();
    let output =
        Command::new(env!("CARGO_BIN_EXE_sso-emulator")).arg("--home").arg(&file).output().unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.starts_with("sso-emulator: failed to write"), "{text}");
}

#[test]
fn a_home_that_no_emulator_wrote_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join(".aws/config");
    std::fs::create_dir(config.parent().unwrap()).unwrap();
    std::fs::write(&config, "[profile mine]\n").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_sso-emulator"))
        .arg("--home")
        .arg(directory.path())
        .output()
        .unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("was not written by sso-emulator"), "{text}");
    assert_eq!(std::fs::read_to_string(&config).unwrap(), "[profile mine]\n");
}
