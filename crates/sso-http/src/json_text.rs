//! Reads strings from the JSON object of an answer, without leaving copies of secrets in memory.

use std::fmt;

use serde::Deserializer as _;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;
use sso_types::json_string;
use zeroize::Zeroizing;

/// Strips a byte order mark, which RFC 8259 section 8.1 allows a parser to ignore.
pub(crate) fn without_bom(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text)
}

/// The members of a JSON object. If a name is repeated, the last member is used.
pub(crate) struct Members<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Members<'a> {
    /// Parses a JSON object. Returns `None` for anything else.
    pub(crate) fn of(body: &'a [u8]) -> Option<Self> {
        let mut deserializer = serde_json::Deserializer::from_slice(without_bom(body));
        let members = deserializer.deserialize_map(ObjectVisitor).ok()?;
        deserializer.end().ok()?;
        Some(members)
    }

    /// Returns the string `name`, if there is one and it is not empty.
    pub(crate) fn text(&self, name: &str) -> Option<Zeroizing<String>> {
        let is_it = |quoted: &str| {
            quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) == Some(name)
        };
        let (_, value) = self.0.iter().rev().find(|(quoted, _)| is_it(quoted))?;
        json_string(value).filter(|text| !text.is_empty())
    }
}

struct ObjectVisitor;

impl<'de> Visitor<'de> for ObjectVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some((name, value)) = map.next_entry::<&'de RawValue, &'de RawValue>()? {
            members.push((name.get(), value.get()));
        }
        Ok(Members(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_found_by_name() {
        let body = br#" {"a":"1","b":null,"c":"","d":["x"],"a":"\u0032\/","e":1} "#;
        let members = Members::of(body).unwrap();
        let text = |name| members.text(name).map(|text| text.to_string());
        assert_eq!(text("a").as_deref(), Some("2/"));
        for other in ["b", "c", "d", "e", "f"] {
            assert_eq!(text(other), None, "{other}");
        }
        let marked = Members::of(b"\xef\xbb\xbf{\"a\":\"1\"}").unwrap();
        assert_eq!(marked.text("a").unwrap().as_str(), "1");
        for other in ["", "[]", "{} {}", "{\"a\":", "{\"a\":\"\\u12\"}", "null", "\"{}\""] {
            assert!(Members::of(other.as_bytes()).is_none(), "{other}");
        }
        assert!(Members::of(b"{\"a\":\"\xff\"}").is_none());
    }
}
