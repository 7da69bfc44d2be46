//! The program's command line: every value that is read of it stands in it.
//!
//! Input: a word of the command line on each line. The grammar is private to the program, so that its
//! files are compiled here once more.
//!
//! Not responsible for what the commands do.

use std::ffi::{OsStr, OsString};

use clap::ValueEnum;

use super::Verdict;
use super::variables::os_string;

#[path = "../../crates/sso-cli/src/arguments.rs"]
#[allow(dead_code, reason = "the program has a use for all of it")]
mod arguments;

use self::arguments::{Arguments, Command};

pub fn check(input: &[u8]) -> Verdict {
    let words: Vec<OsString> = input.split(|&byte| byte == b'\n').map(os_string).collect();
    let program = std::iter::once(OsString::from("ssocreds"));
    let read = Arguments::read(program.chain(words.iter().cloned()));
    match read {
        Ok(arguments) => {
            stands_in(&arguments, &words);
            Verdict::Accepted
        }
        Err(error) => {
            assert!(!error.to_string().is_empty(), "{words:?}");
            assert_eq!(error.exit_code(), if error.use_stderr() { 2 } else { 0 }, "{words:?}");
            // Help is no failure.
            if error.use_stderr() { Verdict::Refused } else { Verdict::Accepted }
        }
    }
}

fn stands_in(Arguments { global, command }: &Arguments, words: &[OsString]) {
    let says = |option: &str, value: &OsStr| {
        let joined = [OsStr::new(option), value].join(OsStr::new("="));
        let apart = words.windows(2).any(|pair| *pair[0] == *option && *pair[1] == *value);
        assert!(apart || words.contains(&joined), "no {option} {} in {words:?}", value.display());
    };
    if let Some(profile) = &global.profile {
        says("--profile", profile.as_ref());
    }
    if let Some(cache_dir) = &global.cache_dir {
        says("--cache-dir", cache_dir.as_ref());
    }
    if let Some(session) = command.sso_session() {
        says("--sso-session", session.as_ref());
        assert!(global.profile.is_none(), "two logins: {words:?}");
    }
    let says_format = |format: String, usual: &str| {
        if format != usual {
            says("--format", format.as_ref());
        }
    };
    match command {
        Command::Export(options) => says_format(name(&options.format), "env"),
        Command::Exec(options) => assert!(words.ends_with(&options.command), "{words:?}"),
        Command::Token(options) => says_format(name(&options.format), "text"),
        Command::Accounts(options) => says_format(name(&options.format), "table"),
        Command::Roles(options) => {
            says_format(name(&options.list.format), "table");
            if let Some(account_id) = &options.account_id {
                says("--account-id", account_id.as_str().as_ref());
            }
        }
        Command::Status(options) | Command::Config(options) => {
            says_format(name(&options.format), "table");
        }
        _ => {}
    }
}

/// How the value is written on a command line.
fn name(value: &impl ValueEnum) -> String {
    value.to_possible_value().expect("every form can be asked for").get_name().to_owned()
}
