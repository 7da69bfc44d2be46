//! The state of the OIDC service: client registrations, sessions, access tokens, refresh tokens.

use std::collections::HashMap;

use jiff::Timestamp;
use ring::rand::SecureRandom;

use crate::ErrorName;
use crate::settings::{Settings, after};

/// The scope for refresh tokens and for access to accounts.
pub(crate) const ACCOUNT_ACCESS: &str = "sso:account:access";

#[derive(Debug, Clone)]
pub(crate) struct Client {
    pub(crate) name: String,
    pub(crate) secret: String,
    pub(crate) expires_at: Timestamp,
    pub(crate) scopes: Vec<String>,
    /// If empty, all grant types are allowed.
    pub(crate) grant_types: Vec<String>,
    pub(crate) redirect_uris: Vec<String>,
}

#[derive(Debug)]
struct Session {
    ends_at: Timestamp,
    ended: bool,
}

#[derive(Debug)]
struct Access {
    session: usize,
    expires_at: Timestamp,
    revoked: bool,
}

#[derive(Debug)]
struct Refresh {
    session: usize,
    client_id: String,
    spent: bool,
}

/// The tokens that a grant issues.
#[derive(Debug)]
pub(crate) struct Grant {
    pub(crate) access_token: String,
    pub(crate) expires_at: Timestamp,
    pub(crate) refresh_token: Option<String>,
}

/// The state of the service. Spent tokens and ended sessions are kept, so that they can be
/// distinguished from unknown ones.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    serial: u64,
    clients: HashMap<String, Client>,
    logins: Vec<Session>,
    access: HashMap<String, Access>,
    refresh: HashMap<String, Refresh>,
}

impl Sessions {
    /// Returns a unique secret.
    pub(crate) fn unique(&mut self, prefix: &str) -> String {
        self.serial += 1;
        format!("{prefix}-{}-{}", self.serial, random_hex(24))
    }

    /// Registers a client and returns its id.
    pub(crate) fn register(
        &mut self,
        name: &str,
        scopes: Vec<String>,
        grant_types: Vec<String>,
        redirect_uris: Vec<String>,
        settings: &Settings,
        now: Timestamp,
    ) -> (String, Client) {
        let client_id = self.unique("client");
        let client = Client {
            name: name.to_owned(),
            secret: self.unique("client-secret"),
            // In whole seconds, because the answer contains whole seconds.
            expires_at: whole_seconds(after(now, settings.registration_ttl)),
            scopes,
            grant_types,
            redirect_uris,
        };
        self.clients.insert(client_id.clone(), client.clone());
        (client_id, client)
    }

    /// Returns the client with this ID, without a check of its secret and expiry.
    pub(crate) fn client(&self, client_id: &str) -> Option<&Client> {
        self.clients.get(client_id)
    }

    /// Returns the client if the secret is correct and the registration has not expired.
    pub(crate) fn authenticate(
        &self,
        client_id: &str,
        client_secret: &str,
        now: Timestamp,
    ) -> Result<&Client, ErrorName> {
        self.clients
            .get(client_id)
            .filter(|client| client.secret == client_secret && now < client.expires_at)
            .ok_or(ErrorName::InvalidClient)
    }

    /// Begins a session and issues its first tokens.
    pub(crate) fn log_in(
        &mut self,
        client_id: &str,
        with_refresh_token: bool,
        settings: &Settings,
        now: Timestamp,
    ) -> Grant {
        self.logins.push(Session { ends_at: after(now, settings.session_ttl), ended: false });
        let session = self.logins.len() - 1;
        let expires_at = whole_seconds(after(now, settings.token_ttl));
        self.grant(session, client_id, with_refresh_token, expires_at)
    }

