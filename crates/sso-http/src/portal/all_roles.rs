//! The roles of all accounts of a user, as a stream.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use sso_types::AccessToken;

use crate::{
    AccountInfo, ListAccountRoles, ListAccounts, OperationService, PagedOperation as _, Pages,
    RoleInfo, ServiceError,
};

/// The number of entries per page, which is the largest that the service's model allows.
const PAGE_SIZE: u32 = 100;

/// The roles of every account that is assigned to the user, in the order of the answers. A
/// [`Stream`], with [`AllRoles::next_event`] for callers without a stream library.
///
/// It lists accounts and, at the same time, the roles of up to ten of them. An error concerns one
/// account ([`ServiceError::account_id`]); an error without an account concerns the list of
/// accounts. After an error the stream continues with the other accounts. If these would fail too,
/// as after [`ServiceError::is_unauthorized`], the caller should drop the stream.
///
/// Dropping the stream cancels its requests. Each [`RolesEvent::Roles`] that it returned has all
/// roles of its account.
///
/// The stream does not limit its rate and does not retry; see [`PacingLayer`](crate::PacingLayer)
/// for a service that does.
pub struct AllRoles<S> {
    service: S,
    access_token: AccessToken,
    concurrency: usize,
    is_wanted: Box<dyn Fn(&AccountInfo) -> bool + Send + Sync>,
    accounts: Option<Pages<S, ListAccounts>>,
    waiting: VecDeque<AccountInfo>,
    active: Vec<AccountRoles<S>>,
}

/// An item of [`AllRoles`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RolesEvent {
    /// A page of accounts. Their roles follow in other events.
    #[non_exhaustive]
    Accounts {
        /// The accounts, in the portal's order.
        accounts: Vec<AccountInfo>,
    },
    /// All roles of one account.
    #[non_exhaustive]
    Roles {
        /// The account.
        account: AccountInfo,
        /// The roles, in the portal's order.
        roles: Vec<RoleInfo>,
    },
}

struct AccountRoles<S> {
    account: AccountInfo,
    roles: Vec<RoleInfo>,
    pages: Pages<S, ListAccountRoles>,
}

impl<S: Clone> AllRoles<S> {
    /// Lists all roles with `service`: a [`Portal`](crate::Portal), with or without layers, or a
    /// mock.
    pub fn new(service: S, access_token: AccessToken) -> Self {
        let accounts = ListAccounts::new(access_token.clone()).max_results(PAGE_SIZE);
        Self {
            accounts: Some(accounts.pages(service.clone())),
            service,
            access_token,
            concurrency: 10,
            is_wanted: Box::new(|_| true),
            waiting: VecDeque::new(),
            active: Vec::new(),
        }
    }

    /// Sets the number of accounts whose roles are listed at the same time. The default is 10; 0
    /// counts as 1.
    #[must_use]
    pub fn concurrency(mut self, concurrency: usize) -> Self {
        self.concurrency = concurrency.max(1);
        self
    }

    /// Limits the stream to accounts for which `filter` returns `true`. Events do not contain other
    /// accounts.
    #[must_use]
    pub fn only(mut self, filter: impl Fn(&AccountInfo) -> bool + Send + Sync + 'static) -> Self {
        self.is_wanted = Box::new(filter);
        self
    }

    /// Waits for the next event. Returns `None` at the end.
    ///
    /// Cancel safe: if the future is dropped, the next call continues the same requests.
    pub async fn next_event(&mut self) -> Option<Result<RolesEvent, ServiceError>>
    where
        S: OperationService<ListAccounts> + OperationService<ListAccountRoles>,
    {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    fn start_waiting_accounts(&mut self) {
        while self.active.len() < self.concurrency
            && let Some(account) = self.waiting.pop_front()
        {
            let first =
                ListAccountRoles::new(self.access_token.clone(), account.account_id.clone())
                    .max_results(PAGE_SIZE);
            let pages = first.pages(self.service.clone());
            self.active.push(AccountRoles { account, roles: Vec::new(), pages });
        }
    }
}

impl<S> AccountRoles<S>
where
    S: OperationService<ListAccountRoles>,
{
    /// Polls the pages until all roles of the account have arrived, or until an error.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Vec<RoleInfo>, ServiceError>> {
        loop {
            match std::task::ready!(Pin::new(&mut self.pages).poll_next(cx)) {
                Some(Ok(page)) => self.roles.extend(page.role_list),
                Some(Err(error)) => {
                    let account_id = self.account.account_id.clone();
                    return Poll::Ready(Err(error.with_subject(account_id, None)));
                }
                None => return Poll::Ready(Ok(std::mem::take(&mut self.roles))),
            }
        }
    }
}

impl<S> Stream for AllRoles<S>
where
    S: OperationService<ListAccounts> + OperationService<ListAccountRoles>,
{
    type Item = Result<RolesEvent, ServiceError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if let Some(pages) = &mut this.accounts {
            match Pin::new(pages).poll_next(cx) {
                Poll::Ready(Some(Ok(page))) => {
                    let mut accounts = page.account_list;
                    accounts.retain(|account| (this.is_wanted)(account));
                    this.waiting.extend(accounts.iter().cloned());
                    return Poll::Ready(Some(Ok(RolesEvent::Accounts { accounts })));
                }
                Poll::Ready(Some(Err(error))) => {
                    this.accounts = None;
                    return Poll::Ready(Some(Err(error)));
                }
                Poll::Ready(None) => this.accounts = None,
                Poll::Pending => {}
            }
        }
        this.start_waiting_accounts();
        for at in 0..this.active.len() {
            let Some(active) = this.active.get_mut(at) else { break };
            if let Poll::Ready(outcome) = active.poll(cx) {
                let AccountRoles { account, .. } = this.active.remove(at);
                return Poll::Ready(Some(
                    outcome.map(|roles| RolesEvent::Roles { account, roles }),
                ));
            }
        }
        if this.accounts.is_none() && this.active.is_empty() {
            return Poll::Ready(None);
        }
        Poll::Pending
    }
}

/// No field is pinned, since the futures are boxed.
impl<S> Unpin for AllRoles<S> {}

impl<S> fmt::Debug for AllRoles<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AllRoles")
            .field("waiting", &self.waiting.len())
            .field("active", &self.active.len())
            .finish_non_exhaustive()
    }
}
