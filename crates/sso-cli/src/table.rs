//! Tables for people, with columns as wide as their widest cell.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use crate::printable::printable;

/// The maximum width of a cell. Longer text is cut, so that one long name does not widen all rows.
const MAX_CELL: usize = 1000;

/// The style of the head of a table.
pub(crate) const HEAD: Style = Style::new().bold();
/// The style of a state that is fine.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// The style of a warning, and of a state that may need no action.
pub(crate) const FAIR: Style = AnsiColor::Yellow.on_default();
/// The style of a state that the user has to correct.
pub(crate) const BAD: Style = AnsiColor::Red.on_default();

/// A cell of a table.
#[derive(Debug, Clone)]
pub(crate) struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    /// Returns a cell. Misleading characters are escaped, and a long text is cut.
    pub(crate) fn new(text: impl AsRef<str>, style: Style) -> Self {
        let text = text.as_ref();
        let shown = match text.char_indices().nth(MAX_CELL) {
            Some((end, _)) => {
                let start = printable(text.get(..end).unwrap_or_default());
                format!("{start}... ({} characters)", text.chars().count())
            }
            None => printable(text),
        };
        Self { text: shown, style }
    }
}

impl<T: AsRef<str>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::new(text, Style::new())
    }
}

/// A table with a head.
#[derive(Debug)]
pub(crate) struct Table<const COLUMNS: usize> {
    rows: Vec<[Cell; COLUMNS]>,
    /// In characters.
    widths: [usize; COLUMNS],
}

impl<const COLUMNS: usize> Table<COLUMNS> {
    pub(crate) fn new(head: [&str; COLUMNS]) -> Self {
        let mut table = Self { rows: Vec::new(), widths: [0; COLUMNS] };
        table.row(head.map(|name| Cell::new(name, HEAD)));
        table
    }

    pub(crate) fn row(&mut self, row: [Cell; COLUMNS]) {
        for (width, cell) in self.widths.iter_mut().zip(&row) {
            *width = cell.text.chars().count().max(*width);
        }
        self.rows.push(row);
    }

    /// Renders the rows and removes them. Later rows get columns that are at least as wide.
    pub(crate) fn drain(&mut self) -> String {
        let rendered = self.render();
        self.rows.clear();
        rendered
    }

    /// Returns the rows as lines with styles.
    pub(crate) fn render(&self) -> String {
        let mut out = String::new();
        for row in &self.rows {
            // No blanks after the last cell with text.
            let filled = row.iter().rposition(|cell| !cell.text.is_empty()).map_or(0, |at| at + 1);
            for (at, (cell, width)) in row.iter().zip(self.widths).take(filled).enumerate() {
                let Cell { text, style } = cell;
                let _ = write!(out, "{style}{text}{style:#}");
                if at + 1 < filled {
                    // `format!` panics if the width exceeds 65,535.
                    out.extend(std::iter::repeat_n(' ', width - text.chars().count() + 2));
                }
            }
            out.push('\n');
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn columns_are_aligned_and_lines_have_no_trailing_blanks() {
        let mut table = Table::new(["NAME", "STATE", "NOTE"]);
        table.row(["a".into(), "logged in".into(), "".into()]);
        table.row(["größe".into(), "".into(), "evil\u{1b}[2J\nname".into()]);
        let plain = anstream::adapter::strip_str(&table.render()).to_string();
        expect![[r"
            NAME   STATE      NOTE
            a      logged in
            größe             evil\u{1b}[2J\nname
        "]]
        .assert_eq(&plain);
    }

    #[test]
    fn long_cells_are_cut() {
        let mut table = Table::new(["NAME", "NOTE"]);
        table.row(["x".repeat(70_000).into(), "note".into()]);
        let rendered = table.render();
        let row = rendered.lines().last().unwrap();
        assert!(row.len() < 1100, "{}", row.len());
        assert!(row.ends_with("xxx... (70000 characters)  note"), "{row}");
    }
}
