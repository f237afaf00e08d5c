use polars::prelude::*;
use rand::RngExt;

use super::Panel;
use crate::error::Result;
use crate::frame::Verbs;
use crate::stream::stream;

const UNITS: usize = 8;
const PERIODS: usize = 10;
const LAUNCHES: [Option<i64>; UNITS] = [Some(4), Some(4), Some(6), Some(6), None, None, None, None];

/// The panel of the figures from Python below.
fn fixed() -> DataFrame {
    let cells = || (0..UNITS).flat_map(|u| (0..PERIODS).map(move |t| (u, t)));
    let value = |(u, t): (usize, usize)| {
        let noise = ((u * 37 + t * 101 + u * t * 53) % 97) as f64 / 97.0;
        let since = LAUNCHES[u].map(|at| t as f64 - at as f64).filter(|since| *since >= 0.0);
        noise + 0.3 * u as f64 + 0.2 * t as f64 + since.map_or(0.0, |since| 0.5 + 0.25 * since)
    };
    df!(
        "unit" => cells().map(|(u, _)| u as i64).collect::<Vec<_>>(),
        "period" => cells().map(|(_, t)| t as i64).collect::<Vec<_>>(),
        "launch" => cells().map(|(u, _)| LAUNCHES[u]).collect::<Vec<_>>(),
        "value" => cells().map(value).collect::<Vec<_>>(),
        "level" => cells().map(|(u, t)| value((u, t)) - 0.3 * u as f64).collect::<Vec<_>>(),
        "hits" => cells().map(|(u, t)| (20 + (u * 11 + t * 17) % 29) as i64).collect::<Vec<_>>(),
        "trials" => cells().map(|(u, t)| (100 + 13 * ((u * 7 + t * 3) % 11)) as i64).collect::<Vec<_>>(),
        "x" => cells().map(|(u, t)| ((u * 5 + t * 3) % 7) as f64 / 7.0).collect::<Vec<_>>(),
    )
    .unwrap()
}

fn panel(rows: &DataFrame) -> Panel {
    Panel::new(rows, "unit", "period", "launch")
}

fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-9, "{found}, not {expected}");
}

/// statsmodels 0.15.0: OLS and WLS on dummies, clustered by unit for the error of values; imputation, group-time effects and their
/// errors in numpy from their definitions.
#[test]
fn averages_equal_statsmodels_and_the_definitions() -> Result<()> {
    let rows = fixed();
    let values = panel(&rows).difference_in_differences()?;
    near(values.value("effect", "method", "two-way")?, 1.052_927_098_674_52);
    near(values.value("se", "method", "two-way")?, 0.158_106_051_459_542_76);
    near(values.value("effect", "method", "imputation")?, 1.169_387_170_675_830_8);
    near(values.value("effect", "method", "group-time")?, 1.112_628_865_979_381_5);
    near(values.value("se", "method", "group-time")?, 0.152_448_205_486_266_84);
    let rates = panel(&rows).rates("hits", "trials").difference_in_differences()?;
    near(rates.value("effect", "method", "two-way")?, 0.025_412_254_521_191_002);
    near(rates.value("effect", "method", "imputation")?, 0.022_024_111_870_211_326);
    near(rates.value("se", "method", "imputation")?, 0.014_724_200_172_379_937);
    near(rates.value("effect", "method", "group-time")?, 0.043_842_190_757_827_845);
    near(rates.value("se", "method", "group-time")?, 0.021_077_160_736_109_143);
    let adjusted = panel(&rows).rates("hits", "trials").adjust(&["x"]);
    let adjusted = adjusted.difference_in_differences()?;
    near(adjusted.value("effect", "method", "two-way")?, 0.023_425_367_436_251_378);
    near(adjusted.value("effect", "method", "imputation")?, 0.019_836_750_439_905_997);
    near(adjusted.value("se", "method", "imputation")?, 0.014_722_739_655_275_839);
    Ok(())
}

