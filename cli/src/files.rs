//! Output options and progress of every `casebook generate`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use casebook::cases::Part;
use casebook::output::{Claim, Replace, sha256};
use casebook::polars::prelude::DataFrame;
use casebook::warehouse::files::{Folder, Format, Written};
use casebook::warehouse::queries::Schema;
use casebook::warehouse::{Sink, Warehouse, ahead};
use casebook::{Error, Result};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::manifest::{Manifest, suffix};
use crate::say::{complain, say};

#[derive(Args)]
pub struct Threads {
    /// Threads to use, at most four per core; the data is the same for any number [default: one per core]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

impl Threads {
    pub fn run<T: Send>(&self, work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
        let Some(threads) = self.threads else { return work() };
        let threads = usize::from(threads).min(Threads::most());
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        match pool {
            Ok(pool) => pool.install(work),
            // Fewer threads than asked for make the same data.
            Err(error) => {
                complain!(
                    "casebook: {threads} threads could not be started ({error}); using the default"
                );
                work()
            }
        }
    }

    /// Returns the most threads that are useful: more would only look for work and get in the way of others.
    fn most() -> usize {
        let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get());
        (4 * cores).max(16)
    }
}

#[derive(Args)]
pub struct Files {
    /// Generate only part k of n; the files of all parts together are the whole
    #[arg(long, default_value_t = Part::WHOLE, value_name = "k/n")]
    part: Part,
    /// The folder for the files
    #[arg(long)]
    out: PathBuf,
    /// csv, parquet, or sqlite: one database with keys and indexes, where the case has SQL
    #[arg(long, default_value_t = Target::Files(Format::Csv))]
    format: Target,
    /// Also replace files that this command did not write, or that were changed since
    #[arg(long)]
    overwrite: bool,
}

/// What to write: a file for each table, or one database.
#[derive(Clone, Copy)]
enum Target {
    Files(Format),
    Sqlite,
}

impl FromStr for Target {
    type Err = Error;

    fn from_str(text: &str) -> Result<Target> {
        match text {
            "sqlite" => Ok(Target::Sqlite),
            _ => text.parse().map(Target::Files).map_err(|_| {
                Error::config("format", format!("\"{text}\""), "csv, parquet or sqlite")
            }),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Files(format) => format.fmt(f),
            Target::Sqlite => f.write_str("sqlite"),
        }
    }
}

impl Files {
    /// Writes what `fill` puts into the sink and prints the names of the files; a manifest comes last. `tables` are the
    /// case's; `schema` is that of a database with them.
    pub fn write(
        &self,
        threads: &Threads,
        (case, config): (&str, &impl Serialize),
        (tables, schema): (&[&str], Option<&Schema>),
        mut fill: impl FnMut(&mut dyn Sink) -> Result<()> + Send,
    ) -> Result<()> {
        let mut manifest = Manifest::new(case, config, &self.format.to_string(), self.part)?;
        let written = match (self.format, schema) {
            (Target::Files(format), _) => {
                let mut folder = Folder::create(&self.out, format, &suffix(self.part))?;
                folder = folder.replacing(self.replace(&manifest), tables, &manifest.name())?;
                ahead(&mut folder, |sink| threads.run(|| fill(sink)))?;
                folder.seal(&manifest.name(), |files| manifest.of(files))?
            }
            (Target::Sqlite, Some(_)) if self.part != Part::WHOLE => {
                let value = format!("{} of a database", self.part);
                return Err(Error::config("part", value, "1/1, or files (csv, parquet)"));
            }
            (Target::Sqlite, Some(schema)) => {
                self.database(threads, &mut manifest, schema, fill)?
            }
            (Target::Sqlite, None) => {
                let accepted = "csv or parquet: this case has no SQL";
                return Err(Error::config("format", "\"sqlite\"", accepted));
            }
        };
        for file in written {
            say!("{}", file.path.display());
        }
        say!("{}", self.out.join(manifest.name()).display());
        Ok(())
    }

    /// Returns what the existing manifest says is ours.
    fn replace(&self, manifest: &Manifest) -> Replace {
        match self.overwrite {
            true => Replace::Any,
            false => Replace::Known(Manifest::known(&self.out, &manifest.name())),
        }
    }

    /// Makes a database in a hidden folder and moves it into place.
    fn database(
        &self,
        threads: &Threads,
        manifest: &mut Manifest,
        schema: &Schema,
        mut fill: impl FnMut(&mut dyn Sink) -> Result<()> + Send,
    ) -> Result<Vec<Written>> {
        let claim = Claim::take(&self.out, &format!("sqlite-{}", schema.name))?;
        let file = format!("{}.sqlite", schema.name);
        let names: [PathBuf; 2] = [file.clone().into(), manifest.name().into()];
        let replace = self.replace(manifest);
        claim.check(&names, &replace)?;
        let place = self.out.join(&file);
        // SQLite would apply what stands in these to whatever database lies beside them.
        for more in ["-journal", "-wal"] {
            let aside = self.out.join(format!("{file}{more}"));
            if aside.exists() {
                let cause = format!(
                    "a program is working on it, or was killed while it was: see {}",
                    aside.display()
                );
                return Err(Error::file("replace", &place, cause));
            }
        }
        let made = claim.staging().join(&file);
        let mut database = Warehouse::sqlite(&made)?;
        let mut rows = 0;
        database.replace(schema, |sink| {
            ahead(&mut Counted { sink, rows: &mut rows }, |sink| threads.run(|| fill(sink)))
        })?;
        drop(database);
        let bytes =
            std::fs::metadata(&made).map_err(|cause| Error::file("read", &made, cause))?.len();
        let written = vec![Written { path: place, rows, bytes, sha256: sha256(&made)? }];
        let seal = claim.staging().join(manifest.name());
        std::fs::write(&seal, manifest.of(&written)?)
            .map_err(|cause| Error::file("write", &self.out.join(manifest.name()), cause))?;
        claim.replace(&names, &[], &replace)?;
        Ok(written)
    }
}

