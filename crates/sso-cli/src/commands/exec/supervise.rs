//! Runs a command as a child process, and exits with its exit code or signal.

use std::io;
use std::process::{Command, ExitStatus};

use tokio::process::Child;

use crate::stop_signals::StopSignals;

/// Runs the command to its end, and forwards signals to it. A terminal sends its signals to all processes
/// in the foreground, so these signals are not forwarded.
#[cfg(unix)]
pub(super) async fn run(command: Command, signals: StopSignals) -> io::Result<ExitStatus> {
    use tokio::signal::unix::{SignalKind, signal};

    let StopSignals { mut hangup, mut interrupt, mut terminate } = signals;
    // The handlers are installed before the child starts, so that no signal is lost.
    let mut quit = signal(SignalKind::quit())?;
    let mut user1 = signal(SignalKind::user_defined1())?;
    let mut user2 = signal(SignalKind::user_defined2())?;
    let mut child = tokio::process::Command::from(command).spawn()?;
    loop {
        use rustix::process::Signal;
        tokio::select! {
            status = child.wait() => return status,
            Some(()) = hangup.recv() => send(&child, Signal::HUP),
            Some(()) = interrupt.recv(), if !is_in_foreground() => send(&child, Signal::INT),
            Some(()) = quit.recv(), if !is_in_foreground() => send(&child, Signal::QUIT),
            Some(()) = terminate.recv() => send(&child, Signal::TERM),
            Some(()) = user1.recv() => send(&child, Signal::USR1),
            Some(()) = user2.recv() => send(&child, Signal::USR2),
        }
    }
}

/// Sends a signal to the child. The child has not been waited for, so its ID cannot belong to another
/// process.
#[cfg(unix)]
fn send(child: &Child, signal: rustix::process::Signal) {
    let id = child.id().and_then(|id| i32::try_from(id).ok());
    if let Some(id) = id.and_then(rustix::process::Pid::from_raw) {
        // Fails if the child has just ended.
        let _ = rustix::process::kill_process(id, signal);
    }
}

/// Returns whether this process group is in the foreground of its terminal.
#[cfg(unix)]
fn is_in_foreground() -> bool {
    let group = rustix::process::getpgrp();
    let is_of = |terminal| rustix::termios::tcgetpgrp(terminal).is_ok_and(|it| it == group);
    is_of(rustix::stdio::stdin()) || is_of(rustix::stdio::stderr())
}

/// Runs the command to its end. The console sends its signals to the child too, so this process only
/// ignores them.
#[cfg(not(unix))]
pub(super) async fn run(command: Command, _signals: StopSignals) -> io::Result<ExitStatus> {
    let mut child: Child = tokio::process::Command::from(command).spawn()?;
    child.wait().await
}

/// Ends this process with the exit code of the child, or by the signal that ended the child.
pub(super) fn end_as(status: ExitStatus) -> ! {
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt as _;
        if let Some(signal) = status.signal() {
            // This process holds credentials, so it must not leave a core dump.
            let _ = rustix::process::setrlimit(
                rustix::process::Resource::Core,
                rustix::process::Rlimit { current: Some(0), maximum: Some(0) },
            );
            let _ = signal_hook::low_level::emulate_default_handler(signal);
            // The signal does not end a process by default.
            std::process::exit(128 + signal);
        }
    }
    std::process::exit(status.code().unwrap_or(1))
}
