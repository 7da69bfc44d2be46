//! A cell of the matrix: the result, and for anything but a success the reason and whether the client or
//! ssocreds is its cause.

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

impl Cell {
    pub(crate) fn yes() -> Self {
        Self { row: "", shown: "yes".to_owned(), note: None }
    }

    /// A success with a reservation.
    pub(crate) fn but(why: String) -> Self {
        Self { shown: "yes".to_owned(), ..Self::no(why, Whose::Client) }
    }

    pub(crate) fn no(why: String, whose: Whose) -> Self {
        Self { row: "", shown: "no".to_owned(), note: Some(Note { why, whose }) }
    }

    /// The row does not apply to the client.
    pub(crate) fn none(why: &str) -> Self {
        Self { shown: "–".to_owned(), ..Self::no(why.to_owned(), Whose::Client) }
    }
}
