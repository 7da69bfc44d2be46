//! The two pages that a browser opens in a sign-in: `/authorize` and `/device`. Whoever opens them
//! is the user, and agrees.
//!
//! Not responsible for the operations that a client calls.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::answer::Answer;
use crate::oidc::loopback_path;
use crate::query::Query;
use crate::sign_in::Decision;
use crate::world::World;
use crate::{ErrorName, Operation};

/// The authorization page: a redirect with a code, at once.
///
/// What makes the client or its redirect URI unsafe to trust is answered here; the rest would go
/// back by redirect (RFC 6749 section 4.1.2.1), and is answered here too: a test sees it sooner.
pub(crate) fn authorize(world: &World, query: &Query) -> Answer {
    authorization_code(world, query)
        .unwrap_or_else(|name| Answer::error(Operation::Authorize, name))
}

fn authorization_code(world: &World, query: &Query) -> Result<Answer, ErrorName> {
    let given = |name| query.get(name).ok_or(ErrorName::InvalidRequest);
    let client_id = given("client_id")?;
    let redirect_uri = given("redirect_uri")?;
    let now = world.now();
    let mut state = world.lock();
    let client = state
        .sessions
        .client(client_id)
        .filter(|client| now < client.expires_at)
        .ok_or(ErrorName::InvalidClient)?;
    // The port is the client's choice at run time (RFC 8252 section 7.3).
    let path = loopback_path(redirect_uri).ok_or(ErrorName::InvalidRedirectUri)?;
    if !client.redirect_uris.iter().any(|known| loopback_path(known) == Some(path)) {
        return Err(ErrorName::InvalidRedirectUri);
    }
    if given("response_type")? != "code" || given("code_challenge_method")? != "S256" {
        return Err(ErrorName::InvalidRequest);
    }
    let challenge = given("code_challenge")?;
    // AWS's clients send `scopes`, separated by commas; the RFC has `scope`, by blanks.
    let asked = query.get("scopes").or_else(|| query.get("scope")).unwrap_or_default();
    let mut asked = asked.split([',', ' ']).filter(|scope| !scope.is_empty());
    if asked.any(|scope| !client.scopes.iter().any(|known| known == scope)) {
        return Err(ErrorName::InvalidScope);
    }
    let code = state.sessions.unique("code");
    state.sign_ins.issue_code(&code, client_id, redirect_uri, challenge, now);
    let joint = if redirect_uri.contains('?') { '&' } else { '?' };
    let mut location = format!("{redirect_uri}{joint}code={code}");
    if let Some(state) = query.get("state") {
        location.push_str("&state=");
        location.extend(utf8_percent_encode(state, NON_ALPHANUMERIC));
    }
    Ok(Answer { status: 302, ..Answer::empty() }.header("Location", &location))
}

/// The page for a user code: approves it.
pub(crate) fn verify_device(world: &World, query: &Query) -> Answer {
    let now = world.now();
    let approved = query
        .get("user_code")
        .is_some_and(|code| world.lock().sign_ins.decide(code, Decision::Approved, now));
    let (status, text) = if approved {
        (200, "Request approved. You can close this window.\n")
    } else {
        (400, "No pending request has this user code. Open /device?user_code=XXXX-XXXX.\n")
    };
    Answer::new(status, "text/plain; charset=utf-8", text)
}
