//! Formatting of a configuration as the text of a config file.

use zeroize::Zeroizing;

use crate::section::Section;
use crate::{Property, SharedConfig};

impl SharedConfig {
    /// Returns this configuration as the text of one config file. When the text is parsed again, it
    /// gives the same profiles, sso-sessions and services with the same properties. Comments and
    /// ignored lines are left out.
    ///
    /// **The text contains every value, including secret keys.** It is wiped from memory when
    /// dropped.
    pub fn to_text(&self) -> Zeroizing<String> {
        let mut length = 0;
        self.print(&mut |piece| length += piece.len());
        // Allocated once, since a growing buffer would leave copies of secrets in freed memory.
        let mut text = Zeroizing::new(String::with_capacity(length));
        self.print(&mut |piece| text.push_str(piece));
        text
    }

    fn print(&self, write: &mut dyn FnMut(&str)) {
        for section in self.profiles().chain(self.sso_sessions()).chain(self.services()) {
            print_section(section, write);
        }
    }
}

fn print_section(section: &Section, write: &mut dyn FnMut(&str)) {
    write(&section.header());
    write("\n");
    for property in section.properties() {
        print_property(property, "", write);
        for below in property.sub_properties() {
            print_property(below, " ", write);
        }
    }
}

/// Prints no blank after `=`, since a value that begins with `#` would become a comment.
fn print_property(property: &Property, indent: &str, write: &mut dyn FnMut(&str)) {
    for piece in [indent, property.key(), "="] {
        write(piece);
    }
    for (index, line) in property.value().split('\n').enumerate() {
        if index > 0 && !line.is_empty() {
            write(" ");
        }
        write(line);
        write("\n");
    }
}
