//! Warnings about access control lists, on a real file system.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use rustix::fs::XattrFlags;
use sso_files::{AccessRisk, AccessWarning, PrivateFile};

/// The entries that `setfacl -m u:ID:rw` creates: the owner, that user, the group, the mask and others.
fn allow(path: &Path, user: u32, permissions: u16, mask: u16) {
    let mut list = 2_u32.to_le_bytes().to_vec();
    let entries = [
        (0x01, 6, u32::MAX),
        (0x02, permissions, user),
        (0x04, 0, u32::MAX),
        (0x10, mask, u32::MAX),
        (0x20, 0, u32::MAX),
    ];
    for (tag, permissions, id) in entries {
        list.extend(u16::to_le_bytes(tag));
        list.extend(permissions.to_le_bytes());
        list.extend(id.to_le_bytes());
    }
    rustix::fs::setxattr(path, "system.posix_acl_access", &list, XattrFlags::empty()).unwrap();
}

#[test]
#[ignore = "needs a file system with POSIX access control lists, and a group with the user's number"]
fn an_access_control_list_that_names_another_user_is_warned_about() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("token.json");
    fs::write(&path, "{}").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let file = PrivateFile::new(&path);
    let risks = || {
        let risk = |warning: AccessWarning| match warning.risk {
            AccessRisk::FileReadable { mode, .. } => ("readable", mode),
            AccessRisk::FileWritable { mode, .. } => ("writable", mode),
            risk => panic!("{risk:?}"),
        };
        file.access_warnings().into_iter().map(risk).collect::<Vec<_>>()
    };
    assert_eq!(risks(), []);
    allow(&path, 12345, 6, 6);
    assert_eq!(risks(), [("writable", 0o660)]);
    assert!(!file.read(100).unwrap().version().is_private(), "a load notices");
    allow(&path, 12345, 4, 4);
    assert_eq!(risks(), [("readable", 0o640)]);
    // An entry that names the owner or root gives no other user access.
    for user in [fs::metadata(&path).unwrap().uid(), 0] {
        allow(&path, user, 6, 6);
        assert_eq!(risks(), [], "{user}");
    }
    allow(&path, 12345, 4, 4);
    // The command in the warning clears the mask, so the entry no longer grants access.
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(risks(), []);
}
