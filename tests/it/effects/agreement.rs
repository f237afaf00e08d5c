//! The same figures as statsmodels 0.15.0, SciPy 1.17.1 and scikit-uplift 0.5.1, on fixed data.

use casebook::metrics::experiment::{self, Bootstrap, PriorFit, exaggeration};
use casebook::polars::prelude::*;

use super::{arm, real};

fn close(what: &str, ours: f64, theirs: f64) {
    within(what, ours, theirs, 1e-9);
}

fn within(what: &str, ours: f64, theirs: f64, tolerance: f64) {
    assert!(
        (ours - theirs).abs() <= tolerance * theirs.abs().max(1e-3),
        "{what}: {ours}, theirs {theirs}"
    );
}

const N: i64 = 120;

fn treated(user: i64) -> bool {
    user * 7 % 13 < 6
}

fn segment(user: i64) -> i64 {
    user * 5 % 3
}

fn users() -> DataFrame {
    let ids: Vec<i64> = (0..N).collect();
    let base = |user: i64| ((user * 37 + 11) % 101) as f64 / 10.0;
    let value =
        |user: i64| base(user) + if treated(user) { segment(user) as f64 * 1.5 } else { 0.0 };
    let bought = |user: i64| {
        let lift = if treated(user) { segment(user) * 30 } else { 0 };
        (user * 37 + (user % 5) * 11 + lift) % 100 < 45
    };
    let score = |user: i64, steps: i64| ((user * 53 + 5) % steps) as f64 / 101.0;
    df!(
        "arm" => ids.iter().map(|user| arm(treated(*user))).collect::<Vec<_>>(),
        "segment" => ids.iter().map(|user| segment(*user)).collect::<Vec<_>>(),
        "value" => ids.iter().map(|user| value(*user)).collect::<Vec<_>>(),
        "base" => ids.iter().map(|user| base(*user)).collect::<Vec<_>>(),
        "bought" => ids.iter().map(|user| bought(*user)).collect::<Vec<_>>(),
        "fine" => ids.iter().map(|user| score(*user, 101)).collect::<Vec<_>>(),
        "coarse" => ids.iter().map(|user| score(*user, 7)).collect::<Vec<_>>(),
        "user" => ids,
    )
    .unwrap()
}

/// SciPy: `ttest_ind(new, old, equal_var=False)` in each segment; statsmodels: `multipletests(…,
/// "holm")` and `combine_effects`.
#[test]
fn segments() {
    let found = experiment::segment_effects(&users(), "arm", "value", "segment", "old").unwrap();
    let theirs = [
        [
            0.014_786_967_418_547_015,
            -1.890_427_956_023_900_8,
            1.920_001_890_860_994_8,
            0.987_543_795_563_536,
        ],
        [
            2.058_395_989_974_937_6,
            0.156_472_112_104_019_57,
            3.960_319_867_845_855_8,
            0.034_669_090_697_454_03,
        ],
        [
            2.709_090_909_090_908,
            0.778_287_103_196_510_8,
            4.639_894_714_985_306,
            0.007_267_831_184_587_06,
        ],
    ];
    for (row, theirs) in theirs.iter().enumerate() {
        for (column, theirs) in ["difference", "low", "high", "p_value"].into_iter().zip(theirs) {
            close(column, real(&found, column, row), *theirs);
        }
    }
    let holm = [0.987_543_795_563_536, 0.069_338_181_394_908_06, 0.021_803_493_553_761_18];
    for (row, theirs) in holm.into_iter().enumerate() {
        close("Holm", real(&found, "adjusted", row), theirs);
    }
    let test = experiment::interaction(&users(), "arm", "value", "segment", "old").unwrap();
    close("Q", real(&test, "q", 0), 4.433_139_764_462_627);
    close("p", real(&test, "p_value", 0), 0.108_982_290_521_668_6);
    close("I²", real(&test, "i_squared", 0), 0.548_852_482_379_960_8);
}

