//! One attempt to log in: the options, and what they were resolved to.

use std::pin::Pin;

use jiff::{SignedDuration, Timestamp};
use sso_http::{Endpoint, Oidc, OidcOperation, ServiceError};
use sso_types::Clock as _;
use tokio::time::Instant;
use tower::{Layer as _, ServiceExt as _};

use crate::login::Login;
use crate::start_url::{self, Portal};
use crate::{LoginError, LoginEvent, LoginPrompt};

/// A call under way. Boxed, as rustc cannot prove that the service's own future is `Send`.
type Answering<T> = Pin<Box<dyn Future<Output = Result<T, ServiceError>> + Send>>;

pub(crate) struct Attempt<'a> {
    pub(crate) login: &'a Login,
    pub(crate) prompt: &'a dyn LoginPrompt,
    pub(crate) portal: Portal,
    pub(crate) endpoint: Endpoint,
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
        login: &'a Login,
        prompt: &'a dyn LoginPrompt,
    ) -> Result<Self, LoginError> {
        let portal = start_url::resolve(&login.https, &login.session).await?;
        let endpoint = login.endpoint.clone().unwrap_or_else(|| {
            Endpoint::oidc(&portal.region, login.variant.for_oidc(&portal.start_url))
        });
        Ok(Self { login, prompt, portal, endpoint })
    }

    /// Sends one request to SSO OIDC, once.
    pub(crate) fn call<Op: OidcOperation>(&self, operation: Op) -> Answering<Op::Response> {
        Box::pin(self.oidc().oneshot(operation))
    }

    /// Sends a request that may be repeated.
    pub(crate) async fn call_with_retries<Op: OidcOperation>(
        &self,
        operation: Op,
    ) -> Result<Op::Response, LoginError> {
        let answering: Answering<Op::Response> =
            Box::pin(self.login.retry.layer(self.oidc()).oneshot(operation));
        answering.await.map_err(LoginError::of_service)
    }

    /// Shows the page to the user, then opens it if there is a browser.
    pub(crate) fn show_page(&self, page: &PageToOpen<'_>, deadline: Instant) {
        let left = deadline.saturating_duration_since(Instant::now());
        let left = SignedDuration::try_from(left).unwrap_or(SignedDuration::MAX);
        let expires_at = self.login.clock.now().checked_add(left).unwrap_or(Timestamp::MAX);
        let browser = self.login.browser.as_ref();
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

    fn oidc(&self) -> Oidc<start_url::Https> {
        Oidc::with_endpoint(self.login.https.clone(), self.endpoint.clone())
    }
}
