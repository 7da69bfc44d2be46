//! Both configuration files, parsed and merged.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::load_error::MAX_FILE_SIZE;
use crate::parse::Sections;
use crate::section::{Section, SectionKind};
use crate::{FileKind, LoadError, Locations, Origin, Warning, WarningKind};

/// The merged contents of the config file and the credentials file: profiles, sso-sessions and
/// services sections. Each property has its file and line.
///
/// Values are wiped from memory when dropped. `Debug` shows the number of sections, but no values.
///
/// ```
/// use sso_config::{Locations, SharedConfig};
///
/// let config = SharedConfig::parse(
///     &Locations::new("config", "credentials"),
///     "[profile dev]\nregion = eu-west-1 # Dublin\ns3 =\n  max_queue_size = 20\n",
///     "[dev]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\n",
/// )?;
/// let dev = config.profile("dev").expect("it is in the text above");
/// let region = dev.get("region").expect("it is in the text above");
/// assert_eq!(region.value(), "eu-west-1");
/// assert_eq!(region.origin().to_string(), "config line 2");
/// assert!(dev.get("aws_access_key_id").is_some(), "the credentials file adds to the profile");
/// let s3 = dev.get("s3").expect("it is in the text above");
/// assert_eq!(s3.sub("max_queue_size").map(|size| size.value()), Some("20"));
/// # Ok::<(), sso_config::LoadError>(())
/// ```
pub struct SharedConfig {
    config: Arc<Path>,
    credentials: Arc<Path>,
    missing: Missing,
    credentials_error: Option<LoadError>,
    sections: Sections,
}

/// Flags for files that do not exist.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Missing {
    pub(crate) config: bool,
    pub(crate) credentials: bool,
}

impl SharedConfig {
    /// Parses the contents of both files. No file is read: `locations` only names the files in
    /// messages. To read files, use [`SharedConfig::load`].
    ///
    /// Fails if the config file is larger than 16 MiB or is not UTF-8. A credentials file with such
    /// a problem counts as empty, with a warning. If a profile is then not found, the error names
    /// that file. A line that cannot be parsed is a [`Warning`]. Time and memory grow about linearly
    /// with the size of the texts.
    pub fn parse(
        locations: &Locations,
        config: impl Into<Vec<u8>>,
        credentials: impl Into<Vec<u8>>,
    ) -> Result<Self, LoadError> {
        let credentials = Zeroizing::new(credentials.into());
        Self::new(locations, Zeroizing::new(config.into()), Ok(credentials), Missing::default())
    }

    pub(crate) fn new(
        locations: &Locations,
        config: Zeroizing<Vec<u8>>,
        credentials: Result<Zeroizing<Vec<u8>>, LoadError>,
        missing: Missing,
    ) -> Result<Self, LoadError> {
        let config = text(locations.config(), config)?;
        let credentials = credentials.and_then(|bytes| text(locations.credentials(), bytes));

        let mut shared = Self {
            config: locations.config().into(),
            credentials: locations.credentials().into(),
            missing,
            credentials_error: None,
            sections: Sections::default(),
        };
        shared.sections.add_file(FileKind::Config, &shared.config, &config);
        match credentials {
            Ok(text) => {
                shared.sections.add_file(FileKind::Credentials, &shared.credentials, &text);
            }
            Err(error) => {
                let origin = Origin::new(&shared.credentials, error.line().unwrap_or(1));
                let kind = WarningKind::UnusableFile { error: error.to_string() };
                shared.sections.warnings.push(Warning::new(kind, origin));
                shared.credentials_error = Some(error);
            }
        }
        Ok(shared)
    }

    /// The path of the config file.
    pub fn config_file(&self) -> &Path {
        &self.config
    }

    /// The path of the credentials file.
    pub fn credentials_file(&self) -> &Path {
        &self.credentials
    }

    /// Returns `true` if the config file existed when it was loaded. A missing file counts as
    /// empty.
    pub fn config_file_exists(&self) -> bool {
        !self.missing.config
    }

    /// Returns `true` if the credentials file existed when it was loaded. A missing file counts as
    /// empty.
    pub fn credentials_file_exists(&self) -> bool {
        !self.missing.credentials
    }

    /// The error that kept the credentials file from being loaded, if there was one.
    pub fn credentials_error(&self) -> Option<&LoadError> {
        self.credentials_error.as_ref()
    }

    /// The profile `name`; names are case-sensitive.
    pub fn profile(&self, name: &str) -> Option<&Section> {
        self.sections.of_kind(SectionKind::Profile).get(name)
    }

    /// All profiles, sorted by name.
    pub fn profiles(&self) -> impl ExactSizeIterator<Item = &Section> {
        self.sections.of_kind(SectionKind::Profile).values()
    }

    /// The section `[sso-session NAME]`.
    pub fn sso_session(&self, name: &str) -> Option<&Section> {
        self.sections.of_kind(SectionKind::SsoSession).get(name)
    }

    /// All sso-sessions, sorted by name.
    pub fn sso_sessions(&self) -> impl ExactSizeIterator<Item = &Section> {
        self.sections.of_kind(SectionKind::SsoSession).values()
    }

    /// The section `[services NAME]`.
    pub fn service(&self, name: &str) -> Option<&Section> {
        self.sections.of_kind(SectionKind::Services).get(name)
    }

    /// All services sections, sorted by name.
    pub fn services(&self) -> impl ExactSizeIterator<Item = &Section> {
        self.sections.of_kind(SectionKind::Services).values()
    }

    /// The warnings about both files: those of the config file first, each file's in the order of
    /// its lines.
    pub fn warnings(&self) -> &[Warning] {
        &self.sections.warnings
    }
}

impl fmt::Debug for SharedConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedConfig")
            .field("config", &self.config)
            .field("credentials", &self.credentials)
            .field("profiles", &self.profiles().len())
            .field("sso_sessions", &self.sso_sessions().len())
            .field("services", &self.services().len())
            .field("warnings", &self.warnings())
            .finish_non_exhaustive()
    }
}

/// Converts the bytes to text without copying them.
pub(crate) fn text(
    file: &Path,
    mut bytes: Zeroizing<Vec<u8>>,
) -> Result<Zeroizing<String>, LoadError> {
    if bytes.len() > MAX_FILE_SIZE {
        return Err(LoadError::TooLarge { file: file.to_path_buf() });
    }
    String::from_utf8(std::mem::take(&mut *bytes)).map(Zeroizing::new).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let bytes = Zeroizing::new(error.into_bytes());
        let line = 1 + bytes.iter().take(valid).filter(|&&byte| byte == b'\n').count();
        LoadError::NotUtf8 { file: file.to_path_buf(), line }
    })
}
