//! Asks the SSO portal whether the accounts and roles of the profiles are still assigned.

use std::collections::{BTreeMap, HashSet};

use sso_http::AccountInfo;

use super::survey::{Assignment, ProfileStatus};
use crate::arguments::LoginSelection;
use crate::assigned_roles::{self, AssignedRoles};
use crate::context::Context;
use crate::failure::Failure;

/// Sets the assignment of each profile that has an sso-session, an account and a role. If a list fails,
/// roles that it does not contain are unknown. Returns the first failure.
pub(super) fn check(context: &Context, profiles: &mut [ProfileStatus]) -> Result<(), Failure> {
    let mut by_session = BTreeMap::<String, Vec<&mut ProfileStatus>>::new();
    for profile in profiles {
        if let (Some(session), Some(_), Some(_)) =
            (&profile.sso_session, &profile.account_id, &profile.role_name)
        {
            by_session.entry(session.clone()).or_default().push(profile);
        }
    }
    let mut end = Ok(());
    for (session, mut profiles) in by_session {
        let AssignedRoles { roles, end: of_session } = list(context, session, &profiles)
            .unwrap_or_else(|failure| AssignedRoles { roles: Vec::new(), end: Err(failure) });
        let accounts: HashSet<_> = roles.iter().map(|role| role.account_id.as_str()).collect();
        let roles: HashSet<_> =
            roles.iter().map(|role| (role.account_id.as_str(), role.role_name.as_str())).collect();
        for profile in &mut profiles {
            let account = profile.account_id.as_deref().unwrap_or_default();
            let role = profile.role_name.as_deref().unwrap_or_default();
            profile.assignment = Some(if roles.contains(&(account, role)) {
                Assignment::Assigned
            } else if of_session.is_err() {
                Assignment::Unknown
            } else if accounts.contains(account) {
                Assignment::RoleGone
            } else {
                Assignment::AccountGone
            });
        }
        end = end.and(of_session);
    }
    end
}

/// Lists the roles of the accounts that the profiles name.
fn list(
    context: &Context,
    session: String,
    profiles: &[&mut ProfileStatus],
) -> Result<AssignedRoles, Failure> {
    let providers =
        context.providers_for(&LoginSelection { sso_session: Some(session), login: false })?;
    let accounts: HashSet<_> = profiles.iter().filter_map(|it| it.account_id.clone()).collect();
    let is_named = move |account: &AccountInfo| accounts.contains(account.account_id.as_str());
    assigned_roles::list(context, &providers, is_named)
}
