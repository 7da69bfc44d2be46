//! The SSO access token: from the token file, refreshed when it runs out.
//!
//! Not responsible for how a refresh is done (`token_refresh`), nor for role credentials.

use std::fmt;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sso_cache::{CachedToken, Fingerprint, StoreError, TokenFile};
use sso_http::{CreateToken, CreateTokenResponse, RetryLayer, ServiceError};
use sso_types::{AccessToken, Clock, Region, StartUrl};
use tower::{BoxError, Service};

use crate::access::AccessNotice;
use crate::decide::{Circumstances, Decision, FailedRefresh, decide};
use crate::seen::Seen;
use crate::service::Operation;
use crate::single_flight::{Flight, SingleFlight};
use crate::token_provider_builder::SsoTokenProviderBuilder;
use crate::token_refresh::{self, Errand};
use crate::{LoginReason, TokenError};

/// Gives the SSO access token of one token file, and refreshes it through SSO OIDC.
///
/// Clone it freely: clones share everything. Safe to use concurrently, from any number of tasks:
/// one refresh is made, whoever asks, also across processes that use this crate.
///
/// **The file is the truth.** Each retrieval looks at the file (one `stat` where it has not
/// changed), so that a login or logout by another tool counts at once.
///
/// These looks, and reading a file that changed, are short blocking calls on the caller's thread: some
/// microseconds, but up to a quarter of a second for a file that is broken, as if someone were in the
/// middle of writing it. Writing a refreshed token blocks the runtime's thread too, for as long as the
/// disk takes to flush it: handed to another thread it could be lost at a shutdown, and the session
/// with it. That is once in a token's lifetime. Needs a tokio runtime with time enabled, driven until a
/// refresh is over: one that stands still may hold the file's lock, which other processes wait for.
#[derive(Clone)]
pub struct SsoTokenProvider(pub(crate) Arc<Shared>);

/// An SSO access token and its expiry. The token is secret.
#[derive(Debug, Clone)]
pub struct BearerToken(Arc<CachedToken>);

pub(crate) struct Shared {
    pub(crate) file: TokenFile,
    /// `None` for a legacy profile, whose tokens are never refreshed.
    pub(crate) oidc: Option<Operation<CreateToken, CreateTokenResponse>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) refresh_window: SignedDuration,
    pub(crate) lock_limit: Duration,
    pub(crate) time_limit: Duration,
    pub(crate) retry: RetryLayer,
    /// Whether also what certainly was not carried out is tried again here.
    pub(crate) retries_certain_failures: bool,
    pub(crate) region: Option<Region>,
    pub(crate) start_url: Option<StartUrl>,
    pub(crate) login_command: String,
    pub(crate) accept_other_session: bool,
    pub(crate) warned_of_no_lock: AtomicBool,
    access_notice: AccessNotice,
    flights: SingleFlight<Result<Arc<CachedToken>, TokenError>>,
    state: Mutex<State>,
}

/// What one provider knows beside the file. None of it outlives a change of the file.
#[derive(Debug, Default)]
pub(crate) struct State {
    seen: Option<Seen>,
    /// A refreshed token that could not be written.
    unsaved: Option<Seen>,
    failure: Option<FailedRefresh>,
    /// The lifetime of a token that this provider got itself.
    lifetime: Option<(AccessToken, SignedDuration)>,
}

/// A token that the service refused before its time.
#[derive(Debug, Clone)]
pub(crate) struct Refused {
    pub(crate) token: AccessToken,
    pub(crate) answer: ServiceError,
}

/// What a retrieval found to do.
enum Step {
    Done(Arc<CachedToken>),
    /// Wait for the flight; the token serves if that fails, where there is one.
    Wait(Flight<Result<Arc<CachedToken>, TokenError>>, Option<Arc<CachedToken>>),
}

impl BearerToken {
    /// The access token. Secret.
    pub fn access_token(&self) -> &AccessToken {
        self.0.access_token()
    }

    /// The first moment (UTC) at which it is no longer good.
    pub fn expires_at(&self) -> Timestamp {
        self.0.expires_at()
    }

