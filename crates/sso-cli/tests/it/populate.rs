//! `populate` writes profiles for all accounts and roles, and changes nothing else in the file.

use std::fs;
use std::process::Stdio;
use std::time::Duration;

use expect_test::expect;
use sso_emulator::{Emulator, EmulatorBuilder, ErrorName, Fault, Operation, TokenState};

use crate::program::{Run, Scene};

const POPULATE: [&str; 3] = ["populate", "--sso-session", "dev-session"];

fn accounts() -> EmulatorBuilder {
    Emulator::builder()
        .account("123456789012", "Development", "dev@example.com", ["Admin", "ReadOnly"])
        .account("210987654321", "Team A, \"prod\" = [EU]\n😀", "p@example.com", ["ReadOnly"])
}

async fn scene() -> Scene {
    Scene::with(accounts(), TokenState::Valid).await
}

fn config(scene: &Scene) -> String {
    fs::read_to_string(&scene.home.config_file).unwrap()
}

fn populate(scene: &Scene, more: &[&str]) -> Run {
    scene.run(&[&POPULATE, more].concat())
}

#[tokio::test(flavor = "multi_thread")]
async fn profiles_are_added_at_the_end_and_a_second_run_changes_nothing() {
    let scene = scene().await;
    let before = config(&scene);
    let more = ["--region", "eu-west-1", "--set", "output=json"];
    expect![[r#"
        Profiles in HOME/.aws/config: 3 added, 0 changed, 0 removed, 0 unchanged
    "#]]
    .assert_eq(&populate(&scene, &more).success());
    let after = config(&scene);
    expect![[r#"

        [profile Development.Admin]
        sso_session = dev-session
        sso_account_id = 123456789012
        sso_role_name = Admin
        region = eu-west-1
        output = json
        ssocreds_generated = sso_session,sso_account_id,sso_role_name,region,output

        [profile Development.ReadOnly]
        sso_session = dev-session
        sso_account_id = 123456789012
        sso_role_name = ReadOnly
        region = eu-west-1
        output = json
        ssocreds_generated = sso_session,sso_account_id,sso_role_name,region,output

        [profile Team-A-prod-EU.ReadOnly]
        sso_session = dev-session
        sso_account_id = 210987654321
        sso_role_name = ReadOnly
        region = eu-west-1
        output = json
        ssocreds_generated = sso_session,sso_account_id,sso_role_name,region,output
    "#]]
    .assert_eq(after.strip_prefix(&before).unwrap());
    let again = populate(&scene, &more).success();
    assert!(again.ends_with("0 added, 0 changed, 0 removed, 3 unchanged\n"), "{again}");
    assert_eq!(config(&scene), after);
    let credentials = ["export", "--profile", "Team-A-prod-EU.ReadOnly", "--format", "json"];
    scene.run(&credentials).success();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_shows_the_difference_and_writes_nothing() {
    let scene = scene().await;
    let before = config(&scene);
    let filters = ["--account-name", "dev*", "--role-name", "adm?n"];
    let name = ["--dry-run", "--name", "{session}/{account_id}.{role_name}"];
    let shown = populate(&scene, &[&filters[..], &name].concat()).success();
    let added: Vec<_> = shown.lines().filter(|line| line.starts_with('+')).collect();
    expect![[r#"
        +++ HOME/.aws/config
        +
        +[profile dev-session/123456789012.Admin]
        +sso_session = dev-session
        +sso_account_id = 123456789012
        +sso_role_name = Admin
        +ssocreds_generated = sso_session,sso_account_id,sso_role_name"#]]
    .assert_eq(&added.join("\n"));
    assert_eq!(config(&scene), before);
    populate(&scene, &filters).success();
    assert_eq!(populate(&scene, &[&filters[..], &["--dry-run"]].concat()).success(), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn edits_of_the_user_are_kept() {
    let scene = scene().await;
    populate(&scene, &["--region", "eu-west-1"]).success();
    let edited = config(&scene)
        .replace(
            "[profile Development.Admin]\n",
            "# my favourite\n[profile Development.Admin]\ncolour: red # really\n",
        )
        .replacen("region = eu-west-1", "region   =   eu-west-2", 1);
    fs::write(&scene.home.config_file, &edited).unwrap();
    populate(&scene, &["--region", "eu-west-3"]).success();
    assert_eq!(config(&scene), edited);
    populate(&scene, &["--region", "eu-west-3", "--overwrite"]).success();
    let expected =
        edited.replace("= eu-west-1", "= eu-west-3").replace("=   eu-west-2", "=   eu-west-3");
    assert_eq!(config(&scene), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn pruning_removes_generated_profiles_of_unassigned_roles() {
    let scene = scene().await;
    scene.configure("# the end, without a newline\n[profile mine]\nsso_session = dev-session");
    let by_hand = config(&scene);
    let generated = |name: &str, account: &str, more: &str| {
        format!(
            "\n[profile {name}]\nsso_session = dev-session\nsso_account_id = {account}\n\
             sso_role_name = Admin\n{more}ssocreds_generated = sso_session,sso_account_id,sso_role_name\n"
        )
    };
    populate(&scene, &["--name", "old.{account_id}.{role_name}"]).success();
    let text = config(&scene)
        + &generated("gone", "999999999999", "")
        + &generated("gone-mine", "999999999999", "output = json\n")
        + &generated("other", "999999999999", "").replace("dev-session", "other");
    fs::write(&scene.home.config_file, &text).unwrap();
    // Without --prune nothing is removed.
    populate(&scene, &[]).success();
    assert!(config(&scene).starts_with(&text));

    let run = populate(&scene, &["--prune", "--account-name", "Development"]);
    assert_eq!(run.code(), Some(0), "{}", run.stderr());
    expect![[r#"
        Profiles in HOME/.aws/config: 0 added, 0 changed, 3 removed, 2 unchanged
    "#]]
    .assert_eq(&run.stdout());
    expect![[r#"
        ssocreds: warning: profile "gone-mine" is outdated, but was kept because you added keys to it; remove it yourself
    "#]]
    .assert_eq(&run.stderr());
    let left = config(&scene);
    assert!(left.starts_with(&by_hand), "{left}");
    let names: Vec<_> = left[by_hand.len()..].lines().filter(|it| it.starts_with('[')).collect();
    assert_eq!(
        names,
        [
            "[profile old.210987654321.ReadOnly]",
            "[profile gone-mine]",
            "[profile other]",
            "[profile Development.Admin]",
            "[profile Development.ReadOnly]",
            "[profile Team-A-prod-EU.ReadOnly]",
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_in_use_is_an_error_and_nothing_is_written() {
    let builder = accounts().account("000000000001", "development", "x@example.com", ["Admin"]);
    let builder = builder.account("000000000002", "development", "x@example.com", ["Admin"]);
    let scene = Scene::with(builder, TokenState::Valid).await;
    expect![[r#"
        ssocreds: Admin in 000000000001 (development) and Admin in 000000000002 (development) would both be profile "development.Admin"; choose a --name that distinguishes them, for example with {account_id}
    "#]]
    .assert_eq(&populate(&scene, &[]).failure(3));
    let one = ["--name", "devsso", "--account-name", "team*"];
    expect![[r#"
        ssocreds: profile "devsso", for ReadOnly in 210987654321 (Team A, "prod" = [EU]\n😀), already exists in the config file and was not written by `ssocreds populate`; rename it, or choose another --name
    "#]]
    .assert_eq(&populate(&scene, &one).failure(3));
    scene.configure(
        "[profile x.process]\nsso_session = dev-session\nssocreds_generated = sso_session\n",
    );
    let before = config(&scene);
    let one = ["--credential-process", "--name", "x", "--account-name", "team*"];
    let error = populate(&scene, &one).failure(3);
    assert!(error.contains("profile \"x.process\", for ReadOnly in 210987654321"), "{error}");
    fs::write(scene.path(".aws/credentials"), "[taken]\naws_access_key_id = x\n").unwrap();
    let one = ["--name", "taken", "--account-name", "team*"];
    let error = populate(&scene, &one).failure(3);
    assert!(error.contains("already exists in the credentials file"), "{error}");
    assert_eq!(config(&scene), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_incomplete_list_is_written_only_with_allow_incomplete() {
    let mut builder = Emulator::builder();
    for at in 0..40 {
        builder = builder.account(format!("{at:012}"), format!("Account {at}"), "a@b.c", ["R"]);
    }
    let scene = Scene::with(builder, TokenState::Valid).await;
    scene.configure(
        "[profile gone]\nsso_session = dev-session\nsso_account_id = 9\nsso_role_name = R\n\
         ssocreds_generated = sso_session,sso_account_id,sso_role_name\n",
    );
    let before = config(&scene);
    let break_off = || {
        scene.emulator.clear_faults();
        let undisturbed = Fault::Delay(Duration::ZERO);
        scene.emulator.fault_next(Operation::ListAccountRoles, 30, undisturbed);
        scene.emulator.fault_on(Operation::ListAccountRoles, Fault::Delay(Duration::from_secs(9)));
    };
    break_off();
    populate(&scene, &["--prune", "--timeout", "2"]).failure(6);
    assert_eq!(config(&scene), before);
    break_off();
    let run = populate(&scene, &["--prune", "--timeout", "2", "--allow-incomplete"]);
    assert_eq!(run.code(), Some(6), "{}", run.stderr());
    assert!(run.stderr().contains("the list of roles is incomplete; no profile was removed"));
    let after = config(&scene);
    let added = after.strip_prefix(&before).unwrap().matches("[profile Account-").count();
    assert!((1..=30).contains(&added), "{added}");
}

#[tokio::test(flavor = "multi_thread")]
async fn several_runs_at_once_write_each_profile_once() {
    let scene = scene().await;
    let children: Vec<_> =
        (0..4).map(|_| scene.command(&POPULATE).stdout(Stdio::null()).spawn().unwrap()).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(config(&scene).matches("ssocreds_generated").count(), 3);
    populate(&scene, &["--prune"]).success();
    assert_eq!(config(&scene).matches("[profile Team-A-prod-EU.ReadOnly]").count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_on_several_pages_are_all_written() {
    let mut builder = Emulator::builder();
    for at in 0..5 {
        let roles = (0..200).map(|role| format!("Role{role}"));
        builder = builder.account(format!("{at:012}"), format!("Account {at}"), "a@b.c", roles);
    }
    let scene = Scene::with(builder, TokenState::Valid).await;
    let added = populate(&scene, &["--region", "eu-west-1"]).success();
    assert!(added.contains("1000 added"), "{added}");
    let again = populate(&scene, &["--region", "eu-west-1", "--prune"]).success();
    assert!(again.contains("0 removed, 1000 unchanged"), "{again}");
}

/// The second profile is for tools that refuse a profile with SSO keys.
#[tokio::test(flavor = "multi_thread")]
async fn credential_process_adds_a_second_profile_without_sso_keys() {
    let scene = scene().await;
    let options = [
        "--credential-process=/opt/my tools/ssocreds",
        "--region=eu-west-1",
        "--account-name=dev*",
        "--role-name=Admin",
    ];
    let before = config(&scene);
    let summary = populate(&scene, &options).success();
    assert!(summary.contains("2 added"), "{summary}");
    let after = config(&scene);
    if cfg!(unix) {
        expect![[r"

            [profile Development.Admin]
            sso_session = dev-session
            sso_account_id = 123456789012
            sso_role_name = Admin
            region = eu-west-1
            ssocreds_generated = sso_session,sso_account_id,sso_role_name,region

            [profile Development.Admin.process]
            credential_process = '/opt/my tools/ssocreds' credential-process --profile Development.Admin
            region = eu-west-1
            ssocreds_generated = credential_process,region
        "]]
        .assert_eq(after.strip_prefix(&before).unwrap());
    }
    let summary = populate(&scene, &options).success();
    assert!(summary.contains("0 added, 0 changed, 0 removed, 2 unchanged"), "{summary}");
    assert_eq!(config(&scene), after);
    let credentials = |profile| scene.run(&["credential-process", "--profile", profile]).success();
    assert_eq!(credentials("Development.Admin.process"), credentials("Development.Admin"));
}

#[tokio::test(flavor = "multi_thread")]
async fn pruning_removes_the_second_profile_too() {
    let scene = scene().await;
    let by_hand =
        "\n[profile mine]\ncredential_process = ssocreds credential-process --profile gone\n";
    scene.configure(by_hand);
    let before = config(&scene);
    let process = |name: &str, target: &str, more: &str| {
        format!(
            "\n[profile {name}.process]\ncredential_process = ssocreds credential-process --profile \
             {target}\n{more}ssocreds_generated = credential_process\n"
        )
    };
    populate(&scene, &["--credential-process", "--name", "old.{account_id}.{role_name}"]).success();
    let text = config(&scene)
        + "\n[profile gone]\nsso_session = dev-session\nsso_account_id = 999999999999\n\
           sso_role_name = Admin\nssocreds_generated = sso_session,sso_account_id,sso_role_name\n"
        + &process("gone", "gone", "")
        + &process("missing", "missing", "")
        + &process("edited", "gone", "output = json\n")
        + &process("devsso", "devsso", "");
    fs::write(&scene.home.config_file, text).unwrap();
    // Without --credential-process, the second profiles of assigned roles are kept.
    let run = populate(&scene, &["--prune", "--name", "old.{account_id}.{role_name}"]);
    assert!(run.stdout().contains("0 added, 0 changed, 3 removed, 3 unchanged"));
    assert!(run.stderr().contains("profile \"edited.process\" is outdated"));
    let run = populate(&scene, &["--prune", "--credential-process"]);
    assert!(run.stdout().contains("6 added, 0 changed, 6 removed, 0 unchanged"));
    let left = config(&scene);
    let names = left.strip_prefix(&before).unwrap().lines().filter(|it| it.starts_with('['));
    assert_eq!(
        names.collect::<Vec<_>>(),
        [
            "[profile edited.process]",
            "[profile devsso.process]",
            "[profile Development.Admin]",
            "[profile Development.Admin.process]",
            "[profile Development.ReadOnly]",
            "[profile Development.ReadOnly.process]",
            "[profile Team-A-prod-EU.ReadOnly]",
            "[profile Team-A-prod-EU.ReadOnly.process]",
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_options_are_refused() {
    let scene = scene().await;
    for more in [["--name", "a b"], ["--set", "sso_region=x"], ["--set", "x"], ["--region", "X"]] {
        populate(&scene, &more).failure(2);
    }
    populate(&scene, &["--set", "a b=c"]).failure(3);
    let legacy = scene.run(&["populate", "--profile", "legacy"]).failure(3);
    assert!(legacy.contains("a legacy profile has no sso-session"), "{legacy}");
    scene.emulator.fault_on(Operation::ListAccounts, ErrorName::Forbidden);
    populate(&scene, &[]).failure(5);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_symbolic_link_is_kept_and_a_write_protected_file_is_not_changed() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    let scene = scene().await;
    let real = scene.path("dotfiles-config");
    fs::rename(&scene.home.config_file, &real).unwrap();
    symlink(&real, &scene.home.config_file).unwrap();
    fs::set_permissions(&real, fs::Permissions::from_mode(0o644)).unwrap();
    populate(&scene, &["--role-name", "Admin"]).success();
    assert_eq!(fs::read_link(&scene.home.config_file).unwrap(), real);
    assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o644);
    assert!(config(&scene).contains("[profile Development.Admin]"));

    fs::set_permissions(&real, fs::Permissions::from_mode(0o444)).unwrap();
    let before = config(&scene);
    let error = populate(&scene, &[]).failure(1);
    assert!(error.contains("is write-protected; make it writable"), "{error}");
    assert_eq!(config(&scene), before);
}

/// The resulting file is also an input of the tests of `sso-config`, which compare the readers of other
/// tools.
#[cfg(not(windows))] // On Windows the program in credential_process is quoted differently.
#[tokio::test(flavor = "multi_thread")]
async fn special_account_names_give_the_file_that_other_tools_are_tested_with() {
    let roles = ["Admin", "a+b=c,d.e@f-g_h"];
    let long = "x".repeat(200);
    let mut builder = Emulator::builder();
    for (at, name) in [
        "Dev",
        "\"quoted\" 'name'",
        "[brackets] # x = y",
        "two\nlines",
        "größe 😀",
        "R&D; $(x)",
        &long,
    ]
    .into_iter()
    .enumerate()
    {
        builder = builder.account(format!("{at:012}"), name, "a+b@example.com", roles);
    }
    let scene = Scene::with(builder, TokenState::Valid).await;
    fs::write(&scene.home.config_file, "# by hand\n").unwrap();
    let configure = "configure --sso-session dev-session --start-url my-sso-portal.awsapps.com/start/#/ \
                     --sso-region us-east-1 --account-id 000000000000 --role-name Admin --profile first --yes";
    scene.run(&configure.split(' ').filter(|it| !it.is_empty()).collect::<Vec<_>>()).success();
    populate(&scene, &["--region", "eu-west-1", "--credential-process"]).success();
    populate(&scene, &["--name", "{session}/{email}.{account_id}.{role_name}"]).success();
    expect_test::expect_file!["../../../sso-config/tests/it/populated.config"]
        .assert_eq(&config(&scene));
}
