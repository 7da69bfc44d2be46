//! Successful and failed answers of the SSO portal.
//!
//! Input: see `answer`; the operations are `GetRoleCredentials`, `ListAccounts`,
//! `ListAccountRoles` and `Logout`.

use std::fmt::Debug;
use std::sync::Arc;

use sso_http::{
    GetRoleCredentials, ListAccountRoles, ListAccounts, Logout, Portal, PortalOperation,
};
use sso_types::{AccessToken, AccountId, Credentials, Region, RoleName};
use tower::Service as _;

use super::Verdict;
use super::answer::{Answer, at_once};

/// The access token of every request; seeds repeat it as a hostile server would.
const TOKEN: &str = "MARK-access-token-of-the-request";

pub fn check(input: &[u8]) -> Verdict {
    let answer = Answer::new(input);
    let token = AccessToken::new(TOKEN);
    let account_id = AccountId::new("0123456789012").expect("an account id");
    match answer.operation.as_str() {
        "ListAccounts" => ask(&answer, ListAccounts::new(token), |page| {
            assert!(page.account_list.len() <= length(&answer, "accountList"));
            assert_ne!(page.next_token.as_deref(), Some(""));
        }),
        "ListAccountRoles" => ask(&answer, ListAccountRoles::new(token, account_id), |page| {
            assert!(page.role_list.len() <= length(&answer, "roleList"));
            assert_ne!(page.next_token.as_deref(), Some(""));
        }),
        "Logout" => ask(&answer, Logout::new(token), |()| ()),
        _ => {
            let role_name = RoleName::new("SSOReadOnlyRole").expect("a role name");
            let operation = GetRoleCredentials::new(token, account_id.clone(), role_name);
            ask(&answer, operation, |credentials| {
                fits(&answer, &credentials);
                assert_eq!(credentials.account_id(), Some(&account_id));
            })
        }
    }
}

fn ask<Op>(answer: &Answer, operation: Op, fits: impl FnOnce(Op::Response)) -> Verdict
where
    Op: PortalOperation,
    Op::Response: Debug,
{
    let asked = Arc::default();
    let region = Region::new("eu-central-1").expect("a region");
    let read = at_once(Portal::new(answer.service(&asked), region).call(operation));
    answer.check(Op::NAME, &[TOKEN], read, fits)
}

/// Checks that another JSON parser finds the same credentials.
fn fits(answer: &Answer, credentials: &Credentials) {
    let Some(value) = answer.json() else { return };
    let field = |name: &str| value["roleCredentials"][name].as_str();
    assert_eq!(field("accessKeyId"), Some(credentials.access_key_id()));
    let secret = credentials.secret_access_key().expose_secret();
    assert_eq!(field("secretAccessKey"), Some(secret));
    assert_eq!(field("sessionToken"), Some(credentials.session_token().expose_secret()));
    let header_safe = |text: &str| !text.is_empty() && !text.chars().any(char::is_control);
    assert!(header_safe(credentials.access_key_id()) && header_safe(secret));
    if let Some(expiration) = value["roleCredentials"]["expiration"].as_i64() {
        assert_eq!(credentials.expires_at().as_millisecond(), expiration);
    }
}

/// The length of the list, as another JSON parser reads it.
fn length(answer: &Answer, list: &str) -> usize {
    answer.json().map_or(usize::MAX, |value| value[list].as_array().map_or(0, Vec::len))
}
