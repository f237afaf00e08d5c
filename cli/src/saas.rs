//! `casebook generate saas` and `casebook load saas`.

use casebook::Result;
use casebook::cases::Part;
use casebook::cases::clock::Month;
use casebook::cases::saas::{self, Billing, Config, SessionRule};
use casebook::warehouse::queries::Schema;
use casebook::warehouse::{Sink, queries};
use clap::Args;

use crate::files::{Case, Slice};

/// The business: as in the brief unless told otherwise.
#[derive(Args)]
pub struct Business {
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
    /// Read "plus or minus a uniform integer" as a fair sign times an integer from 0
    #[arg(long)]
    sign_times_uniform: bool,
    /// Bill the month of churn
    #[arg(long)]
    churn_month_billed: bool,
    /// The seed of all random numbers
    #[arg(long, default_value_t = Config::default().seed)]
    seed: u64,
}

impl Case for Business {
    type Config = Config;
    const NAME: &'static str = "saas";
    const TABLES: &'static [&'static str] = queries::saas::SCHEMA.tables;
    const SCHEMA: Option<&'static Schema> = Some(&queries::saas::SCHEMA);
    const ENTITIES: (&'static str, &'static str) = ("companies", "companies");

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

    fn entities(config: &Config) -> u32 {
        config.companies
    }

    fn shared(config: &Config, sink: &mut dyn Sink) -> Result<()> {
        sink.append("plans", &saas::plans(config)?)?;
        sink.append("months", &saas::months(config)?)
    }

    fn slices(
        config: &Config,
        part: Part,
        give: &mut dyn FnMut(&Slice) -> Result<()>,
    ) -> Result<()> {
        saas::batches(config, part)?.try_for_each(|batch| {
            let batch = batch?;
            give(&[("companies", &batch.companies), ("sessions", &batch.sessions)])
        })
    }
}
