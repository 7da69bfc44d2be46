//! What kind of machine this is, and how busy: for whoever reads the figures.
//!
//! Deliberately no names: neither the machine's nor its paths.

use std::fs;
use std::thread::available_parallelism;

use xshell::cmd;

use crate::project;

pub(crate) struct Machine {
    pub(crate) cores: usize,
    pub(crate) processor: String,
    pub(crate) kernel: String,
    pub(crate) rustc: String,
    /// Processes that wanted a core, on average over the last minute, before the first run.
    pub(crate) load: String,
}

impl Machine {
    pub(crate) fn of_this() -> Self {
        let information = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = information.lines().find(|line| line.starts_with("model name"));
        let model = model.and_then(|line| line.split(':').nth(1)).unwrap_or("?").trim();
        let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let release = release.split('-').next().unwrap_or("?").trim().to_owned();
        let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let rustc =
            project::shell().and_then(|shell| Ok(cmd!(shell, "rustc -V").quiet().read()?));
        Self {
            cores: available_parallelism().map_or(1, std::num::NonZero::get),
            processor: model.to_owned(),
            kernel: format!("{} {release}", std::env::consts::OS),
            rustc: rustc.unwrap_or_default().split(" (").next().unwrap_or("?").to_owned(),
            load: load.split(' ').next().unwrap_or("?").to_owned(),
        }
    }
}
