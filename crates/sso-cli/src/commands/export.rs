//! `ssocreds export`: prints credentials for a shell, an env file or a program.

mod written_profile;

use serde::Serialize;
use sso_types::Credentials;
use zeroize::Zeroizing;

use crate::arguments::{Export, ExportFormat};
use crate::commands::role_credentials;
use crate::context::Context;
use crate::failure::Failure;
use crate::quote::{Shell, Unprintable};
use crate::times::whole_seconds;
use crate::{notices, process_format, stdout};

/// The output of `--format json`. Keys are only added, never removed or renamed.
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
    #[serde(rename = "AWS_REGION", skip_serializing_if = "Option::is_none")]
    region: Option<&'a str>,
    #[serde(rename = "AWS_DEFAULT_REGION", skip_serializing_if = "Option::is_none")]
    default_region: Option<&'a str>,
}

pub(crate) fn run(context: &Context, options: &Export) -> Result<(), Failure> {
    if let Some(name) = &options.write_profile {
        written_profile::check_name(context, name)?;
    }
    let profile = context.profile()?;
    let credentials = role_credentials::get(context, &profile.providers, &options.retrieval)?;
    let region = profile.region.as_deref().filter(|_| options.region);
    if options.region && region.is_none() {
        notices::warn(&format!("profile {:?} has no region; none is exported", profile.name));
    }
    if let Some(name) = &options.write_profile {
        return written_profile::write(context, name, &credentials, region);
    }
    stdout::print(&render(&profile.name, &credentials, region, options.format)?)
}

/// Returns the text to print, which is secret.
fn render(
    profile: &str,
    credentials: &Credentials,
    region: Option<&str>,
    format: ExportFormat,
) -> Result<Zeroizing<String>, Unprintable> {
    let variables = Variables {
        access_key_id: credentials.access_key_id(),
        secret_access_key: credentials.secret_access_key().expose_secret(),
        session_token: credentials.session_token().expose_secret(),
        credential_expiration: whole_seconds(credentials.expires_at()),
        region,
        default_region: region,
    };
    let (shell, before, between) = match format {
        ExportFormat::Process => return Ok(process_format::render(credentials)),
        ExportFormat::Json => return Ok(process_format::secret_json(&variables)),
        ExportFormat::Ini => return ini(profile, credentials, region),
        ExportFormat::Env => (Shell::Posix, "export ", "="),
        ExportFormat::EnvNoExport => (Shell::Posix, "", "="),
        ExportFormat::Fish => (Shell::Fish, "set -gx ", " "),
        ExportFormat::Powershell => (Shell::Powershell, "$Env:", "="),
        ExportFormat::WindowsCmd => (Shell::WindowsCmd, "set ", "="),
    };
    let mut words = Vec::new();
    for (name, value) in [
        ("AWS_ACCESS_KEY_ID", Some(variables.access_key_id)),
        ("AWS_SECRET_ACCESS_KEY", Some(variables.secret_access_key)),
        ("AWS_SESSION_TOKEN", Some(variables.session_token)),
        ("AWS_CREDENTIAL_EXPIRATION", Some(variables.credential_expiration.as_str())),
        ("AWS_REGION", region),
        ("AWS_DEFAULT_REGION", region),
    ] {
        if let Some(value) = value {
            words.push((name, shell.word(name, value)?));
        }
    }
    Ok(lines(before, between, &words))
}

/// Returns a profile for the shared credentials file. The text is secret.
fn ini(
    name: &str,
    credentials: &Credentials,
    region: Option<&str>,
) -> Result<Zeroizing<String>, Unprintable> {
    let name = Shell::Ini.word("the profile's name", name)?;
    let mut words = Vec::new();
    for (key, value) in [
        ("aws_access_key_id", Some(credentials.access_key_id())),
        ("aws_secret_access_key", Some(credentials.secret_access_key().expose_secret())),
        ("aws_session_token", Some(credentials.session_token().expose_secret())),
        ("region", region),
    ] {
        if let Some(value) = value {
            words.push((key, Shell::Ini.word(key, value)?));
        }
    }
    let mut text = Zeroizing::new(String::new());
    let body = lines("", " = ", &words);
    text.reserve_exact(body.len() + name.len() + 3);
    for part in ["[", &name, "]\n", &body] {
        text.push_str(part);
    }
    Ok(text)
}

