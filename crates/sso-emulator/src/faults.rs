//! Faults, and the requests that they apply to.

use std::time::Duration;

use crate::{ErrorName, Operation, ScriptedAnswer};

/// What goes wrong with a request. Make one, and give it to
/// [`Emulator::fault_next`](crate::Emulator::fault_next) or its siblings.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// This answer in place of the real one; the request is not worked on.
    Answer(ScriptedAnswer),
    /// The connection is closed when the request has arrived; it is not worked on.
    DropBeforeAnswer,
    /// The request is worked on (a refresh token is spent), then the connection is closed without
    /// a byte of the answer.
    LoseAnswer,
    /// The request is worked on; the connection is closed in the middle of the answer's body.
    DropInsideAnswer,
    /// The answer comes this much later (time of the machine, not of the emulator's clock).
    Delay(Duration),
    /// No answer ever, and the connection stays open; the request is not worked on.
    Stall,
    /// The request is worked on; the answer stops in the middle of its body, and the connection
    /// stays open.
    StallInsideAnswer,
    /// The request is worked on; bytes that are no HTTP come back, then the connection is closed.
    Garbage,
    /// Status 200 and a body that begins like JSON and never ends; the request is not worked on.
    EndlessBody,
}

impl Fault {
    /// An error with the status, the headers and the body that AWS sends.
    pub fn error(name: ErrorName) -> Self {
        Self::Answer(ScriptedAnswer::error(name))
    }

    /// A bare status, see [`ScriptedAnswer::status`].
    pub fn status(status: u16) -> Self {
        Self::Answer(ScriptedAnswer::status(status))
    }

    /// The name under which the request log shows it.
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

/// The faults that wait for their requests.
#[derive(Debug, Default)]
pub(crate) struct FaultScript(Vec<Rule>);

#[derive(Debug)]
struct Rule {
    /// None: any operation, and requests that no service has.
    operation: Option<Operation>,
    /// None: until cleared.
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

    /// The fault for a request. Those for a number of requests go first, in the order in which they
    /// were added; then, of those that stand until cleared, the one added last.
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
    fn counted_faults_go_first_and_run_out() {
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
