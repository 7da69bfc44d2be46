//! Profiles that `populate` generates in the config file. The key [`MARK`] identifies them.
//!
//! Its value lists the keys that populate wrote. All other keys are the user's. Only `--overwrite`
//! changes them, and a profile with such a key is never removed.
//!
//! Each role gets an SSO profile. With `--credential-process` it gets a second profile, without SSO
//! keys, for tools without SSO support. Such a tool may refuse a profile with SSO keys.

use std::collections::{HashMap, HashSet};

use sso_config::{Document, DocumentFileError, EditError, SectionKind};

use crate::assigned_role::AssignedRole;
use crate::name_template::NameTemplate;

/// The key of generated profiles, and of generated sections in the credentials file.
pub(crate) const MARK: &str = "ssocreds_generated";

/// The suffix that makes the name of a `credential_process` profile from the name of its SSO profile.
const PROCESS_SUFFIX: &str = ".process";

/// The arguments of a `credential_process`, before the name of the SSO profile.
const PROCESS_ARGUMENTS: &str = " credential-process --profile ";

const PROFILE: SectionKind = SectionKind::Profile;

/// A profile that cannot be generated. No profile is written then.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GenerateError {
    #[error(
        "{first} and {second} would both be profile {name:?}; choose a --name that distinguishes \
         them, for example with {{account_id}}"
    )]
    SameName { name: String, first: String, second: String },
    #[error(
        "profile {name:?}, for {role}, already exists in {place} and was not written by `ssocreds \
         populate`; rename it, or choose another --name"
    )]
    NotGenerated { name: String, role: String, place: &'static str },
    #[error(
        "profile {name:?}, for {role}, was generated for sso-session {other:?}; add {{session}} to \
         --name"
    )]
    OtherSession { name: String, role: String, other: String },
    #[error(transparent)]
    File(#[from] DocumentFileError),
}

impl From<EditError> for GenerateError {
    fn from(error: EditError) -> Self {
        Self::File(error.into())
    }
}

/// The profiles to generate.
#[derive(Debug)]
pub(crate) struct GeneratedProfiles {
    pub(crate) session: String,
    pub(crate) roles: Vec<NamedRole>,
    /// Properties of every profile, in their order.
    pub(crate) properties: Vec<(String, String)>,
    /// True if existing values of these properties and of `credential_process` are replaced.
    pub(crate) overwrite: bool,
    /// The program of the `credential_process` profiles, as a word of a command line.
    pub(crate) credential_process: Option<String>,
    /// The names of the profiles in the credentials file.
    pub(crate) credentials_names: HashSet<String>,
}

/// A role and the name of its SSO profile.
#[derive(Debug)]
pub(crate) struct NamedRole {
    pub(crate) name: String,
    pub(crate) role: AssignedRole,
}

/// A profile to generate.
struct Wanted<'a> {
    name: String,
    role: &'a AssignedRole,
    /// The properties that select its credentials. A profile counts as generated if its mark lists the
    /// first of them.
    source: Vec<(&'static str, String)>,
    /// True if existing values of `source` are replaced.
    overwrite: bool,
}

/// The result of an edit.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    pub(crate) added: usize,
    pub(crate) changed: usize,
    pub(crate) unchanged: usize,
    pub(crate) removed: usize,
    /// Outdated profiles that were not removed, because the user added keys to them.
    pub(crate) kept: Vec<String>,
}

/// Returns a name for each role. Fails if two profiles would have the same name.
pub(crate) fn name_all(
    session: &str,
    template: &NameTemplate,
    roles: Vec<AssignedRole>,
    with_process: bool,
) -> Result<Vec<NamedRole>, GenerateError> {
    let mut named: Vec<NamedRole> = Vec::new();
    let mut by_name: HashMap<String, usize> = HashMap::new();
    for role in roles {
        let name = template.fill(session, &role);
        let process = with_process.then(|| process_name(&name));
        for name in [Some(name.clone()), process].into_iter().flatten() {
            let earlier = by_name.insert(name.clone(), named.len());
            if let Some(first) = earlier.and_then(|at| named.get(at)) {
                let (first, second) = (first.role.to_string(), role.to_string());
                return Err(GenerateError::SameName { name, first, second });
            }
        }
        named.push(NamedRole { name, role });
    }
    Ok(named)
}

