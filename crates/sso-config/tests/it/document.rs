//! Editing the text of a file keeps every other byte.

use proptest::prelude::*;
use sso_config::{Document, FileKind, Property, SectionKind};

use crate::round_trip::config_text;
use crate::show::parse;

const PROFILE: SectionKind = SectionKind::Profile;

fn set(text: &str, name: &str, key: &str, value: &str) -> String {
    let mut document = Document::parse(FileKind::Config, text);
    document.set(PROFILE, name, key, value).unwrap();
    document.to_string()
}

#[test]
fn a_property_is_set_in_its_place() {
    for (text, expected) in [
        ("[profile a]\nk = 1 # x\nl = 2\n", "[profile a]\nk = new # x\nl = 2\n"),
        ("[profile a]\n  K:1\n", "[profile a]\n  K:new\n"),
        ("[profile a]\nk =\n", "[profile a]\nk = new\n"),
        ("[profile a]\nk = 1\n  2\n\n# x\n  3\nl = 2", "[profile a]\nk = new\nl = 2"),
        ("[profile a]\r\nk = 1\r\n", "[profile a]\r\nk = new\r\n"),
        ("[profile a]\nk = 1", "[profile a]\nk = new"),
        ("[profile a]\nk = 1\n[profile a]\nk = 2\n", "[profile a]\nk = 1\n[profile a]\nk = new\n"),
        (
            "[profile 'a']\nk = 1\n[profile a]\nk = 2\n[profile 'a']\nl = 3\n",
            "[profile 'a']\nk = 1\n[profile a]\nk = 2\n[profile 'a']\nl = 3\nk = new\n",
        ),
    ] {
        assert_eq!(set(text, "a", "k", "new"), expected, "{text:?}");
    }
}

#[test]
fn a_new_property_takes_the_style_of_its_neighbours() {
    for (text, expected) in [
        ("[profile a]\n", "[profile a]\nk = new\n"),
        ("[profile a]", "[profile a]\nk = new\n"),
        (
            "[profile a]\n\tx=1\n\n# of b\n[profile b]\n",
            "[profile a]\n\tx=1\n\tk=new\n\n# of b\n[profile b]\n",
        ),
        ("[profile a]\r\n  x: 1\r\n    2\r\n", "[profile a]\r\n  x: 1\r\n    2\r\n  k: new\r\n"),
        ("[profile a]\nx     = 1\n", "[profile a]\nx     = 1\nk = new\n"),
        ("[profile b]\nx=1\n[profile a]\n", "[profile b]\nx=1\n[profile a]\nk=new\n"),
        ("", "[profile a]\nk = new\n"),
        ("\u{feff}[profile b]\r\n", "\u{feff}[profile b]\r\n\r\n[profile a]\r\nk = new\r\n"),
        ("[default]\nx=1", "[default]\nx=1\n\n[profile a]\nk=new\n"),
    ] {
        assert_eq!(set(text, "a", "k", "new"), expected, "{text:?}");
    }
}

#[test]
fn properties_and_sections_are_removed_with_all_their_lines() {
    let text =
        "# top\n[profile a]\nk = 1\n  2\nx = 1\nK = 3\n# own\n\n# of b\n[profile b]\nk = 1\n";
    let mut document = Document::parse(FileKind::Config, text);
    assert!(document.remove(PROFILE, "a", "k") && !document.remove(PROFILE, "a", "k"));
    let removed = "# top\n[profile a]\nx = 1\n# own\n\n# of b\n[profile b]\nk = 1\n";
    assert_eq!(document.to_string(), removed);
    assert_eq!(document.remove_sections(PROFILE, ["a", "none"]).unwrap(), 1);
    assert_eq!(document.remove_sections(PROFILE, ["a"]).unwrap(), 0);
    assert_eq!(document.to_string(), "# top\n# of b\n[profile b]\nk = 1\n");
    assert_eq!(document.sections().collect::<Vec<_>>(), [(PROFILE, "b")]);
}

#[test]
fn properties_are_removed_from_the_section_default_in_capitals() {
    for file in [FileKind::Config, FileKind::Credentials] {
        let text = "[DEFAULT]\nk = 1\n  2\nx = 1\n[default]\nk = 1\n[ DEFAULT ]\nK: 3\n";
        let mut document = Document::parse(file, text);
        assert!(document.remove_from_defaults("k") && !document.remove_from_defaults("k"));
        assert_eq!(document.to_string(), "[DEFAULT]\nx = 1\n[default]\nk = 1\n[ DEFAULT ]\n");
    }
}

#[test]
fn a_value_that_would_not_be_read_back_is_refused() {
    let mut document = Document::parse(FileKind::Config, "[profile a]\nx = 1\n");
    for value in [" x", "x ", "a # b", "a\nb", "a\rb"] {
        let error = document.set(PROFILE, "a", "k", value).unwrap_err();
        assert!(!error.to_string().contains(value), "a value may be a secret");
    }
    for key in ["", "K", "a b", "a=b", "[k", "#k"] {
        document.set(PROFILE, "a", key, "1").unwrap_err();
    }
    for name in ["", "a\nb", "a\u{1}"] {
        document.set(PROFILE, name, "k", "1").unwrap_err();
    }
    assert_eq!(document.to_string(), "[profile a]\nx = 1\n");
    let mut credentials = Document::parse(FileKind::Credentials, "");
    credentials.set(PROFILE, "profile a", "k", "1").unwrap_err();
    credentials.set(PROFILE, "My Account", "k", "#1").unwrap();
    assert_eq!(credentials.to_string(), "[My Account]\nk=#1\n");
}

