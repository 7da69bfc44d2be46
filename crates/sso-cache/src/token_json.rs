//! Parses and writes the JSON of a token file.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use jiff::Timestamp;
use sso_types::{AccessToken, ClientSecret, RefreshToken};
use zeroize::Zeroizing;

use crate::object::{self, Member};
use crate::token_member::{Field, KeptMember, Optional};
use crate::{CachedToken, ParseError, timestamp};

impl CachedToken {
    /// Parses the content of a token file.
    ///
    /// If a name occurs twice, the last member counts. If the exact name is missing, a name that
    /// differs only in letter case counts.
    ///
    /// An unusable field that only a refresh needs is not an error. For such a field,
    /// [`refreshability`](Self::refreshability) returns the reason.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        let (text, before) = object::text(bytes)?;
        let members = object::members(text, before)?;
        let chosen = Chosen::of(&members);
        let value = |field| chosen.value(&members, field);

        // Wrap the secret before the next error can drop it.
        let access_token = required_string(Field::AccessToken, value(Field::AccessToken))?;
        let access_token = AccessToken::new(access_token);
        let expires_at = required_string(Field::ExpiresAt, value(Field::ExpiresAt))?;
        let expires_at = timestamp::parse(&expires_at)
            .ok_or(ParseError::Timestamp { field: Field::ExpiresAt.name() })?;
        let registration_expires_at = value(Field::RegistrationExpiresAt);
        Ok(Self {
            access_token,
            expires_at,
            refresh_token: string(value(Field::RefreshToken)).map(RefreshToken::new),
            client_id: string(value(Field::ClientId)),
            client_secret: string(value(Field::ClientSecret)).map(ClientSecret::new),
            registration_expires_at: optional_timestamp(registration_expires_at),
            region: string(value(Field::Region)),
            start_url: string(value(Field::StartUrl)),
            members: chosen.keep(&members, text),
            text: Arc::new(Zeroizing::new(text.to_owned())),
        })
    }

    /// Returns the content of the token file.
    ///
    /// The fields have the order in which they were read, and unknown fields are unchanged.
    /// Timestamps are written as `YYYY-MM-DDTHH:MM:SSZ`, rounded down to a second. The content is
    /// secret, and is cleared from memory on drop.
    pub fn to_json(&self) -> Zeroizing<Vec<u8>> {
        // Reserve the whole capacity. A buffer that grows would leave copies of the secret in
        // memory.
        let room = self.members.iter().map(|member| self.longest(member)).sum::<usize>() + 2;
        let mut out = Zeroizing::new(Vec::with_capacity(room));
        out.push(b'{');
        for (index, member) in self.members.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            match member.field {
                Some(field) => object::write_string(&mut out, field.name()),
                None => out.extend_from_slice(self.raw(&member.name).as_bytes()),
            }
            out.push(b':');
            match (&member.value, member.field) {
                (Some(value), _) => out.extend_from_slice(self.raw(value).as_bytes()),
                (None, Some(field)) => object::write_string(&mut out, &self.text_of(field)),
                (None, None) => out.extend_from_slice(b"null"),
            }
        }
        out.push(b'}');
        debug_assert!(out.len() <= room, "the buffer grew and left secrets in memory");
        out
    }

    /// Marks `field` as set, so that its new value is written in place of the old text. A new field
    /// is added at the end.
    pub(crate) fn set(&mut self, field: Field) {
        match self.members.iter_mut().find(|member| member.field == Some(field)) {
            Some(member) => member.value = None,
            None => {
                self.members.push(KeptMember { field: Some(field), name: 0..0, value: None });
            }
        }
    }

    /// Sorts the known fields in the AWS CLI's order, and appends the unknown fields of `previous`.
    pub(crate) fn take_unknown_fields(&mut self, previous: Option<&Self>) {
        debug_assert!(self.text.is_empty(), "a parsed token has unknown fields of its own");
        self.members.sort_by_key(|member| member.field.map(Field::place));
        let Some(previous) = previous else { return };
        self.text = Arc::clone(&previous.text);
        let unknown = previous.members.iter().filter(|member| member.field.is_none());
        self.members.extend(unknown.cloned());
    }

    fn raw(&self, range: &Range<usize>) -> &str {
        self.text.get(range.clone()).unwrap_or_default()
    }

    fn longest(&self, member: &KeptMember) -> usize {
        let name = member.field.map_or(member.name.len(), |field| field.name().len() + 2);
        let value = match (&member.value, member.field) {
            (Some(value), _) => value.len(),
            (None, Some(field)) => object::max_string_len(&self.text_of(field)),
            (None, None) => 4,
        };
        name + value + 2
    }

    /// Returns the text to write for a field that was set.
    fn text_of(&self, field: Field) -> Cow<'_, str> {
        let time = |time: Timestamp| Cow::Owned(timestamp::format(time));
        let text = match field {
            Field::AccessToken => Some(Cow::Borrowed(self.access_token.expose_secret())),
            Field::ExpiresAt => Some(time(self.expires_at)),
            Field::RefreshToken => self.refresh_token.present().map(|t| t.expose_secret().into()),
            Field::ClientId => self.client_id.present().map(Cow::from),
            Field::ClientSecret => self.client_secret.present().map(|s| s.expose_secret().into()),
            Field::RegistrationExpiresAt => {
                self.registration_expires_at.present().copied().map(time)
            }
            Field::Region => self.region.present().map(Cow::from),
            Field::StartUrl => self.start_url.present().map(Cow::from),
        };
        // A field that is set has a value.
        text.unwrap_or_default()
    }
}

