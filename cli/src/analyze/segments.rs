//! `casebook analyze rfm` and `casebook analyze segments`.

use casebook::chart;
use casebook::chrono::NaiveDateTime;
use casebook::events::Window;
use casebook::metrics::segment::{self, K, KMeans};
use casebook::notebook::Figure;
use casebook::polars::prelude::*;
use casebook::{Error, Result};
use clap::{Args, ValueEnum};

use super::asked::{Events, Named, Output, until};
use super::findings::{brief, counted, numbers, texts};
use super::input::{Column, Kind, Source};
use super::notes;
use super::output::percent;

/// Score every buyer's recency, frequency and monetary value by quintile
///
/// Example: casebook analyze rfm data/samples/orders.csv --order order_id --amount amount
#[derive(Args)]
pub struct Rfm {
    #[command(flatten)]
    events: Events,
    #[command(flatten)]
    named: Named,
    /// The order ID column
    #[arg(long, default_value = "order_id", value_name = "COLUMN")]
    order: String,
    /// The column with the amount paid
    #[arg(long, default_value = "amount", value_name = "COLUMN")]
    amount: String,
    /// The end of the observation period, exclusive: rows from then on do not count [default: the end of the last day]
    #[arg(long, value_parser = until, value_name = "DATE")]
    as_of: Option<NaiveDateTime>,
    /// Show one row per segment instead of one per user
    #[arg(long)]
    summary: bool,
    #[command(flatten)]
    output: Output,
}

impl Rfm {
    pub fn run(self) -> Result<()> {
        self.output.check()?;
        let mut columns = self.events.columns();
        columns.push(Column::new(&self.order, "order_id", Kind::Id).said_by("--order"));
        columns.push(Column::new(&self.amount, "amount", Kind::Number).said_by("--amount"));
        let table = self.named.read_with(&self.events, columns)?;
        if let Some(as_of) = self.as_of {
            notes::as_of(as_of, &table.frame)?;
        }
        let window = self.as_of.map_or_else(Window::default, Window::until);
        let scores = segment::rfm(&table.frame, window)?;
        if scores.column("frequency")?.i64()?.max() == Some(1) {
            notes::tell(
                "nobody ordered twice: everyone has the same frequency score, so segments depend \
                 on recency and monetary value only",
            );
        }
        if scores.height() == 0 {
            return Err(Error::config("as_of", window, "a date after the first row's date"));
        }
        // In rising order, so that the order of rows does not change the last digit.
        let mean = |name: &str| {
            let rising = col(name).cast(DataType::Float64).sort(SortOptions::default());
            rising.mean().alias(format!("mean_{name}"))
        };
        let summary = scores
            .clone()
            .lazy()
            .group_by([col("segment")])
            .agg([
                len().cast(DataType::Int64).alias("users"),
                mean("recency_days"),
                mean("frequency"),
                mean("monetary"),
                col("monetary").sort(SortOptions::default()).sum().alias("monetary"),
            ])
            .sort(
                ["monetary", "segment"],
                SortMultipleOptions::default().with_order_descending_multi([true, false]),
            )
            .collect()?;
        let draw = || draw_segments(&summary);
        match self.summary {
            true => self.output.give(&summary, draw),
            false => self.output.give(&table.named(scores, "user_id")?, draw),
        }
    }
}

