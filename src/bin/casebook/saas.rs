//! `casebook generate saas` and `casebook load saas`.

use std::path::PathBuf;

use casebook::simulate::clock::Month;
use casebook::simulate::saas::{self, Billing, Config, Part, SessionRule};
use casebook::warehouse::files::{Folder, Format};
use casebook::warehouse::{Sink, Warehouse, queries};
use casebook::{Error, Result};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

/// The business: what the brief says unless told otherwise.
#[derive(Args)]
struct Business {
    /// Companies acquired in month 1
    #[arg(long, default_value_t = Config::default().companies)]
    companies: u32,
    /// Months observed
    #[arg(long, default_value_t = Config::default().months)]
    months: u32,
    /// The first month
    #[arg(long, default_value_t = Config::default().start, value_name = "YYYY-MM")]
    start: Month,
    /// Probability that a company is small
    #[arg(long, default_value_t = Config::default().share_small, value_name = "0..1")]
    share_small: f64,
    /// Reads "plus or minus a uniform integer" as a fair sign times an integer from 0
    #[arg(long)]
    sign_times_uniform: bool,
    /// Bills the month of churn
    #[arg(long)]
    churn_month_billed: bool,
    /// Every number drawn follows from it
    #[arg(long, default_value_t = Config::default().seed)]
    seed: u64,
    /// Threads that generate; the data is the same for any number [default: one per core]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

impl Business {
    fn config(&self) -> Result<Config> {
        let mut config = Config {
            companies: self.companies,
            months: self.months,
            start: self.start,
            share_small: self.share_small,
            seed: self.seed,
            ..Config::default()
        };
        if self.sign_times_uniform {
            config.session_rule = SessionRule::SignTimesUniform;
        }
        if self.churn_month_billed {
            config.billing = Billing::ChurnMonthBilled;
        }
        config.validate()?;
        Ok(config)
    }

    /// Generates a part into a sink, slice by slice, with a progress bar.
    fn fill(&self, config: &Config, part: Part, sink: &mut dyn Sink) -> Result<()> {
        if part.is_first() {
            sink.append("plans", &saas::plans(config)?)?;
            sink.append("months", &saas::months(config)?)?;
        }
        let ids = part.ids(config.companies);
        let bar = ProgressBar::new(u64::from(ids.end - ids.start)).with_style(style());
        for batch in saas::batches(config, part)? {
            let batch = batch?;
            sink.append("companies", &batch.companies)?;
            sink.append("sessions", &batch.sessions)?;
            bar.inc(batch.companies.height() as u64);
        }
        bar.finish_and_clear();
        Ok(())
    }

    fn with_threads<T: Send>(&self, work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
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

fn style() -> ProgressStyle {
    ProgressStyle::with_template(
        "{bar:30} {human_pos} of {human_len} companies, {per_sec}, {eta} left",
    )
    .unwrap_or_else(|_| ProgressStyle::default_bar())
}

#[derive(Args)]
pub struct Generate {
    #[command(flatten)]
    business: Business,
    /// Makes only part k of n; the files of all parts together are the whole
    #[arg(long, default_value_t = Part::WHOLE, value_name = "k/n")]
    part: Part,
    /// The folder that receives the files
    #[arg(long)]
    out: PathBuf,
    /// csv or parquet
    #[arg(long, default_value_t = Format::Csv)]
    format: Format,
}

impl Generate {
    pub fn run(self) -> Result<()> {
        let config = self.business.config()?;
        let suffix = if self.part == Part::WHOLE {
            String::new()
        } else {
            format!("-{}", self.part.to_string().replace('/', "-of-"))
        };
        let written = self.business.with_threads(|| {
            let mut folder = Folder::create(&self.out, self.format, &suffix)?;
            self.business.fill(&config, self.part, &mut folder)?;
            folder.finish()
        })?;
        for path in written {
            println!("{}", path.display());
        }
        Ok(())
    }
}

#[derive(Args)]
pub struct Load {
    #[command(flatten)]
    business: Business,
    /// The SQLite file used when DATABASE_URL is not set
    #[arg(long, default_value = "data/out/saas.sqlite")]
    sqlite: PathBuf,
}

impl Load {
    pub fn run(self) -> Result<()> {
        let config = self.business.config()?;
        let mut warehouse = Warehouse::from_env(&self.sqlite)?;
        let loaded: Result<(), Error> = self.business.with_threads(|| {
            warehouse.replace(&queries::saas::SCHEMA, |sink| {
                self.business.fill(&config, Part::WHOLE, sink)
            })
        });
        loaded?;
        println!("{} companies loaded into {warehouse}", config.companies);
        Ok(())
    }
}