/// Returns `true` if the text is an object with the field `accessToken`, which may have any value.
pub(crate) fn has_access_token(bytes: &[u8]) -> Result<bool, ParseError> {
    let (text, before) = object::text(bytes)?;
    match object::members(text, before) {
        Ok(members) => Ok(Chosen::of(&members).get(Field::AccessToken).is_some()),
        Err(ParseError::NotAnObject { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// For each field, the index of the member that counts, and `true` if its name is spelled exactly.
#[derive(Default)]
struct Chosen([Option<(usize, bool)>; 8]);

impl Chosen {
    fn of(members: &[Member<'_>]) -> Self {
        let mut chosen = Self::default();
        for (place, member) in members.iter().enumerate() {
            let Some((field, exact)) = field_named(member.name) else { continue };
            if let Some(choice) = chosen.0.get_mut(field as usize)
                && (exact || !choice.is_some_and(|(_, exact)| exact))
            {
                *choice = Some((place, exact));
            }
        }
        chosen
    }

    fn get(&self, field: Field) -> Option<(usize, bool)> {
        self.0.get(field as usize).copied().flatten()
    }

    fn value<'a>(&self, members: &[Member<'a>], field: Field) -> Option<&'a str> {
        let (place, _) = self.get(field)?;
        members.get(place).map(|member| member.value)
    }

    /// Returns the members to write back, in order. Leaves out duplicates of an exactly spelled
    /// name.
    ///
    /// A member whose name differs in letter case from the one that counts is an unknown field and
    /// is kept.
    fn keep(&self, members: &[Member<'_>], text: &str) -> Vec<KeptMember> {
        let range = |part: &str| {
            let start = part.as_ptr().addr() - text.as_ptr().addr();
            start..start + part.len()
        };
        let mut kept = Vec::with_capacity(members.len());
        for (place, member) in members.iter().enumerate() {
            let named = field_named(member.name);
            let field = named
                .map(|(field, _)| field)
                .filter(|&field| self.get(field).is_some_and(|(chosen, _)| chosen == place));
            if field.is_none() && named.is_some_and(|(_, exact)| exact) {
                continue;
            }
            // Timestamps that can be parsed are written in the form that every tool can read.
            let is_rewritten = match field {
                Some(Field::ExpiresAt) => true,
                Some(Field::RegistrationExpiresAt) => {
                    matches!(optional_timestamp(Some(member.value)), Optional::Present(_))
                }
                _ => false,
            };
            kept.push(KeptMember {
                field,
                name: range(member.name),
                value: (!is_rewritten).then(|| range(member.value)),
            });
        }
        kept
    }
}

/// Returns the field that a quoted name stands for, and `true` if the name is spelled exactly.
fn field_named(name: &str) -> Option<(Field, bool)> {
    let unescaped;
    let name = if name.contains('\\') {
        unescaped = object::string(name)?;
        unescaped.as_str()
    } else {
        name.strip_prefix('"')?.strip_suffix('"')?
    };
    let field = Field::ALL.into_iter().find(|field| field.name().eq_ignore_ascii_case(name))?;
    Some((field, field.name() == name))
}

fn required_string(field: Field, value: Option<&str>) -> Result<String, ParseError> {
    object::required_string(field.name(), value)
}

fn string(value: Option<&str>) -> Optional<String> {
    match value {
        None | Some("null") => Optional::Missing,
        Some(value) => object::string(value).map_or(Optional::Unusable, Optional::Present),
    }
}

fn optional_timestamp(value: Option<&str>) -> Optional<Timestamp> {
    match string(value) {
        Optional::Missing => Optional::Missing,
        Optional::Unusable => Optional::Unusable,
        Optional::Present(text) => {
            timestamp::parse(&text).map_or(Optional::Unusable, Optional::Present)
        }
    }
}
