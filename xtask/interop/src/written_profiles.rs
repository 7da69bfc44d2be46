//! Whether clients can use the profiles that `ssocreds configure` and `ssocreds populate` write.

use std::fs;

use anyhow::{Result, anyhow, ensure};
use sso_emulator::TokenState;

use crate::cell::{Cell, Outcome};
use crate::client::{Client, Kind};
use crate::stage::{AWKWARD, Account, PLAIN, Stage, TestBed};
use crate::{install, process};

/// The written profiles, and the account and role of each.
const SSO_PROFILES: [(&str, Account); 3] =
    [("configured", PLAIN), ("Dev.Admin", PLAIN), ("Team-A-gr-e.a+b-c-d.e@f-g_h", AWKWARD)];
const PROCESS_PROFILES: [(&str, Account); 2] =
    [("Dev.Admin.process", PLAIN), ("Team-A-gr-e.a+b-c-d.e@f-g_h.process", AWKWARD)];

const CONFIGURE: &str = "configure --sso-session dev-session --sso-region us-east-1 \
    --start-url my-sso-portal.awsapps.com/start/#/ --account-id 000000000001 --role-name Admin \
    --profile configured --region us-east-1 --yes";
const POPULATE: &str = "populate --sso-session dev-session --region us-east-1";

/// For a botocore that is older than `client.py` needs. Prints the access key ID of a profile.
const OLD_BOTOCORE: &str = "\
import json, sys, botocore.session
key = botocore.session.Session(profile=sys.argv[2]).get_credentials().access_key
print(json.dumps({'access_key_id': key}))";

/// Lets both commands write a config file, and asks the client for the credentials of each profile.
pub(crate) fn are_read(stage: &Stage<'_>, client: &Client) -> Outcome {
    write(stage).map_err(Cell::fault)?;
    for (profile, account) in SSO_PROFILES.into_iter().chain(PROCESS_PROFILES) {
        gets_role(stage, client, profile, account).map_err(Cell::fault)?;
    }
    Ok(Cell::yes())
}

/// Checks that tools that are older than `sso-session` sections can use the profiles of
/// `--credential-process`: one without SSO, and one that knows only the legacy form of SSO profiles.
pub(crate) fn are_read_without_sso(bed: &TestBed) -> Result<()> {
    let stage = bed.stage(TokenState::Valid)?;
    write(&stage).map_err(|error| anyhow!(error))?;
    let (no_sso, legacy) = (old_botocore("python-no-sso")?, old_botocore("python-legacy-sso")?);
    for client in [&no_sso, &legacy] {
        for (profile, account) in PROCESS_PROFILES {
            gets_role(&stage, client, profile, account)
                .map_err(|error| anyhow!("{}: {error}", client.name))?;
        }
    }
    // This is why these profiles are separate. If this fails, one profile for each role is enough.
    let refused = stage.ask_profile(&legacy, "Dev.Admin").err().unwrap_or_default();
    ensure!(refused.contains("missing required configuration"), "{refused}");
    Ok(())
}

fn old_botocore(name: &'static str) -> Result<Client> {
    let python = install::directory(name)?.join("bin/python").display().to_string();
    let program = vec![python, "-c".to_owned(), OLD_BOTOCORE.to_owned()];
    Ok(Client { name, version: String::new(), kind: Kind::Library, program })
}

/// Checks that the client gets the credentials of the account and role of the profile.
fn gets_role(
    stage: &Stage<'_>,
    client: &Client,
    profile: &str,
    (account_id, _, role_name): Account,
) -> Result<(), String> {
    let key = stage.ask_profile(client, profile);
    let key = key.map_err(|error| format!("profile {profile}: {error}"))?;
    let owner = stage.emulator.owner_of(&key);
    if owner.is_some_and(|it| it.account_id == account_id && it.role_name == role_name) {
        return Ok(());
    }
    Err(format!("profile {profile}: it got the credentials of another role"))
}

/// Lets both commands write the config file.
fn write(stage: &Stage<'_>) -> Result<(), String> {
    fs::write(&stage.home.config_file, "# by hand\n").map_err(|error| error.to_string())?;
    let process = format!("--credential-process={}", stage.ssocreds.program.join(" "));
    for (arguments, last) in [(CONFIGURE, None), (POPULATE, Some(process.as_str()))] {
        let arguments: Vec<_> = arguments.split_whitespace().chain(last).collect();
        process::run(stage.ssocreds.command(&stage.home, &arguments))
            .map_err(|error| format!("ssocreds wrote no profiles: {error}"))?;
    }
    Ok(())
}
