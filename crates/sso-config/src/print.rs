//! A configuration as the text of a config file.
//!
//! Not responsible for comments, for the layout that a file had, nor for writing files.

use zeroize::Zeroizing;

use crate::SharedConfig;
use crate::names::in_section_line;
use crate::section::{Property, Section, SectionKind};

impl SharedConfig {
    /// Everything in this configuration as the text of one config file: parsed again, it gives the
    /// same profiles, sso-sessions and services with the same properties. What was ignored is not in
    /// it, but for lines inside a nested value: they are the text of that value.
    ///
    /// **It holds every value, secret keys included**, and is wiped from memory when dropped.
    pub fn to_text(&self) -> Zeroizing<String> {
        let sections = || self.profiles().chain(self.sso_sessions()).chain(self.services());
        let length = sections().map(printed_length).sum();
        // All of it at once: a buffer that grows leaves copies behind.
        let mut text = Zeroizing::new(String::with_capacity(length));
        for section in sections() {
            text.push_str(&section.header());
            text.push('\n');
            for property in section.properties() {
                print(&mut text, property);
            }
        }
        debug_assert!(text.len() <= length, "a buffer that grew leaves secrets behind");
        text
    }
}

impl Section<'_> {
    /// The line that begins such a section in the config file, in its shortest form:
    /// `[default]`, `[profile dev]`, `[sso-session "two words"]`.
    pub fn header(&self) -> String {
        let (kind, name) = (self.kind(), self.name());
        match kind {
            SectionKind::Profile if name == "default" => "[default]".to_owned(),
            _ => format!("[{kind} {}]", in_section_line(name)),
        }
    }
}

/// At least as many bytes as the section takes.
fn printed_length(section: Section<'_>) -> usize {
    let properties = section.properties().map(|property| {
        let lines = property.value().split('\n').count();
        property.key().len() + 1 + property.value().len() + 2 * lines + 2
    });
    section.header().len() + 1 + properties.sum::<usize>()
}

/// No blank after `=`: a value that begins with `#` would become a comment.
fn print(text: &mut String, property: Property<'_>) {
    text.push_str(property.key());
    text.push('=');
    for (index, line) in property.value().split('\n').enumerate() {
        if index > 0 {
            text.push(' ');
        }
        text.push_str(line);
        // One carriage return at the end of a line belongs to the line's end and not to the value.
        text.push_str(if line.ends_with('\r') { "\r\n" } else { "\n" });
    }
}
