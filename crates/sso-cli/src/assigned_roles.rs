//! Lists the accounts and roles that are assigned to the user.

use std::cell::RefCell;
use std::collections::HashMap;

use sso_http::{
    AccountInfo, AllRoles, ListAccountRoles, ListAccounts, PagedOperation as _, RolesEvent,
    ServiceError,
};
use sso_provider::{BearerToken, ProfileProviders};
use sso_types::{AccountId, RoleName};

use crate::commands::portal_lists::{PAGE, portal, until_interrupted};
use crate::context::Context;
use crate::failure::Failure;

/// A role in an account.
#[derive(Debug, Clone)]
pub(crate) struct AssignedRole {
    pub(crate) account_id: AccountId,
    pub(crate) account_name: Option<String>,
    pub(crate) email_address: Option<String>,
    pub(crate) role_name: RoleName,
}

/// A list that may have broken off.
#[derive(Debug)]
pub(crate) struct AssignedRoles {
    /// Of each account all roles or none, in the portal's order.
    pub(crate) roles: Vec<AssignedRole>,
    /// Why the list is incomplete, if it is.
    pub(crate) end: Result<(), Failure>,
}

/// Lists the roles of the accounts that pass the filter.
pub(crate) fn list(
    context: &Context,
    providers: &ProfileProviders,
    only: impl Fn(&AccountInfo) -> bool + Clone + Send + Sync + 'static,
) -> Result<AssignedRoles, Failure> {
    let limit = context.timeout()?;
    // In the order of the accounts; after a token was refreshed they are listed again.
    let accounts = RefCell::new(Vec::<AccountInfo>::new());
    let roles = RefCell::new(HashMap::<AccountId, Vec<RoleName>>::new());
    let end = context.wait("listing roles", async |progress| {
        let list = async |token: BearerToken| {
            accounts.borrow_mut().clear();
            let mut all =
                AllRoles::new(portal(providers), token.access_token().clone()).only(only.clone());
            while let Some(event) = all.next_event().await {
                match event? {
                    RolesEvent::Accounts { accounts: page, .. } => {
                        accounts.borrow_mut().extend(page);
                    }
                    RolesEvent::Roles { account, roles: received, .. } => {
                        let received = received.into_iter().map(|role| role.role_name).collect();
                        roles.borrow_mut().insert(account.account_id, received);
                    }
                    _ => {}
                }
                let (done, of) = (roles.borrow().len(), accounts.borrow().len());
                progress.set(format!("listing roles, {done} of {of} accounts done"));
            }
            Ok::<_, ServiceError>(())
        };
        let list = async {
            let listed = providers.token_provider().call_with_token(list).await;
            listed.map_err(|error| Failure::list("roles", error))
        };
        until_interrupted(limit, list).await
    })?;
    let mut by_account = roles.into_inner();
    let mut roles = Vec::new();
    for account in accounts.into_inner() {
        let received = by_account.remove(&account.account_id).unwrap_or_default();
        roles.extend(received.into_iter().map(|role_name| AssignedRole {
            account_id: account.account_id.clone(),
            account_name: account.account_name.clone(),
            email_address: account.email_address.clone(),
            role_name,
        }));
    }
    Ok(AssignedRoles { roles, end })
}

/// Lists the accounts.
pub(crate) fn accounts(
    context: &Context,
    providers: &ProfileProviders,
) -> Result<Vec<AccountInfo>, Failure> {
    let limit = context.timeout()?;
    context.wait("listing accounts", async |_| {
        let list = async |token: BearerToken| {
            let first = ListAccounts::new(token.access_token().clone()).max_results(PAGE);
            let mut pages = first.pages(portal(providers));
            let mut accounts = Vec::new();
            while let Some(page) = pages.next_page().await {
                accounts.extend(page?.account_list);
            }
            Ok::<_, ServiceError>(accounts)
        };
        let mut accounts = Vec::new();
        let list = async {
            let listed = providers.token_provider().call_with_token(list).await;
            accounts = listed.map_err(|error| Failure::list("accounts", error))?;
            Ok(())
        };
        until_interrupted(limit, list).await?;
        Ok(accounts)
    })?
}

/// Lists the roles in an account.
pub(crate) fn of_account(
    context: &Context,
    providers: &ProfileProviders,
    account_id: &AccountId,
) -> Result<Vec<RoleName>, Failure> {
    let limit = context.timeout()?;
    context.wait("listing roles", async |_| {
        let list = async |token: BearerToken| {
            let first = ListAccountRoles::new(token.access_token().clone(), account_id.clone());
            let mut pages = first.max_results(PAGE).pages(portal(providers));
            let mut roles = Vec::new();
            while let Some(page) = pages.next_page().await {
                roles.extend(page?.role_list.into_iter().map(|role| role.role_name));
            }
            Ok::<_, ServiceError>(roles)
        };
        let mut roles = Vec::new();
        let list = async {
            let listed = providers.token_provider().call_with_token(list).await;
            roles = listed.map_err(|error| Failure::list("roles", error))?;
            Ok(())
        };
        until_interrupted(limit, list).await?;
        Ok(roles)
    })?
}
