//! Prints the result of a survey as tables.

use std::fmt::Write as _;

use anstyle::Style;
use jiff::Timestamp;

use super::survey::{Assignment, LoginStatus, ProfileStatus, State, Survey};
use crate::printable::printable;
use crate::table::{BAD, Cell, FAIR, GOOD, Table};
use crate::times::with_distance;

pub(super) fn render(survey: &Survey, now: Timestamp) -> String {
    let mut out = String::new();
    if survey.logins.is_empty() && survey.profiles.is_empty() {
        out.push_str(
            "There is no sso-session and no SSO profile; run `ssocreds configure` to set them up.\n",
        );
    } else {
        out.push_str(&logins(&survey.logins, now));
        let directory = printable(&survey.token_directory.display().to_string());
        let _ = writeln!(out, "\nToken files are in {directory}");
        out.push_str(&notes(survey));
    }
    if !survey.profiles.is_empty() {
        out.push('\n');
        out.push_str(&profiles(&survey.profiles, now));
        out.push_str(&assignments(&survey.profiles));
    }
    if !survey.warnings.is_empty() {
        out.push('\n');
    }
    for warning in &survey.warnings {
        let _ = writeln!(out, "{FAIR}warning{FAIR:#}: {}", printable(warning));
    }
    out
}

fn logins(logins: &[LoginStatus], now: Timestamp) -> String {
    let mut table = Table::new(["LOGIN", "STATE", "EXPIRES", "REFRESHABLE", "TOKEN FILE"]);
    for login in logins {
        let token = &login.token;
        let refreshable = match (token.expires_at, token.refreshable) {
            (None, _) => "",
            (Some(_), true) => "yes",
            (Some(_), false) => "no",
        };
        let file = token.token_file.as_deref().and_then(|file| file.file_name());
        table.row([
            name(login).into(),
            state(token.state),
            token.expires_at.map(|at| with_distance(at, now)).unwrap_or_default().into(),
            refreshable.into(),
            file.map(|name| name.to_string_lossy()).unwrap_or_default().into(),
        ]);
    }
    table.render()
}

fn profiles(profiles: &[ProfileStatus], now: Timestamp) -> String {
    let mut table =
        Table::new(["PROFILE", "LOGIN", "STATE", "ACCOUNT", "ROLE", "CACHED ROLE CREDENTIALS"]);
    for profile in profiles {
        let login = profile.sso_session.as_ref().or(profile.start_url.as_ref());
        let cached = profile.role_credentials.as_ref();
        table.row([
            profile.profile.as_str().into(),
            login.map(String::as_str).unwrap_or_default().into(),
            state(profile.state),
            profile.account_id.as_deref().unwrap_or_default().into(),
            profile.role_name.as_deref().unwrap_or_default().into(),
            cached.map(|it| with_distance(it.expires_at, now)).unwrap_or_default().into(),
        ]);
    }
    table.render()
}

/// Returns the table of assigned roles. It is empty without `--check`.
fn assignments(profiles: &[ProfileStatus]) -> String {
    let mut table = Table::new(["PROFILE", "ROLE STILL ASSIGNED"]);
    let mut checked = 0;
    for profile in profiles {
        let Some(assignment) = profile.assignment else { continue };
        checked += 1;
        let shown = match assignment {
            Assignment::Assigned => Cell::new("yes", GOOD),
            Assignment::AccountGone => Cell::new("no; no role in the account is assigned", BAD),
            Assignment::RoleGone => Cell::new("no; another role in the account is assigned", BAD),
            Assignment::Unknown => Cell::new("unknown", FAIR),
        };
        table.row([profile.profile.as_str().into(), shown]);
    }
    if checked == 0 { String::new() } else { format!("\n{}", table.render()) }
}

/// Returns the reasons and commands, which are too long for a table.
fn notes(survey: &Survey) -> String {
    let bold = Style::new().bold();
    let mut out = String::new();
    for login in &survey.logins {
        let name = printable(name(login));
        if let Some(reason) = &login.token.reason {
            let _ = writeln!(out, "  {name}: {}", printable(reason));
        }
        if let Some(command) = &login.login_command {
            let command = printable(command);
            let _ = writeln!(out, "  {name}: to log in, run: {bold}{command}{bold:#}");
        }
    }
    for profile in &survey.profiles {
        if let Some(reason) = &profile.reason {
            let _ = writeln!(out, "  {}: {}", printable(&profile.profile), printable(reason));
        }
    }
    out
}

fn name(login: &LoginStatus) -> &str {
    login.sso_session.as_deref().or(login.start_url.as_deref()).unwrap_or_default()
}

fn state(state: State) -> Cell {
    match state {
        State::LoggedIn => Cell::new("logged in", GOOD),
        State::ExpiredRefreshable => Cell::new("expired, will be refreshed", FAIR),
        State::Expired => Cell::new("expired", BAD),
        State::LoggedOut => Cell::new("logged out", BAD),
        State::Unusable => Cell::new("unusable token file", BAD),
        State::Misconfigured => Cell::new("misconfigured", BAD),
    }
}
