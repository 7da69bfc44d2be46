//! The rows of the matrix: what each client is asked to do, and what counts as a success.

use anyhow::Result;
use sso_emulator::TokenState;

use super::client::{Answer, Ask, Client};
use super::client_run::{ClientRun, refused};
use super::notes::{Cell, Results, Whose};
use super::signed::SignedService;
use super::stage::{Stage, TestBed, UNKNOWN};
use super::{contention, errors, written_profiles};

/// Runs every row.
pub(crate) fn all(test_bed: &TestBed, client: &Client, signed: &SignedService) -> Result<Results> {
    let run = ClientRun { test_bed, client, signed };
    let mut cells = vec![
        run.valid_token("gets credentials with a valid token, `sso-session` profile", false)?,
        run.valid_token("gets credentials with a valid token, legacy profile", true)?,
        run.refresh("refreshes an expired token")?,
        run.token_provider("its token provider refreshes without the credentials provider")?,
        run.reads_ours("reads the token that ssocreds refreshed")?,
    ];
    cells.extend(run.is_read_by_us()?);
    cells.push(run.own_login("uses and refreshes the session of `ssocreds login`")?);
    cells.push(run.credential_process("uses `ssocreds credential-process`")?);
    cells.push(written_profiles::are_read(&run)?);
    cells.push(run.its_cache_serves_us("ssocreds uses the role-credential cache of the client")?);
    cells.push(run.our_cache_serves_it("uses the role-credential cache of ssocreds")?);
    cells.extend(contention::ten_at_once(&run)?);
    cells.push(errors::throttled_for_a_while(&run)?);
    Ok(Results { cells, errors: errors::side_by_side(&run)?, ..Results::default() })
}

