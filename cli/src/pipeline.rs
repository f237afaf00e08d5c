//! Steps that can be interrupted: each is timed, and skipped if its result is there already. Results are kept in a
//! hidden folder until the last is complete and then moved into place together, so that there is a complete set at any
//! moment.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use casebook::frame::count;
use casebook::output::{Claim, Known, Replace};
use casebook::{Error, Result};
use serde::Serialize;

use crate::record::{self, Record};
use crate::say::say;

/// A folder of results, made step by step. No other process may write there at the same time.
pub struct Pipeline {
    place: PathBuf,
    claim: Claim,
    /// What all results depend on: the configuration, and the code that makes them.
    stamp: String,
    steps: Vec<Step>,
    done: usize,
    /// Whether an earlier step is newer than what is in place.
    changed: bool,
    /// Whether this process ran an earlier step.
    made: bool,
    overwrite: bool,
    began: Instant,
    timed: Vec<Timed>,
}

/// What a step made: what it says about it, and how many rows it made or read.
pub struct Made {
    pub what: String,
    pub rows: usize,
}

impl Made {
    pub fn new(what: impl Into<String>, rows: usize) -> Made {
        Made { what: what.into(), rows }
    }
}

/// How long a step took, and how many rows it made; none if its result was there already.
struct Timed {
    name: &'static str,
    took: Option<(f64, usize)>,
}

/// A step and the files it is known to write, for an early warning about files in their place.
pub struct Step {
    pub name: &'static str,
    pub files: Vec<String>,
}

/// What a step works with.
pub struct Work {
    /// A folder of its own; everything in it is the step's result.
    pub folder: PathBuf,
    place: PathBuf,
    staging: PathBuf,
}

impl Work {
    /// Returns where an earlier step's result is.
    pub fn at(&self, name: &str) -> PathBuf {
        let staged = self.staging.join(name);
        if staged.exists() { staged } else { self.place.join(name) }
    }
}

/// How a pipeline treats existing files.
#[derive(Clone, Copy, Default)]
pub struct Manner {
    /// Repeats every step.
    pub fresh: bool,
    /// Replaces files that are not its own.
    pub overwrite: bool,
}

impl Pipeline {
    /// Starts in a folder, made if it is not there. `made_with` is what the results depend on, beside the code that makes
    /// them: the library's and the command's, of which the build script takes the hash.
    pub fn new(
        place: &Path,
        steps: Vec<Step>,
        made_with: &impl Serialize,
        manner: Manner,
    ) -> Result<Pipeline> {
        let config = serde_json::to_string_pretty(made_with)
            .map_err(|cause| Error::file("write", place, cause))?;
        let (version, code) = (env!("CARGO_PKG_VERSION"), env!("CASEBOOK_CODE"));
        let stamp = format!("casebook {version}, code {code}\n{config}");
        let claim = Claim::resume(place, "report")?;
        let pipeline = Pipeline {
            place: place.to_owned(),
            claim,
            stamp,
            steps,
            done: 0,
            changed: manner.fresh,
            made: false,
            overwrite: manner.overwrite,
            began: Instant::now(),
            timed: vec![],
        };
        // What an interrupted run has made of other data is of no use.
        let staged = |step: &Step| Record::read(&pipeline.claim.staging(), step.name);
        let staged: Vec<Record> = pipeline.steps.iter().filter_map(staged).collect();
        let ours = staged.iter().all(|record| record.stamp == pipeline.stamp);
        if manner.fresh || staged.is_empty() || !ours {
            pipeline.claim.clear()?;
        }
        Ok(pipeline)
    }

    /// Runs the next step. `make` says what it made.
    pub fn step(&mut self, make: impl FnOnce(&Work) -> Result<Made>) -> Result<()> {
        let Some(Step { name, .. }) = self.steps.get(self.done) else { return Ok(()) };
        let name = *name;
        self.done += 1;
        let head = format!("[{}/{}] {name:<10}", self.done, self.steps.len());
        let staging = self.claim.staging();
        let made_in =
            |place: &Path| Record::read(place, name).filter(|record| record.stamp == self.stamp);
        if !self.made && made_in(&staging).is_some_and(|record| record.intact(&staging)) {
            self.changed = true;
            self.there_already(&head, name);
            return Ok(());
        }
        let complete = |record: Record| record.complete(&self.place);
        if !self.changed && made_in(&self.place).is_some_and(complete) {
            self.there_already(&head, name);
            return Ok(());
        }
        if !self.made {
            self.look_ahead()?;
        }
        (self.changed, self.made) = (true, true);
        let began = Instant::now();
        let folder = self.claim.scratch()?;
        let work = Work { folder, place: self.place.clone(), staging: staging.clone() };
        let made = make(&work).inspect_err(|error| {
            // With this configuration the next run would come no further.
            if error.is_invalid_config() {
                let _ = self.claim.clear();
            }
        })?;
        let record = Record::of(&self.stamp, &work.folder)?;
        self.claim.check(&record.names().collect::<Vec<_>>(), &self.replace())?;
        self.set_aside(name, &work.folder, &record)?;
        let seconds = began.elapsed().as_secs_f64();
        say!("{head} {seconds:6.1} s  {}", made.what);
        self.timed.push(Timed { name, took: Some((seconds, made.rows)) });
        Ok(())
    }

