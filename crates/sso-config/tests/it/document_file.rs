//! Saving an edited file: atomically, without losing other changes, modes or links.

use std::fs;
use std::path::PathBuf;
use std::thread;

use sso_config::{Document, DocumentFile, DocumentFileError, FileKind, SectionKind};
use tempfile::TempDir;

const PROFILE: SectionKind = SectionKind::Profile;
const TEXT: &str = "# mine\n[profile a]\nregion = x\n";

struct Scene {
    directory: TempDir,
    path: PathBuf,
}

impl Scene {
    fn new(text: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("config");
        fs::write(&path, text).unwrap();
        Self { directory, path }
    }

    fn file(&self) -> DocumentFile {
        DocumentFile::new(FileKind::Config, &self.path).below(self.directory.path())
    }

    fn text(&self) -> String {
        fs::read_to_string(&self.path).unwrap()
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.directory.path()).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

fn set(document: &mut Document, name: &str) -> Result<(), DocumentFileError> {
    Ok(document.set(PROFILE, name, "region", "new")?)
}

#[test]
fn an_edit_without_a_difference_creates_nothing() {
    let scene = Scene::new(TEXT);
    let same = |document: &mut Document| {
        document.set(PROFILE, "a", "region", "x")?;
        Ok::<_, DocumentFileError>(())
    };
    assert!(!scene.file().edit(same).unwrap());
    assert_eq!(scene.names(), ["config"]);
    let missing = scene.directory.path().join("none/config");
    let missing = DocumentFile::new(FileKind::Config, missing);
    assert!(!missing.edit(|_| Ok::<_, DocumentFileError>(())).unwrap());
    assert_eq!(missing.read().unwrap().to_string(), "");
    assert_eq!(scene.names(), ["config"]);
}

#[test]
fn an_edit_that_fails_changes_nothing() {
    let scene = Scene::new(TEXT);
    let error = scene.file().edit(|document| {
        set(document, "b")?;
        set(document, "a\u{1}")
    });
    assert!(matches!(error, Err(DocumentFileError::Edit(_))), "{error:?}");
    assert_eq!((scene.text().as_str(), scene.names()), (TEXT, vec!["config".to_owned()]));
    fs::write(&scene.path, b"[profile a]\nx = \xff\n").unwrap();
    let error = scene.file().edit(|document| set(document, "a")).unwrap_err();
    assert!(
        error.to_string().ends_with("is not UTF-8 text and cannot be edited; save it as UTF-8")
    );
}

#[test]
fn a_concurrent_change_of_another_program_is_kept() {
    let scene = Scene::new(TEXT);
    let mut calls = 0;
    let edited = scene.file().edit(|document| {
        calls += 1;
        // Another program writes after the last read and before the replacement.
        if calls == 2 {
            fs::write(&scene.path, "[profile theirs]\n").unwrap();
        }
        set(document, "b")
    });
    assert!(edited.unwrap());
    assert_eq!(
        (calls, scene.text().as_str()),
        (3, "[profile theirs]\n\n[profile b]\nregion = new\n")
    );

    let mut calls = 0;
    let error = scene.file().edit(|document| {
        calls += 1;
        fs::write(&scene.path, format!("[profile x{calls}]\n")).unwrap();
        set(document, "c")
    });
    assert!(matches!(error, Err(DocumentFileError::File { .. })), "{error:?}");
    assert_eq!(scene.text(), format!("[profile x{calls}]\n"));
}

#[test]
fn concurrent_edits_are_all_kept() {
    let scene = Scene::new(TEXT);
    thread::scope(|scope| {
        for thread in 0..4 {
            let file = scene.file();
            scope.spawn(move || {
                for at in 0..25 {
                    let name = format!("p{thread}-{at}");
                    assert!(file.edit(|document| set(document, &name)).unwrap());
                }
            });
        }
    });
    let document = Document::parse(FileKind::Config, &scene.text());
    assert_eq!(document.sections().count(), 101);
    assert!(scene.text().starts_with(TEXT));
    assert_eq!(scene.names(), ["config", "config.lock"]);
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, lchown, symlink};

