//! Logins in progress: device authorizations (RFC 8628) and authorization codes (RFC 7636).

use std::collections::HashMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use ring::digest::{SHA256, digest};

use crate::ErrorName;
use crate::settings::after;

/// The lifetime of a device code, the same as AWS's.
pub(crate) const DEVICE_CODE_TTL: Duration = Duration::from_secs(600);
/// The lifetime of an authorization code.
const CODE_TTL: Duration = Duration::from_secs(600);
/// The poll interval in the answer, in seconds, the same as AWS's.
pub(crate) const POLL_INTERVAL: i64 = 1;
/// The shortest time between polls. It is well below the interval, because the time that requests
/// take on the network varies.
const POLL_AT_LEAST: SignedDuration = SignedDuration::from_millis(POLL_INTERVAL * 500);

#[derive(Debug)]
struct Device {
    client_id: String,
    user_code: String,
    expires_at: Timestamp,
    last_poll: Option<Timestamp>,
    decision: Decision,
    /// The device code was exchanged for a token.
    exchanged: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    Pending,
    Approved,
    Denied,
}

/// The state of a device authorization, for the page that shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DeviceState {
    Pending,
    /// Allowed, even if the client has already exchanged the device code.
    Approved,
    Denied,
    /// Expired before the user decided.
    Expired,
}

#[derive(Debug)]
struct Code {
    client_id: String,
    redirect_uri: String,
    challenge: String,
    expires_at: Timestamp,
}

#[derive(Debug, Default)]
pub(crate) struct Logins {
    devices: HashMap<String, Device>,
    codes: HashMap<String, Code>,
}

impl Logins {
    pub(crate) fn start_device(
        &mut self,
        device_code: &str,
        user_code: &str,
        client_id: &str,
        now: Timestamp,
    ) {
        let device = Device {
            client_id: client_id.to_owned(),
            user_code: user_code.to_owned(),
            expires_at: after(now, DEVICE_CODE_TTL),
            last_poll: None,
            decision: Decision::Pending,
            exchanged: false,
        };
        self.devices.insert(device_code.to_owned(), device);
    }

    /// Allows or denies a pending authorization. Returns `false` if there is none with this user
    /// code.
    pub(crate) fn decide(&mut self, user_code: &str, decision: Decision, now: Timestamp) -> bool {
        let pending = self.devices.values_mut().find(|device| {
            device.user_code.eq_ignore_ascii_case(user_code) && device.is_pending(now)
        });
        pending.map(|device| device.decision = decision).is_some()
    }

    /// Returns the client ID and the state of a device authorization.
    pub(crate) fn device(&self, user_code: &str, now: Timestamp) -> Option<(&str, DeviceState)> {
        let device = self.devices.values().find(|device| device.user_code == user_code)?;
        let state = match device.decision {
            Decision::Approved => DeviceState::Approved,
            Decision::Denied => DeviceState::Denied,
            Decision::Pending if now < device.expires_at => DeviceState::Pending,
            Decision::Pending => DeviceState::Expired,
        };
        Some((&device.client_id, state))
    }

    /// Returns the user codes of pending authorizations, sorted.
    pub(crate) fn pending(&self, now: Timestamp) -> Vec<String> {
        let waiting = self.devices.values().filter(|device| device.is_pending(now));
        let mut codes: Vec<_> = waiting.map(|device| device.user_code.clone()).collect();
        codes.sort();
        codes
    }

    /// Handles a poll by a client. An approved device code can be exchanged once.
    pub(crate) fn poll(
        &mut self,
        device_code: &str,
        client_id: &str,
        now: Timestamp,
    ) -> Result<(), ErrorName> {
        let device = self
            .devices
            .get_mut(device_code)
            .filter(|device| device.client_id == client_id && !device.exchanged)
            .ok_or(ErrorName::InvalidGrant)?;
        if now >= device.expires_at {
            return Err(ErrorName::ExpiredToken);
        }
        match device.decision {
            Decision::Approved => {
                device.exchanged = true;
                Ok(())
            }
            Decision::Denied => Err(ErrorName::AccessDenied),
            Decision::Pending => {
                let last = device.last_poll.replace(now);
                match last {
                    Some(last) if now.duration_since(last) < POLL_AT_LEAST => {
                        Err(ErrorName::SlowDown)
                    }
                    _ => Err(ErrorName::AuthorizationPending),
                }
            }
        }
    }

    pub(crate) fn issue_code(
        &mut self,
        code: &str,
        client_id: &str,
        redirect_uri: &str,
        challenge: &str,
        now: Timestamp,
    ) {
        let issued = Code {
            client_id: client_id.to_owned(),
            redirect_uri: redirect_uri.to_owned(),
            challenge: challenge.to_owned(),
            expires_at: after(now, CODE_TTL),
        };
        self.codes.insert(code.to_owned(), issued);
    }

