//! The manifest next to generated files: what they are and how they were made, so that `casebook doctor FOLDER` can say
//! what is missing or damaged.
//!
//! Each part has its own manifest, written after its files, because parts may be generated in any order, by different
//! processes or machines.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use casebook::cases::Part;
use casebook::output::{Known, recover, sha256, unfinished};
use casebook::warehouse::files::Written;
use casebook::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::record;
use crate::say::{many, say};
use crate::terminal::plain;

/// Up to this many missing parts are listed; the rest are counted.
const LISTED: usize = 20;

/// The manifest of one part.
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
    /// The command that generates it, without its part and its folder.
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
    /// Creates the manifest of a part that this process is about to generate.
    pub fn new(case: &str, config: &impl Serialize, format: &str, part: Part) -> Result<Manifest> {
        let config = serde_json::to_value(config)
            .map_err(|cause| Error::file("write", Path::new("the manifest"), cause))?;
        Ok(Manifest {
            casebook: env!("CARGO_PKG_VERSION").to_owned(),
            case: case.to_owned(),
            config,
            format: format.to_owned(),
            part: part.to_string(),
            command: command(std::env::args_os().map(|word| word.to_string_lossy().into_owned())),
            files: vec![],
        })
    }

    /// Returns the name of its file.
    pub fn name(&self) -> String {
        let part = self.part.parse().map_or_else(|_| String::new(), suffix);
        format!("manifest-{}-{}{part}.json", self.case, self.format)
    }

    /// Returns its text, once the files are there.
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

    /// Returns what the manifest of this name in a folder says was written there, including the manifest.
    pub fn known(folder: &Path, name: &str) -> Vec<Known> {
        let Ok((_, manifest)) = read(&folder.join(name)) else { return vec![] };
        let own = Known { name: name.into(), sha256: None };
        let file = |file: &Listed| Known {
            name: file.name.clone().into(),
            sha256: Some(file.sha256.clone()),
        };
        manifest.files.iter().map(file).chain([own]).collect()
    }

    /// Returns the command that generates a part of the same data, for people to copy. `overwrite` is needed if files
    /// not known to be ours are in the way.
    fn makes(&self, part: Part, folder: &Path, overwrite: bool) -> String {
        let mut words = vec!["casebook".to_owned()];
        words.extend(self.command.iter().cloned());
        if part != Part::WHOLE {
            words.extend(["--part".to_owned(), part.to_string()]);
        }
        if overwrite {
            words.push("--overwrite".to_owned());
        }
        words.extend(["--out".to_owned(), folder.display().to_string()]);
        words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
    }

    /// Returns what is wrong with its files.
    fn troubles(&self, folder: &Path) -> Vec<Trouble> {
        self.files.iter().filter_map(|file| file.trouble(folder)).collect()
    }
}

/// A problem with a file.
struct Trouble {
    what: String,
    /// Whether something else is in its place.
    there: bool,
}

impl Listed {
    fn trouble(&self, folder: &Path) -> Option<Trouble> {
        let path = folder.join(&self.name);
        let name = &self.name;
        let what = match fs::metadata(&path) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => {
                let there = fs::symlink_metadata(&path).is_ok();
                return Some(Trouble { what: format!("{name} is missing"), there });
            }
            Err(cause) => format!("{name} cannot be read: {cause}"),
            Ok(found) if !found.is_file() => format!("{name} is not a file"),
            Ok(found) if found.len() != self.bytes => {
                format!("{name} has {} bytes, not {}", found.len(), self.bytes)
            }
            Ok(_) => match sha256(&path) {
                Ok(hash) if hash == self.sha256 => return None,
                Ok(_) => format!("{name} is not what was written"),
                Err(error) => format!("{name} cannot be read: {error}"),
            },
        };
        Some(Trouble { what, there: true })
    }
}

