//! Profiles that `populate` makes in the config file, recognized by a key of their own.
//!
//! The value of that key lists the keys that populate wrote. All others are the user's: they are
//! never changed, and a profile that holds one is never removed.

use std::collections::{HashMap, HashSet};

use sso_config::{Document, DocumentFileError, EditError, SectionKind};

use crate::assigned_roles::AssignedRole;
use crate::name_template::NameTemplate;

/// The key of generated profiles, and of generated sections in the credentials file.
pub(crate) const MARK: &str = "ssocreds_generated";

const PROFILE: SectionKind = SectionKind::Profile;

/// A profile that cannot be generated, and so none is.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GenerateError {
    #[error(
        "{first} and {second} would both be profile {name:?}; choose a --name that tells them \
         apart, with {{account_id}} for example"
    )]
    SameName { name: String, first: String, second: String },
    #[error(
        "profile {name:?}, for {role}, is in {place} already and was not made by `ssocreds \
         populate`; rename it, or choose another --name"
    )]
    NotGenerated { name: String, role: String, place: &'static str },
    #[error(
        "profile {name:?}, for {role}, was generated for sso-session {other:?}; put {{session}} \
         into --name"
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
    pub(crate) profiles: Vec<GeneratedProfile>,
    /// Properties of every profile, in their order.
    pub(crate) properties: Vec<(String, String)>,
    /// Whether to replace other values of these properties.
    pub(crate) overwrite: bool,
    /// The program of a `credential_process`, as a word of a command line.
    pub(crate) credential_process: Option<String>,
    /// The names in the credentials file.
    pub(crate) credentials_names: HashSet<String>,
}

#[derive(Debug)]
pub(crate) struct GeneratedProfile {
    pub(crate) name: String,
    pub(crate) role: AssignedRole,
}

/// What an edit did.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    pub(crate) added: usize,
    pub(crate) changed: usize,
    pub(crate) unchanged: usize,
    pub(crate) removed: usize,
    /// Profiles of roles that are gone, which hold keys of the user.
    pub(crate) kept: Vec<String>,
}

/// Returns a name for each role, all of them different.
pub(crate) fn name_all(
    session: &str,
    template: &NameTemplate,
    roles: Vec<AssignedRole>,
) -> Result<Vec<GeneratedProfile>, GenerateError> {
    let mut profiles: Vec<GeneratedProfile> = Vec::new();
    let mut by_name: HashMap<String, usize> = HashMap::new();
    for role in roles {
        let name = template.fill(session, &role);
        let earlier = by_name.insert(name.clone(), profiles.len());
        if let Some(first) = earlier.and_then(|at| profiles.get(at)) {
            let (first, second) = (describe(&first.role), describe(&role));
            return Err(GenerateError::SameName { name, first, second });
        }
        profiles.push(GeneratedProfile { name, role });
    }
    Ok(profiles)
}

impl GeneratedProfiles {
    /// Adds the profiles to the document, or brings them up to date.
    pub(crate) fn write(&self, document: &mut Document) -> Result<Summary, GenerateError> {
        let existing: HashSet<String> = names(document).collect();
        let mut summary = Summary::default();
        for profile in &self.profiles {
            let is_new = !existing.contains(&profile.name);
            if !is_new && document.get(PROFILE, &profile.name, MARK).is_none() {
                self.check_users_own(document, profile)?;
                summary.unchanged += 1;
                continue;
            }
            if is_new && self.credentials_names.contains(&profile.name) {
                return Err(not_generated(profile, "the credentials file"));
            }
            match (is_new, self.write_one(document, profile)?) {
                (true, _) => summary.added += 1,
                (false, true) => summary.changed += 1,
                (false, false) => summary.unchanged += 1,
            }
        }
        Ok(summary)
    }

    /// A profile of the user's with that name is fine if it is the same.
    fn check_users_own(
        &self,
        document: &Document,
        profile: &GeneratedProfile,
    ) -> Result<(), GenerateError> {
        let is_same = self
            .identity(profile)
            .iter()
            .all(|(key, value)| document.get(PROFILE, &profile.name, key) == Some(value));
        if is_same { Ok(()) } else { Err(not_generated(profile, "the config file")) }
    }

