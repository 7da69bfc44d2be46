//! The errors of the clients and of ssocreds in the same situations.

use anyhow::{Result, ensure};
use sso_emulator::{ErrorName, Operation, TokenState};

use crate::cell::{Cell, Whose};
use crate::client::{Answer, Client, Kind};
use crate::stage::{Stage, TestBed};

/// A situation: its name, the state of the token, and what else is wrong.
type Situation = (&'static str, TokenState, fn(&Stage<'_>));

pub(crate) const SITUATIONS: [Situation; 5] = [
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

/// The requests that a client sent to the two services, and its error.
pub(crate) type Said = (u64, String);

/// Runs a client in each of [`SITUATIONS`].
pub(crate) fn all(bed: &TestBed, client: &Client) -> Result<Vec<Said>> {
    let said = |(situation, state, spoil): &Situation| {
        let stage = bed.stage(*state)?;
        spoil(&stage);
        let answer = stage.ask(client)?;
        let counts = stage.emulator.counts();
        let text = match &answer {
            Answer::Error(text) => stage.shown(text),
            _ => "(it got credentials)".to_owned(),
        };
        let is_error = matches!(answer, Answer::Error(_));
        ensure!(is_error || client.kind != Kind::Ssocreds, "{situation}: ssocreds has no error");
        Ok((counts.get_role_credentials + counts.create_token, text))
    };
    SITUATIONS.iter().map(said).collect()
}

/// The portal throttles two requests and answers the third.
pub(crate) fn throttled_for_a_while(bed: &TestBed, client: &Client) -> Result<Cell> {
    for (client, whose) in [(&bed.ssocreds, Whose::Ssocreds), (client, Whose::Client)] {
        let stage = bed.stage(TokenState::Valid)?;
        let operation = Operation::GetRoleCredentials;
        stage.emulator.fault_next(operation, 2, ErrorName::TooManyRequests);
        let answer = stage.ask(client)?;
        if !stage.issued(&answer) {
            let requests = stage.emulator.counts().get_role_credentials;
            let name = client.name;
            let why =
                format!("{name} gives up after {requests} requests: {}", stage.describe(&answer));
            return Ok(Cell::no(why, whose));
        }
    }
    Ok(Cell::yes())
}
