//! What must hold of every function here, whatever the data.

use polars::prelude::*;
use proptest::prelude::*;

use super::*;
use crate::Result;
use crate::metrics::Source;

/// Arm, outcome, before, taken, team.
type User = (bool, f64, f64, bool, u32);

fn users() -> impl Strategy<Value = (Vec<User>, Vec<User>)> {
    let user = (any::<bool>(), -1e3..1e3_f64, -1e3..1e3_f64, any::<bool>(), 0..6_u32);
    prop::collection::vec(user, 0..60).prop_flat_map(|users| {
        // Both arms are there, one of them perhaps with a single user.
        let mut users = users;
        users.extend([(false, 1.0, 0.1, false, 0), (true, 2.0, 0.2, true, 0)]);
        (Just(users.clone()), Just(users).prop_shuffle())
    })
}

fn frame(users: &[User]) -> DataFrame {
    let arm = |user: &User| if user.0 { "offer" } else { "control" };
    df!(
        "arm" => users.iter().map(arm).collect::<Vec<_>>(),
        "value" => users.iter().map(|user| user.1 / 3.0).collect::<Vec<_>>(),
        "before" => users.iter().map(|user| user.2 / 7.0).collect::<Vec<_>>(),
        "taken" => users.iter().map(|user| user.3).collect::<Vec<_>>(),
        // A team has one arm.
        "team" => users.iter().map(|user| 2 * user.4 + u32::from(user.0)).collect::<Vec<_>>(),
    )
    .unwrap()
}

type Named = (&'static str, fn(&dyn Source) -> Result<DataFrame>);

/// Every function of users.
const ALL: [Named; 14] = [
    ("proportions", |users| proportions(users, "arm", "taken", "control")),
    ("means", |users| means(users, "arm", "value", "control")),
    ("sample_ratio", |users| sample_ratio(users, "arm", &[("control", 1.0), ("offer", 1.0)])),
    ("cuped", |users| cuped(users, "arm", "value", "before", "control")),
    ("cluster_bootstrap", |users| {
        cluster_bootstrap(users, "arm", "value", "team", "control", 100, 1)
    }),
    ("complier_effect", |users| complier_effect(users, "arm", "taken", "value", "control")),
    ("segment_effects", |users| segment_effects(users, "arm", "value", "taken", "control")),
    ("interaction", |users| interaction(users, "arm", "value", "taken", "control")),
    ("honest_segment", |users| {
        honest_segment(users, "team", "arm", "value", &["taken"], "control", 1)
    }),
    ("quantile_effects", |users| {
        quantile_effects(users, "arm", "value", "team", &[0.3, 0.5], "control")
    }),
    ("winsorised_means", |users| winsorised_means(users, "arm", "value", (0.1, 0.9), "control")),
    ("post_stratified", |users| post_stratified(users, "arm", "value", "taken", "control")),
    ("uplift_curve", |users| {
        uplift_curve(users, "arm", "value", "before", "control", 3, BOOTSTRAP)
    }),
    ("qini", |users| qini(users, "arm", "value", "before", "control", BOOTSTRAP)),
];

const BOOTSTRAP: Bootstrap = Bootstrap { draws: 100, seed: 1 };

proptest! {
    /// Neither in what order rows come, nor whether the frame is lazy and has no order at all.
    #[test]
    fn the_order_of_rows_does_not_matter((users, shuffled) in users()) {
        let (users, shuffled) = (frame(&users), frame(&shuffled));
        let keys = ["arm", "value", "before", "taken", "team"].map(col);
        let grouped = users.clone().lazy().group_by(keys).agg([len()]);
        let distinct = grouped.clone().collect().unwrap().height() == users.height();
        for (name, of) in ALL {
            let expected = of(&users).unwrap();
            for found in [of(&shuffled), of(&shuffled.clone().lazy())] {
                let found = found.unwrap();
                prop_assert!(expected.equals_missing(&found), "{}: {} {}", name, expected, found);
            }
            if distinct {
                let found = of(&grouped).unwrap();
                prop_assert!(expected.equals_missing(&found), "{}: {} {}", name, expected, found);
            }
        }
    }

    /// No result is an infinity or no number: what is not known is null.
    #[test]
    fn every_number_is_one((users, _) in users(), scale in prop::sample::select(vec![0.0, 1e-200, 1.0, 1e200])) {
        let scaled = frame(&users).lazy().with_columns([col("value") * lit(scale), col("before") * lit(scale)]);
        for (name, of) in ALL {
            let found = of(&scaled).unwrap();
            for column in found.columns().iter().filter(|column| column.dtype().is_float()) {
                let values = column.f64().unwrap();
                prop_assert!(values.iter().flatten().all(f64::is_finite), "{}: {}", name, found);
            }
        }
    }
}

#[test]
fn values_that_are_none_are_named() {
    for bad in [None, Some(f64::NAN), Some(f64::INFINITY)] {
        let users = df!(
            "arm" => ["control", "offer"], "value" => [Some(1.0), bad], "before" => [1.0, 2.0],
            "taken" => [0, 1], "team" => [0, 1],
        )
        .unwrap();
        for (name, of) in
            ALL.iter().filter(|(name, _)| !["proportions", "sample_ratio"].contains(name))
        {
            let said = of(&users).unwrap_err().to_string();
            assert!(said.contains("`value`"), "{name}: {said}");
        }
    }
}
