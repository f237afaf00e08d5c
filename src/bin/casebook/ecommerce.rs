//! `casebook generate ecommerce`.

use casebook::Result;
use casebook::simulate::clock::Day;
use casebook::simulate::ecommerce::{self, Config};
use casebook::warehouse::Sink;
use clap::Args;

use crate::files::{Files, Threads, progress};

/// The business: what the brief says unless told otherwise.
#[derive(Args)]
pub struct Generate {
    /// People who register
    #[arg(long, default_value_t = Config::default().users)]
    users: u32,
    /// Days observed
    #[arg(long, default_value_t = Config::default().days)]
    days: u32,
    /// The first day
    #[arg(long, default_value_t = Config::default().start, value_name = "YYYY-MM-DD")]
    start: Day,
    /// Products sold
    #[arg(long, default_value_t = Config::default().shop.products)]
    products: u32,
    /// Every number drawn follows from it
    #[arg(long, default_value_t = Config::default().seed)]
    seed: u64,
    #[command(flatten)]
    threads: Threads,
    #[command(flatten)]
    files: Files,
}

impl Generate {
    pub fn run(self) -> Result<()> {
        let mut config = Config {
            users: self.users,
            days: self.days,
            start: self.start,
            seed: self.seed,
            ..Config::default()
        };
        config.shop.products = self.products;
        config.validate()?;
        self.files.write(&self.threads, |sink| self.fill(&config, sink))
    }

    /// Generates a part into a sink, slice by slice, with a progress bar.
    fn fill(&self, config: &Config, sink: &mut dyn Sink) -> Result<()> {
        if self.files.part.is_first() {
            sink.append("products", &ecommerce::products(config)?)?;
        }
        let bar = progress(self.files.part, config.users, "users");
        for batch in ecommerce::batches(config, self.files.part)? {
            let batch = batch?;
            sink.append("users", &batch.users)?;
            sink.append("sessions", &batch.sessions)?;
            sink.append("events", &batch.events)?;
            bar.inc(batch.users.height() as u64);
        }
        bar.finish_and_clear();
        Ok(())
    }
}
