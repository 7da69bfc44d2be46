//! The control interface: the methods of [`crate::Emulator`] as HTTP with JSON, for other languages.

use std::time::Duration;

use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::answer::Answer;
use crate::home;
use crate::logins::Decision;
use crate::world::World;
use crate::{ErrorName, Fault, LoggedRequest, Operation, ScriptedAnswer, TokenState};

/// Answers a request for `/emulator/<path>`.
pub(crate) fn answer(world: &World, method: &str, path: &str, body: &[u8]) -> Answer {
    match (method, path) {
        ("GET", "counts") => counts(world),
        ("DELETE", "counts" | "requests") => {
            world.lock().log.reset();
            done()
        }
        ("GET", "requests") => {
            let requests = world.lock().log.requests();
            Answer::ok(&requests.iter().map(request).collect())
        }
        ("GET", "live-refresh-tokens") => {
            let now = world.now();
            Answer::ok(&json!(world.lock().sessions.live_refresh_tokens(now)))
        }
        ("GET", "pending-devices") => {
            let now = world.now();
            Answer::ok(&json!(world.lock().logins.pending(now)))
        }
        ("GET", "clock") => Answer::ok(&json!({"now": world.now().to_string()})),
        ("POST", "clock") => with(body, |moved: Clock| {
            world.advance(SignedDuration::from_secs(moved.advance_seconds));
            Ok(json!({"now": world.now().to_string()}))
        }),
        ("POST", "login") => Answer::ok(&world.login(true).to_value()),
        ("POST", "login-legacy") => Answer::ok(&world.login(false).to_value()),
        ("POST", "end-session") => {
            world.lock().sessions.end_all();
            done()
        }
        ("POST", "revoke-access-tokens") => {
            world.lock().sessions.revoke_access_tokens();
            done()
        }
        ("POST", "expire-registrations") => {
            let now = world.now();
            world.lock().sessions.expire_registrations(now);
            done()
        }
        ("POST", "approve-device") => decide(world, body, Decision::Approved),
        ("POST", "deny-device") => decide(world, body, Decision::Denied),
        ("POST", "assign") => with(body, |role: Role| {
            world.lock().assignments.assign(&role.account_id, &role.role_name);
            Ok(json!({}))
        }),
        ("POST", "unassign") => with(body, |role: Role| {
            world.lock().assignments.unassign(&role.account_id, &role.role_name);
            Ok(json!({}))
        }),
        ("POST", "faults") => with(body, |scripted: ScriptedFault| add_fault(world, scripted)),
        ("DELETE", "faults") => {
            world.lock().faults.clear();
            done()
        }
        ("POST", "write-home") => with(body, |wanted: WriteHome| write_home(world, &wanted)),
        _ => refuse(404, "the control interface has no such path; see the README"),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Clock {
    advance_seconds: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Role {
    account_id: String,
    role_name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Device {
    /// `None` means every pending authorization.
    user_code: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WriteHome {
    state: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScriptedFault {
    operation: Option<String>,
    times: Option<u32>,
    fault: FaultKind,
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
enum FaultKind {
    Error {
        name: String,
        message: Option<String>,
        reason: Option<String>,
        retry_after_seconds: Option<u64>,
    },
    Status {
        status: u16,
        retry_after_seconds: Option<u64>,
    },
    Answer {
        status: u16,
        content_type: String,
        body: String,
        #[serde(default)]
        headers: Map<String, Value>,
    },
    Redirect {
        location: String,
    },
    DropBeforeAnswer,
    LoseAnswer,
    DropInsideAnswer,
    Delay {
        milliseconds: u64,
    },
    Stall,
    StallInsideAnswer,
    Garbage,
    EndlessBody,
}

impl FaultKind {
    fn fault(self) -> Result<Fault, String> {
        let waiting = |answer: ScriptedAnswer, seconds: Option<u64>| match seconds {
            Some(seconds) => answer.retry_after(Duration::from_secs(seconds)),
            None => answer,
        };
        Ok(match self {
            Self::Error { name, message, reason, retry_after_seconds } => {
                let name = ErrorName::from_name(&name)
                    .ok_or_else(|| format!("there is no error named {name}"))?;
                let mut answer = ScriptedAnswer::error(name);
                if let Some(message) = message {
                    answer = answer.message(&message);
                }
                if let Some(reason) = reason {
                    answer = answer.reason(&reason);
                }
                waiting(answer, retry_after_seconds).into()
            }
            Self::Status { status, retry_after_seconds } => {
                waiting(ScriptedAnswer::status(status), retry_after_seconds).into()
            }
            Self::Answer { status, content_type, body, headers } => {
                let mut answer = ScriptedAnswer::raw(status, &content_type, body);
                for (name, value) in &headers {
                    let value = value.as_str().ok_or("the value of a header must be a string")?;
                    answer = answer.header(name, value);
                }
                answer.into()
            }
            Self::Redirect { location } => ScriptedAnswer::redirect(&location).into(),
            Self::DropBeforeAnswer => Fault::DropBeforeAnswer,
            Self::LoseAnswer => Fault::LoseAnswer,
            Self::DropInsideAnswer => Fault::DropInsideAnswer,
            Self::Delay { milliseconds } => Fault::Delay(Duration::from_millis(milliseconds)),
            Self::Stall => Fault::Stall,
            Self::StallInsideAnswer => Fault::StallInsideAnswer,
            Self::Garbage => Fault::Garbage,
            Self::EndlessBody => Fault::EndlessBody,
        })
    }
}

fn counts(world: &World) -> Answer {
    let counts = world.lock().log.counts;
    let named: Map<_, _> =
        counts.named().map(|(name, count)| (name.to_owned(), json!(count))).collect();
    Answer::ok(&Value::Object(named))
}

fn request(request: &LoggedRequest) -> Value {
    json!({
        "at": request.at.to_string(),
        "method": request.method,
        "path": request.path,
        "query": request.query,
        "headers": request.headers,
        "operation": request.operation.map(Operation::name),
        "grant_type": request.grant_type,
        "status": request.status,
        "fault": request.fault,
    })
}

fn decide(world: &World, body: &[u8], decision: Decision) -> Answer {
    let body = if body.is_empty() { b"{}" } else { body };
    with(body, |device: Device| {
        let now = world.now();
        let logins = &mut world.lock().logins;
        let codes = device.user_code.map_or_else(|| logins.pending(now), |code| vec![code]);
        let decided: Vec<_> =
            codes.into_iter().filter(|code| logins.decide(code, decision, now)).collect();
        Ok(json!({"user_codes": decided}))
    })
}

fn add_fault(world: &World, scripted: ScriptedFault) -> Result<Value, String> {
    let operation = scripted
        .operation
        .map(|name| {
            Operation::from_name(&name).ok_or_else(|| format!("there is no operation {name}"))
        })
        .transpose()?;
    let fault = scripted.fault.fault()?;
    world.lock().faults.add(operation, scripted.times, fault);
    Ok(json!({}))
}

/// Writes the last written home again. The interface writes to no other directory.
fn write_home(world: &World, wanted: &WriteHome) -> Result<Value, String> {
    let state = TokenState::from_name(&wanted.state)
        .ok_or_else(|| format!("there is no token state {}", wanted.state))?;
    let directory = world.lock().home.clone();
    let directory = directory.ok_or("no home was written yet; call Emulator::write_home first")?;
    let home = home::write(world, &directory, state).map_err(|error| error.to_string())?;
    Ok(home::describe(world, &home))
}

/// Parses a JSON body and passes it to `work`; an error of either is answered with 400.
fn with<T: for<'a> Deserialize<'a>>(
    body: &[u8],
    work: impl FnOnce(T) -> Result<Value, String>,
) -> Answer {
    let parsed = serde_json::from_slice(body).map_err(|error| error.to_string());
    match parsed.and_then(work) {
        Ok(value) => Answer::ok(&value),
        Err(message) => refuse(400, &message),
    }
}

fn done() -> Answer {
    Answer::ok(&json!({}))
}

pub(crate) fn refuse(status: u16, message: &str) -> Answer {
    Answer::json(status, &json!({"message": message}))
}
