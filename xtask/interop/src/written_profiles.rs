//! The row about the profiles that `ssocreds configure` and `ssocreds populate` write.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use sso_emulator::{Emulator, TokenState};

use super::client::{Answer, Ask, clean};
use super::client_run::{ClientRun, refused};
use super::install;
use super::notes::{Cell, Whose};
use super::process::{Finished, Running};
use super::stage::{Stage, TestBed};

const ROW: &str = "reads the profiles that `ssocreds configure` and `populate` write";

const TIME_LIMIT: Duration = Duration::from_secs(60);

/// An account ID, an account name and a role name.
const PLAIN: (&str, &str, &str) = ("000000000001", "Dev", "Admin");
const AWKWARD: (&str, &str, &str) =
    ("000000000002", "\"Team\" [A] = größe # 😀", "a+b=c,d.e@f-g_h");

/// Prints the access key ID of a profile.
const OLD_BOTOCORE: &str = "\
import sys, botocore.session
print(botocore.session.Session(profile=sys.argv[1]).get_credentials().access_key)";

/// Lets both commands write a config file, and asks the client for the credentials of each profile.
///
/// The client must get those of the account and role that the profile is for.
pub(crate) fn are_read(run: &ClientRun<'_>) -> Result<Cell> {
    let stage = written(run.test_bed)?;
    for (ask, (account_id, _, role_name)) in [
        (Ask::Credentials("configured"), PLAIN),
        (Ask::Credentials("Dev.Admin"), PLAIN),
        (Ask::Credentials("Team-A-gr-e.a+b-c-d.e@f-g_h"), AWKWARD),
        (Ask::CredentialProcess("Dev.Admin.process"), PLAIN),
        (Ask::CredentialProcess("Team-A-gr-e.a+b-c-d.e@f-g_h.process"), AWKWARD),
    ] {
        let answer = run.ask(&stage, ask)?;
        let is_right = match &answer {
            Answer::AccessKeyId(key) => is_of(&stage, key, account_id, role_name),
            _ => false,
        };
        if !is_right {
            let (Ask::Credentials(name) | Ask::CredentialProcess(name) | Ask::Token(name)) = ask;
            let why = format!("profile {name}: {}", refused(&stage, &answer));
            return Ok(Cell::no(ROW, why, Whose::Ssocreds));
        }
    }
    Ok(Cell::yes(ROW))
}

/// Checks that tools of before `sso-session` sections can use the profiles of `--credential-process`:
/// one that knows no SSO, and one that knows the legacy form and refuses other SSO profiles.
pub(crate) fn are_read_without_sso(test_bed: &TestBed) -> Result<()> {
    let stage = written(test_bed)?;
    let access_key_id = |python: &PathBuf, profile: &str| {
        let mut command = clean(&[python.clone().into()], &stage.home.environment);
        command.args(["-c", OLD_BOTOCORE, profile]);
        finish(command)
    };
    for version in ["no-sso", "legacy-sso"] {
        let python = install::old_botocore(version)?;
        for (profile, (account_id, _, role_name)) in
            [("Dev.Admin.process", PLAIN), ("Team-A-gr-e.a+b-c-d.e@f-g_h.process", AWKWARD)]
        {
            let found = access_key_id(&python, profile)?;
            let key = found.stdout.trim();
            let is_right = is_of(&stage, key, account_id, role_name);
            ensure!(is_right, "botocore {version}, profile {profile}: {}", found.stderr);
        }
    }
    // The reason for a profile of its own. Once this fails, one profile is enough.
    let refused = access_key_id(&install::old_botocore("legacy-sso")?, "Dev.Admin")?;
    ensure!(refused.stderr.contains("missing required configuration"), "{}", refused.stderr);
    Ok(())
}

fn is_of(stage: &Stage<'_>, key: &str, account_id: &str, role_name: &str) -> bool {
    let owner = stage.emulator.owner_of(key);
    owner.is_some_and(|it| it.account_id == account_id && it.role_name == role_name)
}

/// Returns a stage whose config file both commands wrote.
fn written(test_bed: &TestBed) -> Result<Stage<'_>> {
    let mut builder = Emulator::builder();
    for (id, name, role) in [PLAIN, AWKWARD] {
        builder = builder.account(id, name, "a@example.com", [role]);
    }
    let stage = test_bed.build(builder, TokenState::Valid)?;
    fs::write(&stage.home.config_file, "# by hand\n")?;
    let configure = "configure --sso-session dev-session \
                     --start-url my-sso-portal.awsapps.com/start/#/ --sso-region us-east-1 \
                     --account-id 000000000001 --role-name Admin --profile configured \
                     --region us-east-1 --yes";
    let program = stage.ssocreds.program.display();
    let process = format!("--credential-process={program}");
    let populate =
        ["populate", "--sso-session", "dev-session", "--region", "us-east-1", process.as_str()];
    for arguments in [configure.split_whitespace().collect(), populate.to_vec()] {
        let program = stage.ssocreds.program.clone().into();
        let mut command = clean(&[program], &stage.home.environment);
        command.args(arguments);
        let finished = finish(command)?;
        let is_written = finished.status.is_some_and(|status| status.success());
        ensure!(is_written, "ssocreds wrote no profiles: {}", finished.stderr);
    }
    Ok(stage)
}

fn finish(command: Command) -> Result<Finished> {
    Running::start(command)?.finish(Instant::now() + TIME_LIMIT)
}