/// Returns one line for each name and value.
fn lines(
    before: &str,
    between: &str,
    words: &[(&'static str, Zeroizing<String>)],
) -> Zeroizing<String> {
    // Reserves the whole length: growing would leave copies of secrets in memory.
    let capacity = words.iter().map(|(name, word)| name.len() + word.len() + 16).sum();
    let mut text = Zeroizing::new(String::with_capacity(capacity));
    for (name, word) in words {
        for part in [before, name, between, word.as_str(), "\n"] {
            text.push_str(part);
        }
    }
    text
}

#[cfg(test)]
#[cfg_attr(not(unix), allow(dead_code, unused_imports, reason = "only Unix has these shells"))]
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
        expected.assert_eq(&render("dev", &credentials, Some("eu-west-1"), format).unwrap());
    }

    #[test]
    fn each_format_has_its_own_syntax() {
        check(
            ExportFormat::Env,
            &expect![[r"
                export AWS_ACCESS_KEY_ID=AKID
                export AWS_SECRET_ACCESS_KEY=wJalr/XUtn+FEMI
                export AWS_SESSION_TOKEN=FwoGZXIvYXdzEJr//==
                export AWS_CREDENTIAL_EXPIRATION=2026-01-01T00:00:00Z
                export AWS_REGION=eu-west-1
                export AWS_DEFAULT_REGION=eu-west-1
            "]],
        );
        check(
            ExportFormat::EnvNoExport,
            &expect![[r"
                AWS_ACCESS_KEY_ID=AKID
                AWS_SECRET_ACCESS_KEY=wJalr/XUtn+FEMI
                AWS_SESSION_TOKEN=FwoGZXIvYXdzEJr//==
                AWS_CREDENTIAL_EXPIRATION=2026-01-01T00:00:00Z
                AWS_REGION=eu-west-1
                AWS_DEFAULT_REGION=eu-west-1
            "]],
        );
        check(
            ExportFormat::Fish,
            &expect![[r#"
                set -gx AWS_ACCESS_KEY_ID "AKID"
                set -gx AWS_SECRET_ACCESS_KEY "wJalr/XUtn+FEMI"
                set -gx AWS_SESSION_TOKEN "FwoGZXIvYXdzEJr//=="
                set -gx AWS_CREDENTIAL_EXPIRATION "2026-01-01T00:00:00Z"
                set -gx AWS_REGION "eu-west-1"
                set -gx AWS_DEFAULT_REGION "eu-west-1"
            "#]],
        );
        check(
            ExportFormat::Powershell,
            &expect![[r#"
                $Env:AWS_ACCESS_KEY_ID="AKID"
                $Env:AWS_SECRET_ACCESS_KEY="wJalr/XUtn+FEMI"
                $Env:AWS_SESSION_TOKEN="FwoGZXIvYXdzEJr//=="
                $Env:AWS_CREDENTIAL_EXPIRATION="2026-01-01T00:00:00Z"
                $Env:AWS_REGION="eu-west-1"
                $Env:AWS_DEFAULT_REGION="eu-west-1"
            "#]],
        );
        check(
            ExportFormat::WindowsCmd,
            &expect![[r"
                set AWS_ACCESS_KEY_ID=AKID
                set AWS_SECRET_ACCESS_KEY=wJalr/XUtn+FEMI
                set AWS_SESSION_TOKEN=FwoGZXIvYXdzEJr//==
                set AWS_CREDENTIAL_EXPIRATION=2026-01-01T00:00:00Z
                set AWS_REGION=eu-west-1
                set AWS_DEFAULT_REGION=eu-west-1
            "]],
        );
        check(
            ExportFormat::Json,
            &expect![[r#"
                {"AWS_ACCESS_KEY_ID":"AKID","AWS_SECRET_ACCESS_KEY":"wJalr/XUtn+FEMI","AWS_SESSION_TOKEN":"FwoGZXIvYXdzEJr//==","AWS_CREDENTIAL_EXPIRATION":"2026-01-01T00:00:00Z","AWS_REGION":"eu-west-1","AWS_DEFAULT_REGION":"eu-west-1"}
            "#]],
        );
        check(
            ExportFormat::Ini,
            &expect![[r"
                [dev]
                aws_access_key_id = AKID
                aws_secret_access_key = wJalr/XUtn+FEMI
                aws_session_token = FwoGZXIvYXdzEJr//==
                region = eu-west-1
            "]],
        );
    }

    /// Evaluates the text in a shell. Returns the secret key and the session token that the shell has then.
    fn evaluated(shell: &str, format: ExportFormat, key: &str, token: &str) -> String {
        let script = match format {
            ExportFormat::Fish => {
                "echo -n $argv[1] | source; printf '%s|%s' $AWS_SECRET_ACCESS_KEY $AWS_SESSION_TOKEN"
            }
            _ => r#"eval "$1"; printf '%s|%s' "$AWS_SECRET_ACCESS_KEY" "$AWS_SESSION_TOKEN""#,
        };
        let text = render("dev", &credentials(key, token), None, format).unwrap();
        let mut command = Command::new(shell);
        command.arg("-c").arg(script);
        if format != ExportFormat::Fish {
            command.arg(shell);
        }
        let output = command.arg(text.as_str()).output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{shell} {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// The shell of every Unix system.
    const SH: [(&str, ExportFormat); 2] =
        [("sh", ExportFormat::Env), ("sh", ExportFormat::EnvNoExport)];

    const OTHER_SHELLS: [(&str, ExportFormat); 5] = [
        ("bash", ExportFormat::Env),
        ("dash", ExportFormat::Env),
        ("zsh", ExportFormat::Env),
        ("zsh", ExportFormat::EnvNoExport),
        ("fish", ExportFormat::Fish),
    ];

    const SPECIAL_VALUES: [&str; 11] = [
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

    fn check_special_values(shells: &[(&str, ExportFormat)]) {
        for (shell, format) in shells {
            for value in SPECIAL_VALUES {
                let found = evaluated(shell, *format, value, value);
                assert_eq!(found, format!("{value}|{value}"), "{shell}");
            }
        }
    }

    #[cfg(unix)]
    #[test]
    fn eval_in_sh_keeps_special_values() {
        check_special_values(&SH);
    }

    #[cfg(unix)]
    #[test]
    #[ignore = "needs bash, dash, fish and zsh"]
    fn eval_in_other_shells_keeps_special_values() {
        check_special_values(&OTHER_SHELLS);
    }

    #[cfg(unix)]
    proptest! {
        #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
        #[test]
        fn eval_in_sh_keeps_any_value(key in "[^\\p{Cc}]{0,40}", token in "[ -~]{0,60}") {
            for (shell, format) in SH {
                let found = evaluated(shell, format, &key, &token);
                prop_assert_eq!(found, format!("{key}|{token}"), "{}", shell);
            }
        }

        #[test]
        #[ignore = "needs bash, dash, fish and zsh"]
        fn eval_in_other_shells_keeps_any_value(
            key in "[^\\p{Cc}]{0,40}",
            token in "[ -~]{0,60}",
        ) {
            for (shell, format) in OTHER_SHELLS {
                let found = evaluated(shell, format, &key, &token);
                prop_assert_eq!(found, format!("{key}|{token}"), "{}", shell);
            }
        }
    }
}
