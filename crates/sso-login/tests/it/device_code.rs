//! The device code flow.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{Request, Response};
use jiff::{SignedDuration, Timestamp};
use sso_cache::TokenFile;
use sso_emulator::{Emulator, ErrorName, Operation};
use sso_http::{RequestBody, ResponseBody, ServiceErrorKind};
use sso_login::{FinishedLogin, Flow, Login, LoginBuilder, LoginError, LoginSession};
use sso_types::ManualClock;
use tokio::time::Instant;
use tower::Service;

use crate::scene::{START_URL, Scene, User, session};

#[tokio::test]
async fn a_user_code_logs_in() {
    let scene = Scene::new().await;
    let user = User::allowing(&scene);
    scene.login().flow(Flow::DeviceCode).build().run(&user).await.unwrap();
    assert_eq!(user.seen(), ["page and code", "allowed"]);
    let token = scene.token();
    assert!(scene.emulator.is_live(token.refresh_token().unwrap().expose_secret()));
    assert_eq!(scene.emulator.counts().authorize, 0);
}

#[tokio::test]
async fn a_legacy_profile_uses_a_device_code_without_scopes() {
    let scene = Scene::new().await;
    let session = LoginSession::legacy(START_URL.parse().unwrap(), "us-east-1".parse().unwrap());
    let login = scene.login_to(session).flow(Flow::AuthorizationCode).build();
    login.run(&User::allowing(&scene)).await.unwrap();
    assert!(scene.token().refresh_token().is_none());
    assert_eq!(scene.files(), ["0e093f10f65cee6c5c1898a8e240f5726875bf08.json", "token.json"]);
}

#[tokio::test]
async fn a_denied_code_is_the_error_denied() {
    let scene = Scene::new().await;
    let login = scene.login().flow(Flow::DeviceCode).build();
    let error = login.run(&User::denying(&scene)).await.unwrap_err();
    assert!(matches!(error, LoginError::Denied), "{error}");
    assert!(scene.token_file.load().unwrap_err().is_not_found());
}

#[tokio::test]
async fn an_expired_code_is_the_error_expired() {
    let scene = Scene::new().await;
    scene.emulator.fault_on(Operation::CreateToken, ErrorName::ExpiredToken);
    let login = scene.login().flow(Flow::DeviceCode).build();
    let error = login.run(&User::default()).await.unwrap_err();
    assert!(matches!(error, LoginError::Expired), "{error}");
}

#[tokio::test]
async fn a_registration_that_the_service_rejects_is_renewed() {
    let scene = Scene::with(Emulator::builder()).await;
    let login = || scene.login().flow(Flow::DeviceCode).build();
    login().run(&User::allowing(&scene)).await.unwrap();
    scene.emulator.expire_registrations();
    login().run(&User::allowing(&scene)).await.unwrap();
    assert_eq!(scene.emulator.counts().register_client, 2);
}

#[tokio::test]
async fn another_error_of_the_service_does_not_renew_the_registration() {
    let scene = Scene::new().await;
    scene.emulator.fault_on(Operation::StartDeviceAuthorization, ErrorName::UnauthorizedClient);
    let login = scene.login().flow(Flow::DeviceCode).build();
    let error = login.run(&User::allowing(&scene)).await.unwrap_err();
    let error = error.service_error().unwrap();
    assert_eq!(error.kind(), ServiceErrorKind::UnauthorizedClient);
    assert_eq!(scene.emulator.counts().register_client, 1);
}

