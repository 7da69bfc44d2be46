//! The bodies of requests and answers, as a user's HTTP client reads them.

use http_body::Body;
use sso_http::{RequestBody, ResponseBody};

#[test]
fn a_body_tells_its_length_and_whether_it_is_empty() {
    check(RequestBody::new);
    check(ResponseBody::new);
    assert!(RequestBody::empty().is_end_stream());
}

fn check<B: Body>(body: impl Fn(Vec<u8>) -> B) {
    assert!(body(Vec::new()).is_end_stream());
    assert!(!body(b"abc".to_vec()).is_end_stream());
    for length in [0, 3, 1000] {
        let bytes = vec![b'a'; length];
        assert_eq!(body(bytes).size_hint().exact(), Some(length as u64));
    }
}
