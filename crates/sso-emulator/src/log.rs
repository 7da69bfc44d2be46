//! Operations, counters and the request log.

use std::collections::VecDeque;
use std::fmt;

use jiff::Timestamp;

/// The largest number of requests in the log. The oldest are removed, but still counted.
const LOG_LIMIT: usize = 20_000;

/// An operation of one of the two services, by the name in AWS's service models; or one of the two
/// pages that a browser opens during a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// Portal: `GET /federation/credentials`.
    GetRoleCredentials,
    /// Portal: `GET /assignment/accounts`.
    ListAccounts,
    /// Portal: `GET /assignment/roles`.
    ListAccountRoles,
    /// Portal: `POST /logout`.
    Logout,
    /// OIDC: `POST /token`.
    CreateToken,
    /// OIDC: `POST /client/register`.
    RegisterClient,
    /// OIDC: `POST /device_authorization`.
    StartDeviceAuthorization,
    /// OIDC: `/authorize`, where a browser begins the authorization code grant (RFC 6749 section
    /// 4.1.1). `GET`, and `POST` for the form of an interactive emulator.
    Authorize,
    /// OIDC: `/device`, where a browser enters a user code (RFC 8628 section 3.3). AWS has this page
    /// under the start URL. `GET`, and `POST` for the form of an interactive emulator.
    VerifyDevice,
}

impl Operation {
    /// Every operation.
    pub const ALL: &[Self] = &[
        Self::GetRoleCredentials,
        Self::ListAccounts,
        Self::ListAccountRoles,
        Self::Logout,
        Self::CreateToken,
        Self::RegisterClient,
        Self::StartDeviceAuthorization,
        Self::Authorize,
        Self::VerifyDevice,
    ];

    /// The name in the service model.
    pub fn name(self) -> &'static str {
        match self {
            Self::GetRoleCredentials => "GetRoleCredentials",
            Self::ListAccounts => "ListAccounts",
            Self::ListAccountRoles => "ListAccountRoles",
            Self::Logout => "Logout",
            Self::CreateToken => "CreateToken",
            Self::RegisterClient => "RegisterClient",
            Self::StartDeviceAuthorization => "StartDeviceAuthorization",
            Self::Authorize => "Authorize",
            Self::VerifyDevice => "VerifyDevice",
        }
    }

    /// Returns the operation with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|operation| operation.name() == name)
    }

    /// Returns the operation of a request.
    pub(crate) fn of(method: &str, path: &str) -> Option<Self> {
        Some(match (method, path) {
            ("GET", "/federation/credentials") => Self::GetRoleCredentials,
            ("GET", "/assignment/accounts") => Self::ListAccounts,
            ("GET", "/assignment/roles") => Self::ListAccountRoles,
            ("POST", "/logout") => Self::Logout,
            ("POST", "/token") => Self::CreateToken,
            ("POST", "/client/register") => Self::RegisterClient,
            ("POST", "/device_authorization") => Self::StartDeviceAuthorization,
            ("GET" | "POST", "/authorize") => Self::Authorize,
            ("GET" | "POST", "/device") => Self::VerifyDevice,
            _ => return None,
        })
    }

    /// Returns `true` for an operation of the SSO portal, and `false` for one of SSO OIDC.
    pub fn is_portal(self) -> bool {
        matches!(
            self,
            Self::GetRoleCredentials | Self::ListAccounts | Self::ListAccountRoles | Self::Logout
        )
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The numbers of requests by operation, and of their results. Requests with a fault are counted
/// too.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// `GetRoleCredentials` requests.
    pub get_role_credentials: u64,
    /// `ListAccounts` requests, one for each page.
    pub list_accounts: u64,
    /// `ListAccountRoles` requests, one for each page.
    pub list_account_roles: u64,
    /// `Logout` requests.
    pub logout: u64,
    /// `CreateToken` requests, of all grant types.
    pub create_token: u64,
    /// `RegisterClient` requests.
    pub register_client: u64,
    /// `StartDeviceAuthorization` requests.
    pub start_device_authorization: u64,
    /// Requests to the authorization page.
    pub authorize: u64,
    /// Requests to the page for user codes.
    pub verify_device: u64,
    /// Requests with a path or method of no operation.
    pub unknown: u64,
    /// Refresh tokens that were exchanged for an access token, even if a fault prevented the
    /// answer.
    pub refreshes: u64,
    /// Refresh tokens that a client sent again after they had been exchanged.
    pub spent_refresh_tokens: u64,
    /// Role credentials that were issued, even if a fault prevented the answer.
    pub credentials_issued: u64,
    /// Answers with a status of 400 or more, even if a fault then prevented the answer.
    pub errors: u64,
    /// Requests whose complete answer a fault prevented.
    pub dropped: u64,
    /// TCP connections accepted (with TLS: before the handshake).
    pub connections: u64,
}

impl Counts {
    /// Returns every counter with its name, in the order of the fields.
    pub fn named(&self) -> impl Iterator<Item = (&'static str, u64)> + use<> {
        [
            ("get_role_credentials", self.get_role_credentials),
            ("list_accounts", self.list_accounts),
            ("list_account_roles", self.list_account_roles),
            ("logout", self.logout),
            ("create_token", self.create_token),
            ("register_client", self.register_client),
            ("start_device_authorization", self.start_device_authorization),
            ("authorize", self.authorize),
            ("verify_device", self.verify_device),
            ("unknown", self.unknown),
            ("refreshes", self.refreshes),
            ("spent_refresh_tokens", self.spent_refresh_tokens),
            ("credentials_issued", self.credentials_issued),
            ("errors", self.errors),
            ("dropped", self.dropped),
            ("connections", self.connections),
        ]
        .into_iter()
    }

