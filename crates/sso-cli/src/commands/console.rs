//! `ssocreds console`: opens the AWS console through the access portal's shortcut link.
//!
//! Source: "Creating shortcut links to AWS Management Console destinations" of the IAM Identity Center
//! User Guide.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sso_config::SsoProfile;
use sso_provider::ConfigError;

use crate::arguments::Console;
use crate::browser::SystemBrowser;
use crate::context::Context;
use crate::failure::Failure;
use crate::stdout;

/// All characters but the unreserved ones of RFC 3986.
const VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

pub(crate) fn run(context: &Context, options: &Console) -> Result<(), Failure> {
    let selected = context.profile()?;
    let token_only = || ConfigError::token_only(&selected.name);
    let profile = selected.providers.sso_profile().ok_or_else(token_only)?;
    let link = link(profile, options.destination.as_deref()).ok_or_else(token_only)?;
    if options.print {
        return stdout::print(&format!("{link}\n"));
    }
    // For another URL, the system could open a file or start a program that is registered for the scheme.
    if !link.starts_with("https://") {
        return Err(Failure::NoWebPage { start_url: profile.start_url().as_str().to_owned() });
    }
    let browser = SystemBrowser::any(&context.environment);
    browser.open_and_wait(&link).map_err(|source| Failure::Browser { link, source })
}

/// Returns the link, or `None` for a profile without account and role.
fn link(profile: &SsoProfile, destination: Option<&str>) -> Option<String> {
    let (account_id, role_name) = profile.role()?;
    let start_url = profile.start_url().as_str();
    let start_url = start_url.trim_end_matches('/').trim_end_matches('#').trim_end_matches('/');
    let encoded = |value| utf8_percent_encode(value, VALUE);
    let account_id = encoded(account_id.as_str());
    let role_name = encoded(role_name.as_str());
    let mut link = format!("{start_url}/#/console?account_id={account_id}&role_name={role_name}");
    if let Some(destination) = destination {
        link.push_str("&destination=");
        link.extend(encoded(destination));
    }
    Some(link)
}
