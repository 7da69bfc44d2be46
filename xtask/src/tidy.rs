//! Checks the layers and the language of the sources: `cargo xtask tidy`, and a test.
//!
//! `clippy.toml` bans functions; this checks what clippy cannot.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Result, bail};
use cargo_metadata::{DependencyKind, Metadata, Package};

use crate::published::metadata;
use crate::{cycles, pages};

/// Each published crate, and the crates of this workspace that it may depend on at run time.
const LAYERS: &[(&str, &[&str])] = &[
    ("sso-files", &[]),
    ("sso-types", &[]),
    ("sso-cache", &["sso-files", "sso-types"]),
    ("sso-config", &["sso-files", "sso-types"]),
    ("sso-http", &["sso-types"]),
    ("sso-login", &["sso-cache", "sso-http", "sso-types"]),
    ("sso-provider", &["sso-cache", "sso-config", "sso-http", "sso-types"]),
    ("sso-endpoint", &["sso-provider", "sso-types"]),
    ("sso-aws-sdk", &["sso-provider", "sso-types"]),
    ("sso-object-store", &["sso-provider"]),
    ("sso-reqsign", &["sso-provider"]),
    (
        "sso-cli",
        &[
            "sso-cache",
            "sso-config",
            "sso-endpoint",
            "sso-http",
            "sso-login",
            "sso-provider",
            "sso-types",
        ],
    ),
    ("sso-emulator", &["sso-types"]),
];

/// Other crates, and the crates of this workspace that may depend on them at run time.
const ONLY_IN: &[(&str, &[&str])] = &[
    ("hyper", &["sso-http", "sso-login", "sso-endpoint", "sso-emulator"]),
    ("hyper-util", &["sso-http", "sso-login", "sso-endpoint", "sso-emulator"]),
    ("hyper-rustls", &["sso-http"]),
    ("rustls", &["sso-http"]),
    ("schannel", &["sso-http"]),
    ("security-framework", &["sso-http"]),
    ("tokio-rustls", &["sso-emulator"]),
    ("ring", &["sso-cache", "sso-login", "sso-endpoint", "sso-emulator"]),
    ("rustix", &["sso-cli", "sso-files"]),
    ("tempfile", &["sso-emulator"]),
    ("aws-credential-types", &["sso-aws-sdk"]),
    ("aws-smithy-runtime-api", &["sso-aws-sdk"]),
    ("object_store", &["sso-object-store"]),
    ("reqsign-aws-core", &["sso-reqsign"]),
    ("reqsign-core", &["sso-reqsign"]),
    ("subtle", &["sso-endpoint"]),
    ("clap", &["sso-cli", "sso-emulator"]),
];

/// Words that only some files of the published crates may contain. Tests may contain them.
const WORDS: &[Word] = &[
    Word {
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
    Word {
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
    Word {
        words: &["tower::retry", "tower::timeout", "tower::limit", "tower::buffer"],
        homes: &["crates/sso-http/"],
        why: "tower's middleware is sso-http's",
    },
];

struct Word {
    words: &'static [&'static str],
    homes: &'static [&'static str],
    why: &'static str,
}

/// Phrases that are hard to read, split so that this file does not contain them.
const PHRASES: &[&str] = &[
    concat!("Not ", "responsible for"),
    concat!("who", "ever"),
    concat!("not to be ", "had"),
    concat!("of ", "theirs"),
];

/// Lines; a longer file is split by concept.
const LONGEST_FILE: usize = 500;

pub(crate) fn run() -> Result<()> {
    let faults = faults()?;
    if faults.is_empty() {
        println!("tidy: no faults");
        return Ok(());
    }
    bail!("{} faults:\n{}", faults.len(), faults.join("\n"));
}

fn faults() -> Result<Vec<String>> {
    let mut faults = dependencies(&metadata()?)?;
    for file in project::files()? {
        let Ok(text) = fs::read_to_string(project::root().join(&file)) else { continue };
        faults.extend(content(&file, &text));
    }
    faults.extend(cycles::faults()?);
    faults.extend(pages::faults()?);
    Ok(faults)
}

