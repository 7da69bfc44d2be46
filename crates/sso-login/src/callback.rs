//! Reads the browser's request to the loopback listener, and rejects requests that do not belong to
//! this login.

use percent_encoding::percent_decode_str;
use sso_http::AuthorizationCode;
use zeroize::Zeroizing;

/// The path of the redirect URI.
pub(crate) const CALLBACK_PATH: &str = "/oauth/callback";

/// The maximum length of an `error` code.
const MAX_ERROR_LENGTH: usize = 64;

/// The answer of the authorization page.
#[doc(hidden)]
#[derive(Debug)]
pub enum Answer {
    /// The user allowed the login. The code is secret.
    Code(AuthorizationCode),
    /// The user or an administrator denied the login (`access_denied`).
    Denied,
    /// Another OAuth error code, of letters, digits, `_` and `-`.
    Error(String),
}

/// The reason that a request is not an answer to this login.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejection {
    /// The `Host` header is missing or does not name the loopback host, as in a DNS rebinding
    /// attack.
    Host,
    /// The path is not the callback path.
    Path,
    /// The method is not GET.
    Method,
    /// The `state` parameter is missing, repeated or wrong.
    State,
    /// There is neither a code nor a valid error, or a parameter is repeated, empty or not UTF-8.
    Malformed,
}

impl Rejection {
    pub(crate) fn status(self) -> u16 {
        match self {
            Self::Host | Self::State | Self::Malformed => 400,
            Self::Path => 404,
            Self::Method => 405,
        }
    }
}

/// Reads a request from its method, its `Host` header and its target (path and query).
///
/// Not part of the crate's API: public for the fuzz target.
#[doc(hidden)]
pub fn read_callback(
    method: &str,
    host: Option<&str>,
    target: &str,
    expected_state: &str,
) -> Result<Answer, Rejection> {
    if !host.is_some_and(is_loopback) {
        return Err(Rejection::Host);
    }
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    if path != CALLBACK_PATH {
        return Err(Rejection::Path);
    }
    if method != "GET" {
        return Err(Rejection::Method);
    }
    // Check the state before any other parameter.
    let state = parameter(query, "state").map_err(|_| Rejection::State)?;
    if !state.is_some_and(|state| is_same(state.as_bytes(), expected_state.as_bytes())) {
        return Err(Rejection::State);
    }
    match (parameter(query, "error")?, parameter(query, "code")?) {
        (Some(error), _) if error.as_str() == "access_denied" => Ok(Answer::Denied),
        (Some(error), _) if is_error_code(&error) => Ok(Answer::Error(error.to_string())),
        (None, Some(code)) => Ok(Answer::Code(AuthorizationCode::new(code.as_str()))),
        _ => Err(Rejection::Malformed),
    }
}

fn is_loopback(host: &str) -> bool {
    let name = match host.split_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        Some(_) => return false,
        None => host,
    };
    name == "127.0.0.1" || name.eq_ignore_ascii_case("localhost")
}

/// Returns the percent-decoded value of a parameter, or `None` if it is missing.
fn parameter(query: &str, name: &str) -> Result<Option<Zeroizing<String>>, Rejection> {
    let mut found = None;
    for pair in query.split('&') {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        if key != name {
            continue;
        }
        let value = percent_decode_str(value).decode_utf8().map_err(|_| Rejection::Malformed)?;
        if value.is_empty() || found.is_some() {
            return Err(Rejection::Malformed);
        }
        found = Some(Zeroizing::new(value.into_owned()));
    }
    Ok(found)
}

fn is_error_code(error: &str) -> bool {
    error.len() <= MAX_ERROR_LENGTH
        && error.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
}

/// Compares in a time that depends only on the lengths.
fn is_same(one: &[u8], other: &[u8]) -> bool {
    let different = one.iter().zip(other).fold(0, |bits, (a, b)| bits | (a ^ b));
    std::hint::black_box(different) == 0 && one.len() == other.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOST: Option<&str> = Some("127.0.0.1:8400");

    fn read(target: &str) -> Result<Answer, Rejection> {
        read_callback("GET", HOST, target, "right")
    }

    #[test]
    fn a_code_with_the_right_state_is_an_answer() {
        for target in [
            "/oauth/callback?code=a%2Fb&state=right",
            "/oauth/callback?state=right&other=1&code=a%2Fb",
        ] {
            let Ok(Answer::Code(code)) = read(target) else { panic!("{target}") };
            assert_eq!(code.expose_secret(), "a/b");
        }
    }

    #[test]
    fn an_error_with_the_right_state_is_an_answer() {
        let denied = read("/oauth/callback?error=access_denied&state=right");
        assert!(matches!(denied, Ok(Answer::Denied)), "{denied:?}");
        let error = read("/oauth/callback?error=server_error&state=right&code=x");
        assert!(matches!(error, Ok(Answer::Error(code)) if code == "server_error"));
    }

    #[test]
    fn other_paths_states_and_parameters_are_rejected() {
        for (target, rejection) in [
            ("/", Rejection::Path),
            ("/favicon.ico", Rejection::Path),
            ("/oauth/callback/?code=c&state=right", Rejection::Path),
            ("//oauth/callback?code=c&state=right", Rejection::Path),
            ("http://127.0.0.1/oauth/callback?code=c&state=right", Rejection::Path),
            ("/oauth/callback", Rejection::State),
            ("/oauth/callback?code=c", Rejection::State),
            ("/oauth/callback?code=c&state=", Rejection::State),
            ("/oauth/callback?code=c&state=wrong", Rejection::State),
            ("/oauth/callback?code=c&state=rihgt", Rejection::State),
            ("/oauth/callback?code=c&state=righ", Rejection::State),
            ("/oauth/callback?code=c&state=rightt", Rejection::State),
            ("/oauth/callback?code=c&state=right&state=right", Rejection::State),
            ("/oauth/callback?error=access_denied", Rejection::State),
            ("/oauth/callback?error=access_denied&state=wrong", Rejection::State),
            ("/oauth/callback?state=right", Rejection::Malformed),
            ("/oauth/callback?state=right&code=", Rejection::Malformed),
            ("/oauth/callback?state=right&code=a&code=b", Rejection::Malformed),
            ("/oauth/callback?state=right&code=%ff", Rejection::Malformed),
            ("/oauth/callback?state=right&error=<script>", Rejection::Malformed),
        ] {
            assert_eq!(read(target).unwrap_err(), rejection, "{target}");
        }
    }

    #[test]
    fn another_method_or_host_is_rejected() {
        let target = "/oauth/callback?code=c&state=right";
        for method in ["POST", "HEAD", "OPTIONS", "get"] {
            let read = read_callback(method, HOST, target, "right");
            assert_eq!(read.unwrap_err(), Rejection::Method, "{method}");
        }
        for host in [None, Some(""), Some("evil.example:8400"), Some("127.0.0.1.evil.example")] {
            let read = read_callback("GET", host, target, "right");
            assert_eq!(read.unwrap_err(), Rejection::Host, "{host:?}");
        }
        for host in ["127.0.0.1", "localhost:8400", "LOCALHOST"] {
            assert!(read_callback("GET", Some(host), target, "right").is_ok(), "{host}");
        }
    }

    proptest! {
        #[test]
        fn any_query_is_handled_and_rejected_without_the_state(query in "\\PC{0,60}") {
            let read = read(&format!("/oauth/callback?{query}"));
            prop_assert!(read.is_err() || query.contains("state="));
        }
    }
}
