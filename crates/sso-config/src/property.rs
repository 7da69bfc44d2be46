//! Properties, and the sorted list of properties of a section.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::Origin;

/// A property, `key = value`, or a sub-property of a property.
///
/// The value may be a secret, such as a secret key in the credentials file. It is wiped from memory
/// when dropped, and `Debug` leaves it out. [`Property::is_secret`] identifies secrets.
#[derive(Clone)]
pub struct Property {
    /// Shared by all properties with this key, since a file has many properties and few keys.
    pub(crate) key: Arc<str>,
    pub(crate) value: Zeroizing<Box<str>>,
    pub(crate) origin: Origin,
    /// `None` for most properties. Boxed, so that a property is small.
    pub(crate) sub_properties: Option<Box<Properties>>,
}

/// Properties, sorted by key.
///
/// A vector, because a section has few properties and a file can have thousands of sections. It is
/// filled in the order of the lines and then sorted once. Inserting each property in order would
/// take quadratic time.
#[derive(Clone, Default)]
pub(crate) struct Properties(Vec<Property>);

impl Property {
    /// The key. It is in lower case, except that the key of a sub-property is kept as written.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The value, trimmed and without its comment. Continuation lines are trimmed and joined with
    /// `\n`. Empty for a property with sub-properties.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// The file and line of the key.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The sub-properties, sorted by key. Only a property with an empty value has sub-properties,
    /// and they have none themselves.
    pub fn sub_properties(&self) -> impl ExactSizeIterator<Item = &Property> {
        self.sub_properties.as_deref().map(Properties::iter).unwrap_or_default()
    }

    /// Returns `true` if there are sub-properties.
    pub fn has_sub_properties(&self) -> bool {
        self.sub_properties.is_some()
    }

    /// Returns the sub-property `key`. Unlike keys of properties, keys of sub-properties are
    /// case-sensitive.
    pub fn sub(&self, key: &str) -> Option<&Property> {
        self.sub_properties.as_ref()?.get(key)
    }

    /// Returns `true` if the value is secret and must not be displayed. The keys are
    /// `aws_secret_access_key`, `aws_session_token`, and its older name `aws_security_token`.
    pub fn is_secret(&self) -> bool {
        matches!(self.key(), "aws_secret_access_key" | "aws_session_token" | "aws_security_token")
    }
}

impl Properties {
    /// Adds properties. The caller must call [`Properties::sort`] before looking up a property.
    pub(crate) fn append(&mut self, properties: &mut Vec<Property>) {
        self.0.append(properties);
    }

    /// Sorts by key. Among properties with the same key, the last one is kept. `on_repeated` is
    /// called with each dropped property and the one that replaces it.
    pub(crate) fn sort(&mut self, mut on_repeated: impl FnMut(&Property, &Property)) {
        self.0.sort_by(|a, b| a.key.cmp(&b.key));
        self.0.dedup_by(|later, earlier| {
            let is_repeated = later.key == earlier.key;
            if is_repeated {
                on_repeated(earlier, later);
                std::mem::swap(later, earlier);
            }
            is_repeated
        });
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Property> {
        let at = self.0.binary_search_by(|property| property.key().cmp(key)).ok()?;
        self.0.get(at)
    }

    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Property> {
        self.0.iter()
    }
}

impl fmt::Debug for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Property")
            .field("key", &self.key)
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}
