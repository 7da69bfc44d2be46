//! Which role credentials of the cache on disk are as if they were not there.
//!
//! Not responsible for who refused them.

use sso_types::Credentials;

/// More are not remembered: a cache file holds one, and what was refused longest ago has been replaced.
const MOST: usize = 8;

/// The access key ids of what was refused, or everything.
#[derive(Debug, Clone, Default)]
pub(crate) struct RefusedKeys {
    ids: Vec<String>,
    /// Whatever is there: what is being asked for may be written there any moment, and is refused too.
    all: bool,
}

impl RefusedKeys {
    pub(crate) fn add(&mut self, credentials: &Credentials) {
        if self.ids.len() == MOST {
            self.ids.remove(0);
        }
        self.ids.push(credentials.access_key_id().to_owned());
    }

    pub(crate) fn set_all(&mut self, all: bool) {
        self.all = all;
    }

    pub(crate) fn has(&self, credentials: &Credentials) -> bool {
        self.all || self.ids.iter().any(|id| id == credentials.access_key_id())
    }
}
