//! Warnings about lines that are ignored or are probably mistakes.

use std::fmt;
use std::path::Path;

use crate::syntax::Fault;
use crate::text::{beginning, excerpt, is_invisible, is_space, trim};
use crate::{NameProblem, Origin, section_name};

/// A warning about a part of the configuration that is ignored, or is probably a mistake. Displayed
/// as `FILE line N: REASON; REMEDY`.
///
/// No warning quotes a line, an invalid key, or the value of a property other than an account id,
/// since those may be secret. Names of sections are quoted. Their invisible characters are escaped,
/// and they are cut after 64 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    kind: WarningKind,
    origin: Origin,
}

/// The kind of a warning. `Display` is the reason, without the line and the remedy. Only for
/// [`UnusableFile`](Self::UnusableFile), it includes both.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WarningKind {
    /// The credentials file cannot be loaded, so it counts as empty.
    #[error("{error}; until then the file is ignored")]
    #[non_exhaustive]
    UnusableFile {
        /// The message of the [`LoadError`](crate::LoadError).
        error: String,
    },
    /// A section of an unknown type, or of a type that does not belong in its file.
    #[error("the section [{}] is ignored: {file} {}", excerpt(header), file.sections())]
    #[non_exhaustive]
    UnknownSection {
        /// The text between the brackets, cut after 65 characters. `Display` shows 64 of them, and
        /// `…` if there are more.
        header: String,
        /// The kind of file that it is in.
        file: FileKind,
        /// True if the section has a property of an SSO profile or a session.
        has_sso_keys: bool,
    },
    /// A section with an invalid name.
    #[error("the section [{}] is ignored: {problem}", excerpt(header))]
    #[non_exhaustive]
    SectionName {
        /// The text between the brackets, cut after 65 characters. `Display` shows 64 of them, and
        /// `…` if there are more.
        header: String,
        /// The reason why the name is invalid.
        problem: NameProblem,
    },
    /// A section line without `]`. It and the lines up to the next section are ignored.
    #[error("the section [{} is ignored: it has no \"]\"", excerpt(header))]
    #[non_exhaustive]
    UnclosedSection {
        /// The text after the bracket.
        header: String,
    },
    /// Text after the `]` of a section line. It is ignored.
    #[error("the text after the \"]\" is ignored")]
    TextBehindSection,
    /// A section that is replaced by one with the same name in a different spelling.
    #[error(
        "the section [{}] is ignored: [{}] at line {by_line} replaces it",
        excerpt(header),
        excerpt(by)
    )]
    #[non_exhaustive]
    ReplacedSection {
        /// The text between its brackets.
        header: String,
        /// The text between the brackets of the section that replaces it.
        by: String,
        /// The line of that section.
        by_line: usize,
    },
    /// A section `[DEFAULT]`. Its properties apply to every section of its file that does not set
    /// them.
    #[error("the properties of [DEFAULT] apply to every section of this file")]
    DefaultsSection,
    /// A section `[DEFAULT]` that is ignored, because it would add too many properties to other
    /// sections.
    #[error("the section [DEFAULT] is ignored: it is too large")]
    TooManyDefaults,
    /// Lines before the first section.
    #[error("the lines before the first section are ignored")]
    BeforeFirstSection,
    /// A line without `=` or `:`.
    #[error("a line has no \"=\"")]
    NoSeparator,
    /// A line with nothing before the `=`.
    #[error("a line has nothing before the \"=\"")]
    EmptyKey,
    /// A line without `=` below a property with an empty value.
    #[error("a line below a property with an empty value has no \"=\"")]
    SubPropertyWithoutEqualsSign,
    /// A line with nothing before the `=`, below a property with an empty value.
    #[error("a line below a property with an empty value has nothing before the \"=\"")]
    SubPropertyWithEmptyKey,
    /// A property that is ignored because its key contains an invalid character.
    #[error("a property is ignored: its key holds {}", CharacterInKey(*character))]
    #[non_exhaustive]
    KeyCharacter {
        /// The first invalid character.
        character: char,
        /// The key without its invalid characters, if that is an SSO key.
        meant: Option<&'static str>,
    },
    /// A property that the file sets more than once in a section. The last one is used.
    #[error(
        "the property {key} is repeated: the last one counts, and the one before is at line \
         {first_line}"
    )]
    #[non_exhaustive]
    RepeatedProperty {
        /// The key.
        key: String,
        /// The line of the previous one.
        first_line: usize,
    },
    /// A start URL that does not begin with `https://`. It is not an error, because only a login
    /// contacts the URL.
    #[error("sso_start_url of {section} is not an https URL")]
    #[non_exhaustive]
    StartUrlNotHttps {
        /// The section, as written in the config file, such as `[sso-session dev]`.
        section: String,
        /// True if the value is in quotes. They are part of the value.
        in_quotes: bool,
    },
    /// A role name in quotes. They are part of the name.
    #[error("the role name of profile {profile:?} is in quotes, and they are part of the value")]
    #[non_exhaustive]
    RoleNameInQuotes {
        /// The profile.
        profile: String,
    },
    /// An account id that does not have twelve digits, often because leading zeros were lost. It is
    /// not an error, because the service checks it.
    #[error("the account id {account_id:?} of profile {profile:?} does not have 12 digits")]
    #[non_exhaustive]
    AccountIdDigits {
        /// The profile.
        profile: String,
        /// The account id.
        account_id: String,
    },
}

