//! `ssocreds accounts`: the accounts that the login gives access to.
//!
//! Not responsible for asking for them (`portal_lists`).

use serde::Serialize;
use sso_http::AccountInfo;

use crate::arguments::{List, TableFormat};
use crate::commands::portal_lists::PortalLists;
use crate::context::Context;
use crate::failure::Failure;
use crate::stdout;
use crate::table::Table;

/// In the words of the service's answer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Json<'a> {
    account_list: Vec<JsonAccount<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JsonAccount<'a> {
    account_id: &'a str,
    account_name: Option<&'a str>,
    email_address: Option<&'a str>,
}

pub(crate) fn run(context: &Context, options: &List) -> Result<(), Failure> {
    let providers = context.login(&options.login)?;
    let listed = context.wait("listing accounts", async |_| {
        let list = async |token: sso_provider::BearerToken| {
            PortalLists::new(&providers, token.access_token().clone()).accounts().await
        };
        providers.token_provider().call_with_token(list).await
    })??;
    let accounts = listed.map_err(|source| Failure::List { what: "accounts", source })?;
    match options.format {
        TableFormat::Table => stdout::print_styled(&table(&accounts)),
        TableFormat::Json => {
            stdout::print_json(&Json { account_list: accounts.iter().map(json).collect() })
        }
    }
}

fn json(account: &AccountInfo) -> JsonAccount<'_> {
    JsonAccount {
        account_id: account.account_id.as_str(),
        account_name: account.account_name.as_deref(),
        email_address: account.email_address.as_deref(),
    }
}

fn table(accounts: &[AccountInfo]) -> String {
    let mut table = Table::new(["ACCOUNT ID", "NAME", "EMAIL"]);
    for account in accounts {
        table.row([
            account.account_id.as_str().into(),
            account.account_name.as_deref().unwrap_or_default().into(),
            account.email_address.as_deref().unwrap_or_default().into(),
        ]);
    }
    table.render()
}
