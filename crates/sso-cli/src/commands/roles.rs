//! `ssocreds roles`: lists the roles that the login gives access to, of one account or of all.

use std::cell::RefCell;

use serde::Serialize;
use sso_http::{
    AccountInfo, AllRoles, ListAccountRoles, PagedOperation as _, RoleInfo, RolesEvent,
    ServiceError,
};
use sso_provider::{BearerToken, ProfileProviders};
use sso_types::AccountId;

use crate::arguments::{ListFormat, Roles};
use crate::context::Context;
use crate::failure::Failure;
use crate::list_output::ListOutput;
use crate::portal_lists::{PAGE, portal, run_list};
use crate::progress::Progress;
use crate::stdout;

/// The JSON output, with the names of the service's answer. Keys are only added, never removed or
/// renamed.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Json<'a> {
    role_list: Vec<JsonRole<'a>>,
    /// Absent if the list is complete.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    incomplete: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JsonRole<'a> {
    role_name: &'a str,
    account_id: &'a str,
    /// Known only if all accounts are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    account_name: Option<&'a str>,
}

pub(crate) fn run(context: &Context, options: &Roles) -> Result<(), Failure> {
    let providers = context.providers_for(&options.list.login)?;
    let limit = context.timeout()?;
    let received = RefCell::new(Received::new(options));
    let end = context.wait("listing roles", async |progress| {
        let list = async |token: BearerToken| match &options.account_id {
            Some(account_id) => of_account(&providers, &token, account_id, &received).await,
            None => of_all(&providers, &token, options, &received, progress).await,
        };
        let list = async {
            let listed = providers.token_provider().call_with_token(list).await;
            listed.map_err(|error| Failure::list("roles", error))
        };
        run_list(limit, list).await
    })?;
    received.into_inner().finish(&end)?;
    end
}

async fn of_account(
    providers: &ProfileProviders,
    token: &BearerToken,
    account_id: &AccountId,
    received: &RefCell<Received<'_>>,
) -> Result<(), ServiceError> {
    let first = ListAccountRoles::new(token.access_token().clone(), account_id.clone());
    let mut pages = first.max_results(PAGE).pages(portal(providers));
    let mut roles = Vec::new();
    while let Some(page) = pages.next_page().await {
        roles.extend(page?.role_list);
    }
    received.borrow_mut().add_unnamed(account_id, roles);
    Ok(())
}

async fn of_all(
    providers: &ProfileProviders,
    token: &BearerToken,
    options: &Roles,
    received: &RefCell<Received<'_>>,
    progress: &Progress,
) -> Result<(), ServiceError> {
    let list = options.list.clone();
    let mut all = AllRoles::new(portal(providers), token.access_token().clone())
        .only(move |account| list.includes(account));
    while let Some(event) = all.next_event().await {
        let mut received = received.borrow_mut();
        match event? {
            RolesEvent::Accounts { accounts, .. } => received.add_accounts(accounts),
            RolesEvent::Roles { account, roles, .. } => received.add_roles(&account, roles),
            _ => {}
        }
        received.print_some(progress);
        let (done, accounts) = (received.done, received.accounts.len());
        progress.set(format!("listing roles, {done} of {accounts} accounts done"));
    }
    Ok(())
}

/// The roles received so far, in the order of the accounts.
struct Received<'a> {
    options: &'a Roles,
    output: ListOutput<3>,
    accounts: Vec<Account>,
    /// The number of accounts whose roles were received.
    done: usize,
    /// The number of accounts, from the first, whose roles were passed to `output`.
    passed: usize,
}

struct Account {
    id: AccountId,
    name: Option<String>,
    roles: Option<Vec<RoleInfo>>,
}

impl<'a> Received<'a> {
    fn new(options: &'a Roles) -> Self {
        let output = ListOutput::new(
            options.list.format,
            ["ACCOUNT ID", "ROLE", "ACCOUNT NAME"],
            ["accountId", "roleName", "accountName"],
        );
        Self { options, output, accounts: Vec::new(), done: 0, passed: 0 }
    }

    /// Adds the accounts that are not known yet. After a refresh of the token, the portal lists all
    /// accounts again.
    fn add_accounts(&mut self, accounts: Vec<AccountInfo>) {
        for AccountInfo { account_id, account_name: name, .. } in accounts {
            if !self.accounts.iter().any(|account| account.id == account_id) {
                self.accounts.push(Account { id: account_id, name, roles: None });
            }
        }
    }

    fn add_roles(&mut self, of: &AccountInfo, roles: Vec<RoleInfo>) {
        let mut accounts = self.accounts.iter_mut();
        if let Some(account) = accounts.find(|account| account.id == of.account_id)
            && account.roles.is_none()
        {
            account.roles = Some(roles);
            self.done += 1;
        }
    }

    fn add_unnamed(&mut self, account_id: &AccountId, roles: Vec<RoleInfo>) {
        self.accounts.push(Account { id: account_id.clone(), name: None, roles: Some(roles) });
        self.done += 1;
    }

    fn print_some(&mut self, progress: &Progress) {
        while let Some(Account { roles: Some(_), .. }) = self.accounts.get(self.passed) {
            self.pass(self.passed);
            self.passed += 1;
        }
        self.output.print_some(progress);
    }

    /// Prints the rest. Prints nothing if a failure came before the first role.
    fn finish(mut self, end: &Result<(), Failure>) -> Result<(), Failure> {
        if end.is_err() && self.done == 0 {
            return Ok(());
        }
        for at in self.passed..self.accounts.len() {
            self.pass(at);
        }
        if self.options.list.format == ListFormat::Json {
            let role_list = self.accounts.iter().flat_map(|it| self.shown(it)).collect();
            stdout::print_json(&Json { role_list, incomplete: end.is_err() })?;
        }
        self.output.finish()
    }

    /// Passes the roles of an account to the output.
    fn pass(&mut self, at: usize) {
        let Some(account) = self.accounts.get(at) else { return };
        let rows: Vec<_> = self.shown(account).collect();
        for row in rows {
            let name = row.account_name.unwrap_or_default();
            self.output.row([row.account_id, row.role_name, name]);
        }
    }

    fn shown<'b>(&self, account: &'b Account) -> impl Iterator<Item = JsonRole<'b>> + use<'a, 'b> {
        let options = self.options;
        let roles = account.roles.iter().flatten();
        let roles = roles.filter(|role| options.includes(role.role_name.as_str()));
        roles.map(|role| JsonRole {
            role_name: role.role_name.as_str(),
            account_id: account.id.as_str(),
            account_name: account.name.as_deref(),
        })
    }
}
