//! `config`: the parsed files, and one resolved profile.

use expect_test::expect;
use sso_emulator::TokenState;

use crate::program::{Scene, narrow};

const CONFIG: &str = "
[default]
region = eu-west-1
s3 =
  max_queue_size = 20
  addressing_style = path
[plain]
region = x
[profile local]
services = local
sso_session = dev-session
max_attempts = 5
[services local]
sso =
  endpoint_url = http://127.0.0.1:9/portal/
";

async fn scene() -> Scene {
    let scene = Scene::new(TokenState::Missing).await;
    scene.configure(CONFIG);
    let credentials = "[static]\naws_access_key_id = AKID\naws_secret_access_key = MARK\n";
    std::fs::write(scene.path(".aws/credentials"), credentials).unwrap();
    scene
}

#[tokio::test(flavor = "multi_thread")]
async fn config_shows_the_files_as_json() {
    let scene = scene().await;
    expect![[r#"
        {
          "files": {
            "config": "HOME/.aws/config",
            "credentials": "HOME/.aws/credentials",
            "missing": []
          },
          "profile": "default",
          "profiles": {
            "default": {
              "region": "eu-west-1",
              "s3": {
                "addressing_style": "path",
                "max_queue_size": "20"
              }
            },
            "devsso": {
              "region": "us-east-1",
              "sso_account_id": "123456789012",
              "sso_role_name": "SSOReadOnlyRole",
              "sso_session": "dev-session"
            },
            "legacy": {
              "region": "us-east-1",
              "sso_account_id": "123456789012",
              "sso_region": "us-east-1",
              "sso_role_name": "SSOReadOnlyRole",
              "sso_start_url": "https://my-sso-portal.awsapps.com/start"
            },
            "local": {
              "max_attempts": "5",
              "services": "local",
              "sso_session": "dev-session"
            },
            "static": {
              "aws_access_key_id": "AKID",
              "aws_secret_access_key": "(hidden)"
            }
          },
          "sso_sessions": {
            "dev-session": {
              "sso_region": "us-east-1",
              "sso_registration_scopes": "sso:account:access",
              "sso_start_url": "https://my-sso-portal.awsapps.com/start"
            }
          },
          "services": {
            "local": {
              "sso": {
                "endpoint_url": "http://127.0.0.1:9/portal/"
              }
            }
          },
          "warnings": [
            "HOME/.aws/config line 27: the section [plain] is ignored: the config file can contain only [default], [profile NAME], [sso-session NAME] and [services NAME]; if it is a profile, write [profile plain]"
          ]
        }
    "#]].assert_eq(&scene.run(&["config", "--format", "json"]).success());
}

#[tokio::test(flavor = "multi_thread")]
async fn config_shows_the_files_as_tables() {
    let scene = scene().await;
    let mut command = scene.command(&["config"]);
    let text = scene.run_command(command.env("AWS_PROFILE", "devsso")).success();
    expect![[r#"
        config file:  HOME/.aws/config
        credentials file: HOME/.aws/credentials
        profile:  devsso (chosen by AWS_PROFILE (environment))
        warning: HOME/.aws/config line 27: the section [plain] is ignored: the config file can contain only [default], [profile NAME], [sso-session NAME] and [services NAME]; if it is a profile, write [profile plain]

        [profile default]
        region  eu-west-1  HOME/.aws/config line 23
        s3  HOME/.aws/config line 24
          addressing_style  path  HOME/.aws/config line 26
          max_queue_size  20  HOME/.aws/config line 25

        [profile devsso]
        region  us-east-1  HOME/.aws/config line 5
        sso_account_id  123456789012  HOME/.aws/config line 3
        sso_role_name  SSOReadOnlyRole  HOME/.aws/config line 4
        sso_session  dev-session  HOME/.aws/config line 2

        [profile legacy]
        region  us-east-1  HOME/.aws/config line 12
        sso_account_id  123456789012  HOME/.aws/config line 10
        sso_region  us-east-1  HOME/.aws/config line 9
        sso_role_name  SSOReadOnlyRole  HOME/.aws/config line 11
        sso_start_url  https://my-sso-portal.awsapps.com/start  HOME/.aws/config line 8

        [profile local]
        max_attempts  5  HOME/.aws/config line 32
        services  local  HOME/.aws/config line 30
        sso_session  dev-session  HOME/.aws/config line 31

        [profile static]
        aws_access_key_id  AKID  HOME/.aws/credentials line 2
        aws_secret_access_key  (hidden)  HOME/.aws/credentials line 3

        [sso-session dev-session]
        sso_region  us-east-1  HOME/.aws/config line 16
        sso_registration_scopes  sso:account:access  HOME/.aws/config line 17
        sso_start_url  https://my-sso-portal.awsapps.com/start  HOME/.aws/config line 15

        [services local]
        sso  HOME/.aws/config line 34
          endpoint_url  http://127.0.0.1:9/portal/  HOME/.aws/config line 35
    "#]].assert_eq(&narrow(&text));
}

#[tokio::test(flavor = "multi_thread")]
async fn config_shows_a_profile_as_json() {
    let scene = scene().await;
    let run = |profile: &str| {
        let mut command = scene.command(&["config", "--format", "json", "--profile", profile]);
        command.env_remove("AWS_ENDPOINT_URL_SSO").env_remove("AWS_ENDPOINT_URL_SSO_OIDC");
        scene.run_command(&mut command).success()
    };
    expect![[r#"
        {
          "kind": "sso_token",
          "session_name": "dev-session",
          "start_url": "https://my-sso-portal.awsapps.com/start",
          "region": "us-east-1",
          "account_id": null,
          "role_name": null,
          "registration_scopes": [
            "sso:account:access"
          ],
          "cache_key": "dev-session",
          "cache_file_name": "6a8732fe3624aef043e5f7811b597bd5e2a56b39.json",
          "endpoints": {
            "portal": "http://127.0.0.1:9/portal",
            "oidc": "https://oidc.us-east-1.amazonaws.com"
          },
          "settings": {
            "portal_endpoint": {
              "value": "http://127.0.0.1:9/portal",
              "source": "endpoint_url of [services local], HOME/.aws/config line 35"
            },
            "oidc_endpoint": {
              "value": "https://oidc.us-east-1.amazonaws.com",
              "source": "default"
            },
            "use_fips_endpoint": {
              "value": false,
              "source": "default"
            },
            "use_dualstack_endpoint": {
              "value": false,
              "source": "default"
            },
            "ca_bundle": {
              "value": null,
              "source": "default"
            },
            "max_attempts": {
              "value": 5,
              "source": "max_attempts of [profile local], HOME/.aws/config line 32"
            }
          },
          "warnings": []
        }
    "#]]
    .assert_eq(&run("local"));
    expect![[r#"
        {
          "kind": "sso_credentials",
          "session_name": null,
          "start_url": "https://my-sso-portal.awsapps.com/start",
          "region": "us-east-1",
          "account_id": "123456789012",
          "role_name": "SSOReadOnlyRole",
          "registration_scopes": [],
          "cache_key": "https://my-sso-portal.awsapps.com/start",
          "cache_file_name": "c7aaaf71fcc8777ae2475525ed049d39fe16c484.json",
          "endpoints": {
            "portal": "https://portal.sso.us-east-1.amazonaws.com",
            "oidc": "https://oidc.us-east-1.amazonaws.com"
          },
          "settings": {
            "portal_endpoint": {
              "value": "https://portal.sso.us-east-1.amazonaws.com",
              "source": "default"
            },
            "oidc_endpoint": {
              "value": "https://oidc.us-east-1.amazonaws.com",
              "source": "default"
            },
            "use_fips_endpoint": {
              "value": false,
              "source": "default"
            },
            "use_dualstack_endpoint": {
              "value": false,
              "source": "default"
            },
            "ca_bundle": {
              "value": null,
              "source": "default"
            },
            "max_attempts": {
              "value": 3,
              "source": "default"
            }
          },
          "warnings": []
        }
    "#]]
    .assert_eq(&run("legacy"));
}

#[tokio::test(flavor = "multi_thread")]
async fn config_shows_the_warnings_of_a_profile() {
    let scene = scene().await;
    scene.configure(
        "[profile short]\nsso_start_url = http://example.com/start\nsso_region = us-east-1\n\
         sso_account_id = 12345678901\nsso_role_name = R\nsso region = us-east-2\n\
         [profile two words]\n[plugins]\n",
    );
    let json = scene.run(&["config", "--profile", "short", "--format", "json"]).json();
    let warnings = json["warnings"].as_array().unwrap();
    let has = |what| warnings.iter().any(|it| it.as_str().unwrap().contains(what));
    assert!(has("12 digits") && has("https"), "{warnings:?}");
    assert!(has("a property is ignored"), "{warnings:?}");
    // Warnings about other sections are left out.
    assert!(!has("plugins") && !has("two words"), "{warnings:?}");
    let table = scene.run(&["config", "--profile", "short"]).success();
    assert_eq!(table.matches("warning: ").count(), warnings.len(), "{table}");
}

#[tokio::test(flavor = "multi_thread")]
async fn config_shows_a_profile_as_a_table() {
    let scene = scene().await;
    let mut command = scene.command(&["config", "--profile", "devsso"]);
    command.env("AWS_CA_BUNDLE", "~/ca.pem").env("AWS_MAX_ATTEMPTS", "1");
    expect![[r#"
        PROFILE  devsso
        kind  sso_credentials
        session name  dev-session
        start URL  https://my-sso-portal.awsapps.com/start
        region  us-east-1
        account id  123456789012
        role name  SSOReadOnlyRole
        registration scopes  sso:account:access
        cache key  dev-session
        cache file name  6a8732fe3624aef043e5f7811b597bd5e2a56b39.json

        SETTING  VALUE  FROM
        portal endpoint  EMULATOR  AWS_ENDPOINT_URL_SSO (environment)
        OIDC endpoint  EMULATOR  AWS_ENDPOINT_URL_SSO_OIDC (environment)
        use FIPS endpoint  false  default
        use dual-stack endpoint  false  default
        CA bundle  HOME/ca.pem  AWS_CA_BUNDLE (environment)
        max attempts  1  AWS_MAX_ATTEMPTS (environment)
    "#]]
    .assert_eq(&narrow(&scene.run_command(&mut command).success()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_profile_is_a_configuration_error() {
    let scene = scene().await;
    let error = scene.run(&["config", "--profile", "devsos"]).failure(3);
    expect![[r#"
        ssocreds: profile "devsos" is neither in HOME/.aws/config nor in HOME/.aws/credentials; did you mean "devsso"?
          to show the sessions and profiles, run: ssocreds status
    "#]].assert_eq(&error);
    let mut command = scene.command(&["config", "--profile", "devsso", "--format", "json"]);
    command.env("AWS_ENDPOINT_URL_SSO", "http://sso.example.com");
    expect![[r#"
        {"error":{"message":"the endpoint URL set by AWS_ENDPOINT_URL_SSO (environment) cannot be used: plain http is allowed only for this machine (localhost, 127.0.0.1, [::1]), because it sends the access token unencrypted; use https","causes":[],"exit_code":3,"kind":"configuration"}}
    "#]].assert_eq(&scene.run_command(&mut command).failure(3));
    std::fs::write(&scene.home.config_file, b"[default]\n\xff").unwrap();
    expect![[r#"
        ssocreds: HOME/.aws/config line 2 is not UTF-8 text; save the file as UTF-8
    "#]]
    .assert_eq(&scene.run(&["config"]).failure(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_oidc_endpoint_of_a_dual_stack_portal_is_dual_stack() {
    let scene = Scene::new(TokenState::Missing).await;
    scene.configure(
        "[profile dual]\nsso_session = dual\n[sso-session dual]\nsso_region = eu-west-1\n\
         sso_start_url = https://ssoins-1.portal.eu-west-1.app.aws\n",
    );
    let mut command = scene.command(&["config", "--profile", "dual", "--format", "json"]);
    command.env_remove("AWS_ENDPOINT_URL_SSO").env_remove("AWS_ENDPOINT_URL_SSO_OIDC");
    let shown: serde_json::Value =
        serde_json::from_str(&scene.run_command(&mut command).success()).unwrap();
    let endpoints = &shown["endpoints"];
    assert_eq!(endpoints["oidc"], "https://oidc.eu-west-1.api.aws");
    assert_eq!(endpoints["portal"], "https://portal.sso.eu-west-1.amazonaws.com");
}
