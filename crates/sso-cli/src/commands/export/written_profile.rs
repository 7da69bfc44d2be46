//! Writes role credentials into the credentials file, for tools that read only that file.

use sso_config::{FileKind, SectionKind};
use sso_types::Credentials;

use crate::context::Context;
use crate::failure::Failure;
use crate::generated_profiles::MARK;
use crate::printable::printable;
use crate::stdout;
use crate::times::whole_seconds;

const PROFILE: SectionKind = SectionKind::Profile;
const EXPIRES_AT: &str = "ssocreds_expires_at";

/// Writes the credentials to the section `[name]`. Fails if the user wrote that section.
pub(super) fn write(
    context: &Context,
    name: &str,
    credentials: &Credentials,
    region: Option<&str>,
) -> Result<(), Failure> {
    let expires_at = whole_seconds(credentials.expires_at());
    let file = context.document_file(FileKind::Credentials)?;
    file.edit(|document| {
        let exists = document.sections().any(|(_, existing)| existing == name);
        if exists && document.get(PROFILE, name, MARK).is_none() {
            return Err(Failure::UsersSection { name: name.to_owned() });
        }
        for (key, value) in [
            ("aws_access_key_id", Some(credentials.access_key_id())),
            ("aws_secret_access_key", Some(credentials.secret_access_key().expose_secret())),
            ("aws_session_token", Some(credentials.session_token().expose_secret())),
            ("region", region),
            (EXPIRES_AT, Some(expires_at.as_str())),
            (MARK, Some("export")),
        ] {
            if let Some(value) = value {
                document.set(PROFILE, name, key, value)?;
            }
        }
        Ok::<_, Failure>(())
    })?;
    let (name, path) = (printable(name), printable(&file.path().display().to_string()));
    stdout::print(&format!("Wrote profile {name} to {path}; it expires at {expires_at}\n"))
}

/// Fails if an SSO profile has that name, because the written section would hide it.
pub(super) fn check_name(context: &Context, name: &str) -> Result<(), Failure> {
    let config = context.shared_config()?;
    if config.sso_profiles().any(|profile| profile.name() == name) {
        return Err(Failure::HidesProfile { name: name.to_owned() });
    }
    Ok(())
}
