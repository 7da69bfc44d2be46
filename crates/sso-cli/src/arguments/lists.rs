//! The options of `accounts` and `roles`.

use clap::{Args, ValueEnum};
use clap_complete::ArgValueCandidates;
use sso_http::AccountInfo;
use sso_types::AccountId;
use wildmatch::WildMatch;

use super::login::LoginSelection;
use crate::candidates::{account_ids, role_names};

#[derive(Debug, Clone, Args)]
pub(crate) struct List {
    #[command(flatten)]
    pub(crate) login: LoginSelection,
    /// The output format
    #[arg(long, default_value = "table")]
    pub(crate) format: ListFormat,
    /// List only accounts whose name matches: * stands for any text, ? for one character; case does
    /// not matter
    #[arg(long, value_name = "PATTERN")]
    pub(crate) account_name: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListFormat {
    Table,
    Json,
    Csv,
}

impl List {
    /// Returns whether the account passes the filter.
    pub(crate) fn includes(&self, account: &AccountInfo) -> bool {
        let name = account.account_name.as_deref().unwrap_or_default();
        self.account_name.as_deref().is_none_or(|pattern| matches(pattern, name))
    }
}

#[derive(Debug, Args)]
pub(crate) struct Roles {
    /// List the roles of this account only [default: all accounts]
    #[arg(
        long,
        value_name = "ID",
        conflicts_with = "account_name",
        add = ArgValueCandidates::new(account_ids)
    )]
    pub(crate) account_id: Option<AccountId>,
    /// List only roles whose name matches: * and ? as for --account-name
    #[arg(long, value_name = "PATTERN", add = ArgValueCandidates::new(role_names))]
    pub(crate) role_name: Option<String>,
    #[command(flatten)]
    pub(crate) list: List,
}

impl Roles {
    /// Returns whether the role passes the filter.
    pub(crate) fn includes(&self, role_name: &str) -> bool {
        self.role_name.as_deref().is_none_or(|pattern| matches(pattern, role_name))
    }
}

pub(super) fn matches(pattern: &str, name: &str) -> bool {
    WildMatch::new_case_insensitive(pattern).matches(name)
}