#[test]
fn a_broken_section_line_below_never_becomes_a_part_of_a_value() {
    let text = "[profile b]\nx = 1\n[profile a]\n [profile c\n";
    let mut document = Document::parse(FileKind::Config, text);
    document.set(PROFILE, "a", "k", "1").unwrap_err();
    document.remove_sections(PROFILE, ["a"]).unwrap_err();
    assert_eq!(document.to_string(), text);
}

#[test]
fn sections_and_their_properties_can_be_queried() {
    let text = "[profile a]\nK = 1\n  2\nl=x # y\n[profile b]\n[profile a]\nl = z\n";
    let document = Document::parse(FileKind::Config, text);
    assert_eq!(document.get(PROFILE, "a", "k"), Some("1"));
    assert_eq!(document.get(PROFILE, "a", "l"), Some("z"));
    assert_eq!(document.get(PROFILE, "b", "l"), None);
    assert_eq!(document.keys(PROFILE, "a").collect::<Vec<_>>(), ["k", "l", "l"]);
    assert_eq!(document.keys(PROFILE, "none").count(), 0);
}

#[test]
fn setting_the_same_value_changes_nothing() {
    for text in ["[profile a]\nk=1\nl = 2\n", "[profile a]\nk =\t1\t# x\nl=2", "[profile a]\nk:1\n"]
    {
        assert_eq!(set(text, "a", "k", "1"), text);
    }
}

#[test]
fn a_section_can_be_removed_and_made_again() {
    let mut document =
        Document::parse(FileKind::Config, "[profile a]\nk = 1\n\n# of b\n[profile b]\n");
    document.remove_sections(PROFILE, ["a"]).unwrap();
    document.set(PROFILE, "a", "k", "2").unwrap();
    document.remove_sections(PROFILE, ["b"]).unwrap();
    assert_eq!(document.to_string(), "# of b\n[profile a]\nk = 2\n");
    assert_eq!(document.sections().collect::<Vec<_>>(), [(PROFILE, "a")]);
}

#[test]
fn a_section_is_removed_in_every_spelling() {
    let text = "[profile a]\nk = 1\n[profile 'a']\nk = 2\n[default]\nk = 1\n[profile default]\n";
    let mut document = Document::parse(FileKind::Config, text);
    assert_eq!(document.remove_sections(PROFILE, ["a", "default"]).unwrap(), 2);
    assert_eq!(document.to_string(), "");
}

#[test]
fn sections_that_are_added_and_removed_leave_no_trace() {
    for text in ["", "# x\n", "[profile x]\nk = 1\n", "[profile x]\r\nk = 1\r\n\r\n", "\u{feff}"] {
        let mut document = Document::parse(FileKind::Config, text);
        for name in ["a", "b"] {
            document.set(PROFILE, name, "k", "1").unwrap();
        }
        document.remove_sections(PROFILE, ["a", "b"]).unwrap();
        assert_eq!(document.to_string(), text);
    }
}

/// Takes minutes if the time of an edit grows with the number of sections.
#[test]
fn many_sections_are_made_and_removed() {
    let mut document = Document::parse(FileKind::Config, "");
    let names: Vec<_> = (0..10_000).map(|at| format!("p{at}")).collect();
    for name in &names {
        document.set(PROFILE, name, "k", "1").unwrap();
    }
    let removed = document.remove_sections(PROFILE, names.iter().map(String::as_str));
    assert_eq!(removed.unwrap(), names.len());
    assert_eq!(document.sections().count(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1000) })]

    #[test]
    fn a_text_that_is_not_edited_comes_out_as_it_was(text in any::<String>(), lines in config_text()) {
        for text in [text, lines] {
            prop_assert_eq!(Document::parse(FileKind::Config, &text).to_string(), text);
        }
    }

    #[test]
    fn a_value_that_is_set_is_read_and_nothing_else_changes(
        text in config_text(),
        name in prop::sample::select(&["a", "default", "a b", "new", "R&D"][..]),
        key in prop::sample::select(&["key", "a", "s3", "new"][..]),
        value in prop::sample::select(&["", "v", "a = b", "#x", "https://x/#/"][..]),
    ) {
        let before = parse(&text, "").unwrap();
        let mut document = Document::parse(FileKind::Config, &text);
        if document.set(PROFILE, name, key, value).is_err() {
            prop_assert_eq!(document.to_string(), text);
            return Ok(());
        }
        let after = parse(&document.to_string(), "").unwrap();
        let set = after.profile(name).and_then(|it| it.get(key)).map(|it| it.value().to_owned());
        prop_assert_eq!(set.as_deref(), Some(value), "{:?}", document.to_string());
        for section in before.profiles().chain(before.sso_sessions()).chain(before.services()) {
            for property in section.properties() {
                let same = match section.kind() {
                    SectionKind::Profile => after.profile(section.name()),
                    SectionKind::SsoSession => after.sso_session(section.name()),
                    _ => after.service(section.name()),
                };
                if section.kind() == PROFILE && section.name() == name && property.key() == key {
                    continue;
                }
                let now = same.and_then(|it| it.get(property.key())).map(Property::value);
                prop_assert_eq!(now, Some(property.value()), "{:?}", document.to_string());
            }
        }
    }
}
