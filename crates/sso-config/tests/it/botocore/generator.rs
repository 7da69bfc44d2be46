//! Generates files in every form that botocore reads, except for the listed differences.

use std::fmt::Write;

/// Generates pairs of a config and a credentials file. The seed determines them.
pub(crate) struct Generator(pub(crate) u64);

const CONFIG_SECTIONS: &[&str] = &[
    "[default]",
    "[profile dev]",
    "[profile\tprod  ]",
    "[profile \"two words\"]",
    "[profile 'single quotes']",
    "[profile three\\ words\\ here]",
    "[profile mixed' 'quotes\" too\"]",
    "[profile a_-/.%@+:]",
    "[profile Org-[production]/Role]",
    "[profile R&D]",
    "[profile büro]",
    "[profile no\u{a0}break]",
    "[profile \"escaped \\\" quote\"]",
    "[profile text] /* behind */",
    "[profile default2]",
    "[profile 'dev']",
    "[sso-session corp]",
    "[sso-session  \"my corp\"]",
    "[sso-session 'acme (prod)']",
    "[services local]",
    "[services a:b]",
    "[plugins]",
    "[preview]",
    "[connection x]",
    "[profile]",
    "[profile three words here]",
    "[profile \"unclosed]",
    "[profile it's]",
    "[Profile dev]",
    "[DEFAULT]",
];

const CREDENTIALS_SECTIONS: &[&str] = &[
    "[default]",
    "[dev]",
    "[only-here]",
    "[prod]",
    "[büro]",
    "[two words]",
    "['in quotes']",
    "[Org-[production]/Role]",
    "[profile]",
    "[DEFAULT]",
];

const KEYS: &[&str] = &[
    "region",
    "Output",
    "SSO_Session",
    "sso_start_url",
    "sso_region",
    "sso_account_id",
    "sso_role_name",
    "role_arn",
    "a.b/c",
    "key-with-dash",
    "k@+%",
    "services",
    "x",
    "y",
];

const VALUES: &[&str] = &[
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
    "\u{a0}no-break space\u{a0}",
];

const BETWEEN: &[&str] = &[
    "",
    "",
    "",
    "",
    "\n",
    "  \n",
    "\t\n\n",
    "# comment\n",
    "; x = 1\n",
    "    # indented comment\n",
    "\t; indented = comment\n",
];

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
        let config = self.file(CONFIG_SECTIONS);
        let credentials = self.file(CREDENTIALS_SECTIONS);
        let end = self.one(&["\n", "\n", "\n", "\r\n", "\r"]);
        (config.replace('\n', end), credentials.replace('\n', end))
    }

    /// Each section at most once: configparser refuses a second one.
    fn file(&mut self, headers: &[&str]) -> String {
        let base = self.one(&["", "", "", "  ", "    ", "\t"]);
        let step = self.one(&["", "", "  ", "\t"]);
        let mut text = self.one(&["", "", "# comment\n", "\n; comment\n\n", "   # x\n"]).to_owned();
        let mut headers = headers.to_vec();
        for _ in 0..self.below(headers.len().min(8) + 1) {
            let header = headers.swap_remove(self.below(headers.len()));
            let behind = self.one(&["", "", "  ", " # comment", "; comment", " text"]);
            writeln!(text, "{base}{header}{behind}").unwrap();
            self.properties(&mut text, &format!("{base}{step}"));
        }
        if self.below(3) == 0 {
            text.truncate(text.trim_end_matches('\n').len());
        }
        text
    }

    fn properties(&mut self, text: &mut String, indent: &str) {
        let mut keys = KEYS.to_vec();
        text.push_str(self.one(BETWEEN));
        let mut is_below_parent = false;
        for _ in 0..self.below(8) {
            // A property that is indented deeper would continue the one above.
            let deeper = if self.below(12) == 0 { "  " } else { "" };
            let equals = if is_below_parent && !deeper.is_empty() {
                "="
            } else {
                self.one(&["=", " = ", "= ", " =", "\t=\t", ":", ": ", "\u{a0}= "])
            };
            if deeper.is_empty() && self.below(6) == 0 {
                let key = self.one(&["s3", "sso", "sso_oidc"]);
                let key = format!("{key}{}", keys.len());
                writeln!(text, "{indent}{key}{equals}").unwrap();
                self.sub_properties(text, indent);
                is_below_parent = true;
            } else {
                let key = keys.swap_remove(self.below(keys.len()));
                let value = if self.below(12) == 0 { "" } else { self.one(VALUES) };
                if deeper.is_empty() {
                    is_below_parent = value.is_empty();
                }
                let end = self.one(&["", "", " ", "\t ", "\u{2003}"]);
                writeln!(text, "{indent}{deeper}{key}{equals}{value}{end}").unwrap();
                if !value.is_empty() && self.below(4) == 0 {
                    self.continuation(text, indent);
                }
            }
            text.push_str(self.one(BETWEEN));
        }
    }

    fn continuation(&mut self, text: &mut String, indent: &str) {
        for _ in 0..=self.below(3) {
            text.push_str(self.one(BETWEEN));
            let deeper = self.one(&["   ", "    ", "\t\t\t", "      "]);
            let line = self.one(&[
                "more",
                "a = b",
                "text # kept",
                "text ; kept",
                "[x] y",
                "[x",
                "a:b",
                "\u{a0}x\u{a0}",
            ]);
            writeln!(text, "{indent}{deeper}{line}{}", self.one(&["", "  "])).unwrap();
        }
    }

    fn sub_properties(&mut self, text: &mut String, indent: &str) {
        let mut keys = vec!["endpoint_url", "Max_Queue_Size", "addressing_style", "a-b"];
        for _ in 0..=self.below(3) {
            text.push_str(self.one(BETWEEN));
            let key = keys.swap_remove(self.below(keys.len()));
            let (deeper, equals) = (self.one(&[" ", "    ", "\t"]), self.one(&["=", " = "]));
            let value = self.one(VALUES);
            writeln!(text, "{indent}{deeper}{key}{equals}{value}").unwrap();
        }
    }
}
