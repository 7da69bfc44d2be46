//! Traces the system calls of another process with `strace`, and makes them fail.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::child::{self, Task};

/// A system call: its name, and its number among the calls of that name in its thread.
///
/// strace counts for each thread on its own, so a fault at the n-th call would hit the main thread
/// while the test harness starts. The child therefore makes more calls of each kind than that
/// before it comes to the ones that count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) name: String,
    pub(crate) number: usize,
    /// The line of the trace.
    pub(crate) line: String,
}

/// The result of a traced run.
pub(crate) struct Run {
    /// The lines that the child printed.
    pub(crate) said: Vec<String>,
    /// The calls from the first one on that names the temporary directory.
    pub(crate) calls: Vec<Call>,
}

/// Runs the task under strace, with a fault injected into one call when one is given:
/// `error=ENOSPC`, `signal=SIGKILL`.
pub(crate) fn run(task: Task, path: &Path, trace: &Path, fault: Option<(&Call, &str)>) -> Run {
    let mut command = Command::new("strace");
    command.args(["-f", "-y", "-qq", "-e", "trace=%file,%desc", "-o"]).arg(trace);
    if let Some((call, fault)) = fault {
        command.args(["-e", &format!("inject={}:{fault}:when={}", call.name, call.number)]);
    }
    command.arg(std::env::current_exe().unwrap()).args(child::arguments());
    child::assign(&mut command, task, path);
    // Cargo sets it, and the loader would look for each library in many places.
    command.stderr(Stdio::null()).env_remove("LD_LIBRARY_PATH");
    let said = child::run(command);
    let calls = calls(&fs::read_to_string(trace).unwrap(), path);
    fs::remove_file(trace).unwrap();
    if let Some((call, _)) = fault {
        let reached = calls.iter().any(|c| (&c.name, c.number) == (&call.name, call.number));
        assert!(reached, "the child ended before {call:?}");
    }
    Run { said, calls }
}

/// The calls of the thread that first names the temporary directory of `path`, from then until it
/// reports to its parent.
fn calls(trace: &str, path: &Path) -> Vec<Call> {
    // Calls name files relative to descriptors: the temporary directory is what is unique.
    let directory = path.iter().find_map(|name| name.to_str().filter(|it| it.starts_with(".tmp")));
    let path = directory.unwrap();
    // The environment, where execve shows it, names it too.
    let lines = trace.lines().filter(|line| !line.contains("execve("));
    let first = lines.clone().find(|line| line.contains(path));
    let Some(thread) = first.and_then(|line| line.split(' ').next()) else { return Vec::new() };
    let mut counts = BTreeMap::new();
    let mut calls = Vec::new();
    let mut begun = false;
    for line in lines {
        let Some(call) = line.strip_prefix(thread).map(str::trim_start) else { continue };
        let Some((name, _)) = call.split_once('(') else { continue };
        if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            continue;
        }
        begun |= call.contains(path);
        if call.contains("child> ") {
            break;
        }
        let number = counts.entry(name.to_owned()).or_insert(0);
        *number += 1;
        if begun {
            calls.push(Call { name: name.to_owned(), number: *number, line: call.to_owned() });
        }
    }
    calls
}
