//! Lists the accounts and roles that are assigned to the user.

use std::cell::RefCell;
use std::collections::HashMap;

use sso_http::{
    AccountInfo, AllRoles, ListAccountRoles, ListAccounts, PagedOperation, PortalOperation,
    RolesEvent, ServiceError,
};
use sso_provider::{BearerToken, ProfileProviders};
use sso_types::{AccountId, RoleName};

use crate::assigned_role::AssignedRole;
use crate::context::Context;
use crate::failure::Failure;
use crate::portal_lists::{PAGE, portal, run_list};

/// A list that may be incomplete.
#[derive(Debug)]
pub(crate) struct AssignedRoles {
    /// The roles in the order of the portal. Each account has all its roles or none.
    pub(crate) roles: Vec<AssignedRole>,
    /// The error that ended the list early, if one did.
    pub(crate) end: Result<(), Failure>,
}

/// Lists the roles of the accounts that pass the filter.
pub(crate) fn list(
    context: &Context,
    providers: &ProfileProviders,
    only: impl Fn(&AccountInfo) -> bool + Clone + Send + Sync + 'static,
) -> Result<AssignedRoles, Failure> {
    let limit = context.timeout()?;
    // In the portal's order. After a refresh of the token, the accounts are listed again.
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
        run_list(limit, list).await
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
    let first =
        |token: &BearerToken| ListAccounts::new(token.access_token().clone()).max_results(PAGE);
    let pages = all_pages(context, providers, "accounts", first)?;
    Ok(pages.into_iter().flat_map(|page| page.account_list).collect())
}

/// Lists the roles in an account.
pub(crate) fn roles_of_account(
    context: &Context,
    providers: &ProfileProviders,
    account_id: &AccountId,
) -> Result<Vec<RoleName>, Failure> {
    let first = |token: &BearerToken| {
        ListAccountRoles::new(token.access_token().clone(), account_id.clone()).max_results(PAGE)
    };
    let pages = all_pages(context, providers, "roles", first)?;
    Ok(pages.into_iter().flat_map(|page| page.role_list).map(|role| role.role_name).collect())
}

/// Requests all pages of a list. `first` returns the request for the first page.
fn all_pages<Op: PagedOperation + PortalOperation + Sync>(
    context: &Context,
    providers: &ProfileProviders,
    what: &'static str,
    first: impl Fn(&BearerToken) -> Op,
) -> Result<Vec<Op::Response>, Failure> {
    let limit = context.timeout()?;
    context.wait(&format!("listing {what}"), async |_| {
        let request = async |token: BearerToken| {
            let mut pages = first(&token).pages(portal(providers));
            let mut received = Vec::new();
            while let Some(page) = pages.next_page().await {
                received.push(page?);
            }
            Ok::<_, ServiceError>(received)
        };
        let mut received = Vec::new();
        let list = async {
            let listed = providers.token_provider().call_with_token(request).await;
            received = listed.map_err(|error| Failure::list(what, error))?;
            Ok(())
        };
        run_list(limit, list).await?;
        Ok(received)
    })?
}
