//! Checks the layers and the language of the sources: `cargo xtask tidy`, and a test.
//!
//! `clippy.toml` bans functions; this checks what clippy cannot.

use std::fs;

use anyhow::{Result, ensure};
use cargo_metadata::{DependencyKind, Package};

use crate::published::metadata;
use crate::sources::{code, has_extension, sources};
use crate::{cycles, pages};

/// Each published crate, and the crates of this workspace that it may depend on at run time.
const LAYERS: &[(&str, &str)] = &[
    ("sso-files", ""),
    ("sso-types", ""),
    ("sso-cache", "sso-files sso-types"),
    ("sso-config", "sso-files sso-types"),
    ("sso-http", "sso-types"),
    ("sso-login", "sso-cache sso-http sso-types"),
    ("sso-provider", "sso-cache sso-config sso-http sso-types"),
    ("sso-endpoint", "sso-provider sso-types"),
    ("sso-aws-sdk", "sso-provider sso-types"),
    ("sso-object-store", "sso-provider"),
    ("sso-reqsign", "sso-provider"),
    ("sso-cli", "sso-cache sso-config sso-endpoint sso-http sso-login sso-provider sso-types"),
    ("sso-emulator", "sso-types"),
];

/// Other crates, and the published crates that may depend on them at run time.
const ONLY_IN: &[(&str, &str)] = &[
    ("hyper", "sso-http sso-login sso-endpoint sso-emulator"),
    ("hyper-util", "sso-http sso-login sso-endpoint sso-emulator"),
    ("hyper-rustls", "sso-http"),
    ("rustls", "sso-http"),
    ("schannel", "sso-http"),
    ("security-framework", "sso-http"),
    ("tokio-rustls", "sso-emulator"),
    ("ring", "sso-cache sso-login sso-endpoint sso-emulator"),
    ("rustix", "sso-cli sso-files"),
    ("tempfile", "sso-emulator"),
    ("aws-credential-types", "sso-aws-sdk"),
    ("aws-smithy-runtime-api", "sso-aws-sdk"),
    ("object_store", "sso-object-store"),
    ("reqsign-aws-core", "sso-reqsign"),
    ("reqsign-core", "sso-reqsign"),
    ("subtle", "sso-endpoint"),
    ("clap", "sso-cli sso-emulator"),
];

/// Words that only some files of the published crates may contain. Tests may contain them.
const WORDS: &[Rule] = &[
    Rule {
        words: &["std::fs", "File::open", "OpenOptions::new"],
        homes: &[
            "crates/sso-files/",
            "crates/sso-config/src/load.rs",
            // The certificates that a platform keeps in files.
            "crates/sso-http/src/https/pem.rs",
            // Temporary files of one run.
            "crates/sso-cli/src/private_directory.rs",
            "crates/sso-cli/src/commands/exec/private_config.rs",
            "crates/sso-emulator/",
        ],
        why: "files are accessed in sso-files and in sso-config's load",
    },
    Rule {
        words: &["tokio::spawn", "task::spawn", "spawn_blocking", "thread::spawn", "JoinSet"],
        homes: &[
            // Reading a trust store blocks for milliseconds.
            "crates/sso-http/src/https/trust.rs",
            "crates/sso-login/",
            "crates/sso-provider/",
            "crates/sso-endpoint/",
            "crates/sso-aws-sdk/",
            "crates/sso-cli/",
            "crates/sso-emulator/",
        ],
        why: "only sso-provider and above spawn",
    },
    Rule {
        words: &["tower::retry", "tower::timeout", "tower::limit", "tower::buffer"],
        homes: &["crates/sso-http/"],
        why: "tower's middleware is sso-http's",
    },
];

struct Rule {
    words: &'static [&'static str],
    homes: &'static [&'static str],
    why: &'static str,
}

/// Phrases that are hard to read, split so that this file does not contain them.
const PHRASES: &[&str] = &[
    concat!("not ", "responsible for"),
    concat!("who", "ever"),
    concat!("not to be ", "had"),
    concat!("of ", "theirs"),
];

/// Lines; a longer file is split by concept.
const LONGEST_FILE: usize = 500;

pub(crate) fn run() -> Result<()> {
    let faults = faults()?;
    ensure!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    println!("tidy: no faults");
    Ok(())
}

