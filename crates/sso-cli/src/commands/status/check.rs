//! Asks the SSO portal whether the accounts and roles of the profiles are still assigned.

use std::collections::{BTreeMap, HashSet};

use sso_config::SsoProfile;
use sso_http::AccountInfo;

use super::survey::{Assignment, ProfileStatus};
use crate::assigned_roles::{self, AssignedRoles};
use crate::context::Context;
use crate::failure::Failure;

/// Sets the assignment of each profile that has an account and a role. If a list fails, roles that it
/// does not contain are unknown. Returns the first failure.
pub(super) fn check(context: &Context, profiles: &mut [ProfileStatus]) -> Result<(), Failure> {
    let config = context.shared_config()?;
    let mut groups = BTreeMap::<_, Vec<&mut ProfileStatus>>::new();
    for profile in profiles {
        let resolved = SsoProfile::resolve(&config, &profile.profile, &context.environment);
        if let Ok(resolved) = resolved
            && resolved.role().is_some()
        {
            groups.entry(list_key(&resolved)).or_default().push(profile);
        }
    }
    let mut end = Ok(());
    for mut profiles in groups.into_values() {
        let AssignedRoles { roles, end: of_group } = list(context, &profiles)
            .unwrap_or_else(|failure| AssignedRoles { roles: Vec::new(), end: Err(failure) });
        let accounts: HashSet<_> = roles.iter().map(|role| role.account_id.as_str()).collect();
        let roles: HashSet<_> =
            roles.iter().map(|role| (role.account_id.as_str(), role.role_name.as_str())).collect();
        for profile in &mut profiles {
            let account = profile.account_id.as_deref().unwrap_or_default();
            let role = profile.role_name.as_deref().unwrap_or_default();
            profile.assignment = Some(if roles.contains(&(account, role)) {
                Assignment::Assigned
            } else if of_group.is_err() {
                Assignment::Unknown
            } else if accounts.contains(account) {
                Assignment::RoleGone
            } else {
                Assignment::AccountGone
            });
        }
        end = end.and(of_group);
    }
    end
}

/// Returns the login and the connection settings of the profile. Profiles for which these are equal share
/// one list.
fn list_key(profile: &SsoProfile) -> impl Ord + use<> {
    let settings = profile.settings();
    (
        profile.sso_session().map(ToString::to_string),
        profile.start_url().to_string(),
        profile.region().to_string(),
        settings.portal_endpoint.as_ref().map(|url| url.value.clone()),
        settings.oidc_endpoint.as_ref().map(|url| url.value.clone()),
        settings.use_fips.value,
        settings.use_dual_stack.value,
        settings.ca_bundle.as_ref().map(|path| path.value.clone()),
        settings.max_attempts.value,
    )
}

/// Lists the roles of the accounts that the profiles name. The profiles have the same login and settings.
fn list(context: &Context, profiles: &[&mut ProfileStatus]) -> Result<AssignedRoles, Failure> {
    let name = profiles.first().map(|first| first.profile.as_str());
    let providers = context.profile_named(name)?.providers;
    let accounts: HashSet<_> = profiles.iter().filter_map(|it| it.account_id.clone()).collect();
    let is_named = move |account: &AccountInfo| accounts.contains(account.account_id.as_str());
    assigned_roles::list(context, &providers, is_named)
}
