//! Change points, alerts and interrupted series.

use casebook::metrics::change::{Alerts, Baseline, ChangePoints, InterruptedSeries, Penalty, Stl};
use casebook::polars::prelude::*;
use casebook::stream::Stream;

use super::{at, holds, normal, told, worlds};

pub(super) fn series(values: Vec<f64>) -> DataFrame {
    df!("day" => (0..values.len() as i64).collect::<Vec<_>>(), "users" => values).unwrap()
}

/// Noise in which what is left of yesterday's is `keeps` of it.
pub(super) fn noise(rng: &mut Stream, n: usize, keeps: f64) -> Vec<f64> {
    let mut last = normal(rng) / (1.0 - keeps * keeps).sqrt();
    (0..n)
        .map(|_| {
            let now = last;
            last = keeps * last + normal(rng);
            now
        })
        .collect()
}

/// A season of a week, a slow trend and noise.
fn quiet(rng: &mut Stream, weeks: usize) -> Vec<f64> {
    let week = [3.0, 2.0, 2.0, 3.0, 0.0, -6.0, -4.0];
    let noise = noise(rng, 7 * weeks, 0.0);
    noise
        .iter()
        .enumerate()
        .map(|(day, off)| 100.0 + 0.02 * day as f64 + week[day % 7] + off)
        .collect()
}

#[test]
fn a_quiet_series_has_no_change_points() {
    for (name, penalty, allowed) in
        [("BIC", Penalty::Bic, (0.01, 0.2)), ("MBIC", Penalty::Mbic, (0.0, 0.06))]
    {
        for (kind, search) in [
            ("mean", ChangePoints::of_mean()),
            ("mean and variance", ChangePoints::of_mean_and_variance()),
        ] {
            let worlds = worlds("quiet");
            let of = worlds.len();
            let false_ones = worlds.into_iter().filter_map(|mut rng| {
                let rows = series(noise(&mut rng, 180, 0.0));
                let found = search.penalty(penalty).find(&rows, "day", "users").unwrap();
                (found.height() > 1).then_some(())
            });
            let what = format!("change points where there are none, {kind}, {name}");
            told(&what, false_ones.count(), of, allowed);
        }
    }
}

#[test]
fn a_step_is_found_where_it_is() {
    let worlds = worlds("step");
    let of = worlds.len();
    let (mut found_near, mut alone) = (0, 0);
    for mut rng in worlds {
        let mut values = noise(&mut rng, 180, 0.0);
        values[120..].iter_mut().for_each(|value| *value += 2.0);
        let found = ChangePoints::of_mean().find(&series(values), "day", "users").unwrap();
        alone += usize::from(found.height() == 2);
        found_near += usize::from(
            (1..found.height()).any(|row| (at(&found, "from", row) - 120.0).abs() <= 3.0),
        );
    }
    told("a step of 2 sd found within 3 days", found_near, of, (0.93, 1.0));
    told("a step of 2 sd and nothing else found", alone, of, (0.9, 1.0));
}

/// The share of weeks with an alert is what was asked for, on series that the threshold has not seen.
#[test]
fn calibrated_alerts_ring_as_often_as_they_should() {
    for (name, baseline) in [("seasonal naive", Baseline::SeasonalNaive), ("STL", Baseline::Stl)] {
        let alerts = Alerts::new(7).baseline(baseline);
        // STL is fitted for each day: a tenth of the worlds will do.
        let all = worlds("alerts");
        let many = if baseline == Baseline::Stl { all.len().div_ceil(10) } else { all.len() };
        let (mut alerted, mut windows, mut caught, mut of) = (0, 0, 0, 0);
        for mut rng in all.into_iter().take(many) {
            let with_name = |values: Vec<f64>| {
                let app = Column::new("app".into(), vec!["web"; values.len()]);
                series(values).hstack(&[app]).unwrap()
            };
            let past = with_name(quiet(&mut rng, 68));
            let set = alerts.calibrate(&past, "app", "day", "users", 0.05).unwrap();
            let mut next = quiet(&mut rng, 28);
            let counted =
                set.false_alarms(&with_name(next.clone()), "app", "day", "users").unwrap();
            alerted += at(&counted, "alerted", 0) as usize;
            windows += at(&counted, "windows", 0) as usize;
            next[150] -= 8.0;
            let checked = set.check(&series(next), "day", "users").unwrap();
            caught += usize::from(
                checked.column("alert").unwrap().bool().unwrap().get(150) == Some(true),
            );
            of += 1;
        }
        told(
            &format!("quiet weeks with an alert, asked for 5%, {name}"),
            alerted,
            windows,
            (0.03, 0.06),
        );
        told(&format!("outages of 8 sd with an alert, {name}"), caught, of, (0.9, 1.0));
    }
}

#[test]
fn what_happened_lies_within_its_interval() {
    let truth = [0.05, 3.0, -0.1, 3.0 - 0.1 * 25.5];
    // Less often than they say with noise that stays, and with few rows even without: Newey and West's errors are too small then.
    for (keeps, allowed) in [(0.0, (0.89, 0.95)), (0.3, (0.86, 0.92)), (0.6, (0.78, 0.86))] {
        let worlds = worlds("interrupted");
        let of = worlds.len();
        let mut held = [0; 4];
        for mut rng in worlds {
            let values = noise(&mut rng, 104, keeps).into_iter().enumerate().map(|(week, off)| {
                let since = week as f64 - 52.0;
                let moved = if week < 52 { 0.0 } else { 3.0 - 0.1 * since };
                50.0 + 0.05 * week as f64 + moved + off
            });
            let rows = series(values.collect());
            let found = InterruptedSeries::new(52).estimate(&rows, "day", "users").unwrap();
            for (row, held) in held.iter_mut().enumerate() {
                *held += usize::from(holds(&found, row, truth[row]));
            }
        }
        let terms = ["trend before", "level change", "trend change", "mean effect"];
        for (term, held) in terms.iter().zip(held) {
            let what = format!("interrupted series, {term} held, noise keeps {keeps}");
            told(&what, held, of, allowed);
        }
    }
}

/// A step of three days' noise is found under a week's rhythm, and more surely with the season off.
#[test]
fn seasons_off_first() {
    let worlds = worlds("seasons");
    let of = worlds.len();
    let (mut plain, mut off) = (0, 0);
    for mut rng in worlds {
        let mut values = quiet(&mut rng, 26);
        values[100..].iter_mut().for_each(|value| *value += 3.0);
        let rows = series(values);
        let near = |rows: &DataFrame, value: &str| {
            let found = ChangePoints::of_mean().find(rows, "day", value).unwrap();
            usize::from(
                (1..found.height()).any(|row| (at(&found, "from", row) - 100.0).abs() <= 3.0),
            )
        };
        plain += near(&rows, "users");
        let parts = Stl::new(7).seasonal(35).decompose(&rows, "day", "users").unwrap();
        let level = (col("trend") + col("remainder")).alias("level");
        let parts = parts.lazy().with_column(level).collect().unwrap();
        off += near(&parts, "level");
    }
    println!("a step of 3 sd found under a week's rhythm: {plain} of {of}");
    told("a step of 3 sd found with the season off", off, of, (0.9, 1.0));
}
