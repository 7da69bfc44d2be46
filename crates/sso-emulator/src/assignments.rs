//! Accounts, the roles assigned in them, and the role credentials issued for them.

use std::collections::VecDeque;

use jiff::Timestamp;
use ring::digest::{SHA256, digest};

use crate::sessions::random_hex;
use crate::settings::Account;

/// The characters of an access key ID, five bits each.
const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The account and role of role credentials, decoded from the access key ID.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Owner {
    /// The account.
    pub account_id: String,
    /// The role.
    pub role_name: String,
    /// The serial number among all credentials that the emulator issued, from 1.
    pub serial: u64,
}

/// The number of the latest credentials that are kept, for a service that checks signatures.
const KEPT: usize = 1_000;

/// Role credentials that the emulator issued. No AWS service accepts them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RoleCredentials {
    /// The access key ID.
    pub access_key_id: String,
    /// The secret access key.
    pub secret_access_key: String,
    /// The session token.
    pub session_token: String,
    /// The first moment at which they are no longer valid.
    pub expiration: Timestamp,
}

#[derive(Debug)]
pub(crate) struct Assignments {
    accounts: Vec<Account>,
    /// Every role that was ever assigned, so that the owner of its credentials is still known.
    known_roles: Vec<(String, String)>,
    issued: u64,
    /// The latest credentials, the oldest first.
    latest: VecDeque<RoleCredentials>,
}

impl Assignments {
    pub(crate) fn new(accounts: Vec<Account>) -> Self {
        let mut new = Self {
            accounts: Vec::new(),
            known_roles: Vec::new(),
            issued: 0,
            latest: VecDeque::new(),
        };
        for mut account in accounts {
            let (id, roles) = (account.id.clone(), std::mem::take(&mut account.roles));
            if new.account(&id).is_none() {
                new.accounts.push(account);
            }
            for role in roles {
                new.assign(&id, &role);
            }
        }
        new
    }

    pub(crate) fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    pub(crate) fn account(&self, account_id: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.id == account_id)
    }

    /// Returns the account and role for the profiles of a written home.
    pub(crate) fn first(&self) -> (String, String) {
        let account = self.accounts.first();
        let role = account.and_then(|account| account.roles.first());
        (
            account.map(|account| account.id.clone()).unwrap_or_default(),
            role.cloned().unwrap_or_default(),
        )
    }

    pub(crate) fn is_assigned(&self, account_id: &str, role_name: &str) -> bool {
        self.account(account_id)
            .is_some_and(|account| account.roles.iter().any(|role| role == role_name))
    }

    pub(crate) fn assign(&mut self, account_id: &str, role_name: &str) {
        if self.is_assigned(account_id, role_name) {
            return;
        }
        self.known_roles.push((account_id.to_owned(), role_name.to_owned()));
        let role = role_name.to_owned();
        if let Some(account) = self.accounts.iter_mut().find(|account| account.id == account_id) {
            account.roles.push(role);
        } else {
            self.accounts.push(Account {
                id: account_id.to_owned(),
                name: account_id.to_owned(),
                email: format!("{account_id}@example.com"),
                roles: vec![role],
            });
        }
    }

    pub(crate) fn unassign(&mut self, account_id: &str, role_name: &str) {
        for account in &mut self.accounts {
            if account.id == account_id {
                account.roles.retain(|role| role != role_name);
            }
        }
    }

    /// Issues new, unique credentials.
    pub(crate) fn issue(
        &mut self,
        account_id: &str,
        role_name: &str,
        expiration: Timestamp,
    ) -> RoleCredentials {
        self.issued += 1;
        let serial = self.issued;
        let credentials = RoleCredentials {
            access_key_id: format!("{}{}", key_prefix(account_id, role_name), letters(serial, 5)),
            secret_access_key: format!("{serial:08}{}", random_hex(16)),
            session_token: format!("session-{serial}-{}", random_hex(48)),
            expiration,
        };
        if self.latest.len() == KEPT {
            self.latest.pop_front();
        }
        self.latest.push_back(credentials.clone());
        credentials
    }

    pub(crate) fn role_credentials(&self, access_key_id: &str) -> Option<RoleCredentials> {
        self.latest.iter().find(|it| it.access_key_id == access_key_id).cloned()
    }

    pub(crate) fn owner_of(&self, access_key_id: &str) -> Option<Owner> {
        let (prefix, serial) =
            access_key_id.split_at_checked(access_key_id.len().checked_sub(5)?)?;
        let serial = number(serial)?;
        let known = |(account, role): &&(String, String)| key_prefix(account, role) == prefix;
        let (account_id, role_name) = self.known_roles.iter().find(known)?.clone();
        (1..=self.issued).contains(&serial).then_some(Owner { account_id, role_name, serial })
    }
}

