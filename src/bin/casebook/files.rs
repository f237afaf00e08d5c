//! What every `casebook generate` is told about its output, and the progress it shows.

use std::path::PathBuf;

use casebook::Result;
use casebook::simulate::Part;
use casebook::warehouse::Sink;
use casebook::warehouse::files::{Folder, Format};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

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
    /// csv or parquet
    #[arg(long, default_value_t = Format::Csv)]
    format: Format,
}

impl Files {
    /// Writes what `fill` puts into the sink, and prints the names of the files.
    pub fn write(
        &self,
        threads: &Threads,
        fill: impl FnOnce(&mut dyn Sink) -> Result<()> + Send,
    ) -> Result<()> {
        let suffix = if self.part == Part::WHOLE {
            String::new()
        } else {
            format!("-{}", self.part.to_string().replace('/', "-of-"))
        };
        let written = threads.run(|| {
            let mut folder = Folder::create(&self.out, self.format, &suffix)?;
            fill(&mut folder)?;
            folder.finish()
        })?;
        for path in written {
            println!("{}", path.display());
        }
        Ok(())
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
