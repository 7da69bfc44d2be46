//! The rules on links, ownership and replacement, as pure functions over user IDs.
//!
//! They protect against another user of the machine who puts links or files on the path. That user
//! may have write access to a directory on the path, or this process may run as root in that user's
//! home directory.

/// The user ID of root.
const ROOT: u32 = 0;

/// Returns `true` if a process with the effective user `user` may follow a symbolic link that
/// `maker` made, and whose target belongs to `target_owner`.
///
/// If the target does not exist, `target_owner` is the owner of the directory that it would be in.
///
/// Links by root and by the user may lead to any file. Links by another user may lead only to files
/// of that other user. Otherwise the other user could choose which file is read, sent or replaced.
pub fn may_follow_link(user: u32, maker: u32, target_owner: u32) -> bool {
    maker == ROOT || maker == user || maker == target_owner
}

/// Returns `true` if a process with the effective user `user` may use the content of a file that
/// belongs to `file_owner`, in a directory that belongs to `directory_owner`.
///
/// A file of another user is not used, because it may contain that user's login. This user would
/// then work in the other user's AWS account. Root may also use files of the directory's owner, for
/// `sudo` in that user's home directory.
pub fn may_use_file(user: u32, file_owner: u32, directory_owner: u32) -> bool {
    file_owner == ROOT || file_owner == user || (user == ROOT && file_owner == directory_owner)
}

/// Returns `true` if `user` may send a token of `token_owner` to the endpoints in a config file,
/// given that `config_owner` owns that file, a directory on its path or a link to it.
///
/// The rule restricts root only. `config_owner` could put the address of their own server in the
/// file, or replace the file, and so get the token. Users other than root cannot read another
/// user's token.
pub fn may_use_config(user: u32, config_owner: u32, token_owner: u32) -> bool {
    user != ROOT || config_owner == ROOT || config_owner == token_owner
}

/// Returns `true` if a regular file may be replaced. A file behind a link may be replaced only if
/// it is empty or contains the kind of data that the caller writes, since a link may lead to any
/// file.
pub fn may_replace(behind_link: bool, is_empty: bool, is_same_format: bool) -> bool {
    !behind_link || is_empty || is_same_format
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const USER: u32 = 1000;
    const OTHER: u32 = 1001;
    const THIRD: u32 = 1002;

    #[test]
    fn links_of_other_users_lead_to_their_own_files_only() {
        for (user, maker, target, expected) in [
            (USER, USER, USER, true),
            (USER, USER, OTHER, true),
            (USER, ROOT, USER, true),
            (USER, ROOT, OTHER, true),
            (USER, OTHER, OTHER, true), // but `may_use_file` refuses the file
            (USER, OTHER, USER, false),
            (USER, OTHER, ROOT, false),
            (USER, OTHER, THIRD, false),
            (ROOT, ROOT, USER, true),
            (ROOT, USER, USER, true),
            (ROOT, USER, ROOT, false),
            (ROOT, USER, OTHER, false),
        ] {
            assert_eq!(may_follow_link(user, maker, target), expected, "{user} {maker} {target}");
        }
    }

    #[test]
    fn files_of_other_users_are_not_used() {
        for (user, file, directory, expected) in [
            (USER, USER, OTHER, true),
            (USER, ROOT, OTHER, true),
            (USER, OTHER, USER, false),
            (USER, OTHER, OTHER, false),
            (ROOT, ROOT, USER, true),
            (ROOT, USER, USER, true),
            (ROOT, USER, ROOT, false),
            (ROOT, USER, OTHER, false),
        ] {
            assert_eq!(may_use_file(user, file, directory), expected, "{user} {file} {directory}");
        }
    }

    #[test]
    fn root_uses_no_config_file_of_another_user() {
        for (user, config, token, expected) in [
            (ROOT, ROOT, ROOT, true),
            (ROOT, ROOT, USER, true),
            (ROOT, USER, USER, true),
            (ROOT, USER, ROOT, false),
            (ROOT, USER, OTHER, false),
            (USER, OTHER, USER, true),
        ] {
            assert_eq!(may_use_config(user, config, token), expected, "{user} {config} {token}");
        }
    }

    #[test]
    fn a_file_behind_a_link_is_replaced_only_if_it_is_empty_or_of_the_same_format() {
        assert!(may_replace(false, false, false));
        assert!(may_replace(true, true, false) && may_replace(true, false, true));
        assert!(!may_replace(true, false, false));
    }

    proptest! {
        #[test]
        fn no_link_of_another_user_leads_from_their_files_to_mine(
            user: u32, maker: u32, target: u32,
        ) {
            let followed = may_follow_link(user, maker, target);
            prop_assert_eq!(!followed, maker != ROOT && maker != user && maker != target);
        }
    }
}
