//! Says, once, what other users of the machine may do with a cache file.
//!
//! Not responsible for finding that out (`sso_cache`).

use std::sync::atomic::{AtomicBool, Ordering};

use sso_cache::AccessWarning;

/// Whether it has been said.
#[derive(Debug, Default)]
pub(crate) struct AccessNotice(AtomicBool);

impl AccessNotice {
    /// Logs the warnings, the first time that there are some.
    pub(crate) fn tell(&self, warnings: impl FnOnce() -> Vec<AccessWarning>) {
        if self.0.load(Ordering::Relaxed) {
            return;
        }
        let warnings = warnings();
        if !warnings.is_empty() && !self.0.swap(true, Ordering::Relaxed) {
            for warning in warnings {
                tracing::warn!("{warning}");
            }
        }
    }
}
