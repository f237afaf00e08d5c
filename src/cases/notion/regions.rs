//! Sign-ups by region and month, as a panel: what the launches' effects are estimated from.

use chrono::Datelike;
use polars::prelude::*;
use rustc_hash::FxHashMap;

use super::launch::{Launch, Lever, Region};
use super::{Tables, study};
use crate::error::{Error, Result};
use crate::frame::{full, require};

/// Months after those of sign-up until whoever comes to pay does: an upgrade may take 90 days.
pub(super) const PAID: u32 = 3;

/// What is counted of a region's sign-ups of a month.
#[derive(Clone, Default)]
struct Cell {
    signups: i64,
    activated: i64,
    back: i64,
    back_3: i64,
    shared: i64,
    paid: i64,
    dollars: f64,
    squares: f64,
}

/// A sign-up, and what became of it.
struct Seen {
    cell: usize,
    signup: i64,
    month: i64,
    activated: bool,
    shared: bool,
    months: [bool; 2],
}

/// Counts sign-ups by region and month, and what became of them: one row for each of both.
///
/// Reads `user_profiles`, `user_events`, `plans` and `calendar`. Returns `region`, `month` (i64: from the first observed, which is 0),
/// `signups`, `activated` (a page within 7 days), `back` (active in the month after), `back_3` (in the third after), `shared` (shared,
/// commented or invited at any time observed), `paid` (i64: came to be on a paid plan), `dollars` (f64: mean price a month per sign-up of the plan
/// that they came to be on, 0 on the free one), `dollars_se` (f64: its standard error, from the spread over all sign-ups; both null without any), and for each lever two columns with its name: `templates` (i64: the
/// month of its launch in the region; null without), `templates_live` (i64: 1 from then on, else 0), and so on. By region, then month.
/// The last months are not observed for as long as others: see [`complete`].
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn); [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for a region that
/// isn't known, a plan that `plans` doesn't list, and moments that are null; those of [`Launch::validate`].
///
/// ```
/// use casebook::prelude::*;
///
/// let config = notion::Config { users: 12_000, ..Default::default() };
/// let pilots = notion::pilots();
/// let tables = notion::generate_with(&config, &pilots)?;
/// let cells = notion::regions(&tables, &pilots)?;
/// assert_eq!(cells.height(), 5 * 24);
/// let panel = panel::Panel::new(&cells, "region", "month", "templates").rates("activated", "signups");
/// assert_eq!(panel.difference_in_differences()?.height(), 3);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn regions(tables: &Tables, launches: &[Launch]) -> Result<DataFrame> {
    launches.iter().try_for_each(Launch::validate)?;
    require(&tables.calendar, "calendar", &["day_no", "month_no"])?;
    let users = &tables.user_profiles;
    let wanted = ["user_id", "signup_at", "region", "plan_type"];
    require(users, "user_profiles", &wanted)?;
    let months = tables.calendar.column("month_no")?.i64()?;
    let Some((first, end)) = months.min().zip(months.max()) else {
        return Err(Error::config("calendar", "empty", "at least one day"));
    };
    // The calendar's last day is the first that was not observed.
    let many = (end - first) as usize;
    let prices = prices(&tables.plans)?;
    let mut cells = vec![Cell::default(); 5 * many];
    let mut seen: FxHashMap<i64, Seen> = FxHashMap::default();
    let micros = |frame: &DataFrame, name: &'static str, column: &str| -> Result<Vec<i64>> {
        let moments = full(frame, name, column)?;
        let cast = moments.cast(&DataType::Datetime(TimeUnit::Microseconds, None))?;
        Ok(cast.datetime()?.physical().into_no_null_iter().collect())
    };
    let signups = micros(users, "user_profiles", "signup_at")?;
    let ids = users.column("user_id")?.i64()?;
    let (places, plans) = (users.column("region")?.str()?, users.column("plan_type")?.str()?);
    for (((id, at), place), plan) in ids.iter().zip(signups).zip(places.iter()).zip(plans.iter()) {
        let place = place.and_then(|name| Region::ALL.iter().position(|it| it.name() == name));
        let Some((id, place)) = id.zip(place) else {
            let problem = "holds a region that isn't known, or a user without id";
            return Err(Error::column("user_profiles", "region", problem));
        };
        let month = month_of(at) - first;
        if !(0..many as i64).contains(&month) {
            continue;
        }
        let cell = place * many + month as usize;
        let Some(price) = plan.and_then(|plan| prices.get(plan)).copied() else {
            let plan = plan.unwrap_or("null");
            let problem = format!("holds {plan:?}, which is none of `plans`");
            return Err(Error::column("user_profiles", "plan_type", problem));
        };
        let counts = &mut cells[cell];
        counts.signups += 1;
        counts.paid += i64::from(price > 0.0);
        counts.dollars += price;
        counts.squares += price * price;
        let none = Seen {
            cell,
            signup: at,
            month: month + first,
            activated: false,
            shared: false,
            months: [false; 2],
        };
        seen.insert(id, none);
    }
    let events = &tables.user_events;
    require(events, "user_events", &["user_id", "event_type", "timestamp"])?;
    let kinds = events.column("event_type")?.str()?;
    let whose = events.column("user_id")?.i64()?;
    let times = micros(events, "user_events", "timestamp")?;
    for ((id, kind), at) in whose.iter().zip(kinds.iter()).zip(times) {
        let Some((one, kind)) = id.and_then(|id| seen.get_mut(&id)).zip(kind) else { continue };
        if kind == "signup" {
            continue;
        }
        let since = at - one.signup;
        let hours = i64::from(study::ACTIVATION_HOURS) * 3_600_000_000;
        one.activated |= kind == "page_create" && since <= hours;
        one.shared |= matches!(kind, "comment" | "share" | "invite");
        match month_of(at) - one.month {
            1 => one.months[0] = true,
            3 => one.months[1] = true,
            _ => {}
        }
    }
    for one in seen.into_values() {
        let counts = &mut cells[one.cell];
        counts.activated += i64::from(one.activated);
        counts.shared += i64::from(one.shared);
        counts.back += i64::from(one.months[0]);
        counts.back_3 += i64::from(one.months[1]);
    }
    frame(&cells, many, launches)
}

