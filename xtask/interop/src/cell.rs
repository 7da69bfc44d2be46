//! The result of one row for one client.

/// The name of a row, and the result of a client.
pub(crate) type Row = (&'static str, Cell);

/// What the function of a row returns. An `Err` ends it early; both variants are its result.
pub(crate) type Outcome = Result<Cell, Cell>;

/// A cell of the matrix.
pub(crate) struct Cell {
    /// One or two words.
    pub(crate) shown: String,
    /// The reason, unless the result is a plain success.
    pub(crate) note: Option<Note>,
}

#[derive(PartialEq, Eq)]
pub(crate) struct Note {
    pub(crate) text: String,
    /// Whether ssocreds is the cause, and not the client. The run then fails.
    pub(crate) is_fault: bool,
}

impl Cell {
    pub(crate) fn yes() -> Self {
        Self { shown: "yes".to_owned(), note: None }
    }

    /// A plain success if the condition holds.
    pub(crate) fn yes_if(holds: bool, otherwise: Self) -> Outcome {
        if holds { Ok(Self::yes()) } else { Err(otherwise) }
    }

    /// A success with a reservation.
    pub(crate) fn yes_but(text: impl Into<String>) -> Self {
        Self::noted("yes", text, false)
    }

    /// The client does not do it.
    pub(crate) fn no(text: impl Into<String>) -> Self {
        Self::noted("no", text, false)
    }

    /// ssocreds does not do its part.
    pub(crate) fn fault(text: impl Into<String>) -> Self {
        Self::noted("no", text, true)
    }

    /// The row does not apply to the client.
    pub(crate) fn not_applicable(text: &str) -> Self {
        Self::noted("–", text, false)
    }

    fn noted(shown: &str, text: impl Into<String>, is_fault: bool) -> Self {
        Self { shown: shown.to_owned(), note: Some(Note { text: text.into(), is_fault }) }
    }
}

/// An error of the run itself, such as a full disk. The run fails.
impl From<anyhow::Error> for Cell {
    fn from(error: anyhow::Error) -> Self {
        Self::fault(format!("{error:#}"))
    }
}
