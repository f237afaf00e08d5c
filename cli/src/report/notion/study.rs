//! The numbers of the study: from tables to named frames.

use std::path::Path;

use chrono::{NaiveDate, TimeDelta};
use polars::prelude::*;
use rayon::prelude::*;

use casebook::events::{Events, Users, Window};
use casebook::metrics::funnel::{Funnel, Step, Walk};
use casebook::metrics::growth::{self, STAGES, Stages};
use casebook::metrics::interval::wilson;
use casebook::metrics::lever::{Lever, Model, Rate};
use casebook::metrics::retention::{self, Retention, Weight};
use casebook::metrics::{Period, activity, concentration, confounding};
use casebook::notebook::{beside, number};
use casebook::warehouse::Sink;
use casebook::warehouse::files::{self, Folder, Format};
use casebook::{Error, Result};

/// New revenue in a year at the scale of the study: its largest lever adds $12.5M with a lift of a quarter.
pub(super) const BASE: f64 = 50_000_000.0;
/// What a customer pays in a year: $8 a month.
const DOLLARS: f64 = 96.0;
/// Months after launch until a lever has its full effect.
pub(super) const RAMP: f64 = 2.0;
/// How many of the best levers are launched together.
pub(super) const LAUNCHED: usize = 3;

/// The last month whose retention is reported.
pub(super) const MONTHS: usize = 6;

/// Name, stage (0 is the visit), lift, confidence.
const LEVERS: [(&str, usize, f64, f64); 5] = [
    ("SEO content", 0, 0.25, 0.8),
    ("Viral sharing", 5, 0.156, 0.7),
    ("Template discovery", 2, 0.124, 0.9),
    ("Mobile experience", 3, 0.12, 0.7),
    ("API and integrations", 4, 0.10, 0.8),
];

/// What the study is made from: the case's tables, or anybody's with these columns.
#[derive(Debug, Clone)]
pub struct Tables {
    /// `user_id`, `signup_at`, `signup_date`, `segment`, `acquisition_channel`, `plan_type`, `paid_since`.
    pub user_profiles: DataFrame,
    /// `user_id`, `workspace_id`, `event_type`, `timestamp`.
    pub user_events: DataFrame,
    /// `date`, `visitors`.
    pub visitors: DataFrame,
    /// `plan_type`, `dollars_a_month`.
    pub plans: DataFrame,
    /// The first day that was not observed.
    pub until: NaiveDate,
}

impl Tables {
    /// Reads the Parquet files that `casebook generate notion` writes, in parts or whole; of the events only what is
    /// needed.
    ///
    /// # Errors
    /// [`ErrorKind::File`](casebook::ErrorKind::File), naming the file.
    pub fn read(folder: &Path) -> Result<Tables> {
        let read = |table: &str, columns: Option<&[&str]>| -> Result<DataFrame> {
            let mut whole = DataFrame::empty();
            for path in files::parts(folder, table, Format::Parquet)? {
                let part = match columns {
                    Some(columns) => files::read_columns(path, columns)?,
                    None => files::read(path)?,
                };
                whole.vstack_mut_owned(part)?;
            }
            Ok(whole)
        };
        let calendar = read("calendar", Some(&["date"]))?;
        let last = calendar.column("date")?.date()?.physical().max().unwrap_or(0);
        let events = ["user_id", "workspace_id", "event_type", "timestamp"];
        Ok(Tables {
            user_profiles: read("user_profiles", None)?,
            user_events: read("user_events", Some(&events))?,
            visitors: read("visitors", None)?,
            plans: read("plans", None)?,
            until: NaiveDate::default() + TimeDelta::days(i64::from(last)),
        })
    }
}

/// A figure of the first page: name, value, interval, unit.
type Figure = (&'static str, f64, Option<(f64, f64)>, &'static str);