/// Counts the rows as they pass.
struct Counted<'s> {
    sink: &'s mut dyn Sink,
    rows: &'s mut u64,
}

impl Sink for Counted<'_> {
    fn append(&mut self, table: &'static str, rows: &DataFrame) -> Result<()> {
        *self.rows += rows.height() as u64;
        self.sink.append(table, rows)
    }
}

/// Where every `casebook load` puts its tables.
#[derive(Args)]
pub struct Database {
    /// A SQLite file [default: the database in DATABASE_URL, or data/out/CASE.sqlite]
    #[arg(long, value_name = "FILE")]
    sqlite: Option<PathBuf>,
}

impl Database {
    /// Replaces a case's tables with what `fill` puts into the sink, and prints how many rows each has.
    pub fn load(
        &self,
        threads: &Threads,
        schema: &Schema,
        loaded: &str,
        mut fill: impl FnMut(&mut dyn Sink) -> Result<()> + Send,
    ) -> Result<()> {
        let usual = PathBuf::from("data/out").join(schema.name).with_extension("sqlite");
        // What is asked for here and now wins over what the environment says.
        let mut warehouse = match &self.sqlite {
            Some(file) => Warehouse::sqlite(file)?,
            None => Warehouse::from_env(&usual)?,
        };
        warehouse.replace(schema, |sink| ahead(sink, |sink| threads.run(|| fill(sink))))?;
        say!("{loaded} loaded into {warehouse}");
        Ok(())
    }
}

/// The tables of a slice of entities, with their names.
pub type Slice<'t> = [(&'static str, &'t DataFrame)];

/// A case's business as the command line describes it.
pub trait Case: Args {
    type Config: Sync + Serialize;
    /// Its name on the command line and in manifests.
    const NAME: &'static str;
    /// Its tables, in the order in which they are written.
    const TABLES: &'static [&'static str];
    /// The schema of a database with them, where the case has SQL.
    const SCHEMA: Option<&'static Schema>;
    /// What progress is counted in, such as users, and the table with one row for each.
    const ENTITIES: (&'static str, &'static str);

    /// Returns its configuration, checked.
    fn config(&self) -> Result<Self::Config>;

    /// Returns how many entities the config asks for.
    fn entities(config: &Self::Config) -> u32;

    /// Generates the tables that belong to no entity.
    fn shared(config: &Self::Config, sink: &mut dyn Sink) -> Result<()>;

    /// Generates a part's entities slice by slice, and hands each slice's tables to `give`.
    fn slices(
        config: &Self::Config,
        part: Part,
        give: &mut dyn FnMut(&Slice) -> Result<()>,
    ) -> Result<()>;

    /// Generates a part into a sink, with a progress bar. Tables that belong to no entity come with the first part.
    fn fill(config: &Self::Config, part: Part, sink: &mut dyn Sink) -> Result<()> {
        if part.is_first() {
            Self::shared(config, sink)?;
        }
        let (what, counted) = Self::ENTITIES;
        let bar = progress(part, Self::entities(config), what);
        Self::slices(config, part, &mut |tables| {
            for (table, rows) in tables {
                sink.append(table, rows)?;
                if *table == counted {
                    bar.inc(rows.height() as u64);
                }
            }
            Ok(())
        })?;
        bar.finish_and_clear();
        Ok(())
    }
}

/// `casebook generate CASE`
#[derive(Args)]
pub struct Generate<B: Case> {
    #[command(flatten)]
    business: B,
    #[command(flatten)]
    threads: Threads,
    #[command(flatten)]
    files: Files,
}

impl<B: Case> Generate<B> {
    pub fn run(self) -> Result<()> {
        let config = self.business.config()?;
        let (made, tables) = ((B::NAME, &config), (B::TABLES, B::SCHEMA));
        self.files
            .write(&self.threads, made, tables, |sink| B::fill(&config, self.files.part, sink))
    }
}

/// `casebook load CASE`
#[derive(Args)]
pub struct Load<B: Case> {
    #[command(flatten)]
    business: B,
    #[command(flatten)]
    threads: Threads,
    #[command(flatten)]
    database: Database,
}

impl<B: Case> Load<B> {
    pub fn run(self) -> Result<()> {
        // A case without SQL is not offered here: that would not compile.
        let schema = const { B::SCHEMA.unwrap() };
        let config = self.business.config()?;
        let loaded = format!("{} {}", B::entities(&config), B::ENTITIES.0);
        self.database
            .load(&self.threads, schema, &loaded, |sink| B::fill(&config, Part::WHOLE, sink))
    }
}

/// Creates a progress bar that counts entities, such as companies.
pub fn progress(part: Part, of: u32, what: &str) -> ProgressBar {
    let ids = part.ids(of);
    let shown =
        format!("{{bar:30}} {{human_pos}} of {{human_len}} {what}, {{per_sec}}, {{eta}} left");
    let style =
        ProgressStyle::with_template(&shown).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(u64::from(ids.end - ids.start)).with_style(style)
}
