//! The sso-session of the profile: one from the config file, or a new one.

use sso_config::{Document, EditError, SectionKind};
use sso_types::{Region, SessionName};

use super::pasted_url::{self, PastedUrl};
use super::questions::Questions;
use crate::arguments::Configure;
use crate::failure::Failure;

const SESSION: SectionKind = SectionKind::SsoSession;
const DEFAULT_SCOPES: &str = "sso:account:access";

/// An sso-session, with the properties to write.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) name: String,
    properties: Vec<(&'static str, String)>,
}

impl Session {
    /// Asks for the session, and for the values of a new one.
    pub(super) fn choose(
        questions: &Questions<'_>,
        document: &Document,
        options: &Configure,
    ) -> Result<Self, Failure> {
        let mut names: Vec<_> = document
            .sections()
            .filter(|(kind, _)| *kind == SESSION)
            .map(|(_, name)| name.to_owned())
            .collect();
        names.dedup();
        let name = match &options.sso_session {
            Some(name) => name.clone(),
            None if names.is_empty() || options.start_url.is_some() => new_name(questions)?,
            None => {
                let mut items = names.clone();
                items.push("(a new sso-session)".to_owned());
                match names.get(questions.pick("sso-session", "--sso-session", &items)?) {
                    Some(name) => name.clone(),
                    None => new_name(questions)?,
                }
            }
        };
        let has = |key| document.get(SESSION, &name, key).is_some();
        let mut properties = Vec::new();
        let mut region_in_url = None;
        if options.start_url.is_some() || !has("sso_start_url") {
            let check = |text: &str| pasted_url::read(text).map_err(str::to_owned);
            let PastedUrl { url, region } = match &options.start_url {
                Some(text) => check(text)
                    .map_err(|reason| Failure::Answer { option: "--start-url", reason })?,
                None => questions.text("Start URL", "--start-url", None, check)?,
            };
            region_in_url = region;
            properties.push(("sso_start_url", url));
        }
        if options.sso_region.is_some() || !has("sso_region") {
            let of_session = if let Some(region) = &options.sso_region {
                region.clone()
            } else {
                let default = region_in_url.as_deref();
                questions.text(
                    "Region of IAM Identity Center (sso_region)",
                    "--sso-region",
                    default,
                    region,
                )?
            };
            properties.push(("sso_region", of_session.to_string()));
        }
        if options.scopes.is_some() || !has("sso_registration_scopes") {
            let scopes = options.scopes.clone().unwrap_or_else(|| DEFAULT_SCOPES.to_owned());
            properties.push(("sso_registration_scopes", scopes));
        }
        Ok(Self { name, properties })
    }

    pub(super) fn write(&self, document: &mut Document) -> Result<(), EditError> {
        for (key, value) in &self.properties {
            document.set(SESSION, &self.name, key, value)?;
        }
        Ok(())
    }
}

fn new_name(questions: &Questions<'_>) -> Result<String, Failure> {
    let check = |name: &str| SessionName::new(name).map_err(|error| error.reason().to_owned());
    let name =
        questions.text("Name of the new sso-session", "--sso-session", Some("sso"), check)?;
    Ok(name.to_string())
}

/// Reads a region from an answer.
pub(super) fn region(text: &str) -> Result<Region, String> {
    Region::new(text).map_err(|error| error.reason().to_owned())
}
