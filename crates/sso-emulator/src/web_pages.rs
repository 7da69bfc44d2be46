//! Refuses the requests that a web page in the user's browser can send to the emulator.
//!
//! A page can reach any port of the loopback interface. With DNS rebinding, its requests have its
//! own host name in `Host`. Without it, every request that changes something has an `Origin`.

use hyper::HeaderMap;
use hyper::header::{CONTENT_TYPE, HOST, HeaderValue, ORIGIN};
use hyper::http::uri::Authority;

use crate::answer::Answer;
use crate::control;
use crate::world::World;

/// Checks the `Host` of any request: it must be a name of the loopback interface. The port may be
/// another one, because a relay or a port forward in front of the emulator has its own.
pub(crate) fn check_host(headers: &HeaderMap) -> Result<(), Answer> {
    match host(headers) {
        Some(host) if is_loopback(&host) => Ok(()),
        _ => Err(control::refuse(
            403,
            "the Host header is not 127.0.0.1, localhost or [::1]; use the emulator's own URL",
        )),
    }
}

/// Checks a request to the control interface: the port in `Host` is the emulator's, there is no
/// `Origin`, and a POST has a content type that a page may send only with the server's permission.
pub(crate) fn check_control(
    world: &World,
    method: &str,
    headers: &HeaderMap,
) -> Result<(), Answer> {
    let default_port = if world.settings.tls { 443 } else { 80 };
    let port = host(headers).map(|host| host.port_u16().unwrap_or(default_port));
    if port != Some(world.port) {
        return Err(control::refuse(
            403,
            "the port in the Host header is not the emulator's; use the control URL",
        ));
    }
    if headers.contains_key(ORIGIN) {
        return Err(control::refuse(
            403,
            "the control interface is not for web pages; send no Origin header",
        ));
    }
    if method == "POST" && !is_json(headers.get(CONTENT_TYPE)) {
        return Err(control::refuse(415, "send the header Content-Type: application/json"));
    }
    Ok(())
}

/// Returns `true` if a form was sent by a page of the emulator, and not by another site. Browsers
/// send `Origin` with every POST, so a client without it is not a browser.
pub(crate) fn is_own_form(world: &World, headers: &HeaderMap) -> bool {
    let scheme = if world.settings.tls { "https" } else { "http" };
    let own = host(headers).map(|host| format!("{scheme}://{host}"));
    let mut origins = headers.get_all(ORIGIN).iter();
    origins.all(|origin| own.as_ref().is_some_and(|own| origin.as_bytes() == own.as_bytes()))
}

/// Returns the only `Host` header, if it can be parsed.
fn host(headers: &HeaderMap) -> Option<Authority> {
    let mut values = headers.get_all(HOST).iter();
    let host = values.next()?;
    if values.next().is_some() {
        return None;
    }
    host.to_str().ok()?.parse().ok()
}

fn is_loopback(host: &Authority) -> bool {
    ["127.0.0.1", "localhost", "[::1]"].iter().any(|name| host.host().eq_ignore_ascii_case(name))
}

fn is_json(content_type: Option<&HeaderValue>) -> bool {
    let content_type = content_type.and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}
