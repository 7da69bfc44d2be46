//! Why a configuration file could not be read.
//!
//! Not responsible for what a profile lacks: that is [`SettingsError`](crate::SettingsError).

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A configuration file that cannot be read, or that breaks a rule of the dialect. The fault of the
/// file; nothing was retried, and trying again does not help until the file is changed.
///
/// No message quotes the file: a line of the credentials file may be a secret.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// The file is there and cannot be read: a permission, a directory, a broken disk. The source
    /// is what the operating system said.
    #[error(
        "{} cannot be read; check that it is a file and that you may read it, or name another one \
         with {variable}",
        file.display()
    )]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// The environment variable that names another file.
        variable: &'static str,
        /// What the operating system said.
        source: Arc<io::Error>,
    },
    /// The file is larger than 16 MiB.
    #[error(
        "{} is larger than {} MiB, which no configuration file is; check that it is the right file",
        file.display(),
        crate::shared_config::MAX_FILE_SIZE >> 20
    )]
    TooLarge {
        /// The file.
        file: PathBuf,
    },
    /// The file is not UTF-8 text.
    #[error("{} line {line} is not UTF-8 text; save the file as UTF-8", file.display())]
    NotUtf8 {
        /// The file.
        file: PathBuf,
        /// The first line that is not; the first of the file is 1.
        line: usize,
    },
    /// A line breaks a rule of the dialect.
    #[error("{} line {line}: {problem}", file.display())]
    Syntax {
        /// The file.
        file: PathBuf,
        /// The line; the first is 1.
        line: usize,
        /// Which rule.
        problem: SyntaxProblem,
    },
}

/// The rule of the dialect that a line breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SyntaxProblem {
    /// `[name` without `]`.
    #[error("a section line without \"]\"; write it as [profile NAME]")]
    UnclosedSection,
    /// `[name] text`.
    #[error(
        "only a comment can follow the \"]\" of a section; put anything else on a line of its own"
    )]
    TextAfterSection,
    /// A property above the first section.
    #[error("a property before any section; put a section line such as [default] above it")]
    PropertyBeforeSection,
    /// A line of a section that is no property.
    #[error(
        "a line without \"=\"; write it as KEY = VALUE, begin it with \"#\" to make it a comment, \
         or with a space to continue the value above"
    )]
    NoEqualsSign,
    /// `= value`.
    #[error("nothing stands before the \"=\"; write it as KEY = VALUE")]
    EmptyKey,
    /// An indented line with no property above it in its section.
    #[error(
        "an indented line continues the property above it, and there is none; remove the indent"
    )]
    ContinuationBeforeProperty,
    /// A line below a property with an empty value that is no property itself.
    #[error(
        "a line without \"=\" below a property with an empty value; write it as KEY = VALUE, or put \
         the value on the line of the property"
    )]
    NestedNoEqualsSign,
    /// `= value`, below a property with an empty value.
    #[error("nothing stands before the \"=\" of a nested property; write it as KEY = VALUE")]
    NestedEmptyKey,
}

impl ParseError {
    /// The file that is at fault.
    pub fn file(&self) -> &Path {
        match self {
            Self::Unreadable { file, .. }
            | Self::TooLarge { file }
            | Self::NotUtf8 { file, .. }
            | Self::Syntax { file, .. } => file,
        }
    }

    /// The line that is at fault, where there is one; the first is 1.
    pub fn line(&self) -> Option<usize> {
        match self {
            Self::NotUtf8 { line, .. } | Self::Syntax { line, .. } => Some(*line),
            Self::Unreadable { .. } | Self::TooLarge { .. } => None,
        }
    }
}
