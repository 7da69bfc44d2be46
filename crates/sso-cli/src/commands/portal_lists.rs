//! What the SSO portal lists: accounts and roles, all pages, no faster than it likes.
//!
//! Not responsible for showing them.

use sso_http::{
    AccountInfo, HttpsClient, ListAccountRoles, ListAccounts, Paced, PacingLayer, PagedOperation,
    Portal, PortalOperation, RoleInfo, ServiceError,
};
use sso_provider::ProfileProviders;
use sso_types::{AccessToken, AccountId};
use tokio::task::JoinSet;
use tower::Layer;

use crate::progress::Progress;

/// How many entries are asked for at once: the most that the service's model allows.
const PAGE: u32 = 100;

type Retrying = <sso_http::RetryLayer as Layer<Paced<Portal<HttpsClient>>>>::Service;

/// The portal's lists for one access token.
#[derive(Debug, Clone)]
pub(super) struct PortalLists {
    portal: Retrying,
    access_token: AccessToken,
}

impl PortalLists {
    /// Lists through the portal of `providers`, at the rate that it allows.
    pub(super) fn new(providers: &ProfileProviders, access_token: AccessToken) -> Self {
        let paced = PacingLayer::new().layer(providers.portal().clone());
        Self { portal: providers.retry_layer().layer(paced), access_token }
    }

    /// All accounts, in the portal's order.
    pub(super) async fn accounts(&self) -> Result<Vec<AccountInfo>, ServiceError> {
        let first = ListAccounts::new(self.access_token.clone()).max_results(PAGE);
        self.all(first, |page| page.account_list).await
    }

    /// All roles of an account, in the portal's order.
    pub(super) async fn roles(&self, account_id: AccountId) -> Result<Vec<RoleInfo>, ServiceError> {
        let first = ListAccountRoles::new(self.access_token.clone(), account_id).max_results(PAGE);
        self.all(first, |page| page.role_list).await
    }

    /// The roles of all accounts, in the order of the accounts; several are asked for at a time.
    pub(super) async fn roles_of(
        &self,
        accounts: &[AccountInfo],
        progress: &Progress,
    ) -> Result<Vec<Vec<RoleInfo>>, ServiceError> {
        let mut tasks = JoinSet::new();
        for (at, account) in accounts.iter().enumerate() {
            let (lists, account_id) = (self.clone(), account.account_id.clone());
            tasks.spawn(async move { (at, lists.roles(account_id).await) });
        }
        let mut listed = vec![Vec::new(); accounts.len()];
        let mut done = 0;
        while let Some(joined) = tasks.join_next().await {
            let (at, roles) = joined.map_err(|error| ServiceError::from_boxed(error.into()))?;
            if let Some(place) = listed.get_mut(at) {
                *place = roles?;
            }
            done += 1;
            progress.set(format!("listing roles, {done} of {} accounts done", accounts.len()));
        }
        Ok(listed)
    }

    async fn all<Op, T>(
        &self,
        first: Op,
        entries: impl Fn(Op::Response) -> Vec<T>,
    ) -> Result<Vec<T>, ServiceError>
    where
        Op: PagedOperation + PortalOperation + Sync,
    {
        let mut pages = first.pages(self.portal.clone());
        let mut all = Vec::new();
        while let Some(page) = pages.next_page().await {
            all.extend(entries(page?));
        }
        Ok(all)
    }
}
