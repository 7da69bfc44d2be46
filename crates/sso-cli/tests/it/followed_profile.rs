//! A profile whose `credential_process` runs ssocreds for another profile.

use expect_test::{Expect, expect};
use sso_emulator::TokenState;

use crate::program::{Scene, narrow};

const CONFIG: &str = "\
[profile dev]
region = eu-central-1
credential_process = ssocreds credential-process --profile devsso

[profile again]
credential_process = '/opt/my tools/ssocreds' credential-process --no-cache --profile=dev

[profile other]
credential_process = /opt/bin/other-tool --secret MARK

[profile unnamed]
credential_process = ssocreds credential-process

[profile one]
credential_process = ssocreds credential-process --profile two

[profile two]
credential_process = ssocreds credential-process --profile one

[profile role]
role_arn = arn:aws:iam::123456789012:role/x
source_profile = dev
credential_process = ssocreds credential-process --profile devsso
";

async fn scene() -> Scene {
    let scene = Scene::new(TokenState::Valid).await;
    scene.configure(CONFIG);
    scene
}

#[tokio::test(flavor = "multi_thread")]
async fn the_profile_that_the_credential_process_names_is_used() {
    let scene = scene().await;
    let direct = scene.run(&["export", "--profile", "devsso"]).success();
    let mut command = scene.command(&["export"]);
    assert_eq!(scene.run_command(command.env("AWS_PROFILE", "dev")).success(), direct);
    for name in ["dev", "again"] {
        assert_eq!(scene.run(&["export", "--profile", name]).success(), direct);
        scene.run(&["token", "--profile", name]).success();
        let status = scene.run(&["status", "--profile", name]).success();
        assert!(status.contains("devsso"), "{status}");
        let config = narrow(&scene.run(&["config", "--profile", name]).success());
        assert!(config.contains("PROFILE  devsso"), "{config}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_region_is_that_of_the_selected_profile() {
    let scene = scene().await;
    for (name, region) in [("dev", "eu-central-1"), ("devsso", "us-east-1"), ("again", "us-east-1")]
    {
        let exported = scene.run(&["export", "--profile", name, "--region"]).success();
        for variable in ["AWS_REGION", "AWS_DEFAULT_REGION"] {
            assert!(exported.contains(&format!("export {variable}={region}\n")), "{exported}");
        }
        let json = ["export", "--profile", name, "--region", "--format", "json"];
        assert_eq!(scene.run(&json).json()["AWS_REGION"], region);
        let ini = ["export", "--profile", name, "--region", "--format", "ini"];
        let ini = scene.run(&ini).success();
        assert!(ini.starts_with(&format!("[{name}]\naws_access_key_id = ")), "{ini}");
        assert!(ini.ends_with(&format!("\nregion = {region}\n")), "{ini}");
    }
    scene.configure(
        "[profile nowhere]\nsso_session = dev-session\n\
         sso_account_id = 123456789012\nsso_role_name = SSOReadOnlyRole\n",
    );
    let run = scene.run(&["export", "--profile", "nowhere", "--region"]);
    assert_eq!(run.code(), Some(0));
    assert!(!run.stdout().contains("REGION"), "{}", run.stdout());
    assert_eq!(
        run.stderr(),
        "ssocreds: warning: profile \"nowhere\" has no region; none is exported\n"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_process_without_an_sso_profile_is_an_error() {
    let scene = scene().await;
    let check = |name: &str, expected: Expect| {
        expected.assert_eq(&scene.run(&["export", "--profile", name]).failure(3));
    };
    check(
        "other",
        expect![[r#"
            ssocreds: profile "other" is not an SSO profile: its credential_process (HOME/.aws/config line 29) runs "/opt/bin/other-tool"; choose an SSO profile
        "#]],
    );
    check(
        "unnamed",
        expect![[r#"
            ssocreds: profile "unnamed" is not an SSO profile: its credential_process (HOME/.aws/config line 32) runs ssocreds without --profile; name an SSO profile there
        "#]],
    );
    check(
        "one",
        expect![[r#"
            ssocreds: profile "two" is not an SSO profile: its credential_process (HOME/.aws/config line 38) leads back to profile "one"; name an SSO profile there
        "#]],
    );
    let error = scene.run(&["export", "--profile", "role"]).failure(3);
    assert!(error.contains("assumes a role"), "{error}");
}
