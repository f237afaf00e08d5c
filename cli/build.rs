//! Notes a hash of what reports are made from: results that were made by other code are made anew.

use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-env=CASEBOOK_CODE={}", code());
}

/// The hash of the library's files, of the reports', and of the versions both depend on. The command's other files do not
/// count: to change them is not to make other results.
fn code() -> String {
    let cli = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let root = cli.parent().unwrap_or(&cli).to_owned();
    let names =
        ["src", "sql", "assets", "Cargo.toml", "Cargo.lock", "cli/src/report", "cli/assets"];
    let mut places: Vec<PathBuf> = names.map(|name| root.join(name)).to_vec();
    // A package without some of them is built all the same; to watch for what is not there would be to build it always.
    places.retain(|place| place.exists());
    for place in &places {
        println!("cargo::rerun-if-changed={}", place.display());
    }
    let mut hasher = DefaultHasher::new();
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
