//! The rows of the matrix: the state of the token, what the client must do, and what counts as a success.

use std::collections::HashMap;
use std::fs;

use anyhow::{Context as _, Result};
use serde_json::Value;
use serde_json::value::RawValue;
use sso_emulator::TokenState::{self, Expired, Missing, Valid};
use sso_emulator::{ErrorName, Operation};

use crate::cell::{Cell, Outcome, Row};
use crate::client::{Client, Kind};
use crate::stage::{Stage, TestBed};
use crate::{process, written_profiles};

/// The name of a row, the state of the token, and the function that makes the cell of a client.
type Test = (&'static str, TokenState, fn(&Stage<'_>, &Client) -> Outcome);

const ROWS: [Test; 13] = [
    ("gets credentials with a valid token, `sso-session` profile", Valid, uses_a_valid_token),
    ("gets credentials with a valid token, legacy profile", Valid, uses_a_valid_legacy_token),
    ("refreshes an expired token", Expired, refreshes),
    (
        "refreshes an expired token when only the access token is requested",
        Expired,
        refreshes_for_token,
    ),
    ("reads the token that ssocreds refreshed", Expired, reads_token_of_ssocreds),
    ("ssocreds reads the token that the client refreshed", Expired, ssocreds_reads_its_token),
    ("keeps unknown fields and the mode 0600 of the token file", Expired, keeps_fields_and_mode),
    ("uses and refreshes the session of `ssocreds login`", Missing, uses_login_of_ssocreds),
    ("uses `ssocreds credential-process`", Expired, uses_credential_process),
    (
        "reads the profiles that `ssocreds configure` and `populate` write",
        Valid,
        written_profiles::are_read,
    ),
    ("ssocreds uses the role-credential cache of the client", Valid, ssocreds_uses_its_cache),
    ("uses the role-credential cache of ssocreds", Valid, uses_cache_of_ssocreds),
    ("gets credentials after two answers 429 of the portal", Valid, retries),
];

