//! The login and its builder.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use sso_cache::{CachedToken, TokenFile};
use sso_http::{BoxError, Endpoint, EndpointVariant, RequestBody, ResponseBody, RetryLayer};
use sso_types::{Clock, SystemClock};
use tower::util::BoxCloneSyncService;
use tower::{Service, ServiceExt as _};

use crate::attempt::{Attempt, Options};
use crate::login_lock::{self, Acquired};
use crate::{LoginError, LoginPrompt, LoginSession, OpenBrowser};

/// The default time for the user to finish the login.
const TIMEOUT: Duration = Duration::from_secs(600);

/// The way in which the user allows a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Flow {
    /// Authorization code with PKCE. The user allows the login in a browser that can connect to
    /// 127.0.0.1 on this machine.
    AuthorizationCode,
    /// Device code. The user enters or compares a code on any device. Logins of legacy profiles
    /// always use this flow.
    DeviceCode,
}

/// A login to one session. Needs a tokio runtime with I/O and time enabled.
pub struct Login {
    options: Options,
    flow: Flow,
}

/// The result of a successful login.
#[derive(Debug, Clone)]
pub struct FinishedLogin {
    token: CachedToken,
    by_other_process: bool,
}

impl FinishedLogin {
    /// Returns the token, which is also in the token file.
    pub fn token(&self) -> &CachedToken {
        &self.token
    }

    /// Returns `true` if another login, usually of another process, got the token while this one
    /// waited for it.
    pub fn is_by_other_process(&self) -> bool {
        self.by_other_process
    }
}

impl Login {
    /// Returns a builder of a login to `session` that writes the token to `token_file`. The client
    /// registration is stored in the same directory. `https` sends all requests: an
    /// `sso_http::HttpsClient`, or another tower service.
    pub fn builder<S>(https: S, session: LoginSession, token_file: TokenFile) -> LoginBuilder
    where
        S: Service<Request<RequestBody>, Response = Response<ResponseBody>>
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send,
        S::Error: Into<BoxError>,
    {
        let flow = match session.name() {
            Some(_) => Flow::AuthorizationCode,
            None => Flow::DeviceCode,
        };
        let options = Options {
            session,
            token_file,
            clock: Arc::new(SystemClock),
            timeout: TIMEOUT,
            redirect_port: None,
            https: BoxCloneSyncService::new(https.map_err(Into::into)),
            browser: None,
            endpoint: None,
            variant: EndpointVariant::default(),
            retry: RetryLayer::standard(),
        };
        LoginBuilder(Login { options, flow })
    }

    /// Logs in. Returns when the user has allowed or denied the login, or when the time limit has
    /// passed. Dropping the future cancels the login. File operations block for a few system calls.
    ///
    /// # Panics
    ///
    /// Panics if it is polled outside a tokio runtime with I/O and time enabled.
    pub async fn run(&self, prompt: &dyn LoginPrompt) -> Result<FinishedLogin, LoginError> {
        let _lock = match login_lock::acquire(&self.options, prompt).await? {
            Acquired::Lock(lock) => lock,
            Acquired::OtherToken(token) => {
                return Ok(FinishedLogin { token: *token, by_other_process: true });
            }
        };
        let attempt = Attempt::new(&self.options, prompt).await?;
        let token = match self.flow {
            Flow::AuthorizationCode => attempt.with_authorization_code().await?,
            Flow::DeviceCode => attempt.with_device_code().await?,
        };
        Ok(FinishedLogin { token, by_other_process: false })
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login")
            .field("session", &self.options.session)
            .field("token_file", &self.options.token_file.path())
            .field("flow", &self.flow)
            .finish_non_exhaustive()
    }
}

/// Builds a [`Login`]. Every option has a default.
#[derive(Debug)]
#[must_use]
pub struct LoginBuilder(Login);

impl LoginBuilder {
    /// Sets the flow. The default for an sso-session is the authorization code. Ignored for a
    /// legacy profile, which always uses the device code.
    pub fn flow(mut self, flow: Flow) -> Self {
        if self.0.options.session.name().is_some() {
            self.0.flow = flow;
        }
        self
    }

    /// Sets the port of the loopback listener, for example because it is forwarded. The default is
    /// any free port.
    pub fn redirect_port(mut self, port: u16) -> Self {
        self.0.options.redirect_port = Some(port);
        self
    }

    /// Sets the browser. By default no browser is opened, and the prompt shows the page to the
    /// user.
    pub fn browser(mut self, browser: impl OpenBrowser + 'static) -> Self {
        self.0.options.browser = Some(Arc::new(browser));
        self
    }

    /// Sets the SSO OIDC endpoint. The default is the region's endpoint, or its dual-stack endpoint
    /// if the start URL is on a dual-stack portal.
    pub fn oidc_endpoint(mut self, endpoint: Endpoint) -> Self {
        self.0.options.endpoint = Some(endpoint);
        self
    }

    /// Sets the variant of the region's endpoint. Ignored if the endpoint is set.
    pub fn endpoint_variant(mut self, variant: EndpointVariant) -> Self {
        self.0.options.variant = variant;
        self
    }

    /// Sets the time limit for the login, and for waiting for another login. The default is ten
    /// minutes. Only the request that exchanges the code for a token may exceed it.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.0.options.timeout = timeout;
        self
    }

    /// Sets the layer that retries repeatable requests. The default is AWS's standard retry mode.
    pub fn retry_layer(mut self, retry: RetryLayer) -> Self {
        self.0.options.retry = retry;
        self
    }

    /// Sets the clock. The default is the system clock.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.0.options.clock = Arc::new(clock);
        self
    }

    /// Builds the login. Sends no request.
    pub fn build(self) -> Login {
        self.0
    }
}