/// Frames by name.
type Frames = Vec<(&'static str, DataFrame)>;

/// Every frame of the study, by name: what its charts and texts are made of.
#[derive(Debug, Clone)]
pub struct Study {
    frames: Frames,
}

/// The frames in the order in which they are made, which is that of their files.
const FRAMES: [&str; 18] = [
    "key_metrics",
    "engagement",
    "north_star",
    "funnel_metrics",
    "segment_funnel",
    "activation",
    "cohort_retention",
    "retention_matrix",
    "retention_curve",
    "fast_activation",
    "feature_adoption",
    "power_users",
    "revenue",
    "growth_levers",
    "lever_overlap",
    "growth_projections",
    "tornado",
    "sensitivity",
];

fn kind(name: &str) -> Expr {
    col("event_type").eq(lit(name))
}

fn real(expr: Expr) -> Expr {
    expr.cast(DataType::Float64)
}

impl Study {
    /// Computes everything.
    ///
    /// # Errors
    /// [`ErrorKind::MissingColumn`](casebook::ErrorKind::MissingColumn), and those of the metrics.
    pub fn new(tables: &Tables) -> Result<Study> {
        let Tables { user_profiles: users, user_events, plans, until, .. } = tables;
        let until = *until;
        let events = Events::new(&active(user_events)?, "user_id", "timestamp")?;
        let people = Users::new(users, "user_id")?.since("signup_at")?;
        let together = kind("comment").or(kind("share")).or(kind("invite"));

        let first = users.column("signup_date")?.date()?.physical().min().unwrap_or(0);
        let first = NaiveDate::default() + TimeDelta::days(i64::from(first));
        let window = Window::new(first, until)?;

        // Each mostly keeps one core busy, so several run side by side.
        let parts: [&(dyn Fn() -> Result<Frames> + Sync); 7] = [
            &|| stages(tables, &people, &events, together.clone()),
            &|| {
                let together = together.clone();
                let weeks = growth::north_star(&events, "workspace_id", together, window)?;
                Ok(vec![("north_star", weeks)])
            },
            &|| first_value(&people, &events, until),
            &|| Ok(vec![("engagement", activity::daily(&events, window)?)]),
            &|| returns(&people, &events, until),
            &|| {
                let observed = Window::until(until);
                let adoption = growth::adoption(&people, &events, "event_type", observed)?;
                Ok(vec![("feature_adoption", adoption)])
            },
            &|| {
                let power = growth::power_users(&events, Window::last_days(90, until))?;
                let revenue = recurring(users, plans)?;
                Ok(vec![("power_users", growth::deciles(&power)?), ("revenue", revenue)])
            },
        ];
        let made: Vec<Result<Frames>> =
            parts.into_par_iter().with_max_len(1).map(|part| part()).collect();
        let mut study = Study { frames: vec![] };
        for frames in made {
            study.frames.extend(frames?);
        }

        let model = model(study.frame("funnel_metrics")?)?;
        let alone = model.alone()?;
        let best = launched(&model, &alone)?;
        study.frames.extend([
            ("growth_levers", alone),
            ("lever_overlap", best.overlap()?),
            ("growth_projections", best.projection(12)?),
            ("tornado", best.tornado(12)?),
            ("sensitivity", sensitivity(&best)?),
        ]);
        let key = study.key_metrics(tables, &people, &events)?;
        study.frames.push(("key_metrics", key));
        Ok(study)
    }

    /// The names of all frames, in the order in which they are made.
    pub fn names() -> impl Iterator<Item = &'static str> {
        FRAMES.into_iter()
    }

    /// A frame by its name.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](casebook::ErrorKind::InvalidConfig) for a name that is none.
    pub fn frame(&self, name: &str) -> Result<&DataFrame> {
        let found = self.frames.iter().find(|(known, _)| *known == name);
        found.map(|(_, frame)| frame).ok_or_else(|| Error::config("frame", name, FRAMES.join(", ")))
    }

    /// A number of [`key_metrics`](Study::frame), by its name.
    ///
    /// # Errors
    /// As [`frame`](Study::frame).
    pub fn key(&self, metric: &str, column: &str) -> Result<f64> {
        let frame = self.frame("key_metrics")?.clone().lazy().filter(col("metric").eq(lit(metric)));
        number(&frame.collect()?, column, 0)
    }

    /// Writes every frame into a folder, as CSV for people and as Parquet for [`read`](Study::read).
    ///
    /// # Errors
    /// [`ErrorKind::File`](casebook::ErrorKind::File), naming the file.
    pub fn write(&self, folder: &Path) -> Result<()> {
        for format in [Format::Csv, Format::Parquet] {
            let mut files = Folder::create(folder, format, "")?;
            for name in FRAMES {
                files.append(name, self.frame(name)?)?;
            }
            files.finish()?;
        }
        Ok(())
    }

    /// What [`write`](Study::write) wrote.
    ///
    /// # Errors
    /// [`ErrorKind::File`](casebook::ErrorKind::File), naming the file.
    pub fn read(folder: &Path) -> Result<Study> {
        let read = |name: &'static str| {
            Ok((name, files::read(folder.join(name).with_extension("parquet"))?))
        };
        Ok(Study { frames: FRAMES.into_iter().map(read).collect::<Result<_>>()? })
    }

    /// The figures of the first page: `metric`, `value`, `low`, `high` (f64; 95 %, null where nothing is
    /// estimated), `unit` ("number", "share", "dollars").
    fn key_metrics(&self, tables: &Tables, people: &Users, events: &Events) -> Result<DataFrame> {
        let mut rows: Vec<Figure> = vec![];
        let users = tables.user_profiles.height() as f64;
        rows.push(("users", users, None, "number"));
        rows.push(("events", tables.user_events.height() as f64, None, "number"));
        let daily = self.frame("engagement")?;
        let mean = |of: LazyFrame, column: &str| -> Result<f64> {
            number(&of.select([real(col(column)).mean()]).collect()?, column, 0)
        };
        for column in ["dau", "wau", "mau"] {
            rows.push((column, mean(daily.tail(Some(30)).lazy(), column)?, None, "number"));
        }
        let steady = daily.clone().lazy().filter(col("mau").is_not_null());
        let ratio = |column: &str| {
            let pooled = real(col(column).sum()) / real(col("mau").sum());
            number(&steady.clone().select([pooled.alias("ratio")]).collect()?, "ratio", 0)
        };
        rows.push(("stickiness", ratio("dau")?, None, "share"));
        rows.push(("weekly over monthly users", ratio("wau")?, None, "share"));

        let weeks = self.frame("north_star")?;
        let last = weeks.height().saturating_sub(1);
        let bounds = |frame: &DataFrame, row: usize, [value, low, high]: [&str; 3]| {
            let at = |column: &str| frame.column(column)?.f64().map(|values| values.get(row));
            Ok::<_, Error>((at(value)?.unwrap_or(f64::NAN), at(low)?.zip(at(high)?)))
        };
        rows.push(("north star", number(weeks, "collaborative", last)?, None, "number"));
        let (share, interval) = bounds(weeks, last, ["share", "low", "high"])?;
        rows.push(("north star, share of active workspaces", share, interval, "share"));

        let funnel = self.frame("funnel_metrics")?;
        for (row, name) in [
            "visitors who sign up",
            "activation",
            "engagement",
            "habit",
            "collaboration",
            "monetization",
        ]
        .into_iter()
        .enumerate()
        {
            let (rate, interval) = bounds(funnel, row + 1, ["step_rate", "low", "high"])?;
            rows.push((name, rate, interval, "share"));
        }
        let (paying, signed) = (number(funnel, "users", 6)?, number(funnel, "users", 1)?);
        let through = |name, hits: f64, trials: f64| {
            (name, hits / trials, wilson(hits as u64, trials as u64), "share")
        };
        rows.push(through("sign-up to paid, self-serve", paying, signed));
        let paid = tables.user_profiles.column("paid_since")?.len()
            - tables.user_profiles.column("paid_since")?.null_count();
        rows.push(through("paid", paid as f64, users));

        let curve = self.frame("retention_curve")?;
        for (name, month) in
            [("retention, month 1", 1), ("retention, month 3", 3), ("retention, month 6", 6)]
        {
            let (rate, interval) = bounds(curve, month, ["rate", "low", "high"])?;
            rows.push((name, rate, interval, "share"));
        }
        let (value, interval) =
            bounds(self.frame("fast_activation")?, 1, ["ratio", "low", "high"])?;
        rows.push(("fast over slow activation, month 1", value, interval, "number"));
        let mut counts = vec![0_i64; people.len()];
        for user in events.rows_in(people)? {
            // Events of nobody we know are nobody's activity.
            counts.get_mut(user as usize).into_iter().for_each(|count| *count += 1);
        }
        let each = df!("events" => counts)?;
        let top = concentration::summary(&each, "events", &[0.1])?;
        let (value, interval) = bounds(&top, 1, ["value", "low", "high"])?;
        rows.push(("top decile's share of activity", value, interval, "share"));
        let revenue = self.frame("revenue")?;
        let month = revenue.height().saturating_sub(1);
        rows.push(("recurring revenue a month", number(revenue, "mrr", month)?, None, "dollars"));
        rows.push(("paying customers", number(revenue, "customers", month)?, None, "number"));
        let side = |of: fn((f64, f64)) -> f64| -> Vec<Option<f64>> {
            rows.iter().map(|row| row.2.map(of)).collect()
        };
        Ok(df!(
            "metric" => rows.iter().map(|row| row.0).collect::<Vec<_>>(),
            "value" => rows.iter().map(|row| row.1).collect::<Vec<_>>(),
            "low" => side(|bounds| bounds.0),
            "high" => side(|bounds| bounds.1),
            "unit" => rows.iter().map(|row| row.3).collect::<Vec<_>>(),
        )?)
    }
}