/// One of the two files. They can contain different kinds of sections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileKind {
    /// `~/.aws/config`.
    Config,
    /// `~/.aws/credentials`.
    Credentials,
}

impl Warning {
    pub(crate) fn new(kind: WarningKind, origin: Origin) -> Self {
        Self { kind, origin }
    }

    /// The kind of the warning.
    pub fn kind(&self) -> &WarningKind {
        &self.kind
    }

    /// The file and the line. For [`WarningKind::UnusableFile`], the line of the error, or 1.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The reason, as in the message.
    pub fn reason(&self) -> String {
        self.kind.to_string()
    }

    /// The remedy, as an instruction.
    pub fn remedy(&self) -> String {
        self.kind.remedy(self.origin.file())
    }

    /// The text between the brackets of a section that is ignored, cut after 65 characters. `None`
    /// for other warnings.
    pub fn ignored_section(&self) -> Option<&str> {
        match &self.kind {
            WarningKind::UnknownSection { header, .. }
            | WarningKind::SectionName { header, .. }
            | WarningKind::UnclosedSection { header } => Some(header),
            _ => None,
        }
    }

    /// Returns `true` if a section is ignored that is probably meant as a profile or a session.
    pub fn is_ignored_sso_section(&self) -> bool {
        match &self.kind {
            WarningKind::UnknownSection { header, has_sso_keys, .. } => {
                let header = header.to_ascii_lowercase();
                *has_sso_keys || header.starts_with("profile ") || header.starts_with("sso")
            }
            WarningKind::SectionName { .. } | WarningKind::UnclosedSection { .. } => true,
            _ => false,
        }
    }

    pub(crate) fn set_has_sso_keys(&mut self) {
        if let WarningKind::UnknownSection { has_sso_keys, .. } = &mut self.kind {
            *has_sso_keys = true;
        }
    }

    /// Returns `true` if the line cannot be parsed. Using its section is then an error.
    pub fn is_faulty_line(&self) -> bool {
        matches!(
            self.kind,
            WarningKind::NoSeparator
                | WarningKind::EmptyKey
                | WarningKind::SubPropertyWithoutEqualsSign
                | WarningKind::SubPropertyWithEmptyKey
        )
    }
}

