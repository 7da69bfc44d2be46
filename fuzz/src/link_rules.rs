//! The rules on links, owners and replacement: no user can use them to reach another user's files.

use sso_files::rules::{may_follow_link, may_replace, may_use_config, may_use_file};

use super::Verdict;

const ROOT: u32 = 0;

/// Six user IDs from a small range, so that some are equal, and two flags.
pub fn check(input: &[u8]) -> Verdict {
    let &[user, maker, target, file, directory, config, is_empty, is_same_format] = input else {
        return Verdict::Refused;
    };
    let [user, maker, target, file, directory, config] =
        [user, maker, target, file, directory, config].map(|id| u32::from(id % 8));
    let (is_empty, is_same_format) = (is_empty & 1 == 1, is_same_format & 1 == 1);

    let follows = may_follow_link(user, maker, target);
    let is_trusted = |id| id == ROOT || id == user;
    // A link is followed only to a file that its maker could read and write anyway.
    assert_eq!(follows, is_trusted(maker) || maker == target, "{user} {maker} {target}");

    let uses = may_use_file(user, file, directory);
    let is_guest = user == ROOT && file == directory;
    assert_eq!(uses, is_trusted(file) || is_guest, "{user} {file} {directory}");
    if user != ROOT {
        assert_eq!(uses, is_trusted(file), "the directory decides for root alone");
        // This process never uses content behind another user's link: the target belongs to the
        // link's maker, and such a file is refused.
        let brings = follows && !is_trusted(maker) && may_use_file(user, target, directory);
        assert!(!brings, "{user} {maker} {target}");
    } else if follows && maker != ROOT {
        // Nor does root read a file of root or of a third user behind that link.
        assert_eq!(target, maker);
    }

    let sends = may_use_config(user, config, file);
    if user == ROOT && config != ROOT {
        assert_eq!(sends, config == file, "root sends {file}'s token where {config} says");
    }
    let replaces = may_replace(!is_trusted(maker), is_empty, is_same_format);
    assert!(replaces || !is_empty && !is_same_format);
    if follows && uses && sends && replaces { Verdict::Accepted } else { Verdict::Refused }
}