    /// Exchanges a refresh token.
    pub(crate) fn refresh(
        &mut self,
        client_id: &str,
        refresh_token: &str,
        settings: &Settings,
        now: Timestamp,
    ) -> Result<Grant, ErrorName> {
        let known = self.refresh.get_mut(refresh_token).ok_or(ErrorName::InvalidGrant)?;
        if known.spent || known.client_id != client_id {
            return Err(ErrorName::InvalidGrant);
        }
        let session = known.session;
        if !self.logins.get(session).is_some_and(|session| session.is_live(now)) {
            return Err(ErrorName::InvalidGrant);
        }
        known.spent = settings.rotate;
        let expires_at = whole_seconds(after(now, settings.token_ttl));
        let mut grant = self.grant(session, client_id, settings.rotate, expires_at);
        if !settings.rotate && !settings.omit_kept {
            grant.refresh_token = Some(refresh_token.to_owned());
        }
        Ok(grant)
    }

    /// Returns `true` if the portal accepts the access token.
    pub(crate) fn accepts(&self, access_token: &str, now: Timestamp) -> bool {
        self.access.get(access_token).is_some_and(|access| {
            !access.revoked
                && now < access.expires_at
                && self.logins.get(access.session).is_some_and(|session| session.is_live(now))
        })
    }

    /// The time at which the access token expires.
    pub(crate) fn expires_at(&self, access_token: &str) -> Option<Timestamp> {
        self.access.get(access_token).map(|access| access.expires_at)
    }

    /// Sets the expiry of an access token.
    pub(crate) fn expire_at(&mut self, access_token: &str, expires_at: Timestamp) {
        if let Some(access) = self.access.get_mut(access_token) {
            access.expires_at = expires_at;
        }
    }

    /// Ends the login that the access token belongs to.
    pub(crate) fn log_out(&mut self, access_token: &str) {
        let session = self.access.get(access_token).map(|access| access.session);
        if let Some(session) = session.and_then(|session| self.logins.get_mut(session)) {
            session.ended = true;
        }
    }

    /// Ends every login.
    pub(crate) fn end_all(&mut self) {
        for session in &mut self.logins {
            session.ended = true;
        }
    }

    /// Revokes every access token. Refresh tokens stay valid.
    pub(crate) fn revoke_access_tokens(&mut self) {
        for access in self.access.values_mut() {
            access.revoked = true;
        }
    }

    /// Expires every client registration.
    pub(crate) fn expire_registrations(&mut self, now: Timestamp) {
        for client in self.clients.values_mut() {
            client.expires_at = client.expires_at.min(now);
        }
    }

    /// Returns `true` if the refresh token is valid.
    pub(crate) fn is_live(&self, refresh_token: &str, now: Timestamp) -> bool {
        self.refresh.get(refresh_token).is_some_and(|refresh| {
            !refresh.spent
                && self.logins.get(refresh.session).is_some_and(|session| session.is_live(now))
                && self.clients.get(&refresh.client_id).is_some_and(|c| now < c.expires_at)
        })
    }

    /// Returns whether the refresh token was exchanged and cannot be exchanged again.
    pub(crate) fn is_spent(&self, refresh_token: &str) -> bool {
        self.refresh.get(refresh_token).is_some_and(|refresh| refresh.spent)
    }

    /// Returns the valid refresh tokens, sorted.
    pub(crate) fn live_refresh_tokens(&self, now: Timestamp) -> Vec<String> {
        let mut live: Vec<_> =
            self.refresh.keys().filter(|token| self.is_live(token, now)).cloned().collect();
        live.sort();
        live
    }

    fn grant(
        &mut self,
        session: usize,
        client_id: &str,
        with_refresh_token: bool,
        expires_at: Timestamp,
    ) -> Grant {
        let access_token = self.unique("access");
        self.access.insert(access_token.clone(), Access { session, expires_at, revoked: false });
        let refresh_token = with_refresh_token.then(|| self.unique("refresh"));
        if let Some(token) = &refresh_token {
            let client_id = client_id.to_owned();
            self.refresh.insert(token.clone(), Refresh { session, client_id, spent: false });
        }
        Grant { access_token, expires_at, refresh_token }
    }
}

