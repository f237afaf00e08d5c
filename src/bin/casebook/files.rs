//! What every `casebook generate` is told about its output, and the progress it shows.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use casebook::simulate::Part;
use casebook::warehouse::files::{Folder, Format};
use casebook::warehouse::queries::Schema;
use casebook::warehouse::{Sink, Warehouse, ahead};
use casebook::{Error, Result};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::manifest::Manifest;

#[derive(Args)]
pub struct Threads {
    /// Threads that generate; the data is the same for any number [default: one per core]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

impl Threads {
    pub fn run<T: Send>(&self, work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
        let Some(threads) = self.threads else { return work() };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(usize::from(threads)).build();
        match pool {
            Ok(pool) => pool.install(work),
            // Fewer threads than asked for make the same data.
            Err(error) => {
                eprintln!(
                    "casebook: {threads} threads could not be started ({error}); using the default"
                );
                work()
            }
        }
    }
}

#[derive(Args)]
pub struct Files {
    /// Makes only part k of n; the files of all parts together are the whole
    #[arg(long, default_value_t = Part::WHOLE, value_name = "k/n")]
    pub part: Part,
    /// The folder that receives the files
    #[arg(long)]
    out: PathBuf,
    /// csv, parquet, or sqlite: one database with keys and indexes, where the case has SQL
    #[arg(long, default_value_t = Target::Files(Format::Csv))]
    format: Target,
}

/// What is written: a file for each table, or one database.
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

/// What a part's files have in their names.
pub fn suffix(part: Part) -> String {
    if part == Part::WHOLE {
        return String::new();
    }
    format!("-{}-of-{}", part.number(), part.of())
}

impl Files {
    /// Writes what `fill` puts into the sink, and prints the names of the files; a manifest comes last. `schema` is
    /// that of a database with the case's tables.
    pub fn write(
        &self,
        threads: &Threads,
        (case, config): (&str, &impl Serialize),
        schema: Option<&Schema>,
        mut fill: impl FnMut(&mut dyn Sink) -> Result<()> + Send,
    ) -> Result<()> {
        let format = match (self.format, schema) {
            (Target::Files(format), _) => format,
            (Target::Sqlite, Some(_)) if self.part != Part::WHOLE => {
                let value = format!("{} of a database", self.part);
                return Err(Error::config("part", value, "1/1, or files (csv, parquet)"));
            }
            (Target::Sqlite, Some(schema)) => {
                let path = self.out.join(schema.name).with_extension("sqlite");
                let mut database = Warehouse::sqlite(&path)?;
                database.replace(schema, |sink| ahead(sink, |sink| threads.run(|| fill(sink))))?;
                println!("{}", path.display());
                return Ok(());
            }
            (Target::Sqlite, None) => {
                let accepted = "csv or parquet: this case has no SQL";
                return Err(Error::config("format", "\"sqlite\"", accepted));
            }
        };
        let mut manifest = Manifest::new(case, config, format, self.part)?;
        let mut folder = Folder::create(&self.out, format, &suffix(self.part))?;
        ahead(&mut folder, |sink| threads.run(|| fill(sink)))?;
        let written = folder.seal(&manifest.name(), |files| manifest.of(files))?;
        for file in written {
            println!("{}", file.path.display());
        }
        println!("{}", self.out.join(manifest.name()).display());
        Ok(())
    }
}

/// Where every `casebook load` puts its tables.
#[derive(Args)]
pub struct Database {
    /// The SQLite file used when DATABASE_URL is not set [default: data/out/CASE.sqlite]
    #[arg(long, value_name = "FILE")]
    sqlite: Option<PathBuf>,
}

impl Database {
    /// Replaces a case's tables by what `fill` puts into the sink, and says how many of what are there.
    pub fn load(
        &self,
        threads: &Threads,
        schema: &Schema,
        loaded: &str,
        mut fill: impl FnMut(&mut dyn Sink) -> Result<()> + Send,
    ) -> Result<()> {
        let usual = PathBuf::from("data/out").join(schema.name).with_extension("sqlite");
        let mut warehouse = Warehouse::from_env(self.sqlite.as_ref().unwrap_or(&usual))?;
        warehouse.replace(schema, |sink| ahead(sink, |sink| threads.run(|| fill(sink))))?;
        println!("{loaded} loaded into {warehouse}");
        Ok(())
    }
}

/// A case's business as the command line describes it.
pub trait Case: Args {
    type Config: Sync + Serialize;
    const SCHEMA: &'static Schema;

    /// Its rules, checked.
    fn config(&self) -> Result<Self::Config>;

    fn threads(&self) -> &Threads;

    /// Generates a part into a sink, slice by slice, with a progress bar.
    fn fill(config: &Self::Config, part: Part, sink: &mut dyn Sink) -> Result<()>;

    /// How many of what it has, for people.
    fn size(config: &Self::Config) -> String;
}

/// `casebook generate CASE`
#[derive(Args)]
pub struct Generate<B: Case> {
    #[command(flatten)]
    business: B,
    #[command(flatten)]
    files: Files,
}

impl<B: Case> Generate<B> {
    pub fn run(self) -> Result<()> {
        let config = self.business.config()?;
        let made = (B::SCHEMA.name, &config);
        self.files.write(self.business.threads(), made, Some(B::SCHEMA), |sink| {
            B::fill(&config, self.files.part, sink)
        })
    }
}

/// `casebook load CASE`
#[derive(Args)]
pub struct Load<B: Case> {
    #[command(flatten)]
    business: B,
    #[command(flatten)]
    database: Database,
}

impl<B: Case> Load<B> {
    pub fn run(self) -> Result<()> {
        let config = self.business.config()?;
        self.database.load(self.business.threads(), B::SCHEMA, &B::size(&config), |sink| {
            B::fill(&config, Part::WHOLE, sink)
        })
    }
}

/// A bar that counts entities, such as companies.
pub fn progress(part: Part, of: u32, what: &str) -> ProgressBar {
    let ids = part.ids(of);
    let shown =
        format!("{{bar:30}} {{human_pos}} of {{human_len}} {what}, {{per_sec}}, {{eta}} left");
    let style =
        ProgressStyle::with_template(&shown).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(u64::from(ids.end - ids.start)).with_style(style)
}