/// numpy, from the definitions.
#[test]
fn event_times_and_the_test_before_equal_the_definitions() -> Result<()> {
    let rows = fixed();
    let study = panel(&rows).event_study(-3..=4)?;
    let rates = panel(&rows).rates("hits", "trials");
    let shares = rates.event_study(-20..=20)?;
    for (time, value, share) in [
        (-3, -0.050_257_731_958_762_9, 0.067_674_696_094_418_16),
        (0, 0.504_295_532_646_048_3, 0.040_318_125_543_636_2),
        (2, 1.193_298_969_072_165, 0.082_069_328_794_567_52),
        (4, 1.340_206_185_567_010_4, 0.015_089_255_633_233_708),
    ] {
        near(study.value("effect", "relative", time)?, value);
        near(shares.value("effect", "relative", time)?, share);
    }
    let before = rates.pre_trends(4)?;
    near(before.scalar("chi_square")?, 14.598_094_641_415_633);
    near(before.scalar("p_value")?, 0.002_194_401_073_635_717);
    assert_eq!(before.scalar("df")?, 3.0);
    // Six periods before the later launch, down to none after the earlier one's end.
    assert_eq!((shares.height(), study.height()), (12, 8));
    assert_eq!(study.value("effect", "relative", -1)?, 0.0);
    Ok(())
}

/// scipy 1.17.1: SLSQP from 60 starts.
#[test]
fn donors_weights_equal_scipy() -> Result<()> {
    let rows = fixed();
    let found = panel(&rows).values("level").synthetic_control("0")?;
    let known = [0.0, 0.0, 0.128_262_483_253_708_43, 0.871_737_516_746_296];
    for (donor, weight) in ["4", "5", "6", "7"].iter().zip(known) {
        let ours = found.weights.value("weight", "unit", *donor)?;
        assert!((ours - weight).abs() < 1e-5, "{donor}: {ours}, not {weight}");
    }
    assert!((found.summary.scalar("effect")? - 1.332_307_979_253_965_6).abs() < 1e-5);
    assert!((found.summary.scalar("fit_error")? - 0.449_956_498_021_637_1).abs() < 1e-7);
    let p_value = found.summary.scalar("placebo_p_value")?;
    assert!((0.2..=1.0).contains(&p_value), "{p_value}");
    assert_eq!(found.paths.height(), PERIODS);
    Ok(())
}

/// Effects that grow with time since the launch: the regression is off though nothing is random, and the others are not.
#[test]
fn two_way_is_biased_where_effects_grow() -> Result<()> {
    let launches: [Option<i64>; 5] = [Some(3), Some(6), Some(9), Some(10), None];
    let cells = || (0..5_usize).flat_map(|u| (0..14_i64).map(move |t| (u, t)));
    let effect = |u: usize, t: i64| {
        launches[u].filter(|at| t >= *at).map_or(0.0, |at| 1.0 + (t - at) as f64)
    };
    let rows = df!(
        "unit" => cells().map(|(u, _)| u as i64).collect::<Vec<_>>(),
        "period" => cells().map(|(_, t)| t).collect::<Vec<_>>(),
        "launch" => cells().map(|(u, _)| launches[u]).collect::<Vec<_>>(),
        "value" => cells().map(|(u, t)| u as f64 + (t * t % 5) as f64 + effect(u, t)).collect::<Vec<_>>(),
    )?;
    let treated = cells().filter(|(u, t)| launches[*u].is_some_and(|at| t >= &at));
    let all: Vec<f64> = treated.map(|(u, t)| effect(u, t)).collect();
    let truth = all.iter().sum::<f64>() / all.len() as f64;
    let found = panel(&rows).difference_in_differences()?;
    near(found.value("effect", "method", "group-time")?, truth);
    near(found.value("effect", "method", "imputation")?, truth);
    let two_way = found.value("effect", "method", "two-way")?;
    assert!(two_way < 0.75 * truth, "{two_way} {truth}");
    // And by event time each effect is exact.
    let study = panel(&rows).event_study(-4..=6)?;
    for time in 0..=6 {
        near(study.value("effect", "relative", time)?, 1.0 + time as f64);
    }
    near(study.value("effect", "relative", -4)?, 0.0);
    // Units that launch alone show no error.
    assert_eq!(found.column("se")?.null_count(), 2);
    Ok(())
}

/// Draws a panel of five regions, whose levels and trend differ.
fn drawn(seed: u64, effect: f64, drift: f64) -> DataFrame {
    drawn_growing(seed, effect, 0.0, drift)
}

