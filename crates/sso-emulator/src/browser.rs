//! The two pages that a browser opens during a login: `/authorize` and `/device`.
//!
//! By default, a GET request for one of them allows the login. An interactive emulator shows a page
//! with the buttons Allow and Deny instead.

use hyper::body::Bytes;
use hyper::http::request::Parts;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::answer::Answer;
use crate::logins::{Decision, DeviceState};
use crate::oidc::loopback_path;
use crate::pages::{self, Consent};
use crate::query::Query;
use crate::web_pages;
use crate::world::World;
use crate::{ErrorName, Operation};

/// The only user of the emulator.
const USER: &str = "user@example.com";

/// Answers a request for `/authorize`.
pub(crate) fn authorize(world: &World, head: &Parts, query: &Query, body: &Bytes) -> Answer {
    let request = match AuthorizationRequest::check(world, query) {
        Ok(request) => request,
        // According to RFC 6749 section 4.1.2.1, some of these errors are sent to the redirect URI.
        // On the page, a test notices them sooner.
        Err(name) if world.settings.interactive => {
            return pages::message(name.status(), "Invalid request", &name.to_string());
        }
        Err(name) => return Answer::error(Operation::Authorize, name),
    };
    if !world.settings.interactive {
        return request.allow(world);
    }
    match decision(world, head, body) {
        Ok(None) => pages::consent(&Consent {
            user: USER,
            client: &request.client_name,
            start_url: &world.settings.start_url,
            scopes: &request.scopes,
            user_code: None,
        }),
        Ok(Some(Decision::Approved)) => request.allow(world),
        Ok(Some(_)) => request.redirect("error=access_denied"),
        Err(refusal) => refusal,
    }
}

/// Answers a request for `/device`.
pub(crate) fn verify_device(world: &World, head: &Parts, query: &Query, body: &Bytes) -> Answer {
    let typed = query.get("user_code");
    if world.settings.interactive {
        return match typed {
            Some(typed) => device_page(world, head, &normalized(typed), body),
            None => pages::enter_code(200, None),
        };
    }
    let now = world.now();
    let approved =
        typed.is_some_and(|code| world.lock().logins.decide(code, Decision::Approved, now));
    let (status, text) = if approved {
        (200, "Request approved. You can close this window.\n")
    } else {
        (400, "No pending request has this user code. Open /device?user_code=XXXX-XXXX.\n")
    };
    Answer::new(status, "text/plain; charset=utf-8", text)
}

fn device_page(world: &World, head: &Parts, user_code: &str, body: &Bytes) -> Answer {
    let decision = match decision(world, head, body) {
        Ok(decision) => decision,
        Err(refusal) => return refusal,
    };
    let now = world.now();
    let mut state = world.lock();
    if let Some(decision) = decision {
        state.logins.decide(user_code, decision, now);
        // The redirect leads to a page with the result, which can be reloaded without a new POST.
        let location = format!("/device?user_code={user_code}");
        return Answer { status: 303, ..Answer::empty() }.header("Location", &location);
    }
    let Some((client_id, device_state)) = state.logins.device(user_code, now) else {
        return pages::enter_code(
            400,
            Some("No request has this code. Compare it with your device."),
        );
    };
    match device_state {
        DeviceState::Pending => {
            let client = state.sessions.client(client_id);
            pages::consent(&Consent {
                user: USER,
                client: client.map_or("", |client| client.name.as_str()),
                start_url: &world.settings.start_url,
                scopes: client.map_or(&[], |client| client.scopes.as_slice()),
                user_code: Some(user_code),
            })
        }
        DeviceState::Approved => {
            let text = "You can close this window and go back to your device.";
            pages::message(200, "Request allowed", text)
        }
        DeviceState::Denied => {
            let text = "The device was not logged in. You can close this window.";
            pages::message(200, "Request denied", text)
        }
        DeviceState::Expired => {
            let text = "The code has expired. Start the login again on your device.";
            pages::message(400, "Code expired", text)
        }
    }
}

