//! The template of the names of generated profiles. Every AWS SDK accepts the names.

use std::str::FromStr;

use crate::assigned_role::AssignedRole;

/// The names of the values that a template can contain.
const VALUES: [&str; 5] = ["account_name", "account_id", "role_name", "session", "email"];

/// The default template.
pub(crate) const DEFAULT: &str = "{account_name}.{role_name}";

/// A template such as `{account_name}.{role_name}`.
#[derive(Debug, Clone)]
pub(crate) struct NameTemplate(Vec<Part>);

#[derive(Debug, Clone)]
enum Part {
    Text(String),
    Value(&'static str),
}

impl NameTemplate {
    /// Returns the name of the profile for a role. In each value, a hyphen replaces characters that an SDK
    /// may refuse.
    pub(crate) fn fill(&self, session: &str, role: &AssignedRole) -> String {
        let parts = self.0.iter().map(|part| match part {
            Part::Text(text) => text.clone(),
            Part::Value("account_name") => {
                let name = safe(role.account_name.as_deref().unwrap_or_default());
                // A name in another script, such as Japanese, has no safe characters.
                if name.is_empty() { safe(role.account_id.as_str()) } else { name }
            }
            Part::Value("account_id") => safe(role.account_id.as_str()),
            Part::Value("role_name") => safe(role.role_name.as_str()),
            Part::Value("session") => safe(session),
            Part::Value(_) => safe(role.email_address.as_deref().unwrap_or_default()),
        });
        parts.collect()
    }
}

impl FromStr for NameTemplate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (mut parts, mut rest) = (Vec::new(), text);
        while !rest.is_empty() {
            let (before, after) = rest.split_once('{').unwrap_or((rest, ""));
            if let Some(c) = before.chars().find(|c| !is_safe(*c)) {
                return Err(format!("{c:?} cannot be in a name; use letters, digits and _-/.@+"));
            }
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            if before.len() == rest.len() {
                break;
            }
            let (name, after) = after.split_once('}').ok_or("a { is not closed by a }")?;
            let value = VALUES.iter().find(|value| **value == name);
            let value = value.ok_or_else(|| {
                let values = VALUES.map(|value| format!("{{{value}}}")).join(", ");
                format!("there is no {{{name}}}; use {values}")
            })?;
            parts.push(Part::Value(value));
            rest = after;
        }
        if parts.is_empty() { Err("it is empty".to_owned()) } else { Ok(Self(parts)) }
    }
}

/// Returns whether every SDK accepts the character in a profile name, and no shell expands it.
fn is_safe(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_-/.@+".contains(c)
}

/// Replaces each run of other characters by a hyphen, and removes them at both ends.
fn safe(text: &str) -> String {
    let words = text.split(|c| !is_safe(c)).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(template: &str, account_name: &str) -> String {
        let role = AssignedRole {
            account_id: "123456789012".parse().unwrap(),
            account_name: Some(account_name.to_owned()),
            email_address: Some("a@example.com".to_owned()),
            role_name: "Read Only".parse().unwrap(),
        };
        template.parse::<NameTemplate>().unwrap().fill("dev", &role)
    }

    #[test]
    fn names_are_safe_for_every_sdk() {
        for (account_name, name) in [
            ("Dev", "Dev"),
            ("Team A, prod (EU)", "Team-A-prod-EU"),
            ("\"x\" = [y]\n# z", "x-y-z"),
            ("größe 😀", "gr-e"),
            ("日本", "123456789012"),
            ("", "123456789012"),
        ] {
            assert_eq!(filled("{account_name}", account_name), name);
        }
        let long = "x".repeat(200);
        assert_eq!(filled("{account_name}", &long), long);
        assert_eq!(
            filled("sso/{session}+{account_id}.{role_name}_{email}", ""),
            "sso/dev+123456789012.Read-Only_a@example.com"
        );
    }

    #[test]
    fn invalid_templates_are_refused() {
        for template in ["", "a b", "{", "{role}", "{role_name", "x}", "[x]", "ä"] {
            assert!(template.parse::<NameTemplate>().is_err(), "{template:?}");
        }
    }
}