    use super::*;

    fn mode(path: &std::path::Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o7777
    }

    #[test]
    fn the_mode_is_kept_and_a_new_file_is_private() {
        let scene = Scene::new(TEXT);
        for wanted in [0o644, 0o600, 0o664] {
            fs::set_permissions(&scene.path, fs::Permissions::from_mode(wanted)).unwrap();
            let name = format!("m{wanted}");
            assert!(scene.file().edit(|document| set(document, &name)).unwrap());
            assert_eq!(mode(&scene.path), wanted);
        }
        let path = scene.directory.path().join("new/config");
        let new = DocumentFile::new(FileKind::Config, &path).below(scene.directory.path());
        assert!(new.edit(|document| set(document, "b")).unwrap());
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    }

    #[test]
    fn an_edited_credentials_file_gets_mode_0600() {
        let scene = Scene::new("[a]\nx = 1\n");
        fs::set_permissions(&scene.path, fs::Permissions::from_mode(0o644)).unwrap();
        let file = DocumentFile::new(FileKind::Credentials, &scene.path);
        assert!(file.edit(|document| set(document, "b")).unwrap());
        assert_eq!(mode(&scene.path), 0o600);
    }

    #[test]
    fn a_link_is_kept_and_its_target_is_replaced() {
        let scene = Scene::new(TEXT);
        let link = scene.directory.path().join("link");
        symlink("config", &link).unwrap();
        let file = DocumentFile::new(FileKind::Config, &link).below(scene.directory.path());
        assert!(file.edit(|document| set(document, "b")).unwrap());
        assert_eq!(fs::read_link(&link).unwrap().to_str(), Some("config"));
        assert!(scene.text().contains("[profile b]"));
    }

    #[test]
    fn a_write_protected_file_is_refused() {
        let scene = Scene::new(TEXT);
        fs::set_permissions(&scene.path, fs::Permissions::from_mode(0o444)).unwrap();
        let error = scene.file().edit(|document| set(document, "b")).unwrap_err();
        let DocumentFileError::File { source, .. } = &error else { panic!("{error:?}") };
        assert!(source.to_string().ends_with("config is write-protected; make it writable"));
        assert_eq!(scene.text(), TEXT);
    }

    #[test]
    fn a_pipe_is_refused() {
        let scene = Scene::new(TEXT);
        fs::remove_file(&scene.path).unwrap();
        let made = std::process::Command::new("mkfifo").arg(&scene.path).status().unwrap();
        assert!(made.success());
        scene.file().edit(|document| set(document, "b")).unwrap_err();
    }

    #[test]
    #[ignore = "needs root, to have files of several users"]
    fn a_link_of_another_user_is_followed_only_on_the_path_to_the_base() {
        let scene = Scene::new(TEXT);
        let home = scene.directory.path().join("home");
        symlink(".", &home).unwrap();
        lchown(&home, Some(12001), Some(12001)).unwrap();
        let file = || DocumentFile::new(FileKind::Config, home.join("config"));
        file().edit(|document| set(document, "b")).unwrap_err();
        assert_eq!(scene.text(), TEXT);
        assert!(file().below(&home).edit(|document| set(document, "b")).unwrap());
    }

    #[test]
    #[ignore = "needs root, to have files of several users"]
    fn root_keeps_the_owner_of_a_users_file() {
        let scene = Scene::new(TEXT);
        chown(&scene.path, Some(12001), Some(12001)).unwrap();
        chown(scene.directory.path(), Some(12001), Some(12001)).unwrap();
        assert!(scene.file().edit(|document| set(document, "b")).unwrap());
        let metadata = fs::metadata(&scene.path).unwrap();
        assert_eq!((metadata.uid(), metadata.gid()), (12001, 12001));
    }
}
