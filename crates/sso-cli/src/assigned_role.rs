//! A role that is assigned to the user in an account.

use std::fmt;

use sso_types::{AccountId, RoleName};

/// A role in an account.
#[derive(Debug, Clone)]
pub(crate) struct AssignedRole {
    pub(crate) account_id: AccountId,
    pub(crate) account_name: Option<String>,
    pub(crate) email_address: Option<String>,
    pub(crate) role_name: RoleName,
}

/// For messages: `Admin in 123456789012 (Development)`.
impl fmt::Display for AssignedRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}", self.role_name, self.account_id)?;
        match &self.account_name {
            Some(name) => write!(f, " ({name})"),
            None => Ok(()),
        }
    }
}
