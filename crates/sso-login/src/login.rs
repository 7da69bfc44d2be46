//! A login, from its options to the token in the file.

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

/// The time that a person has, unless set.
const TIMEOUT: Duration = Duration::from_secs(600);

/// How the user allows a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Flow {
    /// Authorization code with PKCE: a browser on this machine, which reaches 127.0.0.1.
    AuthorizationCode,
    /// A user code, on any device. Always used for a legacy profile.
    DeviceCode,
}

/// A login that can be run. Needs a tokio runtime with I/O and time enabled.
pub struct Login {
    options: Options,
    flow: Flow,
}

/// A login that has ended well.
#[derive(Debug, Clone)]
pub struct FinishedLogin {
    token: CachedToken,
    by_other_process: bool,
}

impl FinishedLogin {
    /// The token, which is in the token file.
    pub fn token(&self) -> &CachedToken {
        &self.token
    }

    /// Whether another process logged in while this one waited for it.
    pub fn is_by_other_process(&self) -> bool {
        self.by_other_process
    }
}

impl Login {
    /// A login to `session`, whose token goes into `token_file`. The client registration is kept
    /// beside it. `https` carries all requests: `sso_http::HttpsClient`, or any service for tests.
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

    /// Logs in. Returns when the user has decided, or the time is over; dropping the future gives
    /// up. File operations block for a few system calls.
    ///
    /// # Panics
    ///
    /// Panics when it is polled outside a tokio runtime with I/O and time enabled.
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

/// Sets up a [`Login`]. Every option has a default.
#[derive(Debug)]
#[must_use]
pub struct LoginBuilder(Login);

impl LoginBuilder {
    /// Sets the flow. Default: authorization code for an sso-session. A legacy profile always uses
    /// the device code.
    pub fn flow(mut self, flow: Flow) -> Self {
        if self.0.options.session.name().is_some() {
            self.0.flow = flow;
        }
        self
    }

    /// Sets the port of the loopback listener, for a forwarded port. Default: any free port.
    pub fn redirect_port(mut self, port: u16) -> Self {
        self.0.options.redirect_port = Some(port);
        self
    }

    /// Sets the browser. Default: none is opened; the prompt shows the page.
    pub fn browser(mut self, browser: impl OpenBrowser + 'static) -> Self {
        self.0.options.browser = Some(Arc::new(browser));
        self
    }

    /// Sets the SSO OIDC endpoint. Default: that of the region; the dual-stack one if the start URL
    /// is of a dual-stack portal.
    pub fn oidc_endpoint(mut self, endpoint: Endpoint) -> Self {
        self.0.options.endpoint = Some(endpoint);
        self
    }

    /// Sets the variant of the region's endpoint. Ignored if the endpoint is set.
    pub fn endpoint_variant(mut self, variant: EndpointVariant) -> Self {
        self.0.options.variant = variant;
        self
    }

    /// Sets how long to wait for the user, and for another login. Default: ten minutes.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.0.options.timeout = timeout;
        self
    }

    /// Sets the retries of requests that can be repeated. Default: AWS's standard mode.
    pub fn retry_layer(mut self, retry: RetryLayer) -> Self {
        self.0.options.retry = retry;
        self
    }

    /// Sets the clock. Default: the machine's.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.0.options.clock = Arc::new(clock);
        self
    }

    /// Builds the login. Sends nothing.
    pub fn build(self) -> Login {
        self.0
    }
}