fn frame(cells: &[Cell], many: usize, launches: &[Launch]) -> Result<DataFrame> {
    // By name, as a reader sorts them.
    let mut order: Vec<usize> = (0..5).collect();
    order.sort_by_key(|place| Region::ALL[*place].name());
    let rows: Vec<(usize, usize)> =
        order.into_iter().flat_map(|place| (0..many).map(move |month| (place, month))).collect();
    let cell = |(place, month): &(usize, usize)| &cells[place * many + month];
    let counts = |of: fn(&Cell) -> i64| rows.iter().map(|row| of(cell(row))).collect::<Vec<_>>();
    let known = |one: &Cell| Some(one.signups as f64).filter(|count| *count > 0.0);
    let mean = |one: &Cell| known(one).map(|count| one.dollars / count);
    let sum = |of: fn(&Cell) -> f64| cells.iter().map(of).sum::<f64>();
    let all_signups = sum(|one| one.signups as f64).max(1.0);
    let average = sum(|one| one.dollars) / all_signups;
    let spread = (sum(|one| one.squares) / all_signups - average * average).max(0.0);
    let error = |one: &Cell| known(one).map(|count| (spread / count).sqrt());
    let mut all = df!(
        "region" => rows.iter().map(|row| Region::ALL[row.0].name()).collect::<Vec<_>>(),
        "month" => rows.iter().map(|row| row.1 as i64).collect::<Vec<_>>(),
        "signups" => counts(|one| one.signups),
        "activated" => counts(|one| one.activated),
        "back" => counts(|one| one.back),
        "back_3" => counts(|one| one.back_3),
        "shared" => counts(|one| one.shared),
        "paid" => counts(|one| one.paid),
        "dollars" => rows.iter().map(|row| mean(cell(row))).collect::<Vec<_>>(),
        "dollars_se" => rows.iter().map(|row| error(cell(row))).collect::<Vec<_>>(),
    )?;
    for lever in Lever::ALL {
        let from = |place: usize| {
            let own = launches.iter().filter(|one| one.lever == lever);
            own.filter(|one| one.region as usize == place).map(|one| i64::from(one.from)).min()
        };
        let launch: Vec<Option<i64>> = rows.iter().map(|row| from(row.0)).collect();
        let live = rows.iter().zip(&launch);
        let live: Vec<i64> = live
            .map(|(row, from)| i64::from(from.is_some_and(|from| from <= row.1 as i64)))
            .collect();
        all.with_column(Column::new(lever.name().into(), launch))?;
        all.with_column(Column::new(format!("{}_live", lever.name()).into(), live))?;
    }
    Ok(all)
}

/// Keeps the months whose sign-ups are observed until the end of the `after`-th month after: 1 for `activated`, `shared` and `back`,
/// 3 for `back_3`, `paid` and `dollars`, since an upgrade may come 90 days after sign-up, and 0 for `signups`.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn).
pub fn complete(regions: &DataFrame, after: u32) -> Result<DataFrame> {
    require(regions, "regions", &["month"])?;
    let last = col("month").max() - lit(i64::from(after));
    Ok(regions.clone().lazy().filter(col("month").lt_eq(last)).collect()?)
}

fn prices(plans: &DataFrame) -> Result<FxHashMap<String, f64>> {
    require(plans, "plans", &["plan_type", "dollars_a_month"])?;
    let names = plans.column("plan_type")?.str()?.iter();
    let dollars = plans.column("dollars_a_month")?.f64()?.iter();
    Ok(names.zip(dollars).filter_map(|(name, price)| Some((name?.to_owned(), price?))).collect())
}

/// Returns 12 · year + month of a moment, as the calendar's `month_no`.
fn month_of(micros: i64) -> i64 {
    let date = chrono::DateTime::from_timestamp_micros(micros).unwrap_or_default();
    i64::from(date.year()) * 12 + i64::from(date.month())
}
