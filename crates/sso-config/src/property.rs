//! Properties, and the sorted list of them that a section holds.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::Origin;

/// A property, `key = value`, or one of the sub-properties below a property.
///
/// The value may be a secret (a secret key in the credentials file): it is wiped from memory when
/// dropped, `Debug` leaves it out, and [`Property::is_secret`] tells.
#[derive(Clone)]
pub struct Property {
    /// Shared by all properties with this key: a file has many properties and few keys.
    pub(crate) key: Arc<str>,
    pub(crate) value: Zeroizing<Box<str>>,
    pub(crate) origin: Origin,
    /// `None` for most properties: kept small, since files hold many of them.
    pub(crate) sub_properties: Option<Box<Properties>>,
}

/// Properties, sorted by key.
///
/// A vector, because a section has few properties and a file can have thousands of sections. It is
/// filled in the order of the lines and then sorted once: inserting each property at its place
/// would take time that grows with the square of the number of properties.
#[derive(Clone, Default)]
pub(crate) struct Properties(Vec<Property>);

impl Property {
    /// The key: in lower case, but of a sub-property as it is written.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The value, trimmed and without comment. Lines that continue it are joined with `\n`, each
    /// trimmed. Empty for a property with sub-properties.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// The line of the key.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The properties below this one, sorted by key; none for a property with a value of its own.
    /// Sub-properties have none themselves.
    pub fn sub_properties(&self) -> impl ExactSizeIterator<Item = &Property> {
        self.sub_properties.as_deref().map(Properties::iter).unwrap_or_default()
    }

    /// Returns whether there are properties below this one.
    pub fn has_sub_properties(&self) -> bool {
        self.sub_properties.is_some()
    }

    /// The sub-property `key`. Unlike keys of properties, those of sub-properties are
    /// case-sensitive.
    pub fn sub(&self, key: &str) -> Option<&Property> {
        self.sub_properties.as_ref()?.get(key)
    }

    /// Returns whether the value must not be shown: `aws_secret_access_key`, `aws_session_token`, and its
    /// older name `aws_security_token`.
    pub fn is_secret(&self) -> bool {
        matches!(self.key(), "aws_secret_access_key" | "aws_session_token" | "aws_security_token")
    }
}

impl Properties {
    /// Adds properties. [`Properties::sort`] must follow before a property is looked up.
    pub(crate) fn append(&mut self, properties: &mut Vec<Property>) {
        self.0.append(properties);
    }

    /// Sorts by key. Of properties with the same key the last one stays, and `on_repeated` is called
    /// with each property that is dropped and the one that replaces it.
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
