//! Python with botocore or the AWS CLI, where the machine has them.
//!
//! Where it does not, the tests that need them say so and pass: `cargo xtask interop` installs them.

use std::process::{Command, Output};

use sso_emulator::Home;

/// Runs a script with the home's environment; `None` when there is no botocore to run it with.
pub(crate) fn run(home: &Home, script: &str, arguments: &[&str]) -> Option<Output> {
    let has = Command::new("python3").args(["-c", "import botocore"]).output();
    if !has.is_ok_and(|output| output.status.success()) {
        println!("skipped: there is no python3 with botocore here");
        return None;
    }
    let mut command = Command::new("python3");
    command.arg("-c").arg(script).args(arguments).envs(home.environment.iter().cloned());
    Some(command.output().expect("python3 runs"))
}
