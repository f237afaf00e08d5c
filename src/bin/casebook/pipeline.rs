//! Steps that can be interrupted: each is timed, skipped when its result is there already, and puts that result in
//! its place only when it is complete.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use casebook::warehouse::files::UNFINISHED;
use casebook::{Error, Result};
use serde::Serialize;

/// What each result was made with.
const STAMPS: &str = "made-with";

/// A folder of results, made step by step.
pub struct Pipeline {
    place: PathBuf,
    /// What all results depend on.
    stamp: String,
    steps: usize,
    done: usize,
    /// Whether some step before this one was made anew.
    changed: bool,
    began: Instant,
}

impl Pipeline {
    /// Starts in a folder, made if it is not there. `made_with` is what the results depend on; `fresh` makes all of
    /// them anew.
    pub fn new(
        place: &Path,
        steps: usize,
        made_with: &impl Serialize,
        fresh: bool,
    ) -> Result<Pipeline> {
        let stamps = place.join(STAMPS);
        fs::create_dir_all(&stamps).map_err(|cause| Error::file("create", &stamps, cause))?;
        for entry in
            fs::read_dir(place).map_err(|cause| Error::file("read", place, cause))?.flatten()
        {
            if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
                remove(&entry.path())?;
            }
        }
        let config = serde_json::to_string_pretty(made_with)
            .map_err(|cause| Error::file("write", &stamps, cause))?;
        let stamp = format!("casebook {}\n{config}\n", env!("CARGO_PKG_VERSION"));
        Ok(Pipeline {
            place: place.to_owned(),
            stamp,
            steps,
            done: 0,
            changed: fresh,
            began: Instant::now(),
        })
    }

    /// One step. `make` gets a folder of its own and says what it made; everything in that folder then moves to its
    /// place, replacing what was there.
    pub fn step(&mut self, name: &str, make: impl FnOnce(&Path) -> Result<String>) -> Result<()> {
        self.done += 1;
        let head = format!("[{}/{}] {name:<10}", self.done, self.steps);
        let stamp = self.place.join(STAMPS).join(name).with_extension("txt");
        let known = fs::read_to_string(&stamp).ok();
        if !self.changed
            && known.is_some_and(|text| text.starts_with(&self.stamp) && self.complete(&text))
        {
            println!("{head}        there already");
            return Ok(());
        }
        self.changed = true;
        let began = Instant::now();
        remove(&stamp)?;
        let folder = tempfile::Builder::new()
            .prefix(UNFINISHED)
            .tempdir_in(&self.place)
            .map_err(|cause| Error::file("write into", &self.place, cause))?;
        let made = make(folder.path())?;
        let names = self.move_in(folder.path())?;
        let text = format!("{}{}\n", self.stamp, names.join("\n"));
        fs::write(&stamp, text).map_err(|cause| Error::file("write", &stamp, cause))?;
        println!("{head} {:6.1} s  {made}", began.elapsed().as_secs_f64());
        Ok(())
    }

    /// Whether what a stamp lists is still there.
    fn complete(&self, stamp: &str) -> bool {
        stamp[self.stamp.len()..].lines().all(|name| self.place.join(name).exists())
    }

    fn move_in(&self, folder: &Path) -> Result<Vec<String>> {
        let mut names = vec![];
        for entry in
            fs::read_dir(folder).map_err(|cause| Error::file("read", folder, cause))?.flatten()
        {
            let to = self.place.join(entry.file_name());
            remove(&to)?;
            fs::rename(entry.path(), &to).map_err(|cause| Error::file("write", &to, cause))?;
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
        names.sort_unstable();
        Ok(names)
    }

    /// Says how long everything took, and how much memory, where the system tells.
    pub fn finish(self) {
        let seconds = self.began.elapsed().as_secs_f64();
        let memory = peak_memory().map_or(String::new(), |bytes| {
            format!(", {:.2} GB of memory at most", bytes as f64 / 1e9)
        });
        println!("all in {seconds:.1} s{memory}: {}", self.place.display());
    }
}

/// A file or a folder, if it is there.
fn remove(path: &Path) -> Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Err(_) => return Ok(()),
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
    };
    removed.map_err(|cause| Error::file("replace", path, cause))
}

/// The most memory this process has held so far, in bytes; known on Linux.
fn peak_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kilobytes| kilobytes * 1_024)
}
