//! The fixtures of the tests: an emulator, a token file, and a user with a browser.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use sso_cache::{CachedToken, TokenFile};
use sso_emulator::{Emulator, EmulatorBuilder};
use sso_http::{Endpoint, HttpsClient};
use sso_login::{Login, LoginBuilder, LoginEvent, LoginPrompt, LoginSession, OpenBrowser};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub(crate) const START_URL: &str = "https://my-sso-portal.awsapps.com/start";

pub(crate) struct Scene {
    pub(crate) emulator: Arc<Emulator>,
    _directory: TempDir,
    pub(crate) token_file: TokenFile,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        Self::with(Emulator::builder()).await
    }

    pub(crate) async fn with(builder: EmulatorBuilder) -> Self {
        let emulator = Arc::new(builder.start().await.unwrap());
        let directory = tempfile::tempdir().unwrap();
        let token_file = TokenFile::new(directory.path().join("cache/token.json"));
        Self { emulator, token_file, _directory: directory }
    }

    pub(crate) fn login(&self) -> LoginBuilder {
        self.login_to(session("dev-session"))
    }

    pub(crate) fn login_to(&self, session: LoginSession) -> LoginBuilder {
        Login::builder(https(), session, self.token_file.clone())
            .oidc_endpoint(self.oidc_endpoint())
    }

    pub(crate) fn oidc_endpoint(&self) -> Endpoint {
        self.emulator.oidc_url().parse::<Endpoint>().unwrap().with_origin("a test")
    }

    pub(crate) fn cache(&self) -> &Path {
        self.token_file.path().parent().unwrap()
    }

    /// The names of the files in the cache directory, without lock files.
    pub(crate) fn files(&self) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.cache()) else { return Vec::new() };
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.filter(|name| !name.contains(".lock")).collect();
        names.sort();
        names
    }

    pub(crate) fn token(&self) -> CachedToken {
        self.token_file.load().unwrap()
    }
}

pub(crate) fn https() -> HttpsClient {
    HttpsClient::builder().build().unwrap()
}

pub(crate) fn session(name: &str) -> LoginSession {
    let (url, region) = (START_URL.parse().unwrap(), "us-east-1".parse().unwrap());
    LoginSession::new(name.parse().unwrap(), url, region)
        .registration_scopes(&["sso:account:access".to_owned()])
}

/// A user who sees the events, and may act on the page.
#[derive(Clone, Default)]
pub(crate) struct User {
    seen: Arc<Mutex<Vec<String>>>,
    url: Arc<Mutex<Option<String>>>,
    emulator: Option<Arc<Emulator>>,
    denies: bool,
}

impl User {
    /// A user who allows each user code when it is shown.
    pub(crate) fn allowing(scene: &Scene) -> Self {
        Self { emulator: Some(Arc::clone(&scene.emulator)), ..Self::default() }
    }

    pub(crate) fn denying(scene: &Scene) -> Self {
        Self { denies: true, ..Self::allowing(scene) }
    }

    /// Short descriptions of the events so far.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    /// Waits until a page is shown, and returns its URL.
    pub(crate) async fn page(&self) -> String {
        loop {
            if let Some(url) = self.url.lock().unwrap().clone() {
                return url;
            }
            tokio::task::yield_now().await;
        }
    }

    /// The value of a parameter of the page's URL.
    pub(crate) async fn parameter(&self, name: &str) -> String {
        let url = self.page().await;
        let (_, query) = url.split_once('?').unwrap();
        let found = query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}=")));
        percent_encoding::percent_decode_str(found.unwrap()).decode_utf8().unwrap().into_owned()
    }

    /// Host and port of the login's listener.
    pub(crate) async fn listener(&self) -> String {
        let uri = self.parameter("redirect_uri").await;
        let rest = uri.strip_prefix("http://").unwrap();
        rest.split('/').next().unwrap().to_owned()
    }
}

impl LoginPrompt for User {
    fn show(&self, event: &LoginEvent<'_>) {
        let text = match event {
            LoginEvent::OtherLogin => "other login".to_owned(),
            LoginEvent::OpenPage { url, user_code, .. } => {
                *self.url.lock().unwrap() = Some((*url).to_owned());
                if let (Some(emulator), Some(code)) = (&self.emulator, user_code) {
                    let decide =
                        if self.denies { Emulator::deny_device } else { Emulator::approve_device };
                    assert!(decide(emulator, code));
                }
                format!("page {}", user_code.map_or("without code", |_| "and code"))
            }
            LoginEvent::BrowserFailed { error, .. } => format!("no browser: {error}"),
            LoginEvent::Allowed => "allowed".to_owned(),
            _ => format!("{event:?}"),
        };
        self.seen.lock().unwrap().push(text);
    }
}

/// A browser that opens a page, follows its redirect, and keeps the last page.
#[derive(Clone, Default)]
pub(crate) struct Browser {
    last_page: Arc<Mutex<Option<String>>>,
}

impl Browser {
    /// Waits until the redirect was followed, and returns the last page.
    pub(crate) async fn last_page(&self) -> String {
        loop {
            if let Some(page) = self.last_page.lock().unwrap().clone() {
                return page;
            }
            tokio::task::yield_now().await;
        }
    }
}

impl OpenBrowser for Browser {
    fn open(&self, url: &str) -> io::Result<()> {
        let (url, last_page) = (url.to_owned(), Arc::clone(&self.last_page));
        tokio::spawn(async move {
            let page = get(&url).await;
            let page = match page.lines().find_map(|line| line.strip_prefix("location: ")) {
                Some(location) => get(location).await,
                None => page,
            };
            *last_page.lock().unwrap() = Some(page);
        });
        Ok(())
    }
}

/// Sends a GET request and returns the head and the body of the answer.
pub(crate) async fn get(url: &str) -> String {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    send(host, &format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")).await
}

/// Sends these bytes, and returns everything received until the connection closes.
pub(crate) async fn send(host: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(host).await.unwrap();
    // The server may close the connection before it has read everything.
    let _ = stream.write_all(request.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

pub(crate) fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
}
