//! Config files in every dialect that the AWS CLI accepts.

use std::fs;

use expect_test::{Expect, expect};
use sso_emulator::TokenState;

use crate::program::{Scene, set_in_profile};

/// Returns a scene whose config file starts with the given lines.
async fn scene(above: &str) -> Scene {
    let scene = Scene::new(TokenState::Valid).await;
    let config = fs::read_to_string(&scene.home.config_file).unwrap();
    fs::write(&scene.home.config_file, format!("{above}{config}")).unwrap();
    scene
}

const EXPORT: [&str; 4] = ["export", "--no-cache", "--profile", "devsso"];

fn gives_credentials(scene: &Scene, what: &str) {
    let run = scene.run(&EXPORT);
    assert_eq!((run.code(), run.stderr().as_str()), (Some(0), ""), "{what}");
    assert!(run.stdout().contains("AWS_ACCESS_KEY_ID"), "{what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_in_other_sections_are_ignored() {
    for above in [
        "[profile other]\n  region = eu-west-1\n  output = json\n",
        "[profile other]\n\tregion = eu-west-1\n\toutput = json\n",
        "    # an indented comment\n[profile other]\n    # a comment\nregion = x\n  # a comment\n",
        "[profile Org-[production]/Role]\nregion = eu-west-1\n",
        "[profile x] /* text */\n",
        "[profile other]\n<<<<<<< HEAD\nregion = x\n",
        "region = x\n",
        "[profile R&D]\n[profile My Account]\n[profile 'x']\n",
        "[profile unclosed\n",
        "[]\n[profile other]\ns3 =\n  text\n= x\n",
    ] {
        gives_credentials(&scene(above).await, above);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_dialect_of_the_config_file_is_read() {
    let scene = scene("").await;
    let config = fs::read_to_string(&scene.home.config_file).unwrap();
    let indented = |indent: &str| -> String {
        let lines = config.lines().map(|line| {
            let blanks = if line.starts_with('[') || line.is_empty() { "" } else { indent };
            format!("{blanks}{line}\n")
        });
        lines.collect()
    };
    for (what, text) in [
        ("blanks", indented("    ")),
        ("tabs", indented("\t")),
        ("colons", config.replace(" = ", ": ")),
        ("CR", config.replace('\n', "\r")),
        (
            "no-break spaces",
            indented("").replace("\nsso_account_id", "\n\u{a0}sso_account_id\u{a0}"),
        ),
        (
            "comments",
            config
                .replace("\nsso_region", "\n  # comment\nsso_region")
                .replace("\n\n", "\n  # comment\n\n"),
        ),
        (
            "quotes",
            config
                .replace("[profile devsso]", "[profile 'devsso']")
                .replace("[sso-session dev-session]", "[sso-session \"dev-session\"]"),
        ),
    ] {
        fs::write(&scene.home.config_file, text).unwrap();
        gives_credentials(&scene, what);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_indented_credentials_file_is_read() {
    let scene = scene("").await;
    let text = "    [default]\n    aws_access_key_id = AKIAIOSFODNN7EXAMPLE\n    aws_secret_access_key = x\n";
    fs::write(scene.path(".aws/credentials"), text).unwrap();
    gives_credentials(&scene, text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credentials_file_that_cannot_be_read_is_a_warning() {
    let scene = scene("").await;
    fs::write(scene.path(".aws/credentials"), b"\xff").unwrap();
    let run = scene.run(&EXPORT);
    assert_eq!(run.code(), Some(0));
    expect![[r#"
        ssocreds: warning: HOME/.aws/credentials line 1 is not UTF-8 text; save the file as UTF-8; until then the file is ignored
    "#]].assert_eq(&run.stderr());
}

#[tokio::test(flavor = "multi_thread")]
async fn only_warnings_about_the_selected_profile_are_on_stderr() {
    let scene =
        scene("[profile devsso] text\nsso_region = us-east-1\n[profile other] text\n").await;
    let run = scene.run(&EXPORT);
    assert_eq!(run.code(), Some(0));
    expect![[r#"
        ssocreds: warning: HOME/.aws/config line 1: the text after the "]" is ignored; begin it with " #" to make it a comment
    "#]].assert_eq(&run.stderr());
}

async fn error(config: &str, profile: &str, expected: &Expect) {
    let scene = scene(config).await;
    expected.assert_eq(&scene.run(&["export", "--no-cache", "--profile", profile]).failure(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_name_the_line_that_was_ignored() {
    error("[profile My Account]\nsso_session = dev-session\n", "My Account", &expect![[r#"
        ssocreds: profile "My Account" is neither in HOME/.aws/config nor in HOME/.aws/credentials, which does not exist; HOME/.aws/config line 1: the section [profile My Account] is ignored: a name with a space in it must be in quotes; write it as [profile "My Account"]
          to show the sessions and profiles, run: ssocreds status
    "#]]).await;
    error("[profile p]\nsso_session = acme (prod)\n[sso-session acme (prod)]\n", "p", &expect![[r#"
        ssocreds: profile "p" names the sso-session "acme (prod)", HOME/.aws/config line 2, and there is no [sso-session "acme (prod)"] in HOME/.aws/config; HOME/.aws/config line 3: the section [sso-session acme (prod)] is ignored: a name with a space in it must be in quotes; write it as [sso-session "acme (prod)"]
          to show the parsed config files, run: ssocreds config
    "#]])
        .await;
    error("[team]\nsso_session = dev-session\n", "team", &expect![[r#"
        ssocreds: profile "team" is neither in HOME/.aws/config nor in HOME/.aws/credentials, which does not exist; HOME/.aws/config line 1: the section [team] is ignored: the config file can contain only [default], [profile NAME], [sso-session NAME] and [services NAME]; if it is a profile, write [profile team]
          to show the sessions and profiles, run: ssocreds status
    "#]]).await;
    error(
        "[profile p]\nsso_session = dev-session\nsso_account\u{a0}_id = 1\nsso_role_name = x\n",
        "p",
        &expect![[r#"
            ssocreds: profile "p" has a role (sso_role_name, HOME/.aws/config line 4) and no account id; HOME/.aws/config line 3: a property is ignored: its key holds the invisible character U+00A0; remove it, or type the line again
              to show the parsed config files, run: ssocreds config
        "#]],
    )
    .await;
    error("[profile p]\nsso_session = dev-session\n<<<<<<< HEAD\n", "p", &expect![[r##"
        ssocreds: profile "p": HOME/.aws/config line 3: a line has no "="; write it as KEY = VALUE, begin it with "#" to make it a comment, or indent it to continue the value above
          to show the parsed config files, run: ssocreds config
    "##]]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_say_what_is_wrong_with_a_value() {
    error("[profile p]\nsso_session = dev-session\nsso_account_id = \"123456789012\"\nsso_role_name = x\n", "p", &expect![[r#"
        ssocreds: profile "p": sso_account_id of [profile p] is in quotes, HOME/.aws/config line 3; the quotes are part of the value, remove them
          to show the parsed config files, run: ssocreds config
    "#]]).await;
    error("[profile p]\nsso_session = s\n[sso-session s]\nsso_start_url = https://x\nsso_region = us-east-1a\n", "p", &expect![[r#"
        ssocreds: profile "p": sso_region of [sso-session s] cannot be used, HOME/.aws/config line 5: us-east-1a is an availability zone; the region is us-east-1
          to show the parsed config files, run: ssocreds config
    "#]]).await;
    error("[profile p]\ngranted_sso_account_id = 1\n", "p", &expect![[r#"
        ssocreds: profile "p" is not an SSO profile, HOME/.aws/config line 2: only the tool "granted" reads granted_sso_account_id; rename it to sso_account_id
          to show the parsed config files, run: ssocreds config
    "#]]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_error_says_that_the_config_file_is_missing() {
    let scene = scene("").await;
    let missing = scene.path("nowhere");
    let run = |arguments: &[&str]| {
        scene.run_command(scene.command(arguments).env("AWS_CONFIG_FILE", &missing))
    };
    expect![[r#"
        ssocreds: profile "devsso" is neither in HOME/nowhere, which does not exist, nor in HOME/.aws/credentials, which does not exist; create the profile with `ssocreds configure`
          to show the sessions and profiles, run: ssocreds status
    "#]].assert_eq(&run(&EXPORT).failure(3));
    let shown = run(&["config"]).success();
    assert!(shown.contains("HOME/nowhere (does not exist)"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn status_and_config_list_the_sections_that_were_ignored() {
    let above = "[profile My Account]\nx\n[team]\nsso_session = dev-session\n[sso-session a b]\n[plugins]\n";
    let scene = scene(above).await;
    let status = scene.run(&["status"]).success();
    let warnings: String =
        status.split_inclusive('\n').filter(|line| line.starts_with("warning: ")).collect();
    expect![[r#"
        warning: HOME/.aws/config line 1: the section [profile My Account] is ignored: a name with a space in it must be in quotes; write it as [profile "My Account"]
        warning: HOME/.aws/config line 3: the section [team] is ignored: the config file can contain only [default], [profile NAME], [sso-session NAME] and [services NAME]; if it is a profile, write [profile team]
        warning: HOME/.aws/config line 5: the section [sso-session a b] is ignored: a name with a space in it must be in quotes; write it as [sso-session "a b"]
    "#]].assert_eq(&warnings);
    let json = scene.run(&["status", "--format", "json"]).json();
    assert_eq!(json["warnings"].as_array().unwrap().len(), 3, "{json}");
    let all = scene.run(&["config", "--format", "json"]).json();
    assert_eq!(all["warnings"].as_array().unwrap().len(), 4, "{all}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warning_about_the_profile_is_shown_once_after_a_refusal() {
    let scene = Scene::new(TokenState::Valid).await;
    set_in_profile(&scene, "devsso", "odd key = 1");
    scene.emulator.unassign(&scene.home.account_id, &scene.home.role_name);
    let error = scene.run(&["export", "--profile", "devsso"]).failure(5);
    assert!(error.contains("log in again: ssocreds login --sso-session dev-session"), "{error}");
    assert_eq!(error.matches("ssocreds: warning: ").count(), 1, "{error}");
}
