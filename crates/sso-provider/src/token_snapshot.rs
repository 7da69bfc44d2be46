//! A token with the version of its file, and the results of loading that file.

use std::sync::Arc;

use sso_cache::{CacheFileError, CachedToken, Fingerprint};
use sso_types::AccessToken;

use crate::LoginReason;

/// A token, and the version of the token file that it belongs to.
#[derive(Debug, Clone)]
pub(crate) struct Snapshot {
    pub(crate) token: Arc<CachedToken>,
    /// The version of the file that the token was read from, or could not be written to.
    pub(crate) version: Fingerprint,
    pub(crate) source: Source,
}

/// The origin of a token.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// The token file.
    File,
    /// A refresh whose result could not be written. The file still contains the token `in_file`,
    /// whose refresh token is spent.
    Unsaved { in_file: AccessToken },
    /// The token file of another session, which
    /// [`accept_other_session`](crate::SsoTokenProviderBuilder::accept_other_session) allows.
    OtherSession,
}

/// The reason that no token could be loaded.
#[derive(Debug, Clone)]
pub(crate) enum LoadError {
    Login(LoginReason),
    File(CacheFileError),
}

/// The results of loading the file, kept in memory.
#[derive(Debug, Default)]
pub(crate) struct LoadCache {
    /// The token that was loaded or written last.
    pub(crate) latest: Option<Snapshot>,
    /// A refreshed token that could not be written. Only a login, a logout or a newer refresh
    /// discards it.
    pub(crate) unsaved: Option<Snapshot>,
    /// The version of the file that contained no usable token, and the error.
    unusable: Option<(Fingerprint, LoadError)>,
}

impl LoadCache {
    /// Returns the result of loading the given version of the file, if it is cached.
    pub(crate) fn result_for(&self, version: &Fingerprint) -> Option<Result<Snapshot, LoadError>> {
        let snapshots = [&self.unsaved, &self.latest].into_iter().flatten();
        let mut matching = snapshots
            .filter(|it| it.version == *version && !matches!(it.source, Source::OtherSession));
        if let Some(snapshot) = matching.next() {
            return Some(Ok(snapshot.clone()));
        }
        let (unusable, error) = self.unusable.as_ref()?;
        (unusable == version).then(|| Err(error.clone()))
    }

    /// Stores the result of reading the file, and returns the current token. `version` is the
    /// file's version, if it did not change during the read.
    pub(crate) fn update(
        &mut self,
        read: Result<Snapshot, LoadError>,
        version: Option<Fingerprint>,
    ) -> Result<Snapshot, LoadError> {
        (self.latest, self.unusable) = (None, None);
        match read {
            Ok(current) => {
                let snapshot = match self.unsaved.take() {
                    Some(unsaved) => unsaved.unless_replaced(current),
                    None => current,
                };
                let is_unsaved = matches!(snapshot.source, Source::Unsaved { .. });
                let slot = if is_unsaved { &mut self.unsaved } else { &mut self.latest };
                *slot = Some(snapshot.clone());
                Ok(snapshot)
            }
            Err(error) => {
                if error.is_no_token() {
                    self.unsaved = None;
                }
                if matches!(error, LoadError::Login(LoginReason::Unusable(_))) {
                    self.unusable = version.map(|version| (version, error.clone()));
                }
                Err(error)
            }
        }
    }

    /// Records that the unsaved token has been written.
    pub(crate) fn mark_saved(&mut self, unsaved: &Snapshot, version: Fingerprint) {
        let is_same = |it: &mut Snapshot| Arc::ptr_eq(&it.token, &unsaved.token);
        if self.unsaved.take_if(is_same).is_some() {
            let token = Arc::clone(&unsaved.token);
            self.latest = Some(Snapshot { token, version, source: Source::File });
        }
    }
}

impl Snapshot {
    pub(crate) fn has_same_token(&self, other: &Self) -> bool {
        self.token.access_token() == other.token.access_token()
    }

    /// Returns `true` if no login or refresh happened between this snapshot and `current`. The file
    /// may still differ in its mode, its times or its unknown fields.
    pub(crate) fn matches_file(&self, current: &Self) -> bool {
        let is_same =
            current.token.access_token() == self.in_file() || self.has_same_token(current);
        is_same && !matches!(current.source, Source::OtherSession)
    }

    /// Returns this token, with the file's current version, if it is unsaved and no login or
    /// refresh has replaced the token in the file. Otherwise returns `current`.
    pub(crate) fn unless_replaced(self, current: Self) -> Self {
        let is_unsaved = matches!(self.source, Source::Unsaved { .. });
        if is_unsaved && self.matches_file(&current) && !self.has_same_token(&current) {
            Self { version: current.version, ..self }
        } else {
            current
        }
    }

    /// Returns the access token that the file contained at this version.
    pub(crate) fn in_file(&self) -> &AccessToken {
        match &self.source {
            Source::Unsaved { in_file } => in_file,
            Source::File | Source::OtherSession => self.token.access_token(),
        }
    }
}

impl LoadError {
    /// Returns `true` if there is no token file: the user has not logged in, or has logged out.
    pub(crate) fn is_no_token(&self) -> bool {
        matches!(self, Self::Login(LoginReason::NoToken { .. }))
    }
}