/// The same with an effect that grows by so much with each period since the launch.
fn drawn_growing(seed: u64, effect: f64, growth: f64, drift: f64) -> DataFrame {
    let launches: [Option<i64>; 5] = [Some(6), Some(9), Some(9), None, None];
    let people = [300, 220, 160, 120, 60];
    let mut rng = stream(seed, "panel", 0);
    let (mut units, mut periods, mut launched, mut hits) = (vec![], vec![], vec![], vec![]);
    for (u, launch) in launches.iter().enumerate() {
        for t in 0..14_i64 {
            let live = launch.is_some_and(|at| t >= at);
            let early = if launch.is_some() { drift * t as f64 } else { 0.0 };
            let p = 0.4 + 0.03 * u as f64 + 0.01 * (t % 4) as f64 + early;
            let since = launch.map_or(0, |at| t - at) as f64;
            let p = p + if live { effect + growth * since } else { 0.0 };
            let count = (0..people[u]).filter(|_| rng.random_range(0.0..1.0) < p).count();
            units.push(u as i64);
            periods.push(t);
            launched.push(*launch);
            hits.push((count as i64, people[u]));
        }
    }
    let (hits, trials): (Vec<i64>, Vec<i64>) = hits.into_iter().unzip();
    df!("unit" => units, "period" => periods, "launch" => launched, "hits" => hits, "trials" => trials).unwrap()
}

/// Launches at different times, and an effect that grows: by its design the regression compares later launches with earlier ones, whose
/// effect still grows, and takes that off. The mean of group-time effects holds as often as it says.
#[test]
fn staggered_launches_mislead_the_regression_and_not_the_group_time_mean() -> Result<()> {
    const TRIES: u64 = 300;
    // Regions launched in period 6 and twice in 9, for 8 and 5 periods of 14, weighing as many as they have users.
    let since = |periods: i64| (0..periods).sum::<i64>() as f64;
    let launched = 300.0 * 8.0 + (220.0 + 160.0) * 5.0;
    let truth = 0.05 + 0.02 * (300.0 * since(8) + (220.0 + 160.0) * since(5)) / launched;
    let (mut held, mut mean) = ([0_u64; 3], [0.0; 3]);
    for seed in 0..TRIES {
        let rows = drawn_growing(seed, 0.05, 0.02, 0.0);
        let found = panel(&rows).rates("hits", "trials").difference_in_differences()?;
        for (place, method) in ["group-time", "imputation", "two-way"].iter().enumerate() {
            let of = |column: &str| found.value(column, "method", *method);
            held[place] += u64::from(of("low")? <= truth && of("high")? >= truth);
            mean[place] += of("effect")? / TRIES as f64;
        }
    }
    println!(
        "an effect of {truth:.4} is found as {:.4} by group-time means, {:.4} by imputation, {:.4} by two-way fixed effects; \
         held {held:?} times of {TRIES}",
        mean[0], mean[1], mean[2]
    );
    assert!(held[..2].iter().all(|count| (273..=297).contains(count)), "{held:?}");
    assert!(mean[..2].iter().all(|effect| (effect - truth).abs() < 0.004), "{mean:?} {truth}");
    // A quarter too low, and held two times of three where 19 of 20 were promised.
    assert!(mean[2] < 0.85 * truth && held[2] < TRIES * 4 / 5, "{mean:?} {held:?}");
    Ok(())
}

#[test]
fn intervals_of_shares_hold_the_truth_as_often_as_they_say() -> Result<()> {
    const TRIES: u64 = 300;
    let (mut held, mut refused, mut seen) = ([0_u64; 3], 0, 0);
    let mut mean = [0.0; 3];
    for seed in 0..TRIES {
        let rows = drawn(seed, 0.05, 0.0);
        let rates = panel(&rows).rates("hits", "trials");
        let found = rates.difference_in_differences()?;
        for (place, method) in ["group-time", "imputation", "two-way"].iter().enumerate() {
            let of = |column: &str| found.value(column, "method", *method);
            held[place] += u64::from(of("low")? <= 0.05 && of("high")? >= 0.05);
            mean[place] += of("effect")? / TRIES as f64;
        }
        refused += u64::from(rates.pre_trends(5)?.scalar("p_value")? < 0.05);
        let drift = drawn(seed, 0.05, 0.03);
        let drift = panel(&drift).rates("hits", "trials").pre_trends(5)?;
        seen += u64::from(drift.scalar("p_value")? < 0.05);
    }
    println!(
        "held {held:?}, before {refused} under the null and {seen} with drift, of {TRIES}; {mean:?}"
    );
    // 95% of 300 is 285, give or take 3.8.
    assert!(held.iter().all(|count| (273..=297).contains(count)), "{held:?}");
    assert!(mean.iter().all(|effect| (effect - 0.05).abs() < 0.004), "{mean:?}");
    assert!((5..=28).contains(&refused), "{refused}");
    assert!(seen > 2 * refused, "{seen} {refused}");
    Ok(())
}

