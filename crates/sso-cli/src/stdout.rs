//! Prints to stdout. It is not an error if the reader closes the pipe early.

use std::io::{self, Write};

use crate::failure::Failure;
use crate::printable::escape_json;

const WRITE: &str = "write to stdout";

/// Prints to stdout, byte for byte.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    write(&mut io::stdout().lock(), text)
}

/// Prints text with styles to stdout. Styles are shown on a terminal, or as `--color` chooses.
pub(crate) fn print_styled(text: &str) -> Result<(), Failure> {
    write(&mut anstream::stdout().lock(), text)
}

/// Prints a JSON value to stdout, with line breaks and indentation.
pub(crate) fn print_json(value: &impl serde::Serialize) -> Result<(), Failure> {
    let failed = |error: serde_json::Error| Failure::Io { doing: WRITE, source: error.into() };
    let json = serde_json::to_string_pretty(value).map_err(failed)?;
    let mut json = escape_json(&json).unwrap_or(json);
    json.push('\n');
    print(&json)
}

fn write(out: &mut impl Write, text: &str) -> Result<(), Failure> {
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // `ssocreds roles | head` is not a failure.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(|source| Failure::Io { doing: WRITE, source }),
    }
}