/// Fields that no client knows: an object with white space in a string, and a number with more digits than
/// a double can hold.
const UNKNOWN: [(&str, &str); 2] = [
    ("xObject", r#"{"list":[1,{"none":null}],"text":"a  b"}"#),
    ("xDigits", "123456789012345678901234567890"),
];

/// Runs every row for a client.
pub(crate) fn all(bed: &TestBed, client: &Client) -> Result<Vec<Row>> {
    if client.kind == Kind::Storage {
        return Ok(Vec::new());
    }
    let cell = |(row, token, run): Test| match run(&bed.stage(token)?, client) {
        Ok(cell) | Err(cell) => Ok((row, cell)),
    };
    ROWS.into_iter().map(cell).collect()
}

fn uses_a_valid_token(stage: &Stage<'_>, client: &Client) -> Outcome {
    uses_valid_token_of(stage, client, &stage.home.profile)
}

fn uses_a_valid_legacy_token(stage: &Stage<'_>, client: &Client) -> Outcome {
    uses_valid_token_of(stage, client, &stage.home.legacy_profile)
}

fn uses_valid_token_of(stage: &Stage<'_>, client: &Client, profile: &str) -> Outcome {
    stage.ask_profile(client, profile).map_err(Cell::no)?;
    let sent = stage.emulator.counts().create_token;
    let but = format!("it sends {sent} CreateToken for a valid token");
    Cell::yes_if(sent == 0, Cell::yes_but(but))
}

fn refreshes(stage: &Stage<'_>, client: &Client) -> Outcome {
    stage.ask(client).map_err(Cell::no)?;
    match stage.emulator.counts().refreshes {
        1 if stage.is_refreshable() => Ok(Cell::yes()),
        1 => Ok(Cell::yes_but("the file then has no valid refresh token: the next needs a login")),
        n => Ok(Cell::yes_but(format!("it refreshes {n} times"))),
    }
}

fn refreshes_for_token(stage: &Stage<'_>, client: &Client) -> Outcome {
    if client.kind == Kind::AwsCli {
        return Ok(Cell::not_applicable("it has no command that gets only the access token"));
    }
    let output = process::run(client.command(&stage.home, &["token", &stage.home.profile]));
    let token = output
        .and_then(|text| process::answer(&text))
        .map_err(|error| Cell::no(format!("`{}`", stage.shown(&error))))?;
    let is_in_file = stage.token()?.get("accessToken").is_some_and(|it| it == token.as_str());
    Cell::yes_if(is_in_file, Cell::yes_but("the file has another access token"))
}

fn reads_token_of_ssocreds(stage: &Stage<'_>, client: &Client) -> Outcome {
    add_unknown_fields(stage)?;
    stage.ask(stage.ssocreds).map_err(Cell::fault)?;
    let lost = lost_fields(stage)?;
    if !lost.is_empty() {
        return Err(Cell::fault(format!("ssocreds lost {}", lost.join(", "))));
    }
    // The first row shows that the client reads tokens. If it refuses this one, ssocreds wrote it wrong.
    stage.ask(client).map_err(Cell::fault)?;
    let sent = stage.emulator.counts().create_token;
    Cell::yes_if(
        sent == 1,
        Cell::fault(format!("it refreshes it again: {sent} CreateToken in all")),
    )
}

fn ssocreds_reads_its_token(stage: &Stage<'_>, client: &Client) -> Outcome {
    refresh_unknown_fields(stage, client)?;
    stage.emulator.reset_counts();
    stage.ask(stage.ssocreds).map_err(Cell::fault)?;
    let sent = stage.emulator.counts().create_token;
    Cell::yes_if(sent == 0, Cell::fault(format!("ssocreds sent {sent} CreateToken")))
}

fn keeps_fields_and_mode(stage: &Stage<'_>, client: &Client) -> Outcome {
    refresh_unknown_fields(stage, client)?;
    let mut lost = lost_fields(stage)?;
    let token = stage.token()?;
    let known = ["startUrl", "region", "clientId", "clientSecret", "registrationExpiresAt"];
    let missing = known.iter().filter(|name| !token.get(name).is_some_and(Value::is_string));
    lost.extend(missing.map(|name| format!("`{name}`")));
    if !stage.is_refreshable() {
        lost.push("the live `refreshToken`".to_owned());
    }
    let mut notes = Vec::new();
    if !lost.is_empty() {
        notes.push(format!("its rewrite of the file loses {}", lost.join(", ")));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let metadata = fs::metadata(&stage.home.token_file).context("the token file is gone")?;
        let mode = metadata.permissions().mode() & 0o777;
        if mode != 0o600 {
            notes.push(format!("the file's mode is then {mode:04o}"));
        }
    }
    Cell::yes_if(notes.is_empty(), Cell::no(notes.join("; ")))
}

fn uses_login_of_ssocreds(stage: &Stage<'_>, client: &Client) -> Outcome {
    stage.log_in().map_err(Cell::fault)?;
    // Other rows show that the client reads and refreshes tokens. If it refuses this one, ssocreds wrote it
    // wrong.
    stage.ask(client).map_err(Cell::fault)?;
    let before = stage.emulator.counts().refreshes;
    stage.expire_token()?;
    // The AWS CLI would use its cached role credentials, without a token.
    let _ = fs::remove_dir_all(stage.role_cache());
    stage.ask(client).map_err(Cell::fault)?;
    let all = stage.emulator.counts().refreshes;
    let fault = format!("{before} refreshes before the expiry, {all} in all");
    Cell::yes_if((before, all) == (0, 1), Cell::fault(fault))
}

/// Every client reads the output of other programs. If it refuses this output, ssocreds is at fault.
fn uses_credential_process(stage: &Stage<'_>, client: &Client) -> Outcome {
    let (program, profile) = (stage.ssocreds.program.join(" "), &stage.home.profile);
    stage.append_to_config(&format!(
        "\n[profile from-process]\nregion = us-east-1\n\
         credential_process = {program} credential-process --no-cache --profile {profile}\n"
    ))?;
    stage.ask_profile(client, "from-process").map_err(Cell::fault)?;
    let sent = stage.emulator.counts().create_token;
    Cell::yes_if(sent == 1, Cell::fault(format!("ssocreds sent {sent} CreateToken")))
}

fn ssocreds_uses_its_cache(stage: &Stage<'_>, client: &Client) -> Outcome {
    let key = stage.ask(client).map_err(Cell::no)?;
    if !is_cached(stage, &key) {
        return Ok(Cell::not_applicable("it writes no role-credential cache"));
    }
    stage.emulator.reset_counts();
    let found = stage.ask_with_cache().map_err(Cell::fault)?;
    let sent = stage.emulator.counts().get_role_credentials;
    Cell::yes_if(sent == 0 && found == key, Cell::fault(format!("ssocreds sent {sent} requests")))
}

fn uses_cache_of_ssocreds(stage: &Stage<'_>, client: &Client) -> Outcome {
    let written = stage.ask_with_cache().map_err(Cell::fault)?;
    if !is_cached(stage, &written) {
        return Err(Cell::fault("ssocreds wrote no cache"));
    }
    let found = stage.ask(client).map_err(Cell::no)?;
    let otherwise = if is_cached(stage, &found) {
        Cell::fault("it has such a cache, and did not use what ssocreds wrote to it")
    } else {
        Cell::not_applicable("it did not read the cache, but sent a request to the portal")
    };
    Cell::yes_if(found == written, otherwise)
}

/// The portal throttles two requests and answers the third.
fn retries(stage: &Stage<'_>, client: &Client) -> Outcome {
    let operation = Operation::GetRoleCredentials;
    stage.emulator.fault_next(operation, 2, ErrorName::TooManyRequests);
    stage.ask(client).map_err(Cell::no)?;
    Ok(Cell::yes())
}

/// Whether the role-credential cache has these credentials.
fn is_cached(stage: &Stage<'_>, key: &str) -> bool {
    let mut entries = fs::read_dir(stage.role_cache()).into_iter().flatten().flatten();
    entries.any(|entry| fs::read_to_string(entry.path()).is_ok_and(|text| text.contains(key)))
}

/// Lets the client refresh a token with unknown fields.
fn refresh_unknown_fields(stage: &Stage<'_>, client: &Client) -> Outcome {
    add_unknown_fields(stage)?;
    stage.ask(client).map_err(Cell::no)?;
    Cell::yes_if(stage.emulator.counts().refreshes > 0, Cell::no("it refreshed nothing"))
}

fn add_unknown_fields(stage: &Stage<'_>) -> Result<()> {
    let text = fs::read_to_string(&stage.home.token_file)?;
    let fields = UNKNOWN.map(|(name, value)| format!("\"{name}\":{value}")).join(",");
    let rest = text.strip_prefix('{').context("a token file is an object")?;
    Ok(fs::write(&stage.home.token_file, format!("{{{fields},{rest}"))?)
}

/// The unknown fields that the token file does not have, or has with another value.
fn lost_fields(stage: &Stage<'_>) -> Result<Vec<String>> {
    let text = fs::read_to_string(&stage.home.token_file)?;
    let token: HashMap<String, Box<RawValue>> = serde_json::from_str(&text)?;
    let mut lost = Vec::new();
    for (name, value) in UNKNOWN {
        let Some(found) = token.get(name).map(|found| found.get()) else {
            lost.push(format!("unknown field `{name}`"));
            continue;
        };
        // The white space of an object may differ. As `Value`, both numbers would be rounded.
        let is_same_object = value.starts_with('{')
            && serde_json::from_str::<Value>(found)? == serde_json::from_str::<Value>(value)?;
        if found != value && !is_same_object {
            lost.push(format!("the value of the unknown field `{name}` (now {found})"));
        }
    }
    Ok(lost)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn output_that_a_client_refuses_is_a_fault_of_ssocreds() {
        let program = ["sh", "-c", r#"echo '{"error":"malformed output"}'"#].map(Into::into);
        let (name, version, kind) = ("a client", String::new(), Kind::Library);
        let client = Client { name, version, kind, program: program.into() };
        let bed = TestBed::new("ssocreds".as_ref()).unwrap();
        let stage = bed.stage(Expired).unwrap();
        let Err(cell) = uses_credential_process(&stage, &client) else { panic!("a success") };
        let note = cell.note.unwrap();
        assert_eq!((note.text.as_str(), note.is_fault), ("`malformed output`", true));
    }
}