/// Units that differ by chance, each with a level of its own and shocks that last for two periods: `values` tell their errors from how
/// units differ, and few launch.
fn shaken(seed: u64, launched: usize, others: usize) -> DataFrame {
    const PERIODS: usize = 8;
    let mut rng = stream(seed, "values", (100 * launched + others) as u64);
    let mut bell = || (0..12).map(|_| rng.random_range(-0.5..0.5)).sum::<f64>();
    let mut rows = (vec![], vec![], vec![], vec![]);
    for unit in 0..launched + others {
        let (level, mut before) = (bell(), bell());
        for period in 0..PERIODS {
            let shock = bell();
            rows.0.push(unit as i64);
            rows.1.push(period as i64);
            rows.2.push((unit < launched).then_some(5_i64));
            rows.3.push(level + shock + 0.5 * before);
            before = shock;
        }
    }
    df!("unit" => rows.0, "period" => rows.1, "launch" => rows.2, "value" => rows.3).unwrap()
}

#[test]
fn intervals_of_values_hold_the_truth_and_tests_before_refuse_as_often_as_they_say() -> Result<()> {
    const TRIES: u64 = 400;
    for (launched, others) in [(2, 20), (3, 3), (10, 10)] {
        let (mut held, mut refused, mut told) = (0, 0, 0);
        for seed in 0..TRIES {
            let rows = shaken(seed, launched, others);
            let found = panel(&rows).event_study(2..=2)?;
            held += u64::from(found.scalar("low")? <= 0.0 && found.scalar("high")? >= 0.0);
            let before = panel(&rows).pre_trends(3)?;
            let p_value = before.column("p_value")?.f64()?.get(0);
            told += u64::from(p_value.is_some());
            refused += u64::from(p_value.is_some_and(|p_value| p_value < 0.05));
        }
        println!("{launched} and {others}: held {held}, refused {refused} of {told}, of {TRIES}");
        // 95% of 400 is 380, give or take 4.4; the lower bound of the degrees of freedom makes it more.
        assert!(held >= 371, "{launched} {others}: {held}");
        // Few units show few differences: nothing can be said of two effects at once.
        assert_eq!(told, if launched > 3 { TRIES } else { 0 });
        // 5% of 400 is 20, give or take 4.4.
        assert!(refused as f64 <= 0.05 * told as f64 + 13.0, "{launched} {others}: {refused}");
    }
    // Six effects are more than four differences between units can tell apart.
    let none = panel(&shaken(1, 3, 3)).pre_trends(8)?;
    assert_eq!(none.column("p_value")?.null_count(), 1);
    Ok(())
}

/// Twice as many in the launched region, on top of a common growth: the effect is ln 2. Means with errors weigh as they should.
#[test]
fn counts_are_compared_as_logarithms_and_means_by_their_errors() -> Result<()> {
    let rows = df!(
        "unit" => ["a", "a", "a", "b", "b", "b"], "period" => [5, 6, 7, 5, 6, 7],
        "launch" => [Some(7), Some(7), Some(7), None, None, None],
        "count" => [100, 150, 400, 10, 15, 20], "se" => [0.1, 0.1, 0.1, 0.2, 0.2, 0.2],
    )?;
    let found = panel(&rows).counts("count").difference_in_differences()?;
    near(found.value("effect", "method", "imputation")?, 2_f64.ln());
    let se = (1.0 / 400.0 + 1.0 / 150.0 + 1.0 / 15.0 + 1.0 / 20.0_f64).sqrt();
    near(found.value("se", "method", "group-time")?, se);
    let found = panel(&rows).means("count", "se").difference_in_differences()?;
    near(found.value("effect", "method", "group-time")?, 245.0);
    near(found.value("se", "method", "group-time")?, 0.1_f64.sqrt());
    Ok(())
}

/// What a second launch adds is taken off, if it was seen alone somewhere.
#[test]
fn another_launch_is_taken_off() -> Result<()> {
    let first: [Option<i64>; 4] = [Some(4), None, None, Some(7)];
    let second: [Option<i64>; 4] = [Some(6), Some(3), None, None];
    let cells = || (0..4_usize).flat_map(|u| (0..9_i64).map(move |t| (u, t)));
    let live = |at: Option<i64>, t: i64| f64::from(u8::from(at.is_some_and(|at| t >= at)));
    let rows = df!(
        "unit" => cells().map(|(u, _)| u as i64).collect::<Vec<_>>(),
        "period" => cells().map(|(_, t)| t).collect::<Vec<_>>(),
        "launch" => cells().map(|(u, _)| first[u]).collect::<Vec<_>>(),
        "other" => cells().map(|(u, t)| live(second[u], t)).collect::<Vec<_>>(),
        "value" => cells().map(|(u, t)| u as f64 + 2.0 * live(first[u], t) - 3.0 * live(second[u], t)).collect::<Vec<_>>(),
    )?;
    let of = |panel: Panel, method: &str| {
        panel.difference_in_differences()?.value("effect", "method", method)
    };
    for method in ["group-time", "imputation", "two-way"] {
        near(of(panel(&rows).adjust(&["other"]), method)?, 2.0);
    }
    assert!((of(panel(&rows), "imputation")? - 2.0).abs() > 0.3);
    let told = panel(&rows).adjust(&["unit"]).event_study(0..=1).unwrap_err().to_string();
    assert!(told.contains("`unit`") && told.contains("told from units"), "{told}");
    Ok(())
}

