//! A token file, a clock that the test sets, and services that answer as the test says.

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sso_provider::cache::{CachedToken, TokenFile};
use sso_provider::http::{CreateToken, CreateTokenResponse, GetRoleCredentials, ServiceError};
use sso_provider::{
    CredentialsCache, CredentialsCacheBuilder, SsoCredentialsProvider, SsoTokenProvider,
    SsoTokenProviderBuilder,
};
use sso_types::{
    AccessToken, ClientSecret, Clock as _, Credentials, ManualClock, RefreshToken, SecretAccessKey,
    SessionName, SessionToken,
};
use tempfile::TempDir;
use tokio::sync::Semaphore;
use tower::Service;

/// When it is, unless a test moves the clock.
pub(crate) const NOW: &str = "2026-01-01T00:00:00Z";

type Answer<Request, Response> =
    dyn Fn(usize, Request) -> Result<Response, ServiceError> + Send + Sync;

/// A service that a test scripts: counts its calls, and answers when it is let.
pub(crate) struct Scripted<Request, Response> {
    calls: Arc<AtomicUsize>,
    gate: Arc<Semaphore>,
    answer: Arc<Mutex<Arc<Answer<Request, Response>>>>,
}

impl<Request, Response> Clone for Scripted<Request, Response> {
    fn clone(&self) -> Self {
        let (calls, gate) = (Arc::clone(&self.calls), Arc::clone(&self.gate));
        Self { calls, gate, answer: Arc::clone(&self.answer) }
    }
}

impl<Request, Response> Scripted<Request, Response> {
    fn new(
        answer: impl Fn(usize, Request) -> Result<Response, ServiceError> + Send + Sync + 'static,
    ) -> Self {
        let gate = Arc::new(Semaphore::new(Semaphore::MAX_PERMITS));
        Self { calls: Arc::default(), gate, answer: Arc::new(Mutex::new(Arc::new(answer))) }
    }

    /// Answers so from now on; the function is given the number of the call, from 1.
    pub(crate) fn answer(
        &self,
        answer: impl Fn(usize, Request) -> Result<Response, ServiceError> + Send + Sync + 'static,
    ) {
        *self.answer.lock().unwrap() = Arc::new(answer);
    }

    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    /// Holds all answers back, until [`Self::open`].
    pub(crate) fn close(&self) {
        self.gate.forget_permits(Semaphore::MAX_PERMITS);
    }

    pub(crate) fn open(&self) {
        self.gate.add_permits(Semaphore::MAX_PERMITS - self.gate.available_permits());
    }
}

impl<Request: Send + 'static, Response: Send + 'static> Service<Request>
    for Scripted<Request, Response>
{
    type Response = Response;
    type Error = ServiceError;
    type Future = Pin<Box<dyn Future<Output = Result<Response, ServiceError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ServiceError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let this = self.clone();
        Box::pin(async move {
            let number = this.calls.fetch_add(1, Ordering::SeqCst) + 1;
            let _open = this.gate.acquire().await.unwrap();
            let answer = Arc::clone(&this.answer.lock().unwrap());
            answer(number, request)
        })
    }
}

/// One session, `dev-session`: its token file, an OIDC service that refreshes with rotation, and a
/// portal that gives credentials for whatever token.
pub(crate) struct Scene {
    pub(crate) clock: ManualClock,
    pub(crate) oidc: Scripted<CreateToken, CreateTokenResponse>,
    pub(crate) portal: Scripted<GetRoleCredentials, Credentials>,
    /// Goes last: an answer of the services may hold what keeps it from being removed.
    pub(crate) directory: TempDir,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let clock = ManualClock::at(NOW.parse().unwrap());
        let at = clock.clone();
        Self {
            directory: TempDir::new().unwrap(),
            oidc: Scripted::new(|call, _| Ok(answer(call))),
            portal: Scripted::new(move |call, _| Ok(credentials(call, at.now(), 3600))),
            clock,
        }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().join("token.json")
    }

    pub(crate) fn file(&self) -> TokenFile {
        TokenFile::new(self.path())
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.clock.advance(SignedDuration::from_secs(seconds));
    }

    /// Writes a refreshable token that is good for so many seconds.
    pub(crate) fn token(&self, access_token: &str, good_for: i64) {
        self.store(&self.refreshable(access_token, good_for));
    }

    pub(crate) fn refreshable(&self, access_token: &str, good_for: i64) -> CachedToken {
        self.plain(access_token, good_for)
            .with_refresh_token(RefreshToken::new(format!("refresh of {access_token}")))
            .with_client_registration("client", ClientSecret::new("client secret"), None)
    }

    pub(crate) fn plain(&self, access_token: &str, good_for: i64) -> CachedToken {
        let expires_at = self.now() + SignedDuration::from_secs(good_for);
        CachedToken::new(AccessToken::new(access_token), expires_at)
    }

    pub(crate) fn store(&self, token: &CachedToken) {
        self.file().store_unlocked(token).unwrap();
    }

    pub(crate) fn stored(&self) -> CachedToken {
        self.file().load().unwrap()
    }

    pub(crate) fn builder(&self) -> SsoTokenProviderBuilder {
        SsoTokenProvider::builder(self.oidc.clone(), self.file())
            .clock(self.clock.clone())
            .sso_session(&SessionName::new("dev-session").unwrap())
    }

    pub(crate) fn provider(&self) -> SsoTokenProvider {
        self.builder().build().unwrap()
    }

    pub(crate) fn credentials_provider(&self) -> SsoCredentialsProvider {
        SsoCredentialsProvider::builder(
            self.portal.clone(),
            "123456789012".parse().unwrap(),
            "SSOReadOnlyRole".parse().unwrap(),
        )
        .token_provider(self.provider())
        .clock(self.clock.clone())
        .build()
        .unwrap()
    }

    pub(crate) fn cache_builder(&self) -> CredentialsCacheBuilder {
        CredentialsCache::builder(self.credentials_provider()).clock(self.clock.clone())
    }

    pub(crate) fn cache(&self) -> CredentialsCache {
        self.cache_builder().build().unwrap()
    }
}

/// What OIDC answers to a call: `new-N`, good for an hour, and a rotated refresh token.
pub(crate) fn answer(call: usize) -> CreateTokenResponse {
    CreateTokenResponse::new(AccessToken::new(format!("new-{call}")), Duration::from_secs(3600))
        .with_refresh_token(RefreshToken::new(format!("rotated-{call}")))
}

/// `AKID-N`, good for so many seconds.
pub(crate) fn credentials(call: usize, now: Timestamp, good_for: i64) -> Credentials {
    Credentials::new(
        format!("AKID-{call}"),
        SecretAccessKey::new("secret"),
        SessionToken::new("session"),
        now + SignedDuration::from_secs(good_for),
    )
}

/// An answer of the portal's to a token that it does not take.
pub(crate) fn unauthorized() -> ServiceError {
    ServiceError::service(401, "UnauthorizedException", "Session token not found or invalid")
}

/// A service that cannot serve now.
pub(crate) fn unavailable() -> ServiceError {
    ServiceError::service(503, "ServiceUnavailable", "try later")
}

/// A gateway's answer when the service did not answer in time.
pub(crate) fn lost_answer() -> ServiceError {
    ServiceError::service(504, "GatewayTimeout", "")
}

/// The access token that the provider gives.
pub(crate) async fn value(provider: &SsoTokenProvider) -> String {
    let token = provider.retrieve_bearer_token().await.unwrap();
    token.access_token().expose_secret().to_owned()
}
