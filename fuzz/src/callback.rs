//! Requests to the port of a login: only a GET of the callback path with the login's `state` is
//! accepted. The first line is the method and the target, the second the `Host` header.

use sso_login::{Answer, read_callback};

use super::Verdict;
use super::leak::assert_hidden;

const STATE: &str = "q8Kt3vXl2mN0pR5sT7uW9yZ1aB4cD6eF-GhIjKlMnO_";
const OTHER_STATE: &str = "q8Kt3vXl2mN0pR5sT7uW9yZ1aB4cD6eF-GhIjKlMnO-";

pub fn check(input: &[u8]) -> Verdict {
    let Ok(text) = str::from_utf8(input) else { return Verdict::Refused };
    let (request, host) = match text.split_once('\n') {
        Some((request, host)) => (request, Some(host)),
        None => (text, None),
    };
    let (method, target) = request.split_once(' ').unwrap_or((request, ""));
    match read_callback(method, host, target, STATE) {
        Ok(answer) => {
            assert_eq!(method, "GET");
            assert!(is_this_machine(host.expect("a host")), "{host:?}");
            let query = target.strip_prefix("/oauth/callback?").expect("the callback path");
            assert_eq!(values(query, "state"), [STATE]);
            check_answer(&answer, query, text);
            let other = read_callback(method, host, target, OTHER_STATE);
            assert!(other.is_err(), "an answer to two logins: {target:?}");
            Verdict::Accepted
        }
        Err(rejection) => {
            assert!(!is_plain(method, host, target), "{rejection:?}: {text:?}");
            Verdict::Refused
        }
    }
}

fn check_answer(answer: &Answer, query: &str, input: &str) {
    match answer {
        Answer::Code(code) => {
            assert_eq!(values(query, "code"), [code.expose_secret()]);
            assert!(values(query, "error").is_empty());
            assert_hidden(code.expose_secret(), input, &format!("{answer:?}"));
        }
        Answer::Denied => assert_eq!(values(query, "error"), ["access_denied"]),
        // It is shown to the user.
        Answer::Error(code) => {
            assert_eq!(values(query, "error"), [code.as_str()]);
            let is_harmless = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
            assert!(code.len() <= 64 && code.chars().all(is_harmless), "{code:?}");
        }
    }
}

/// The values of a parameter, percent-decoded (RFC 3986 section 2.1).
fn values(query: &str, name: &str) -> Vec<String> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.filter(|(key, _)| *key == name).map(|(_, value)| decoded(value)).collect()
}

fn decoded(value: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), value.as_bytes());
    while let [first, after @ ..] = rest {
        let hex = after.get(..2).filter(|hex| *first == b'%' && hex.is_ascii());
        let hex = hex.and_then(|hex| str::from_utf8(hex).ok());
        let hex = hex.filter(|hex| hex.chars().all(|c| c.is_ascii_hexdigit()));
        if let Some(byte) = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            bytes.push(byte);
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8(bytes).expect("accepted as UTF-8")
}

fn is_this_machine(host: &str) -> bool {
    let (name, port) = host.split_once(':').unwrap_or((host, ""));
    let is_name = name == "127.0.0.1" || name.eq_ignore_ascii_case("localhost");
    is_name && port.chars().all(|c| c.is_ascii_digit())
}

/// Returns `true` for the request that a browser sends after the user chose Allow.
fn is_plain(method: &str, host: Option<&str>, target: &str) -> bool {
    let code = target
        .strip_prefix("/oauth/callback?code=")
        .and_then(|rest| rest.strip_suffix(&format!("&state={STATE}")));
    let is_code = |code: &str| {
        !code.is_empty() && code.chars().all(|c| c.is_ascii_alphanumeric() || "-._~".contains(c))
    };
    method == "GET" && host == Some("127.0.0.1:8400") && code.is_some_and(is_code)
}