/// statsmodels: least squares on the arm, the strata and their products, centred, with
/// `cov_type="HC2"`.
#[test]
fn post_stratified_is_the_regression_with_interactions() {
    let found = experiment::post_stratified(&users(), "arm", "value", "segment", "old").unwrap();
    close("difference", real(&found, "difference", 0), 1.594_091_288_828_13);
    let error = real(&found, "difference", 0) / real(&found, "t", 0);
    close("error", error, 0.545_045_152_272_625_1);
}

fn days(last: fn(i64) -> i64) -> DataFrame {
    let (mut arms, mut user, mut day, mut value) = (vec![], vec![], vec![], vec![]);
    for id in 0..24_i64 {
        for at in 0..last(id) {
            let effect = if id % 2 == 1 { 2.0 - 0.3 * at as f64 } else { 0.0 };
            arms.push(arm(id % 2 == 1));
            user.push(id);
            day.push(at);
            let noise = ((id * 17 + at * 29 + id * at * 3) % 41) as f64 / 10.0;
            value.push(noise + id as f64 / 5.0 + effect);
        }
    }
    df!("arm" => arms, "user" => user, "day" => day, "value" => value).unwrap()
}

/// statsmodels: least squares on days and their products with the arm; `S_crosssection` of residuals
/// by user, each times √(n / (n − 1)) for the n users of its arm and day. With all days of all users it
/// is SciPy's Welch test of each user's slope.
#[test]
fn the_trend_of_daily_effects() {
    let trend =
        |last| experiment::effect_trend(&days(last), "arm", "user", "day", "value", "old").unwrap();
    let found = trend(|user| 3 + user * 5 % 6);
    close("slope", real(&found, "slope", 0), -0.287_897_657_213_316_34);
    close("average", real(&found, "average", 0), 1.200_953_389_830_503_6);
    let error = real(&found, "slope", 0) / real(&found, "t", 0);
    close("error", error, 0.170_550_739_352_762_27);
    let all = trend(|_| 6);
    for (column, theirs) in [
        ("slope", -0.195_238_095_238_095_24),
        ("low", -0.481_249_247_484_834_8),
        ("high", 0.090_773_057_008_644_33),
        ("df", 21.291_230_292_013_61),
        ("p_value", 0.170_542_488_327_616_73),
    ] {
        close(column, real(&all, column, 0), theirs);
    }
}

/// statsmodels: `combine_effects(…, method_re="dl")`; SciPy: `minimize` of the likelihood.
#[test]
fn the_prior_of_many_experiments() {
    let effect: Vec<f64> = (0..20).map(|test| f64::from(test * 17 % 29 - 10) / 10.0).collect();
    let error: Vec<f64> = (0..20).map(|test| 0.2 + f64::from(test * 7 % 11) / 20.0).collect();
    let tests = df!("effect" => effect, "se" => error).unwrap();
    let prior = |fit| experiment::shrink(&tests, "effect", "se", fit).unwrap().prior;
    let found = prior(PriorFit::Moments);
    close("variance", real(&found, "sd", 0).powi(2), 0.702_403_419_034_012_4);
    close("mean", real(&found, "mean", 0), 0.340_847_447_213_184_8);
    let half = 1.959_963_984_540_054 * 0.212_652_610_679_375_08;
    close("low", real(&found, "mean_low", 0), 0.340_847_447_213_184_8 - half);
    let found = prior(PriorFit::MaximumLikelihood);
    within("variance", real(&found, "sd", 0).powi(2), 0.576_529_325_161_238_8, 1e-6);
    within("mean", real(&found, "mean", 0), 0.337_692_073_046_504_5, 1e-6);
}