/// The events that are activity, prepared once for all metrics: in one piece, which none of them has to put together
/// again, and with kinds as numbers.
fn active(events: &DataFrame) -> Result<DataFrame> {
    const ROWS: usize = 1 << 20;
    let named = DataType::from_categories(Categories::global());
    let piece = |from: usize| {
        let piece = events.slice((from * ROWS) as i64, ROWS).lazy();
        piece
            .with_column(col("event_type").cast(named.clone()))
            .filter(kind("signup").not())
            .collect()
    };
    let pieces: PolarsResult<Vec<DataFrame>> =
        (0..events.height().div_ceil(ROWS).max(1)).into_par_iter().map(piece).collect();
    let mut whole = DataFrame::empty();
    for piece in pieces? {
        whole.vstack_mut_owned(piece)?;
    }
    whole.rechunk_mut();
    Ok(whole)
}

/// The way from the visit to payment, all in all, by segment and by channel.
fn stages(tables: &Tables, people: &Users, events: &Events, together: Expr) -> Result<Frames> {
    let Tables { user_profiles: users, visitors, until, .. } = tables;
    let stages = Stages::new(kind("page_create"), together, kind("upgrade"));
    let reached = stages.milestones(people, events, Window::until(*until))?;
    let funnel = Funnel::new(STAGES.map(Step::event));
    let walk = funnel.walk(&reached)?;
    let steps = walk.conversion()?;
    let last = *until - TimeDelta::days(i64::from(stages.within));
    let seen = visitors.clone().lazy().filter(col("date").lt_eq(lit(last)));
    let seen = seen.select([col("visitors").sum()]).collect()?;
    let seen = seen.column("visitors")?.i64()?.get(0).unwrap_or(0);
    Ok(vec![
        ("funnel_metrics", growth::from_visitors(seen as u64, &steps)?),
        ("segment_funnel", segments(&walk, users)?),
    ])
}

