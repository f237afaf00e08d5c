//! Whom to treat first: uplift curves and the Qini coefficient.

use polars::prelude::*;

use super::arms::Arms;
use super::resampling::Bootstrap;
use crate::error::{Error, Result};
use crate::metrics::Source;
use crate::stats::sample::quantile;
use crate::stats::uplift::{Gains, Ranking};

/// Computes the uplift curve (Qini curve): what treating the share of users with the highest scores
/// gains.
///
/// At each share, the treated users' outcomes among those ranked so high, less those of as many
/// users of control ranked so high, divided by all treated users: outcomes gained per user of
/// everybody. `random` is what treating that share at random gains. Equal scores go together;
/// between them the curve is straight. A score made from the same users looks better than it is:
/// make it from others.
///
/// Reads `users`: `arm` (text), `outcome` (a number; 0 and 1 for a conversion), `score` (a number).
/// Returns one row per other arm and share, from 0 to 1 in `points` steps: `arm`, `control`,
/// `targeted` (f64: the share of users), `gain`, `low`, `high` (f64: the 2.5% and 97.5% points of resampled users),
/// `random` (f64).
///
/// # Errors
/// As [`means`](super::means()); `points` of 0; those of [`Bootstrap::validate`].
///
/// ```
/// use casebook::metrics::experiment::Bootstrap;
/// use casebook::prelude::*;
///
/// let users = warehouse::files::read("data/samples/experiment.csv")?;
/// let how = Bootstrap { draws: 200, seed: 42 };
/// let curve =
///     experiment::uplift_curve(&users, "arm", "converted", "spent_before", "control", 10, how)?;
/// assert_eq!(curve.height(), 11);
/// # Ok::<(), casebook::Error>(())
/// ```
///
/// # Source
/// N. J. Radcliffe (2007), "Using control groups to target on predicted lift: building and
/// assessing uplift models".
pub fn uplift_curve(
    users: &dyn Source,
    arm: &str,
    outcome: &str,
    score: &str,
    control: &str,
    points: u32,
    bootstrap: Bootstrap,
) -> Result<DataFrame> {
    if points == 0 {
        return Err(Error::config("points", 0, "1 or more"));
    }
    bootstrap.validate()?;
    let ranked = Ranked::new(users, arm, outcome, score, control)?;
    let mut names = vec![];
    let (mut shares, mut gains, mut random) = (vec![], vec![], vec![]);
    let (mut lows, mut highs) = (vec![], vec![]);
    for (other, ranking) in &ranked.others {
        let found = ranking.gains();
        let drawn = ranking.resampled(bootstrap.draws, bootstrap.seed);
        for point in 0..=points {
            let share = f64::from(point) / f64::from(points);
            let at = |share: f64| found.as_ref().map(|gains| gains.at(share));
            let (low, high) = interval(drawn.iter().map(|gains| gains.at(share)));
            names.push(other.as_str());
            shares.push(share);
            gains.push(finite(at(share)));
            random.push(finite(at(1.0).map(|end| end * share)));
            lows.push(low);
            highs.push(high);
        }
    }
    Ok(df!(
        "arm" => names.as_slice(),
        "control" => vec![control; names.len()],
        "targeted" => shares,
        "gain" => gains,
        "low" => lows,
        "high" => highs,
        "random" => random,
    )?)
}

/// Computes the Qini coefficient: how far a score's uplift curve lies above the straight line of
/// random treatment.
///
/// Reads as [`uplift_curve`]. Returns one row per other arm: `arm`, `control`, `control_users`,
/// `users` (i64), `gain` (f64: the outcomes gained per user if everybody is treated), `area`,
/// `area_low`, `area_high` (f64: the area between the curve and the line, in outcomes per user, and
/// its 95% interval), `qini`, `qini_low`, `qini_high` (f64: that area as a share of the best
/// possible ranking's; null unless outcomes are 1 and 0). The best ranking knows who bought in
/// which arm, which no score can: coefficients of useful scores are small.
///
/// # Errors
/// As [`means`](super::means()); those of [`Bootstrap::validate`].
///
/// ```
/// use casebook::metrics::experiment::Bootstrap;
/// use casebook::prelude::*;
///
/// let users = warehouse::files::read("data/samples/experiment.csv")?;
/// let how = Bootstrap { draws: 200, seed: 42 };
/// let found = experiment::qini(&users, "arm", "converted", "spent_before", "control", how)?;
/// assert!(found.value("qini", "arm", "offer")?.abs() < 1.0);
/// # Ok::<(), casebook::Error>(())
/// ```
///
/// # Source
/// N. J. Radcliffe (2007); the coefficient as in scikit-uplift's `qini_auc_score`.
pub fn qini(
    users: &dyn Source,
    arm: &str,
    outcome: &str,
    score: &str,
    control: &str,
    bootstrap: Bootstrap,
) -> Result<DataFrame> {
    bootstrap.validate()?;
    let ranked = Ranked::new(users, arm, outcome, score, control)?;
    let rows: Vec<(Option<Gains>, Vec<Gains>)> = ranked
        .others
        .iter()
        .map(|(_, ranking)| (ranking.gains(), ranking.resampled(bootstrap.draws, bootstrap.seed)))
        .collect();
    let one = |name: &str, pick: fn(&Gains) -> f64| {
        let values: Vec<Option<f64>> =
            rows.iter().map(|(found, _)| finite(found.as_ref().map(pick))).collect();
        Column::new(name.into(), values)
    };
    let ends = |names: [&str; 2], pick: fn(&Gains) -> f64| -> [Column; 2] {
        let (lows, highs): (Vec<Option<f64>>, Vec<Option<f64>>) =
            rows.iter().map(|(_, drawn)| interval(drawn.iter().map(pick))).unzip();
        [Column::new(names[0].into(), lows), Column::new(names[1].into(), highs)]
    };
    let users = |arm: usize| -> Vec<i64> {
        ranked.others.iter().map(|(_, ranking)| ranking.users()[arm] as i64).collect()
    };
    let names: Vec<&str> = ranked.others.iter().map(|(name, _)| name.as_str()).collect();
    let [area_low, area_high] = ends(["area_low", "area_high"], |gains| gains.area);
    let [qini_low, qini_high] = ends(["qini_low", "qini_high"], |gains| gains.qini);
    let controls = vec![control; names.len()];
    Ok(DataFrame::new_infer_height(vec![
        Column::new("arm".into(), names),
        Column::new("control".into(), controls),
        Column::new("control_users".into(), users(0)),
        Column::new("users".into(), users(1)),
        one("gain", |gains| gains.at(1.0)),
        one("area", |gains| gains.area),
        area_low,
        area_high,
        one("qini", |gains| gains.qini),
        qini_low,
        qini_high,
    ])?)
}

