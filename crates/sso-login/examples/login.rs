//! Logs in to an emulated AWS SSO, first with an authorization code and then with a device code, and
//! logs out. Real programs open a browser; here the emulator's user allows everything.
//!
//! ```sh
//! cargo run -p sso-login --example login
//! ```

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, missing_docs, reason = "an example shows what it does")]

use std::io;
use std::sync::Arc;

use sso_cache::TokenFile;
use sso_emulator::Emulator;
use sso_http::{Endpoint, HttpsClient};
use sso_login::{Flow, Login, LoginEvent, LoginSession, Logout, OpenBrowser};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let emulator = Arc::new(Emulator::builder().start().await?);
    let home = tempfile::tempdir()?;
    let token_file = TokenFile::new(home.path().join("token.json"));
    let session = LoginSession::new(
        "dev-session".parse()?,
        "https://my-sso-portal.awsapps.com/start".parse()?,
        "us-east-1".parse()?,
    );
    let https = HttpsClient::builder().build()?;
    let endpoint = emulator.oidc_url().parse::<Endpoint>()?.with_origin("the example");

    // Shows the events to the user. In the device code flow, also allows the login.
    let user = Arc::clone(&emulator);
    let prompt = move |event: &LoginEvent<'_>| match event {
        LoginEvent::OpenPage { url, user_code: None, .. } => println!("Open {url}"),
        LoginEvent::OpenPage { url, user_code: Some(code), .. } => {
            println!("Open {url} and enter {code}");
            user.approve_device(code);
        }
        _ => println!("{event:?}"),
    };

    for flow in [Flow::AuthorizationCode, Flow::DeviceCode] {
        let login = Login::builder(https.clone(), session.clone(), token_file.clone())
            .oidc_endpoint(endpoint.clone())
            .browser(Browser)
            .flow(flow)
            .build();
        let finished = login.run(&prompt).await?;
        println!("Logged in until {}", finished.token().expires_at());
    }

    let portal = emulator.portal_url().parse::<Endpoint>()?.with_origin("the example");
    let logout = Logout::new(https, portal, token_file).run().await?;
    println!("Logged out: {}", logout.was_logged_in);
    Ok(())
}

/// A browser that follows one redirect.
struct Browser;

impl OpenBrowser for Browser {
    fn open(&self, url: &str) -> io::Result<()> {
        let url = url.to_owned();
        tokio::spawn(async move {
            let page = get(&url).await?;
            match page.lines().find_map(|line| line.strip_prefix("location: ")) {
                Some(location) => get(location).await.map(drop),
                None => Ok(()),
            }
        });
        Ok(())
    }
}

async fn get(url: &str) -> io::Result<String> {
    let rest = url.strip_prefix("http://").unwrap_or_default();
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let mut stream = TcpStream::connect(host).await?;
    let request = format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}
