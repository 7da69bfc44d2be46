//! The message of a [`ServiceError`]: the operation, the failure, the remedy, and the setting of
//! the endpoint.

use std::fmt;

use super::ServiceError;
use crate::ServiceErrorKind;

impl fmt::Display for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = &*self.0;
        let message = parts.message.as_deref().unwrap_or_default();
        write!(f, "{} ", parts.operation.unwrap_or("the call"))?;
        match parts.kind {
            ServiceErrorKind::Transport => f.write_str("got no answer")?,
            ServiceErrorKind::NotSendable => write!(f, "was not sent: {message}")?,
            ServiceErrorKind::Malformed => {
                write!(f, "got an answer that cannot be used: {message}")?;
            }
            ServiceErrorKind::Unparseable => write!(
                f,
                "got an answer that is not from AWS (HTTP {}, {message}); a proxy, or a login page \
                 of your network, may have answered instead",
                parts.status.unwrap_or_default()
            )?,
            ServiceErrorKind::Redirected => write!(
                f,
                "was redirected {message} (HTTP {}), and redirects are not followed; check the \
                 endpoint, and whether your network requires a login",
                parts.status.unwrap_or_default()
            )?,
            _ => self.write_service_failure(f)?,
        }
        if let Some(request_id) = &parts.request_id {
            write!(f, " (request id {request_id})")?;
        }
        match parts.endpoint.as_ref().map(|endpoint| (endpoint, endpoint.origin())) {
            Some((endpoint, Some(origin))) => write!(
                f,
                "; the endpoint {} was set by {origin}: set AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true \
                 to use AWS's own",
                endpoint.url()
            ),
            Some((endpoint, None)) if endpoint.is_override() => {
                write!(f, "; the endpoint is {}", endpoint.url())
            }
            _ => Ok(()),
        }
    }
}

impl ServiceError {
    /// The name and the status, if known: `UnauthorizedException (HTTP 401)`.
    fn label(&self) -> String {
        match (&self.0.code, self.0.status) {
            (Some(code), Some(status)) => format!("{code} (HTTP {status})"),
            (Some(code), None) => code.clone(),
            (None, Some(status)) => format!("HTTP {status}"),
            (None, None) => format!("{:?}", self.0.kind),
        }
    }

    fn write_service_failure(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "failed with {}", self.label())?;
        if let Some(message) = self.message() {
            write!(f, ": {message}")?;
        }
        if let Some(reason) = self.reason() {
            write!(f, " [{reason}]")?;
        }
        if let (ServiceErrorKind::Forbidden, Some(account_id)) = (self.0.kind, &self.0.account_id) {
            match &self.0.role_name {
                Some(role_name) => write!(
                    f,
                    "; check that the role {role_name} is assigned to you in the account \
                     {account_id}, and that the account is in the organization"
                ),
                None => write!(
                    f,
                    "; check that a role is assigned to you in the account {account_id}, and that \
                     the account is in the organization"
                ),
            }?;
        }
        let remedy = self.0.kind.remedy();
        if !remedy.is_empty() {
            write!(f, "; {remedy}")?;
        }
        match &self.0.account_id {
            Some(account_id)
                if matches!(self.0.status, Some(400 | 403 | 404))
                    && !account_id.has_twelve_digits() =>
            {
                write!(
                    f,
                    "; the account id {account_id} does not have 12 digits; add missing leading zeros"
                )
            }
            _ => Ok(()),
        }
    }
}
