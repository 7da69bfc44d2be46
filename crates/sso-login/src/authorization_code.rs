//! The authorization code flow with PKCE (RFC 7636) and a loopback redirect (RFC 8252).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sso_cache::{CachedToken, ClientRegistration};
use sso_http::{AuthorizationCode, CodeVerifier, CreateToken, ServiceErrorKind};

use crate::attempt::{Attempt, PageToOpen};
use crate::callback::Answer;
use crate::listener::CallbackListener;
use crate::page::Page;
use crate::registration::Grant;
use crate::{LoginError, LoginEvent, pkce};

/// The characters to percent-encode: all except the unreserved characters of RFC 3986 section 2.3.
const QUERY_VALUE: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

impl Attempt<'_> {
    /// Runs the flow. Opens the port first, so that an unusable port is an error before any request
    /// to SSO OIDC.
    pub(crate) async fn with_authorization_code(&self) -> Result<CachedToken, LoginError> {
        let mut listener = CallbackListener::bind(self.options.redirect_port).await?;
        let registration = self.in_time(self.registration(Grant::AuthorizationCode)).await??;
        let state = pkce::random_text()?;
        let verifier = pkce::code_verifier()?;
        let redirect_uri = listener.redirect_uri();
        let url = self.authorize_url(&registration, &redirect_uri, &state, &verifier);
        let page = PageToOpen { url: &url, user_code: None, url_with_code: None };
        self.show_page(&page, self.deadline);

        // If the service has deleted the client, its page says so, and the user ends this login.
        let mut unanswered = Unanswered(Some(self));
        let (answer, browser) = self.in_time(listener.answer(&state)).await?;
        unanswered.0 = None;
        let outcome = match answer {
            Answer::Denied => Err(LoginError::Denied),
            Answer::Error(code) => Err(LoginError::Authorization { code }),
            Answer::Code(code) => {
                self.prompt.show(&LoginEvent::Allowed);
                self.redeem(code, redirect_uri, verifier, &registration).await
            }
        };
        if outcome.as_ref().is_err_and(is_about_client) {
            self.forget_registration();
        }
        let page = match &outcome {
            Ok(_) => Page::logged_in(self.options.session.display_name()),
            Err(error) => Page::failed(error),
        };
        listener.finish(browser, page).await;
        outcome
    }

    /// Exchanges the code for a token. Takes the token file's lock and reserves disk space first,
    /// so that the code is not spent if the file cannot be written.
    async fn redeem(
        &self,
        code: AuthorizationCode,
        redirect_uri: String,
        verifier: CodeVerifier,
        registration: &ClientRegistration,
    ) -> Result<CachedToken, LoginError> {
        let lock = self.lock_token_file().await?;
        let reservation = match &lock {
            Some(lock) => lock.reserve(),
            None => self.options.token_file.reserve_unlocked(),
        };
        let reservation = reservation.map_err(LoginError::Store)?;
        let request = CreateToken::authorization_code(
            registration.client_id(),
            registration.client_secret().clone(),
            code,
            redirect_uri,
            verifier,
        );
        let asked_at = self.options.clock.now();
        // Without retries, because the first request that arrives spends the code.
        let response = self.call(request).await.map_err(LoginError::from_service)?;
        let token = self.token(&response, registration, asked_at);
        self.store(reservation, &token).await?;
        Ok(token)
    }

    fn authorize_url(
        &self,
        registration: &ClientRegistration,
        redirect_uri: &str,
        state: &str,
        verifier: &CodeVerifier,
    ) -> String {
        let scopes = self.options.session.scopes().join(" ");
        let challenge = pkce::code_challenge(verifier);
        let mut url = format!("{}/authorize?response_type=code", self.endpoint.url());
        for (name, value) in [
            ("client_id", registration.client_id()),
            ("redirect_uri", redirect_uri),
            ("state", state),
            ("code_challenge_method", "S256"),
            ("code_challenge", &challenge),
            ("scopes", &scopes),
        ] {
            url.push('&');
            url.push_str(name);
            url.push('=');
            url.extend(utf8_percent_encode(value, QUERY_VALUE));
        }
        url
    }
}

/// A login that waits for its user. If it is dropped without an answer, the client registration is
/// forgotten.
struct Unanswered<'a, 'o>(Option<&'a Attempt<'o>>);

impl Drop for Unanswered<'_, '_> {
    fn drop(&mut self) {
        if let Some(attempt) = self.0 {
            attempt.forget_registration();
        }
    }
}

/// Returns `true` if the service no longer accepts the registered client.
fn is_about_client(error: &LoginError) -> bool {
    let codes = ["invalid_client", "unauthorized_client"];
    match error {
        LoginError::Authorization { code } => codes.contains(&code.as_str()),
        LoginError::Service(error) => {
            let kinds = [ServiceErrorKind::InvalidClient, ServiceErrorKind::UnauthorizedClient];
            kinds.contains(&error.kind())
        }
        _ => false,
    }
}
