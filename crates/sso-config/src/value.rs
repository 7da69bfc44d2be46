//! Values of properties, checked.

use sso_types::{NameError, Region};

use crate::not_found::in_quotes;
use crate::section::{Property, Section};
use crate::{SettingsError, Warning, WarningKind};

/// A property, with all that an error about its value says.
#[derive(Clone, Copy)]
pub(crate) struct Value<'a> {
    /// The profile that is being resolved, if there is one.
    pub(crate) profile: Option<&'a str>,
    pub(crate) section: &'a Section,
    pub(crate) property: &'a Property,
    pub(crate) key: &'static str,
}

impl<'a> Value<'a> {
    /// The value as a name that can be sent.
    pub(crate) fn parse<T>(
        self,
        new: impl FnOnce(&'a str) -> Result<T, NameError>,
    ) -> Result<T, SettingsError> {
        new(self.property.value()).map_err(|source| SettingsError::InvalidValue {
            profile: self.profile.map(str::to_owned),
            section: self.section.header(),
            key: self.key,
            origin: self.property.origin().clone(),
            source: Box::new(source),
        })
    }

    /// The value as a region.
    pub(crate) fn region(self) -> Result<Region, SettingsError> {
        self.refuse_quotes()?;
        if let Some(region) = region_of_zone(self.property.value()) {
            return Err(SettingsError::AvailabilityZone {
                profile: self.profile.map(str::to_owned),
                section: self.section.header(),
                origin: self.property.origin().clone(),
                zone: self.property.value().to_owned(),
                region: region.to_owned(),
            });
        }
        self.parse(Region::new)
    }

    /// Fails if quotes around the value make it unusable: they are part of it.
    pub(crate) fn refuse_quotes(self) -> Result<(), SettingsError> {
        if !in_quotes(self.property.value()) {
            return Ok(());
        }
        Err(SettingsError::InQuotes {
            profile: self.profile.map(str::to_owned),
            section: self.section.header(),
            key: self.key,
            origin: self.property.origin().clone(),
        })
    }

    /// A warning if the value, a start URL, is not an https URL.
    pub(crate) fn start_url_warning(self) -> Option<Warning> {
        const HTTPS: &str = "https://";
        let value = self.property.value();
        let is_https =
            value.get(..HTTPS.len()).is_some_and(|start| start.eq_ignore_ascii_case(HTTPS));
        let kind = WarningKind::StartUrlNotHttps {
            section: self.section.header(),
            in_quotes: in_quotes(value),
        };
        (!is_https).then(|| Warning::new(kind, self.property.origin().clone()))
    }
}

/// The region of an availability zone: `us-east-1` of `us-east-1a`.
fn region_of_zone(value: &str) -> Option<&str> {
    let region = value.strip_suffix(|c: char| c.is_ascii_lowercase())?;
    let (_, number) = region.rsplit_once('-')?;
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    (is_number && region.matches('-').count() >= 2).then_some(region)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_region_of_an_availability_zone() {
        for (value, region) in [
            ("us-east-1a", Some("us-east-1")),
            ("us-gov-west-1b", Some("us-gov-west-1")),
            ("us-east-1", None),
            ("us-east-1ab", None),
            ("x-1a", None),
            ("", None),
        ] {
            assert_eq!(region_of_zone(value), region, "{value}");
        }
    }
}
