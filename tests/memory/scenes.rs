//! All paths of a secret through the crates, with services in the same process, without sockets and TLS.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::{Request, Response};
use sso_cache::{RoleCredentialsFile, TokenFile};
use sso_http::{Endpoint, Oidc, Portal, RequestBody, RetryLayer, TransportError};
use sso_provider::{CredentialsCache, SsoCredentialsProvider, SsoTokenProvider};
use sso_types::ManualClock;
use tower::Layer as _;
use zeroize::Zeroizing;

use crate::needle::{Needle, find};

const NOW: &str = "2026-01-01T00:00:00Z";
const FIELDS: [&str; 8] = [
    "access token of the file",
    "refresh token of the file",
    "client secret",
    "unknown field of the file",
    "new access token",
    "new refresh token",
    "secret access key",
    "session token",
];

/// The secrets of one scene, in the order of [`FIELDS`].
struct Secrets {
    needles: Vec<Needle>,
    /// True if slashes in the JSON are escaped, as some programs do.
    escaped: bool,
}

impl Secrets {
    fn new(scene: &str, escaped: bool) -> Arc<Self> {
        let name = |field| format!("{field}, {scene}, escaped: {escaped}");
        let needles = FIELDS.map(|field| Needle::new(name(field)));
        Arc::new(Self { needles: needles.into(), escaped })
    }

    fn text(&self, field: usize) -> Zeroizing<String> {
        self.needles[field].text()
    }

    /// Fills a template in memory that is cleared. `$0` stands for the secret number 0.
    fn json(&self, template: &str) -> Zeroizing<String> {
        let mut json = Zeroizing::new(String::with_capacity(16 << 10));
        let mut parts = template.split('$');
        json.push_str(parts.next().unwrap());
        for part in parts {
            let (number, rest) = part.split_at(1);
            for character in self.text(number.parse().unwrap()).chars() {
                if character == '/' && self.escaped {
                    json.push('\\');
                }
                json.push(character);
            }
            json.push_str(rest);
        }
        assert!(json.len() < 16 << 10);
        json
    }

    fn answer(&self, status: u16, template: &str) -> Response<RequestBody> {
        let mut body = self.json(template);
        // The body takes over the memory and clears it.
        let body = RequestBody::new(std::mem::take(&mut *body).into_bytes());
        Response::builder().status(status).body(body).unwrap()
    }

    fn assert_gone(&self, after: &str) {
        let found = find(&self.needles.iter().collect::<Vec<_>>());
        assert!(found.is_empty(), "still in memory after {after}: {found:#?}");
    }

    fn is_in(&self, field: usize, bytes: &[u8]) -> bool {
        let text = self.text(field);
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    }
}