/// When users first got value, and whether it matters that it was soon.
fn first_value(users: &Users, events: &Events, until: NaiveDate) -> Result<Frames> {
    let observed = Window::until(until);
    let times = growth::time_to_value(users, events, kind("page_create"), 168, observed)?;
    Ok(vec![
        ("activation", growth::activation_by(&times, users, "acquisition_channel")?),
        ("fast_activation", fast(users, events, &times, until)?),
    ])
}

/// Who comes back, by month of sign-up.
fn returns(users: &Users, events: &Events, until: NaiveDate) -> Result<Frames> {
    let counted = Retention::default().window(Window::until(until));
    let cohorts = counted.cohorts(users, events, Period::Month)?;
    let curve = retention::curve(&cohorts, Weight::Size)?;
    let observed = curve.height();
    if observed <= MONTHS {
        let accepted = format!("more than {MONTHS}: the study reports retention in month {MONTHS}");
        return Err(Error::config("months observed", observed, accepted));
    }
    Ok(vec![
        ("retention_matrix", matrix(&cohorts)?),
        ("cohort_retention", cohorts),
        ("retention_curve", curve),
    ])
}

/// The funnel and the share on a paid plan by segment and by channel: `attribute`, `group`, `users` (i64),
/// the rate of each stage (f64), `paid` (i64), `paid_rate`, `low`, `high` (f64, 95 % Wilson).
fn segments(walk: &Walk<'_>, users: &DataFrame) -> Result<DataFrame> {
    let mut parts = vec![];
    for attribute in ["segment", "acquisition_channel"] {
        let steps = walk.conversion_by(users, attribute)?;
        let rate = |stage: &str| {
            let here = when(col("name").eq(lit(stage))).then(col("step_rate"));
            here.otherwise(lit(NULL)).max().alias(stage)
        };
        let rates = steps
            .lazy()
            .group_by([col(attribute)])
            .agg(STAGES[1..].iter().map(|stage| rate(stage)).collect::<Vec<_>>())
            .collect()?;
        let paid = users.clone().lazy().group_by([col(attribute)]).agg([
            len().cast(DataType::Int64).alias("users"),
            col("paid_since").is_not_null().sum().cast(DataType::Int64).alias("paid"),
        ]);
        let mut columns =
            vec![lit(attribute).alias("attribute"), col(attribute).alias("group"), col("users")];
        columns.extend(STAGES[1..].iter().map(|stage| col(*stage)));
        columns.push(col("paid"));
        parts.push(
            beside(paid, &rates, attribute).select(columns).sort(["group"], Default::default()),
        );
    }
    let mut all = concat(parts, UnionArgs::default())?.collect()?;
    let counts =
        |name: &str| -> Result<Vec<Option<i64>>> { Ok(all.column(name)?.i64()?.iter().collect()) };
    let shares = casebook::metrics::share_columns(
        ["paid_rate", "low", "high"],
        &counts("paid")?,
        &counts("users")?,
    );
    for column in shares {
        all.with_column(column)?;
    }
    Ok(all)
}

