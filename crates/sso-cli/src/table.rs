//! Tables for people: columns as wide as they need to be.
//!
//! Not responsible for whether styles show (`stdout`).

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

/// What stands in the head of a table.
pub(crate) const HEAD: Style = Style::new().bold();
/// What is well.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// What will be well by itself.
pub(crate) const FAIR: Style = AnsiColor::Yellow.on_default();
/// What needs a person.
pub(crate) const BAD: Style = AnsiColor::Red.on_default();

/// One field of a table.
#[derive(Debug, Clone)]
pub(crate) struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    /// A field in a style. Control characters, which could move the cursor, are escaped.
    pub(crate) fn new(text: impl AsRef<str>, style: Style) -> Self {
        Self { text: printable(text.as_ref()), style }
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
}

impl<const COLUMNS: usize> Table<COLUMNS> {
    pub(crate) fn new(head: [&str; COLUMNS]) -> Self {
        Self { rows: vec![head.map(|name| Cell::new(name, HEAD))] }
    }

    pub(crate) fn row(&mut self, row: [Cell; COLUMNS]) {
        self.rows.push(row);
    }

    /// The lines, styles included.
    pub(crate) fn render(&self) -> String {
        let mut widths = [0; COLUMNS];
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.text.chars().count().max(*width);
            }
        }
        let mut out = String::new();
        for row in &self.rows {
            // Nothing behind the last field that holds something.
            let filled = row.iter().rposition(|cell| !cell.text.is_empty()).map_or(0, |at| at + 1);
            for (at, (cell, width)) in row.iter().zip(widths).take(filled).enumerate() {
                let Cell { text, style } = cell;
                let gap = if at + 1 == filled { 0 } else { width - text.chars().count() + 2 };
                let _ = write!(out, "{style}{text}{style:#}{:gap$}", "");
            }
            out.push('\n');
        }
        out
    }
}

/// The text on one line, control characters escaped.
pub(crate) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn columns_line_up_and_no_line_ends_in_blanks() {
        let mut table = Table::new(["NAME", "STATE", "NOTE"]);
        table.row(["a".into(), "signed in".into(), "".into()]);
        table.row(["größe".into(), "".into(), "evil\u{1b}[2J\nname".into()]);
        let plain = anstream::adapter::strip_str(&table.render()).to_string();
        expect![[r"
            NAME   STATE      NOTE
            a      signed in
            größe             evil\u{1b}[2J\nname
        "]]
        .assert_eq(&plain);
    }
}
