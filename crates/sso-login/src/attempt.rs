//! One attempt to log in, with the resolved start URL and endpoint.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sso_cache::TokenFile;
use sso_http::{Endpoint, EndpointVariant, Oidc, OidcOperation, RetryLayer, ServiceError};
use sso_types::Clock;
use tokio::time::{Instant, timeout_at};
use tower::{Layer as _, ServiceExt as _};

use crate::start_url::{self, Https, Portal};
use crate::{LoginError, LoginEvent, LoginPrompt, LoginSession, OpenBrowser};

/// The options of a login. `LoginBuilder` documents each.
pub(crate) struct Options {
    pub(crate) session: LoginSession,
    pub(crate) token_file: TokenFile,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) timeout: Duration,
    pub(crate) redirect_port: Option<u16>,
    pub(crate) https: Https,
    pub(crate) browser: Option<Arc<dyn OpenBrowser>>,
    pub(crate) endpoint: Option<Endpoint>,
    pub(crate) variant: EndpointVariant,
    pub(crate) retry: RetryLayer,
}

/// Longer timeouts are reduced to this, since an `Instant` cannot be arbitrarily late.
const MAX_TIMEOUT: Duration = Duration::from_secs(365 * 86_400);

/// The future of a request. Boxed, because rustc cannot prove that the service's own future is
/// `Send`.
type ResponseFuture<T> = Pin<Box<dyn Future<Output = Result<T, ServiceError>> + Send>>;

pub(crate) struct Attempt<'a> {
    pub(crate) options: &'a Options,
    pub(crate) prompt: &'a dyn LoginPrompt,
    pub(crate) portal: Portal,
    pub(crate) endpoint: Endpoint,
    /// The time until which the login may wait. A request that may spend a code is not abandoned.
    pub(crate) deadline: Instant,
}

/// A page that the user must open, with the code to type or compare there.
pub(crate) struct PageToOpen<'a> {
    pub(crate) url: &'a str,
    pub(crate) user_code: Option<&'a str>,
    pub(crate) url_with_code: Option<&'a str>,
}

impl<'a> Attempt<'a> {
    /// Resolves the start URL and the endpoint.
    pub(crate) async fn new(
        options: &'a Options,
        prompt: &'a dyn LoginPrompt,
    ) -> Result<Self, LoginError> {
        let deadline = Instant::now() + options.timeout.min(MAX_TIMEOUT);
        let portal = start_url::resolve(&options.https, &options.session);
        let portal = timeout_at(deadline, portal).await.map_err(|_| LoginError::Expired)??;
        let endpoint = options.endpoint.clone().unwrap_or_else(|| {
            Endpoint::oidc(&portal.region, options.variant.for_oidc(&portal.start_url))
        });
        Ok(Self { options, prompt, portal, endpoint, deadline })
    }

    /// Waits for the future, at most until the deadline of the login.
    pub(crate) async fn in_time<T>(
        &self,
        future: impl Future<Output = T>,
    ) -> Result<T, LoginError> {
        timeout_at(self.deadline, future).await.map_err(|_| LoginError::Expired)
    }

    /// Sends a request to SSO OIDC, without retries.
    pub(crate) fn call<Op: OidcOperation>(&self, operation: Op) -> ResponseFuture<Op::Response> {
        Box::pin(self.oidc().oneshot(operation))
    }

    /// Sends a repeatable request to SSO OIDC, with retries.
    pub(crate) async fn call_with_retries<Op: OidcOperation>(
        &self,
        operation: Op,
    ) -> Result<Op::Response, LoginError> {
        let response: ResponseFuture<Op::Response> =
            Box::pin(self.options.retry.layer(self.oidc()).oneshot(operation));
        response.await.map_err(LoginError::from_service)
    }

    /// Shows the page to the user, then opens it if there is a browser.
    pub(crate) fn show_page(&self, page: &PageToOpen<'_>, deadline: Instant) {
        let left = deadline.saturating_duration_since(Instant::now());
        let left = SignedDuration::try_from(left).unwrap_or(SignedDuration::MAX);
        let expires_at = self.options.clock.now().checked_add(left).unwrap_or(Timestamp::MAX);
        let browser = self.options.browser.as_ref();
        self.prompt.show(&LoginEvent::OpenPage {
            url: page.url,
            user_code: page.user_code,
            url_with_code: page.url_with_code,
            expires_at,
            opens_browser: browser.is_some(),
        });
        let url = page.url_with_code.unwrap_or(page.url);
        if let Some(Err(error)) = browser.map(|browser| browser.open(url)) {
            self.prompt.show(&LoginEvent::BrowserFailed { error: &error });
        }
    }

    fn oidc(&self) -> Oidc<Https> {
        Oidc::with_endpoint(self.options.https.clone(), self.endpoint.clone())
    }
}
