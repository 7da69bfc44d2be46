//! Both configuration files, read and merged.
//!
//! Not responsible for reading files (`load`), for the dialect (`parse`), nor for what a profile
//! asks for ([`SsoProfile`](crate::SsoProfile)).

use std::fmt;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::merge::{Merged, merge, replace_default};
use crate::parse::{Entry, File, Parsed, parse};
use crate::section::{Profile, Section, SectionKind};
use crate::text::{Span, Texts};
use crate::{Locations, Origin, ParseError, Warning};

/// The largest file that is read, in bytes: 16 MiB.
pub(crate) const MAX_FILE_SIZE: usize = 16 << 20;

/// What the config file and the credentials file say, merged: the profiles, the sso-sessions and the
/// services sections, each property with the file and line it came from.
///
/// It owns the text of the files, wiped from memory when dropped, and everything that is looked up
/// borrows from it. `Debug` shows how much there is and no value.
///
/// ```
/// use sso_config::{Locations, SharedConfig};
///
/// let config = SharedConfig::parse(
///     &Locations::new("config", "credentials"),
///     "[profile dev]\nregion = eu-west-1 # Dublin\ns3 =\n  max_queue_size = 20\n",
///     "[dev]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\n",
/// )?;
/// let dev = config.profile("dev").expect("it stands in the text above");
/// let region = dev.get("region").expect("it stands in the text above");
/// assert_eq!(region.value(), "eu-west-1");
/// assert_eq!(region.origin().to_string(), "config line 2");
/// assert!(dev.get("aws_access_key_id").is_some(), "the credentials file adds to the profile");
/// let s3 = dev.get("s3").expect("it stands in the text above");
/// assert_eq!(s3.sub("max_queue_size").map(|size| size.value()), Some("20"));
/// # Ok::<(), sso_config::ParseError>(())
/// ```
pub struct SharedConfig {
    config: Arc<Path>,
    credentials: Arc<Path>,
    texts: Texts,
    merged: Merged,
    warnings: Vec<Warning>,
}

impl SharedConfig {
    /// Parses the contents of both files. No I/O: `locations` are the names used in messages. For
    /// files see [`SharedConfig::load`].
    ///
    /// Fails when a text is larger than 16 MiB, is not UTF-8, or breaks a rule of the
    /// dialect. Time and memory grow with the size of the texts and nothing else.
    pub fn parse(
        locations: &Locations,
        config: impl Into<Vec<u8>>,
        credentials: impl Into<Vec<u8>>,
    ) -> Result<Self, ParseError> {
        Self::from_bytes(
            locations,
            Zeroizing::new(config.into()),
            Zeroizing::new(credentials.into()),
        )
    }

    pub(crate) fn from_bytes(
        locations: &Locations,
        config: Zeroizing<Vec<u8>>,
        credentials: Zeroizing<Vec<u8>>,
    ) -> Result<Self, ParseError> {
        let mut texts = Texts {
            config: text(locations.config(), config)?,
            credentials: text(locations.credentials(), credentials)?,
            ..Texts::default()
        };
        let config: Arc<Path> = locations.config().into();
        let credentials: Arc<Path> = locations.credentials().into();

        let mut parsed = Parsed::new(texts.config.len() + texts.credentials.len());
        parse(File::Config, &config, &texts.config, &mut parsed)?;
        parse(File::Credentials, &credentials, &texts.credentials, &mut parsed)?;
        texts.joined = std::mem::take(&mut parsed.joined);
        texts.lowered = std::mem::take(&mut parsed.lowered);

        replace_default(&mut parsed, &texts, &config);
        let (merged, warnings) = merge(parsed, &texts);
        Ok(Self { config, credentials, texts, merged, warnings })
    }

    /// The config file's name.
    pub fn config_file(&self) -> &Path {
        &self.config
    }

    /// The credentials file's name.
    pub fn credentials_file(&self) -> &Path {
        &self.credentials
    }

    /// The profile `name`; names are case-sensitive. No copy, and no walk through the profiles.
    pub fn profile(&self, name: &str) -> Option<Profile<'_>> {
        self.find(SectionKind::Profile, name)
    }

    /// All profiles, sorted by name.
    pub fn profiles(&self) -> impl ExactSizeIterator<Item = Profile<'_>> {
        self.all(SectionKind::Profile)
    }

    /// The section `[sso-session NAME]`.
    pub fn sso_session(&self, name: &str) -> Option<Section<'_>> {
        self.find(SectionKind::SsoSession, name)
    }

    /// All sso-sessions, sorted by name.
    pub fn sso_sessions(&self) -> impl ExactSizeIterator<Item = Section<'_>> {
        self.all(SectionKind::SsoSession)
    }

    /// The section `[services NAME]`.
    pub fn service(&self, name: &str) -> Option<Section<'_>> {
        self.find(SectionKind::Services, name)
    }

    /// All services sections, sorted by name.
    pub fn services(&self) -> impl ExactSizeIterator<Item = Section<'_>> {
        self.all(SectionKind::Services)
    }

    /// What was ignored, in the order of the files, and at the end what was replaced.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    fn find(&self, kind: SectionKind, name: &str) -> Option<Section<'_>> {
        let sections = self.merged.sections(kind);
        let at = sections.binary_search_by(|section| self.text(section.name).cmp(name)).ok()?;
        sections.get(at).map(|section| Section::new(self, kind, section))
    }

    fn all(&self, kind: SectionKind) -> impl ExactSizeIterator<Item = Section<'_>> {
        self.merged.sections(kind).iter().map(move |section| Section::new(self, kind, section))
    }

    pub(crate) fn text(&self, span: Span) -> &str {
        self.texts.get(span)
    }

    pub(crate) fn origin(&self, file: File, line: u32) -> Origin {
        let file = match file {
            File::Config => &self.config,
            File::Credentials => &self.credentials,
        };
        Origin::new(file, line as usize)
    }

    pub(crate) fn properties(&self, range: Range<usize>) -> &[Entry] {
        self.merged.properties.get(range).unwrap_or_default()
    }

    pub(crate) fn sub_properties(&self, range: Range<u32>) -> &[Entry] {
        let range = range.start as usize..range.end as usize;
        self.merged.sub_properties.get(range).unwrap_or_default()
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
            .field("warnings", &self.warnings)
            .finish_non_exhaustive()
    }
}

/// The bytes as text, without a copy.
fn text(file: &Path, mut bytes: Zeroizing<Vec<u8>>) -> Result<Zeroizing<String>, ParseError> {
    if bytes.len() > MAX_FILE_SIZE {
        return Err(ParseError::TooLarge { file: file.to_path_buf() });
    }
    String::from_utf8(std::mem::take(&mut *bytes)).map(Zeroizing::new).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let bytes = Zeroizing::new(error.into_bytes());
        let line = 1 + bytes.iter().take(valid).filter(|&&byte| byte == b'\n').count();
        ParseError::NotUtf8 { file: file.to_path_buf(), line }
    })
}