/// Returns the arguments of a command line, without those for the folder, the part and the threads.
fn command(words: impl Iterator<Item = String>) -> Vec<String> {
    let mut kept = vec![];
    let mut words = words.skip(1);
    while let Some(word) = words.next() {
        let (name, joined) =
            word.split_once('=').map_or((word.as_str(), false), |(n, _)| (n, true));
        if name == "--overwrite" {
            continue;
        }
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

/// Quotes a word for a shell.
fn quoted(word: &str) -> String {
    if plain(word) != word {
        // What a terminal must not get raw, bash and zsh read as escapes.
        let escape = |c: char| match c {
            '\\' | '\'' => format!("\\{c}"),
            c if plain(&c.to_string()).chars().count() > 1 => format!("\\u{:04x}", u32::from(c)),
            c => c.to_string(),
        };
        return format!("$'{}'", word.chars().map(escape).collect::<String>());
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Prints a line for people; its text may come from a manifest that someone else wrote.
fn tell(line: &str) {
    say!("{}", plain(line));
}

/// Checks every data set in a folder and prints what is there, missing or damaged, and the command that fixes it.
/// Completes first what a killed run had begun to put in place. Returns whether all is well.
pub fn check(folder: &Path) -> Result<bool> {
    let fail = |cause: io::Error| Error::file("read", folder, cause);
    let mut well = true;
    match recover(folder) {
        Ok(0) => {}
        Ok(count) => tell(&format!(
            "repaired {count} interrupted while files were replaced; the new ones are complete"
        )),
        Err(error) => {
            well = false;
            tell(&format!("damaged  {error}"));
        }
    }
    let mut names = vec![];
    for entry in fs::read_dir(folder).map_err(fail)? {
        let name = entry.map_err(fail)?.file_name().to_string_lossy().into_owned();
        if name.starts_with("manifest-") && name.ends_with(".json") {
            names.push(name);
        }
    }
    names.sort_unstable();
    let mut sets: BTreeMap<(String, String, u32), Vec<(Part, Manifest)>> = BTreeMap::new();
    for name in &names {
        match read(&folder.join(name)) {
            Ok((part, manifest)) => {
                let set = (manifest.case.clone(), manifest.format.clone(), part.of());
                sets.entry(set).or_default().push((part, manifest));
            }
            Err(cause) => {
                well = false;
                tell(&format!("damaged  {name}: {cause}"));
            }
        }
    }
    for set in sets.values_mut() {
        set.sort_by_key(|(part, _)| part.number());
        well &= look(folder, set);
    }
    let report = record::check(folder);
    well &= report.unwrap_or(true);
    let left = unfinished(folder).map_err(fail)?.len();
    if left > 0 {
        tell(&format!(
            "note     {left} interrupted; the next run here removes or continues what it left"
        ));
    }
    if names.is_empty() && report.is_none() {
        well = false;
        tell(&format!(
            "missing  no manifest: `casebook generate` and `casebook report` have finished nothing in {}",
            folder.display()
        ));
    }
    Ok(well)
}

fn read(path: &Path) -> std::result::Result<(Part, Manifest), String> {
    // A pipe would wait for ever.
    if !fs::metadata(path).map_err(|cause| cause.to_string())?.is_file() {
        return Err("it is not a file".into());
    }
    let text = fs::read_to_string(path).map_err(|cause| cause.to_string())?;
    let manifest: Manifest = serde_json::from_str(&text).map_err(|cause| cause.to_string())?;
    let part = manifest.part.parse().map_err(|error: Error| error.to_string())?;
    if let Some(file) = manifest.files.iter().find(|file| file.name.contains(['/', '\\'])) {
        return Err(format!("it names a file in another folder: {}", file.name));
    }
    Ok((part, manifest))
}

/// Returns the suffix of the names of a part's files.
pub fn suffix(part: Part) -> String {
    if part == Part::WHOLE {
        return String::new();
    }
    format!("-{}-of-{}", part.number(), part.of())
}

/// Tells whether there are files with a part's names that no manifest knows.
fn unknown(folder: &Path, of: &Manifest, part: Part) -> bool {
    let end = format!("{}.{}", suffix(part), of.format);
    let manifest = format!("manifest-{}-{}{}.json", of.case, of.format, suffix(part));
    let names = fs::read_dir(folder).into_iter().flatten().flatten();
    names
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .any(|name| name.ends_with(&end) || name == manifest)
}

/// Checks the parts of one data set that have a manifest, by number.
fn look(folder: &Path, set: &[(Part, Manifest)]) -> bool {
    let Some((one, first)) = set.first() else { return true };
    let what = |part: Part| {
        let part = if part == Part::WHOLE { "whole".to_owned() } else { format!("part {part}") };
        format!("{}, {}, {part}", first.case, first.format)
    };
    let mend = |part: Part, overwrite: bool| {
        let command = first.makes(part, folder, overwrite);
        tell(&format!("         generate it again with: {command}"));
    };
    let mut well = true;
    for (part, manifest) in set {
        let mut troubles = manifest.troubles(folder);
        let overwrite = troubles.iter().any(|trouble| trouble.there);
        if (&manifest.casebook, &manifest.config) != (&first.casebook, &first.config) {
            let what = format!(
                "it was made by another version or with a different configuration than part {one}"
            );
            troubles.push(Trouble { what, there: false });
        }
        if troubles.is_empty() {
            let (rows, bytes) =
                manifest.files.iter().fold((0_u64, 0_u64), |(rows, bytes), file| {
                    (rows.saturating_add(file.rows), bytes.saturating_add(file.bytes))
                });
            let files = many(manifest.files.len(), "file");
            tell(&format!("ok       {}: {files}, {rows} rows, {bytes} bytes", what(*part)));
            continue;
        }
        well = false;
        let troubles: Vec<&str> = troubles.iter().map(|trouble| trouble.what.as_str()).collect();
        tell(&format!("damaged  {}: {}", what(*part), troubles.join("; ")));
        mend(*part, overwrite);
    }
    let here: Vec<u32> = set.iter().map(|(part, _)| part.number()).collect();
    let missing = one.all().filter(|part| here.binary_search(&part.number()).is_err());
    for part in missing.take(LISTED) {
        well = false;
        tell(&format!("missing  {}", what(part)));
        mend(part, unknown(folder, first, part));
    }
    let more = (one.of() as usize).saturating_sub(here.len() + LISTED);
    if more > 0 {
        tell(&format!("missing  {more} more parts"));
    }
    well
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_keeps_what_decides_the_data() {
        let line = "casebook generate saas --out here --overwrite --seed 9 --part=1/2 --threads 3 --companies=5";
        let kept = command(line.split(' ').map(str::to_owned));
        assert_eq!(kept, ["generate", "saas", "--seed", "9", "--companies=5"]);
    }

    #[test]
    fn words_are_quoted_where_a_shell_would_take_them_apart() {
        for (word, shown) in [
            ("--seed", "--seed"),
            ("a b", "'a b'"),
            ("it's", r"'it'\''s'"),
            ("", "''"),
            ("it's\u{1b}[2J", r"$'it\'s\u001b[2J'"),
        ] {
            assert_eq!(quoted(word), shown);
        }
    }
}
