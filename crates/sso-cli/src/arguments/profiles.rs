//! The options of the commands that write profiles: `configure` and `populate`.

#![expect(clippy::doc_markdown, reason = "these are help texts, read at a terminal")]

use clap::Args;
use clap_complete::ArgValueCandidates;
use sso_http::AccountInfo;
use sso_types::{AccountId, Region, RoleName};

use super::lists::matches;
use super::login::LoginSelection;
use crate::candidates::{account_ids, role_names, sessions};
use crate::name_template::{self, NameTemplate};

#[derive(Debug, Clone, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub(crate) struct Populate {
    #[command(flatten)]
    pub(crate) login: LoginSelection,
    /// The template of the profile names, with {account_name}, {account_id}, {role_name}, {session}
    /// and {email}. In their values, a hyphen replaces all characters but letters, digits and _-/.@+
    #[arg(long, value_name = "TEMPLATE", default_value = name_template::DEFAULT)]
    pub(crate) name: NameTemplate,
    /// Only accounts whose name matches: * stands for any text, ? for one character; case does not
    /// matter
    #[arg(long, value_name = "PATTERN")]
    pub(crate) account_name: Option<String>,
    /// Only roles whose name matches: * and ? as for --account-name
    #[arg(long, value_name = "PATTERN", add = ArgValueCandidates::new(role_names))]
    pub(crate) role_name: Option<String>,
    /// The region of the profiles
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<Region>,
    /// Another property of the profiles; may be given more than once
    #[arg(long, value_name = "KEY=VALUE", value_parser = property)]
    pub(crate) set: Vec<(String, String)>,
    /// In generated profiles, replace values that differ from --region, --set and
    /// --credential-process. Without this option they are kept
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// Write a second profile for each role, NAME.process, for tools without SSO support. It has no SSO
    /// keys, but a credential_process that runs this program
    #[arg(
        long,
        value_name = "PROGRAM",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "ssocreds"
    )]
    pub(crate) credential_process: Option<String>,
    /// Show the difference as a unified diff, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Remove generated profiles of this sso-session whose role is no longer assigned, or whose role
    /// has a profile of another name now. Profiles with keys that you added are kept
    #[arg(long)]
    pub(crate) prune: bool,
    /// If the list of roles is incomplete, write the part that was received, and remove nothing
    #[arg(long)]
    pub(crate) allow_incomplete: bool,
}

impl Populate {
    /// Returns whether the account passes the filter.
    pub(crate) fn includes_account(&self, name: Option<&str>) -> bool {
        let pattern = self.account_name.as_deref();
        pattern.is_none_or(|pattern| matches(pattern, name.unwrap_or_default()))
    }

    /// Returns whether the role passes the filter.
    pub(crate) fn includes_role(&self, name: &str) -> bool {
        self.role_name.as_deref().is_none_or(|pattern| matches(pattern, name))
    }

    /// Returns whether the roles of the account must be listed. --prune needs all of them.
    pub(crate) fn needs(&self, account: &AccountInfo) -> bool {
        self.prune || self.includes_account(account.account_name.as_deref())
    }
}

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub(crate) struct Configure {
    /// The sso-session: one from the config file, or the name of a new one
    #[arg(long, value_name = "NAME", add = ArgValueCandidates::new(sessions))]
    pub(crate) sso_session: Option<String>,
    /// The start URL of the AWS access portal, as in the address bar of the browser
    #[arg(long, value_name = "URL")]
    pub(crate) start_url: Option<String>,
    /// The region of the IAM Identity Center instance
    #[arg(long, value_name = "REGION")]
    pub(crate) sso_region: Option<Region>,
    /// The scopes of the login, separated by commas [default: sso:account:access]
    #[arg(long, value_name = "SCOPES")]
    pub(crate) scopes: Option<String>,
    /// The account
    #[arg(long, value_name = "ID", add = ArgValueCandidates::new(account_ids))]
    pub(crate) account_id: Option<AccountId>,
    /// The role
    #[arg(long, value_name = "NAME", add = ArgValueCandidates::new(role_names))]
    pub(crate) role_name: Option<RoleName>,
    /// The region of the profile; empty for none
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// Another property of the profile; may be given more than once
    #[arg(long, value_name = "KEY=VALUE", value_parser = property)]
    pub(crate) set: Vec<(String, String)>,
    /// Log in with a code to enter on any device, instead of using a browser on this machine
    #[arg(long)]
    pub(crate) use_device_code: bool,
    /// Show the login page without opening it
    #[arg(long)]
    pub(crate) no_browser: bool,
    /// Show the difference as a unified diff, and do not write the config file
    #[arg(long, conflicts_with = "yes")]
    pub(crate) dry_run: bool,
    /// Write without asking
    #[arg(long)]
    pub(crate) yes: bool,
}

/// Parses `KEY=VALUE`. Refuses keys that select credentials.
fn property(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write it as KEY=VALUE")?;
    let (key, value) = (key.trim().to_ascii_lowercase(), value.trim().to_owned());
    let is_ours = key.starts_with("sso_") || key.starts_with("ssocreds_");
    if is_ours || key == "credential_process" {
        return Err(format!("{key} is set by ssocreds itself"));
    }
    if key.starts_with("aws_") || key == "role_arn" {
        return Err(format!("{key} belongs to another kind of profile"));
    }
    Ok((key, value))
}
