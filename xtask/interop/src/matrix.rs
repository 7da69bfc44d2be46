//! Prints the matrix, in the terminal and for the documentation.

use std::fmt::Write as _;

use super::notes::{Cell, Note, Results, SideBySide, Whose};
use super::storage::Storage;

/// One client's column.
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) version: String,
    pub(crate) results: Results,
}

/// Everything that a run saw.
#[derive(Default)]
pub(crate) struct Matrix {
    pub(crate) columns: Vec<Column>,
    /// Clients whose toolchain is not on this machine, and which.
    pub(crate) missing: Vec<(&'static str, String)>,
    /// Clients that could not be installed, and why.
    pub(crate) broken: Vec<String>,
    /// The adapters for the Rust storage libraries on an S3 server.
    pub(crate) storage: Option<Storage>,
}

const HEAD: &str = "\
# Interoperability

`cargo xtask interop --write` writes this page. For each cell it runs the real client and the program
`ssocreds` with `sso-emulator`, in a separate home directory. Tokens are valid for eight hours, and each
refresh spends its refresh token. The rows with ten processes show how many of them got credentials, when
each answer takes 100 ms. A number in brackets refers to a note below the tables. The note says whether the
client or ssocreds is the cause.
";
const RENEWAL_HEAD: &str = "
## Under `ssocreds exec --renew`

Each column is one process of a client, which requests credentials from its default provider chain every
half second. The role credentials are valid for 6 seconds. Both files of the user have static keys in
`[default]`. For the AWS CLI, the process is `aws iam wait user-exists`, which signs a request every second,
until three of its keys have expired. The error and the recovery may be those of later commands in the same
shell.

";

impl Matrix {
    /// Returns the faults of the run: those of ssocreds, and clients that could not be run.
    pub(crate) fn faults(&self) -> Vec<String> {
        let mut faults = self.broken.clone();
        for column in &self.columns {
            // If the first row has a note, the client cannot do anything, so its column is useless.
            if let Some(Cell { note: Some(note), .. }) = column.results.cells.first() {
                faults.push(format!("{} could not be run: {}", column.name, note.why));
            }
            for cell in column.results.cells.iter().chain(&column.results.renewal) {
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
        self.tables(&mut page);
        page.extend(self.storage.iter().map(Storage::section));
        self.errors(&mut page);
        page
    }

    /// The tables, with the notes of all of them below the last one.
    fn tables(&self, page: &mut String) {
        let mut notes = Notes::default();
        let rows = |of: fn(&Results) -> &[Cell]| {
            let columns = self.columns.iter().map(move |column| (column.name, of(&column.results)));
            columns.filter(|(_, cells)| !cells.is_empty()).collect::<Vec<_>>()
        };
        page.push_str("\n## The matrix\n\n");
        notes.table(page, &rows(|results| &results.cells));
        page.push_str(RENEWAL_HEAD);
        notes.table(page, &rows(|results| &results.renewal));
        notes.print(page);
    }

    fn errors(&self, page: &mut String) {
        let Some(first) = self.columns.first() else { return };
        page.push_str("\n## Errors side by side\n\nEach client has its default settings. Requests are those to the portal and SSO OIDC.\n");
        for (index, situation) in first.results.errors.iter().enumerate() {
            let _ = write!(page, "\n### {}\n\n", title(situation.situation));
            page.push_str("| client | requests | error text |\n|---|---|---|\n");
            said(page, "ssocreds", &situation.ssocreds);
            for column in &self.columns {
                let Some(SideBySide { client, .. }) = column.results.errors.get(index) else {
                    continue;
                };
                said(page, column.name, client);
            }
        }
    }
}

/// The notes, to which the cells refer by number.
#[derive(Default)]
struct Notes<'a>(Vec<(&'a Cell, &'a Note, Vec<&'static str>)>);

impl<'a> Notes<'a> {
    fn table(&mut self, page: &mut String, columns: &[(&'static str, &'a [Cell])]) {
        let Some((_, first)) = columns.first() else { return };
        page.push_str("|  |");
        for (name, _) in columns {
            let _ = write!(page, " {name} |");
        }
        let _ = write!(page, "\n|---|{}\n", "---|".repeat(columns.len()));
        for (index, row) in first.iter().enumerate() {
            let _ = write!(page, "| {} |", row.row);
            for (name, cells) in columns {
                let Some(cell) = cells.get(index) else { continue };
                let number = cell.note.as_ref().map(|note| self.number(cell, note, name));
                let number = number.map(|number| format!(" [{number}]")).unwrap_or_default();
                let _ = write!(page, " {}{number} |", cell.shown);
            }
            page.push('\n');
        }
    }

    /// Returns the number of a note. Clients with the same note in one row share the number.
    fn number(&mut self, cell: &'a Cell, note: &'a Note, name: &'static str) -> usize {
        let is_same = |(other_cell, other_note, _): &(&Cell, &Note, _)| {
            *other_note == note && other_cell.row == cell.row
        };
        let found = self.0.iter().position(is_same);
        if let Some((index, (_, _, names))) =
            found.and_then(|index| Some((index, self.0.get_mut(index)?)))
        {
            names.push(name);
            return index + 1;
        }
        self.0.push((cell, note, vec![name]));
        self.0.len()
    }

    fn print(&self, page: &mut String) {
        page.push_str("\n## Notes\n\n");
        for (index, (cell, note, names)) in self.0.iter().enumerate() {
            let whose = match note.whose {
                Whose::Client => "the client\u{2019}s behaviour",
                Whose::Ssocreds => "**a fault of ssocreds**",
            };
            let (number, names, row) = (index + 1, names.join(", "), cell.row);
            line(page, &format!("{number}. {names}, *{row}*: {} ({whose})", note.why));
        }
    }
}

fn said(page: &mut String, name: &str, said: &super::notes::Said) {
    let text = cell_text(&said.text);
    let _ = writeln!(page, "| {name} | {} | {text} |", said.requests);
}

/// Escapes text for a cell of a table, and truncates long text.
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