impl ClientRun<'_> {
    fn credentials(&self, stage: &Stage<'_>) -> Result<Answer> {
        self.ask(stage, Ask::Credentials(&stage.home.profile))
    }

    fn valid_token(&self, row: &'static str, legacy: bool) -> Result<Cell> {
        let stage = self.stage(TokenState::Valid)?;
        let home = &stage.home;
        let profile = if legacy { &home.legacy_profile } else { &home.profile };
        let answer = self.ask(&stage, Ask::Credentials(profile))?;
        if !stage.are_ours(&answer) {
            return Ok(Cell::no(row, refused(&stage, &answer), Whose::Client));
        }
        Ok(match stage.emulator.counts().create_token {
            0 => Cell::yes(row),
            n => Cell::but(row, format!("but sends {n} CreateToken for a valid token")),
        })
    }

    fn refresh(&self, row: &'static str) -> Result<Cell> {
        let stage = self.stage(TokenState::Expired)?;
        let answer = self.credentials(&stage)?;
        if !stage.are_ours(&answer) {
            return Ok(Cell::no(row, refused(&stage, &answer), Whose::Client));
        }
        Ok(match (stage.emulator.counts().refreshes, stage.is_refreshable()) {
            (1, true) => Cell::yes(row),
            (1, false) => Cell::but(
                row,
                "but the file then holds no refresh token that works: the next one must log in"
                    .to_owned(),
            ),
            (n, _) => Cell::but(row, format!("but refreshes {n} times")),
        })
    }

    fn token_provider(&self, row: &'static str) -> Result<Cell> {
        if !self.client.has_token_provider() {
            return Ok(Cell::none(row, "it has no command that gets only the token"));
        }
        let stage = self.stage(TokenState::Expired)?;
        let answer = self.ask(&stage, Ask::Token(&stage.home.profile))?;
        let in_file = stage.token()?.1.get("accessToken").cloned().unwrap_or_default();
        Ok(match answer {
            Answer::AccessToken(token) if in_file == token.as_str() => Cell::yes(row),
            Answer::AccessToken(_) => {
                Cell::but(row, "but the file holds another access token".to_owned())
            }
            other => Cell::no(row, refused(&stage, &other), Whose::Client),
        })
    }

    /// The client reads tokens, as the first row shows: one that it does not read was written wrong.
    fn reads_ours(&self, row: &'static str) -> Result<Cell> {
        let stage = self.stage(TokenState::Expired)?;
        stage.add_unknown_fields()?;
        let ours = stage.ssocreds.ask(&stage.home, &stage.home.profile, false)?;
        if !stage.are_ours(&ours) {
            let why = format!("ssocreds did not refresh: {}", refused(&stage, &ours));
            return Ok(Cell::no(row, why, Whose::Ssocreds));
        }
        let lost = lost_fields(&stage)?;
        if !lost.is_empty() {
            let why = format!("ssocreds lost {}", lost.join(", "));
            return Ok(Cell::no(row, why, Whose::Ssocreds));
        }
        let answer = self.credentials(&stage)?;
        if !stage.are_ours(&answer) {
            return Ok(Cell::no(row, refused(&stage, &answer), Whose::Ssocreds));
        }
        Ok(match stage.emulator.counts().create_token {
            1 => Cell::yes(row),
            n => {
                let why = format!("it refreshes it again: {n} CreateToken in all");
                Cell::no(row, why, Whose::Ssocreds)
            }
        })
    }

    /// Two rows: whether we can read what it wrote, and what it dropped.
    fn is_read_by_us(&self) -> Result<Vec<Cell>> {
        let (row, fields) = (
            "ssocreds reads the token that the client refreshed",
            "keeps unknown fields and the mode 0600 of the token file",
        );
        let stage = self.stage(TokenState::Expired)?;
        stage.add_unknown_fields()?;
        let answer = self.credentials(&stage)?;
        if !stage.are_ours(&answer) || stage.emulator.counts().refreshes == 0 {
            let why = format!("nothing was refreshed: {}", refused(&stage, &answer));
            return Ok(vec![
                Cell::no(row, why.clone(), Whose::Client),
                Cell::no(fields, why, Whose::Client),
            ]);
        }
        let mut lost = lost_fields(&stage)?;
        lost.extend(known_fields_lost(&stage)?);
        let mode = wider_mode(&stage)?;
        stage.emulator.reset_counts();
        let ours = stage.ssocreds.ask(&stage.home, &stage.home.profile, false)?;
        let read = match stage.emulator.counts().create_token {
            _ if !stage.are_ours(&ours) => Cell::no(row, refused(&stage, &ours), Whose::Ssocreds),
            0 => Cell::yes(row),
            n => Cell::no(row, format!("ssocreds sent {n} CreateToken"), Whose::Ssocreds),
        };
        let mut why: Vec<String> = Vec::new();
        if !lost.is_empty() {
            why.push(format!("its rewrite of the file loses {}", lost.join(", ")));
        }
        why.extend(mode);
        let kept = if why.is_empty() {
            Cell::yes(fields)
        } else {
            Cell::no(fields, why.join("; "), Whose::Client)
        };
        Ok(vec![read, kept])
    }

    /// The client reads and refreshes tokens, as rows above show: one that it does not take was written
    /// wrong.
    fn own_login(&self, row: &'static str) -> Result<Cell> {
        let stage = self.stage(TokenState::Missing)?;
        stage.log_in()?;
        let at_once = self.credentials(&stage)?;
        let refreshes = stage.emulator.counts().refreshes;
        if !stage.are_ours(&at_once) || refreshes != 0 {
            let why =
                format!("{refreshes} refreshes after the login; {}", refused(&stage, &at_once));
            return Ok(Cell::no(row, why, Whose::Ssocreds));
        }
        stage.expire_token()?;
        // The AWS CLI would take its role credentials from there, without a token.
        stage.remove_role_cache()?;
        let refreshed = self.credentials(&stage)?;
        Ok(match stage.emulator.counts().refreshes {
            1 if stage.are_ours(&refreshed) => Cell::yes(row),
            n => {
                let why = format!("{n} refreshes of it; {}", refused(&stage, &refreshed));
                Cell::no(row, why, Whose::Ssocreds)
            }
        })
    }

    /// Every client takes the output of another program: what it refuses of ours is at fault.
    fn credential_process(&self, row: &'static str) -> Result<Cell> {
        let stage = self.stage(TokenState::Expired)?;
        stage.add_process_profile("from-process")?;
        let answer = self.ask(&stage, Ask::CredentialProcess("from-process"))?;
        let counts = stage.emulator.counts();
        if stage.are_ours(&answer) && counts.create_token == 1 {
            return Ok(Cell::yes(row));
        }
        let why = format!("{} CreateToken; {}", counts.create_token, refused(&stage, &answer));
        Ok(Cell::no(row, why, Whose::Ssocreds))
    }

    fn its_cache_serves_us(&self, row: &'static str) -> Result<Cell> {
        let stage = self.stage(TokenState::Valid)?;
        let first = self.credentials(&stage)?;
        if !stage.are_ours(&first) {
            return Ok(Cell::no(row, refused(&stage, &first), Whose::Client));
        }
        if cached(&stage).is_empty() {
            return Ok(Cell::none(row, "it writes no role-credential cache"));
        }
        stage.emulator.reset_counts();
        let ours = stage.ssocreds.ask(&stage.home, &stage.home.profile, true)?;
        Ok(match stage.emulator.counts().get_role_credentials {
            0 if same_key(&first, &ours) => Cell::yes(row),
            n => {
                let why = format!("ssocreds sent {n} requests; {}", refused(&stage, &ours));
                Cell::no(row, why, Whose::Ssocreds)
            }
        })
    }

    fn our_cache_serves_it(&self, row: &'static str) -> Result<Cell> {
        let stage = self.stage(TokenState::Valid)?;
        let ours = stage.ssocreds.ask(&stage.home, &stage.home.profile, true)?;
        if !stage.are_ours(&ours) || cached(&stage).is_empty() {
            let why = format!("ssocreds wrote no cache: {}", refused(&stage, &ours));
            return Ok(Cell::no(row, why, Whose::Ssocreds));
        }
        stage.emulator.reset_counts();
        let answer = self.credentials(&stage)?;
        let requests = stage.emulator.counts().get_role_credentials;
        Ok(match requests {
            0 if same_key(&ours, &answer) => Cell::yes(row),
            _ if is_cached(&stage, &answer) => {
                let why = "it has such a cache, and did not take what ssocreds left in it";
                Cell::no(row, why.to_owned(), Whose::Ssocreds)
            }
            _ if stage.are_ours(&answer) => {
                Cell::none(row, "it did not read the cache, but sent a request to the portal")
            }
            _ => Cell::no(row, refused(&stage, &answer), Whose::Client),
        })
    }
}

