//! One client with what its rows need.

use std::time::Duration;

use anyhow::Result;
use sso_emulator::TokenState;

use super::client::{Answer, Ask, Client};
use super::signed::SignedService;
use super::stage::{Stage, TestBed};

pub(crate) struct ClientRun<'a> {
    pub(crate) test_bed: &'a TestBed,
    pub(crate) client: &'a Client,
    pub(crate) signed: &'a SignedService,
}

impl<'a> ClientRun<'a> {
    pub(crate) fn stage(&self, state: TokenState) -> Result<Stage<'a>> {
        self.test_bed.stage(state, Duration::ZERO)
    }

    pub(crate) fn ask(&self, stage: &Stage<'_>, ask: Ask<'_>) -> Result<Answer> {
        self.client.ask(ask, &stage.home, self.signed)
    }
}

/// Describes an answer that should have been credentials of this stage.
pub(crate) fn refused(stage: &Stage<'_>, answer: &Answer) -> String {
    match answer {
        Answer::Error(text) => format!("`{}`", stage.shown(text)),
        Answer::AccessToken(_) => "it answered with an access token".to_owned(),
        Answer::AccessKeyId(_) if stage.are_ours(answer) => "it got credentials".to_owned(),
        Answer::AccessKeyId(key) => format!("it got credentials that nobody issued: {key}"),
    }
}
