//! The client registration of a login: read from the AWS CLI's file, or requested from SSO OIDC.

use jiff::{SignedDuration, Timestamp};
use sso_cache::{ClientRegistration, ClientRegistrationFile};
use sso_http::RegisterClient;

use crate::LoginError;
use crate::attempt::Attempt;
use crate::callback::CALLBACK_PATH;

/// The assumed lifetime of a registration for which the service returns no expiry. It is short, so
/// that the client is registered again soon.
const DEFAULT_LIFETIME: SignedDuration = SignedDuration::from_hours(1);

/// The grant type that a registration must allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grant {
    AuthorizationCode,
    DeviceCode,
}

impl Attempt<'_> {
    /// Returns the registration in the file if it is usable, or else registers a client.
    pub(crate) async fn registration(
        &self,
        grant: Grant,
    ) -> Result<ClientRegistration, LoginError> {
        let now = self.options.clock.now();
        if let Some(registration) = self.registration_file().load()
            && is_usable(&registration, grant, now)
        {
            tracing::debug!("using the client registration in the cache");
            return Ok(registration);
        }
        self.register(grant).await
    }

    /// Registers a client and writes the registration to the file. Ignores a failure to write: the
    /// next login registers again.
    pub(crate) async fn register(&self, grant: Grant) -> Result<ClientRegistration, LoginError> {
        let scopes = self.options.session.scopes();
        let mut request = RegisterClient::new(self.client_name()).scopes(scopes.clone());
        let mut grant_types = Vec::new();
        if grant == Grant::AuthorizationCode {
            grant_types = vec!["authorization_code", "refresh_token"];
            request = request
                .grant_types(grant_types.iter().copied())
                .redirect_uris([format!("http://127.0.0.1{CALLBACK_PATH}")])
                .issuer_url(self.portal.start_url.as_str());
        }
        let response = self.call_with_retries(request).await?;
        let now = self.options.clock.now();
        let expires_at = response
            .client_secret_expires_at()
            .unwrap_or_else(|| now.checked_add(DEFAULT_LIFETIME).unwrap_or(Timestamp::MAX));
        let registration = ClientRegistration::new(
            response.client_id(),
            response.client_secret().clone(),
            expires_at,
        )
        .with_scopes(scopes)
        .with_grant_types(grant_types);
        if let Err(error) = self.registration_file().store(&registration) {
            tracing::debug!(%error, "failed to store the client registration");
        }
        Ok(registration)
    }

    /// Removes the registration file, so that the next login registers a client. The service may have
    /// deleted the client, which its page shows to the user but not to this program.
    pub(crate) fn forget_registration(&self) {
        if let Err(error) = self.registration_file().remove() {
            tracing::debug!(%error, "failed to remove the client registration");
        }
    }

    fn registration_file(&self) -> ClientRegistrationFile {
        ClientRegistrationFile::standard(
            self.options.token_file.directory(),
            self.options.session.region(),
            self.options.session.start_url(),
            self.options.session.name(),
            self.options.session.configured_scopes(),
        )
    }

    fn client_name(&self) -> String {
        match self.options.session.name() {
            Some(name) => format!("ssocreds-{name}"),
            None => format!("ssocreds-{}", self.options.clock.now().as_second()),
        }
    }
}

fn is_usable(registration: &ClientRegistration, grant: Grant, now: Timestamp) -> bool {
    let fits = match grant {
        Grant::AuthorizationCode => registration.allows_authorization_code(),
        Grant::DeviceCode => registration.allows_device_code(),
    };
    fits && registration.is_usable(now)
}
