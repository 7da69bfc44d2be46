//! `ssocreds export`: credentials for a shell, a file of variables, or a program.
//!
//! Not responsible for quoting (`quote`).

use serde::Serialize;
use sso_types::Credentials;
use zeroize::Zeroizing;

use crate::arguments::{Export, ExportFormat};
use crate::commands::role_credentials;
use crate::context::Context;
use crate::failure::Failure;
use crate::quote::{Shell, Unprintable};
use crate::times::whole_seconds;
use crate::{process_format, stdout};

#[derive(Serialize)]
struct Variables<'a> {
    #[serde(rename = "AWS_ACCESS_KEY_ID")]
    access_key_id: &'a str,
    #[serde(rename = "AWS_SECRET_ACCESS_KEY")]
    secret_access_key: &'a str,
    #[serde(rename = "AWS_SESSION_TOKEN")]
    session_token: &'a str,
    #[serde(rename = "AWS_CREDENTIAL_EXPIRATION")]
    credential_expiration: String,
}

pub(crate) fn run(context: &Context, options: &Export) -> Result<(), Failure> {
    let credentials = role_credentials::get(context, &context.providers()?)?;
    stdout::print(&render(&credentials, options.format)?)
}

/// The text to print. Secret.
fn render(
    credentials: &Credentials,
    format: ExportFormat,
) -> Result<Zeroizing<String>, Unprintable> {
    let variables = Variables {
        access_key_id: credentials.access_key_id(),
        secret_access_key: credentials.secret_access_key().expose_secret(),
        session_token: credentials.session_token().expose_secret(),
        credential_expiration: whole_seconds(credentials.expires_at()),
    };
    let (shell, before, between) = match format {
        ExportFormat::Process => return Ok(process_format::print(credentials)),
        ExportFormat::Json => return Ok(process_format::secret_json(&variables)),
        ExportFormat::Env => (Shell::Posix, "export ", "="),
        ExportFormat::EnvNoExport => (Shell::Posix, "", "="),
        ExportFormat::Fish => (Shell::Fish, "set -gx ", " "),
        ExportFormat::Powershell => (Shell::Powershell, "$Env:", "="),
        ExportFormat::WindowsCmd => (Shell::WindowsCmd, "set ", "="),
    };
    let mut words = Vec::new();
    for (name, value) in [
        ("AWS_ACCESS_KEY_ID", variables.access_key_id),
        ("AWS_SECRET_ACCESS_KEY", variables.secret_access_key),
        ("AWS_SESSION_TOKEN", variables.session_token),
        ("AWS_CREDENTIAL_EXPIRATION", variables.credential_expiration.as_str()),
    ] {
        words.push((name, shell.word(name, value)?));
    }
    // All the room that it takes, so that no part is left behind by a move in memory.
    let room = words.iter().map(|(name, word)| name.len() + word.len() + 16).sum();
    let mut text = Zeroizing::new(String::with_capacity(room));
    for (name, word) in &words {
        for part in [before, name, between, word.as_str(), "\n"] {
            text.push_str(part);
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use expect_test::{Expect, expect};
    use proptest::prelude::*;
    use sso_types::{SecretAccessKey, SessionToken};

    use super::*;

    fn credentials(key: &str, token: &str) -> Credentials {
        let at = "2026-01-01T00:00:00Z".parse().unwrap();
        Credentials::new("AKID", SecretAccessKey::new(key), SessionToken::new(token), at)
    }

    fn check(format: ExportFormat, expected: &Expect) {
        let credentials = credentials("wJalr/XUtn+FEMI", "FwoGZXIvYXdzEJr//==");
        expected.assert_eq(&render(&credentials, format).unwrap());
    }

    #[test]
    fn the_forms_of_the_aws_cli() {
        check(
            ExportFormat::Env,
            &expect![[r"
                export AWS_ACCESS_KEY_ID=AKID
                export AWS_SECRET_ACCESS_KEY=wJalr/XUtn+FEMI
                export AWS_SESSION_TOKEN=FwoGZXIvYXdzEJr//==
                export AWS_CREDENTIAL_EXPIRATION=2026-01-01T00:00:00Z
            "]],
        );
        check(
            ExportFormat::EnvNoExport,
            &expect![[r"
                AWS_ACCESS_KEY_ID=AKID
                AWS_SECRET_ACCESS_KEY=wJalr/XUtn+FEMI
                AWS_SESSION_TOKEN=FwoGZXIvYXdzEJr//==
                AWS_CREDENTIAL_EXPIRATION=2026-01-01T00:00:00Z
            "]],
        );
        check(
            ExportFormat::Fish,
            &expect![[r#"
                set -gx AWS_ACCESS_KEY_ID "AKID"
                set -gx AWS_SECRET_ACCESS_KEY "wJalr/XUtn+FEMI"
                set -gx AWS_SESSION_TOKEN "FwoGZXIvYXdzEJr//=="
                set -gx AWS_CREDENTIAL_EXPIRATION "2026-01-01T00:00:00Z"
            "#]],
        );
        check(
            ExportFormat::Powershell,
            &expect![[r#"
                $Env:AWS_ACCESS_KEY_ID="AKID"
                $Env:AWS_SECRET_ACCESS_KEY="wJalr/XUtn+FEMI"
                $Env:AWS_SESSION_TOKEN="FwoGZXIvYXdzEJr//=="
                $Env:AWS_CREDENTIAL_EXPIRATION="2026-01-01T00:00:00Z"
            "#]],
        );
        check(
            ExportFormat::WindowsCmd,
            &expect![[r"
                set AWS_ACCESS_KEY_ID=AKID
                set AWS_SECRET_ACCESS_KEY=wJalr/XUtn+FEMI
                set AWS_SESSION_TOKEN=FwoGZXIvYXdzEJr//==
                set AWS_CREDENTIAL_EXPIRATION=2026-01-01T00:00:00Z
            "]],
        );
        check(
            ExportFormat::Json,
            &expect![[r#"
                {"AWS_ACCESS_KEY_ID":"AKID","AWS_SECRET_ACCESS_KEY":"wJalr/XUtn+FEMI","AWS_SESSION_TOKEN":"FwoGZXIvYXdzEJr//==","AWS_CREDENTIAL_EXPIRATION":"2026-01-01T00:00:00Z"}
            "#]],
        );
    }

    /// What a shell has in the variables after it evaluated the text; none where there is no such
    /// shell.
    fn evaluated(shell: &str, format: ExportFormat, key: &str, token: &str) -> Option<String> {
        let script = match format {
            ExportFormat::Fish => {
                "echo -n $argv[1] | source; printf '%s|%s' $AWS_SECRET_ACCESS_KEY $AWS_SESSION_TOKEN"
            }
            _ => r#"eval "$1"; printf '%s|%s' "$AWS_SECRET_ACCESS_KEY" "$AWS_SESSION_TOKEN""#,
        };
        let text = render(&credentials(key, token), format).unwrap();
        let mut command = Command::new(shell);
        command.arg("-c").arg(script);
        if format != ExportFormat::Fish {
            command.arg(shell);
        }
        let output = command.arg(text.as_str()).output().ok()?;
        assert!(output.status.success() && output.stderr.is_empty(), "{shell} {output:?}");
        Some(String::from_utf8(output.stdout).unwrap())
    }

    const SHELLS: [(&str, ExportFormat); 7] = [
        ("sh", ExportFormat::Env),
        ("sh", ExportFormat::EnvNoExport),
        ("bash", ExportFormat::Env),
        ("dash", ExportFormat::Env),
        ("zsh", ExportFormat::Env),
        ("zsh", ExportFormat::EnvNoExport),
        ("fish", ExportFormat::Fish),
    ];

    #[cfg(unix)]
    #[test]
    fn eval_gives_back_nasty_values() {
        let nasty = [
            "'",
            "''",
            "\\'\\",
            "$(touch /nowhere/x)`false`${HOME}$$",
            "\"; exit 7; \"",
            "a b\u{a0}c;&|<>()[]{}*?#~!!^%",
            "=ls:=ls",
            "~root:~root",
            "-n",
            "größe 😀",
            "\\n\\0\\x41",
        ];
        for (shell, format) in SHELLS {
            for value in nasty {
                let Some(found) = evaluated(shell, format, value, value) else {
                    println!("skipped: there is no {shell} here");
                    break;
                };
                assert_eq!(found, format!("{value}|{value}"), "{shell}");
            }
        }
    }

    #[cfg(unix)]
    proptest! {
        #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
        #[test]
        fn eval_gives_back_any_value(key in "[^\\p{Cc}]{0,40}", token in "[ -~]{0,60}") {
            for (shell, format) in SHELLS {
                if let Some(found) = evaluated(shell, format, &key, &token) {
                    prop_assert_eq!(found, format!("{key}|{token}"), "{}", shell);
                }
            }
        }
    }
}
