//! What must hold of every function of subjects, whatever the data.

use polars::prelude::*;
use proptest::prelude::*;

use super::*;
use crate::Result;
use crate::metrics::Source;

/// Duration, observed, group.
type Subject = (f64, bool, &'static str);

fn subjects() -> impl Strategy<Value = (Vec<Subject>, Vec<Subject>)> {
    // Ties and times that differ by little.
    let duration = prop_oneof![(0..8_u32).prop_map(f64::from), 0.0..8.0_f64, Just(-0.0)];
    let subject = (duration, any::<bool>(), prop::sample::select(vec!["a", "b", "c"]));
    prop::collection::vec(subject, 1..60).prop_flat_map(|mut subjects| {
        // Two groups or more.
        subjects.extend([(3.0, true, "a"), (4.0, false, "b")]);
        (Just(subjects.clone()), Just(subjects).prop_shuffle())
    })
}

fn frame(subjects: &[Subject]) -> DataFrame {
    df!(
        "duration" => subjects.iter().map(|subject| subject.0).collect::<Vec<_>>(),
        "observed" => subjects.iter().map(|subject| subject.1).collect::<Vec<_>>(),
        "plan" => subjects.iter().map(|subject| subject.2).collect::<Vec<_>>(),
    )
    .unwrap()
}

type Named = (&'static str, fn(&dyn Source) -> Result<DataFrame>);

/// What ends it is one of two outcomes.
fn two_outcomes(subjects: &dyn Source) -> Result<LazyFrame> {
    let early = when(col("duration").lt(lit(4.0))).then(lit("match")).otherwise(lit("withdrawn"));
    let outcome = when(col("observed")).then(early).otherwise(lit(NULL)).alias("outcome");
    Ok(crate::frame::fetch(subjects, "subjects", &["duration", "observed", "plan"])?
        .lazy()
        .with_column(outcome))
}

/// Every function of subjects.
const ALL: [Named; 6] = [
    ("kaplan_meier", |subjects| kaplan_meier(subjects, Some("plan"))),
    ("median", |subjects| super::median(subjects, Some("plan"))),
    ("restricted_mean", |subjects| restricted_mean(subjects, Some("plan"), 5.0)),
    ("log_rank", |subjects| log_rank(subjects, "plan")),
    ("cumulative_incidence", |subjects| {
        cumulative_incidence(&two_outcomes(subjects)?, Some("plan"))
    }),
    ("hazard", |subjects| hazard(subjects, Some("plan"), 0.7)),
];

proptest! {
    /// Neither in what order rows come, nor whether the frame is lazy and has no order at all. No number is
    /// infinite, or none.
    #[test]
    fn the_order_of_rows_does_not_matter((subjects, shuffled) in subjects()) {
        let (subjects, shuffled) = (frame(&subjects), frame(&shuffled));
        let row = [col("duration"), col("observed"), col("plan")];
        let grouped = subjects.clone().lazy().group_by(row).agg([len()]);
        let distinct = grouped.clone().collect().unwrap().height() == subjects.height();
        for (name, of) in ALL {
            let expected = of(&subjects).unwrap();
            let mut others = vec![of(&shuffled).unwrap(), of(&shuffled.clone().lazy()).unwrap()];
            if distinct {
                others.push(of(&grouped).unwrap());
            }
            for found in others {
                prop_assert!(expected.equals_missing(&found), "{}: {} {}", name, expected, found);
            }
            for column in expected.columns().iter().filter(|column| column.dtype().is_float()) {
                let values = column.f64().unwrap();
                prop_assert!(values.iter().flatten().all(f64::is_finite), "{}: {}", name, expected);
            }
        }
    }
}

proptest! {
    /// All outcomes and the share still waiting make one; who still waits is Kaplan and Meier's curve.
    #[test]
    fn incidences_and_those_who_wait_make_one((subjects, _) in subjects()) {
        let lives = two_outcomes(&frame(&subjects)).unwrap().collect().unwrap();
        let found = cumulative_incidence(&lives, None).unwrap();
        let waiting = kaplan_meier(&lives, None).unwrap();
        let sums = found.lazy().group_by([col("time")]).agg([col("incidence").sum()])
            .sort(["time"], SortMultipleOptions::default()).collect().unwrap();
        // Nobody left: no outcome, and no rows.
        prop_assert!(sums.height() == waiting.height() || sums.height() == 0);
        let sums = sums.column("incidence").unwrap().f64().unwrap().clone();
        let waiting = waiting.column("survival").unwrap().f64().unwrap().clone();
        for (incidence, waiting) in sums.iter().flatten().zip(waiting.iter().flatten()) {
            prop_assert!((incidence + waiting - 1.0).abs() < 1e-12);
        }
    }
}

#[test]
fn nobody_and_one_subject() -> Result<()> {
    let one = frame(&[(3.0, true, "a")]);
    for (name, of) in ALL.iter().filter(|(name, _)| *name != "log_rank") {
        assert_eq!(of(&one.head(Some(0)))?.height(), 0, "{name}");
        assert!(of(&one)?.height() >= 1, "{name}");
    }
    assert!(log_rank(&one, "plan").unwrap_err().to_string().contains("two or more"));
    Ok(())
}
