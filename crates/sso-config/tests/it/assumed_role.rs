//! Profiles that assume a role are not SSO profiles. The error names the SSO profile behind them.

use expect_test::expect;

use crate::resolution::{SESSION, fails, resolve};

#[test]
fn a_profile_that_assumes_a_role_names_the_sso_profile_behind_it() {
    let role = "[profile dev]\nsso_session = corp\nrole_arn = arn:aws:iam::1:role/x\n";
    let with = |rest: &str| format!("{role}{rest}");
    fails(
        &with("source_profile = base\n[profile base]\nsso_session = corp"),
        &expect![[
            r#"profile "dev" assumes a role (role_arn, config line 3) and is not an SSO profile itself; its source_profile leads to the SSO profile "base"; choose that one for SSO credentials"#
        ]],
    );
    fails(
        &with(
            "source_profile = a\n[profile a]\nrole_arn = x\nsource_profile = b\nsso_session = y\n\
             [profile b]\nsso_start_url = x",
        ),
        &expect![[
            r#"profile "dev" assumes a role (role_arn, config line 3) and is not an SSO profile itself; its source_profile leads to the SSO profile "b"; choose that one for SSO credentials"#
        ]],
    );
    fails(
        &with("source_profile = a\n[profile a]\nregion = x"),
        &expect![[
            r#"profile "dev" assumes a role (role_arn, config line 3) and is not an SSO profile itself; its source_profile leads to "a", which is not an SSO profile either; choose an SSO profile"#
        ]],
    );
    fails(
        &with("source_profile = a"),
        &expect![[
            r#"profile "dev" assumes a role (role_arn, config line 3) and is not an SSO profile itself; its source_profile leads to "a", which is in neither file; correct that"#
        ]],
    );
    fails(
        &with("source_profile = dev"),
        &expect![[
            r#"profile "dev" assumes a role (role_arn, config line 3) and is not an SSO profile itself; its source_profile leads back to a profile that was already followed; choose an SSO profile"#
        ]],
    );
    fails(
        &with("source_profile = a\n[profile a]\nrole_arn = x\nsource_profile = dev"),
        &expect![[
            r#"profile "dev" assumes a role (role_arn, config line 3) and is not an SSO profile itself; its source_profile leads back to a profile that was already followed; choose an SSO profile"#
        ]],
    );
    fails(
        &with(
            "source_profile = a\n[profile a]\nsso_session = x\nrole_arn = x\nweb_identity_token_file = x",
        ),
        &expect![[
            r#"profile "dev" assumes a role (role_arn, config line 3) and is not an SSO profile itself; its source_profile leads to "a", which is not an SSO profile either; choose an SSO profile"#
        ]],
    );
    fails(
        &with(
            "source_profile = a\n[profile a]\nrole_arn = x\nsource_profile = b\n\
             web_identity_token_file = x\n[profile b]\nsso_session = corp",
        ),
        &expect![[
            r#"profile "dev" assumes a role (role_arn, config line 3) and is not an SSO profile itself; its source_profile leads to "a", which is not an SSO profile either; choose an SSO profile"#
        ]],
    );
    fails(
        &with("credential_source = Environment"),
        &expect![[
            r#"profile "dev" assumes a role (role_arn, config line 3) and is not an SSO profile itself; its credentials come from a credential_source; choose an SSO profile"#
        ]],
    );
    fails(
        &with("web_identity_token_file = /token"),
        &expect![[
            r#"profile "dev" assumes a role with a web identity token (web_identity_token_file, config line 4) and is not an SSO profile; choose an SSO profile, or remove that property"#
        ]],
    );
    // One of the two keys alone does not assume a role.
    for rest in ["role_arn = x", "source_profile = base", "web_identity_token_file = x"] {
        let text = format!("[profile dev]\nsso_session = corp\n{rest}\n{SESSION}");
        assert!(resolve(&text, "dev").is_ok(), "{rest}");
    }
}
