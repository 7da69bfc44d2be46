//! `ssocreds populate`: writes profiles for all accounts and roles.

use std::collections::HashSet;

use sso_config::{Document, FileKind, SsoProfile};
use sso_types::SessionName;

use crate::arguments::Populate;
use crate::assigned_role::AssignedRole;
use crate::assigned_roles;
use crate::context::Context;
use crate::failure::Failure;
use crate::generated_profiles::{GenerateError, GeneratedProfiles, Summary, name_all};
use crate::printable::printable;
use crate::{config_diff, notices, quote, stdout};

pub(crate) fn run(context: &Context, options: &Populate) -> Result<(), Failure> {
    let providers = context.providers_for(&options.login)?;
    let of_profile = providers.sso_profile().and_then(SsoProfile::sso_session);
    let session = options.login.sso_session.as_deref().or(of_profile.map(SessionName::as_str));
    let session = session.ok_or(Failure::NoSession)?.to_owned();

    let filter = options.clone();
    let listed = assigned_roles::list(context, &providers, move |it| filter.needs(it))?;
    let is_complete = listed.end.is_ok();
    if !is_complete
        && (!options.allow_incomplete || matches!(listed.end, Err(Failure::Interrupted)))
    {
        return listed.end;
    }
    let is_included = |role: &AssignedRole| {
        options.includes_account(role.account_name.as_deref())
            && options.includes_role(role.role_name.as_str())
    };
    let included = listed.roles.iter().filter(|role| is_included(role)).cloned().collect();
    let generated = GeneratedProfiles {
        roles: name_all(&session, &options.name, included, options.credential_process.is_some())?,
        session,
        properties: properties(options),
        overwrite: options.overwrite,
        credential_process: options.credential_process.as_deref().map(program_word),
        credentials_names: credentials_names(context)?,
    };
    let all = listed.roles;
    write(context, options, |document| {
        let mut summary = generated.write(document)?;
        if options.prune && is_complete {
            generated.prune(document, &all, &mut summary)?;
        }
        Ok(summary)
    })?;
    if options.prune && !is_complete {
        notices::warn("the list of roles is incomplete; no profile was removed");
    }
    listed.end
}

fn write(
    context: &Context,
    options: &Populate,
    edit: impl Fn(&mut Document) -> Result<Summary, GenerateError>,
) -> Result<(), Failure> {
    let file = context.document_file(FileKind::Config)?;
    let mut summary = Summary::default();
    if options.dry_run {
        let before = file.read()?;
        let mut after = before.clone();
        summary = edit(&mut after)?;
        let diff = config_diff::unified(file.path(), &before.to_string(), &after.to_string());
        stdout::print_styled(&diff)?;
    } else {
        file.edit(|document| {
            summary = edit(document)?;
            Ok::<_, GenerateError>(())
        })?;
        let path = printable(&file.path().display().to_string());
        let Summary { added, changed, unchanged, removed, .. } = &summary;
        stdout::print(&format!(
            "Profiles in {path}: {added} added, {changed} changed, {removed} removed, {unchanged} \
             unchanged\n"
        ))?;
    }
    for name in &summary.kept {
        notices::warn(&format!(
            "profile {name:?} is outdated, but was kept because you added keys to it; remove it \
             yourself"
        ));
    }
    Ok(())
}

fn properties(options: &Populate) -> Vec<(String, String)> {
    let region = options.region.as_ref().map(|it| ("region".to_owned(), it.to_string()));
    region.into_iter().chain(options.set.iter().cloned()).collect()
}

/// Returns the program as a word of the command line that an SDK runs.
fn program_word(program: &str) -> String {
    if cfg!(windows) {
        let is_plain = !program.contains([' ', '\t']);
        return if is_plain { program.to_owned() } else { format!("\"{program}\"") };
    }
    quote::posix(program).to_string()
}

/// Returns the names of the profiles in the credentials file. Their keys take precedence over a profile
/// of the same name in the config file.
fn credentials_names(context: &Context) -> Result<HashSet<String>, Failure> {
    let document = context.document_file(FileKind::Credentials)?.read()?;
    Ok(document.sections().map(|(_, name)| name.to_owned()).collect())
}
