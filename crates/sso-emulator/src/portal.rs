//! The SSO portal's operations.

use serde_json::{Value, json};

use crate::answer::Answer;
use crate::query::Query;
use crate::settings::after;
use crate::world::World;
use crate::{ErrorName, Operation};

/// The largest page, and the default size of a page.
const PAGE_LIMIT: usize = 100;

/// Answers a request. `access_token` is the value of its `x-amz-sso_bearer_token` header.
pub(crate) fn answer(
    world: &World,
    operation: Operation,
    query: &Query,
    access_token: Option<&str>,
) -> Answer {
    let work = || match operation {
        Operation::GetRoleCredentials => get_role_credentials(world, query, access_token),
        Operation::ListAccounts => list_accounts(world, query, access_token),
        Operation::ListAccountRoles => list_account_roles(world, query, access_token),
        _ => log_out(world, access_token),
    };
    work().unwrap_or_else(|Refusal(name, message)| {
        Answer::error_with(operation, name, message.as_deref(), None)
    })
}

struct Refusal(ErrorName, Option<String>);

impl From<ErrorName> for Refusal {
    fn from(name: ErrorName) -> Self {
        Self(name, None)
    }
}

fn get_role_credentials(
    world: &World,
    query: &Query,
    access_token: Option<&str>,
) -> Result<Answer, Refusal> {
    let account_id = required(query, "account_id")?;
    let role_name = required(query, "role_name")?;
    authorize(world, access_token)?;
    let expiration = after(world.now(), world.settings.credentials_ttl);
    let mut state = world.lock();
    if !state.assignments.is_assigned(account_id, role_name) {
        return Err(ErrorName::Forbidden.into());
    }
    state.log.counts.credentials_issued += 1;
    let credentials = state.assignments.issue(account_id, role_name, expiration);
    Ok(Answer::ok(&json!({"roleCredentials": {
        "accessKeyId": credentials.access_key_id,
        "secretAccessKey": credentials.secret_access_key,
        "sessionToken": credentials.session_token,
        "expiration": credentials.expiration.as_millisecond(),
    }})))
}

fn list_accounts(
    world: &World,
    query: &Query,
    access_token: Option<&str>,
) -> Result<Answer, Refusal> {
    authorize(world, access_token)?;
    let state = world.lock();
    let accounts = state.assignments.accounts().iter().map(|account| {
        json!({
            "accountId": account.id,
            "accountName": account.name,
            "emailAddress": account.email,
        })
    });
    page(query, "accountList", accounts.collect())
}

fn list_account_roles(
    world: &World,
    query: &Query,
    access_token: Option<&str>,
) -> Result<Answer, Refusal> {
    let account_id = required(query, "account_id")?;
    authorize(world, access_token)?;
    let state = world.lock();
    let account = state.assignments.account(account_id).ok_or(ErrorName::Forbidden)?;
    let roles = account.roles.iter();
    let roles = roles.map(|role| json!({"roleName": role, "accountId": account_id}));
    page(query, "roleList", roles.collect())
}

fn log_out(world: &World, access_token: Option<&str>) -> Result<Answer, Refusal> {
    let access_token = authorize(world, access_token)?;
    world.lock().sessions.log_out(access_token);
    Ok(Answer::empty())
}

fn authorize<'a>(world: &World, access_token: Option<&'a str>) -> Result<&'a str, Refusal> {
    let now = world.now();
    access_token
        .filter(|token| world.lock().sessions.accepts(token, now))
        .ok_or_else(|| ErrorName::Unauthorized.into())
}

fn required<'a>(query: &'a Query, name: &str) -> Result<&'a str, Refusal> {
    query.get(name).ok_or_else(|| {
        Refusal(ErrorName::InvalidRequest, Some(format!("Missing required parameter: {name}")))
    })
}

/// Returns one page of a list. `nextToken` is the index at which the next page begins; AWS's is
/// opaque.
fn page(query: &Query, name: &str, items: Vec<Value>) -> Result<Answer, Refusal> {
    let wrong = |name: &str| {
        Refusal(ErrorName::InvalidRequest, Some(format!("Invalid value for parameter: {name}")))
    };
    let limit = match query.get("max_result") {
        Some(limit) => limit
            .parse()
            .ok()
            .filter(|limit| (1..=PAGE_LIMIT).contains(limit))
            .ok_or_else(|| wrong("max_result"))?,
        None => PAGE_LIMIT,
    };
    let begin = match query.get("next_token") {
        Some(token) => token
            .strip_prefix("page-")
            .and_then(|begin| begin.parse().ok())
            .filter(|begin| *begin < items.len())
            .ok_or_else(|| wrong("next_token"))?,
        None => 0,
    };
    let end = begin.saturating_add(limit);
    let next = (end < items.len()).then(|| format!("page-{end}"));
    let shown: Vec<_> = items.into_iter().skip(begin).take(limit).collect();
    Ok(Answer::ok(&json!({"nextToken": next, name: shown})))
}
