//! Runs the programs of the READMEs. Each was compiled as a user would, with the dependencies of its
//! README, in `xtask/interop/readmes`.

use std::error::Error;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use sso_emulator::{Emulator, Home};

use crate::s3_server::S3Server;

const BUCKET: &str = "readme";
const KEY: &str = "object.txt";
const CONTENT: &str = "8 bytes\n";

/// The programs that read the bucket: their name, their last argument and the end of their output.
const READERS: [(&str, &str, &str); 5] = [
    ("object-store", BUCKET, " object.txt\n"),
    ("reqsign", BUCKET, "object.txt\n"),
    ("aws-sdk", BUCKET, " object.txt\n"),
    ("iceberg", "s3://readme/object.txt", "8 bytes\n"),
    ("polars", "s3://readme/object.txt", "8 bytes\n"),
];

/// Returns the names of the programs.
pub async fn run(
    directory: &Path,
    home: &Home,
    server: &S3Server,
) -> Result<Vec<&'static str>, Box<dyn Error>> {
    server.add_bucket(BUCKET, KEY, CONTENT)?;
    let command = |name: &str| {
        let file = format!("readme-{name}{}", std::env::consts::EXE_SUFFIX);
        let mut command = home.command(directory.join(file));
        command
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ENDPOINT_URL", server.url())
            .env("AWS_ALLOW_HTTP", "true")
            .stdin(Stdio::null());
        command
    };
    let mut ran = Vec::new();
    for (name, last, expected) in READERS {
        let mut command = command(name);
        command.args([&home.profile, last]);
        check(name, command, |printed| printed.ends_with(expected)).await?;
        ran.push(name);
    }
    let is_issued = |printed: &str| {
        let key = printed.split(' ').next().unwrap_or_default();
        server.emulator().owner_of(key).is_some()
    };
    check("provider", command("provider"), is_issued).await?;
    ran.push("provider");
    let endpoint = command("endpoint");
    let answer = tokio::task::spawn_blocking(move || ask_endpoint(endpoint)).await?;
    check_answer(&answer?, server.emulator())?;
    ran.push("endpoint");
    Ok(ran)
}

async fn check(
    name: &str,
    mut command: Command,
    is_expected: impl Fn(&str) -> bool,
) -> Result<(), Box<dyn Error>> {
    // The services are in this process.
    let output = tokio::task::spawn_blocking(move || command.output()).await?;
    let output = output.map_err(|error| format!("the README program {name}: {error}"))?;
    let printed = String::from_utf8_lossy(&output.stdout);
    if output.status.success() && is_expected(&printed) {
        return Ok(());
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    Err(format!("the README program {name} printed {printed:?} and {errors:?}").into())
}

/// Sends the program's endpoint one request, and ends the program. Returns the answer.
fn ask_endpoint(mut command: Command) -> std::io::Result<String> {
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let answer = child.stdout.take().ok_or(std::io::ErrorKind::BrokenPipe.into()).and_then(|out| {
        let mut lines = BufReader::new(out).lines();
        let mut next = || lines.next().unwrap_or(Err(std::io::ErrorKind::UnexpectedEof.into()));
        let (url, token) = (next()?, next()?);
        let url = url.trim_start_matches("AWS_CONTAINER_CREDENTIALS_FULL_URI=http://");
        let token = token.trim_start_matches("AWS_CONTAINER_AUTHORIZATION_TOKEN=");
        let (host, path) = url.split_once('/').unwrap_or((url, ""));
        let mut stream = TcpStream::connect(host)?;
        write!(stream, "GET /{path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {token}\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    });
    child.kill()?;
    child.wait()?;
    answer
}

fn check_answer(answer: &str, emulator: &Emulator) -> Result<(), Box<dyn Error>> {
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body).unwrap_or_default();
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    let key = body.get("AccessKeyId").and_then(Value::as_str).unwrap_or_default();
    if emulator.owner_of(key).is_some() {
        return Ok(());
    }
    Err(format!("the README program endpoint answered {answer:?}").into())
}
