//! The errors of the clients and of ssocreds in the same situations, as tables.

use std::fmt::Write as _;

use anyhow::{Result, ensure};
use sso_emulator::{ErrorName, Operation, TokenState};

use crate::client::{Client, Kind};
use crate::process;
use crate::stage::{Stage, TestBed};

/// A situation: its name, the state of the token, and a change of the services.
type Situation = (&'static str, TokenState, fn(&Stage<'_>));

const SITUATIONS: [Situation; 5] = [
    ("No login", TokenState::Missing, |_| ()),
    ("Expired, not refreshable", TokenState::ExpiredNotRefreshable, |_| ()),
    ("Expired, and the session has ended", TokenState::Expired, |stage| {
        stage.emulator.end_session();
    }),
    ("A role that is not assigned (403)", TokenState::Valid, |stage| {
        stage.emulator.unassign(&stage.home.account_id, &stage.home.role_name);
    }),
    ("Every request is throttled (429)", TokenState::Valid, |stage| {
        stage.emulator.fault_on(Operation::GetRoleCredentials, ErrorName::TooManyRequests);
    }),
];

/// Longer errors are cut.
const LONGEST: usize = 500;

/// Runs ssocreds and each client in each situation, and returns a table for each situation.
pub(crate) fn tables(bed: &TestBed, clients: &[Client]) -> Result<String> {
    let mut tables = String::new();
    for (situation, token, change) in SITUATIONS {
        let _ = write!(tables, "\n### {situation}\n\n");
        tables += "| client | requests | error text |\n|---|---|---|\n";
        let clients = clients.iter().filter(|client| client.kind != Kind::Storage);
        for client in std::iter::once(&bed.ssocreds).chain(clients) {
            let stage = bed.stage(token)?;
            change(&stage);
            let error = match process::run(client.credentials(&stage.home, &stage.home.profile)) {
                Ok(_) => "(it got credentials)".to_owned(),
                Err(error) => stage.shown(&error).replace('|', "\\|").replace('<', "&lt;"),
            };
            let is_wrong = error.starts_with('(') && client.kind == Kind::Ssocreds;
            ensure!(!is_wrong, "{situation}: ssocreds: {error}");
            let counts = stage.emulator.counts();
            let requests = counts.get_role_credentials + counts.create_token;
            let (cut, more) = match error.char_indices().nth(LONGEST) {
                Some((end, _)) => (error.get(..end).unwrap_or_default(), "…"),
                None => (error.as_str(), ""),
            };
            let _ = writeln!(tables, "| {} | {requests} | {cut}{more} |", client.name);
        }
    }
    Ok(tables)
}
