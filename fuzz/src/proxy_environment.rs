//! The proxy variables: an unusable value is an error, and no error shows a password.
//!
//! Input: a line `NAME=VALUE` for each variable. No request leaves the client.

use http::{Request, Version};
use sso_http::{HttpsClient, RequestBody};
use sso_types::Environment;
use tower::Service as _;

use super::Verdict;
use super::leak::{MARK, shown};
use super::variables;

/// The hosts of the requests. The client looks them up in `NO_PROXY`, and sends nothing.
const HERE: [&str; 5] = [
    "http://127.0.0.1:4566/x",
    "http://localhost/x",
    "http://[::1]:8080/x",
    "http://127.9.8.7/x",
    "http://LOCALHOST:80/x",
];

pub fn check(input: &[u8]) -> Verdict {
    let environment: Environment = variables::environment(input);
    let in_name = |(name, _): (&[u8], &[u8])| String::from_utf8_lossy(name).contains(MARK);
    if !variables::pairs(input).any(in_name) {
        assert!(!format!("{environment:?}").contains(MARK), "{environment:?}");
    }
    let mut client = match HttpsClient::builder().proxies_from(&environment).build() {
        Ok(client) => client,
        Err(error) => {
            let shown = shown(&error);
            assert!(!shown.contains(MARK), "{shown}");
            return Verdict::Refused;
        }
    };
    let mut all = format!("{client:?}");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.expect("a runtime can be made");
    for url in HERE {
        let mut request = Request::new(RequestBody::empty());
        *request.uri_mut() = url.parse().expect("a URL");
        // The client does not support this version, so it looks for the proxy but does not connect.
        *request.version_mut() = Version::HTTP_3;
        let error = runtime.block_on(client.call(request)).expect_err("nothing was sent");
        all.push_str(&self::shown(&error));
    }
    if passwords_only(input) {
        assert!(!all.contains(MARK), "{all}");
    }
    Verdict::Accepted
}

/// Returns `true` if the mark occurs only in passwords: between the first colon after `//` and the
/// last `@` of a value.
fn passwords_only(input: &[u8]) -> bool {
    let count = |text: &str| text.matches(MARK).count();
    variables::pairs(input).all(|(name, value)| {
        let value = String::from_utf8_lossy(value);
        if name.eq_ignore_ascii_case(b"NO_PROXY") {
            return count(&value) == 0;
        }
        let Some((_, rest)) = value.split_once("//") else { return count(&value) == 0 };
        let Some((user, _)) = rest.rsplit_once('@') else { return count(&value) == 0 };
        let Some((_, password)) = user.split_once(':') else { return count(&value) == 0 };
        // A slash ends the part of a URL that can contain a user and a password.
        !user.contains(['/', '?', '#']) && count(password) == count(&value)
    })
}