/// Group users by any numeric columns: k-means on standardised features
///
/// Example: casebook analyze segments data/samples/customers.csv --user customer_id --features orders,spent,days_since_last --k 2..6
#[derive(Args)]
pub struct Segments {
    #[command(flatten)]
    source: Source,
    /// The user ID column; one row per user
    #[arg(long, default_value = "user_id", value_name = "COLUMN")]
    user: String,
    /// Numeric columns, separated by commas
    #[arg(long, required = true, value_delimiter = ',', value_name = "COLUMNS")]
    features: Vec<String>,
    /// How many groups: a number, or a range such as 2..8, from which silhouettes choose the best
    #[arg(long, default_value = "2..8", value_parser = clusters)]
    k: K,
    /// The seed of the random starts
    #[arg(long, default_value_t = 42)]
    seed: u64,
    /// Which table
    #[arg(long, value_enum, default_value_t = Grouped::Groups)]
    show: Grouped,
    #[command(flatten)]
    output: Output,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Grouped {
    /// A row per group
    Groups,
    /// A row per user
    Users,
    /// A row per number of groups tried
    Choice,
}

fn clusters(text: &str) -> Result<K, String> {
    let wrong = || format!("\"{text}\" is neither a number nor a range such as 2..8");
    // Each is tried with many starts; groups that nobody can look at help nobody.
    const MOST: usize = 1_000;
    let number = |text: &str| match text.trim().parse::<u128>().map_err(|_| wrong())? {
        number @ 1..=1_000 => Ok(number as usize),
        number => Err(format!("`k` is {number}; accepted: 1 to {MOST} groups")),
    };
    match text.split_once("..") {
        None => Ok(K::Fixed(number(text)?)),
        Some((least, most)) => {
            Ok(K::Silhouette(number(least)?, number(most.trim_start_matches('='))?))
        }
    }
}

impl Segments {
    pub fn run(self) -> Result<()> {
        self.output.check()?;
        let mut columns = vec![Column::new(&self.user, "user_id", Kind::Id).said_by("--user")];
        columns.extend(self.features.iter().map(|name| Column::new(name, name, Kind::Number)));
        let table = self.source.read(&columns)?;
        // In the users' order, so that the order of rows does not matter.
        table.unique("user_id", "")?;
        let frame = table.named(table.frame.clone(), "user_id")?;
        let features: Vec<&str> = self.features.iter().map(String::as_str).collect();
        let found =
            segment::kmeans(&frame, &features, &KMeans::default().k(self.k).seed(self.seed))?;
        let shown = match self.show {
            Grouped::Groups => &found.centroids,
            Grouped::Users => &found.users,
            Grouped::Choice => &found.choice,
        };
        self.output.give(shown, || draw_clusters(&found.centroids, &features))
    }
}

/// Draws what each segment spent, the largest first.
fn draw_segments(summary: &DataFrame) -> Result<Figure> {
    let (names, spent) = (texts(summary, "segment")?, numbers(summary, "monetary")?);
    let users = numbers(summary, "users")?;
    let sum = |all: &[Option<f64>]| all.iter().flatten().sum::<f64>();
    let (all, buyers) = (sum(&spent), sum(&users));
    let bar = chart::bar(summary, "segment", "monetary")
        .by_value()
        .subtitle(format!("Money spent, by RFM segment; {}", counted(buyers, "buyer")))
        .labels("Segment", "Money spent");
    match (names.first(), spent.first().copied().flatten(), users.first().copied().flatten()) {
        (Some(name), Some(most), Some(of)) if most > 0.0 && names.len() > 1 => bar
            .title(format!(
                "{} of the money comes from {}: {} of buyers",
                percent(most / all),
                brief(name),
                percent(of / buyers)
            ))
            .highlight(name)
            .draw(),
        (Some(name), Some(most), _) if most > 0.0 => {
            bar.title(format!("All buyers are in one segment: {}", brief(name))).draw()
        }
        _ => bar.title("No segment spent more than it got back").draw(),
    }
}

/// Draws how far each group is from the average in each feature.
fn draw_clusters(centroids: &DataFrame, features: &[&str]) -> Result<Figure> {
    let parts = features.iter().map(|feature| {
        centroids.clone().lazy().select([
            concat_str([col("cluster").cast(DataType::String), col("name")], ": ", false)
                .alias("group"),
            lit(*feature).alias("feature"),
            // What is left of 0 when a mean is subtracted from itself is no difference.
            col(format!("z_{feature}")).round(9, RoundMode::default()).alias("deviations"),
        ])
    });
    let long = concat(parts.collect::<Vec<_>>(), UnionArgs::default())?.collect()?;
    let (shares, users) = (numbers(centroids, "share")?, numbers(centroids, "users")?);
    let mut furthest: Option<(usize, &str, f64)> = None;
    for feature in features {
        for (row, z) in numbers(centroids, &format!("z_{feature}"))?.into_iter().enumerate() {
            let Some(z) = z.filter(|z| z.abs() > furthest.map_or(0.0, |most| most.2.abs())) else {
                continue;
            };
            furthest = Some((row, feature, z));
        }
    }
    let title = match (furthest, centroids.height()) {
        (Some((row, feature, z)), many) if many > 1 => {
            let share = shares[row]
                .map_or(String::new(), |share| format!(", {} of users,", percent(share)));
            format!(
                "Group {}{share} stands out most: {} is {:.1} standard deviations {} average",
                row + 1,
                brief(feature),
                z.abs(),
                if z > 0.0 { "above" } else { "below" }
            )
        }
        (None, many) if many > 1 => "The groups don't differ in any feature".into(),
        _ => "One group: there is nothing to compare".into(),
    };
    let all: f64 = users.iter().flatten().sum();
    chart::heatmap(&long, "feature", "group", "deviations")
        .title(title)
        .subtitle(format!(
            "Each group's mean, in standard deviations from the mean of all; {} in {}",
            counted(all, "user"),
            counted(centroids.height() as f64, "group")
        ))
        .labels("Feature", "Group")
        .value_label("Standard deviations")
        .draw()
}
