//! Checks that each row of the security page names a test, that each named test exists, and that no code
//! of ours is `unsafe`.

use std::fs;

use anyhow::Result;

const PAGE: &str = "docs/SECURITY.md";

pub(crate) fn faults() -> Result<Vec<String>> {
    let page = fs::read_to_string(project::root().join(PAGE))?;
    let mut faults = rows_without_a_test(&page);
    for (file, test) in tests(&page) {
        let text = fs::read_to_string(project::root().join(file)).unwrap_or_default();
        if !is_test(&text, test) {
            faults.push(format!("{PAGE}: there is no test {test} in {file}"));
        }
    }
    faults.extend(manifests()?);
    for file in project::files()?.iter().filter(|file| file.strip_suffix(".rs").is_some()) {
        let text = fs::read_to_string(project::root().join(file))?;
        faults.extend(unsafe_code(file, &text));
    }
    Ok(faults)
}

/// `crates/x/tests/it/y.rs::name`, wherever the page has it.
fn tests(page: &str) -> Vec<(&str, &str)> {
    let spans = page.split('`').skip(1).step_by(2);
    spans
        .filter_map(|span| span.split_once("::"))
        .filter(|(file, _)| file.strip_suffix(".rs").is_some())
        .collect()
}

fn rows_without_a_test(page: &str) -> Vec<String> {
    let section = page.split("\n## ").find(|it| it.starts_with("What is protected\n"));
    let rows = section.unwrap_or_default().lines().filter(|line| line.starts_with('|')).skip(2);
    let mut count = 0;
    let mut faults = Vec::new();
    for row in rows {
        count += 1;
        if tests(row).is_empty() {
            faults.push(format!("{PAGE}: this row names no test: {row}"));
        }
    }
    if count == 0 {
        faults.push(format!("{PAGE}: its table of what is protected is not there"));
    }
    faults
}

/// Whether there is a function of that name with a test attribute above it.
fn is_test(text: &str, name: &str) -> bool {
    let mut is_marked = false;
    for line in text.lines().map(str::trim_start) {
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            is_marked = true;
        } else if let Some((_, rest)) = line.split_once("fn ") {
            if is_marked && rest.strip_prefix(name).is_some_and(|it| it.starts_with('(')) {
                return true;
            }
            is_marked = false;
        }
    }
    false
}

/// Each crate takes the workspace's lints, which forbid it.
fn manifests() -> Result<Vec<String>> {
    let mut faults = Vec::new();
    let root = fs::read_to_string(project::root().join("Cargo.toml"))?;
    if !root.lines().any(|line| line == "unsafe_code = \"forbid\"") {
        faults.push("Cargo.toml: the workspace's lints lack unsafe_code = \"forbid\"".to_owned());
    }
    let outside = |file: &str| {
        ["fuzz/", "xtask/bench/peers/", "xtask/interop/rust/", "xtask/interop/storage/"]
            .iter()
            .any(|it| file.starts_with(it))
    };
    for file in project::files()?.iter().filter(|file| file.ends_with("/Cargo.toml")) {
        let text = fs::read_to_string(project::root().join(file))?;
        if !outside(file) && !text.contains("[lints]\nworkspace = true") {
            faults.push(format!("{file}: it does not take the workspace's lints"));
        }
    }
    Ok(faults)
}

/// Code that the lint would refuse, also where no lint is: in the workspaces of their own, behind a
/// platform's `cfg`, in macros.
fn unsafe_code(file: &str, text: &str) -> Vec<String> {
    // In two parts, so that this file does not find itself.
    const WORD: &str = concat!("uns", "afe");
    let mut faults = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let is_comment = line.trim_start().starts_with("//");
        let mut words = line.split(|it: char| !it.is_alphanumeric() && it != '_');
        if !is_comment && words.any(|word| word == WORD) {
            faults.push(format!("{file}:{}: no code of ours is {WORD}", number + 1));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_page_names_must_be_there() {
        let page = "\n## What is protected\n\n| a | b | c |\n|---|---|---|\n\
                    | x | y | `z.rs::t`, `cargo` |\n| x | y | nothing |\n\n## Else\n\n| q |\n";
        assert_eq!(tests(page), [("z.rs", "t")]);
        assert_eq!(rows_without_a_test(page).len(), 1);
        assert_eq!(rows_without_a_test("").len(), 1);
    }

    #[test]
    fn only_a_test_is_one() {
        let text = "#[test]\n#[cfg(unix)]\nfn one() {}\nfn two() {}\n#[tokio::test(x)]\nasync fn three() {}";
        let found = ["one", "two", "three", "thre", "four"].map(|name| is_test(text, name));
        assert_eq!(found, [true, false, true, false, false]);
    }

    #[test]
    fn code_is_told_from_words() {
        let word = concat!("uns", "afe");
        for code in [
            "let x = W { 1 };",
            "W fn f() {}",
            "W{ f() }",
            "#[W(no_mangle)]",
            "pub W impl",
            "g(W { f() })",
            "|x|W { f(x) }",
        ] {
            assert_eq!(unsafe_code("x.rs", &code.replace('W', word)).len(), 1, "{code}");
        }
        for words in ["// W code", "#![forbid(W_code)]", "let W_code = 1;"] {
            assert_eq!(unsafe_code("x.rs", &words.replace('W', word)), Vec::<String>::new());
        }
    }
}
