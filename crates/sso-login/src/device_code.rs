//! The device code flow (RFC 8628): the user types or compares a code on any device.

use std::time::Duration;

use sso_cache::{CachedToken, ClientRegistration};
use sso_http::{
    CreateToken, CreateTokenResponse, ServiceErrorKind, StartDeviceAuthorization,
    StartDeviceAuthorizationResponse,
};
use tokio::time::Instant;

use crate::attempt::{Attempt, PageToOpen};
use crate::registration::Grant;
use crate::{LoginError, LoginEvent};

/// Added to the interval for good by each `slow_down` (RFC 8628 section 3.5).
const SLOW_DOWN: Duration = Duration::from_secs(5);
/// Longest pause after failed polls.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

impl Attempt<'_> {
    /// Runs the flow to its end.
    pub(crate) async fn with_device_code(&self) -> Result<CachedToken, LoginError> {
        // Each poll may be the one that spends the code. The space is reserved without the token
        // file's lock, which must not be held while the user decides.
        let reservation = self.options.token_file.reserve_unlocked().map_err(LoginError::Store)?;
        let (registration, started) = self.start_device_authorization().await?;
        let deadline = Instant::now() + self.options.timeout.min(started.expires_in());
        let page = PageToOpen {
            url: started.verification_uri(),
            user_code: Some(started.user_code()),
            url_with_code: started.verification_uri_complete(),
        };
        self.show_page(&page, deadline);

        let response = self.poll(&registration, &started, deadline).await?;
        self.prompt.show(&LoginEvent::Allowed);
        // The token is granted: one that no lock can be had for is stored without.
        let _lock = self.lock_token_file().await.unwrap_or_default();
        let token = self.token(&response, &registration);
        self.store(reservation, &token).await?;
        Ok(token)
    }

    /// Starts with the registration in the file, and with a new one if the service no longer knows
    /// that one.
    async fn start_device_authorization(
        &self,
    ) -> Result<(ClientRegistration, StartDeviceAuthorizationResponse), LoginError> {
        let registration = self.registration(Grant::DeviceCode).await?;
        match self.call_with_retries(self.device_authorization(&registration)).await {
            Ok(started) => Ok((registration, started)),
            Err(LoginError::Service(error)) if error.kind() == ServiceErrorKind::InvalidClient => {
                let registration = self.register(Grant::DeviceCode).await?;
                let request = self.device_authorization(&registration);
                let started = self.call_with_retries(request).await?;
                Ok((registration, started))
            }
            Err(error) => Err(error),
        }
    }

    fn device_authorization(&self, registration: &ClientRegistration) -> StartDeviceAuthorization {
        StartDeviceAuthorization::new(
            registration.client_id(),
            registration.client_secret().clone(),
            self.portal.start_url.clone(),
        )
    }

    /// Polls until the user has decided. No retry layer: it would answer `slow_down` by asking
    /// again sooner.
    async fn poll(
        &self,
        registration: &ClientRegistration,
        started: &StartDeviceAuthorizationResponse,
        deadline: Instant,
    ) -> Result<CreateTokenResponse, LoginError> {
        let mut interval = started.interval();
        let mut pause = interval;
        loop {
            let next = Instant::now() + pause;
            if next >= deadline {
                tokio::time::sleep_until(deadline).await;
                return Err(LoginError::Expired);
            }
            tokio::time::sleep_until(next).await;
            let request = CreateToken::device_code(
                registration.client_id(),
                registration.client_secret().clone(),
                started.device_code().clone(),
            );
            match self.call(request).await {
                Ok(response) => return Ok(response),
                Err(error) => match error.kind() {
                    ServiceErrorKind::AuthorizationPending => pause = interval,
                    ServiceErrorKind::SlowDown => {
                        interval += SLOW_DOWN;
                        pause = interval;
                    }
                    // The network or the service; the user may be deciding meanwhile.
                    _ if error.is_transient() => {
                        tracing::debug!(%error, "a poll of the login failed");
                        pause = (pause * 2).min(LONGEST_PAUSE).max(interval);
                    }
                    _ => return Err(LoginError::of_service(error)),
                },
            }
        }
    }
}
