//! Checks of property values.

use sso_types::{NameError, Region};

use crate::not_found::in_quotes;
use crate::section::Section;
use crate::{Property, SettingsError, Warning, WarningKind};

/// A property, with the details for an error about its value.
#[derive(Clone, Copy)]
pub(crate) struct Value<'a> {
    /// The profile that is being resolved, if there is one.
    pub(crate) profile: Option<&'a str>,
    pub(crate) section: &'a Section,
    pub(crate) property: &'a Property,
    pub(crate) key: &'static str,
}

impl<'a> Value<'a> {
    /// Converts the value to one of the validated types of `sso-types`.
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

    /// Converts the value to a region.
    pub(crate) fn region(self) -> Result<Region, SettingsError> {
        self.refuse_quotes()?;
        if is_availability_zone(self.property.value()) {
            return Err(SettingsError::AvailabilityZone {
                profile: self.profile.map(str::to_owned),
                section: self.section.header(),
                origin: self.property.origin().clone(),
                zone: self.property.value().to_owned(),
            });
        }
        self.parse(Region::new)
    }

    /// Fails if the value is in quotes. They are part of the value and make it invalid.
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

    /// Returns a warning if the value, a start URL, is not an https URL.
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

/// Returns `true` if a value is a region and a letter, such as `us-east-1a`.
fn is_availability_zone(value: &str) -> bool {
    let region = value.strip_suffix(|c: char| c.is_ascii_lowercase()).unwrap_or_default();
    let number = region.rsplit('-').next().unwrap_or_default();
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let is_name = region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    is_number && is_name && region.matches('-').count() >= 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn availability_zones_are_told_from_regions() {
        for (value, expected) in [
            ("us-east-1a", true),
            ("us-gov-west-1b", true),
            ("us-east-1", false),
            ("us-east-1ab", false),
            ("x-1a", false),
            ("us\0-east-1a", false),
            ("", false),
        ] {
            assert_eq!(is_availability_zone(value), expected, "{value}");
        }
    }
}