/// The cohort matrix with a column for each month: `cohort` (text), `size`, then "0", "1", … (f64).
fn matrix(cohorts: &DataFrame) -> Result<DataFrame> {
    let months = cohorts.column("period")?.i64()?.max().unwrap_or(0);
    let cell = |month: i64| {
        let here = when(col("period").eq(lit(month))).then(col("rate"));
        here.otherwise(lit(NULL)).max().alias(month.to_string())
    };
    let mut columns = vec![col("size").max()];
    columns.extend((0..=months).map(cell));
    Ok(cohorts
        .clone()
        .lazy()
        .group_by([col("cohort")])
        .agg(columns)
        .sort(["cohort"], Default::default())
        .with_column(col("cohort").dt().to_string("%Y-%m"))
        .collect()?)
}

/// Of those who created a page: back in the month after, by whether it was within 24 hours. See
/// [`confounding::risk_ratio`].
fn fast(users: &Users, events: &Events, times: &DataFrame, until: NaiveDate) -> Result<DataFrame> {
    let month_after = Retention::default().window(Window::until(until));
    let back = month_after.by_user(users, events, Period::Month, 1)?;
    let compared = beside(
        beside(users.frame().clone().lazy(), &times.drop("eligible")?, "user_id"),
        &back,
        "user_id",
    )
    .filter(col("hours").is_not_null().and(col("eligible")))
    .with_columns([col("hours").lt(lit(24.0)).alias("fast"), col("active").alias("back")])
    .collect()?;
    confounding::risk_ratio(&compared, "fast", "back", &["segment", "acquisition_channel"])
}