    /// Returns whether that changed anything.
    fn write_one(
        &self,
        document: &mut Document,
        profile: &GeneratedProfile,
    ) -> Result<bool, GenerateError> {
        let name = &profile.name;
        let session = document.get(PROFILE, name, "sso_session");
        if let Some(other) = session.filter(|session| *session != self.session) {
            return Err(GenerateError::OtherSession {
                name: name.clone(),
                role: describe(&profile.role),
                other: other.to_owned(),
            });
        }
        let mut ours = marked_keys(document, name);
        let mut is_changed = false;
        let mut set = |document: &mut Document, key: &str, value: &str, always: bool| {
            let present = document.get(PROFILE, name, key);
            if present == Some(value) || (present.is_some() && !always) {
                return Ok::<_, EditError>(());
            }
            document.set(PROFILE, name, key, value)?;
            is_changed = true;
            if !ours.iter().any(|known| known == key) {
                ours.push(key.to_owned());
            }
            Ok(())
        };
        for (key, value) in self.identity(profile) {
            set(document, key, value, true)?;
        }
        for (key, value) in &self.properties {
            set(document, key, value, self.overwrite)?;
        }
        if let Some(program) = &self.credential_process {
            let command = format!("{program} credential-process --profile {name}");
            set(document, "credential_process", &command, self.overwrite)?;
        }
        if is_changed {
            document.set(PROFILE, name, MARK, &ours.join(","))?;
        }
        Ok(is_changed)
    }

    fn identity<'a>(&'a self, profile: &'a GeneratedProfile) -> [(&'static str, &'a str); 3] {
        [
            ("sso_session", &self.session),
            ("sso_account_id", profile.role.account_id.as_str()),
            ("sso_role_name", profile.role.role_name.as_str()),
        ]
    }

    /// Removes generated profiles of this session whose role is not in `all`, the complete list, and
    /// those whose role has a profile of another name now.
    pub(crate) fn prune(
        &self,
        document: &mut Document,
        all: &[AssignedRole],
        summary: &mut Summary,
    ) -> Result<(), GenerateError> {
        let key = |role: &AssignedRole| (role.account_id.to_string(), role.role_name.to_string());
        let assigned: HashSet<_> = all.iter().map(key).collect();
        let names_now: HashMap<_, _> =
            self.profiles.iter().map(|it| (key(&it.role), it.name.as_str())).collect();
        let mut removed = Vec::new();
        for name in names(document).collect::<HashSet<_>>() {
            let get = |key| document.get(PROFILE, &name, key).unwrap_or_default();
            if document.get(PROFILE, &name, MARK).is_none() || get("sso_session") != self.session {
                continue;
            }
            let role = (get("sso_account_id").to_owned(), get("sso_role_name").to_owned());
            let is_renamed = names_now.get(&role).is_some_and(|now| *now != name);
            if assigned.contains(&role) && !is_renamed {
                continue;
            }
            let ours = marked_keys(document, &name);
            if document.keys(PROFILE, &name).all(|key| key == MARK || ours.contains(&key)) {
                removed.push(name);
            } else {
                summary.kept.push(name);
            }
        }
        summary.kept.sort();
        summary.removed += document.remove_sections(PROFILE, removed.iter().map(String::as_str))?;
        Ok(())
    }
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

fn not_generated(profile: &GeneratedProfile, place: &'static str) -> GenerateError {
    let (name, role) = (profile.name.clone(), describe(&profile.role));
    GenerateError::NotGenerated { name, role, place }
}

/// The role for a message: `Admin in 123456789012 (Development)`.
fn describe(role: &AssignedRole) -> String {
    let name = role.account_name.as_deref().map(|name| format!(" ({name})")).unwrap_or_default();
    format!("{} in {}{name}", role.role_name, role.account_id)
}

#[cfg(test)]
mod tests {
    use sso_config::FileKind;

    use super::*;

    /// Takes minutes if the work grows with the square of the number of profiles.
    #[test]
    fn five_thousand_profiles_are_added_and_removed() {
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
            profiles: name_all("s", &template, roles.clone()).unwrap(),
            properties: vec![("region".to_owned(), "eu-west-1".to_owned())],
            overwrite: false,
            credential_process: None,
            credentials_names: HashSet::new(),
        };
        let text = "# mine\n[profile x]\nregion = y\n";
        let mut document = Document::parse(FileKind::Config, text);
        assert_eq!(generated.write(&mut document).unwrap().added, 5000);
        assert_eq!(generated.write(&mut document).unwrap().unchanged, 5000);
        let mut summary = Summary::default();
        generated.prune(&mut document, &roles, &mut summary).unwrap();
        assert_eq!(summary.removed, 0);
        generated.profiles.clear();
        generated.prune(&mut document, &[], &mut summary).unwrap();
        assert_eq!((summary.removed, document.to_string().as_str()), (5000, text));
    }
}