/// Returns `ASIA`, eight characters for the account, and three for the role. The access key ID also
/// has five for the serial number.
fn key_prefix(account_id: &str, role_name: &str) -> String {
    let hash = digest(&SHA256, format!("{account_id}/{role_name}").as_bytes());
    let role = hash.as_ref().iter().take(2).fold(0, |sum, byte| sum << 8 | u64::from(*byte));
    // Twelve digits fit into forty bits. Another account ID is represented by a hash.
    let account = account_id.parse::<u64>().unwrap_or(0);
    format!("ASIA{}{}", letters(account, 8), letters(role, 3))
}

fn letters(number: u64, count: u32) -> String {
    (0..count)
        .rev()
        .filter_map(|place| usize::try_from(number >> (5 * place) & 31).ok())
        .filter_map(|digit| LETTERS.get(digit))
        .map(|letter| char::from(*letter))
        .collect()
}

fn number(letters: &str) -> Option<u64> {
    letters.bytes().try_fold(0, |sum, letter| {
        let digit = LETTERS.iter().position(|known| *known == letter)?;
        Some(sum << 5 | digit as u64)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assignments() -> Assignments {
        Assignments::new(vec![Account {
            id: "123456789012".to_owned(),
            name: "Development".to_owned(),
            email: "dev@example.com".to_owned(),
            roles: vec!["SSOReadOnlyRole".to_owned(), "Admin".to_owned()],
        }])
    }

    #[test]
    fn an_access_key_id_contains_its_owner() {
        let mut assignments = assignments();
        let first = assignments.issue("123456789012", "Admin", Timestamp::UNIX_EPOCH);
        let second = assignments.issue("123456789012", "SSOReadOnlyRole", Timestamp::UNIX_EPOCH);
        for (key, role, serial) in
            [(&first.access_key_id, "Admin", 1), (&second.access_key_id, "SSOReadOnlyRole", 2)]
        {
            assert_eq!(key.len(), 20, "{key}");
            let owner = assignments.owner_of(key).unwrap();
            assert_eq!(owner.account_id, "123456789012");
            assert_eq!((owner.role_name.as_str(), owner.serial), (role, serial));
        }
        assert_eq!(second.secret_access_key.len(), 40);
        for strange in ["", "AKIA", "ASIAIOSFODNN7EXAMPLE", "\u{e9}\u{e9}\u{e9}\u{e9}"] {
            assert_eq!(assignments.owner_of(strange), None, "{strange}");
        }
    }

    #[test]
    fn only_the_latest_credentials_are_kept() {
        let mut assignments = assignments();
        let first = assignments.issue("123456789012", "Admin", Timestamp::UNIX_EPOCH);
        assert_eq!(assignments.role_credentials(&first.access_key_id), Some(first.clone()));
        for _ in 0..KEPT {
            assignments.issue("123456789012", "Admin", Timestamp::UNIX_EPOCH);
        }
        assert_eq!(assignments.role_credentials(&first.access_key_id), None);
        assert_eq!(assignments.latest.len(), KEPT);
    }

    #[test]
    fn an_account_that_is_added_twice_has_the_roles_of_both() {
        let account = |name: &str, roles: &[&str]| Account {
            id: "123456789012".to_owned(),
            name: name.to_owned(),
            email: "dev@example.com".to_owned(),
            roles: roles.iter().map(|role| (*role).to_owned()).collect(),
        };
        let given = vec![account("First", &["A", "B"]), account("Second", &["B", "C"])];
        assert_eq!(Assignments::new(given).accounts(), [account("First", &["A", "B", "C"])]);
    }

    #[test]
    fn credentials_keep_their_owner_after_the_role_is_unassigned() {
        let mut assignments = assignments();
        let key = assignments.issue("123456789012", "Admin", Timestamp::UNIX_EPOCH).access_key_id;
        assignments.unassign("123456789012", "Admin");
        assert!(!assignments.is_assigned("123456789012", "Admin"));
        assert!(assignments.owner_of(&key).is_some());
        assignments.assign("000000000042", "Audit");
        assignments.assign("000000000042", "Audit");
        assert!(assignments.is_assigned("000000000042", "Audit"));
        assert_eq!(assignments.account("000000000042").unwrap().roles.len(), 1);
    }

    #[test]
    fn each_role_of_an_account_has_its_own_key_prefix() {
        let prefix = |role| key_prefix("123456789012", &format!("Role{role}"));
        let prefixes: std::collections::BTreeSet<_> = (0..40).map(prefix).collect();
        assert_eq!(prefixes.len(), 40);
    }
}
