//! `Retry-After` and `x-amz-retry-after`: they are obeyed within limits, on a paused clock.
//!
//! Input: the values of `Retry-After`, `x-amz-retry-after` and `Date`, one line each.

use std::sync::Arc;
use std::time::Duration;

use sso_http::{ListAccounts, Portal, RetryLayer};
use sso_types::{AccessToken, Region};
use tokio::time::Instant;
use tower::{Layer as _, ServiceExt as _};

use super::Verdict;
use super::answer::Answer;

/// The longest wait, whatever the service returns.
const CEILING: Duration = Duration::from_secs(20);

pub fn check(input: &[u8]) -> Verdict {
    let mut lines = input.split(|&byte| byte == b'\n');
    let mut head = b"ListAccounts 429\n".to_vec();
    for name in ["retry-after", "x-amz-retry-after", "date"] {
        if let Some(value) = lines.next().filter(|line| !line.is_empty()) {
            head.extend_from_slice(name.as_bytes());
            head.extend_from_slice(b": ");
            head.extend_from_slice(value);
            head.push(b'\n');
        }
    }
    let answer = Answer::new(&head);
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_time().start_paused(true).build().expect("a runtime can be made");
    runtime.block_on(three_attempts(&answer))
}

async fn three_attempts(answer: &Answer) -> Verdict {
    let asked = Arc::default();
    let region = Region::new("eu-central-1").expect("a region");
    let portal = Portal::new(answer.service(&asked), region);
    let portal = RetryLayer::standard().max_attempts(3).layer(portal);

    let started = Instant::now();
    let operation = ListAccounts::new(AccessToken::new("t"));
    let error = portal.oneshot(operation).await.expect_err("429 is not a success");
    let waited = started.elapsed();

    assert_eq!(asked.lock().expect("the lock is not poisoned").len(), 3, "attempts");
    assert!(waited <= 2 * CEILING + Duration::from_millis(4), "waited {waited:?}");
    let wanted = error.retry_after();
    if let Some(plain) = plain_number(answer) {
        assert_eq!(wanted, Some(plain));
    }
    match wanted {
        // The wait is random.
        Some(wanted) if wanted < Duration::from_millis(100) => Verdict::Accepted,
        Some(wanted) => {
            let each = wanted.min(CEILING);
            assert!(waited >= 2 * each, "waited {waited:?} where {wanted:?} was wanted");
            assert!(waited <= 2 * each + Duration::from_millis(4), "waited {waited:?}");
            Verdict::Accepted
        }
        None => Verdict::Refused,
    }
}

/// The milliseconds or seconds, if the header is a number.
fn plain_number(answer: &Answer) -> Option<Duration> {
    let number = |name: &str| -> Option<u64> {
        let text = answer.headers.get(name)?.to_str().ok()?;
        if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
    };
    if answer.headers.contains_key("x-amz-retry-after") {
        return number("x-amz-retry-after").map(Duration::from_millis);
    }
    number("retry-after").map(Duration::from_secs)
}
