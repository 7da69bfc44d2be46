//! Asks the user on stderr. On a terminal, typing filters a list; elsewhere, answers are lines.

use std::io::{ErrorKind, IsTerminal as _, Write as _};

use dialoguer::FuzzySelect;
use dialoguer::console::Term;
#[cfg(unix)]
use tokio::signal::unix::SignalKind;

use crate::context::Context;
use crate::failure::Failure;
use crate::printable::printable;

/// The number of lines of a list that are shown at a time.
const SHOWN: usize = 15;

pub(super) struct Questions<'a> {
    context: &'a Context,
    /// True if stdin and stderr are a terminal on which the cursor can be moved.
    has_terminal: bool,
}

impl<'a> Questions<'a> {
    pub(super) fn new(context: &'a Context) -> Self {
        let is_dumb = context.environment.var_os("TERM").is_none_or(|term| term == "dumb");
        let is_terminal = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
        Self { context, has_terminal: is_terminal && (!is_dumb || cfg!(windows)) }
    }

    /// Asks until `read` accepts the answer. An error names `option`, which replaces the question.
    pub(super) fn text<T>(
        &self,
        question: &str,
        option: &'static str,
        default: Option<&str>,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, Failure> {
        let shown = default.filter(|default| !default.is_empty());
        let shown = shown.map(|default| format!(" [{}]", printable(default))).unwrap_or_default();
        loop {
            let answer = self.line(&format!("{question}{shown}: "), option)?;
            let answer = match answer.trim() {
                "" => default.unwrap_or_default(),
                answer => answer,
            };
            match read(answer) {
                Ok(answer) => return Ok(answer),
                Err(reason) => show(&format!("{}\n", printable(&reason))),
            }
        }
    }

    /// Lets the user pick one of the items, and returns its index. Does not ask if there is only one.
    pub(super) fn pick(
        &self,
        question: &str,
        option: &'static str,
        items: &[String],
    ) -> Result<usize, Failure> {
        let items: Vec<_> = items.iter().map(|item| printable(item)).collect();
        match items.as_slice() {
            [] => Err(Failure::NothingAssigned),
            [only] => {
                show(&format!("{question}: {only}\n"));
                Ok(0)
            }
            items if self.has_terminal => self.pick_on_terminal(question, items),
            items => self.pick_by_number(question, option, items),
        }
    }

    pub(super) fn confirm(&self, question: &str, option: &'static str) -> Result<bool, Failure> {
        self.text(&format!("{question} [y/N]"), option, Some(""), |answer| {
            match answer.to_ascii_lowercase().as_str() {
                "y" | "yes" => Ok(true),
                "" | "n" | "no" => Ok(false),
                _ => Err("answer y or n".to_owned()),
            }
        })
    }

    /// Shows numbered items. An answer that is not a number filters them.
    fn pick_by_number(
        &self,
        question: &str,
        option: &'static str,
        items: &[String],
    ) -> Result<usize, Failure> {
        let mut filter = String::new();
        loop {
            let matching: Vec<_> = items
                .iter()
                .enumerate()
                .filter(|(_, item)| item.to_lowercase().contains(&filter))
                .collect();
            for (at, item) in matching.iter().take(SHOWN) {
                show(&format!("{:>5}  {item}\n", at + 1));
            }
            if matching.is_empty() {
                show("       nothing matches\n");
            }
            if matching.len() > SHOWN {
                show(&format!("       and {} more\n", matching.len() - SHOWN));
            }
            if let [(at, _)] = matching.as_slice() {
                return Ok(*at);
            }
            let answer = self.line(&format!("{question}, a number or text to filter: "), option)?;
            let answer = answer.trim();
            match answer.parse::<usize>().ok().and_then(|number| number.checked_sub(1)) {
                // A larger number is a filter, because account IDs are numbers too.
                Some(at) if at < items.len() => return Ok(at),
                _ => filter = answer.to_lowercase(),
            }
        }
    }

    /// Shows a list that the user filters by typing.
    fn pick_on_terminal(&self, question: &str, items: &[String]) -> Result<usize, Failure> {
        let term = Term::stderr();
        let select = FuzzySelect::new().with_prompt(question).items(items).default(0);
        let picked = self.context.run_without_progress(async || {
            // On Ctrl-C dialoguer sends SIGINT to this process. Without a handler the process would end
            // with the cursor hidden.
            #[cfg(unix)]
            let _handler = tokio::signal::unix::signal(SignalKind::interrupt());
            select.max_length(SHOWN).interact_on_opt(&term)
        })?;
        // dialoguer leaves the cursor hidden after Ctrl-C.
        let _ = term.show_cursor();
        match picked {
            Ok(Some(at)) => Ok(at),
            Ok(None) => Err(Failure::NotWritten),
            Err(dialoguer::Error::IO(error)) if error.kind() == ErrorKind::Interrupted => {
                Err(Failure::NotWritten)
            }
            Err(dialoguer::Error::IO(source)) => {
                Err(Failure::Io { doing: "read the answer", source })
            }
        }
    }

    /// Reads a line. Ctrl-C and the end of the input are errors.
    fn line(&self, prompt: &str, option: &'static str) -> Result<String, Failure> {
        show(prompt);
        let read = || {
            let mut line = String::new();
            std::io::stdin().read_line(&mut line).map(|length| (length > 0).then_some(line))
        };
        let line = self.context.run_without_progress(async || {
            // Reads in a thread, because a read cannot be cancelled. The thread ends with the process.
            tokio::select! {
                line = tokio::task::spawn_blocking(read) => Some(line),
                Ok(()) = tokio::signal::ctrl_c() => None,
            }
        })?;
        let Some(line) = line else {
            show("\n");
            return Err(Failure::NotWritten);
        };
        let failed = |source| Failure::Io { doing: "read the answer", source };
        let line = line.map_err(std::io::Error::other).and_then(|line| line).map_err(failed)?;
        line.ok_or_else(|| {
            show("\n");
            Failure::NoAnswer { option }
        })
    }
}

/// Writes to stderr.
pub(super) fn show(text: &str) {
    // If stderr is closed, the text cannot be shown.
    let _ = anstream::stderr().lock().write_all(text.as_bytes());
}