fn same_key(one: &Answer, other: &Answer) -> bool {
    matches!((one, other), (Answer::AccessKeyId(one), Answer::AccessKeyId(other)) if one == other)
}

/// Which of the fields that no client knows are not in the file as they were.
fn lost_fields(stage: &Stage<'_>) -> Result<Vec<String>> {
    let (text, token) = stage.token()?;
    // White space between tokens is the writer's; digits are not.
    let dense = without_space(&text);
    let mut lost = Vec::new();
    for (name, value) in UNKNOWN {
        if dense.contains(&format!("\"{name}\":{}", without_space(value))) {
            continue;
        }
        lost.push(match token.get(name) {
            None => format!("unknown field `{name}`"),
            Some(changed) => format!("the value of the unknown field `{name}` (now {changed})"),
        });
    }
    Ok(lost)
}

/// White space outside of strings is what JSON is free in; ours has two spaces in one, so that a
/// writer that changed those would show.
fn without_space(text: &str) -> String {
    let mut in_string = false;
    let kept = text.chars().filter(|character| {
        in_string ^= *character == '"';
        in_string || !character.is_whitespace()
    });
    kept.collect()
}

fn known_fields_lost(stage: &Stage<'_>) -> Result<Vec<String>> {
    let (_, token) = stage.token()?;
    let known = ["startUrl", "region", "clientId", "clientSecret", "registrationExpiresAt"];
    let gone = known.iter().filter(|name| token.get(**name).is_none_or(|it| !it.is_string()));
    let mut lost: Vec<_> = gone.map(|name| format!("`{name}`")).collect();
    if !stage.is_refreshable() {
        lost.push("the live `refreshToken`".to_owned());
    }
    Ok(lost)
}

#[cfg(unix)]
fn wider_mode(stage: &Stage<'_>) -> Result<Option<String>> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(&stage.home.token_file)?.permissions().mode() & 0o777;
    Ok((mode != 0o600).then(|| format!("the file's mode is then {mode:04o}")))
}

#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps, reason = "as on Unix")]
fn wider_mode(_: &Stage<'_>) -> Result<Option<String>> {
    Ok(None)
}

/// What is in the cache of role credentials, file by file.
fn cached(stage: &Stage<'_>) -> Vec<String> {
    let entries = std::fs::read_dir(stage.role_cache()).into_iter().flatten().flatten();
    let files = entries.map(|entry| entry.path());
    let files = files.filter(|path| path.extension().is_some_and(|it| it == "json"));
    files.filter_map(|path| std::fs::read_to_string(path).ok()).collect()
}

/// Whether these credentials are in the cache.
fn is_cached(stage: &Stage<'_>, answer: &Answer) -> bool {
    let Answer::AccessKeyId(key) = answer else { return false };
    cached(stage).iter().any(|content| content.contains(key.as_str()))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::client::Kind;
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
        let test_bed = TestBed::with("ssocreds".into()).unwrap();
        let signed = SignedService::start().unwrap();
        let run = ClientRun { test_bed: &test_bed, client: &client, signed: &signed };
        let cells = vec![Cell::yes("reads"), run.credential_process("takes").unwrap()];
        let results = Results { cells, ..Results::default() };
        let column = Column { name: client.name, version: String::new(), results };
        let faults = Matrix { columns: vec![column], ..Matrix::default() }.faults();
        assert_eq!(faults, ["a client, takes: 0 CreateToken; `malformed output`"]);
    }
}
