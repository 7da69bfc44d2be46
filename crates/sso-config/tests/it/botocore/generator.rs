//! Files of what botocore and this crate agree on: everything that `differences` does not list.
//!
//! Not responsible for comparing.

use std::fmt::Write;

/// Makes pairs of a config and a credentials file, the same ones from the same seed.
pub(crate) struct Generator(pub(crate) u64);

impl Generator {
    /// A number below `limit` (splitmix64, the upper bits).
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) >> 33).unwrap() % limit
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }

    pub(crate) fn files(&mut self) -> (String, String) {
        let config = self.file(&[
            "[default]",
            "[profile dev]",
            "[profile\tprod  ]",
            "[profile \"two words\"]",
            "[profile 'single quotes']",
            "[profile a_-/.%@+]",
            "[profile büro]",
            "[profile default2]",
            "[sso-session corp]",
            "[sso-session  \"my corp\"]",
            "[services local]",
            "[services a:b]",
            "[plugins]",
            "[preview]",
            "[connection x]",
            "[profile]",
            "[profile three words here]",
            "[Profile dev]",
        ]);
        let credentials =
            self.file(&["[default]", "[dev]", "[only-here]", "[prod]", "[büro]", "[profile]"]);
        if self.below(4) == 0 {
            (config.replace('\n', "\r\n"), credentials)
        } else {
            (config, credentials)
        }
    }

    /// Each section once at most: configparser refuses a second one.
    fn file(&mut self, headers: &[&str]) -> String {
        let mut text = self.one(&["", "", "# comment\n", "\n; comment\n\n"]).to_owned();
        let mut headers = headers.to_vec();
        for _ in 0..self.below(headers.len().min(8) + 1) {
            let header = headers.swap_remove(self.below(headers.len()));
            writeln!(text, "{header}{}", self.one(&["", "", "  ", " # comment", "; comment"]))
                .unwrap();
            self.properties(&mut text);
        }
        if self.below(3) == 0 {
            text.truncate(text.trim_end_matches('\n').len());
        }
        text
    }

    fn properties(&mut self, text: &mut String) {
        let mut keys = vec![
            "region",
            "Output",
            "SSO_Session",
            "sso_start_url",
            "sso_region",
            "sso_account_id",
            "role_arn",
            "a.b/c",
            "key-with-dash",
            "k@+%",
            "services",
            "s3",
            "sso",
            "x",
            "y",
        ];
        for _ in 0..self.below(8) {
            let key = keys.swap_remove(self.below(keys.len()));
            let equals = self.one(&["=", " = ", "= ", " =", "\t=\t"]);
            if matches!(key, "s3" | "sso") && self.below(4) > 0 {
                writeln!(text, "{key}{equals}").unwrap();
                self.sub_properties(text);
            } else {
                let value = self.value();
                writeln!(text, "{key}{equals}{value}{}", self.one(&["", "", " ", "\t "])).unwrap();
                // Below an empty value stand sub-properties.
                if !value.is_empty() {
                    self.continuation(text);
                }
            }
            text.push_str(self.one(&[
                "",
                "",
                "",
                "\n",
                "# comment\n",
                "; x = 1\n",
                "  \n",
                "\t\n\n",
            ]));
        }
    }

    fn value(&mut self) -> &'static str {
        self.one(&[
            "",
            "eu-west-1",
            "https://corp.awsapps.com/start#/",
            "a;b#c",
            "a = b",
            "a: b",
            "\"quoted\"",
            "two words",
            "100%",
            "%(x)s",
            "${x}",
            "ümläut",
            "日本",
            "\\n",
            "[brackets]",
            "a\tb",
            "=",
            ":",
            "123456789012",
            "sso:account:access, openid",
            "trailing \\",
        ])
    }

    fn continuation(&mut self, text: &mut String) {
        if self.below(4) > 0 {
            return;
        }
        for _ in 0..=self.below(3) {
            let indent = self.one(&[" ", "  ", "\t", "      "]);
            let line = self.one(&["more", "a = b", "text # kept", "text ; kept", "[x] y", "a:b"]);
            writeln!(text, "{indent}{line}{}", self.one(&["", "  "])).unwrap();
        }
    }

    fn sub_properties(&mut self, text: &mut String) {
        let mut keys = vec!["endpoint_url", "max_queue_size", "addressing_style", "a-b"];
        for _ in 0..=self.below(3) {
            let key = keys.swap_remove(self.below(keys.len()));
            let (indent, equals) = (self.one(&[" ", "    ", "\t"]), self.one(&["=", " = "]));
            let value = self.value();
            writeln!(text, "{indent}{key}{equals}{value}").unwrap();
            text.push_str(self.one(&["", "", "", "\n", "# comment\n", "  # comment\n"]));
        }
    }
}
