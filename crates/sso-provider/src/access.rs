//! Logs, once per file, that other users have access to a cache file.

use std::sync::atomic::{AtomicBool, Ordering};

use sso_cache::AccessWarning;

/// Records whether the warnings were logged.
#[derive(Debug, Default)]
pub(crate) struct AccessNotice(AtomicBool);

impl AccessNotice {
    /// Logs the warnings, unless warnings were logged before.
    pub(crate) fn warn_once(&self, warnings: impl FnOnce() -> Vec<AccessWarning>) {
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
