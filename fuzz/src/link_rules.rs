//! Links, owners and replacement: no combination of users lets one reach what is another's.

use sso_files::rules::{may_follow_link, may_replace, may_use_config, may_use_file};

use super::Verdict;

const ROOT: u32 = 0;

/// Six user IDs, of which few are different so that they meet, and two flags.
pub fn check(input: &[u8]) -> Verdict {
    let &[user, maker, target, file, directory, config, is_empty, is_of_its_kind] = input else {
        return Verdict::Refused;
    };
    let [user, maker, target, file, directory, config] =
        [user, maker, target, file, directory, config].map(|id| u32::from(id % 8));
    let (is_empty, is_of_its_kind) = (is_empty & 1 == 1, is_of_its_kind & 1 == 1);

    let follows = may_follow_link(user, maker, target);
    let is_trusted = |id| id == ROOT || id == user;
    // The maker of a link gains nothing: it leads to what they could read and write anyway.
    assert_eq!(follows, is_trusted(maker) || maker == target, "{user} {maker} {target}");

    let uses = may_use_file(user, file, directory);
    let is_guest = user == ROOT && file == directory;
    assert_eq!(uses, is_trusted(file) || is_guest, "{user} {file} {directory}");
    if user != ROOT {
        assert_eq!(uses, is_trusted(file), "the directory decides for root alone");
        // Another user's link never brings content into this user's process: it leads to what is
        // the maker's, and that is not used.
        let brings = follows && !is_trusted(maker) && may_use_file(user, target, directory);
        assert!(!brings, "{user} {maker} {target}");
    } else if follows && maker != ROOT {
        // Nor does root read, for that user, what is root's or a third user's.
        assert_eq!(target, maker);
    }

    let sends = may_use_config(user, config, file);
    if user == ROOT && config != ROOT {
        assert_eq!(sends, config == file, "root sends {file}'s token where {config} says");
    }
    let replaces = may_replace(!is_trusted(maker), is_empty, is_of_its_kind);
    assert!(replaces || !is_empty && !is_of_its_kind);
    if follows && uses && sends && replaces { Verdict::Accepted } else { Verdict::Refused }
}
