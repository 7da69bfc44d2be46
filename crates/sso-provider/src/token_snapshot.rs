//! A token at one moment, and what is known of the token file.

use std::sync::Arc;

use sso_cache::{CachedToken, Fingerprint, NearMiss, StoreError};
use sso_types::AccessToken;

use crate::LoginReason;

/// A token at one moment.
#[derive(Debug, Clone)]
pub(crate) struct Snapshot {
    pub(crate) token: Arc<CachedToken>,
    /// The version of the file that the token was read from, or could not be written to.
    pub(crate) version: Fingerprint,
    pub(crate) source: Source,
}

#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// The token file.
    File,
    /// A refresh whose result could not be written. The file holds the token `in_file`, whose
    /// refresh token is spent.
    Unsaved { in_file: AccessToken },
    /// The token file of another session, as
    /// [`accept_other_session`](crate::SsoTokenProviderBuilder::accept_other_session) allows.
    OtherSession,
}

/// Why there is no token.
#[derive(Debug, Clone)]
pub(crate) enum LoadError {
    Login(LoginReason),
    File(StoreError),
}

/// What is known of the file. None of it outlives a change of the file, except `unsaved`.
#[derive(Debug, Default)]
pub(crate) struct Known {
    pub(crate) latest: Option<Snapshot>,
    /// A refreshed token that could not be written. It outlives all but a login and a logout.
    pub(crate) unsaved: Option<Snapshot>,
    /// The version of the file that gave no token, and why.
    broken: Option<(Fingerprint, LoadError)>,
    /// The version of the directory that was searched for another token, and the result.
    pub(crate) near_miss: Option<(Fingerprint, Option<NearMiss>)>,
}

impl Known {
    pub(crate) fn of(&self, version: &Fingerprint) -> Option<Result<Snapshot, LoadError>> {
        let snapshots = [&self.unsaved, &self.latest].into_iter().flatten();
        let mut matching = snapshots
            .filter(|it| it.version == *version && !matches!(it.source, Source::OtherSession));
        if let Some(snapshot) = matching.next() {
            return Some(Ok(snapshot.clone()));
        }
        let (broken, error) = self.broken.as_ref()?;
        (broken == version).then(|| Err(error.clone()))
    }

    /// Takes over what was read from the file of the given version, if that is known.
    pub(crate) fn update(
        &mut self,
        read: Result<Snapshot, LoadError>,
        version: Option<Fingerprint>,
    ) -> Result<Snapshot, LoadError> {
        (self.latest, self.broken) = (None, None);
        match read {
            Ok(current) => {
                let snapshot = match self.unsaved.take() {
                    Some(unsaved) => unsaved.or_newer(current),
                    None => current,
                };
                let is_unsaved = matches!(snapshot.source, Source::Unsaved { .. });
                let place = if is_unsaved { &mut self.unsaved } else { &mut self.latest };
                *place = Some(snapshot.clone());
                Ok(snapshot)
            }
            Err(error) => {
                if error.is_no_token() {
                    self.unsaved = None;
                }
                if matches!(error, LoadError::Login(LoginReason::Unusable(_))) {
                    self.broken = version.map(|version| (version, error.clone()));
                }
                Err(error)
            }
        }
    }

    /// The unsaved token has been written after all.
    pub(crate) fn saved(&mut self, unsaved: &Snapshot, version: Fingerprint) {
        let is_latest = |it: &mut Snapshot| Arc::ptr_eq(&it.token, &unsaved.token);
        if self.unsaved.take_if(is_latest).is_some() {
            let token = Arc::clone(&unsaved.token);
            self.latest = Some(Snapshot { token, version, source: Source::File });
        }
    }
}

impl Snapshot {
    pub(crate) fn has_same_token(&self, other: &Self) -> bool {
        self.token.access_token() == other.token.access_token()
    }

    /// Whether nobody has logged in or refreshed between this snapshot and `current`. The file may
    /// have another mode, time or unknown field.
    pub(crate) fn goes_with(&self, current: &Self) -> bool {
        let is_same =
            current.token.access_token() == self.in_file() || self.has_same_token(current);
        is_same && !matches!(current.source, Source::OtherSession)
    }

    /// Returns this token, with the present version of the file, if it is newer than the file;
    /// else `current`.
    pub(crate) fn or_newer(self, current: Self) -> Self {
        let is_unsaved = matches!(self.source, Source::Unsaved { .. });
        if is_unsaved && self.goes_with(&current) && !self.has_same_token(&current) {
            Self { version: current.version, ..self }
        } else {
            current
        }
    }

    pub(crate) fn in_file(&self) -> &AccessToken {
        match &self.source {
            Source::Unsaved { in_file } => in_file,
            Source::File | Source::OtherSession => self.token.access_token(),
        }
    }
}

impl LoadError {
    /// Whether there is no token file: nobody has logged in, or somebody has logged out.
    pub(crate) fn is_no_token(&self) -> bool {
        matches!(self, Self::Login(LoginReason::NoToken { .. }))
    }
}
