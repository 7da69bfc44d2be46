//! macOS: compiles, passes clippy and links for both architectures. Nothing is run.
//!
//! On another system there is no SDK of Apple's, and none is needed to link: a list of the names that
//! a framework exports is enough, and the `-sys` crates declare those that they use.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use cargo_metadata::MetadataCommand;
use xshell::cmd;

use super::toolchain::{Toolchain, target_directory};

const TARGETS: [&str; 2] = ["aarch64-apple-darwin", "x86_64-apple-darwin"];
/// The first bytes of a 64-bit Mach-O file.
const MACH_O: [u8; 4] = [0xcf, 0xfa, 0xed, 0xfe];
/// Frameworks, and the crates that declare their functions.
const FRAMEWORKS: [(&str, &str); 2] =
    [("Security", "security-framework-sys"), ("CoreFoundation", "core-foundation-sys")];

/// Zig's C compiler links for macOS and brings the C library.
const ZIG: &str = "ziglang==0.17.1";
/// Takes out the options that Zig does not know.
const LINKER: &str = r#"#!/usr/bin/env python3
import os, sys
given, taken = iter(sys.argv[1:]), []
for option in given:
    if option in ("-arch", "-isysroot", "-target"):
        next(given)
    elif not option.startswith(("--target=", "-mmacosx-version-min", "-march=")):
        taken.append(option)
os.execv("ZIG", ["zig", "cc", "-target", "TARGET", *taken, "-LSDK/usr/lib",
                 "-FSDK/System/Library/Frameworks"])
"#;

pub(super) fn run() -> Result<()> {
    let (sdk, zig) = (sdk()?, zig()?);
    for target in TARGETS {
        let shell = project::shell()?;
        let toolchain = Toolchain::find(target)?;
        let variables = variables(target, &sdk, &zig)?;
        let variables: Vec<(&str, String)> =
            variables.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        let clippy = ["--workspace", "--all-targets", "--", "-D", "warnings"];
        toolchain.cargo(&shell, "clippy", &clippy, &variables)?.run()?;
        let build = ["--package", "sso-cli", "--package", "sso-emulator"];
        toolchain.cargo(&shell, "build", &build, &variables)?.run()?;
        let program = std::fs::read(toolchain.output("debug")?.join("ssocreds"))?;
        ensure!(program.starts_with(&MACH_O), "what was linked for {target} is not a Mach-O file");
        println!("   {target}: compiled, checked by clippy and linked; not run");
    }
    Ok(())
}

/// What cargo, the crate `cc` and Zig read.
fn variables(target: &str, sdk: &Path, zig: &Path) -> Result<Vec<(String, String)>> {
    let directory = target_directory()?.join(target);
    std::fs::create_dir_all(&directory)?;
    let architecture = target.split('-').next().unwrap_or(target);
    let linker = LINKER
        .replace("ZIG", &zig.display().to_string())
        .replace("TARGET", &format!("{architecture}-macos"))
        .replace("SDK", &sdk.display().to_string());
    let linker = script(&directory.join("cc"), &linker)?;
    let archiver = format!("#!/bin/sh\nexec {} ar \"$@\"\n", zig.display());
    let archiver = script(&directory.join("ar"), &archiver)?;
    let cache = target_directory()?.join("zig-cache").display().to_string();
    let name = target.replace('-', "_");
    Ok(vec![
        (format!("CC_{name}"), linker.clone()),
        (format!("AR_{name}"), archiver),
        (format!("CARGO_TARGET_{}_LINKER", name.to_uppercase()), linker),
        ("SDKROOT".to_owned(), sdk.display().to_string()),
        ("ZIG_GLOBAL_CACHE_DIR".to_owned(), cache.clone()),
        ("ZIG_LOCAL_CACHE_DIR".to_owned(), cache),
    ])
}

/// Writes an executable file, and returns its path.
fn script(path: &Path, text: &str) -> Result<String> {
    use std::os::unix::fs::PermissionsExt as _;

    std::fs::write(path, text)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))?;
    Ok(path.display().to_string())
}

/// Installs Zig once, and returns the path of its program.
fn zig() -> Result<PathBuf> {
    let home = project::root().join("target/tools/zig");
    let stamp = home.join("installed.txt");
    let shell = project::shell()?;
    let python = home.join("bin/python");
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == ZIG) {
    } else {
        println!("   installing {ZIG} into target/tools/zig (once)");
        cmd!(shell, "python3 -m venv --clear {home}").quiet().run()?;
        cmd!(shell, "{python} -m pip --quiet install {ZIG}").quiet().run()?;
        std::fs::write(&stamp, ZIG)?;
    }
    let find = "import os, ziglang; print(os.path.join(os.path.dirname(ziglang.__file__), 'zig'))";
    Ok(cmd!(shell, "{python} -c {find}").quiet().read()?.into())
}

/// The SDK that is set, or a directory of stubs.
fn sdk() -> Result<PathBuf> {
    if let Some(sdk) = std::env::var_os("SDKROOT") {
        return Ok(sdk.into());
    }
    let sdk = target_directory()?.join("macos-sdk");
    let metadata = MetadataCommand::new()
        .current_dir(project::root())
        .other_options(vec!["--locked".to_owned()])
        .exec()?;
    for (framework, crate_name) in FRAMEWORKS {
        let package = metadata.packages.iter().find(|package| package.name.as_str() == crate_name);
        let package = package.with_context(|| format!("{crate_name} is not a dependency"))?;
        let source = package.manifest_path.with_file_name("src");
        let mut symbols = BTreeSet::new();
        declared(source.as_std_path(), &mut symbols)?;
        let directory = sdk.join(format!("System/Library/Frameworks/{framework}.framework"));
        let name = format!("{framework}.framework/Versions/A/{framework}");
        let name = format!("/System/Library/Frameworks/{name}");
        stub(&directory.join(format!("{framework}.tbd")), &name, &symbols)?;
    }
    let iconv = ["iconv", "iconv_open", "iconv_close"].map(str::to_owned);
    stub(&sdk.join("usr/lib/libiconv.tbd"), "/usr/lib/libiconv.2.dylib", &iconv.into())?;
    Ok(sdk)
}

/// The functions and variables in `extern "C"` blocks of all files below a directory.
fn declared(directory: &Path, symbols: &mut BTreeSet<String>) -> Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            declared(&path, symbols)?;
            continue;
        }
        let source = std::fs::read_to_string(&path)?;
        for block in source.split("extern \"C\" {").skip(1) {
            let block = block.split("\n}").next().unwrap_or(block);
            let words: Vec<&str> =
                block.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
            let names = words.windows(2).filter_map(|pair| match pair {
                ["fn" | "static", name] => Some((*name).to_owned()),
                _ => None,
            });
            symbols.extend(names);
        }
    }
    Ok(())
}

fn stub(path: &Path, install_name: &str, symbols: &BTreeSet<String>) -> Result<()> {
    let symbols: Vec<String> = symbols.iter().map(|symbol| format!("_{symbol}")).collect();
    let symbols = symbols.join(", ");
    std::fs::create_dir_all(path.parent().context("a stub is in a directory")?)?;
    let text = format!(
        "--- !tapi-tbd\ntbd-version: 4\ntargets: [ x86_64-macos, arm64-macos ]\n\
         install-name: '{install_name}'\ncurrent-version: 1\ncompatibility-version: 1\n\
         exports:\n  - targets: [ x86_64-macos, arm64-macos ]\n    symbols: [ {symbols} ]\n...\n"
    );
    Ok(std::fs::write(path, text)?)
}
