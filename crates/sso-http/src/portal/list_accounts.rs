//! `ListAccounts`: a page of the accounts that are assigned to the user.

use http::{Method, Request};
use serde::Deserialize;
use sso_types::{AccessToken, AccountId};

use crate::answer::{self, Text};
use crate::operation::{DecodeError, NotSendable, Wire, portal_request};
use crate::service_error_kind::Service;
use crate::{Endpoint, Operation, PagedOperation, PortalOperation, RequestBody};

/// Asks the portal for a page of the accounts that are assigned to the user of the token
/// (`GET /assignment/accounts`).
#[derive(Debug, Clone)]
pub struct ListAccounts {
    access_token: AccessToken,
    max_results: Option<u32>,
    next_token: Option<String>,
}

/// A page of accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListAccountsResponse {
    /// The accounts of this page. May be empty even if there is a next page.
    pub account_list: Vec<AccountInfo>,
    /// The token of the next page; `None` on the last page.
    pub next_token: Option<String>,
}

/// An account that is assigned to the user.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccountInfo {
    /// The account ID.
    pub account_id: AccountId,
    /// The name of the account, if the portal returns it.
    pub account_name: Option<String>,
    /// The email address of the account's owner, if the portal returns it.
    pub email_address: Option<String>,
}

impl ListAccounts {
    /// Creates a request for the first page.
    pub fn new(access_token: AccessToken) -> Self {
        Self { access_token, max_results: None, next_token: None }
    }

    /// Sets the largest number of accounts in a page. The service's model allows 1 to 100.
    #[must_use]
    pub fn max_results(mut self, max_results: u32) -> Self {
        self.max_results = Some(max_results);
        self
    }

    /// Sets the token of the page to request: the `next_token` of the previous page.
    #[must_use]
    pub fn next_token(mut self, next_token: impl Into<String>) -> Self {
        self.next_token = Some(next_token.into());
        self
    }
}

impl ListAccountsResponse {
    /// Creates a page, for mocks.
    pub fn new(account_list: Vec<AccountInfo>, next_token: Option<String>) -> Self {
        Self { account_list, next_token }
    }
}

impl AccountInfo {
    /// Creates an account, for mocks.
    pub fn new(
        account_id: AccountId,
        account_name: Option<String>,
        email_address: Option<String>,
    ) -> Self {
        Self { account_id, account_name, email_address }
    }
}

impl Operation for ListAccounts {
    const NAME: &'static str = "ListAccounts";
    type Response = ListAccountsResponse;
}

impl PortalOperation for ListAccounts {}

impl PagedOperation for ListAccounts {
    fn page(self, next_token: String) -> Self {
        self.next_token(next_token)
    }

    fn page_after(response: &ListAccountsResponse) -> Option<&str> {
        response.next_token.as_deref()
    }
}

impl Wire for ListAccounts {
    const SERVICE: Service = Service::Portal;
    type Answer = ListAccountsResponse;

    fn encode(&self, endpoint: &Endpoint) -> Result<Request<RequestBody>, NotSendable> {
        let max_results = self.max_results.map(|number| number.to_string());
        let query =
            [("next_token", self.next_token.as_deref()), ("max_result", max_results.as_deref())];
        portal_request(Method::GET, endpoint, "/assignment/accounts", &query, &self.access_token)
    }

    fn decode(&self, body: &[u8]) -> Result<ListAccountsResponse, DecodeError> {
        let answer: Answer = answer::object(body)?;
        let account_list = answer.account_list.unwrap_or_default();
        Ok(ListAccountsResponse {
            account_list: account_list.into_iter().filter_map(Entry::into_account).collect(),
            next_token: Text::optional(answer.next_token),
        })
    }

    fn secrets(&self) -> Vec<&str> {
        vec![self.access_token.expose_secret()]
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    next_token: Option<Text>,
    account_list: Option<Vec<Entry>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    account_id: Option<Text>,
    account_name: Option<Text>,
    email_address: Option<Text>,
}

impl Entry {
    /// Converts an entry. Returns `None` for an entry without a valid ID, which is then left out.
    fn into_account(self) -> Option<AccountInfo> {
        Some(AccountInfo {
            account_id: AccountId::new(Text::optional(self.account_id)?).ok()?,
            account_name: Text::optional(self.account_name),
            email_address: Text::optional(self.email_address),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(body: &str) -> ListAccountsResponse {
        ListAccounts::new(AccessToken::new("t")).decode(body.as_bytes()).unwrap()
    }

    #[test]
    fn invalid_entries_of_a_list_are_left_out() {
        let page = decode(
            r#"{"nextToken":"n","accountList":[
                {"accountId":"123456789012","accountName":"a","emailAddress":"a@example.com"},
                {"accountId":"000000000001"},{"accountName":"no id"},{"accountId":""}]}"#,
        );
        assert_eq!(page.next_token.as_deref(), Some("n"));
        let ids: Vec<_> =
            page.account_list.iter().map(|account| account.account_id.as_str()).collect();
        assert_eq!(ids, ["123456789012", "000000000001"]);
        for last in ["{}", r#"{"nextToken":null,"accountList":[]}"#, r#"{"nextToken":""}"#] {
            assert_eq!(decode(last), ListAccountsResponse::new(vec![], None), "{last}");
        }
    }
}
