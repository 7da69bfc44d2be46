//! Faults, and the requests that they apply to.

use std::time::Duration;

use crate::{ErrorName, Operation, ScriptedAnswer};

/// A fault of a request, for [`Emulator::fault`](crate::Emulator::fault),
/// [`Emulator::fault_on`](crate::Emulator::fault_on) and
/// [`Emulator::fault_next`](crate::Emulator::fault_next).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Sends this answer instead of the real one. The request is not processed.
    Answer(ScriptedAnswer),
    /// Closes the connection when the request has arrived. The request is not processed.
    DropBeforeAnswer,
    /// Processes the request, which may spend a refresh token. Then closes the connection without
    /// sending a byte of the answer.
    LoseAnswer,
    /// Processes the request, and closes the connection in the middle of the answer's body.
    DropInsideAnswer,
    /// Delays the answer by this time, in real time and not by the emulator's clock.
    Delay(Duration),
    /// Sends nothing, and keeps the connection open. The request is not processed.
    Stall,
    /// Processes the request, stops in the middle of the answer's body, and keeps the connection
    /// open.
    StallInsideAnswer,
    /// Processes the request, sends bytes that are not HTTP, and closes the connection.
    Garbage,
    /// Sends status 200 and an endless body that begins like JSON. The request is not processed.
    EndlessBody,
}

impl Fault {
    /// Creates an error with the status, the headers and the body that AWS sends.
    pub fn error(name: ErrorName) -> Self {
        Self::Answer(ScriptedAnswer::error(name))
    }

    /// Creates an answer with only a status; see [`ScriptedAnswer::status`].
    pub fn status(status: u16) -> Self {
        Self::Answer(ScriptedAnswer::status(status))
    }

    /// The name in the request log.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Answer(_) => "answer",
            Self::DropBeforeAnswer => "drop_before_answer",
            Self::LoseAnswer => "lose_answer",
            Self::DropInsideAnswer => "drop_inside_answer",
            Self::Delay(_) => "delay",
            Self::Stall => "stall",
            Self::StallInsideAnswer => "stall_inside_answer",
            Self::Garbage => "garbage",
            Self::EndlessBody => "endless_body",
        }
    }
}

impl From<ScriptedAnswer> for Fault {
    fn from(answer: ScriptedAnswer) -> Self {
        Self::Answer(answer)
    }
}

impl From<ErrorName> for Fault {
    fn from(name: ErrorName) -> Self {
        Self::error(name)
    }
}

/// The faults that were added and not removed.
#[derive(Debug, Default)]
pub(crate) struct FaultScript(Vec<Rule>);

#[derive(Debug)]
struct Rule {
    /// `None` means any request, even of an unknown operation.
    operation: Option<Operation>,
    /// The remaining number of requests. `None` means until the fault is removed.
    left: Option<u32>,
    fault: Fault,
}

impl FaultScript {
    pub(crate) fn add(&mut self, operation: Option<Operation>, times: Option<u32>, fault: Fault) {
        self.0.push(Rule { operation, left: times, fault });
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Returns the fault for a request. Faults for a number of requests are first, in the order in
    /// which they were added. Of the other faults, the last one is returned.
    pub(crate) fn take(&mut self, operation: Option<Operation>) -> Option<Fault> {
        let fits = |rule: &Rule| rule.operation.is_none_or(|wanted| operation == Some(wanted));
        self.0.retain(|rule| rule.left != Some(0));
        if let Some(rule) = self.0.iter_mut().find(|rule| rule.left.is_some() && fits(rule)) {
            rule.left = rule.left.map(|left| left - 1);
            return Some(rule.fault.clone());
        }
        self.0
            .iter()
            .rev()
            .find(|rule| rule.left.is_none() && fits(rule))
            .map(|rule| rule.fault.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_for_a_number_of_requests_are_applied_first() {
        let token = Some(Operation::CreateToken);
        let mut script = FaultScript::default();
        script.add(None, None, Fault::Stall);
        script.add(token, None, Fault::Garbage);
        script.add(token, Some(2), Fault::LoseAnswer);
        script.add(token, Some(0), Fault::EndlessBody);
        script.add(None, Some(1), Fault::DropBeforeAnswer);

        let taken: Vec<_> = (0..4).map(|_| script.take(token).unwrap()).collect();
        assert_eq!(
            taken,
            [Fault::LoseAnswer, Fault::LoseAnswer, Fault::DropBeforeAnswer, Fault::Garbage]
        );
        assert_eq!(script.take(Some(Operation::Logout)), Some(Fault::Stall));
        assert_eq!(script.take(None), Some(Fault::Stall));
        script.clear();
        assert_eq!(script.take(token), None);
    }
}