#[test]
fn what_is_no_panel_is_refused_by_name() {
    let rows = fixed();
    let changed = |column: &str, to: Expr| {
        rows.clone().lazy().with_column(to.alias(column)).collect().unwrap()
    };
    let told = |rows: &DataFrame| {
        panel(rows).rates("hits", "trials").difference_in_differences().unwrap_err().to_string()
    };
    let first = || col("unit").eq(lit(3)).and(col("period").eq(lit(5)));
    let one = |column: &str, value: i64| {
        changed(column, when(first()).then(lit(value)).otherwise(col(column)))
    };
    for (rows, said) in [
        (
            one("hits", 900),
            "hits` of the panel frame is 900 for 3 in period 5; accepted: 0 to the trials",
        ),
        (
            one("trials", 0),
            "trials` of the panel frame is 0 for 3 in period 5; accepted: 1 or more",
        ),
        (one("launch", 8), "changes for 3"),
        (one("period", 4), "holds 3 twice in period 4"),
        (
            rows.clone().lazy().filter(first().not()).collect().unwrap(),
            "has no row for 3 in period 5",
        ),
        (changed("period", col("period") * lit(1_000)), "with a gap"),
        (changed("period", col("period") * lit(3)), "has no row for 0 in period 1"),
        (changed("period", col("period").cast(DataType::Float64) + lit(0.5)), "must be whole"),
        (changed("launch", lit(NULL)), "no launch within the periods"),
        (changed("launch", lit(5)), "nobody to compare with"),
        (changed("launch", lit(-1)), "at least two units"),
        (rows.head(Some(0)), "at least two units"),
        (rows.drop("hits").unwrap(), "no column `hits`"),
    ] {
        let message = told(&rows);
        assert!(message.contains(said), "{message} instead of {said}");
    }
    let message = panel(&rows).synthetic_control("5").unwrap_err().to_string();
    assert!(message.contains("`unit` is 5") && message.contains("0, 1, 2, 3"), "{message}");
    let message = panel(&rows).event_study(-20_000..=3).unwrap_err().to_string();
    assert!(message.contains("range.start"), "{message}");
    let many: Vec<i64> = (0..4_000).collect();
    let many = df!(
        "unit" => many.iter().map(|row| row / 2).collect::<Vec<_>>(),
        "period" => many.iter().map(|row| row % 2).collect::<Vec<_>>(),
        "launch" => many.iter().map(|row| (*row < 8).then_some(1_i64)).collect::<Vec<_>>(),
        "value" => many.iter().map(|row| *row as f64).collect::<Vec<_>>(),
    );
    let message = panel(&many.unwrap()).difference_in_differences().unwrap_err().to_string();
    assert!(message.contains("2000 units × 2 periods"), "{message}");
    let message = panel(&rows).event_study(i64::MIN..=0).unwrap_err().to_string();
    assert!(message.contains("range.start"), "{message}");
    let message = panel(&rows).pre_trends(1).unwrap_err().to_string();
    assert!(message.contains("`leads`"), "{message}");
    let message = panel(&one("hits", -1)).counts("hits").pre_trends(3).unwrap_err().to_string();
    assert!(message.contains("1 or more"), "{message}");
}

/// Nothing depends on the order of rows.
#[test]
fn rows_may_come_in_any_order() -> Result<()> {
    let rows = fixed();
    let turned = rows.clone().lazy().reverse().collect()?;
    for of in [panel(&rows), panel(&turned)] {
        let rates = of.rates("hits", "trials").adjust(&["x"]);
        let known = panel(&rows).rates("hits", "trials").adjust(&["x"]);
        assert_eq!(rates.event_study(-6..=6)?, known.event_study(-6..=6)?);
        assert_eq!(rates.group_time_effects()?, known.group_time_effects()?);
    }
    Ok(())
}
