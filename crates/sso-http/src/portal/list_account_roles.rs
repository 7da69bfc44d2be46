//! `ListAccountRoles`: a page of the roles in an account that are assigned to the user.

use http::{Method, Request};
use serde::Deserialize;
use sso_types::{AccessToken, AccountId, RoleName};

use crate::answer::{self, Text};
use crate::operation::{DecodeError, NotSendable, Wire, portal_request};
use crate::service_error_kind::Service;
use crate::{Endpoint, Operation, PagedOperation, PortalOperation, RequestBody};

/// Asks the portal for a page of the roles in an account that are assigned to the user of the token
/// (`GET /assignment/roles`).
#[derive(Debug, Clone)]
pub struct ListAccountRoles {
    access_token: AccessToken,
    account_id: AccountId,
    max_results: Option<u32>,
    next_token: Option<String>,
}

/// A page of roles.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListAccountRolesResponse {
    /// The roles of this page. May be empty even if there is a next page.
    pub role_list: Vec<RoleInfo>,
    /// The token of the next page; `None` on the last page.
    pub next_token: Option<String>,
}

/// A role that is assigned to the user.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RoleInfo {
    /// The name of the role, which is also the name of its permission set.
    pub role_name: RoleName,
    /// The account of the role.
    pub account_id: AccountId,
}

impl ListAccountRoles {
    /// Creates a request for the first page.
    pub fn new(access_token: AccessToken, account_id: AccountId) -> Self {
        Self { access_token, account_id, max_results: None, next_token: None }
    }

    /// Sets the largest number of roles in a page. The service's model allows 1 to 100.
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

impl ListAccountRolesResponse {
    /// Creates a page, for mocks.
    pub fn new(role_list: Vec<RoleInfo>, next_token: Option<String>) -> Self {
        Self { role_list, next_token }
    }
}

impl RoleInfo {
    /// Creates a role, for mocks.
    pub fn new(role_name: RoleName, account_id: AccountId) -> Self {
        Self { role_name, account_id }
    }
}

impl Operation for ListAccountRoles {
    const NAME: &'static str = "ListAccountRoles";
    type Response = ListAccountRolesResponse;
}

impl PortalOperation for ListAccountRoles {}

impl PagedOperation for ListAccountRoles {
    fn page(self, next_token: String) -> Self {
        self.next_token(next_token)
    }

    fn page_after(response: &ListAccountRolesResponse) -> Option<&str> {
        response.next_token.as_deref()
    }
}

impl Wire for ListAccountRoles {
    const SERVICE: Service = Service::Portal;
    type Answer = ListAccountRolesResponse;

    fn encode(&self, endpoint: &Endpoint) -> Result<Request<RequestBody>, NotSendable> {
        let max_results = self.max_results.map(|number| number.to_string());
        let query = [
            ("next_token", self.next_token.as_deref()),
            ("max_result", max_results.as_deref()),
            ("account_id", Some(self.account_id.as_str())),
        ];
        portal_request(Method::GET, endpoint, "/assignment/roles", &query, &self.access_token)
    }

    fn decode(&self, body: &[u8]) -> Result<ListAccountRolesResponse, DecodeError> {
        let answer: Answer = answer::object(body)?;
        let role_list = answer.role_list.unwrap_or_default();
        Ok(ListAccountRolesResponse {
            role_list: role_list.into_iter().filter_map(|entry| self.role(entry)).collect(),
            next_token: Text::optional(answer.next_token),
        })
    }

    fn subject(&self) -> Option<(AccountId, Option<RoleName>)> {
        Some((self.account_id.clone(), None))
    }

    fn secrets(&self) -> Vec<&str> {
        vec![self.access_token.expose_secret()]
    }
}

impl ListAccountRoles {
    /// Converts an entry. Returns `None` for an entry without a valid name, which is then left out.
    fn role(&self, entry: Entry) -> Option<RoleInfo> {
        let account_id = Text::optional(entry.account_id).and_then(|id| AccountId::new(id).ok());
        Some(RoleInfo {
            role_name: RoleName::new(Text::optional(entry.role_name)?).ok()?,
            account_id: account_id.unwrap_or_else(|| self.account_id.clone()),
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    next_token: Option<Text>,
    role_list: Option<Vec<Entry>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    role_name: Option<Text>,
    account_id: Option<Text>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_entries_of_a_list_are_left_out() {
        let account = AccountId::new("123456789012").unwrap();
        let page = ListAccountRoles::new(AccessToken::new("t"), account.clone())
            .decode(br#"{"nextToken":"n","roleList":[{"roleName":"A"},{"accountId":"1"},{"roleName":"B","accountId":"000000000001"}]}"#)
            .unwrap();
        assert_eq!(page.next_token.as_deref(), Some("n"));
        assert_eq!(
            page.role_list,
            [
                RoleInfo::new(RoleName::new("A").unwrap(), account),
                RoleInfo::new(RoleName::new("B").unwrap(), AccountId::new("000000000001").unwrap()),
            ]
        );
    }
}