    fn there_already(&mut self, head: &str, name: &'static str) {
        say!("{head}        there already");
        self.timed.push(Timed { name, took: None });
    }

    /// Checks before the first work that no one else's files are where this and the later steps will write.
    fn look_ahead(&self) -> Result<()> {
        let later = &self.steps[self.done - 1..];
        let mut names: Vec<PathBuf> =
            later.iter().flat_map(|step| step.files.iter().map(PathBuf::from)).collect();
        for step in later {
            names.push(record::name(step.name));
            if let Some(record) = Record::read(&self.place, step.name) {
                names.extend(record.names());
            }
        }
        names.sort_unstable();
        names.dedup();
        self.claim.check(&names, &self.replace())
    }

    fn replace(&self) -> Replace {
        if self.overwrite {
            return Replace::Any;
        }
        let known = |step: &Step| -> Vec<Known> {
            Record::read(&self.place, step.name).map_or(vec![], |record| record.known(step.name))
        };
        Replace::Known(self.steps.iter().flat_map(known).collect())
    }

    /// Moves a step's files to the others that wait for the end; its record comes last.
    fn set_aside(&self, name: &str, folder: &Path, record: &Record) -> Result<()> {
        let staging = self.claim.staging();
        let path = staging.join(record::name(name));
        let fail = |cause: std::io::Error| Error::file("write into", &self.place, cause);
        let make_room = |path: &Path| path.parent().map_or(Ok(()), fs::create_dir_all);
        if path.exists() {
            fs::remove_file(&path).map_err(fail)?;
        }
        for file in record.names() {
            let to = staging.join(&file);
            make_room(&to).and_then(|()| fs::rename(folder.join(&file), to)).map_err(fail)?;
        }
        make_room(&path).map_err(fail)?;
        casebook::output::write(&path, record.text().as_bytes())
    }

    /// Moves all results into place, and prints how long everything took and, if the system says so, how much memory. Returns a table of
    /// both, by step, for a file outside the results: those are the same whenever they are made.
    pub fn finish(self) -> Result<String> {
        let (mut files, mut records) = (vec![], vec![]);
        let mut obsolete: Vec<Known> = vec![];
        for Step { name, .. } in &self.steps {
            let Some(record) = Record::read(&self.claim.staging(), name) else { continue };
            files.extend(record.names());
            records.push(record::name(name));
            if let Some(before) = Record::read(&self.place, name) {
                let own = record::name(name);
                obsolete.extend(before.known(name).into_iter().filter(|old| old.name != own));
            }
        }
        obsolete.retain(|old| !files.contains(&old.name));
        files.extend(records);
        self.claim.replace(&files, &obsolete, &self.replace())?;
        let seconds = self.began.elapsed().as_secs_f64();
        let memory = peak_memory().map_or(String::new(), |bytes| {
            format!(", {:.2} GB of memory at most", bytes as f64 / 1e9)
        });
        say!("all in {seconds:.1} s{memory}: {}", self.place.display());
        Ok(times(&self.timed, seconds, peak_memory()))
    }
}

/// How a table of times begins.
pub const TIMES: &str = "step          seconds          rows\n";

/// Makes the table of what steps took.
fn times(steps: &[Timed], seconds: f64, memory: Option<u64>) -> String {
    let mut lines = vec![TIMES.trim_end().to_owned()];
    for Timed { name, took } in steps {
        lines.push(match took {
            Some((seconds, rows)) => {
                let rows = count(*rows);
                format!("{name:<12}{seconds:>9.2}{rows:>14}")
            }
            None => format!("{name:<12}  there already"),
        });
    }
    lines.push(format!("{:<12}{seconds:>9.2}", "all"));
    if let Some(bytes) = memory {
        lines.push(format!("peak memory: {:.2} GB", bytes as f64 / 1e9));
    }
    lines.join("\n") + "\n"
}

/// Returns the most memory this process has held so far, in bytes; known on Linux.
fn peak_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kilobytes| kilobytes * 1_024)
}

#[cfg(test)]
mod tests;
