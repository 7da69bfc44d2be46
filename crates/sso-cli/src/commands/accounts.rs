//! `ssocreds accounts`: lists the accounts that the login gives access to.

use std::cell::RefCell;
use std::collections::HashSet;

use serde::Serialize;
use sso_http::{AccountInfo, ListAccounts, PagedOperation as _, ServiceError};
use sso_provider::BearerToken;

use crate::arguments::{List, ListFormat};
use crate::context::Context;
use crate::failure::Failure;
use crate::list_output::ListOutput;
use crate::portal_lists::{PAGE, portal, run_list};
use crate::stdout;

/// The JSON output, with the names of the service's answer. Keys are only added, never removed or
/// renamed.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Json<'a> {
    account_list: Vec<JsonAccount<'a>>,
    /// Absent if the list is complete.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    incomplete: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JsonAccount<'a> {
    account_id: &'a str,
    account_name: Option<&'a str>,
    email_address: Option<&'a str>,
}

pub(crate) fn run(context: &Context, options: &List) -> Result<(), Failure> {
    let providers = context.providers_for(&options.login)?;
    let limit = context.timeout()?;
    let accounts = RefCell::new(Vec::new());
    // After a refresh of the token, the accounts are listed again and must not be printed twice.
    let known = RefCell::new(HashSet::new());
    let output = RefCell::new(ListOutput::new(
        options.format,
        ["ACCOUNT ID", "NAME", "EMAIL"],
        ["accountId", "accountName", "emailAddress"],
    ));
    let end = context.wait("listing accounts", async |progress| {
        let list = async |token: BearerToken| {
            let first = ListAccounts::new(token.access_token().clone()).max_results(PAGE);
            let mut pages = first.pages(portal(&providers));
            while let Some(page) = pages.next_page().await {
                let page = page?.account_list;
                let mut output = output.borrow_mut();
                for account in page {
                    let is_new = known.borrow_mut().insert(account.account_id.clone());
                    if !is_new || !options.includes(&account) {
                        continue;
                    }
                    output.row([
                        account.account_id.as_str(),
                        account.account_name.as_deref().unwrap_or_default(),
                        account.email_address.as_deref().unwrap_or_default(),
                    ]);
                    accounts.borrow_mut().push(account);
                }
                output.print_some(progress);
                let received = accounts.borrow().len();
                progress.set(format!("listing accounts, {received} received"));
            }
            Ok::<_, ServiceError>(())
        };
        let list = async {
            let listed = providers.token_provider().call_with_token(list).await;
            listed.map_err(|error| Failure::list("accounts", error))
        };
        run_list(limit, list).await
    })?;
    let accounts = accounts.into_inner();
    if end.is_ok() || !accounts.is_empty() {
        output.into_inner().finish()?;
        if options.format == ListFormat::Json {
            let account_list = accounts.iter().map(json).collect();
            stdout::print_json(&Json { account_list, incomplete: end.is_err() })?;
        }
    }
    end
}

fn json(account: &AccountInfo) -> JsonAccount<'_> {
    JsonAccount {
        account_id: account.account_id.as_str(),
        account_name: account.account_name.as_deref(),
        email_address: account.email_address.as_deref(),
    }
}
