//! The signals that ask the program to stop.

use std::io;

use crate::failure::Failure;

/// Handlers of the signals that ask the program to stop: Ctrl-C, the end of the terminal, and on Unix
/// `kill`. Once they are installed, these signals do not end the process, so that it can clean up.
#[cfg(unix)]
#[derive(Debug)]
pub(crate) struct StopSignals {
    pub(crate) hangup: tokio::signal::unix::Signal,
    pub(crate) interrupt: tokio::signal::unix::Signal,
    pub(crate) terminate: tokio::signal::unix::Signal,
}

/// Handlers of the signals that ask the program to stop: Ctrl-C, Ctrl-Break and the end of the console.
/// Once they are installed, these signals do not end the process, so that it can clean up.
#[cfg(not(unix))]
#[derive(Debug)]
pub(crate) struct StopSignals {
    ctrl_c: tokio::signal::windows::CtrlC,
    ctrl_break: tokio::signal::windows::CtrlBreak,
    ctrl_close: tokio::signal::windows::CtrlClose,
}

impl StopSignals {
    /// Installs the handlers. Panics outside a runtime.
    pub(crate) fn install() -> Result<Self, Failure> {
        let installed = Self::new();
        installed.map_err(|source| Failure::Io { doing: "wait for a signal", source })
    }

    #[cfg(unix)]
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    #[cfg(not(unix))]
    fn new() -> io::Result<Self> {
        use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close};

        Ok(Self { ctrl_c: ctrl_c()?, ctrl_break: ctrl_break()?, ctrl_close: ctrl_close()? })
    }

    /// Waits for one of the signals.
    pub(crate) async fn received(&mut self) {
        #[cfg(unix)]
        tokio::select! {
            _ = self.hangup.recv() => {}
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
        #[cfg(not(unix))]
        tokio::select! {
            _ = self.ctrl_c.recv() => {}
            _ = self.ctrl_break.recv() => {}
            _ = self.ctrl_close.recv() => {}
        }
    }
}
