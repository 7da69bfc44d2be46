//! `ssocreds roles`: the roles that the login gives access to, of one account or of all.
//!
//! Not responsible for asking for them (`portal_lists`).

use serde::Serialize;
use sso_http::{RoleInfo, ServiceError};
use sso_provider::BearerToken;
use sso_types::AccountId;

use crate::arguments::{Roles, TableFormat};
use crate::commands::portal_lists::PortalLists;
use crate::context::Context;
use crate::failure::Failure;
use crate::progress::Progress;
use crate::stdout;
use crate::table::Table;

/// In the words of the service's answer; the account's name is there where all accounts were asked
/// for.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Json<'a> {
    role_list: Vec<JsonRole<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JsonRole<'a> {
    role_name: &'a str,
    account_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_name: Option<&'a str>,
}

/// A role, and the name of its account where that is known.
type Listed = (RoleInfo, Option<String>);

pub(crate) fn run(context: &Context, options: &Roles) -> Result<(), Failure> {
    let providers = context.login(&options.list.login)?;
    let listed = context.wait("listing roles", async |progress| {
        let list = async |token: BearerToken| {
            let lists = PortalLists::new(&providers, token.access_token().clone());
            match &options.account_id {
                Some(account_id) => of_account(&lists, account_id).await,
                None => of_all(&lists, progress).await,
            }
        };
        providers.token_provider().call_with_token(list).await
    })??;
    let roles = listed.map_err(|source| Failure::List { what: "roles", source })?;
    match options.list.format {
        TableFormat::Table => stdout::print_styled(&table(&roles)),
        TableFormat::Json => {
            stdout::print_json(&Json { role_list: roles.iter().map(json).collect() })
        }
    }
}

async fn of_account(
    lists: &PortalLists,
    account_id: &AccountId,
) -> Result<Vec<Listed>, ServiceError> {
    let roles = lists.roles(account_id.clone()).await?;
    Ok(roles.into_iter().map(|role| (role, None)).collect())
}

async fn of_all(lists: &PortalLists, progress: &Progress) -> Result<Vec<Listed>, ServiceError> {
    let accounts = lists.accounts().await?;
    let roles = lists.roles_of(&accounts, progress).await?;
    let of_account = accounts.into_iter().zip(roles);
    Ok(of_account
        .flat_map(|(account, roles)| {
            roles.into_iter().map(move |role| (role, account.account_name.clone()))
        })
        .collect())
}

fn json((role, account_name): &Listed) -> JsonRole<'_> {
    JsonRole {
        role_name: role.role_name.as_str(),
        account_id: role.account_id.as_str(),
        account_name: account_name.as_deref(),
    }
}

fn table(roles: &[Listed]) -> String {
    let mut table = Table::new(["ACCOUNT ID", "ROLE", "ACCOUNT NAME"]);
    for (role, account_name) in roles {
        table.row([
            role.account_id.as_str().into(),
            role.role_name.as_str().into(),
            account_name.as_deref().unwrap_or_default().into(),
        ]);
    }
    table.render()
}
