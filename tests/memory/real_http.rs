//! Searches memory after requests over real sockets and TLS. The client runs in a child process, because
//! the memory of the service contains the secrets too.

use std::process::Command;

use sso_cache::TokenFile;
use sso_emulator::{Emulator, TokenState};
use sso_provider::ProfileProviders;
use sso_types::Environment;

use crate::needle::{Needle, find};

/// The variable with the path of the token file. Set for the process that [`report`] starts.
const CHILD: &str = "SSO_TESTS_MEMORY_CHILD";

/// The secrets in the body of a request.
const SENT: [&str; 2] = ["refresh token sent", "client secret sent"];

pub(crate) fn report() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for tls in [false, true] {
        let emulator = Emulator::builder().rotate_refresh_tokens(true).tls(tls);
        let emulator = runtime.block_on(emulator.start()).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let home = emulator.write_home(directory.path(), TokenState::Expired).unwrap();
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "as_a_child", "--nocapture"])
            .env_clear()
            .envs(home.environment.iter().cloned())
            .env("AWS_PROFILE", &home.profile)
            .env(CHILD, &home.token_file)
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(emulator.counts().get_role_credentials, 1);
        let kept = text.lines().find_map(|line| line.split_once("kept: ")).unwrap().1;
        println!("over {}: {kept}", if tls { "TLS" } else { "plain HTTP" });
    }
}

pub(crate) fn run_in_child() {
    let Some(token_file) = std::env::var_os(CHILD) else { return };
    let file = TokenFile::new(token_file);
    let mut needles = Vec::new();
    let mut note = |name: &str, secret: &str| needles.push(Needle::of(name, secret));
    let token = file.load().unwrap();
    let [refresh_token, client_secret] = SENT;
    note(refresh_token, token.refresh_token().unwrap().expose_secret());
    note(client_secret, token.client_secret().unwrap().expose_secret());
    drop(token);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let environment: Environment = std::env::vars_os().collect();
    let providers = ProfileProviders::builder().environment(environment).build().unwrap();
    let credentials = runtime.block_on(providers.credentials_provider().unwrap().retrieve());
    let credentials = credentials.unwrap();
    let token = file.load().unwrap();
    note("access token received and sent", token.access_token().expose_secret());
    note("refresh token received", token.refresh_token().unwrap().expose_secret());
    note("secret access key received", credentials.secret_access_key().expose_secret());
    note("session token received", credentials.session_token().expose_secret());
    let needles: Vec<_> = needles.iter().collect();
    assert!(find(&needles).len() >= 4, "secrets that are held are found");
    drop((token, credentials, providers));
    let open = find(&needles);
    drop(runtime);
    let closed = find(&needles);
    println!("\nkept: with its runtime {open:?}; without {closed:?}");
    // The body of a request is in a buffer of this workspace, which is cleared.
    let is_sent = |it: &&String| SENT.iter().any(|name| it.starts_with(name));
    assert_eq!(open.iter().chain(&closed).find(is_sent), None, "a request's body was not cleared");
}
