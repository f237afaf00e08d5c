//! Notes a hash of what reports are made from: results that were made by other code are made anew.

use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let cli = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let root = cli.parent().unwrap_or(&cli);
    for place in places(root) {
        println!("cargo::rerun-if-changed={}", place.display());
    }
    println!("cargo::rustc-env=CASEBOOK_CODE={}", code(root));
}

/// What results are made by: the library, the command, and the versions both depend on.
fn places(root: &Path) -> Vec<PathBuf> {
    let names = ["src", "sql", "assets", "Cargo.toml", "Cargo.lock", "cli/src", "cli/assets"];
    // A package without some of them is built all the same; to watch for what is not there would be to build it always.
    names.map(|name| root.join(name)).into_iter().filter(|place| place.exists()).collect()
}

/// The hash of all files of these places, with their names.
pub(crate) fn code(root: &Path) -> String {
    let mut places = places(root);
    let mut hasher = DefaultHasher::new();
    let mut files = vec![];
    while let Some(place) = places.pop() {
        if place.is_dir() { places.extend(entries(&place)) } else { files.push(place) }
    }
    files.sort_unstable();
    for file in files {
        let name = file.strip_prefix(root).unwrap_or(&file).to_string_lossy().replace('\\', "/");
        (name, fs::read(&file).unwrap_or_default()).hash(&mut hasher);
    }
    format!("{:016x}", hasher.finish())
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}