/// SSO OIDC in memory. Answers polls from a script, and records their times. Each response takes ten
/// seconds by its clock.
#[derive(Clone)]
struct Script {
    polls: Arc<Mutex<VecDeque<(u16, &'static str)>>>,
    times: Arc<Mutex<Vec<u64>>>,
    start: Instant,
    clock: ManualClock,
}

impl Script {
    fn new(polls: impl IntoIterator<Item = (u16, &'static str)>) -> Self {
        let polls = Arc::new(Mutex::new(polls.into_iter().collect()));
        let clock = ManualClock::at(Timestamp::UNIX_EPOCH);
        Self { polls, times: Arc::default(), start: Instant::now(), clock }
    }

    fn answer(&self, path: &str) -> (u16, String) {
        match path {
            "/client/register" => (
                200,
                r#"{"clientId":"c","clientSecret":"s","clientSecretExpiresAt":4102444800}"#.into(),
            ),
            "/device_authorization" => (
                200,
                r#"{"deviceCode":"d","userCode":"AB-CD","verificationUri":"https://device.example/",
                    "expiresIn":600}"#
                    .into(),
            ),
            _ => {
                self.clock.advance(SignedDuration::from_secs(10));
                self.times.lock().unwrap().push(self.start.elapsed().as_secs());
                match self.polls.lock().unwrap().pop_front() {
                    Some((status, error)) => (status, format!(r#"{{"error":"{error}"}}"#)),
                    None => (200, r#"{"accessToken":"a","expiresIn":3600}"#.into()),
                }
            }
        }
    }
}

impl Service<Request<RequestBody>> for Script {
    type Response = Response<ResponseBody>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(
        &mut self,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), Infallible>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<RequestBody>) -> Self::Future {
        let (status, body) = self.answer(request.uri().path());
        let mut response = Response::new(ResponseBody::new(body.into_bytes()));
        *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
        std::future::ready(Ok(response))
    }
}

fn login(script: &Script, file: TokenFile) -> LoginBuilder {
    let login = Login::builder(script.clone(), session("s"), file);
    login.flow(Flow::DeviceCode).clock(script.clock.clone())
}

async fn run(script: &Script, timeout: Duration) -> Result<FinishedLogin, LoginError> {
    let directory = tempfile::tempdir().unwrap();
    let file = TokenFile::new(directory.path().join("t.json"));
    login(script, file).timeout(timeout).build().run(&User::default()).await
}

#[tokio::test(start_paused = true)]
async fn each_slow_down_adds_five_seconds_to_the_polling_interval() {
    let script = Script::new([
        (400, "authorization_pending"),
        (400, "slow_down"),
        (400, "authorization_pending"),
        (400, "slow_down"),
    ]);
    run(&script, Duration::from_secs(600)).await.unwrap();
    // The answer has no interval, so it is five seconds, then ten, then fifteen.
    assert_eq!(*script.times.lock().unwrap(), [5, 10, 20, 30, 45]);
}

#[tokio::test(start_paused = true)]
async fn failed_polls_double_the_pause() {
    let script = Script::new([
        (503, "server_error"),
        (500, "server_error"),
        (400, "authorization_pending"),
        (400, "authorization_pending"),
    ]);
    run(&script, Duration::from_secs(600)).await.unwrap();
    assert_eq!(*script.times.lock().unwrap(), [5, 15, 35, 40, 45]);
}

#[tokio::test(start_paused = true)]
async fn a_login_without_a_decision_expires_after_the_timeout() {
    let script = Script::new(std::iter::repeat_n((400, "authorization_pending"), 1000));
    let start = Instant::now();
    let error = run(&script, Duration::from_secs(60)).await.unwrap_err();
    assert!(error.is_expired(), "{error}");
    assert_eq!(start.elapsed().as_secs(), 60);
    assert_eq!(script.times.lock().unwrap().len(), 11);
}

#[tokio::test(start_paused = true)]
async fn a_permanent_error_ends_the_login() {
    let script = Script::new([(400, "invalid_grant")]);
    let error = run(&script, Duration::from_secs(60)).await.unwrap_err();
    assert_eq!(error.to_string(), "the login failed at CreateToken");
    assert!(error.service_error().unwrap().is_invalid_grant());
}

#[tokio::test(start_paused = true)]
async fn a_slow_response_does_not_extend_the_lifetime() {
    let script = Script::new([(400, "authorization_pending")]);
    let finished = run(&script, Duration::from_secs(60)).await.unwrap();
    // Ten seconds for the first poll. The lifetime counts from the request of the second one.
    assert_eq!(finished.token().expires_at(), Timestamp::from_second(10 + 3600).unwrap());
}

#[tokio::test(start_paused = true)]
async fn the_token_is_written_although_another_process_keeps_the_lock() {
    let directory = tempfile::tempdir().unwrap();
    let file = TokenFile::new(directory.path().join("t.json"));
    let _lock = file.try_lock().unwrap().unwrap();
    let login = login(&Script::new([]), file.clone()).build();
    let user = User::default();
    let finished = tokio::time::timeout(Duration::from_secs(60), login.run(&user)).await;
    finished.expect("the login waits for the lock without a limit").unwrap();
    assert_eq!(file.load().unwrap().access_token().expose_secret(), "a");
}
