//! What a shell can complete from the config files: profiles, sessions, account IDs and role names.
//!
//! A file that cannot be read gives no candidates: a completion has no place for an error.

use clap_complete::CompletionCandidate;
use sso_config::{Locations, Property, Section, SharedConfig};
use sso_types::Environment;

pub(crate) fn profiles() -> Vec<CompletionCandidate> {
    let Some(config) = config() else { return Vec::new() };
    config.profiles().map(|profile| CompletionCandidate::new(profile.name())).collect()
}

pub(crate) fn sessions() -> Vec<CompletionCandidate> {
    let Some(config) = config() else { return Vec::new() };
    config.sso_sessions().map(|session| CompletionCandidate::new(session.name())).collect()
}

pub(crate) fn account_ids() -> Vec<CompletionCandidate> {
    values("sso_account_id")
}

pub(crate) fn role_names() -> Vec<CompletionCandidate> {
    values("sso_role_name")
}

/// The values of a property in all profiles, each once.
fn values(key: &str) -> Vec<CompletionCandidate> {
    let Some(config) = config() else { return Vec::new() };
    let value = |profile: &Section| profile.get(key).map(Property::value).map(str::to_owned);
    let values: std::collections::BTreeSet<_> = config.profiles().filter_map(value).collect();
    values.into_iter().map(CompletionCandidate::new).collect()
}

fn config() -> Option<SharedConfig> {
    let locations = Locations::from_environment(&Environment::from_process()).ok()?;
    SharedConfig::load(&locations).ok()
}
