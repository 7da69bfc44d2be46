//! Edits of a config file: every byte that is not edited is kept, and the values that were set are read.
//!
//! Input: a file; after a line `=== edits`, one edit per line: `set NAME KEY VALUE`, `remove NAME KEY`
//! or `drop NAME`. An input counts as accepted if every edit was made.

use std::collections::BTreeMap;

use sso_config::{Document, FileKind, Locations, Property, SectionKind, SharedConfig};

use super::Verdict;

const SEPARATOR: &str = "\n=== edits\n";
const PROFILE: SectionKind = SectionKind::Profile;

pub fn check(input: &[u8]) -> Verdict {
    let Ok(input) = std::str::from_utf8(input) else { return Verdict::Refused };
    let (text, edits) = input.split_once(SEPARATOR).unwrap_or((input, ""));
    let mut document = Document::parse(FileKind::Config, text);
    assert_eq!(document.to_string(), text, "a text that is not edited stays");
    let mut all_made = true;
    for edit in edits.lines() {
        all_made &= check_edit(&mut document, edit);
    }
    if all_made { Verdict::Accepted } else { Verdict::Refused }
}

/// Makes one edit. Returns `true` if it was made.
fn check_edit(document: &mut Document, edit: &str) -> bool {
    let mut words = edit.splitn(4, ' ');
    let mut word = || words.next().unwrap_or_default();
    let (operation, name, key, value) = (word(), word(), word(), word());
    let text = document.to_string();
    let before = values(&text);
    let made = match operation {
        "set" => document.set(PROFILE, name, key, value).is_ok(),
        "remove" => document.remove(PROFILE, name, key),
        "drop" => document.remove_sections(PROFILE, [name]).is_ok_and(|count| count == 1),
        _ => false,
    };
    let edited = document.to_string();
    if !made {
        assert_eq!(edited, text, "what is refused changes nothing: {edit:?}");
        return false;
    }
    let parsed_again = Document::parse(FileKind::Config, &edited);
    assert!(document.sections().eq(parsed_again.sections()), "{edited:?}");
    let after = values(&edited);
    for (at, value) in &before {
        let is_edited = at.0 == PROFILE.to_string()
            && at.1 == name
            && (at.2.eq_ignore_ascii_case(key) || operation == "drop");
        assert!(is_edited || after.get(at) == Some(value), "{at:?} changed: {edited:?}");
    }
    let at = (PROFILE.to_string(), name.to_owned(), key.to_owned());
    match operation {
        "set" => {
            assert_eq!(after.get(&at).map(String::as_str), Some(value), "{edited:?}");
            assert_eq!(document.get(PROFILE, name, key), Some(value));
            document.set(PROFILE, name, key, value).expect("it was set before");
            assert_eq!(document.to_string(), edited, "setting it again changes nothing");
        }
        "drop" => assert_eq!(document.keys(PROFILE, name).count(), 0),
        _ => assert_eq!(document.get(PROFILE, name, key), None),
    }
    true
}

type Place = (String, String, String);

/// Every value that a reader finds: kind and name of the section, key, value.
fn values(text: &str) -> BTreeMap<Place, String> {
    let locations = Locations::new("config", "credentials");
    let parsed = SharedConfig::parse(&locations, text, "").expect("it is short, and UTF-8");
    let sections = parsed.profiles().chain(parsed.sso_sessions()).chain(parsed.services());
    let value = |property: &Property| property.value().to_owned();
    sections
        .flat_map(|section| {
            let of = (section.kind().to_string(), section.name().to_owned());
            section.properties().map(move |property| {
                let (kind, name) = of.clone();
                ((kind, name, property.key().to_owned()), value(property))
            })
        })
        .collect()
}