impl GeneratedProfiles {
    /// Adds the profiles to the document, or brings them up to date.
    pub(crate) fn write(&self, document: &mut Document) -> Result<Summary, GenerateError> {
        let existing: HashSet<String> = names(document).collect();
        let mut summary = Summary::default();
        for profile in self.roles.iter().flat_map(|role| self.wanted(role)) {
            let is_new = !existing.contains(&profile.name);
            if !is_new && !profile.is_generated(document) {
                profile.check_users_own(document)?;
                summary.unchanged += 1;
                continue;
            }
            if is_new && self.credentials_names.contains(&profile.name) {
                return Err(profile.not_generated("the credentials file"));
            }
            match (is_new, self.write_one(document, &profile)?) {
                (true, _) => summary.added += 1,
                (false, true) => summary.changed += 1,
                (false, false) => summary.unchanged += 1,
            }
        }
        Ok(summary)
    }

    /// Returns the profiles of a role.
    fn wanted<'a>(&self, NamedRole { name, role }: &'a NamedRole) -> Vec<Wanted<'a>> {
        let sso = vec![
            ("sso_session", self.session.clone()),
            ("sso_account_id", role.account_id.to_string()),
            ("sso_role_name", role.role_name.to_string()),
        ];
        let mut wanted = vec![Wanted { name: name.clone(), role, source: sso, overwrite: true }];
        if let Some(program) = &self.credential_process {
            let command = format!("{program}{PROCESS_ARGUMENTS}{name}");
            wanted.push(Wanted {
                name: process_name(name),
                role,
                source: vec![("credential_process", command)],
                overwrite: self.overwrite,
            });
        }
        wanted
    }

    /// Writes one profile. Returns whether the document changed.
    fn write_one(
        &self,
        document: &mut Document,
        profile: &Wanted<'_>,
    ) -> Result<bool, GenerateError> {
        let name = &profile.name;
        let session = document.get(PROFILE, name, "sso_session");
        if let Some(other) = session.filter(|session| *session != self.session) {
            return Err(GenerateError::OtherSession {
                name: name.clone(),
                role: profile.role.to_string(),
                other: other.to_owned(),
            });
        }
        let mut generated_keys = marked_keys(document, name);
        let mut is_changed = false;
        let source = profile.source.iter().map(|(key, value)| (*key, value, profile.overwrite));
        let others =
            self.properties.iter().map(|(key, value)| (key.as_str(), value, self.overwrite));
        for (key, value, overwrite) in source.chain(others) {
            let present = document.get(PROFILE, name, key);
            if present == Some(value) || (present.is_some() && !overwrite) {
                continue;
            }
            document.set(PROFILE, name, key, value)?;
            is_changed = true;
            if !generated_keys.iter().any(|known| known == key) {
                generated_keys.push(key.to_owned());
            }
        }
        if is_changed {
            document.set(PROFILE, name, MARK, &generated_keys.join(","))?;
        }
        Ok(is_changed)
    }

    /// Removes outdated SSO profiles. `all` is the complete list of assigned roles. Also removes
    /// `credential_process` profiles whose SSO profile is outdated or does not exist.
    pub(crate) fn prune(
        &self,
        document: &mut Document,
        all: &[AssignedRole],
        summary: &mut Summary,
    ) -> Result<(), GenerateError> {
        let existing: HashSet<String> = names(document).collect();
        let outdated = self.outdated(document, all, &existing);
        let is_process_of_outdated = |name: &&String| {
            let target = process_target(document, name);
            target.is_some_and(|target| outdated.contains(target) || !existing.contains(target))
        };
        let processes: Vec<_> = existing.iter().filter(is_process_of_outdated).cloned().collect();
        let mut removed = Vec::new();
        for name in outdated.iter().cloned().chain(processes) {
            let generated_keys = marked_keys(document, &name);
            if document.keys(PROFILE, &name).all(|key| key == MARK || generated_keys.contains(&key))
            {
                removed.push(name);
            } else {
                summary.kept.push(name);
            }
        }
        summary.kept.sort();
        summary.removed += document.remove_sections(PROFILE, removed.iter().map(String::as_str))?;
        Ok(())
    }

    /// Returns the generated SSO profiles of this session whose role is not in `all`, or has a profile
    /// of another name now.
    fn outdated(
        &self,
        document: &Document,
        all: &[AssignedRole],
        existing: &HashSet<String>,
    ) -> HashSet<String> {
        let key = |role: &AssignedRole| (role.account_id.to_string(), role.role_name.to_string());
        let assigned: HashSet<_> = all.iter().map(key).collect();
        let names_now: HashMap<_, _> =
            self.roles.iter().map(|it| (key(&it.role), it.name.as_str())).collect();
        let is_outdated = |name: &&String| {
            let get = |key| document.get(PROFILE, name, key).unwrap_or_default();
            if document.get(PROFILE, name, MARK).is_none() || get("sso_session") != self.session {
                return false;
            }
            let role = (get("sso_account_id").to_owned(), get("sso_role_name").to_owned());
            let is_renamed = names_now.get(&role).is_some_and(|now| now != name);
            !assigned.contains(&role) || is_renamed
        };
        existing.iter().filter(is_outdated).cloned().collect()
    }
}