fn dependencies(metadata: &Metadata) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    for package in &metadata.packages {
        let name = package.name.as_str();
        if !fs::read_to_string(&package.manifest_path)?.contains("[lints]\nworkspace = true") {
            faults.push(format!("{name}: its manifest lacks the lints of the workspace"));
        }
        let Some(allowed) = find(LAYERS, name) else {
            if package.publish.is_none() {
                faults.push(format!("{name}: a published crate must be in LAYERS"));
            }
            continue;
        };
        for dependency in run_time(package) {
            let above = find(LAYERS, dependency).is_some() && !allowed.contains(&dependency);
            if above || find(ONLY_IN, dependency).is_some_and(|crates| !crates.contains(&name)) {
                faults.push(format!("{name} must not depend on {dependency}"));
            }
        }
    }
    Ok(faults)
}

fn find(table: &[(&str, &'static [&'static str])], name: &str) -> Option<&'static [&'static str]> {
    table.iter().find(|row| row.0 == name).map(|row| row.1)
}

fn run_time(package: &Package) -> BTreeSet<&str> {
    let dependencies = package.dependencies.iter();
    dependencies.filter(|it| it.kind == DependencyKind::Normal).map(|it| it.name.as_str()).collect()
}

fn content(file: &str, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    // Split, so that this file does not contain them.
    for machine in [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("..", "/shared")] {
        if text.contains(machine) {
            faults.push(format!("{file}: {machine:?} is a path of one machine"));
        }
    }
    let extension = Path::new(file).extension();
    if extension.is_some_and(|it| it == "rs" || it == "md") {
        for phrase in PHRASES {
            if text.to_lowercase().contains(&phrase.to_lowercase()) {
                faults.push(format!("{file}: {phrase:?} is hard to read; say it plainly"));
            }
        }
    }
    if extension.is_none_or(|it| it != "rs") {
        return faults;
    }
    let lines = text.lines().count();
    if lines > LONGEST_FILE {
        faults.push(format!("{file}: {lines} lines; split it by concept"));
    }
    if !text.starts_with("//!") && !text.starts_with("#![") {
        faults.push(format!("{file}: its first line must say what it contains"));
    }
    if file.starts_with("crates/") && file.contains("/src/") {
        let code = project::without_tests(text);
        faults.extend(WORDS.iter().flat_map(|word| misplaced(file, code, word)));
    }
    faults
}

fn misplaced(file: &str, code: &str, word: &Word) -> Vec<String> {
    if word.homes.iter().any(|home| file.starts_with(home)) {
        return Vec::new();
    }
    let is_comment = |line: &&str| line.trim_start().starts_with("//");
    let mut faults = Vec::new();
    for (number, line) in code.lines().enumerate().filter(|(_, line)| !is_comment(line)) {
        if let Some(found) = word.words.iter().find(|it| line.contains(**it)) {
            faults.push(format!("{file}:{}: {found} ({})", number + 1, word.why));
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
        let code = "//! x\nfn f() { std::fs::read(p); }\n";
        assert_eq!(content("crates/sso-provider/src/x.rs", code).len(), 1);
        assert_eq!(content("crates/sso-config/src/load.rs", code), Vec::<String>::new());
        let tests = format!("#[cfg(test)]\nmod tests {{\n{code}}}\n");
        assert_eq!(content("crates/sso-provider/src/x.rs", &format!("//! x\n{tests}")).len(), 0);
        let import = format!("//! x\n#[cfg(test)]\nuse y;\n{code}");
        assert_eq!(content("crates/sso-provider/src/x.rs", &import).len(), 1);
        for spawn in ["tokio::task::spawn(f)", "JoinSet::new()", "task::spawn_blocking(f)"] {
            let code = format!("//! x\nfn f() {{ {spawn}; }}\n");
            assert_eq!(content("crates/sso-http/src/call.rs", &code).len(), 1, "{spawn}");
            assert_eq!(content("crates/sso-provider/src/x.rs", &code), Vec::<String>::new());
        }
        let phrase = format!("for {} reads it", concat!("who", "ever"));
        assert_eq!(content("docs/a.md", &phrase).len(), 1);
        let path = format!("see {}x", concat!("/wo", "rk/"));
        assert_eq!(content("docs/a.md", &path).len(), 1);
    }
}