    /// Returns [`Self::expires_at`] as the standard library's type.
    pub fn expires_at_system_time(&self) -> std::time::SystemTime {
        sso_types::system_time(self.expires_at())
    }
}

impl SsoTokenProvider {
    /// A provider of the token in `file` that refreshes through `oidc`: an [`sso_http::Oidc`], with
    /// whatever layers, or any other tower service for `CreateToken`.
    pub fn builder<S>(oidc: S, file: TokenFile) -> SsoTokenProviderBuilder
    where
        S: Service<CreateToken, Response = CreateTokenResponse> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
    {
        SsoTokenProviderBuilder::new(Some(crate::service::erase(oidc)), file)
    }

    /// A provider of the token in `file` that never refreshes it, as for a legacy profile (one
    /// without an `sso_session`).
    pub fn builder_without_refresh(file: TokenFile) -> SsoTokenProviderBuilder {
        SsoTokenProviderBuilder::new(None, file)
    }

    /// The access token: the one in the file while it is good, else a refreshed one.
    ///
    /// Near its expiry (the refresh window) the caller that starts the refresh waits for it, and
    /// when it fails gets the token that is still valid, unless someone has logged out meanwhile;
    /// other callers get that one at once. An expired token is never handed out. Dropping the future
    /// neither cancels nor repeats a refresh.
    ///
    /// Fails when a login is needed, when the token file cannot be read, or when the token has expired
    /// and could not be refreshed this time: [`TokenError`] has a variant for each.
    pub async fn retrieve_bearer_token(&self) -> Result<BearerToken, TokenError> {
        self.retrieve(None).await
    }

    /// A token other than the refused one: whatever the file holds now, else a refreshed one.
    pub(crate) async fn replace(&self, refused: &Refused) -> Result<BearerToken, TokenError> {
        self.retrieve(Some(refused)).await
    }

    /// The token file.
    pub fn token_file(&self) -> &TokenFile {
        &self.0.file
    }

    async fn retrieve(&self, refused: Option<&Refused>) -> Result<BearerToken, TokenError> {
        token_refresh::write_unsaved(&self.0);
        // More than once for a flight that was lost (the runtime that it was started on shut down, or
        // nobody drives it any more, while another one waits for it), that was under way before the token was refused, or
        // whose token has expired when a waiter gets to it (a machine that slept).
        let mut came_again = None;
        for _ in 0..3 {
            let (flight, meanwhile) = match self.0.step(refused)? {
                Step::Done(token) => return Ok(BearerToken(token)),
                Step::Wait(flight, meanwhile) => (flight, meanwhile),
            };
            let landed = flight.wait().await;
            let now = self.0.clock.now();
            let still_good = meanwhile.filter(|token| now < token.expires_at());
            came_again = None;
            match (landed, still_good) {
                (Some(Ok(token)), _) if token.is_expired(now) => {}
                (Some(Ok(token)), _) => match refused.filter(|it| it.is(&token)) {
                    Some(refused) => came_again = Some(refused),
                    None => return Ok(BearerToken(token)),
                },
                // Someone has logged out meanwhile: that counts, however good the token still is.
                (Some(Err(error)), Some(token)) if !error.is_no_token() => {
                    return Ok(BearerToken(token));
                }
                (Some(Err(error)), _) => return Err(error),
                (None, _) => {}
            }
        }
        Err(came_again.map_or(TokenError::Interrupted, |it| self.0.session_ended(it)))
    }
}

impl Refused {
    pub(crate) fn is(&self, token: &CachedToken) -> bool {
        self.token == *token.access_token()
    }
}

impl Shared {
    pub(crate) fn new(builder: SsoTokenProviderBuilder, login_command: String) -> Self {
        Self {
            file: builder.file,
            oidc: builder.oidc,
            clock: builder.clock,
            refresh_window: builder.refresh_window,
            lock_limit: builder.lock_limit,
            time_limit: builder.time_limit,
            retry: builder.retry,
            retries_certain_failures: builder.retries_certain_failures,
            region: builder.region,
            start_url: builder.start_url,
            login_command,
            accept_other_session: builder.accept_other_session,
            warned_of_no_lock: AtomicBool::new(false),
            access_notice: AccessNotice::default(),
            flights: SingleFlight::new(builder.time_limit),
            state: Mutex::default(),
        }
    }