/// Returns the button that was pressed, or `None` for a GET.
fn decision(world: &World, head: &Parts, body: &Bytes) -> Result<Option<Decision>, Answer> {
    if head.method != "POST" {
        return Ok(None);
    }
    if !web_pages::is_own_form(world, &head.headers) {
        let text = "The form was sent from another site. Nothing was allowed.";
        return Err(pages::message(403, "Not allowed", text));
    }
    match Query::parse(&String::from_utf8_lossy(body)).get("decision") {
        Some("allow") => Ok(Some(Decision::Approved)),
        Some("deny") => Ok(Some(Decision::Denied)),
        _ => Err(pages::message(400, "Invalid request", "The form has no decision.")),
    }
}

/// Converts a typed user code to the form that the emulator issues: `XXXX-XXXX`.
fn normalized(typed: &str) -> String {
    let mut code: String = typed.chars().filter(char::is_ascii_alphabetic).collect();
    code.make_ascii_uppercase();
    if code.len() == 8 {
        code.insert(4, '-');
    }
    code
}

/// A valid request for an authorization code.
struct AuthorizationRequest<'a> {
    client_id: &'a str,
    client_name: String,
    redirect_uri: &'a str,
    challenge: &'a str,
    scopes: Vec<String>,
    state: Option<&'a str>,
}

impl<'a> AuthorizationRequest<'a> {
    fn check(world: &World, query: &'a Query) -> Result<Self, ErrorName> {
        let given = |name| query.get(name).ok_or(ErrorName::InvalidRequest);
        let client_id = given("client_id")?;
        let redirect_uri = given("redirect_uri")?;
        let now = world.now();
        let state = world.lock();
        let client = state
            .sessions
            .client(client_id)
            .filter(|client| now < client.expires_at)
            .ok_or(ErrorName::InvalidClient)?;
        // The client chooses the port at run time (RFC 8252 section 7.3).
        let path = loopback_path(redirect_uri).ok_or(ErrorName::InvalidRedirectUri)?;
        if !client.redirect_uris.iter().any(|known| loopback_path(known) == Some(path)) {
            return Err(ErrorName::InvalidRedirectUri);
        }
        if given("response_type")? != "code" || given("code_challenge_method")? != "S256" {
            return Err(ErrorName::InvalidRequest);
        }
        let challenge = given("code_challenge")?;
        // AWS's clients send `scopes`, separated by commas. The RFC defines `scope`, separated by
        // spaces.
        let scopes = query.get("scopes").or_else(|| query.get("scope")).unwrap_or_default();
        let scopes = scopes.split([',', ' ']).filter(|scope| !scope.is_empty());
        let scopes: Vec<_> = scopes.map(str::to_owned).collect();
        if scopes.iter().any(|scope| !client.scopes.contains(scope)) {
            return Err(ErrorName::InvalidScope);
        }
        Ok(Self {
            client_id,
            client_name: client.name.clone(),
            redirect_uri,
            challenge,
            scopes,
            state: query.get("state"),
        })
    }

    /// Issues a code and sends the browser back to the client with it.
    fn allow(&self, world: &World) -> Answer {
        let now = world.now();
        let mut state = world.lock();
        let code = state.sessions.unique("code");
        let Self { client_id, redirect_uri, challenge, .. } = self;
        state.logins.issue_code(&code, client_id, redirect_uri, challenge, now);
        self.redirect(&format!("code={code}"))
    }

    /// Sends the browser back to the client, with the client's `state`.
    fn redirect(&self, parameters: &str) -> Answer {
        let separator = if self.redirect_uri.contains('?') { '&' } else { '?' };
        let mut location = format!("{}{separator}{parameters}", self.redirect_uri);
        if let Some(state) = self.state {
            location.push_str("&state=");
            location.extend(utf8_percent_encode(state, NON_ALPHANUMERIC));
        }
        Answer { status: 302, ..Answer::empty() }.header("Location", &location)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typed_user_codes_are_normalized() {
        for typed in ["BCDF-GHJK", "bcdfghjk", " bcdf ghjk ", "Bcdf+GHJK"] {
            assert_eq!(normalized(typed), "BCDF-GHJK", "{typed}");
        }
        assert_eq!(normalized("b<c>"), "BC");
    }
}
