//! Finds import cycles: files of a crate that use each other, directly or through others.
//!
//! A name that `lib.rs` exports counts as its own file's. Unit tests do not count.

use std::collections::{BTreeMap, BTreeSet};

use crate::sources::{Sources, code};

/// The code of each file of a crate, by the path of its module.
type Files = BTreeMap<String, String>;

/// One line for each crate with cycles.
pub(crate) fn faults(sources: &Sources) -> Vec<String> {
    let mut crates: BTreeMap<&str, Files> = BTreeMap::new();
    for (path, text) in sources {
        let Some((name, path)) = path.split_once("/src/") else { continue };
        let Some(module) = path.strip_suffix(".rs") else { continue };
        crates.entry(name).or_default().insert(module.replace('/', "::"), code(text));
    }
    let cycles = crates.iter().map(|(name, files)| (name, cycles(files)));
    let cycles = cycles.filter(|(_, modules)| !modules.is_empty());
    cycles.map(|(name, modules)| format!("{name}: import cycle: {}", modules.join(", "))).collect()
}

/// The modules that use each other, and those between them.
fn cycles(files: &Files) -> Vec<String> {
    let root = files.get("lib").or_else(|| files.get("main")).map_or("", String::as_str);
    let exports: BTreeMap<String, String> = paths(root)
        .iter()
        .filter_map(|path| path.trim_start_matches("crate::").rsplit_once("::"))
        .map(|(module, name)| (name.to_owned(), module.to_owned()))
        .collect();
    let modules = files.iter().filter(|(module, _)| *module != "lib" && *module != "main");
    let mut graph: BTreeMap<&str, BTreeSet<&str>> = modules
        .map(|(module, code)| {
            let paths = paths(code).into_iter().map(|path| absolute(&path, module));
            let used: Vec<_> = paths.filter_map(|path| file_of(&path, files, &exports)).collect();
            (module.as_str(), used.into_iter().filter(|used| used != module).collect())
        })
        .collect();
    // Removes modules that use no other or are used by no other, until only cycles are left.
    loop {
        let modules: BTreeSet<&str> = graph.keys().copied().collect();
        let used: BTreeSet<&str> = graph.values().flatten().copied().collect();
        graph.retain(|module, uses| {
            uses.retain(|used| modules.contains(used));
            used.contains(module) && !uses.is_empty()
        });
        if graph.len() == modules.len() {
            return modules.into_iter().map(str::to_owned).collect();
        }
    }
}

/// All paths in the code. `use a::{b, c::D}` has two: `a::b` and `a::c::D`.
fn paths(code: &str) -> Vec<String> {
    let mut paths = Vec::new();
    // For each open brace, the path before it.
    let mut prefixes: Vec<String> = Vec::new();
    let mut path = String::new();
    for character in code.chars() {
        if character.is_alphanumeric() || character == '_' || character == ':' {
            path.push(character);
            continue;
        }
        let full = prefixes.last().cloned().unwrap_or_default() + &path;
        match character {
            '{' if path.ends_with("::") => prefixes.push(full),
            '{' => prefixes.push(String::new()),
            _ if !path.is_empty() => paths.push(full),
            _ => {}
        }
        if character == '}' {
            prefixes.pop();
        }
        path.clear();
    }
    paths.retain(|path| path.contains("::"));
    paths
}

/// The path from the crate's root. A path into another crate becomes one below the module itself.
fn absolute(path: &str, module: &str) -> String {
    if let Some(path) = path.strip_prefix("crate::") {
        return path.to_owned();
    }
    let (mut path, mut here) = (path.trim_start_matches("self::"), module);
    while let Some(rest) = path.strip_prefix("super::") {
        path = rest;
        here = here.rsplit_once("::").map_or("", |(parent, _)| parent);
    }
    if here.is_empty() { path.to_owned() } else { format!("{here}::{path}") }
}

/// The file with the longest path that `path` begins with.
fn file_of<'a>(path: &str, files: &'a Files, exports: &Files) -> Option<&'a str> {
    let first = path.split("::").next().unwrap_or(path);
    let mut path = exports.get(first).filter(|_| !files.contains_key(first)).map_or(path, |it| it);
    loop {
        if let Some((module, _)) = files.get_key_value(path) {
            return Some(module);
        }
        path = path.rsplit_once("::")?.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(files: &[(&str, &str)], expected: &[&str]) {
        let files = files.iter().map(|(name, text)| ((*name).to_owned(), code(text))).collect();
        assert_eq!(cycles(&files), expected);
    }

    #[test]
    fn files_that_use_each_other_are_found() {
        let direct = [("a", "use crate::b::B;\n"), ("b", "fn f() { crate::a::g() }")];
        check(&direct, &["a", "b"]);
        let through_the_root = [
            ("lib", "mod a;\nmod b;\npub use a::{A, X};\n"),
            ("a", "use crate::b::{self, B};\n"),
            ("b", "use std::fmt;\n\nuse crate::A;\n"),
            ("user", "use crate::b::B;\n"),
        ];
        check(&through_the_root, &["a", "b"]);
        let parent_and_child = [("a", "mod b;\nuse b::B;\nstruct A;"), ("a::b", "use super::A;")];
        check(&parent_and_child, &["a", "a::b"]);
        let without_imports =
            [("a", "mod b;\nfn f() { b::g() }"), ("a::b", "fn g(_: super::A) {}")];
        check(&without_imports, &["a", "a::b"]);
    }

    #[test]
    fn a_chain_of_files_is_no_cycle() {
        let chain = [
            ("lib", "pub use a::A;"),
            ("a", "use crate::b::{c::C, B};\n// use crate::a::A;"),
            ("b", "use crate::b::c::C;"),
            ("b::c", "use std::fmt;\n#[cfg(test)]\nmod tests {\n    use crate::a::A;\n}"),
        ];
        check(&chain, &[]);
    }
}