/// Recurring revenue: `month` (text), `new_customers`, `customers` (i64), `new_mrr`, `mrr` (f64, US dollars a
/// month), by the month in which a plan began.
fn recurring(users: &DataFrame, plans: &DataFrame) -> Result<DataFrame> {
    let began = users.clone().lazy().filter(col("paid_since").is_not_null());
    Ok(beside(began, plans, "plan_type")
        .group_by([col("paid_since").dt().to_string("%Y-%m").alias("month")])
        .agg([
            len().cast(DataType::Int64).alias("new_customers"),
            col("dollars_a_month").sum().alias("new_mrr"),
        ])
        .sort(["month"], Default::default())
        .select([
            col("month"),
            col("new_customers"),
            col("new_customers").cum_sum(false).alias("customers"),
            col("new_mrr"),
            col("new_mrr").cum_sum(false).alias("mrr"),
        ])
        .collect()?)
}

/// The funnel as counted, at the scale of the study: as many visitors as earn [`BASE`] in a year.
fn model(funnel: &DataFrame) -> Result<Model> {
    let names = funnel.column("name")?.str()?;
    let users: Vec<u64> =
        funnel.column("users")?.i64()?.iter().map(|n| n.unwrap_or(0) as u64).collect();
    let rates: Vec<Rate> = (1..users.len())
        .map(|row| Rate::new(names.get(row).unwrap_or(""), users[row], users[row - 1]))
        .collect();
    let through = number(funnel, "of_visitors", users.len() - 1)?;
    if through <= 0.0 {
        let accepted = "1 or more, for what levers are worth: make the data with more users";
        return Err(Error::config("users who came to pay", 0, accepted));
    }
    let levers = LEVERS.map(|(name, stage, lift, confidence)| {
        Lever::new(name, stage, lift).range(lift * 0.4, lift * 1.6).confidence(confidence)
    });
    Ok(Model {
        visitors: BASE / DOLLARS / through,
        visitors_spread: 0.1,
        rates,
        dollars: DOLLARS,
        levers: levers.to_vec(),
        ..Model::default()
    })
}

/// What is left if all lifts are smaller and all launches later: `lifts` (text: "50 %" of what is thought), then a
/// column for each delay, such as `2 months late` (f64, US dollars in twelve months).
fn sensitivity(model: &Model) -> Result<DataFrame> {
    let (lifts, delays) = ([0.25, 0.5, 0.75, 1.0, 1.25], [0.0, 2.0, 4.0, 6.0]);
    let found = model.sensitivity(12, &lifts, &delays)?;
    let additional: Vec<f64> = found.column("additional")?.f64()?.into_no_null_iter().collect();
    let names = lifts.map(|lift| format!("{:.0} %", 100.0 * lift));
    let mut columns = vec![Column::new("lifts".into(), names)];
    for (place, delay) in delays.iter().enumerate() {
        let cells: Vec<f64> =
            additional.iter().skip(place).step_by(delays.len()).copied().collect();
        columns.push(Column::new(format!("{delay} months late").into(), cells));
    }
    Ok(DataFrame::new_infer_height(columns)?)
}

/// The best levers, one launched each month, each with a ramp to its full effect.
fn launched(model: &Model, alone: &DataFrame) -> Result<Model> {
    let ranked: Vec<String> = super::texts(alone.column("lever")?)?.into_iter().flatten().collect();
    let mut best = model.clone();
    best.levers = ranked
        .iter()
        .take(LAUNCHED)
        .filter_map(|name| model.levers.iter().find(|lever| lever.name == *name))
        .enumerate()
        .map(|(place, lever)| lever.clone().launch(place as f64, RAMP))
        .collect();
    Ok(best)
}
