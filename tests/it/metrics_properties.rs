//! What must hold of metrics whatever the data.

use std::collections::{BTreeMap, BTreeSet};

use casebook::chrono::{NaiveDate, TimeDelta};
use casebook::events::Window;
use casebook::metrics::activity::{self, Before};
use casebook::metrics::retention::{self, Clock, Retention, Rule};
use casebook::metrics::segment::{self, K, KMeans};
use casebook::metrics::{Period, concentration, experiment, revenue, survival};
use casebook::polars::prelude::*;
use proptest::prelude::*;

#[path = "../support/funnel_properties.rs"]
mod funnels;

const HOUR: i64 = 3_600_000_000;

type Event = (i64, i64, &'static str);

/// User, hour, name.
fn events() -> impl Strategy<Value = Vec<Event>> {
    let name = prop::sample::select(vec!["a", "b", "c", "x"]);
    prop::collection::vec((0..5_i64, 0..60_i64, name), 0..50)
}

fn frame(events: &[Event]) -> DataFrame {
    let users: Vec<i64> = events.iter().map(|event| event.0).collect();
    let times: Vec<i64> = events.iter().map(|event| event.1 * HOUR).collect();
    let names: Vec<&str> = events.iter().map(|event| event.2).collect();
    let frame = df!("user_id" => users, "timestamp" => times, "event" => names).unwrap();
    let moment = DataType::Datetime(TimeUnit::Microseconds, None);
    frame.lazy().with_column(col("timestamp").cast(moment)).collect().unwrap()
}

/// The same events some days apart, so that calendars matter.
fn spread(events: &[Event]) -> Vec<Event> {
    events.iter().map(|(user, hour, name)| (*user, hour * 7, *name)).collect()
}

fn users(signups: &[i64]) -> DataFrame {
    let ids: Vec<i64> = (0..signups.len() as i64).collect();
    let times: Vec<i64> = signups.iter().map(|hour| hour * HOUR).collect();
    let moment = DataType::Datetime(TimeUnit::Microseconds, None);
    df!("user_id" => ids, "signup_at" => times)
        .unwrap()
        .lazy()
        .with_column(col("signup_at").cast(moment))
        .collect()
        .unwrap()
}

fn counts(frame: &DataFrame, column: &str) -> Vec<Option<i64>> {
    frame.column(column).unwrap().i64().unwrap().iter().collect()
}

fn reals(frame: &DataFrame, column: &str) -> Vec<Option<f64>> {
    frame.column(column).unwrap().f64().unwrap().iter().collect()
}

fn same(a: &DataFrame, b: &DataFrame) -> Result<(), TestCaseError> {
    prop_assert!(a.equals_missing(b), "{a}\n{b}");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn activity_counts_what_sets_count(events in events()) {
        let events = spread(&events);
        let daily = activity::daily(&frame(&events), Window::default()).unwrap();
        let days: Vec<(i64, i64)> = events.iter().map(|(user, hour, _)| (hour / 24, *user)).collect();
        let first = days.iter().map(|day| day.0).min().unwrap_or(0);
        for (column, width) in [("dau", 1), ("wau", 7), ("mau", 30)] {
            for (row, found) in counts(&daily, column).into_iter().enumerate() {
                let last = first + row as i64;
                let set: BTreeSet<i64> = days.iter()
                    .filter(|day| day.0 <= last && day.0 > last - width).map(|day| day.1).collect();
                let expected = Some(set.len() as i64).filter(|_| row as i64 >= width - 1);
                prop_assert_eq!(found, expected, "{} on day {}", column, last);
            }
        }
        let week = activity::frequency(&frame(&events), Window::last_days(7, NaiveDate::from_ymd_opt(1970, 1, 13).unwrap())).unwrap();
        let active: BTreeSet<i64> = days.iter().filter(|d| (5..12).contains(&d.0)).map(|d| d.1).collect();
        prop_assert_eq!(counts(&week, "users").into_iter().flatten().sum::<i64>(), active.len() as i64);
    }

    #[test]
    fn the_lifecycle_adds_up(events in events(), period in prop::sample::select(vec![Period::Day, Period::Week, Period::Month])) {
        let frame = frame(&spread(&events));
        let table = activity::lifecycle(&frame, period, Window::default(), Before::Nothing).unwrap();
        let column = |name| counts(&table, name).into_iter().map(|n| n.unwrap()).collect::<Vec<_>>();
        let (active, new, retained) = (column("active"), column("new"), column("retained"));
        let (resurrected, dormant) = (column("resurrected"), column("dormant"));
        for at in 0..active.len() {
            prop_assert_eq!(active[at], new[at] + retained[at] + resurrected[at]);
            if at > 0 {
                prop_assert_eq!(active[at - 1], active[at] - new[at] - resurrected[at] + dormant[at]);
            }
        }
        let people: BTreeSet<i64> = events.iter().map(|event| event.0).collect();
        prop_assert_eq!(new.iter().sum::<i64>(), people.len() as i64);
        let reversed = frame.reverse();
        same(&table, &activity::lifecycle(&reversed, period, Window::default(), Before::Nothing).unwrap())?;
    }

    #[test]
    fn retention_counts_what_trying_everybody_counts(
        events in events(),
        signups in prop::collection::vec(0..300_i64, 5),
        rolling in any::<bool>(),
    ) {
        let events = spread(&events);
        let clock = if rolling { Clock::Hours24 } else { Clock::Calendar };
        let how = Retention::default().clock(clock);
        let (people, frame) = (users(&signups), frame(&events));
        let last_day = events.iter().map(|e| e.1).chain(signups.iter().copied()).max().unwrap() / 24;
        let day_of = |user: usize, hour: i64| {
            if rolling { (hour - signups[user]).div_euclid(24) } else { hour / 24 - signups[user] / 24 }
        };
        // Which of a user's days were observed to their end.
        let observed = |user: usize, day: i64| {
            if rolling { signups[user] + (day + 1) * 24 <= (last_day + 1) * 24 } else { signups[user] / 24 + day <= last_day }
        };
        for rule in [Rule::OnDay, Rule::OnOrAfter, Rule::Bracket(3)] {
            let days = [0, 1, 2, 5, 9];
            let found = how.day_n(&people, &frame, &days, rule).unwrap();
            for (row, day) in days.iter().map(|day| i64::from(*day)).enumerate() {
                let end = if rule == Rule::Bracket(3) { day + 2 } else { day };
                let eligible: Vec<usize> = (0..signups.len()).filter(|user| observed(*user, end)).collect();
                let kept = eligible.iter().filter(|user| events.iter().any(|(who, hour, _)| {
                    let n = day_of(**user, *hour);
                    *who == **user as i64 && *hour >= signups[**user] && n >= day
                        && (rule == Rule::OnOrAfter || n <= end)
                })).count();
                prop_assert_eq!(counts(&found, "eligible")[row], Some(eligible.len() as i64));
                prop_assert_eq!(counts(&found, "retained")[row], Some(kept as i64), "{:?} day {}", rule, day);
            }
        }
    }

    #[test]
    fn retention_on_or_after_never_rises(events in events(), signups in prop::collection::vec(0..20_i64, 5)) {
        // Everybody is observed for every day asked, so that the same users stand in each row.
        let mut events = spread(&events);
        events.push((99, 24 * 60, "a"));
        let found = retention::day_n(&users(&signups), &frame(&events), &[0, 1, 2, 3, 7, 10, 14, 17], Rule::OnOrAfter).unwrap();
        prop_assert!(counts(&found, "retained").windows(2).all(|pair| pair[0] >= pair[1]));
    }

    #[test]
    fn a_cohorts_cells_never_exceed_its_size(
        events in events(),
        signups in prop::collection::vec(0..300_i64, 5),
        rolling in any::<bool>(),
        period in prop::sample::select(vec![Period::Day, Period::Week, Period::Month]),
    ) {
        let clock = if rolling { Clock::Hours24 } else { Clock::Calendar };
        let (people, frame) = (users(&signups), frame(&spread(&events)));
        let table = Retention::default().clock(clock).cohorts(&people, &frame, period).unwrap();
        for ((size, eligible), active) in counts(&table, "size").into_iter()
            .zip(counts(&table, "eligible")).zip(counts(&table, "active"))
        {
            prop_assert_eq!(eligible.is_some(), active.is_some());
            prop_assert!(active.unwrap_or(0) <= eligible.unwrap_or(0) && eligible.unwrap_or(0) <= size.unwrap());
        }
        let first: i64 = table.clone().lazy().filter(col("period").eq(lit(0))).collect().unwrap()
            .column("size").unwrap().i64().unwrap().sum().unwrap();
        prop_assert_eq!(first, 5);
        // Days are where the matrix and day-N retention are the same thing.
        if period == Period::Day && clock == Clock::Calendar {
            let curve = retention::curve(&table, retention::Weight::Size).unwrap();
            let by_day = retention::day_n(&people, &frame, &[0, 1, 4], Rule::OnDay).unwrap();
            for (row, day) in [0_usize, 1, 4].into_iter().enumerate() {
                let (eligible, active) = (counts(&curve, "eligible"), counts(&curve, "active"));
                prop_assert_eq!(counts(&by_day, "eligible")[row].unwrap(), eligible.get(day).copied().flatten().unwrap_or(0));
                prop_assert_eq!(counts(&by_day, "retained")[row].unwrap(), active.get(day).copied().flatten().unwrap_or(0));
            }
        }
        same(&table, &Retention::default().clock(clock).cohorts(&people.reverse(), &frame.reverse(), period).unwrap())?;
        // User by user it is the same. Of calendar periods the matrix also counts one in progress.
        for n in [0, 1, 3] {
            let each = Retention::default().clock(clock).by_user(&people, &frame, period, n).unwrap();
            let sum = |column: &str| each.column(column).unwrap().bool().unwrap().sum().map(i64::from);
            let over = if rolling { lit(true) } else { col("in_progress").eq(lit(false)) };
            let over = table.clone().lazy().filter(col("period").eq(lit(i64::from(n))).and(over)).collect().unwrap();
            let cells = |column: &str| over.column(column).unwrap().i64().unwrap().sum().unwrap_or(0);
            prop_assert_eq!(sum("eligible"), Some(cells("eligible")), "period {}", n);
            prop_assert_eq!(sum("active").unwrap_or(0), cells("active"), "period {}", n);
        }
    }

    #[test]
    fn two_halves_of_the_users_make_the_whole(events in events(), signups in prop::collection::vec(0..300_i64, 5), cut in 0..6_i64) {
        let (people, frame) = (users(&signups), frame(&spread(&events)));
        let until = NaiveDate::from_ymd_opt(1970, 2, 10).unwrap();
        let how = Retention::default().window(Window::until(until));
        let days = [0, 1, 3, 7];
        let whole = how.day_n(&people, &frame, &days, Rule::OnDay).unwrap();
        let half = |which: Expr| {
            let part = people.clone().lazy().filter(which);
            how.day_n(&part, &frame, &days, Rule::OnDay).unwrap()
        };
        let (a, b) = (half(col("user_id").lt(lit(cut))), half(col("user_id").gt_eq(lit(cut))));
        for column in ["eligible", "retained"] {
            let sum: Vec<Option<i64>> = counts(&a, column).iter().zip(counts(&b, column))
                .map(|(a, b)| Some(a.unwrap() + b.unwrap())).collect();
            prop_assert_eq!(sum, counts(&whole, column));
        }
    }

    #[test]
    fn gini_lies_in_0_to_1(values in prop::collection::vec(0.0..1e6_f64, 1..60), scale in 0.001..1000.0_f64) {
        let people = df!("spent" => &values).unwrap();
        let found = concentration::summary(&people, "spent", &[0.1, 0.5, 1.0]).unwrap();
        let gini = reals(&found, "value")[0];
        if let Some(gini) = gini {
            prop_assert!((0.0..=1.0).contains(&gini));
            let scaled: Vec<f64> = values.iter().rev().map(|value| value * scale).collect();
            let other = concentration::summary(&df!("spent" => scaled).unwrap(), "spent", &[]).unwrap();
            prop_assert!((reals(&other, "value")[0].unwrap() - gini).abs() < 1e-9);
            let tops = reals(&found, "value");
            prop_assert!(tops[1].unwrap() <= tops[2].unwrap() + 1e-12);
            prop_assert!((tops[3].unwrap() - 1.0).abs() < 1e-12);
        }
        let curve = concentration::lorenz(&people, "spent", 20).unwrap();
        let heights: Vec<f64> = reals(&curve, "value").into_iter().flatten().collect();
        prop_assert!(heights.windows(2).all(|pair| pair[0] <= pair[1] + 1e-12));
        for (share, height) in reals(&curve, "users").into_iter().flatten().zip(heights) {
            prop_assert!(height <= share + 1e-9); // the lowest never have more than their share
        }
    }

    #[test]
    fn survival_falls_from_1(subjects in prop::collection::vec((0..30_u32, any::<bool>()), 1..60)) {
        let durations: Vec<u32> = subjects.iter().map(|subject| subject.0).collect();
        let observed: Vec<bool> = subjects.iter().map(|subject| subject.1).collect();
        let table = df!("duration" => durations, "observed" => &observed).unwrap();
        let curve = survival::kaplan_meier(&table, None).unwrap();
        let shares: Vec<f64> = reals(&curve, "survival").into_iter().flatten().collect();
        prop_assert!(shares.windows(2).all(|pair| pair[0] >= pair[1]) && shares.iter().all(|s| (0.0..=1.0).contains(s)));
        let events: i64 = counts(&curve, "events").into_iter().flatten().sum();
        prop_assert_eq!(events, observed.iter().filter(|flag| **flag).count() as i64);
        same(&curve, &survival::kaplan_meier(&table.reverse(), None).unwrap())?;
        // Without censoring, survival is the share that lasts longer.
        if observed.iter().all(|flag| *flag) {
            let times: Vec<f64> = reals(&curve, "time").into_iter().flatten().collect();
            for (time, share) in times.iter().zip(shares) {
                let longer = subjects.iter().filter(|subject| f64::from(subject.0) > *time).count();
                prop_assert!((share - longer as f64 / subjects.len() as f64).abs() < 1e-12);
            }
        }
        let hazard = survival::hazard(&table, None, 4.0).unwrap();
        let spent: f64 = reals(&hazard, "exposure").into_iter().flatten().sum();
        let total: u32 = subjects.iter().map(|subject| subject.0).sum();
        prop_assert!((spent - f64::from(total)).abs() < 1e-9);
    }

    #[test]
    fn revenue_movements_add_up(rows in prop::collection::vec((0..6_u32, 0..14_i32, 0..40_u32), 1..60)) {
        let month = |m: i32| NaiveDate::from_ymd_opt(2023 + m / 12, (m % 12) as u32 + 1, 15).unwrap();
        let table = df!(
            "customer_id" => rows.iter().map(|row| row.0).collect::<Vec<_>>(),
            "month" => rows.iter().map(|row| month(row.1)).collect::<Vec<_>>(),
            "mrr" => rows.iter().map(|row| f64::from(row.2) / 4.0).collect::<Vec<_>>(),
        ).unwrap();
        let moved = revenue::movements(&table).unwrap();
        let column = |name: &str| reals(&moved, name);
        let (mrr, new) = (column("mrr"), column("new"));
        for at in 1..moved.height() {
            let at_start = column("mrr_start")[at].unwrap();
            prop_assert_eq!(at_start, mrr[at - 1].unwrap());
            let end = at_start + new[at].unwrap() + column("reactivated")[at].unwrap() + column("expansion")[at].unwrap()
                - column("contraction")[at].unwrap() - column("churned")[at].unwrap();
            prop_assert!((end - mrr[at].unwrap()).abs() < 1e-9);
            if let (Some(grr), Some(nrr)) = (column("grr")[at], column("nrr")[at]) {
                prop_assert!((-1e-12..=1.0).contains(&grr) && nrr >= grr - 1e-12);
            }
        }
        same(&moved, &revenue::movements(&table.reverse()).unwrap())?;
    }

    #[test]
    fn adjusted_p_values_keep_their_order(p in prop::collection::vec(0.0..=1.0_f64, 1..40)) {
        let found = experiment::benjamini_hochberg(&df!("p_value" => &p).unwrap(), 0.05).unwrap();
        let adjusted: Vec<f64> = reals(&found, "adjusted").into_iter().flatten().collect();
        for a in 0..p.len() {
            prop_assert!(adjusted[a] >= p[a] - 1e-15 && adjusted[a] <= 1.0);
            for b in 0..p.len() {
                prop_assert!(p[a] > p[b] || adjusted[a] <= adjusted[b]);
            }
        }
    }

    #[test]
    fn rfm_scores_do_not_separate_equals(rows in prop::collection::vec((0..8_u32, 0..20_i64, 0..5_u32), 1..60)) {
        let moment = DataType::Datetime(TimeUnit::Microseconds, None);
        let table = df!(
            "user_id" => rows.iter().map(|row| row.0).collect::<Vec<_>>(),
            "order_id" => (0..rows.len() as u32).collect::<Vec<_>>(),
            "timestamp" => rows.iter().map(|row| row.1 * 24 * HOUR).collect::<Vec<_>>(),
            "amount" => rows.iter().map(|row| f64::from(row.2)).collect::<Vec<_>>(),
        ).unwrap().lazy().with_column(col("timestamp").cast(moment)).collect().unwrap();
        let as_of = Window::until(NaiveDate::from_ymd_opt(1970, 2, 1).unwrap());
        let scores = segment::rfm(&table, as_of).unwrap();
        let (f, value) = (counts(&scores, "f"), counts(&scores, "frequency"));
        let (r, days) = (counts(&scores, "r"), reals(&scores, "recency_days"));
        for a in 0..f.len() {
            for b in 0..f.len() {
                prop_assert!(value[a] != value[b] || f[a] == f[b]);
                prop_assert!(value[a] <= value[b] || f[a] >= f[b]); // more is never worse
                prop_assert!(days[a] >= days[b] || r[a] >= r[b]); // 5 is the most recent
            }
        }
        same(&scores, &segment::rfm(&table.reverse(), as_of).unwrap())?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn clusters_are_nearest(points in prop::collection::vec((-50..50_i32, -50..50_i32), 8..60), k in 2..5_usize) {
        let distinct: BTreeSet<(i32, i32)> = points.iter().copied().collect();
        prop_assume!(distinct.len() >= k);
        let table = df!(
            "x" => points.iter().map(|p| f64::from(p.0)).collect::<Vec<_>>(),
            "y" => points.iter().map(|p| f64::from(p.1)).collect::<Vec<_>>(),
        ).unwrap();
        let found = segment::kmeans(&table, &["x", "y"], &KMeans::default().k(K::Fixed(k)).starts(3)).unwrap();
        let users = counts(&found.centroids, "users");
        prop_assert_eq!(users.iter().flatten().sum::<i64>(), points.len() as i64);
        prop_assert!(users.iter().all(|n| n.unwrap() > 0), "a cluster is empty");
        prop_assert!(users.windows(2).all(|pair| pair[0] >= pair[1]));
        // Nobody is nearer to another cluster's centroid.
        let scale = |column: &str| {
            let values: Vec<f64> = reals(&table, column).into_iter().flatten().collect();
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            (mean, (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / values.len() as f64).sqrt())
        };
        let (x, y) = (scale("x"), scale("y"));
        let unit = |value: f64, of: (f64, f64)| if of.1 > 0.0 { (value - of.0) / of.1 } else { 0.0 };
        let centroids: Vec<(f64, f64)> = reals(&found.centroids, "z_x").into_iter().flatten()
            .zip(reals(&found.centroids, "z_y").into_iter().flatten()).collect();
        for (row, distance) in reals(&found.users, "distance").into_iter().flatten().enumerate() {
            let point = (unit(f64::from(points[row].0), x), unit(f64::from(points[row].1), y));
            let nearest = centroids.iter()
                .map(|c| ((point.0 - c.0).powi(2) + (point.1 - c.1).powi(2)).sqrt()).fold(f64::INFINITY, f64::min);
            prop_assert!((nearest - distance).abs() < 1e-9);
        }
    }

    /// Stays from activity, user by user: last seen before the end, gone if not in the last `quiet` days.
    #[test]
    fn stays_equal_a_look_at_each_user(
        events in events(), signups in prop::collection::vec(0..400_i64, 5), quiet in 1..12_u32, end in 5..20_i64,
    ) {
        let events = spread(&events);
        let until = NaiveDate::default() + TimeDelta::days(end);
        let found = survival::from_activity(&users(&signups), &frame(&events), quiet, Window::until(until)).unwrap();
        let cut = end - i64::from(quiet);
        let mut wanted = vec![];
        for (user, signup) in signups.iter().enumerate() {
            // What comes before the sign-up does not count, not even on the same day.
            let mine = events.iter().filter(|event| event.0 == user as i64 && event.1 >= *signup);
            let seen: Vec<i64> = mine.map(|event| event.1 / 24).filter(|day| *day < end).collect();
            let signup = signup / 24;
            let Some(last) = seen.iter().max() else { continue };
            if signup < cut {
                // The first day without the user, if that day was watched to the end of `quiet`.
                let gone = *last < cut;
                wanted.push((user as i64, seen.len() as i64, if gone { last + 1 } else { cut } - signup, gone));
            }
        }
        prop_assert_eq!(counts(&found, "user_id"), wanted.iter().map(|row| Some(row.0)).collect::<Vec<_>>());
        prop_assert_eq!(counts(&found, "events"), wanted.iter().map(|row| Some(row.1)).collect::<Vec<_>>());
        prop_assert_eq!(counts(&found, "duration"), wanted.iter().map(|row| Some(row.2)).collect::<Vec<_>>());
        let observed: Vec<Option<bool>> = found.column("observed").unwrap().bool().unwrap().iter().collect();
        prop_assert_eq!(observed, wanted.iter().map(|row| Some(row.3)).collect::<Vec<_>>());
    }
}
