//! The `sso-emulator` program: the emulator for tests in any language. See the crate's README.

#![forbid(unsafe_code)]

mod cli;

use std::error::Error;
use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Parser as _;

use crate::cli::Arguments;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let served = match runtime {
        Ok(runtime) => runtime.block_on(serve(&arguments)),
        Err(error) => Err(error.into()),
    };
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // If stderr cannot be written, only the exit code reports the failure.
            let _ = writeln!(io::stderr(), "sso-emulator: {}", sso_types::error_chain(&*error));
            ExitCode::FAILURE
        }
    }
}

async fn serve(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    // Listen before the line is printed, because its reader may send the signal at once.
    let stopped = Stopped::listen()?;
    let emulator = arguments.builder().start().await?;
    let home = std::path::absolute(&arguments.home)?;
    let home = emulator.write_home(&home, arguments.token_state())?;
    let mut stdout = io::stdout();
    writeln!(stdout, "{}", emulator.describe(&home))?;
    stdout.flush()?;
    stopped.wait().await;
    emulator.shutdown().await;
    Ok(())
}

/// The signals that stop the program.
#[cfg(unix)]
struct Stopped {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Stopped {
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn wait(mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Only Ctrl-C.
#[cfg(not(unix))]
struct Stopped;

#[cfg(not(unix))]
impl Stopped {
    #[expect(clippy::unnecessary_wraps, reason = "it can fail on Unix")]
    fn listen() -> io::Result<Self> {
        Ok(Self)
    }

    async fn wait(self) {
        // If Ctrl-C cannot be handled, the program runs until it is killed.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
