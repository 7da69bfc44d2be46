//! The rows of the matrix: what each client is asked to do, and what counts as a success.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::Value;
use serde_json::value::RawValue;
use sso_emulator::TokenState;

use crate::cell::{Cell, Whose};
use crate::client::{Answer, Client, Kind};
use crate::stage::{Stage, TestBed};
use crate::{contention, errors, process, written_profiles};

/// A name, and the function that makes the cell of a client.
type Row = (&'static str, fn(&TestBed, &Client) -> Result<Cell>);

const ROWS: [Row; 16] = [
    ("gets credentials with a valid token, `sso-session` profile", |bed, client| {
        valid_token(bed, client, false)
    }),
    ("gets credentials with a valid token, legacy profile", |bed, client| {
        valid_token(bed, client, true)
    }),
    ("refreshes an expired token", refresh),
    ("its token provider refreshes without the credentials provider", token_provider),
    ("reads the token that ssocreds refreshed", reads_ours),
    ("ssocreds reads the token that the client refreshed", is_read_by_us),
    ("keeps unknown fields and the mode 0600 of the token file", keeps_fields),
    ("uses and refreshes the session of `ssocreds login`", own_login),
    ("uses `ssocreds credential-process`", credential_process),
    (
        "reads the profiles that `ssocreds configure` and `populate` write",
        written_profiles::are_read,
    ),
    ("ssocreds uses the role-credential cache of the client", its_cache_serves_us),
    ("uses the role-credential cache of ssocreds", our_cache_serves_it),
    ("ten processes of the client with one expired token", contention::alone),
    ("ten of the client, then ten of ssocreds during the refresh", contention::client_first),
    ("ten of ssocreds, then ten of the client during the refresh", contention::ssocreds_first),
    ("gets credentials after two answers 429 of the portal", errors::throttled_for_a_while),
];

/// Fields that no client knows: an object with white space in a string, and a number of more digits than
/// a double keeps.
const UNKNOWN: [(&str, &str); 2] = [
    ("xObject", r#"{"list":[1,{"none":null}],"text":"a  b"}"#),
    ("xDigits", "123456789012345678901234567890"),
];

/// Runs every row.
pub(crate) fn all(bed: &TestBed, client: &Client) -> Result<Vec<Cell>> {
    let cells = ROWS.iter().map(|(row, run)| Ok(Cell { row, ..run(bed, client)? }));
    cells.collect()
}

fn valid_token(bed: &TestBed, client: &Client, legacy: bool) -> Result<Cell> {
    let stage = bed.stage(TokenState::Valid)?;
    let home = &stage.home;
    let profile = if legacy { &home.legacy_profile } else { &home.profile };
    let answer = stage.ask_for(client, profile)?;
    Ok(match stage.emulator.counts().create_token {
        _ if !stage.issued(&answer) => Cell::no(stage.describe(&answer), Whose::Client),
        0 => Cell::yes(),
        n => Cell::but(format!("but sends {n} CreateToken for a valid token")),
    })
}

fn refresh(bed: &TestBed, client: &Client) -> Result<Cell> {
    let stage = bed.stage(TokenState::Expired)?;
    let answer = stage.ask(client)?;
    Ok(match (stage.emulator.counts().refreshes, stage.is_refreshable()) {
        _ if !stage.issued(&answer) => Cell::no(stage.describe(&answer), Whose::Client),
        (1, true) => Cell::yes(),
        (1, false) => Cell::but(
            "but the file then has no valid refresh token: the next process needs a login".into(),
        ),
        (n, _) => Cell::but(format!("but refreshes {n} times")),
    })
}

fn token_provider(bed: &TestBed, client: &Client) -> Result<Cell> {
    if client.kind == Kind::AwsCli {
        return Ok(Cell::none("it has no command that gets only the token"));
    }
    let stage = bed.stage(TokenState::Expired)?;
    let mut command = client.command(&stage.home);
    command.args(["token", &stage.home.profile]);
    let answer = Client::answer(&process::run(command)?);
    let in_file = stage.token()?.get("accessToken").cloned().unwrap_or_default();
    Ok(match answer {
        Answer::AccessToken(token) if in_file == token.as_str() => Cell::yes(),
        Answer::AccessToken(_) => Cell::but("but the file holds another access token".into()),
        other => Cell::no(stage.describe(&other), Whose::Client),
    })
}

/// The first row shows that the client reads tokens. If it refuses this one, ssocreds wrote it wrong.
fn reads_ours(bed: &TestBed, client: &Client) -> Result<Cell> {
    let stage = bed.stage(TokenState::Expired)?;
    add_unknown_fields(&stage)?;
    let ours = stage.ask(stage.ssocreds)?;
    if !stage.issued(&ours) {
        let why = format!("ssocreds did not refresh: {}", stage.describe(&ours));
        return Ok(Cell::no(why, Whose::Ssocreds));
    }
    let lost = lost_fields(&stage)?;
    if !lost.is_empty() {
        return Ok(Cell::no(format!("ssocreds lost {}", lost.join(", ")), Whose::Ssocreds));
    }
    let answer = stage.ask(client)?;
    Ok(match stage.emulator.counts().create_token {
        _ if !stage.issued(&answer) => Cell::no(stage.describe(&answer), Whose::Ssocreds),
        1 => Cell::yes(),
        n => Cell::no(format!("it refreshes it again: {n} CreateToken in all"), Whose::Ssocreds),
    })
}

fn is_read_by_us(bed: &TestBed, client: &Client) -> Result<Cell> {
    let (stage, refused) = refreshed_by(bed, client)?;
    if let Some(cell) = refused {
        return Ok(cell);
    }
    stage.emulator.reset_counts();
    let ours = stage.ask(stage.ssocreds)?;
    Ok(match stage.emulator.counts().create_token {
        _ if !stage.issued(&ours) => Cell::no(stage.describe(&ours), Whose::Ssocreds),
        0 => Cell::yes(),
        n => Cell::no(format!("ssocreds sent {n} CreateToken"), Whose::Ssocreds),
    })
}

fn keeps_fields(bed: &TestBed, client: &Client) -> Result<Cell> {
    let (stage, refused) = refreshed_by(bed, client)?;
    if let Some(cell) = refused {
        return Ok(cell);
    }
    let mut lost = lost_fields(&stage)?;
    let token = stage.token()?;
    for name in ["startUrl", "region", "clientId", "clientSecret", "registrationExpiresAt"] {
        if !token.get(name).is_some_and(Value::is_string) {
            lost.push(format!("`{name}`"));
        }
    }
    if !stage.is_refreshable() {
        lost.push("the live `refreshToken`".to_owned());
    }
    let mut why = Vec::new();
    if !lost.is_empty() {
        why.push(format!("its rewrite of the file loses {}", lost.join(", ")));
    }
    why.extend(wider_mode(&stage.home.token_file)?);
    Ok(if why.is_empty() { Cell::yes() } else { Cell::no(why.join("; "), Whose::Client) })
}

/// Lets the client refresh a token with unknown fields. Returns a cell if it does not.
fn refreshed_by<'a>(bed: &'a TestBed, client: &Client) -> Result<(Stage<'a>, Option<Cell>)> {
    let stage = bed.stage(TokenState::Expired)?;
    add_unknown_fields(&stage)?;
    let answer = stage.ask(client)?;
    let is_refreshed = stage.issued(&answer) && stage.emulator.counts().refreshes > 0;
    let why = format!("nothing was refreshed: {}", stage.describe(&answer));
    Ok((stage, (!is_refreshed).then(|| Cell::no(why, Whose::Client))))
}

/// Rows above show that the client reads and refreshes tokens. If it refuses this one, ssocreds wrote it
/// wrong.
fn own_login(bed: &TestBed, client: &Client) -> Result<Cell> {
    let stage = bed.stage(TokenState::Missing)?;
    stage.log_in()?;
    let answer = stage.ask(client)?;
    let refreshes = stage.emulator.counts().refreshes;
    if !stage.issued(&answer) || refreshes != 0 {
        let why = format!("{refreshes} refreshes after the login; {}", stage.describe(&answer));
        return Ok(Cell::no(why, Whose::Ssocreds));
    }
    stage.expire_token()?;
    // The AWS CLI would take its role credentials from there, without a token.
    if stage.role_cache().exists() {
        std::fs::remove_dir_all(stage.role_cache())?;
    }
    let answer = stage.ask(client)?;
    Ok(match stage.emulator.counts().refreshes {
        1 if stage.issued(&answer) => Cell::yes(),
        n => {
            let why = format!("{n} refreshes of it; {}", stage.describe(&answer));
            Cell::no(why, Whose::Ssocreds)
        }
    })
}

/// Every client takes the output of other programs. If it refuses this one, ssocreds is at fault.
fn credential_process(bed: &TestBed, client: &Client) -> Result<Cell> {
    let stage = bed.stage(TokenState::Expired)?;
    let ssocreds = stage.ssocreds.credentials(&stage.home, &stage.home.profile);
    let words = std::iter::once(ssocreds.get_program()).chain(ssocreds.get_args());
    let command: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    let command = command.join(" ");
    stage.append_to_config(&format!(
        "\n[profile from-process]\nregion = us-east-1\ncredential_process = {command}\n"
    ))?;
    let answer = stage.ask_for(client, "from-process")?;
    Ok(match stage.emulator.counts().create_token {
        1 if stage.issued(&answer) => Cell::yes(),
        n => Cell::no(format!("{n} CreateToken; {}", stage.describe(&answer)), Whose::Ssocreds),
    })
}

fn its_cache_serves_us(bed: &TestBed, client: &Client) -> Result<Cell> {
    let stage = bed.stage(TokenState::Valid)?;
    let answer = stage.ask(client)?;
    if !stage.issued(&answer) {
        return Ok(Cell::no(stage.describe(&answer), Whose::Client));
    }
    if cached(&stage).is_empty() {
        return Ok(Cell::none("it writes no role-credential cache"));
    }
    stage.emulator.reset_counts();
    let ours = stage.ask_with_cache()?;
    Ok(match stage.emulator.counts().get_role_credentials {
        0 if is_cached(&stage, &ours) => Cell::yes(),
        n => {
            let why = format!("ssocreds sent {n} requests; {}", stage.describe(&ours));
            Cell::no(why, Whose::Ssocreds)
        }
    })
}

fn our_cache_serves_it(bed: &TestBed, client: &Client) -> Result<Cell> {
    let stage = bed.stage(TokenState::Valid)?;
    let ours = stage.ask_with_cache()?;
    if !is_cached(&stage, &ours) {
        let why = format!("ssocreds wrote no cache: {}", stage.describe(&ours));
        return Ok(Cell::no(why, Whose::Ssocreds));
    }
    stage.emulator.reset_counts();
    let answer = stage.ask(client)?;
    Ok(match (stage.emulator.counts().get_role_credentials, is_cached(&stage, &answer)) {
        (0, true) => Cell::yes(),
        (_, true) => Cell::no(
            "it has such a cache, and did not use what ssocreds wrote to it".into(),
            Whose::Ssocreds,
        ),
        _ if stage.issued(&answer) => {
            Cell::none("it did not read the cache, but sent a request to the portal")
        }
        _ => Cell::no(stage.describe(&answer), Whose::Client),
    })
}

/// Whether these credentials are in the role-credential cache.
fn is_cached(stage: &Stage<'_>, answer: &Answer) -> bool {
    let Answer::AccessKeyId(key) = answer else { return false };
    cached(stage).iter().any(|content| content.contains(key.as_str()))
}

/// The contents of the files of the role-credential cache.
fn cached(stage: &Stage<'_>) -> Vec<String> {
    let entries = std::fs::read_dir(stage.role_cache()).into_iter().flatten().flatten();
    let files = entries.map(|entry| entry.path());
    let files = files.filter(|path| path.extension().is_some_and(|it| it == "json"));
    files.filter_map(|path| std::fs::read_to_string(path).ok()).collect()
}

fn add_unknown_fields(stage: &Stage<'_>) -> Result<()> {
    let text = std::fs::read_to_string(&stage.home.token_file)?;
    let fields = UNKNOWN.map(|(name, value)| format!("\"{name}\":{value}")).join(",");
    let rest = text.strip_prefix('{').context("a token file is an object")?;
    Ok(std::fs::write(&stage.home.token_file, format!("{{{fields},{rest}"))?)
}

/// The unknown fields that the token file lacks or has with another value.
fn lost_fields(stage: &Stage<'_>) -> Result<Vec<String>> {
    let text = std::fs::read_to_string(&stage.home.token_file)?;
    let token: HashMap<String, Box<RawValue>> = serde_json::from_str(&text)?;
    let mut lost = Vec::new();
    for (name, value) in UNKNOWN {
        let Some(found) = token.get(name).map(|found| found.get()) else {
            lost.push(format!("unknown field `{name}`"));
            continue;
        };
        // White space may differ in an object. As a number, both would be rounded to the same.
        let same_object = value.starts_with('{')
            && serde_json::from_str::<Value>(found)? == serde_json::from_str::<Value>(value)?;
        if found != value && !same_object {
            lost.push(format!("the value of the unknown field `{name}` (now {found})"));
        }
    }
    Ok(lost)
}

#[cfg(unix)]
fn wider_mode(file: &Path) -> Result<Option<String>> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(file)?.permissions().mode() & 0o777;
    Ok((mode != 0o600).then(|| format!("the file's mode is then {mode:04o}")))
}

#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps, reason = "as on Unix")]
fn wider_mode(_: &Path) -> Result<Option<String>> {
    Ok(None)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::matrix::{Column, Matrix};

    #[test]
    fn output_that_a_client_does_not_take_is_a_fault_of_the_run() {
        let program = ["sh", "-c", r#"echo '{"error":"malformed output"}'"#].map(Into::into);
        let client = Client {
            name: "a client",
            version: String::new(),
            kind: Kind::Library,
            program: program.into(),
        };
        let bed = TestBed::new("ssocreds".into()).unwrap();
        let cell = Cell { row: "takes", ..credential_process(&bed, &client).unwrap() };
        let cells = vec![Cell::yes(), cell];
        let column = Column { client, cells, renewal: Vec::new(), errors: Vec::new() };
        let faults = Matrix { columns: vec![column], ..Matrix::default() }.faults();
        assert_eq!(faults, ["a client, takes: 0 CreateToken; `malformed output`"]);
    }
}