    fn of(&mut self, operation: Option<Operation>) -> &mut u64 {
        match operation {
            Some(Operation::GetRoleCredentials) => &mut self.get_role_credentials,
            Some(Operation::ListAccounts) => &mut self.list_accounts,
            Some(Operation::ListAccountRoles) => &mut self.list_account_roles,
            Some(Operation::Logout) => &mut self.logout,
            Some(Operation::CreateToken) => &mut self.create_token,
            Some(Operation::RegisterClient) => &mut self.register_client,
            Some(Operation::StartDeviceAuthorization) => &mut self.start_device_authorization,
            Some(Operation::Authorize) => &mut self.authorize,
            Some(Operation::VerifyDevice) => &mut self.verify_device,
            None => &mut self.unknown,
        }
    }
}

/// A request, and the status of its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoggedRequest {
    /// The time at which it arrived, by the emulator's clock.
    pub at: Timestamp,
    /// The HTTP method.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The query without the `?`, percent-encoded as it was sent. Empty if there is none.
    pub query: String,
    /// The headers in the order of arrival, with names in lower case. Bearer tokens,
    /// `Authorization` headers and cookies are replaced by the beginning of their SHA-256.
    pub headers: Vec<(String, String)>,
    /// The operation. `None` if there is no such operation.
    pub operation: Option<Operation>,
    /// The `grantType` of a `CreateToken` request.
    pub grant_type: Option<String>,
    /// The status of the answer, even if a fault then prevented the answer. `None` if the request
    /// is still being processed, or if a fault prevented that.
    pub status: Option<u16>,
    /// The name of the fault that was applied.
    pub fault: Option<&'static str>,
}

impl LoggedRequest {
    /// Returns the value of the first header with this name. `name` must be in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// The counters and the log.
#[derive(Debug, Default)]
pub(crate) struct RequestLog {
    pub(crate) counts: Counts,
    requests: VecDeque<LoggedRequest>,
    first: u64,
}

/// Identifies a request of the log. Stays valid when older requests are removed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LogEntry(u64);

impl RequestLog {
    pub(crate) fn arrived(&mut self, request: LoggedRequest) -> LogEntry {
        *self.counts.of(request.operation) += 1;
        if self.requests.len() == LOG_LIMIT {
            self.requests.pop_front();
            self.first += 1;
        }
        self.requests.push_back(request);
        LogEntry(self.first + self.requests.len() as u64 - 1)
    }

    pub(crate) fn faulted(&mut self, entry: LogEntry, fault: &'static str) {
        if let Some(request) = self.entry(entry) {
            request.fault = Some(fault);
        }
    }

    pub(crate) fn answered(&mut self, entry: LogEntry, status: u16) {
        if status >= 400 {
            self.counts.errors += 1;
        }
        if let Some(request) = self.entry(entry) {
            request.status = Some(status);
        }
    }

    pub(crate) fn requests(&self) -> Vec<LoggedRequest> {
        self.requests.iter().cloned().collect()
    }

    /// Sets the counts to zero and removes the requests.
    pub(crate) fn reset(&mut self) {
        self.counts = Counts::default();
        self.first += self.requests.len() as u64;
        self.requests.clear();
    }

    fn entry(&mut self, LogEntry(number): LogEntry) -> Option<&mut LoggedRequest> {
        let index = number.checked_sub(self.first)?;
        self.requests.get_mut(usize::try_from(index).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> LoggedRequest {
        LoggedRequest {
            at: Timestamp::UNIX_EPOCH,
            method: "POST".to_owned(),
            path: "/token".to_owned(),
            query: String::new(),
            headers: vec![],
            operation: Some(Operation::CreateToken),
            grant_type: None,
            status: None,
            fault: None,
        }
    }

    #[test]
    fn every_operation_is_found_by_its_name() {
        for &operation in Operation::ALL {
            assert_eq!(Operation::from_name(operation.name()), Some(operation));
        }
        assert_eq!(Operation::from_name("DeleteEverything"), None);
    }

    #[test]
    fn an_answer_is_logged_after_older_requests_were_removed() {
        let mut log = RequestLog::default();
        let first = log.arrived(request());
        for _ in 0..LOG_LIMIT - 1 {
            log.arrived(request());
        }
        let last = log.arrived(request());
        log.answered(first, 200);
        log.answered(last, 401);
        let requests = log.requests();
        assert_eq!(requests.len(), LOG_LIMIT);
        assert_eq!(requests.last().unwrap().status, Some(401));
        assert_eq!(requests.iter().filter(|request| request.status.is_some()).count(), 1);
        assert_eq!((log.counts.create_token, log.counts.errors), (LOG_LIMIT as u64 + 1, 1));
    }

    #[test]
    fn an_answer_after_a_reset_is_not_logged_for_another_request() {
        let mut log = RequestLog::default();
        let before = log.arrived(request());
        log.reset();
        let after = log.arrived(request());
        log.answered(before, 500);
        assert_eq!(log.requests()[0].status, None);
        log.answered(after, 200);
        assert_eq!(log.requests()[0].status, Some(200));
    }
}
