//! The texts of both files and the ranges into them: how a configuration points at its own text
//! without copying it.
//!
//! Not responsible for what stands in the texts.

use zeroize::Zeroizing;

/// Every text that a configuration points into. The files are kept as they were read; they may hold
/// secret keys, so the memory is wiped when it is given back.
#[derive(Default)]
pub(crate) struct Texts {
    pub(crate) config: Zeroizing<String>,
    pub(crate) credentials: Zeroizing<String>,
    /// Values of more than one line, put together.
    pub(crate) joined: Zeroizing<String>,
    /// Property names that were not written in lower case.
    pub(crate) lowered: String,
}

/// Which of the texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Text {
    Config,
    Credentials,
    Joined,
    Lowered,
}

/// A piece of one of the texts, in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    text: Text,
    start: u32,
    end: u32,
}

impl Texts {
    /// The piece at `span`.
    pub(crate) fn get(&self, span: Span) -> &str {
        // Spans are made from the texts themselves, so the piece is always there.
        self.text(span.text).get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    /// The same, for comparing: bytes sort as the text does, and need no look at its characters.
    pub(crate) fn bytes(&self, span: Span) -> &[u8] {
        let text = self.text(span.text).as_bytes();
        text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    fn text(&self, text: Text) -> &str {
        match text {
            Text::Config => &self.config,
            Text::Credentials => &self.credentials,
            Text::Joined => &self.joined,
            Text::Lowered => &self.lowered,
        }
    }
}

impl Span {
    /// From `start` to `end`, byte offsets. The limit on a file's size keeps them within 32 bits.
    pub(crate) fn new(text: Text, start: usize, end: usize) -> Self {
        let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Self { text, start: offset(start), end: offset(end) }
    }

    /// Where `piece` lies in `whole`, of which it must be a part.
    pub(crate) fn of(text: Text, whole: &str, piece: &str) -> Self {
        let start = piece.as_ptr().addr().saturating_sub(whole.as_ptr().addr());
        Self::new(text, start, start + piece.len())
    }

    /// Where it begins and ends.
    pub(crate) fn bounds(self) -> (usize, usize) {
        (self.start as usize, self.end as usize)
    }

    /// The same beginning, another end.
    pub(crate) fn until(self, end: usize) -> Self {
        Self { end: u32::try_from(end).unwrap_or(u32::MAX), ..self }
    }
}
