//! The manifest beside generated files: what they are and how they were made, so that `casebook doctor FOLDER` can
//! say what is missing or damaged.
//!
//! Each part has its own, written after its files: parts are made in any order, by different processes or machines.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use casebook::simulate::Part;
use casebook::warehouse::files::{Format, Written, sha256, unfinished};
use casebook::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::files::suffix;

/// More missing parts than these are counted, not listed.
const LISTED: usize = 20;

/// What one part is.
#[derive(Serialize, Deserialize)]
pub struct Manifest {
    /// The version that made it.
    casebook: String,
    case: String,
    /// The case's rules, seed included.
    config: Value,
    format: String,
    /// k/n
    part: String,
    /// The command that makes it, but for its part and its folder.
    command: Vec<String>,
    files: Vec<Listed>,
}

/// One file.
#[derive(Serialize, Deserialize)]
struct Listed {
    name: String,
    rows: u64,
    bytes: u64,
    sha256: String,
}

impl Manifest {
    /// That of a part about to be made by this process.
    pub fn new(
        case: &str,
        config: &impl Serialize,
        format: Format,
        part: Part,
    ) -> Result<Manifest> {
        let config = serde_json::to_value(config)
            .map_err(|cause| Error::file("write", Path::new("the manifest"), cause))?;
        Ok(Manifest {
            casebook: env!("CARGO_PKG_VERSION").to_owned(),
            case: case.to_owned(),
            config,
            format: format.to_string(),
            part: part.to_string(),
            command: command(std::env::args_os().map(|word| word.to_string_lossy().into_owned())),
            files: vec![],
        })
    }

    /// Its file's name.
    pub fn name(&self) -> String {
        let part = self.part.parse().map_or_else(|_| String::new(), suffix);
        format!("manifest-{}-{}{part}.json", self.case, self.format)
    }

    /// Its text, once the files are there.
    pub fn of(&mut self, files: &[Written]) -> Result<String> {
        let name =
            |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let listed = |file: &Written| Listed {
            name: name(&file.path),
            rows: file.rows,
            bytes: file.bytes,
            sha256: file.sha256.clone(),
        };
        self.files = files.iter().map(listed).collect();
        serde_json::to_string_pretty(self)
            .map(|text| text + "\n")
            .map_err(|cause| Error::file("write", Path::new(&self.name()), cause))
    }

    /// The command that makes a part of the same data, for people to copy.
    fn makes(&self, part: Part, folder: &Path) -> String {
        let mut words = vec!["casebook".to_owned()];
        words.extend(self.command.iter().cloned());
        if part != Part::WHOLE {
            words.extend(["--part".to_owned(), part.to_string()]);
        }
        words.extend(["--out".to_owned(), folder.display().to_string()]);
        words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
    }

    /// What is wrong with its files.
    fn troubles(&self, folder: &Path) -> Vec<String> {
        self.files.iter().filter_map(|file| file.trouble(folder)).collect()
    }
}

impl Listed {
    fn trouble(&self, folder: &Path) -> Option<String> {
        let path = folder.join(&self.name);
        let name = &self.name;
        match fs::metadata(&path) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => {
                Some(format!("{name} is missing"))
            }
            Err(cause) => Some(format!("{name} cannot be read: {cause}")),
            Ok(found) if found.len() != self.bytes => {
                Some(format!("{name} has {} bytes, not {}", found.len(), self.bytes))
            }
            Ok(_) => match sha256(&path) {
                Ok(hash) if hash == self.sha256 => None,
                Ok(_) => Some(format!("{name} is not what was written")),
                Err(error) => Some(format!("{name} cannot be read: {error}")),
            },
        }
    }
}

/// The words of a command line after the program, without those that say where, which part, and how fast.
fn command(words: impl Iterator<Item = String>) -> Vec<String> {
    let mut kept = vec![];
    let mut words = words.skip(1);
    while let Some(word) = words.next() {
        let (name, joined) =
            word.split_once('=').map_or((word.as_str(), false), |(n, _)| (n, true));
        if ["--out", "--part", "--threads"].contains(&name) {
            if !joined {
                words.next();
            }
        } else {
            kept.push(word);
        }
    }
    kept
}