fn faults() -> Result<Vec<String>> {
    let sources = sources()?;
    let mut faults = Vec::new();
    for package in &metadata()?.packages {
        let found = package_faults(package)?.into_iter();
        faults.extend(found.map(|fault| format!("{}: {fault}", package.name)));
    }
    for (file, text) in &sources {
        let found = file_faults(file, text).into_iter();
        faults.extend(found.map(|fault| format!("{file}: {fault}")));
    }
    faults.extend(cycles::faults(&sources));
    faults.extend(pages::faults(&sources));
    Ok(faults)
}

fn package_faults(package: &Package) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    let manifest = package.manifest_path.as_std_path();
    if !fs::read_to_string(manifest)?.contains("[lints]\nworkspace = true") {
        faults.push("its manifest lacks the lints of the workspace".to_owned());
    }
    if package.publish.is_some() {
        return Ok(faults);
    }
    let Some(allowed) = find(LAYERS, &package.name) else {
        faults.push("a published crate must be in LAYERS".to_owned());
        return Ok(faults);
    };
    let at_run_time = |it: &&cargo_metadata::Dependency| it.kind == DependencyKind::Normal;
    for dependency in package.dependencies.iter().filter(at_run_time) {
        let name = dependency.name.as_str();
        let is_above = find(LAYERS, name).is_some() && !has_word(allowed, name);
        if is_above || find(ONLY_IN, name).is_some_and(|users| !has_word(users, &package.name)) {
            faults.push(format!("must not depend on {name}"));
        }
    }
    if package.metadata.get("docs").is_none() {
        faults.push("there is no [package.metadata.docs.rs]".to_owned());
    }
    let changes = fs::read_to_string(manifest.with_file_name("CHANGELOG.md")).unwrap_or_default();
    let newest = changes.lines().find_map(|line| line.strip_prefix("## ")).unwrap_or_default();
    if newest.split(' ').next() != Some(&package.version.to_string()) {
        faults.push(format!("the first entry of CHANGELOG.md is not for {}", package.version));
    }
    Ok(faults)
}

fn find(table: &[(&str, &'static str)], name: &str) -> Option<&'static str> {
    table.iter().find(|row| row.0 == name).map(|row| row.1)
}

fn has_word(words: &str, word: &str) -> bool {
    words.split(' ').any(|it| it == word)
}

fn file_faults(file: &str, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let is_rust = has_extension(file, "rs");
    if is_rust || has_extension(file, "md") {
        let lower = text.to_lowercase();
        let found = PHRASES.iter().filter(|phrase| lower.contains(**phrase));
        faults.extend(found.map(|phrase| format!("{phrase:?} is hard to read; say it plainly")));
    }
    if !is_rust {
        return faults;
    }
    if text.lines().count() > LONGEST_FILE {
        faults.push(format!("it has more than {LONGEST_FILE} lines; split it by concept"));
    }
    if !text.starts_with("//!") && !text.starts_with("#![") {
        faults.push("its first line must say what it contains".to_owned());
    }
    if file.starts_with("crates/") && file.contains("/src/") {
        let code = code(text);
        for Rule { words, homes, why } in WORDS {
            let is_home = homes.iter().any(|home| file.starts_with(home));
            let found = words.iter().find(|word| !is_home && code.contains(**word));
            faults.extend(found.map(|word| format!("{word} ({why})")));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sources_are_tidy() {
        let faults = faults().unwrap();
        assert!(faults.is_empty(), "\n{}", faults.join("\n"));
    }

    #[test]
    fn misplaced_code_and_phrases_are_found() {
        let count = |file: &str, text: &str| file_faults(file, text).len();
        let code = "//! x\nfn f() { std::fs::read(p); }\n";
        assert_eq!(count("crates/sso-provider/src/x.rs", code), 1);
        assert_eq!(count("crates/sso-config/src/load.rs", code), 0);
        let tests = format!("//! x\n#[cfg(test)]\nmod tests {{\n{code}}}\n");
        assert_eq!(count("crates/sso-provider/src/x.rs", &tests), 0);
        let import = format!("//! x\n#[cfg(test)]\nuse y;\n{code}");
        assert_eq!(count("crates/sso-provider/src/x.rs", &import), 1);
        assert_eq!(count("docs/a.md", concat!("for Who", "ever reads it")), 1);
    }
}
