//! A refresh ahead of expiry that is never answered.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::thread;

use sso_emulator::TokenState;

use crate::program::Scene;

const RUN: [&str; 4] = ["credential-process", "--profile", "devsso", "--no-cache"];

/// Takes 11 seconds, because the program does not exit before the attempt has ended.
#[tokio::test(flavor = "multi_thread")]
async fn an_unanswered_refresh_ahead_delays_only_one_process() {
    let scene = Scene::new(TokenState::InRefreshWindow).await;
    let oidc = Silent::listen();
    let mut command = scene.command(&RUN);
    command.env("AWS_ENDPOINT_URL_SSO_OIDC", &oidc.url).stdout(Stdio::piped());
    let mut first = command.spawn().unwrap();

    // The credentials are printed while the request is still unanswered.
    let mut printed = String::new();
    let mut stdout = BufReader::new(first.stdout.take().unwrap());
    stdout.read_line(&mut printed).unwrap();
    assert!(printed.contains("\"AccessKeyId\""), "{printed:?}");
    assert!(first.try_wait().unwrap().is_none(), "the program exited during the refresh");
    assert_eq!(oidc.requests(), 1);

    // Another process neither waits for the refresh nor repeats it.
    let second = scene.run_command(&mut command);
    assert!(second.success().contains("\"AccessKeyId\""));
    assert!(first.try_wait().unwrap().is_none(), "the other process waited");
    assert!(first.wait().unwrap().success());
    let third = scene.run_command(&mut command);
    assert!(third.success().contains("\"AccessKeyId\""));
    assert_eq!(oidc.requests(), 1, "the attempt is not repeated for 30 seconds");
}

/// A service that accepts connections and reads requests, but never answers.
struct Silent {
    url: String,
    connections: Arc<Mutex<Vec<TcpStream>>>,
}

impl Silent {
    fn listen() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let connections = Arc::new(Mutex::new(Vec::new()));
        let accepted = Arc::clone(&connections);
        thread::spawn(move || {
            for connection in listener.incoming() {
                let mut connection = connection.unwrap();
                accepted.lock().unwrap().push(connection.try_clone().unwrap());
                thread::spawn(move || connection.read_to_end(&mut Vec::new()));
            }
        });
        Self { url, connections }
    }

    fn requests(&self) -> usize {
        self.connections.lock().unwrap().len()
    }
}
