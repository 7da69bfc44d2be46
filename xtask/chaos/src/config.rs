//! The config file, which several `populate` and another program edit at the same time.

use std::fs;
use std::sync::atomic::AtomicU64;

use anyhow::Result;
use sso_emulator::Home;

/// Sections that the user wrote. `populate` must keep every byte.
const USERS: &str = "
# Mine; not generated.
[profile mine]   # keep this
region=eu-central-1

  # indented
cli_pager =

[services local]
s3 =
  endpoint_url = http://127.0.0.1:9000
";
/// The profiles that `populate` writes.
const GENERATED: &[(&str, &str, &str)] = &[
    ("First.Reader", "111111111111", "Reader"),
    ("First.Writer", "111111111111", "Writer"),
    ("Second.Reader", "222222222222", "Reader"),
];
/// The expected content. The first line contains the number of the last edit. The rest is the user's
/// text, with or without the generated profiles.
pub(crate) struct Config {
    pub(crate) users: String,
    pub(crate) populated: String,
    pub(crate) edits: AtomicU64,
    pub(crate) lost: AtomicU64,
}

impl Config {
    /// Adds the user's sections to the config file of the home.
    pub(crate) fn new(home: &Home) -> Result<Self> {
        let users = fs::read_to_string(&home.config_file)? + USERS;
        let section = |(name, account_id, role_name): &(&str, &str, &str)| {
            format!(
                "\n[profile {name}]\n\
                 sso_session = dev-session\n\
                 sso_account_id = {account_id}\n\
                 sso_role_name = {role_name}\n\
                 region = us-east-1\n\
                 ssocreds_generated = sso_session,sso_account_id,sso_role_name,region\n"
            )
        };
        let generated: String = GENERATED.iter().map(section).collect();
        fs::write(&home.config_file, first_line(0) + &users)?;
        let populated = users.clone() + &generated;
        Ok(Self { users, populated, edits: AtomicU64::default(), lost: AtomicU64::default() })
    }

    pub(crate) fn is_expected(&self, content: &[u8]) -> bool {
        let content = String::from_utf8_lossy(content);
        let (first, rest) = content.split_once('\n').unwrap_or_default();
        first.starts_with("# edit ") && (rest == self.users || rest == self.populated)
    }
}

pub(crate) fn first_line(edit: u64) -> String {
    format!("# edit {edit}\n")
}
