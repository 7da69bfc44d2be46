//! Finds import cycles between the files of a crate: files that use each other, directly or through others.
//!
//! A name that `lib.rs` exports counts as its own file's. Unit tests do not count.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::Result;

/// For each module of a crate, by its path, the modules that it uses.
type Graph = BTreeMap<String, BTreeSet<String>>;

/// One line for each cycle in a crate of this workspace.
pub(crate) fn faults() -> Result<Vec<String>> {
    let mut crates: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for file in project::files()? {
        let Some((name, path)) = file.split_once("/src/") else { continue };
        // The interoperability clients have workspaces of their own.
        let is_ours = name.starts_with("crates/") || name.starts_with("xtask");
        let is_ours = is_ours && !name.starts_with("xtask/interop/");
        let Some(path) = path.strip_suffix(".rs").filter(|_| is_ours) else { continue };
        let text = fs::read_to_string(project::root().join(&file))?;
        let module = path.trim_end_matches("/mod").replace('/', "::");
        crates.entry(name.to_owned()).or_default().insert(module, text);
    }
    let cycles = crates.iter().flat_map(|(name, files)| {
        let cycles = cycles(&graph(files)).into_iter();
        cycles.map(move |files| format!("{name}: these files use each other: {}", files.join(", ")))
    });
    Ok(cycles.collect())
}

fn graph(files: &BTreeMap<String, String>) -> Graph {
    let root = files.get("lib").or_else(|| files.get("main")).map_or("", String::as_str);
    let exported: BTreeMap<String, String> = paths(&code(root))
        .iter()
        .filter_map(|path| {
            let (module, name) = path.trim_start_matches("crate::").rsplit_once("::")?;
            Some((name.to_owned(), module.to_owned()))
        })
        .collect();
    let mut graph = Graph::new();
    for (module, text) in files.iter().filter(|(module, _)| !["lib", "main"].contains(&&***module))
    {
        let paths = paths(&code(text));
        let used = paths.iter().filter_map(|path| {
            let path = absolute(path, module, files)?;
            let first = path.split("::").next().unwrap_or(&path);
            let path = exported.get(first).filter(|_| !files.contains_key(first)).unwrap_or(&path);
            file_of(path, files)
        });
        let used: BTreeSet<_> = used.filter(|used| used != module).collect();
        graph.insert(module.clone(), used);
    }
    graph
}

/// The file without unit tests and comments.
fn code(text: &str) -> String {
    let lines = project::without_tests(text).lines();
    let lines = lines.filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
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
        if character == '{' {
            prefixes.push(if path.ends_with("::") { full } else { String::new() });
        } else if !path.is_empty() {
            paths.push(full);
        }
        if character == '}' {
            prefixes.pop();
        }
        path.clear();
    }
    paths.retain(|path| path.contains("::"));
    paths
}

/// The path from the crate's root. `None` for a path into another crate.
fn absolute(path: &str, module: &str, files: &BTreeMap<String, String>) -> Option<String> {
    if let Some(rest) = path.strip_prefix("crate::") {
        return Some(rest.to_owned());
    }
    let mut here: Vec<&str> = module.split("::").collect();
    let mut rest = path.strip_prefix("self::").unwrap_or(path);
    while let Some(up) = rest.strip_prefix("super::") {
        here.pop();
        rest = up;
    }
    here.push(rest);
    let full = here.join("::");
    let is_relative = rest != path || file_of(&full, files).is_some_and(|file| file != module);
    is_relative.then_some(full)
}

/// The file with the longest path that `path` begins with.
fn file_of(path: &str, files: &BTreeMap<String, String>) -> Option<String> {
    let mut path = path;
    loop {
        if files.contains_key(path) {
            return Some(path.to_owned());
        }
        path = path.rsplit_once("::")?.0;
    }
}

/// The groups of modules that reach each other.
fn cycles(graph: &Graph) -> BTreeSet<Vec<String>> {
    let reached: BTreeMap<_, _> = graph.keys().map(|from| (from, reach(graph, from))).collect();
    let in_cycle = |from: &String| {
        let together = graph.keys().filter(|to| {
            let there = reached.get(from).is_some_and(|reached| reached.contains(*to));
            there && reached.get(to).is_some_and(|reached| reached.contains(from))
        });
        together.cloned().collect::<Vec<_>>()
    };
    graph.keys().map(in_cycle).filter(|together| together.len() > 1).collect()
}

fn reach(graph: &Graph, from: &str) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    let mut left = vec![from.to_owned()];
    while let Some(module) = left.pop() {
        for next in graph.get(&module).into_iter().flatten() {
            if reached.insert(next.clone()) {
                left.push(next.clone());
            }
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)]) -> Vec<Vec<String>> {
        let files = files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        cycles(&graph(&files.collect())).into_iter().collect()
    }

    #[test]
    fn files_that_use_each_other_are_found() {
        let direct = [
            ("lib", "mod a;\nmod b;\n"),
            ("a", "use crate::b::B;\n"),
            ("b", "fn f() { crate::a::g() }"),
        ];
        assert_eq!(found(&direct), [["a", "b"]]);
        let through_the_root = [
            ("lib", "mod a;\nmod b;\npub use a::{A, X};\n"),
            ("a", "use crate::b::{self, B};\n"),
            ("b", "use std::fmt;\n\nuse crate::A;\n"),
        ];
        assert_eq!(found(&through_the_root), [["a", "b"]]);
        let parent_and_child = [
            ("lib", "mod a;"),
            ("a", "mod b;\nuse b::B;\npub(crate) struct A;"),
            ("a::b", "use super::A;"),
        ];
        assert_eq!(found(&parent_and_child), [["a", "a::b"]]);
    }

    #[test]
    fn files_that_use_each_other_without_imports_are_found() {
        let parent_and_child = [
            ("lib", "mod a;"),
            ("a", "mod b;\nfn f() { b::g() }\npub(crate) struct A;"),
            ("a::b", "use super::A;\nfn g() {}"),
        ];
        assert_eq!(found(&parent_and_child), [["a", "a::b"]]);
    }

    #[test]
    fn a_chain_of_files_is_no_cycle() {
        let chain = [
            ("lib", "pub use a::A;"),
            ("a", "use crate::b::{c::C, B};\n// use crate::a::A;"),
            ("b", "use crate::b::c::C;"),
            ("b::c", "use std::fmt;\n#[cfg(test)]\nmod tests {\n    use crate::a::A;\n}"),
        ];
        assert_eq!(found(&chain), Vec::<Vec<String>>::new());
    }
}