impl WarningKind {
    fn remedy(&self, file: &Path) -> String {
        let text = match self {
            Self::UnusableFile { .. } => {
                return format!("fix {}, or remove it", file.display());
            }
            Self::UnknownSection { header, file, .. } => return section_remedy(header, *file),
            Self::SectionName { header, problem: NameProblem::TwoWords } => {
                let (kind, name) = header.split_once([' ', '\t']).unwrap_or_default();
                let name = name.trim_matches([' ', '\t', '"', '\'']);
                return format!("write it as [{kind} \"{}\"]", excerpt(name));
            }
            Self::SectionName { header, .. } => {
                return match header.split_once([' ', '\t']) {
                    Some((kind @ ("profile" | "sso-session" | "services"), _)) => {
                        format!("write it as [{kind} NAME], with NAME in quotes if needed")
                    }
                    // In the credentials file, a section has no type, and its name no quotes.
                    _ => "write it as [NAME]".to_owned(),
                };
            }
            Self::UnclosedSection { .. } => "end the section line with \"]\"",
            Self::TextBehindSection => "begin it with \" #\" to make it a comment",
            Self::ReplacedSection { .. } | Self::RepeatedProperty { .. } => "remove one of the two",
            Self::DefaultsSection => {
                "write [default] if the default profile is meant; most AWS SDKs ignore [DEFAULT]"
            }
            Self::TooManyDefaults => "write the properties into the sections that need them",
            Self::BeforeFirstSection => "put a section line such as [default] above them",
            Self::NoSeparator => {
                "write it as KEY = VALUE, begin it with \"#\" to make it a comment, or indent it \
                 to continue the value above"
            }
            Self::EmptyKey | Self::SubPropertyWithEmptyKey => "write it as KEY = VALUE",
            Self::SubPropertyWithoutEqualsSign => {
                "write it as KEY = VALUE, or put the value on the line of the property"
            }
            Self::KeyCharacter { character, .. } if is_invisible(*character) => {
                "remove it, or type the line again"
            }
            Self::KeyCharacter { .. } => "a key is letters, digits and _-/.%@+",
            Self::StartUrlNotHttps { in_quotes: true, .. } | Self::RoleNameInQuotes { .. } => {
                "remove the quotes"
            }
            Self::StartUrlNotHttps { in_quotes: false, .. } => "correct it",
            Self::AccountIdDigits { .. } => "write all 12 digits, including leading zeros",
        };
        text.to_owned()
    }
}

impl From<Fault> for WarningKind {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::NoSeparator => Self::NoSeparator,
            Fault::EmptyKey => Self::EmptyKey,
            Fault::SubPropertyWithoutEqualsSign => Self::SubPropertyWithoutEqualsSign,
            Fault::SubPropertyWithEmptyKey => Self::SubPropertyWithEmptyKey,
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            // The message already contains the file and the remedy.
            kind @ WarningKind::UnusableFile { .. } => kind.fmt(f),
            kind => write!(f, "{}: {kind}; {}", self.origin, self.remedy()),
        }
    }
}

impl FileKind {
    fn sections(self) -> &'static str {
        match self {
            Self::Config => {
                "can contain only [default], [profile NAME], [sso-session NAME] and [services NAME]"
            }
            Self::Credentials => "can contain only [NAME], where NAME is the name of a profile",
        }
    }
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Config => "the config file",
            Self::Credentials => "the credentials file",
        })
    }
}

/// Displays an invalid character of a key.
struct CharacterInKey(char);

impl fmt::Display for CharacterInKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if is_invisible(self.0) {
            write!(f, "the invisible character U+{:04X}", u32::from(self.0))
        } else {
            write!(f, "{:?}", self.0)
        }
    }
}

/// The remedy for a section of an unknown type, or of a type that does not belong in its file.
fn section_remedy(header: &str, file: FileKind) -> String {
    let (first, rest) = header.split_once(is_space).unwrap_or_default();
    let rest = excerpt(trim(rest));
    if file == FileKind::Credentials {
        let in_config = "move the section to the config file";
        if first != "profile" {
            return in_config.to_owned();
        }
        let name = section_name::parse(&rest).unwrap_or_else(|_| rest.as_str().into());
        return format!("write [{name}], or {in_config}");
    }
    let first = first.to_ascii_lowercase();
    if first.starts_with("prof") {
        format!("write [profile {rest}]")
    } else if first.starts_with("sso") {
        format!("write [sso-session {rest}]")
    } else if first.starts_with("serv") {
        format!("write [services {rest}]")
    } else if section_name::parse(header).is_ok() {
        format!("if it is a profile, write [profile {}]", excerpt(header))
    } else {
        format!("if it is a profile, write [profile {}]", section_name::shown(header))
    }
}

pub(crate) fn unknown_section(header: &str, file: FileKind) -> WarningKind {
    WarningKind::UnknownSection { header: beginning(header), file, has_sso_keys: false }
}
