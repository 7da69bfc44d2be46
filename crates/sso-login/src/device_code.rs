//! The device code flow (RFC 8628): the user types or compares a code on any device.

use std::time::Duration;

use jiff::Timestamp;
use sso_cache::{CachedToken, ClientRegistration};
use sso_http::{
    CreateToken, CreateTokenResponse, ServiceErrorKind, StartDeviceAuthorization,
    StartDeviceAuthorizationResponse,
};
use tokio::time::Instant;

use crate::attempt::{Attempt, PageToOpen};
use crate::registration::Grant;
use crate::{LoginError, LoginEvent};

/// The time that each `slow_down` adds to the polling interval (RFC 8628 section 3.5).
const SLOW_DOWN: Duration = Duration::from_secs(5);
/// The maximum pause after failed polls.
const MAX_PAUSE: Duration = Duration::from_secs(60);

impl Attempt<'_> {
    /// Runs the flow.
    pub(crate) async fn with_device_code(&self) -> Result<CachedToken, LoginError> {
        // Reserve disk space now, because any poll may spend the code. Do not take the token file's
        // lock, which must not be held while waiting for the user.
        let reservation = self.options.token_file.reserve_unlocked().map_err(LoginError::Store)?;
        let started = self.in_time(self.start_device_authorization()).await?;
        let (registration, started) = started?;
        let code_expires = Instant::now() + started.expires_in();
        let deadline = self.deadline.min(code_expires);
        let page = PageToOpen {
            url: started.verification_uri(),
            user_code: Some(started.user_code()),
            url_with_code: started.verification_uri_complete(),
        };
        self.show_page(&page, deadline);

        let (response, asked_at) = self.poll(&registration, &started, deadline).await?;
        self.prompt.show(&LoginEvent::Allowed);
        // The code is spent, so store the token even if the lock cannot be taken.
        let _lock = self.lock_token_file().await.unwrap_or_default();
        let token = self.token(&response, &registration, asked_at);
        self.store(reservation, &token).await?;
        Ok(token)
    }

    /// Starts the flow with the registration in the file. If the service rejects that registration,
    /// registers a new client.
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

    /// Polls until the user has allowed or denied the login. Returns the response and the time
    /// before its request. Does not use the retry layer, because this loop already retries.
    async fn poll(
        &self,
        registration: &ClientRegistration,
        started: &StartDeviceAuthorizationResponse,
        deadline: Instant,
    ) -> Result<(CreateTokenResponse, Timestamp), LoginError> {
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
            let asked_at = self.options.clock.now();
            match self.call(request).await {
                Ok(response) => return Ok((response, asked_at)),
                Err(error) => match error.kind() {
                    ServiceErrorKind::AuthorizationPending => pause = interval,
                    ServiceErrorKind::SlowDown => {
                        interval += SLOW_DOWN;
                        pause = interval;
                    }
                    // The network or the service failed temporarily, so keep polling.
                    _ if error.is_transient() => {
                        tracing::debug!(%error, "a poll of the login failed");
                        pause = (pause * 2).min(MAX_PAUSE).max(interval);
                    }
                    _ => return Err(LoginError::from_service(error)),
                },
            }
        }
    }
}