/// A refresh, an exchange, both cache files, and the cache of a long-running program. The portal rejects
/// the token of the file, and its error contains the token.
pub(crate) fn a_refresh_and_credentials(escaped: bool) {
    let secrets = Secrets::new("refresh", escaped);
    let directory = tempfile::tempdir().unwrap();
    let token_file = TokenFile::new(directory.path().join("token.json"));
    let role_file = RoleCredentialsFile::new(directory.path().join("role.json"));
    let content = secrets.json(
        r#"{"accessToken":"$0","expiresAt":"2026-01-01T08:00:00Z","refreshToken":"$1","clientId":"c","clientSecret":"$2","other":"$3"}"#,
    );
    std::fs::write(token_file.path(), content.as_bytes()).unwrap();
    drop(content);

    let given = Arc::clone(&secrets);
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let https = tower::service_fn(move |request: Request<RequestBody>| {
        counted.fetch_add(1, Ordering::Relaxed);
        let answer = if request.uri().path() == "/token" {
            assert!(given.escaped || given.is_in(1, request.body().as_bytes()));
            given.answer(
                200,
                r#"{"accessToken":"$4","expiresIn":28800,"refreshToken":"$5","tokenType":"Bearer"}"#,
            )
        } else if given.is_in(0, request.headers()["x-amz-sso_bearer_token"].as_bytes()) {
            given.answer(401, r#"{"message":"the token $0 is not good"}"#)
        } else {
            assert!(given.is_in(4, request.headers()["x-amz-sso_bearer_token"].as_bytes()));
            given.answer(
                200,
                r#"{"roleCredentials":{"accessKeyId":"AKID","secretAccessKey":"$6","sessionToken":"$7","expiration":1767229200000}}"#,
            )
        };
        std::future::ready(Ok::<_, TransportError>(answer))
    });
    run(async {
        for _ in 0..2 {
            // In the second round, both files have valid contents.
            let provider = provider(https.clone(), &token_file, &role_file);
            let clock = ManualClock::at(NOW.parse().unwrap());
            let cache = CredentialsCache::builder(provider).clock(clock).build().unwrap();
            for _ in 0..2 {
                let credentials = cache.retrieve().await.unwrap();
                assert!(secrets.needles[6].is(credentials.secret_access_key().expose_secret()));
                assert!(secrets.needles[7].is(credentials.session_token().expose_secret()));
            }
        }
    });
    assert_eq!(calls.load(Ordering::Relaxed), 3, "rejected, refreshed, exchanged");
    drop(https);
    secrets.assert_gone("the retrieval");

    // The files contain the new secrets.
    let token = token_file.load().unwrap();
    assert!(secrets.needles[4].is(token.access_token().expose_secret()));
    assert!(secrets.needles[5].is(token.refresh_token().unwrap().expose_secret()));
    drop(token);
    secrets.assert_gone("reading it again");
}

/// Errors of services that contain the secrets of the request, incomplete answers, and a broken token
/// file.
pub(crate) fn errors_of_services_and_files(escaped: bool) {
    let secrets = Secrets::new("refusal", escaped);
    let directory = tempfile::tempdir().unwrap();
    let token_file = TokenFile::new(directory.path().join("token.json"));
    let role_file = RoleCredentialsFile::new(directory.path().join("role.json"));
    let content = secrets.json(
        r#"{"accessToken":"$0","expiresAt":"2025-12-31T00:00:00Z","refreshToken":"$1","clientId":"c","clientSecret":"$2","other":"$3"}"#,
    );
    std::fs::write(token_file.path(), content.as_bytes()).unwrap();
    drop(content);
    for (status, template) in [
        (400, r#"{"error":"invalid_grant","error_description":"$1 of $2"}"#),
        (400, r#"{"message":"<b>$1</b> $2"}"#),
        (403, "<html><title>$1</title>$2</html>"),
        (502, "$1 $2"),
        (200, "$1 $2"),
        (200, r#"{"accessToken":"$4","refreshToken":"$5","expiresIn":-1}"#),
        (200, r#"{"accessToken":"$4\n","refreshToken":"$5","expiresIn":1}"#),
        (200, r#"{"accessToken":"$4","refreshToken":"$5","expiresIn":"$4"}"#),
        (200, r#"{"accessToken":"$4","refreshToken":"$5"#),
        (200, r#"["$4"]"#),
    ] {
        let given = Arc::clone(&secrets);
        let https = tower::service_fn(move |_: Request<RequestBody>| {
            std::future::ready(Ok::<_, TransportError>(given.answer(status, template)))
        });
        run(async {
            let provider = provider(https, &token_file, &role_file);
            let error = provider.retrieve().await.unwrap_err();
            let text = format!("{error:?}");
            assert!((0..8).all(|field| !secrets.is_in(field, text.as_bytes())), "{template}");
        });
        secrets.assert_gone(template);
    }

    let broken = secrets.json(r#"{"accessToken":"$0","refreshToken":["$1"],"clientSecret":"$2"#);
    std::fs::write(token_file.path(), broken.as_bytes()).unwrap();
    drop(broken);
    assert!(token_file.load().unwrap_err().is_invalid());
    secrets.assert_gone("a broken file");
}

fn provider<S>(
    https: S,
    token_file: &TokenFile,
    role_file: &RoleCredentialsFile,
) -> SsoCredentialsProvider
where
    S: tower::Service<
            Request<RequestBody>,
            Response = Response<RequestBody>,
            Error = TransportError,
            Future: Send,
        > + Clone
        + Send
        + Sync
        + 'static,
{
    let clock = ManualClock::at(NOW.parse().unwrap());
    let endpoint = || "http://127.0.0.1:1".parse::<Endpoint>().unwrap().with_origin("a test");
    let retry = RetryLayer::standard().max_attempts(1);
    let oidc = retry.layer(Oidc::with_endpoint(https.clone(), endpoint()));
    let token_provider = SsoTokenProvider::builder(oidc, token_file.clone())
        .max_attempts(1)
        .clock(clock.clone())
        .build()
        .unwrap();
    let portal = retry.layer(Portal::with_endpoint(https, endpoint()));
    let (account, role) = ("123456789012".parse().unwrap(), "ReadOnly".parse().unwrap());
    SsoCredentialsProvider::builder(portal, account, role)
        .token_provider(token_provider)
        .role_credentials_file(role_file.clone())
        .timeout(Duration::from_secs(30))
        .clock(clock)
        .build()
        .unwrap()
}

fn run(work: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(work);
}
