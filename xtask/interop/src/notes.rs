//! The text of a cell of the matrix: the result, and for anything but a success the reason and whether
//! the client or ssocreds is its cause.

/// One row's result for one client.
pub(crate) struct Cell {
    pub(crate) row: &'static str,
    /// A word or two.
    pub(crate) shown: String,
    pub(crate) note: Option<Note>,
}

/// The reason why a cell is not a success. If ssocreds is the cause, it is a fault of the run.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Note {
    pub(crate) why: String,
    pub(crate) whose: Whose,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    Client,
    Ssocreds,
}

/// The errors of the client and of ssocreds in one situation.
pub(crate) struct SideBySide {
    pub(crate) situation: &'static str,
    pub(crate) client: Said,
    pub(crate) ssocreds: Said,
}

/// An error text, and the number of requests before it.
pub(crate) struct Said {
    pub(crate) text: String,
    pub(crate) requests: u64,
}

/// The results of one client.
#[derive(Default)]
pub(crate) struct Results {
    pub(crate) cells: Vec<Cell>,
    /// Under `ssocreds exec --renew`.
    pub(crate) renewal: Vec<Cell>,
    pub(crate) errors: Vec<SideBySide>,
}

impl Cell {
    pub(crate) fn yes(row: &'static str) -> Self {
        Self { row, shown: "yes".to_owned(), note: None }
    }

    /// A success with a reservation.
    pub(crate) fn but(row: &'static str, why: String) -> Self {
        let note = Note { why, whose: Whose::Client };
        Self { row, shown: "yes".to_owned(), note: Some(note) }
    }

    pub(crate) fn no(row: &'static str, why: String, whose: Whose) -> Self {
        Self { row, shown: "no".to_owned(), note: Some(Note { why, whose }) }
    }

    /// The row does not apply to the client.
    pub(crate) fn none(row: &'static str, why: &str) -> Self {
        let note = Note { why: why.to_owned(), whose: Whose::Client };
        Self { row, shown: "–".to_owned(), note: Some(note) }
    }
}