    /// Looks, decides, and joins or starts a flight, in one go: between a decision and its flight
    /// no other flight can land unseen.
    fn step(self: &Arc<Self>, refused: Option<&Refused>) -> Result<Step, TokenError> {
        let mut state = self.state();
        // What was read before the service refused it is not trusted to be what is there now.
        state.seen.take_if(|seen| refused.is_some_and(|refused| refused.is(&seen.token)));
        let seen = self.look(&mut state)?;
        let now = self.clock.now();
        let errand = match (refused, self.decide(&state, &seen, now)) {
            (_, Decision::SignIn(why)) => return Err(self.expired(&seen.token, why)),
            (_, Decision::Fail(error)) => return Err(error),
            (Some(refused), _) if refused.is(&seen.token) => {
                self.may_replace(&state, &seen, refused, now)?;
                Errand::Replace(refused.clone())
            }
            (_, Decision::Use) => return Ok(Step::Done(seen.token)),
            (_, Decision::RefreshAhead) => Errand::RefreshAhead,
            (_, Decision::RefreshOrFail) => Errand::Refresh,
        };

        let meanwhile = matches!(errand, Errand::RefreshAhead).then(|| Arc::clone(&seen.token));
        if self.flights.is_running()
            && let Some(token) = meanwhile
        {
            return Ok(Step::Done(token));
        }
        let flight = self.flights.join(|_| token_refresh::fly(Arc::clone(self), seen, errand));
        Ok(Step::Wait(flight, meanwhile))
    }

    /// Whether asking for another token than the refused one has any prospect.
    fn may_replace(
        &self,
        state: &State,
        seen: &Seen,
        refused: &Refused,
        now: Timestamp,
    ) -> Result<(), TokenError> {
        let remembered = state.failure.as_ref();
        let remembered = remembered.filter(|it| it.counts(&seen.fingerprint, now));
        match remembered {
            Some(failure) if failure.error.is_end_of_session() => Err(failure.error.clone()),
            _ if self.can_refresh(seen) && seen.token.refreshability(now).is_ok() => Ok(()),
            _ => Err(self.session_ended(refused)),
        }
    }

    fn can_refresh(&self, seen: &Seen) -> bool {
        self.oidc.is_some() && !seen.borrowed
    }

    /// The token that counts now. A file that did not change is not read again.
    fn look(&self, state: &mut State) -> Result<Seen, TokenError> {
        let file = self.file.fingerprint().map_err(|error| self.not_usable(error))?;
        if file.is_none() {
            state.unsaved = None;
        }
        let known = [&state.unsaved, &state.seen].into_iter().flatten();
        if let Some(known) =
            known.into_iter().find(|known| Some(&known.fingerprint) == file.as_ref())
        {
            return Ok(known.clone());
        }
        // Nothing is remembered of a file that is missing or broken, nor of what was there before;
        // but a token that could not be written outlives all but another token and a logout.
        let unsaved = state.unsaved.take();
        *state =
            State { unsaved: unsaved.clone(), failure: state.failure.take(), ..State::default() };
        let there = self.read()?;
        state.unsaved = None;
        let seen = match unsaved {
            Some(unsaved) => Seen::or_newer(there, unsaved),
            None => there,
        };
        let place = if seen.unsaved_over.is_some() { &mut state.unsaved } else { &mut state.seen };
        *place = Some(seen.clone());
        Ok(seen)
    }

    /// Reads the token file, or the one of another session where that is missing and allowed.
    pub(crate) fn read(&self) -> Result<Seen, TokenError> {
        let own = self.file.load_with_fingerprint();
        let other = match &own {
            Err(error) if error.is_not_found() && self.accept_other_session => self.other_session(),
            _ => None,
        };
        let borrowed = other.is_some();
        let loaded = other.map_or(own, |other| other.load_with_fingerprint());
        let (token, fingerprint) = loaded.map_err(|error| self.not_usable(error))?;
        if !fingerprint.is_private() {
            self.warn_of_access();
        }
        Ok(Seen { token: Arc::new(token), fingerprint, borrowed, unsaved_over: None })
    }