    /// Exchanges an authorization code. The code is spent even if the check fails.
    pub(crate) fn redeem_code(
        &mut self,
        code: &str,
        client_id: &str,
        redirect_uri: &str,
        verifier: &str,
        now: Timestamp,
    ) -> Result<(), ErrorName> {
        let issued = self.codes.remove(code).ok_or(ErrorName::InvalidGrant)?;
        let right = issued.client_id == client_id
            && issued.redirect_uri == redirect_uri
            && issued.challenge == s256(verifier)
            && now < issued.expires_at;
        if right { Ok(()) } else { Err(ErrorName::InvalidGrant) }
    }
}

impl Device {
    fn is_pending(&self, now: Timestamp) -> bool {
        self.decision == Decision::Pending && now < self.expires_at
    }
}

/// The S256 code challenge of a verifier (RFC 7636 section 4.2).
fn s256(verifier: &str) -> String {
    base64_url(digest(&SHA256, verifier.as_bytes()).as_ref())
}

/// Base64 with the URL-safe alphabet, without padding (RFC 4648 section 5).
pub(crate) fn base64_url(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let byte = |index: usize| u32::from(chunk.get(index).copied().unwrap_or(0));
        let group = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..=chunk.len() {
            let six_bits = (group >> (18 - 6 * digit)) & 63;
            text.extend(ALPHABET.get(six_bits as usize).map(|letter| char::from(*letter)));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    #[test]
    fn the_code_challenge_equals_the_example_of_rfc_7636() {
        // RFC 7636, appendix B.
        assert_eq!(
            s256("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }

    #[test]
    fn base64_is_correct_for_each_length() {
        for (bytes, text) in [("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v")] {
            assert_eq!(base64_url(bytes.as_bytes()), text);
        }
        assert_eq!(base64_url(&[0xfb, 0xff]), "-_8");
    }

    #[test]
    fn an_approved_device_code_can_be_exchanged_once() {
        let mut logins = Logins::default();
        logins.start_device("D", "ABCD-EFGH", "c", at(0));
        assert_eq!(logins.poll("D", "c", at(1)), Err(ErrorName::AuthorizationPending));
        assert_eq!(logins.poll("D", "c", at(1)), Err(ErrorName::SlowDown));
        assert_eq!(logins.poll("D", "c", at(2)), Err(ErrorName::AuthorizationPending));
        assert_eq!(logins.poll("D", "other", at(4)), Err(ErrorName::InvalidGrant));
        assert_eq!(logins.pending(at(3)), ["ABCD-EFGH"]);
        assert!(logins.decide("abcd-efgh", Decision::Approved, at(3)));
        assert!(!logins.decide("abcd-efgh", Decision::Denied, at(3)), "it was already decided");
        assert_eq!(logins.poll("D", "c", at(4)), Ok(()));
        assert_eq!(logins.poll("D", "c", at(5)), Err(ErrorName::InvalidGrant));
    }

    #[test]
    fn a_device_code_expires_or_is_denied() {
        let mut logins = Logins::default();
        logins.start_device("D", "U", "c", at(0));
        logins.start_device("E", "V", "c", at(0));
        assert!(logins.decide("V", Decision::Denied, at(1)));
        assert_eq!(logins.poll("E", "c", at(1)), Err(ErrorName::AccessDenied));
        assert_eq!(logins.pending(at(599)), ["U"]);
        assert!(logins.pending(at(600)).is_empty());
        assert!(!logins.decide("U", Decision::Approved, at(600)), "it has expired");
        assert_eq!(logins.poll("D", "c", at(600)), Err(ErrorName::ExpiredToken));
    }

    #[test]
    fn an_authorization_code_is_bound_to_client_redirect_and_verifier() {
        let (uri, verifier) = ("http://127.0.0.1:9/oauth/callback", "v");
        let cases = [
            ("c", uri, verifier, 1, true),
            ("x", uri, verifier, 1, false),
            ("c", "http://127.0.0.1:8/oauth/callback", verifier, 1, false),
            ("c", uri, "w", 1, false),
            ("c", uri, verifier, 600, false),
        ];
        for (client, redirect, verifier, now, right) in cases {
            let mut logins = Logins::default();
            logins.issue_code("K", "c", uri, &s256("v"), at(0));
            let first = logins.redeem_code("K", client, redirect, verifier, at(now));
            assert_eq!(first.is_ok(), right, "{client} {redirect} {verifier} {now}");
            assert!(logins.redeem_code("K", "c", uri, "v", at(1)).is_err(), "good once");
        }
    }
}
