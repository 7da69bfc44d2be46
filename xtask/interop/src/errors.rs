//! Compares the error texts of a client and of ssocreds in the same situations.

use anyhow::{Result, ensure};
use sso_emulator::{ErrorName, Operation, TokenState};

use super::client::{Answer, Ask};
use super::client_run::{ClientRun, refused};
use super::notes::{Cell, Said, SideBySide, Whose};
use super::stage::Stage;

/// A situation: its name, how the token stands, and what else is wrong.
type Situation = (&'static str, TokenState, fn(&Stage<'_>) -> Result<()>);

const SITUATIONS: [Situation; 5] = [
    ("no login", TokenState::Missing, |_| Ok(())),
    ("expired, not refreshable", TokenState::ExpiredNotRefreshable, |_| Ok(())),
    ("expired, and the session has ended", TokenState::Expired, |stage| {
        stage.emulator.end_session();
        Ok(())
    }),
    ("a role that is not assigned (403)", TokenState::Valid, |stage| {
        stage.emulator.unassign(&stage.home.account_id, &stage.home.role_name);
        Ok(())
    }),
    ("every request is throttled (429)", TokenState::Valid, |stage| {
        stage.emulator.fault_on(Operation::GetRoleCredentials, ErrorName::TooManyRequests);
        Ok(())
    }),
];

pub(crate) fn side_by_side(run: &ClientRun<'_>) -> Result<Vec<SideBySide>> {
    SITUATIONS
        .iter()
        .map(|(situation, state, spoil)| {
            let said = |ours: bool| -> Result<Said> {
                let stage = run.stage(*state)?;
                spoil(&stage)?;
                let profile = &stage.home.profile;
                let answer = if ours {
                    stage.ssocreds.ask(&stage.home, profile, false)?
                } else {
                    run.ask(&stage, Ask::Credentials(profile))?
                };
                let counts = stage.emulator.counts();
                let requests = counts.get_role_credentials + counts.create_token;
                let Answer::Error(text) = answer else {
                    ensure!(!ours, "ssocreds got credentials though {situation}");
                    let text = "(it got credentials)".to_owned();
                    return Ok(Said { text, requests });
                };
                Ok(Said { text: stage.shown(&text), requests })
            };
            Ok(SideBySide { situation, client: said(false)?, ssocreds: said(true)? })
        })
        .collect()
}

/// The portal throttles two requests and takes the third.
pub(crate) fn throttled_for_a_while(run: &ClientRun<'_>) -> Result<Cell> {
    let row = "gets credentials after two answers 429 of the portal";
    let throttled = || -> Result<Stage<'_>> {
        let stage = run.stage(TokenState::Valid)?;
        let operation = Operation::GetRoleCredentials;
        stage.emulator.fault_next(operation, 2, ErrorName::TooManyRequests);
        Ok(stage)
    };
    let stage = throttled()?;
    let ours = stage.ssocreds.ask(&stage.home, &stage.home.profile, false)?;
    if !stage.are_ours(&ours) {
        return Ok(Cell::no(row, format!("ssocreds: {}", refused(&stage, &ours)), Whose::Ssocreds));
    }
    let stage = throttled()?;
    let answer = run.ask(&stage, Ask::Credentials(&stage.home.profile))?;
    if stage.are_ours(&answer) {
        return Ok(Cell::yes(row));
    }
    let requests = stage.emulator.counts().get_role_credentials;
    let why = format!("gives up after {requests} requests: {}", refused(&stage, &answer));
    Ok(Cell::no(row, why, Whose::Client))
}
