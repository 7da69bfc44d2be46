//! Completion candidates from the config files: profiles, sessions, account IDs and role names.
//!
//! A file that cannot be read gives no candidates, because a completion cannot show an error. A name that
//! a shell would expand or run is left out, because bash does not quote the candidates that it inserts.

use clap_complete::CompletionCandidate;
use sso_config::{Locations, Property, Section, SharedConfig};
use sso_types::Environment;

pub(crate) fn profiles() -> Vec<CompletionCandidate> {
    let Some(config) = config() else { return Vec::new() };
    candidates(config.profiles().map(Section::name))
}

pub(crate) fn sessions() -> Vec<CompletionCandidate> {
    let Some(config) = config() else { return Vec::new() };
    candidates(config.sso_sessions().map(Section::name))
}

pub(crate) fn account_ids() -> Vec<CompletionCandidate> {
    values("sso_account_id")
}

pub(crate) fn role_names() -> Vec<CompletionCandidate> {
    values("sso_role_name")
}

/// Returns the values of a property in all profiles, each once.
fn values(key: &str) -> Vec<CompletionCandidate> {
    let Some(config) = config() else { return Vec::new() };
    let value = |profile: &Section| profile.get(key).map(Property::value).map(str::to_owned);
    let values: std::collections::BTreeSet<_> = config.profiles().filter_map(value).collect();
    candidates(values.iter().map(String::as_str))
}

fn candidates<'a>(names: impl Iterator<Item = &'a str>) -> Vec<CompletionCandidate> {
    names.filter(|name| is_inert(name)).map(CompletionCandidate::new).collect()
}

/// Returns whether no shell runs or expands a part of the name. Blanks are harmless: they only split the
/// name into two words.
fn is_inert(name: &str) -> bool {
    let is_special = |c: char| c.is_control() || "$`\\\"'!;&|<>(){}[]*?#~^%".contains(c);
    !name.contains(is_special)
}

fn config() -> Option<SharedConfig> {
    let locations = Locations::from_environment(&Environment::from_process()).ok()?;
    SharedConfig::load(&locations).ok()
}
