//! Prints the entries of a list as they arrive.

use std::time::{Duration, Instant};

use crate::arguments::ListFormat;
use crate::failure::Failure;
use crate::printable::printable;
use crate::progress::Progress;
use crate::stdout;
use crate::table::Table;

/// The time between two prints. Rows that arrive within it share the widths of their columns.
const PERIOD: Duration = Duration::from_secs(2);

/// The rows of a list that are not printed yet. Prints nothing for JSON, which is one document that the
/// caller prints at the end.
#[derive(Debug)]
pub(crate) struct ListOutput<const COLUMNS: usize> {
    format: ListFormat,
    table: Table<COLUMNS>,
    csv: String,
    printed_at: Instant,
    /// The error of an earlier print. Later rows are not printed.
    failure: Option<Failure>,
}

impl<const COLUMNS: usize> ListOutput<COLUMNS> {
    /// Returns an empty list. `table_head` and `csv_head` name the columns in the two formats.
    pub(crate) fn new(
        format: ListFormat,
        table_head: [&str; COLUMNS],
        csv_head: [&str; COLUMNS],
    ) -> Self {
        Self {
            format,
            table: Table::new(table_head),
            csv: csv_line(csv_head),
            printed_at: Instant::now(),
            failure: None,
        }
    }

    pub(crate) fn row(&mut self, cells: [&str; COLUMNS]) {
        match self.format {
            ListFormat::Table => self.table.row(cells.map(Into::into)),
            ListFormat::Csv => self.csv.push_str(&csv_line(cells)),
            ListFormat::Json => {}
        }
    }

    /// Prints the rows so far, if enough time has passed since the last print.
    pub(crate) fn print_some(&mut self, progress: &Progress) {
        if self.printed_at.elapsed() >= PERIOD {
            progress.clear();
            self.print();
        }
    }

    /// Prints the last rows.
    pub(crate) fn finish(mut self) -> Result<(), Failure> {
        self.print();
        self.failure.map_or(Ok(()), Err)
    }

    fn print(&mut self) {
        let text = match self.format {
            ListFormat::Table => self.table.drain(),
            ListFormat::Csv => std::mem::take(&mut self.csv),
            ListFormat::Json => return,
        };
        if self.failure.is_none() {
            self.failure = stdout::print_styled(&text).err();
        }
        self.printed_at = Instant::now();
    }
}

/// Returns a line of CSV (RFC 4180). Control and misleading characters are escaped as in tables.
fn csv_line<const COLUMNS: usize>(cells: [&str; COLUMNS]) -> String {
    let quoted = cells.map(|cell| {
        let cell = printable(cell);
        if cell.contains([',', '"']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
    });
    quoted.join(",") + "\r\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_is_quoted_where_needed() {
        assert_eq!(csv_line(["a", "b c", ""]), "a,b c,\r\n");
        assert_eq!(csv_line(["a,b", "say \"x\"", "\n"]), "\"a,b\",\"say \"\"x\"\"\",\\n\r\n");
    }
}