impl Wanted<'_> {
    /// Returns whether the existing profile of that name was generated, with the same kind of source.
    fn is_generated(&self, document: &Document) -> bool {
        let generated_keys = marked_keys(document, &self.name);
        self.source.first().is_some_and(|(key, _)| generated_keys.iter().any(|known| known == key))
    }

    /// Accepts an existing profile that the user wrote if it selects the same credentials.
    fn check_users_own(&self, document: &Document) -> Result<(), GenerateError> {
        let is_same = |(key, value): &(&str, String)| {
            document.get(PROFILE, &self.name, key) == Some(value.as_str())
        };
        let is_same = self.source.iter().all(is_same);
        if is_same { Ok(()) } else { Err(self.not_generated("the config file")) }
    }

    fn not_generated(&self, place: &'static str) -> GenerateError {
        let (name, role) = (self.name.clone(), self.role.to_string());
        GenerateError::NotGenerated { name, role, place }
    }
}

/// Returns the name of the `credential_process` profile that belongs to an SSO profile.
fn process_name(name: &str) -> String {
    format!("{name}{PROCESS_SUFFIX}")
}

/// Returns the SSO profile that the command of a generated `credential_process` profile passes to
/// `--profile`.
fn process_target<'a>(document: &'a Document, name: &str) -> Option<&'a str> {
    let is_generated = marked_keys(document, name).iter().any(|key| key == "credential_process");
    let command = document.get(PROFILE, name, "credential_process").filter(|_| is_generated)?;
    let (_, target) = command.rsplit_once(PROCESS_ARGUMENTS)?;
    Some(target)
}

/// Returns the keys that the mark of a profile lists.
fn marked_keys(document: &Document, name: &str) -> Vec<String> {
    let mark = document.get(PROFILE, name, MARK).unwrap_or_default();
    let keys = mark.split(',').map(str::trim).filter(|key| !key.is_empty());
    keys.map(str::to_owned).collect()
}

fn names(document: &Document) -> impl Iterator<Item = String> {
    let profiles = document.sections().filter(|(kind, _)| *kind == PROFILE);
    profiles.map(|(_, name)| name.to_owned())
}

#[cfg(test)]
mod tests {
    use sso_config::FileKind;

    use super::*;

    /// This test takes minutes if the time grows with the square of the number of profiles.
    #[test]
    fn profiles_of_five_thousand_roles_are_added_and_removed() {
        let role = |at: usize| AssignedRole {
            account_id: format!("{at:012}").parse().unwrap(),
            account_name: Some(format!("Account {at}")),
            email_address: None,
            role_name: "Admin".parse().unwrap(),
        };
        let roles: Vec<_> = (0..5000).map(role).collect();
        let template: NameTemplate = "{account_name}".parse().unwrap();
        let mut generated = GeneratedProfiles {
            session: "s".to_owned(),
            roles: name_all("s", &template, roles.clone(), true).unwrap(),
            properties: vec![("region".to_owned(), "eu-west-1".to_owned())],
            overwrite: false,
            credential_process: Some("ssocreds".to_owned()),
            credentials_names: HashSet::new(),
        };
        let text = "# mine\n[profile x]\nregion = y\n";
        let mut document = Document::parse(FileKind::Config, text);
        assert_eq!(generated.write(&mut document).unwrap().added, 10_000);
        assert_eq!(generated.write(&mut document).unwrap().unchanged, 10_000);
        let mut summary = Summary::default();
        generated.prune(&mut document, &roles, &mut summary).unwrap();
        assert_eq!(summary.removed, 0);
        generated.roles.clear();
        generated.prune(&mut document, &[], &mut summary).unwrap();
        assert_eq!((summary.removed, document.to_string().as_str()), (10_000, text));
    }
}