/// As a shell wants it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Looks at every data set in a folder and prints what is there, missing and damaged, and the command that mends it.
/// Whether all is well.
pub fn check(folder: &Path) -> Result<bool> {
    let fail = |cause: io::Error| Error::file("read", folder, cause);
    let mut names = vec![];
    for entry in fs::read_dir(folder).map_err(fail)? {
        let name = entry.map_err(fail)?.file_name().to_string_lossy().into_owned();
        if name.starts_with("manifest-") && name.ends_with(".json") {
            names.push(name);
        }
    }
    names.sort_unstable();
    let mut well = true;
    let mut sets: BTreeMap<(String, String, u32), Vec<(Part, Manifest)>> = BTreeMap::new();
    for name in &names {
        match read(&folder.join(name)) {
            Ok((part, manifest)) => {
                let set = (manifest.case.clone(), manifest.format.clone(), part.of());
                sets.entry(set).or_default().push((part, manifest));
            }
            Err(cause) => {
                well = false;
                println!("damaged  {name}: {cause}");
            }
        }
    }
    for set in sets.values_mut() {
        set.sort_by_key(|(part, _)| part.number());
        well &= look(folder, set);
    }
    let left = unfinished(folder).map_err(fail)?.len();
    if left > 0 {
        println!(
            "note     {left} interrupted; what it left goes when something is generated here again"
        );
    }
    if names.is_empty() {
        well = false;
        println!(
            "missing  no manifest: nothing that `casebook generate` finished is in {}",
            folder.display()
        );
    }
    Ok(well)
}

fn read(path: &Path) -> std::result::Result<(Part, Manifest), String> {
    let text = fs::read_to_string(path).map_err(|cause| cause.to_string())?;
    let manifest: Manifest = serde_json::from_str(&text).map_err(|cause| cause.to_string())?;
    let part = manifest.part.parse().map_err(|error: Error| error.to_string())?;
    Ok((part, manifest))
}

/// The parts of one data set that have a manifest, by number.
fn look(folder: &Path, set: &[(Part, Manifest)]) -> bool {
    let Some((one, first)) = set.first() else { return true };
    let what = |part: Part| {
        let part = if part == Part::WHOLE { "whole".to_owned() } else { format!("part {part}") };
        format!("{}, {}, {part}", first.case, first.format)
    };
    let mend = |part: Part| println!("         make it again with: {}", first.makes(part, folder));
    let mut well = true;
    for (part, manifest) in set {
        let mut troubles = manifest.troubles(folder);
        if (&manifest.casebook, &manifest.config) != (&first.casebook, &first.config) {
            troubles.push(format!(
                "it was made by another version or with other rules than part {one}"
            ));
        }
        if troubles.is_empty() {
            let (rows, bytes) = manifest
                .files
                .iter()
                .fold((0, 0), |(rows, bytes), file| (rows + file.rows, bytes + file.bytes));
            let files = manifest.files.len();
            println!("ok       {}: {files} files, {rows} rows, {bytes} bytes", what(*part));
            continue;
        }
        well = false;
        println!("damaged  {}: {}", what(*part), troubles.join("; "));
        mend(*part);
    }
    let here: Vec<u32> = set.iter().map(|(part, _)| part.number()).collect();
    let missing = one.all().filter(|part| here.binary_search(&part.number()).is_err());
    for part in missing.take(LISTED) {
        well = false;
        println!("missing  {}", what(part));
        mend(part);
    }
    let more = (one.of() as usize).saturating_sub(here.len() + LISTED);
    if more > 0 {
        println!("missing  {more} parts more");
    }
    well
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_keeps_what_decides_the_data() {
        let line =
            "casebook generate saas --out here --seed 9 --part=1/2 --threads 3 --companies=5";
        let kept = command(line.split(' ').map(str::to_owned));
        assert_eq!(kept, ["generate", "saas", "--seed", "9", "--companies=5"]);
    }

    #[test]
    fn words_are_quoted_where_a_shell_would_take_them_apart() {
        for (word, shown) in
            [("--seed", "--seed"), ("a b", "'a b'"), ("it's", r"'it'\''s'"), ("", "''")]
        {
            assert_eq!(quoted(word), shown);
        }
    }
}
