//! Notes which compiler builds the library, for the reproducibility stamp, and a hash of what the library is built
//! from: results that were made by other code are made anew.

use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-env-changed=RUSTC");
    println!("cargo::rerun-if-changed=build.rs");
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    // "rustc 1.95.0 (59807616e 2026-04-14)": the version alone; the rest differs between packagers.
    let version = Command::new(rustc)
        .arg("--version")
        .output()
        .ok()
        .and_then(|output| String::from_utf8(output.stdout).ok())
        .and_then(|text| text.split_whitespace().nth(1).map(str::to_owned))
        .unwrap_or_else(|| "unknown".into());
    println!("cargo::rustc-env=CASEBOOK_RUSTC={version}");
    println!("cargo::rustc-env=CASEBOOK_CODE={}", code());
}

/// The hash of the library's own files and of the versions it depends on. The command's files do not count: to change
/// them is not to build the library again.
fn code() -> String {
    let root = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let mut hasher = DefaultHasher::new();
    let mut places: Vec<PathBuf> =
        ["sql", "assets", "Cargo.toml", "Cargo.lock"].map(|name| root.join(name)).to_vec();
    places.extend(entries(&root.join("src")).into_iter().filter(|path| !path.ends_with("src/bin")));
    places.sort_unstable();
    // A package without some of them is built all the same; to watch for what is not there would be to build it always.
    places.retain(|place| place.exists());
    for place in &places {
        println!(
            "cargo::rerun-if-changed={}",
            place.strip_prefix(&root).unwrap_or(place).display()
        );
    }
    let mut files = vec![];
    while let Some(place) = places.pop() {
        if place.is_dir() { places.extend(entries(&place)) } else { files.push(place) }
    }
    files.sort_unstable();
    for file in files {
        let name = file.strip_prefix(&root).unwrap_or(&file).to_string_lossy().replace('\\', "/");
        (name, fs::read(&file).unwrap_or_default()).hash(&mut hasher);
    }
    format!("{:016x}", hasher.finish())
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}
