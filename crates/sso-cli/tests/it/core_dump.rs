//! Other processes cannot read the program's memory, and no core dump contains it.

use std::io::{PipeReader, Write as _, pipe};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, io};

use sso_emulator::TokenState;

use crate::program::{Scene, binary};

/// A user other than root. If a process cannot be dumped, its `/proc` files belong to root.
const USER: u32 = 12345;

/// A full pipe, so that a process that writes to it keeps running.
fn full_pipe() -> (PipeReader, Stdio) {
    let (reader, mut writer) = pipe().unwrap();
    writer.write_all(&vec![0; 65536]).unwrap();
    (reader, writer.into())
}

/// Waits some seconds until the owner of `/proc/PID/environ` is `wanted`, and returns the owner.
fn owner_in_proc(pid: u32, wanted: u32) -> u32 {
    let started = Instant::now();
    loop {
        let owner = fs::metadata(format!("/proc/{pid}/environ")).unwrap().uid();
        if owner == wanted || started.elapsed() > Duration::from_secs(10) {
            return owner;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Returns a command of another user if the test runs as root.
fn not_as_root(scene: &Scene, mut command: Command) -> Command {
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        return command;
    }
    // A copy of the program, because the user may have no access to the build directory.
    let program = scene.path("ssocreds");
    fs::copy(binary(), &program).unwrap();
    let given = Command::new("chown").arg("-R").arg(USER.to_string()).arg(scene.path("")).status();
    assert!(given.unwrap().success());
    let arguments: Vec<_> = command.get_args().map(ToOwned::to_owned).collect();
    command = Command::new(program);
    command.args(arguments).env_clear().env("PATH", "/usr/bin:/bin");
    command.envs(scene.home.environment.iter().cloned()).uid(USER).gid(USER).current_dir("/");
    command
}

/// Starts the command. Retries while a process that another test has just forked has the copied program
/// open for writing.
fn spawn(command: &mut Command) -> Child {
    let started = Instant::now();
    loop {
        match command.spawn() {
            Err(error)
                if error.kind() == io::ErrorKind::ExecutableFileBusy
                    && started.elapsed() < Duration::from_secs(10) =>
            {
                std::thread::sleep(Duration::from_millis(5));
            }
            spawned => return spawned.unwrap(),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_memory_of_the_program_cannot_be_dumped() {
    let scene = Scene::new(TokenState::Valid).await;
    let (_reader, stdout) = full_pipe();
    let command = scene.command(&["token", "--profile", "devsso"]);
    let mut child = spawn(not_as_root(&scene, command).stdout(stdout));
    let owner = owner_in_proc(child.id(), 0);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(owner, 0, "the process can be dumped");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_memory_of_the_command_of_exec_can_be_dumped() {
    let scene = Scene::new(TokenState::Valid).await;
    let command = scene.command(&["exec", "--profile", "devsso", "--", "sleep", "30"]);
    let mut command = not_as_root(&scene, command);
    let mut child = spawn(&mut command);
    let is_sleep = || fs::read(format!("/proc/{}/comm", child.id())).unwrap() == b"sleep\n";
    let started = Instant::now();
    while !is_sleep() && started.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(5));
    }
    let user = fs::metadata(format!("/proc/{}", child.id())).unwrap().uid();
    assert!(is_sleep());
    child.kill().unwrap();
    child.wait().unwrap();
    assert_ne!(user, 0, "the command cannot be dumped");
}
