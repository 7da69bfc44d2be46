//! The rules on links, ownership and replacement, as pure functions over user IDs.
//!
//! The threat: another user of the machine who may write to a directory on the way, or in whose home
//! this process runs as root, and who puts links there.

/// The user ID of root.
const ROOT: u32 = 0;

/// Returns whether the process of the effective user `user` follows a symbolic link that `maker`
/// made and that leads to something of `target_owner`: a file, a directory, or for a missing file
/// the directory that it would be in.
///
/// Root and the user may link to anything. Another user may only link to files of their own:
/// otherwise they would choose which file of the victim is read, sent or replaced.
pub fn may_follow_link(user: u32, maker: u32, target_owner: u32) -> bool {
    maker == ROOT || maker == user || maker == target_owner
}

/// Returns whether the process of the effective user `user` uses the content of a file of
/// `file_owner` in a directory of `directory_owner`.
///
/// A file of a third user may have been put there so that this one works in the third user's
/// account. Root also uses the files of the directory's owner, as after a `sudo` in that user's home.
pub fn may_use_file(user: u32, file_owner: u32, directory_owner: u32) -> bool {
    file_owner == ROOT || file_owner == user || (user == ROOT && file_owner == directory_owner)
}

/// Returns whether root sends a token of `token_owner` to the endpoints that a config file names, if
/// `config_owner` owns that file, a directory on its path or a link to it. Another user could let
/// the path name their own server: with their own file, or by moving another file to its place.
///
/// For other users than root the answer is yes: they cannot read another user's token.
pub fn may_use_config(user: u32, config_owner: u32, token_owner: u32) -> bool {
    user != ROOT || config_owner == ROOT || config_owner == token_owner
}

/// Returns whether a regular file may be replaced. In the directory itself always; behind a link
/// only if the file is empty or holds what the caller writes, since the link may lead to any file of
/// the user.
pub fn may_replace(behind_link: bool, is_empty: bool, is_of_its_kind: bool) -> bool {
    !behind_link || is_empty || is_of_its_kind
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
            (USER, OTHER, OTHER, true), // and the file is refused as another user's
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
    fn root_sends_no_token_where_another_user_says() {
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
    fn a_file_behind_a_link_is_replaced_only_if_it_is_of_its_kind() {
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