impl Session {
    fn is_live(&self, now: Timestamp) -> bool {
        !self.ended && now < self.ends_at
    }
}

/// Truncates to whole seconds.
pub(crate) fn whole_seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

/// Returns random lower-case hex digits, two for each byte. They distinguish the secrets of
/// different runs. The secrets of one run have a serial number, so they are unique even without
/// randomness.
pub(crate) fn random_hex(bytes: usize) -> String {
    let mut random = vec![0; bytes];
    let _ = ring::rand::SystemRandom::new().fill(&mut random);
    hex::encode(random)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn logged_in(settings: &Settings) -> (Sessions, String, Grant) {
        let mut sessions = Sessions::default();
        let (client_id, _) = sessions.register("test", vec![], vec![], vec![], settings, NOW);
        let grant = sessions.log_in(&client_id, true, settings, NOW);
        (sessions, client_id, grant)
    }

    #[test]
    fn a_refresh_token_with_rotation_can_be_used_once() {
        let settings = Settings { rotate: true, ..Settings::default() };
        let (mut sessions, client, first) = logged_in(&settings);
        let first = first.refresh_token.unwrap();
        let second = sessions.refresh(&client, &first, &settings, NOW).unwrap();
        let second = second.refresh_token.unwrap();

        assert_ne!(first, second);
        assert_eq!(
            sessions.refresh(&client, &first, &settings, NOW).unwrap_err(),
            ErrorName::InvalidGrant
        );
        assert_eq!(sessions.live_refresh_tokens(NOW), [second]);
    }

    #[test]
    fn a_refresh_token_without_rotation_is_returned_or_omitted() {
        for (omit_kept, sent) in [(false, true), (true, false)] {
            let settings = Settings { omit_kept, ..Settings::default() };
            let (mut sessions, client, first) = logged_in(&settings);
            let token = first.refresh_token.unwrap();
            let again = sessions.refresh(&client, &token, &settings, NOW).unwrap();
            assert_eq!(again.refresh_token.is_some(), sent);
            assert_ne!(again.access_token, first.access_token);
            assert!(sessions.is_live(&token, NOW));
        }
    }

    #[test]
    fn a_refresh_token_belongs_to_one_client_and_one_session() {
        let settings = Settings::default();
        let (mut sessions, client, grant) = logged_in(&settings);
        let token = grant.refresh_token.unwrap();
        let (other, _) = sessions.register("test", vec![], vec![], vec![], &settings, NOW);
        assert!(sessions.refresh(&other, &token, &settings, NOW).is_err());

        let late = after(NOW, settings.session_ttl);
        assert!(sessions.refresh(&client, &token, &settings, late).is_err());
        sessions.end_all();
        assert!(sessions.refresh(&client, &token, &settings, NOW).is_err());
        assert!(!sessions.accepts(&grant.access_token, NOW));
    }

    #[test]
    fn access_tokens_and_registrations_are_invalid_from_their_expiry_on() {
        let settings = Settings { token_ttl: Duration::from_secs(10), ..Settings::default() };
        let (sessions, client_id, grant) = logged_in(&settings);
        let last = grant.expires_at - jiff::SignedDuration::from_millis(1);
        assert_eq!(sessions.expires_at(&grant.access_token), Some(grant.expires_at));
        assert_eq!(sessions.expires_at("another"), None);
        assert!(sessions.accepts(&grant.access_token, last));
        assert!(!sessions.accepts(&grant.access_token, grant.expires_at));

        let client = sessions.client(&client_id).unwrap();
        let end = client.expires_at;
        assert!(sessions.authenticate(&client_id, &client.secret, NOW).is_ok());
        assert!(sessions.authenticate(&client_id, &client.secret, end).is_err());
        assert!(sessions.authenticate(&client_id, "another", NOW).is_err());
    }
}
