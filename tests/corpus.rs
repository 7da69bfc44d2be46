//! Runs the checks of the fuzz targets with their seeds.

#[path = "../fuzz/src/lib.rs"]
#[allow(unreachable_pub, reason = "the fuzz targets use this file as a library")]
mod checks;

use std::collections::BTreeSet;
use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use self::checks::{TARGETS, Verdict};

/// Seeds named `good-...` must be accepted, seeds named `bad-...` must be refused, and no seed may make a
/// check panic.
#[test]
fn the_checks_accept_good_seeds_and_refuse_bad_ones() {
    let mut faults = Vec::new();
    for (target, check) in TARGETS {
        let seeds = listed(&fuzz().join("corpus").join(target));
        let (mut good, mut bad) = (0, 0);
        for seed in seeds {
            let input = fs::read(&seed).unwrap();
            let name = seed.file_name().unwrap().to_str().unwrap();
            let expected = match name.split('-').next() {
                Some("good") => Some(Verdict::Accepted),
                Some("bad") => Some(Verdict::Refused),
                _ => None,
            };
            good += usize::from(expected == Some(Verdict::Accepted));
            bad += usize::from(expected == Some(Verdict::Refused));
            match catch_unwind(|| check(&input)) {
                Ok(verdict) if expected.is_none_or(|expected| expected == verdict) => {}
                Ok(verdict) => faults.push(format!("{target}/{name}: {verdict:?}")),
                Err(_) => faults.push(format!("{target}/{name}: the check panicked, see above")),
            }
        }
        assert!(good >= 3 && bad >= 3, "{target} has too few seeds of one kind: {good}, {bad}");
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// The directories of the fuzz crate contain exactly the targets of [`TARGETS`].
#[test]
fn every_target_has_a_program_seeds_and_words() {
    let expected: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    for directory in ["fuzz_targets", "corpus", "dictionaries"] {
        let found = listed(&fuzz().join(directory));
        let found: BTreeSet<String> =
            found.iter().map(|path| path.file_stem().unwrap().to_str().unwrap().into()).collect();
        assert_eq!(found, expected, "{directory}");
    }
}

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz")
}

fn listed(directory: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(directory)
        .unwrap_or_else(|error| panic!("{}: {error}", directory.display()))
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}
