//! A test fixture: a token file, a manual clock, and services with scripted answers.

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
    CredentialsCache, CredentialsCacheBuilder, SsoCredentialsProvider,
    SsoCredentialsProviderBuilder, SsoTokenProvider, SsoTokenProviderBuilder,
};
use sso_types::{
    AccessToken, ClientSecret, Clock as _, Credentials, ManualClock, RefreshToken, SecretAccessKey,
    SessionName, SessionToken,
};
use tempfile::TempDir;
use tokio::sync::Semaphore;
use tower::Service;

/// The time at which each test starts.
pub(crate) const NOW: &str = "2026-01-01T00:00:00Z";

type Answer<Request, Response> =
    dyn Fn(usize, Request) -> Result<Response, ServiceError> + Send + Sync;

/// A service with scripted answers. It counts its calls, and can hold its answers back.
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

    /// Sets the answer to all further calls. `answer` receives the number of the call, from 1.
    pub(crate) fn answer(
        &self,
        answer: impl Fn(usize, Request) -> Result<Response, ServiceError> + Send + Sync + 'static,
    ) {
        *self.answer.lock().unwrap() = Arc::new(answer);
    }

    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    /// Holds all answers back until [`Self::open`] is called.
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

/// The session `dev-session`: its token file, an OIDC service that rotates refresh tokens, and a
/// portal that accepts every token.
pub(crate) struct Scene {
    pub(crate) clock: ManualClock,
    pub(crate) oidc: Scripted<CreateToken, CreateTokenResponse>,
    pub(crate) portal: Scripted<GetRoleCredentials, Credentials>,
    /// Dropped last, because an answer of a service may keep a file of it open.
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

    /// Writes a refreshable token that expires in `seconds`.
    pub(crate) fn token(&self, access_token: &str, seconds: i64) {
        self.store(&self.refreshable(access_token, seconds));
    }

    pub(crate) fn refreshable(&self, access_token: &str, seconds: i64) -> CachedToken {
        self.plain(access_token, seconds)
            .with_refresh_token(RefreshToken::new(format!("refresh of {access_token}")))
            .with_client_registration("client", ClientSecret::new("client secret"), None)
    }

    /// Returns a token without a refresh token.
    pub(crate) fn plain(&self, access_token: &str, seconds: i64) -> CachedToken {
        let expires_at = self.now() + SignedDuration::from_secs(seconds);
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

    pub(crate) fn credentials_builder(&self) -> SsoCredentialsProviderBuilder {
        SsoCredentialsProvider::builder(
            self.portal.clone(),
            "123456789012".parse().unwrap(),
            "SSOReadOnlyRole".parse().unwrap(),
        )
        .token_provider(self.provider())
        .clock(self.clock.clone())
    }

    pub(crate) fn credentials_provider(&self) -> SsoCredentialsProvider {
        self.credentials_builder().build().unwrap()
    }

    pub(crate) fn cache_builder(&self) -> CredentialsCacheBuilder {
        CredentialsCache::builder(self.credentials_provider()).clock(self.clock.clone())
    }

    pub(crate) fn cache(&self) -> CredentialsCache {
        self.cache_builder().build().unwrap()
    }
}

/// The default answer to `CreateToken`: the access token `new-N`, which expires in an hour, and the
/// refresh token `rotated-N`.
pub(crate) fn answer(call: usize) -> CreateTokenResponse {
    CreateTokenResponse::new(AccessToken::new(format!("new-{call}")), Duration::from_secs(3600))
        .with_refresh_token(RefreshToken::new(format!("rotated-{call}")))
}

/// Credentials with the access key ID `AKID-N`, which expire in `seconds`.
pub(crate) fn credentials(call: usize, now: Timestamp, seconds: i64) -> Credentials {
    Credentials::new(
        format!("AKID-{call}"),
        SecretAccessKey::new("secret"),
        SessionToken::new("session"),
        now + SignedDuration::from_secs(seconds),
    )
}

/// The portal's answer to a token that it rejects.
pub(crate) fn unauthorized() -> ServiceError {
    ServiceError::from_answer(401, "UnauthorizedException", "Session token not found or invalid")
}

/// The answer of a service that is unavailable.
pub(crate) fn unavailable() -> ServiceError {
    ServiceError::from_answer(503, "ServiceUnavailable", "try later")
}

/// The answer of a gateway to which the service did not answer in time.
pub(crate) fn lost_answer() -> ServiceError {
    ServiceError::from_answer(504, "GatewayTimeout", "")
}

/// Returns the provider's access token.
pub(crate) async fn value(provider: &SsoTokenProvider) -> String {
    let token = provider.retrieve_bearer_token().await.unwrap();
    token.access_token().expose_secret().to_owned()
}
