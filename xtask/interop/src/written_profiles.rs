//! The row about the profiles that `ssocreds configure` and `ssocreds populate` write.

use std::fs;

use anyhow::{Result, ensure};
use sso_emulator::{Emulator, TokenState};

use crate::cell::{Cell, Whose};
use crate::client::{Answer, Client, Kind};
use crate::install::{LEGACY_SSO, NO_SSO, Recipe};
use crate::process;
use crate::stage::{Stage, TestBed};

/// An account ID, an account name and a role name.
type Account = (&'static str, &'static str, &'static str);

const PLAIN: Account = ("000000000001", "Dev", "Admin");
const AWKWARD: Account = ("000000000002", "\"Team\" [A] = größe # 😀", "a+b=c,d.e@f-g_h");

/// What an old botocore runs: prints the access key ID of a profile.
const OLD_BOTOCORE: &str = "\
import json, sys, botocore.session
key = botocore.session.Session(profile=sys.argv[2]).get_credentials().access_key
print(json.dumps({'access_key_id': key}))";

/// Lets both commands write a config file, and asks the client for the credentials of each profile.
///
/// The client must get those of the account and role that the profile is for.
pub(crate) fn are_read(bed: &TestBed, client: &Client) -> Result<Cell> {
    let stage = written(bed)?;
    for (profile, account) in [
        ("configured", PLAIN),
        ("Dev.Admin", PLAIN),
        ("Team-A-gr-e.a+b-c-d.e@f-g_h", AWKWARD),
        ("Dev.Admin.process", PLAIN),
        ("Team-A-gr-e.a+b-c-d.e@f-g_h.process", AWKWARD),
    ] {
        let answer = stage.ask_for(client, profile)?;
        if !is_of(&stage, &answer, account) {
            let why = format!("profile {profile}: {}", stage.describe(&answer));
            return Ok(Cell::no(why, Whose::Ssocreds));
        }
    }
    Ok(Cell::yes())
}

/// Checks that tools of before `sso-session` sections can use the profiles of `--credential-process`:
/// one that knows no SSO, and one that knows the legacy form and refuses other SSO profiles.
pub(crate) fn are_read_without_sso(bed: &TestBed) -> Result<()> {
    let stage = written(bed)?;
    for botocore in [old_botocore(&NO_SSO)?, old_botocore(&LEGACY_SSO)?] {
        for (profile, account) in
            [("Dev.Admin.process", PLAIN), ("Team-A-gr-e.a+b-c-d.e@f-g_h.process", AWKWARD)]
        {
            let answer = stage.ask_for(&botocore, profile)?;
            let is_right = is_of(&stage, &answer, account);
            ensure!(is_right, "{}, {profile}: {}", botocore.name, stage.describe(&answer));
        }
    }
    // The reason for a profile of its own. Once this fails, one profile is enough.
    let refused = stage.describe(&stage.ask_for(&old_botocore(&LEGACY_SSO)?, "Dev.Admin")?);
    ensure!(refused.contains("missing required configuration"), "{refused}");
    Ok(())
}

fn old_botocore(recipe: &Recipe) -> Result<Client> {
    let python = recipe.install()?.join("bin/python");
    let program = vec![python.into(), "-c".into(), OLD_BOTOCORE.into()];
    let (name, version) = (recipe.directory, String::new());
    Ok(Client { name, version, kind: Kind::Library, program })
}

fn is_of(stage: &Stage<'_>, answer: &Answer, (account_id, _, role_name): Account) -> bool {
    let Answer::AccessKeyId(key) = answer else { return false };
    let owner = stage.emulator.owner_of(key);
    owner.is_some_and(|it| it.account_id == account_id && it.role_name == role_name)
}

/// Returns a stage whose config file both commands wrote.
fn written(bed: &TestBed) -> Result<Stage<'_>> {
    let mut builder = Emulator::builder();
    for (id, name, role) in [PLAIN, AWKWARD] {
        builder = builder.account(id, name, "a@example.com", [role]);
    }
    let stage = bed.stage_with(builder, TokenState::Valid)?;
    fs::write(&stage.home.config_file, "# by hand\n")?;
    let configure = "configure --sso-session dev-session \
                     --start-url my-sso-portal.awsapps.com/start/#/ --sso-region us-east-1 \
                     --account-id 000000000001 --role-name Admin --profile configured \
                     --region us-east-1";
    let populate = "populate --sso-session dev-session --region us-east-1";
    let program = stage.ssocreds.command(&stage.home).get_program().display().to_string();
    let process = format!("--credential-process={program}");
    for (arguments, last) in [(configure, "--yes"), (populate, process.as_str())] {
        let mut command = stage.ssocreds.command(&stage.home);
        command.args(arguments.split_whitespace()).arg(last);
        let finished = process::run(command)?;
        ensure!(finished.succeeded(), "ssocreds wrote no profiles: {}", finished.stderr);
    }
    Ok(stage)
}
