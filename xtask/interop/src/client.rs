//! The programs that get credentials for a profile: the clients, and ssocreds itself.

use std::process::Command;

use sso_emulator::Home;

/// An installed program.
pub(crate) struct Client {
    pub(crate) name: &'static str,
    pub(crate) version: String,
    pub(crate) kind: Kind,
    /// The program and its first arguments.
    pub(crate) program: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A small program that uses a library: `version`, `credentials PROFILE`, `token PROFILE` and
    /// `watch` print JSON.
    Library,
    AwsCli,
    /// `object_store`, which reads no profiles. It runs only under `exec --renew` and with the adapters.
    Storage,
    Ssocreds,
}

impl Client {
    /// The program with these arguments, in the environment of a home.
    pub(crate) fn command(&self, home: &Home, arguments: &[&str]) -> Command {
        let mut words = self.program.iter();
        let mut command = home.command(words.next().map_or("", String::as_str));
        command.args(words).args(arguments);
        command
    }

    /// The command that gets credentials for a profile. ssocreds gets them without its cache.
    pub(crate) fn credentials(&self, home: &Home, profile: &str) -> Command {
        let arguments: &[&str] = match self.kind {
            Kind::Library | Kind::Storage => &["credentials", profile],
            // Version 1 cannot print credentials. A presigned URL shows the access key ID.
            Kind::AwsCli => {
                &["s3", "presign", "s3://any/any", "--region", "us-east-1", "--profile", profile]
            }
            Kind::Ssocreds => &["credential-process", "--no-cache", "--profile", profile],
        };
        self.command(home, arguments)
    }
}
