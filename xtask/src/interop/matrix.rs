//! Prints the matrix, in the terminal and for the documentation.

use std::fmt::Write as _;

use super::notes::{Cell, Note, Played, SideBySide, Whose};

/// One client's column.
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) version: String,
    pub(crate) played: Played,
}

/// Everything that a run saw.
#[derive(Default)]
pub(crate) struct Matrix {
    pub(crate) columns: Vec<Column>,
    /// Clients whose toolchain is not on this machine, and which.
    pub(crate) missing: Vec<(&'static str, String)>,
    /// Clients that could not be installed, and why.
    pub(crate) broken: Vec<String>,
}

const HEAD: &str = "\
# Interoperability

Made by `cargo xtask interop --write`; every cell is a run of the real client and of the program
`ssocreds` against `sso-emulator`, in a home directory of its own. Tokens live eight hours, each
refresh spends its refresh token, and in the rows with ten at once each answer takes 100 ms.
A \u{201c}no\u{201d} or a number in brackets has a note below the table, which says whose behaviour it is.
";

impl Matrix {
    /// What the run must not see: ssocreds at fault, or a client that could not be run.
    pub(crate) fn faults(&self) -> Vec<String> {
        let mut faults = self.broken.clone();
        for column in &self.columns {
            // What a client cannot do at all says nothing of us, and something of this run.
            if let Some(Cell { note: Some(note), .. }) = column.played.cells.first() {
                faults.push(format!("{} could not be run: {}", column.name, note.why));
            }
            for cell in &column.played.cells {
                if let Some(Note { why, whose: Whose::Ssocreds }) = &cell.note {
                    faults.push(format!("{}, {}: {why}", column.name, cell.row));
                }
            }
        }
        faults
    }

    pub(crate) fn page(&self) -> String {
        let mut page = HEAD.to_owned();
        page.push_str("\n## The clients of this run\n\n");
        for column in &self.columns {
            line(&mut page, &format!("* {}: {}", column.name, column.version));
        }
        for (name, why) in &self.missing {
            line(&mut page, &format!("* {name}: not run, {why}"));
        }
        for broken in &self.broken {
            line(&mut page, &format!("* {}", cell_text(broken)));
        }
        self.table(&mut page);
        self.errors(&mut page);
        page
    }

    fn table(&self, page: &mut String) {
        let Some(first) = self.columns.first() else { return };
        page.push_str("\n## The matrix\n\n|  |");
        for column in &self.columns {
            let _ = write!(page, " {} |", column.name);
        }
        let _ = write!(page, "\n|---|{}\n", "---|".repeat(self.columns.len()));
        let mut notes: Vec<(&Cell, &Note, Vec<&str>)> = Vec::new();
        for (index, row) in first.played.cells.iter().enumerate() {
            let _ = write!(page, "| {} |", row.row);
            for column in &self.columns {
                let Some(cell) = column.played.cells.get(index) else { continue };
                let number = cell.note.as_ref().map(|note| {
                    let same = |known: &(&Cell, &Note, Vec<&str>)| {
                        known.1 == note && known.0.row == cell.row
                    };
                    if let Some(found) = notes.iter().position(same) {
                        if let Some((_, _, names)) = notes.get_mut(found) {
                            names.push(column.name);
                        }
                        return found + 1;
                    }
                    notes.push((cell, note, vec![column.name]));
                    notes.len()
                });
                let number = number.map(|number| format!(" [{number}]")).unwrap_or_default();
                let _ = write!(page, " {}{number} |", cell.shown);
            }
            page.push('\n');
        }
        page.push_str("\n## Notes\n\n");
        for (number, (cell, note, names)) in notes.iter().enumerate() {
            let whose = match note.whose {
                Whose::Client => "the client\u{2019}s behaviour",
                Whose::Ssocreds => "**a fault of ssocreds**",
            };
            let names = names.join(", ");
            line(page, &format!("{}. {names}, *{}*: {} ({whose})", number + 1, cell.row, note.why));
        }
    }

    fn errors(&self, page: &mut String) {
        let Some(first) = self.columns.first() else { return };
        page.push_str("\n## Errors side by side\n\nWith the defaults of each; requests are those to the two services.\n");
        for (index, situation) in first.played.errors.iter().enumerate() {
            let _ = write!(page, "\n### {}\n\n", title(situation.situation));
            page.push_str("| who | requests | what it says |\n|---|---|---|\n");
            said(page, "ssocreds", &situation.ssocreds);
            for column in &self.columns {
                let Some(SideBySide { client, .. }) = column.played.errors.get(index) else {
                    continue;
                };
                said(page, column.name, client);
            }
        }
    }
}

fn said(page: &mut String, name: &str, said: &super::notes::Said) {
    let text = cell_text(&said.text);
    let _ = writeln!(page, "| {name} | {} | {text} |", said.requests);
}

/// Text that does not break out of a table's cell, and of a length that can be read.
fn cell_text(text: &str) -> String {
    let text = text.replace('|', "\\|").replace(['\n', '\r'], " ").replace('<', "&lt;");
    let longest = 500;
    match text.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

fn title(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string());
    format!("{}{}", first.unwrap_or_default(), characters.as_str())
}

fn line(page: &mut String, text: &str) {
    page.push_str(text);
    page.push('\n');
}