    /// Says what other users may do with the token file or its directory, if anything.
    pub(crate) fn warn_of_access(&self) {
        self.access_notice.tell(|| self.file.access_warnings());
    }

    fn other_session(&self) -> Option<TokenFile> {
        let found = self.file.find_other(self.start_url.as_ref()?, self.clock.now())?;
        Some(TokenFile::new(found.path))
    }

    fn decide(&self, state: &State, seen: &Seen, now: Timestamp) -> Decision {
        let lifetime = state.lifetime.as_ref();
        let lifetime = lifetime.filter(|(token, _)| token == seen.token.access_token());
        let circumstances = Circumstances {
            window: self.refresh_window,
            lifetime: lifetime.map(|(_, lifetime)| *lifetime),
            can_refresh: self.can_refresh(seen),
            last_failure: state.failure.as_ref(),
            file: &seen.fingerprint,
        };
        decide(&seen.token, now, &circumstances)
    }

    /// A token that is in the file in this state; with its lifetime, where this provider got it.
    pub(crate) fn publish(&self, seen: Seen, lifetime: Option<SignedDuration>) {
        let mut state = self.state();
        state.lifetime = lifetime.map(|lifetime| (seen.token.access_token().clone(), lifetime));
        state.failure = None;
        state.unsaved = None;
        state.seen = Some(seen);
    }

    /// The unsaved token has been written after all; unless it is no longer the newest.
    pub(crate) fn publish_saved(&self, unsaved: &Seen, fingerprint: Fingerprint) {
        let mut state = self.state();
        if state.unsaved.as_ref().is_some_and(|it| Arc::ptr_eq(&it.token, &unsaved.token)) {
            state.unsaved = None;
            state.seen = Some(Seen { fingerprint, unsaved_over: None, ..unsaved.clone() });
        }
    }

    /// A refreshed token that could not be written instead of the file as it was.
    pub(crate) fn publish_unsaved(&self, unsaved: Seen, lifetime: SignedDuration) {
        let mut state = self.state();
        state.lifetime = Some((unsaved.token.access_token().clone(), lifetime));
        state.failure = None;
        state.unsaved = Some(unsaved);
    }

    pub(crate) fn publish_failure(&self, of: Fingerprint, error: &TokenError) {
        let failure = FailedRefresh { at: self.clock.now(), of, error: error.clone() };
        self.state().failure = Some(failure);
    }

    pub(crate) fn unsaved(&self) -> Option<Seen> {
        self.state().unsaved.clone()
    }

    /// Ends in the error for a token file that gives no token.
    pub(crate) fn not_usable(&self, error: StoreError) -> TokenError {
        if error.is_not_found() {
            let start_url = self.start_url.as_ref();
            let near_miss = start_url.and_then(|url| self.file.find_other(url, self.clock.now()));
            let path = self.file.path().to_owned();
            self.sign_in(LoginReason::NoToken { path, near_miss })
        } else if error.is_invalid() {
            self.sign_in(LoginReason::Unusable(error))
        } else {
            TokenError::File(error)
        }
    }

    pub(crate) fn expired(
        &self,
        token: &CachedToken,
        why: Option<sso_cache::NotRefreshable>,
    ) -> TokenError {
        self.sign_in(LoginReason::Expired { at: token.expires_at(), why })
    }

    pub(crate) fn session_ended(&self, refused: &Refused) -> TokenError {
        self.sign_in(LoginReason::SessionEnded(refused.answer.clone()))
    }

    pub(crate) fn sign_in(&self, reason: LoginReason) -> TokenError {
        TokenError::LoginRequired { command: self.login_command.clone(), reason }
    }

    /// Nothing that holds the lock can panic half way through a change, so a poisoned one is good.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for SsoTokenProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SsoTokenProvider")
            .field("file", &self.0.file)
            .field("refreshes", &self.0.oidc.is_some())
            .finish_non_exhaustive()
    }
}