/// Each other arm's users and control's, ranked.
struct Ranked {
    others: Vec<(String, Ranking)>,
}

impl Ranked {
    fn new(
        users: &dyn Source,
        arm: &str,
        outcome: &str,
        score: &str,
        control: &str,
    ) -> Result<Ranked> {
        let arms = Arms::new(users, arm, &[outcome, score], &[])?;
        let (control, others) = arms.control(arm, control)?;
        let of = |arm: usize, treated: bool| {
            let places = arms.rows[arm].iter();
            let [outcomes, scores] = [&arms.columns[0], &arms.columns[1]];
            places.map(move |row| (scores[*row], treated, outcomes[*row])).collect::<Vec<_>>()
        };
        let ranking = |other: usize| Ranking::new([of(control, false), of(other, true)].concat());
        let others = others.into_iter().map(|other| (arms.names[other].clone(), ranking(other)));
        Ok(Ranked { others: others.collect() })
    }
}

fn finite(value: Option<f64>) -> Option<f64> {
    value.filter(|value| value.is_finite())
}

/// The 2.5% and 97.5% points of what was drawn; none if some of it is no number.
fn interval(drawn: impl Iterator<Item = f64>) -> (Option<f64>, Option<f64>) {
    let mut drawn: Vec<f64> = drawn.collect();
    if drawn.iter().any(|value| !value.is_finite()) {
        return (None, None);
    }
    drawn.sort_unstable_by(f64::total_cmp);
    (quantile(&drawn, 0.025), quantile(&drawn, 0.975))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn users() -> DataFrame {
        // Whoever has a score above 0.5 buys if treated; nobody else does.
        let treated = |user: usize| user % 2 == 1;
        let score = |user: usize| ((user * 37) % 101) as f64 / 101.0;
        df!(
            "arm" => (0..200).map(|user| if treated(user) { "new" } else { "old" }).collect::<Vec<_>>(),
            "score" => (0..200).map(score).collect::<Vec<_>>(),
            "bought" => (0..200).map(|user| treated(user) && score(user) > 0.5).collect::<Vec<_>>(),
        )
        .unwrap()
    }

    const HOW: Bootstrap = Bootstrap { draws: 100, seed: 1 };

    #[test]
    fn half_of_the_users_are_all_of_the_gain() {
        let curve = uplift_curve(&users(), "arm", "bought", "score", "old", 4, HOW).unwrap();
        let real = |column: &str, row: usize| curve.column(column).unwrap().f64().unwrap().get(row);
        assert_eq!(
            (real("gain", 0), real("low", 0), real("high", 0)),
            (Some(0.0), Some(0.0), Some(0.0))
        );
        assert!((real("gain", 2).unwrap() - real("gain", 4).unwrap()).abs() < 0.02, "{curve}");
        assert!((real("random", 2).unwrap() - real("gain", 4).unwrap() / 2.0).abs() < 1e-12);
        let found = qini(&users(), "arm", "bought", "score", "old", HOW).unwrap();
        let real = |column: &str| found.column(column).unwrap().f64().unwrap().get(0).unwrap();
        assert!(
            real("area_low") > 0.0 && real("qini") > 0.4 && real("qini_high") <= 1.0,
            "{found}"
        );
    }

    #[test]
    fn amounts_have_an_area_and_no_coefficient() {
        let users = users()
            .lazy()
            .with_column((col("bought").cast(DataType::Float64) * lit(7.5)).alias("bought"));
        let found = qini(&users, "arm", "bought", "score", "old", HOW).unwrap();
        assert_eq!(found.column("area").unwrap().null_count(), 0);
        for column in ["qini", "qini_low", "qini_high"] {
            assert_eq!(found.column(column).unwrap().null_count(), 1, "{column}");
        }
    }

    #[test]
    fn few_draws_are_refused() {
        let few = Bootstrap { draws: 20, seed: 1 };
        let said = qini(&users(), "arm", "bought", "score", "old", few).unwrap_err().to_string();
        assert!(said.contains("`draws`"), "{said}");
        let said = uplift_curve(&users(), "arm", "bought", "score", "old", 0, HOW).unwrap_err();
        assert!(said.to_string().contains("`points`"), "{said}");
    }
}
