//! `ssocreds configure`: sets up an sso-session and a profile.
//!
//! Asks for each value that no option gives. Writes once, at the end.

mod pasted_url;
mod questions;
mod session;

use sso_config::{Document, DocumentFileError, FileKind, SectionKind};
use sso_http::AccountInfo;
use sso_provider::{ConfigError, ProfileProviders};
use sso_types::RoleName;

use self::questions::Questions;
use self::session::Session;
use crate::arguments::Configure;
use crate::assigned_role::AssignedRole;
use crate::assigned_roles;
use crate::commands::login;
use crate::context::Context;
use crate::failure::Failure;
use crate::name_template::{self, NameTemplate};
use crate::printable::printable;
use crate::{config_diff, stdout};

const PROFILE: SectionKind = SectionKind::Profile;

/// Keys of a legacy profile, which an sso-session replaces.
const LEGACY_KEYS: [&str; 2] = ["sso_start_url", "sso_region"];

/// Keys of profiles that get their credentials in another way.
const OTHER_KINDS: [&str; 5] = [
    "role_arn",
    "aws_access_key_id",
    "credential_process",
    "credential_source",
    "web_identity_token_file",
];

pub(crate) fn run(context: &Context, options: &Configure) -> Result<(), Failure> {
    let questions = Questions::new(context);
    let file = context.document_file(FileKind::Config)?;
    let before = file.read()?;
    let session = Session::choose(&questions, &before, options)?;
    let providers = log_in(context, options, &session, &before)?;
    let role = choose_role(context, &questions, options, &providers)?;
    let profile = Profile {
        name: choose_name(context, &questions, &before, &session, &role)?,
        region: choose_region(&questions, options)?,
        session,
        role,
        set: &options.set,
    };

    let mut after = before.clone();
    profile.write(&mut after)?;
    let diff = config_diff::unified(file.path(), &before.to_string(), &after.to_string());
    if options.dry_run {
        return stdout::print_styled(&diff);
    }
    if !options.yes && !diff.is_empty() {
        questions::show(&diff);
        if !questions.confirm("Write this?", "--yes")? {
            return Err(Failure::NotConfirmed);
        }
    }
    let is_written = file.edit(|document| profile.write(document))?;
    let (name, path) = (printable(&profile.name), printable(&file.path().display().to_string()));
    stdout::print(&if is_written {
        format!("Wrote profile {name} to {path}\n")
    } else {
        format!("Profile {name} in {path} is up to date\n")
    })
}

/// Logs in if needed. The config file may not contain the session yet.
fn log_in(
    context: &Context,
    options: &Configure,
    session: &Session,
    before: &Document,
) -> Result<ProfileProviders, Failure> {
    let mut document = before.clone();
    session.write(&mut document)?;
    let config = document.to_string();
    login::log_in_if_needed(
        context,
        &config,
        &session.name,
        options.use_device_code,
        options.no_browser,
    )
}

fn choose_role(
    context: &Context,
    questions: &Questions<'_>,
    options: &Configure,
    providers: &ProfileProviders,
) -> Result<AssignedRole, Failure> {
    let mut accounts = assigned_roles::accounts(context, providers)?;
    accounts.sort_by_cached_key(|account| {
        account.account_name.as_deref().unwrap_or_default().to_lowercase()
    });
    let named = |account: &AccountInfo| {
        let name = account.account_name.as_deref().unwrap_or_default();
        format!("{} {name}", account.account_id)
    };
    let is_given = |account: &AccountInfo| options.account_id.as_ref() == Some(&account.account_id);
    let at = match &options.account_id {
        Some(id) => {
            let missing = || Failure::NotAssigned { what: "account", name: id.to_string() };
            accounts.iter().position(is_given).ok_or_else(missing)?
        }
        None => questions.pick(
            "Account",
            "--account-id",
            &accounts.iter().map(named).collect::<Vec<_>>(),
        )?,
    };
    let account = accounts.swap_remove(at);

    let mut roles = assigned_roles::roles_of_account(context, providers, &account.account_id)?;
    roles.sort();
    let at = match &options.role_name {
        Some(name) => {
            let missing = || Failure::NotAssigned { what: "role", name: name.to_string() };
            roles.iter().position(|role| role == name).ok_or_else(missing)?
        }
        None => questions.pick(
            "Role",
            "--role-name",
            &roles.iter().map(RoleName::to_string).collect::<Vec<_>>(),
        )?,
    };
    Ok(AssignedRole {
        account_id: account.account_id,
        account_name: account.account_name,
        email_address: account.email_address,
        role_name: roles.swap_remove(at),
    })
}

/// Returns the name from `--profile` or the answer. Proposes the name that `populate` would use.
fn choose_name(
    context: &Context,
    questions: &Questions<'_>,
    before: &Document,
    session: &Session,
    role: &AssignedRole,
) -> Result<String, Failure> {
    let locations = context.locations()?;
    // SDKs prefer the keys of the credentials file.
    let credentials = Document::load(FileKind::Credentials, locations.credentials());
    let credentials = credentials.map_err(ConfigError::from)?;
    let check = |name: &str| {
        for (document, path) in
            [(before, locations.config()), (&credentials, locations.credentials())]
        {
            let is_set = |key: &&str| document.get(PROFILE, name, key).is_some();
            if let Some(key) = OTHER_KINDS.into_iter().find(is_set) {
                let path = path.display();
                return Err(format!(
                    "profile {name:?} has {key} in {path} and is not an SSO profile"
                ));
            }
        }
        if name.is_empty() {
            return Err("a profile needs a name".to_owned());
        }
        Ok(name.to_owned())
    };
    if let Some(name) = &context.global.profile {
        return check(name).map_err(|reason| Failure::Answer { option: "--profile", reason });
    }
    let proposed = name_template::DEFAULT.parse::<NameTemplate>();
    let proposed = proposed.map(|template| template.fill(&session.name, role)).ok();
    questions.text("Profile name", "--profile", proposed.as_deref(), check)
}

fn choose_region(
    questions: &Questions<'_>,
    options: &Configure,
) -> Result<Option<String>, Failure> {
    let check = |region: &str| match region {
        "" => Ok(None),
        region => session::region(region).map(|region| Some(region.to_string())),
    };
    match &options.region {
        Some(region) => {
            check(region).map_err(|reason| Failure::Answer { option: "--region", reason })
        }
        // An unattended run needs no region.
        None if options.yes || options.dry_run => Ok(None),
        None => questions.text("Region of the profile (may be empty)", "--region", Some(""), check),
    }
}

/// The profile to write.
struct Profile<'a> {
    name: String,
    session: Session,
    role: AssignedRole,
    region: Option<String>,
    set: &'a [(String, String)],
}

impl Profile<'_> {
    fn write(&self, document: &mut Document) -> Result<(), DocumentFileError> {
        self.session.write(document)?;
        for key in LEGACY_KEYS {
            document.remove(PROFILE, &self.name, key);
        }
        let role = &self.role;
        let identity = [
            ("sso_session", self.session.name.as_str()),
            ("sso_account_id", role.account_id.as_str()),
            ("sso_role_name", role.role_name.as_str()),
        ];
        let region = self.region.as_deref().map(|region| ("region", region));
        let set = self.set.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        for (key, value) in identity.into_iter().chain(region).chain(set) {
            document.set(PROFILE, &self.name, key, value)?;
        }
        Ok(())
    }
}
