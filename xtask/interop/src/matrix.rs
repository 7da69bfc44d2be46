//! Prints the matrix, in the terminal and for the documentation.

use std::fmt::Write as _;

use crate::cell::{Cell, Note, Whose};
use crate::client::Client;
use crate::errors::{SITUATIONS, Said};
use crate::storage::Storage;

/// The results of one client. `object_store` has renewals only.
pub(crate) struct Column {
    pub(crate) client: Client,
    pub(crate) cells: Vec<Cell>,
    /// Under `ssocreds exec --renew`.
    pub(crate) renewal: Vec<Cell>,
    pub(crate) errors: Vec<Said>,
}

/// The results of a run.
#[derive(Default)]
pub(crate) struct Matrix {
    pub(crate) columns: Vec<Column>,
    /// Clients whose toolchain is not on this machine.
    pub(crate) missing: Vec<String>,
    /// Clients that could not be installed, and why.
    pub(crate) broken: Vec<String>,
    /// The errors of ssocreds.
    pub(crate) errors: Vec<Said>,
    pub(crate) storage: Option<Storage>,
}

const HEAD: &str = "\
# Interoperability

`cargo xtask interop --write` writes this page. For each cell it runs the real client and the program
`ssocreds` with `sso-emulator`, in a separate home directory. Tokens are valid for eight hours, and each
refresh spends its refresh token. The rows with ten processes show how many of them got credentials, when
each answer takes 100 ms. A number in brackets refers to a note below the tables. The note says whether the
client or ssocreds is the cause.

## The clients of this run

";
const RENEWAL_HEAD: &str = "
## Under `ssocreds exec --renew`

Each column is one process of a client, which requests credentials from its default provider chain every
half second. The role credentials are valid for 14 seconds. Both files of the user have static keys in
`[default]`. For the AWS CLI, the process is `aws s3api wait bucket-exists`, which signs a request every five
seconds until the session ends. The error and the recovery are those of later commands in the same shell.

";
const ERRORS_HEAD: &str = "
## Errors side by side

Each client has its default settings. Requests are those to the portal and SSO OIDC.
";

impl Matrix {
    /// Returns the faults of the run: those of ssocreds, and clients that could not be run.
    pub(crate) fn faults(&self) -> Vec<String> {
        let mut faults = self.broken.clone();
        for Column { client: Client { name, .. }, cells, renewal, .. } in &self.columns {
            // If the first row has a note, the client cannot do anything, so its column is useless.
            if let Some(Cell { note: Some(note), .. }) = cells.first() {
                faults.push(format!("{name} could not be run: {}", note.why));
            }
            for cell in cells.iter().chain(renewal) {
                if let Some(Note { why, whose: Whose::Ssocreds }) = &cell.note {
                    faults.push(format!("{name}, {}: {why}", cell.row));
                }
            }
        }
        faults
    }

    pub(crate) fn page(&self) -> String {
        let mut page = HEAD.to_owned();
        for Column { client, .. } in &self.columns {
            page += &format!("* {}: {}\n", client.name, client.version);
        }
        for name in &self.missing {
            page += &format!("* {name}: not run, its toolchain was not installed\n");
        }
        for broken in &self.broken {
            page += &format!("* {}\n", cell_text(broken));
        }
        let mut notes = Notes::default();
        page += "\n## The matrix\n\n";
        notes.table(&mut page, &self.rows(|column| &column.cells));
        page += RENEWAL_HEAD;
        notes.table(&mut page, &self.rows(|column| &column.renewal));
        notes.print(&mut page);
        page.extend(self.storage.iter().map(Storage::section));
        self.errors(&mut page);
        page
    }

    fn rows(&self, of: fn(&Column) -> &[Cell]) -> Vec<(&'static str, &[Cell])> {
        let columns = self.columns.iter().map(|column| (column.client.name, of(column)));
        columns.filter(|(_, cells)| !cells.is_empty()).collect()
    }

    fn errors(&self, page: &mut String) {
        *page += ERRORS_HEAD;
        for (index, (situation, ..)) in SITUATIONS.iter().enumerate() {
            let _ = write!(page, "\n### {situation}\n\n");
            *page += "| client | requests | error text |\n|---|---|---|\n";
            let columns = self.columns.iter().map(|column| (column.client.name, &column.errors));
            for (name, errors) in std::iter::once(("ssocreds", &self.errors)).chain(columns) {
                if let Some((requests, text)) = errors.get(index) {
                    let _ = writeln!(page, "| {name} | {requests} | {} |", cell_text(text));
                }
            }
        }
    }
}

/// The notes in the order of their numbers, each with the names of its clients.
#[derive(Default)]
struct Notes<'a>(Vec<(&'a Cell, &'a Note, Vec<&'static str>)>);

impl<'a> Notes<'a> {
    fn table(&mut self, page: &mut String, columns: &[(&'static str, &'a [Cell])]) {
        let Some((_, first)) = columns.first() else { return };
        let names: Vec<_> = columns.iter().map(|(name, _)| *name).collect();
        let _ = writeln!(page, "|  | {} |", names.join(" | "));
        let _ = writeln!(page, "|---|{}", "---|".repeat(columns.len()));
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
        for (index, (other_cell, other, names)) in self.0.iter_mut().enumerate() {
            if *other == note && other_cell.row == cell.row {
                names.push(name);
                return index + 1;
            }
        }
        self.0.push((cell, note, vec![name]));
        self.0.len()
    }

    fn print(&self, page: &mut String) {
        *page += "\n## Notes\n\n";
        for (number, (cell, note, names)) in (1..).zip(&self.0) {
            let whose = match note.whose {
                Whose::Client => "the client\u{2019}s behaviour",
                Whose::Ssocreds => "**a fault of ssocreds**",
            };
            let (names, row, why) = (names.join(", "), cell.row, &note.why);
            let _ = writeln!(page, "{number}. {names}, *{row}*: {why} ({whose})");
        }
    }
}

/// Escapes text for a cell of a table, and truncates long text.
fn cell_text(text: &str) -> String {
    let text = text.replace('|', "\\|").replace(['\n', '\r'], " ").replace('<', "&lt;");
    match text.char_indices().nth(500) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}
