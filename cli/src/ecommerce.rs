//! `casebook generate ecommerce`, `casebook load ecommerce` and `casebook report ecommerce`.

use std::path::PathBuf;

use crate::report::ecommerce::Dashboard;
use casebook::cases::Part;
use casebook::cases::clock::Day;
use casebook::cases::ecommerce::{self, Config};
use casebook::output;
use casebook::warehouse::queries::Schema;
use casebook::warehouse::{Sink, queries};
use casebook::{Error, Result};
use clap::Args;

use crate::files::{Case, Slice, Threads, progress};
use crate::say::say;
use crate::serve;

/// The business: as in the brief unless told otherwise.
#[derive(Args)]
pub struct Business {
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
    /// The seed of all random numbers
    #[arg(long, default_value_t = Config::default().seed)]
    seed: u64,
    /// Share of products with quotes, commas, emoji or HTML in their names, to test programs with
    #[arg(long, default_value_t = Config::default().shop.awkward_names, value_name = "0..1")]
    awkward_names: f64,
}

impl Case for Business {
    type Config = Config;
    const NAME: &'static str = "ecommerce";
    const TABLES: &'static [&'static str] = queries::ecommerce::SCHEMA.tables;
    const SCHEMA: Option<&'static Schema> = Some(&queries::ecommerce::SCHEMA);
    const ENTITIES: (&'static str, &'static str) = ("users", "users");

    fn config(&self) -> Result<Config> {
        let mut config = Config {
            users: self.users,
            days: self.days,
            start: self.start,
            seed: self.seed,
            ..Config::default()
        };
        config.shop.products = self.products;
        config.shop.awkward_names = self.awkward_names;
        config.validate()?;
        Ok(config)
    }

    fn entities(config: &Config) -> u32 {
        config.users
    }

    fn shared(config: &Config, sink: &mut dyn Sink) -> Result<()> {
        sink.append("products", &ecommerce::products(config)?)
    }

    fn slices(
        config: &Config,
        part: Part,
        give: &mut dyn FnMut(&Slice) -> Result<()>,
    ) -> Result<()> {
        ecommerce::batches(config, part)?.try_for_each(|batch| {
            let batch = batch?;
            give(&[
                ("users", &batch.users),
                ("sessions", &batch.sessions),
                ("events", &batch.events),
            ])
        })
    }
}

/// A dashboard in one HTML file, or live.
#[derive(Args)]
pub struct Report {
    #[command(flatten)]
    business: Business,
    #[command(flatten)]
    threads: Threads,
    /// The file to write
    #[arg(long, default_value = "data/out/ecommerce.html")]
    out: PathBuf,
    /// Serve it on this machine instead, with a form for generating new data; Ctrl+C stops it
    #[arg(long)]
    serve: bool,
    /// The port to serve on; 0 for any free one
    #[arg(long, default_value_t = 8765, requires = "serve")]
    port: u16,
    /// Do not open a browser
    #[arg(long, requires = "serve")]
    no_browser: bool,
}

impl Report {
    pub fn run(self) -> Result<()> {
        let config = self.business.config()?;
        let dashboard = self.threads.run(|| {
            let bar = progress(Part::WHOLE, config.users, "users");
            let dashboard = Dashboard::new(&config, |done| {
                bar.set_position(u64::from(done));
                true
            });
            bar.finish_and_clear();
            dashboard
        })?;
        if self.serve {
            return serve::run(config, dashboard, self.port, !self.no_browser);
        }
        if let Some(folder) = self.out.parent() {
            std::fs::create_dir_all(folder)
                .map_err(|cause| Error::file("write", &self.out, cause))?;
        }
        output::write(&self.out, dashboard.page().as_ref())?;
        say!("{}", self.out.display());
        Ok(())
    }
}