/// SciPy: `quad` of the normal density beyond 1.96.
#[test]
fn exaggeration_is_the_integral() {
    for (effect, power, wrong_sign, ratio) in [
        (0.05, 0.050_286_425_739_456_804, 0.441_819_041_262_893_1, 46.771_159_878_588_44),
        (0.3, 0.060_372_592_132_683_575, 0.197_303_820_700_053_8, 7.872_864_548_388_492),
        (1.0, 0.170_075_045_753_087_52, 0.009_045_271_962_580_561, 2.490_928_442_503_351_5),
        (2.8, 0.799_556_871_435_651_5, 1.210_842_622_717_8e-6, 1.125_218_781_787_892_5),
    ] {
        let found = exaggeration(effect, 1.0, 0.05).unwrap();
        close("power", found.power, power);
        close("type S", found.wrong_sign, wrong_sign);
        close("type M", found.ratio, ratio);
    }
}

/// scikit-uplift: `qini_auc_score` and `qini_curve`, with and without equal scores.
#[test]
fn uplift() {
    let draws = Bootstrap { draws: 100, seed: 1 };
    for (score, qini, area, half) in [
        ("fine", -0.052_613_743_127_371_32, -0.018_869_406_145_224_754, -0.026_353_686_635_944_697),
        ("coarse", 0.321_695_015_209_187_6, 0.115_372_781_635_802_46, 0.216_736_694_677_871_13),
    ] {
        let found = experiment::qini(&users(), "arm", "bought", score, "old", draws).unwrap();
        close("coefficient", real(&found, "qini", 0), qini);
        close("area", real(&found, "area", 0), area);
        close("gain", real(&found, "gain", 0), 0.029_017_857_142_857_144);
        let curve =
            experiment::uplift_curve(&users(), "arm", "bought", score, "old", 2, draws).unwrap();
        close("curve", real(&curve, "gain", 1), half);
    }
}

/// statsmodels: the error of the share at most the quantile, clustered; NumPy: `quantile`. The
/// ranks are the paper's.
#[test]
fn clustered_quantiles() {
    // Both arms hold the same rows, of users of their own.
    let rows = |arm: &str, first: i64| {
        let user: Vec<i64> = (0..N).map(|row| first + row * 11 % 17).collect();
        let value = users().column("base").unwrap().clone().with_name("value".into());
        let arm = Column::new("arm".into(), vec![arm; N as usize]);
        DataFrame::new_infer_height(vec![arm, Column::new("user".into(), user), value]).unwrap()
    };
    let both = rows("old", 0).vstack(&rows("new", 100)).unwrap();
    let found =
        experiment::quantile_effects(&both, "arm", "value", "user", &[0.5, 0.8], "old").unwrap();
    let mut sorted: Vec<f64> =
        rows("old", 0).column("value").unwrap().f64().unwrap().iter().flatten().collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let theirs: [(f64, f64, f64); 2] =
        [(0.5, 5.05, 0.028_489_154_856_619_5), (0.8, 8.02, 0.022_267_315_359_812_342)];
    for (row, (q, value, share)) in theirs.into_iter().enumerate() {
        close("quantile", real(&found, "value", row), value);
        let reach = 1.959_963_984_540_054 * share;
        let (low, high) = ((120.0 * (q - reach)).floor(), (120.0 * (q + reach)).ceil());
        let width = sorted[high as usize - 1] - sorted[low as usize - 1];
        close("low", real(&found, "low", row), -width / 2.0 * 2.0_f64.sqrt());
    }
}

/// NumPy: `clip` at the quantiles of all values; SciPy: `ttest_ind(…, equal_var=False)`.
#[test]
fn winsorised_means() {
    let found = experiment::winsorised_means(&users(), "arm", "value", (0.05, 0.9), "old").unwrap();
    for (column, theirs) in [
        ("least", 0.785),
        ("most", 9.8),
        ("difference", 1.312_790_178_571_429_3),
        ("low", 0.281_825_342_718_131),
        ("high", 2.343_755_014_424_728),
        ("df", 115.990_957_488_108_75),
        ("p_value", 0.013_023_205_044_691_98),
    ] {
        close(column, real(&found, column, 0), theirs);
    }
    assert_eq!(found.column("capped").unwrap().i64().unwrap().get(0), Some(17));
}
