//! The same credentials several times over, for as many threads to clone: none waits for another.
//!
//! A reference count that threads change all the time goes from one processor's cache to the other's
//! each time, which costs more than all the rest of a retrieval. Not responsible for how long the
//! credentials are kept.

use std::sync::atomic::{AtomicUsize, Ordering};

use sso_types::Credentials;

/// How many threads have one for themselves; more of them share. Each takes 128 bytes.
const NUMBER: usize = 8;

/// Clones of one set of credentials, each with its own reference count.
#[derive(Debug)]
pub(crate) struct Handles([Credentials; NUMBER]);

impl Handles {
    pub(crate) fn new(credentials: &Credentials) -> Self {
        Self(std::array::from_fn(|_| credentials.with_own_count()))
    }

    /// The one that this thread is to clone.
    pub(crate) fn mine(&self) -> &Credentials {
        self.0.get(turn()).unwrap_or(&self.0[0])
    }
}

/// Which one is this thread's: threads take them in turn, as they come.
fn turn() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static TURN: usize = NEXT.fetch_add(1, Ordering::Relaxed) % NUMBER;
    }
    TURN.with(|turn| *turn)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use sso_types::{SecretAccessKey, SessionToken};

    use super::*;

    #[test]
    fn a_thread_keeps_to_one_and_threads_do_not_all_share_it() {
        let (secret, token) = (SecretAccessKey::new("s"), SessionToken::new("t"));
        let credentials = Credentials::new("A", secret, token, Timestamp::MAX);
        let handles = Handles::new(&credentials);
        let place = || {
            let mine: *const Credentials = handles.mine();
            assert_eq!(*handles.mine(), credentials);
            assert!(std::ptr::eq(mine, handles.mine()));
            mine.addr()
        };
        let places: std::collections::BTreeSet<usize> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..2 * NUMBER).map(|_| scope.spawn(place)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(places.len() > 1, "{places:?}");
    }
}
