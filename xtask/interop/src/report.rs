//! The results of a run, and the page of the documentation that shows them.

use std::fmt::Write as _;

use anyhow::{Result, ensure};

use crate::cell::{Note, Row};
use crate::client::Client;

/// The fixed text of the page.
const PAGE: &str = include_str!("../page.md");

pub(crate) struct Report {
    pub(crate) columns: Vec<Column>,
    /// Names of clients whose toolchain is not on this machine.
    pub(crate) missing: Vec<String>,
    /// The results of the adapters.
    pub(crate) storage: String,
    /// The tables of errors.
    pub(crate) errors: String,
}

/// The results of one client. `object_store` has only renewals.
pub(crate) struct Column {
    pub(crate) client: Client,
    pub(crate) rows: Vec<Row>,
    /// Under `ssocreds exec --renew`.
    pub(crate) renewal: Vec<Row>,
}

impl Report {
    /// Fails if ssocreds did not do its part for a client, or if a client could not be run.
    pub(crate) fn check(&self) -> Result<()> {
        let mut faults = Vec::new();
        for column in &self.columns {
            let rows = column.rows.iter().chain(&column.renewal);
            for (index, (row, cell)) in rows.enumerate() {
                let Some(note) = &cell.note else { continue };
                // A client that fails in the first row fails in every row, and the column shows nothing.
                if note.is_fault || index == 0 {
                    faults.push(format!("{}, {row}: {}", column.client.name, note.text));
                }
            }
        }
        let count = faults.len();
        ensure!(count == 0, "{count} cells are not as they must be:\n{}", faults.join("\n"));
        Ok(())
    }

    pub(crate) fn page(&self) -> String {
        let mut clients = String::new();
        for Column { client, .. } in &self.columns {
            let _ = writeln!(clients, "* {}: {}", client.name, client.version);
        }
        for name in &self.missing {
            let _ = writeln!(clients, "* {name}: not run, its toolchain was not installed");
        }
        let mut notes = Notes::default();
        let matrix = notes.table(&self.columns, |column| &column.rows);
        let renewal = notes.table(&self.columns, |column| &column.renewal);
        PAGE.replace("{clients}\n", &clients)
            .replace("{matrix}\n", &matrix)
            .replace("{renewal}\n", &renewal)
            .replace("{notes}\n", &notes.list())
            .replace("{storage}\n", &self.storage)
            .replace("{errors}", &self.errors)
    }
}

/// The notes in the order of their numbers, each with its row and the names of its clients.
#[derive(Default)]
struct Notes<'a>(Vec<(&'static str, &'a Note, Vec<&'static str>)>);

impl<'a> Notes<'a> {
    /// Returns a table with a column for each client that has such rows, and collects its notes.
    fn table(&mut self, columns: &'a [Column], rows: fn(&Column) -> &[Row]) -> String {
        let columns = columns.iter().map(|column| (column.client.name, rows(column)));
        let columns: Vec<_> = columns.filter(|(_, rows)| !rows.is_empty()).collect();
        let names: Vec<_> = columns.iter().map(|(client, _)| *client).collect();
        let lines = "---|".repeat(names.len());
        let mut table = format!("|  | {} |\n|---|{lines}\n", names.join(" | "));
        let first = columns.first().map_or(&[][..], |(_, rows)| rows);
        for (index, (row, _)) in first.iter().enumerate() {
            let _ = write!(table, "| {row} |");
            for (client, rows) in &columns {
                let Some((_, cell)) = rows.get(index) else { continue };
                let _ = write!(table, " {}", cell.shown);
                if let Some(note) = &cell.note {
                    let _ = write!(table, " [{}]", self.number(row, note, client));
                }
                table += " |";
            }
            table += "\n";
        }
        table
    }

    /// Returns the number of a note. Clients with the same note in one row share the number.
    fn number(&mut self, row: &'static str, note: &'a Note, client: &'static str) -> usize {
        let same =
            self.0.iter().position(|(other_row, other, _)| (*other_row, *other) == (row, note));
        let index = same.unwrap_or(self.0.len());
        match self.0.get_mut(index) {
            Some((.., clients)) => clients.push(client),
            None => self.0.push((row, note, vec![client])),
        }
        index + 1
    }

    fn list(&self) -> String {
        let mut list = String::new();
        for (number, (row, note, clients)) in (1..).zip(&self.0) {
            let (clients, text) = (clients.join(", "), &note.text);
            let cause =
                if note.is_fault { "**a fault of ssocreds**" } else { "the client’s behaviour" };
            let _ = writeln!(list, "{number}. {clients}, *{row}*: {text} ({cause})");
        }
        list
    }
}
