//! Funnels of one user: the examples that tools publish, what is said of them in `metrics::definitions`, and
//! the recorded answers of ClickHouse and of PostHog's rules (tests/reference/funnels.py).

use std::collections::BTreeMap;

use casebook::metrics::funnel::{Excluded, Funnel, Mode, Order, Step};
use casebook::polars::prelude::*;
use serde_json::Value;

use super::{dated, recorded, steps, whole};
use casebook::chrono::TimeDelta;

/// The one user's events by name, one a minute; with + between them, of the same minute.
fn minutes(names: &str) -> LazyFrame {
    let (mut at, mut all) = (vec![], vec![]);
    for (minute, names) in (0_i64..).zip(names.split(' ')) {
        for name in names.split('+') {
            at.push(minute * 60_000_000);
            all.push(name);
        }
    }
    let frame = df!("user_id" => vec![1_i64; all.len()], "timestamp" => at, "event" => all);
    dated(frame.unwrap(), "timestamp")
}

/// The furthest step the user reaches, from 1.
fn level(funnel: &Funnel, names: &str) -> i64 {
    whole(&funnel.conversion(&minutes(names)).unwrap(), "users").iter().sum()
}

// ---- Funnels of one user: source, what it says, the funnel, the events, the level.

struct Case {
    source: &'static str,
    says: &'static str,
    funnel: Funnel,
    events: &'static str,
    level: i64,
}

fn cases() -> Vec<Case> {
    use Mode::*;
    let abcd = || steps(&["A", "B", "C", "D"]);
    let abc = || steps(&["A", "B", "C"]);
    let aab = || steps(&["A", "A", "B"]);
    let strict = |funnel: Funnel| funnel.order(Order::Strict);
    let like = |funnel: Funnel, modes: &[Mode]| funnel.window_funnel(modes.iter().copied());
    let exclude =
        |funnel: Funnel, after, before| funnel.exclude(col("event").eq(lit("x")), after, before);
    let void =
        |funnel: Funnel, after, before| exclude(funnel, after, before).excluded(Excluded::Voids);
    let sale = || col("event").eq(lit("A:sale"));
    let any_a = || sale().or(col("event").eq(lit("A")));
    let checkout = || steps(&["checkout", "detail", "checkout", "pay"]).window(TimeDelta::hours(1));
    let clickhouse = "ClickHouse, windowFunnel";
    let doris = "Doris, WINDOW_FUNNEL";
    let posthog = "PostHog, Funnels";
    let amplitude = "Amplitude, How Amplitude computes funnels";
    let bloomreach = "Bloomreach, Funnels: technical reference";
    let signup = || col("event").eq(lit("sign-up-click"));
    let click = || {
        col("event")
            .is_in(lit(Series::new("".into(), ["click", "sign-up-click"])).implode(true), false)
    };
    let clicks =
        Funnel::new([Step::new("any button", click()), Step::new("sign-up button", signup())]);
    let case = |source, says, funnel, events, level| Case { source, says, funnel, events, level };
    vec![
        case(clickhouse, "without a mode the D is skipped", abc(), "A B D C", 3),
        case(
            clickhouse,
            "strict_order stops at the D of A B D C",
            like(abc(), &[StrictOrder]),
            "A B D C",
            2,
        ),
        case("ours", "strict: the same there", strict(abc()), "A B D C", 2),
        case(
            clickhouse,
            "strict_order: steps may be repeated",
            like(abc(), &[StrictOrder]),
            "A A B B C C",
            3,
        ),
        case(
            posthog,
            "strict: the step where one stands may come again",
            strict(abc()).repeatable(),
            "A A B B C C",
            3,
        ),
        case(posthog, "strict: and nothing else", strict(abc()).repeatable(), "A B A C", 2),
        case("ours", "strict: nothing lies between", strict(abc()), "A A B B C C", 2),
        case(
            clickhouse,
            "strict_order stops at a C before its time",
            like(abc(), &[StrictOrder]),
            "A C A B",
            1,
        ),
        case("ours", "strict: another attempt may follow", strict(abc()), "A C A B", 2),
        case(
            clickhouse,
            "allow_reentry passes over that C",
            like(abc(), &[StrictOrder, AllowReentry]),
            "A C A B",
            2,
        ),
        case(
            clickhouse,
            "strict_order with allow_reentry: a step may come again",
            like(checkout(), &[StrictOrder, AllowReentry]),
            "checkout detail checkout pay",
            4,
        ),
        case(
            clickhouse,
            "without it the first checkout is also a third step before its time: 1, where its documentation says 2",
            like(checkout(), &[StrictOrder]),
            "checkout detail checkout pay",
            1,
        ),
        case(
            "ours",
            "strict: a step may come again",
            strict(checkout()),
            "checkout detail checkout pay",
            4,
        ),
        case(
            clickhouse,
            "strict_deduplication: a repeated B ends the chain A B C B D",
            like(abcd(), &[StrictDeduplication]),
            "A B C B D",
            3,
        ),
        case("ours", "unrepeated: the same there", abcd().unrepeated(), "A B C B D", 3),
        case(
            clickhouse,
            "strict_deduplication: a repeated first step goes on",
            like(abc(), &[StrictDeduplication]),
            "A B A C",
            3,
        ),
        case("ours", "unrepeated: it begins anew", abc().unrepeated(), "A B A C", 2),
        case(
            clickhouse,
            "strict_deduplication looks at no later attempt",
            like(abc(), &[StrictDeduplication]),
            "A B B A B C",
            2,
        ),
        case("ours", "unrepeated: the later attempt counts", abc().unrepeated(), "A B B A B C", 3),
        case(
            clickhouse,
            "strict_increase remembers only the latest A",
            like(abc(), &[StrictIncrease]),
            "A A+B",
            1,
        ),
        case("ours", "increasing: the earlier A leads to the B", abc().increasing(), "A A+B", 2),
        case(clickhouse, "one event may serve two steps", like(aab(), &[]), "A B", 3),
        case("ours", "as with strict_once, it serves one", aab(), "A B", 1),
        case(doris, "deduplication: A B C B D has level 3", abcd().unrepeated(), "A B C B D", 3),
        case(doris, "fixed: A B D C has level 2", abcd().order(Order::Strict), "A B D C", 2),
        case(posthog, "sequential: any number of events may lie between", abc(), "A x y B x C", 3),
        case(posthog, "strict: no event between", abc().order(Order::Strict), "A x B C", 1),
        case(posthog, "any order: in any sequence", abc().order(Order::Any), "C A B", 3),
        case(
            posthog,
            "two steps of one event take two events: one click is not enough",
            clicks.clone(),
            "sign-up-click",
            1,
        ),
        case(
            posthog,
            "two clicks, the second on the button asked for",
            clicks,
            "click x sign-up-click",
            2,
        ),
        case(posthog, "exclusion: the attempt does not count", void(abc(), 1, 2), "A x B C", 0),
        case(posthog, "exclusion: another attempt may", void(abc(), 1, 2), "A x B C A B", 2),
        case(posthog, "exclusion: it must get as far", void(abc(), 1, 2), "A x B A", 0),
        case(posthog, "exclusion: the one that stops there, too", void(abc(), 1, 2), "A x A", 1),
        case(posthog, "exclusion elsewhere does not matter", void(abc(), 1, 2), "x A B x C", 3),
        case(
            posthog,
            "exclusion: after the window it is none",
            void(abc(), 1, 2).window(TimeDelta::minutes(1)),
            "A y x B",
            1,
        ),
        case(
            posthog,
            "exclusion at the moment of a step is overlooked",
            void(abc(), 2, 3),
            "A B+x C",
            3,
        ),
        case("ours", "otherwise it comes after the step", exclude(abc(), 2, 3), "A B+x C", 2),
        case(posthog, "exclusion in any order", void(abc(), 1, 3).order(Order::Any), "C A x B", 1),
        case(
            "ours",
            "in any order an attempt ends there",
            exclude(abc(), 1, 3).order(Order::Any),
            "C A x B",
            2,
        ),
        case("ours", "exclusion: the attempt ends", exclude(abc(), 1, 2), "A x B C", 1),
        case(
            "ours",
            "exclusion: the user leaves",
            exclude(abc(), 1, 2).excluded(Excluded::Leaves),
            "A x B A B C",
            0,
        ),
        case(
            posthog,
            "simultaneous events of a name that is two steps",
            steps(&["A", "B", "A"]),
            "A+A+B",
            3,
        ),
        case(
            posthog,
            "ten simultaneous events that are ten steps, four names",
            steps(&["one", "two", "two", "four", "four", "six", "two", "four", "six", "one"]),
            "one+two+two+four+four+six+two+four+six+one",
            10,
        ),
        case(
            "ours",
            "strict: what is simultaneous lies between; not in PostHog",
            strict(abc()),
            "A B+x C",
            2,
        ),
        case(
            posthog,
            "first time for the user: a later one does not count",
            Funnel::new([Step::event("A").first_time(), Step::event("B")])
                .window(TimeDelta::minutes(1)),
            "A y y A B",
            1,
        ),
        case(
            posthog,
            "first time for the user, of any kind: the first A is no sale",
            Funnel::new([Step::new("sale", sale()).first_of(any_a()), Step::event("B")]),
            "A A:sale B",
            0,
        ),
        case(amplitude, "this order: other events may lie between", abc(), "A x B x C", 3),
        case(amplitude, "exact order: none may", abc().order(Order::Strict), "A B x C", 2),
        case(
            amplitude,
            "any order: all steps, whatever the order",
            abc().order(Order::Any),
            "B C A",
            3,
        ),
        case(
            amplitude,
            "A A B needs A twice: once is not enough",
            steps(&["A", "A", "B"]),
            "A B",
            1,
        ),
        case(amplitude, "A A B needs A twice", steps(&["A", "A", "B"]), "A A B", 3),
        case(
            amplitude,
            "four searches and one add are one conversion",
            steps(&["search", "add"]),
            "search search search search add",
            2,
        ),
        case(bloomreach, "A B C D E in order", steps(&["A", "B", "C", "D", "E"]), "A B C D E", 5),
        case(
            bloomreach,
            "an F between does not matter",
            steps(&["A", "B", "C", "D", "E"]),
            "A B F C D E",
            5,
        ),
        case(
            bloomreach,
            "without D, E does not count",
            steps(&["A", "B", "C", "D", "E"]),
            "A B C E",
            3,
        ),
        case(
            bloomreach,
            "an early E does not harm",
            steps(&["A", "B", "C", "D", "E"]),
            "A B C E D E",
            5,
        ),
    ]
}

#[test]
fn funnels_of_one_user() {
    for Case { source, says, funnel, events, level: expected } in cases() {
        let found = level(&funnel, events);
        assert_eq!(found, expected, "{source}: {says}");
    }
}

/// Of two attempts that get to the end at the same event PostHog counts the one that took the optional step, we
/// the one that began last.
#[test]
fn an_optional_step_of_an_earlier_attempt_is_not_counted() {
    let funnel = Funnel::new([Step::event("A"), Step::event("B").optional(), Step::event("C")]);
    let found = funnel.conversion(&minutes("A B A C")).unwrap();
    assert_eq!(whole(&found, "users"), [1, 0, 1]);
}

// ---- Recorded answers.

/// A funnel of steps that are letters, or several letters of which one takes the step.
pub fn of_letters<'s>(steps: impl IntoIterator<Item = &'s str>, seconds: i64) -> Funnel {
    let step = |letters: &str| {
        let one = |letter: char| col("event").eq(lit(letter.to_string()));
        Step::new(letters, letters.chars().map(one).reduce(Expr::or).unwrap())
    };
    Funnel::new(steps.into_iter().map(step)).window(TimeDelta::seconds(seconds))
}

/// The same of a recorded case.
fn recorded_funnel(steps: &Value, window: &Value) -> Funnel {
    let steps = steps.as_array().unwrap().iter().map(|letters| letters.as_str().unwrap());
    of_letters(steps, window.as_i64().unwrap())
}

/// How far each user gets, whose events are written "a1 b3".
pub fn levels(funnel: &Funnel, users: &[&str]) -> Vec<i64> {
    let times = funnel.times(&super::lettered(users)).unwrap();
    let mut furthest = vec![0; users.len()];
    for (user, step) in whole(&times, "user_id").into_iter().zip(whole(&times, "step")) {
        furthest[user as usize] = furthest[user as usize].max(step);
    }
    furthest
}

/// Cases of the same question, asked at once.
fn asked_alike(
    cases: &[Value],
    question: impl Fn(&Value) -> String,
) -> BTreeMap<String, Vec<&Value>> {
    let mut alike: BTreeMap<String, Vec<&Value>> = BTreeMap::new();
    for case in cases {
        alike.entry(question(case)).or_default().push(case);
    }
    alike
}

#[test]
fn windowfunnel_in_its_modes_is_clickhouses() {
    let recorded = recorded("clickhouse.json");
    let modes: Vec<Vec<&str>> = recorded["modes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|on| on.as_array().unwrap().iter().map(|mode| mode.as_str().unwrap()).collect())
        .collect();
    let cases = recorded["cases"].as_array().unwrap();
    let (mut compared, mut differ) = (0, 0);
    for alike in asked_alike(cases, |case| format!("{} {}", case[0], case[1])).into_values() {
        let users: Vec<&str> = alike.iter().map(|case| case[2].as_str().unwrap()).collect();
        for (place, on) in modes.iter().enumerate() {
            let funnel = || recorded_funnel(&alike[0][0], &alike[0][1]);
            let mut alternatives =
                vec![funnel().window_funnel(on.iter().map(|mode| match *mode {
                    "strict_deduplication" => Mode::StrictDeduplication,
                    "strict_order" => Mode::StrictOrder,
                    "strict_increase" => Mode::StrictIncrease,
                    "strict_once" => Mode::StrictOnce,
                    _ => Mode::AllowReentry,
                }))];
            match on.as_slice() {
                ["strict_once"] => alternatives.push(funnel()),
                ["strict_increase", "strict_once"] => alternatives.push(funnel().increasing()),
                _ => {}
            }
            for funnel in alternatives {
                for (case, found) in alike.iter().zip(levels(&funnel, &users)) {
                    assert_eq!(case[3][place], found, "{on:?} of {case}");
                    compared += 1;
                    differ += usize::from(case[3][place] != case[3][0]);
                }
            }
        }
    }
    // Twenty-four combinations of modes, two of them in two ways; most matter somewhere.
    assert_eq!(compared, 26 * cases.len());
    assert!(differ > compared / 20, "{differ} of {compared}");
}

#[test]
fn void_attempts_are_posthogs() {
    let recorded = recorded("posthog.json");
    let cases = recorded["cases"].as_array().unwrap();
    let question = |case: &Value| format!("{} {} {} {}", case[0], case[1], case[2], case[3]);
    let mut compared = 0;
    for alike in asked_alike(cases, question).into_values() {
        let users: Vec<&str> = alike.iter().map(|case| case[4].as_str().unwrap()).collect();
        let mut funnel = recorded_funnel(&alike[0][1], &alike[0][2]).order(match &alike[0][0] {
            order if order == "any" => Order::Any,
            order if order == "strict" => Order::Strict,
            _ => Order::Sequential,
        });
        if alike[0][0] == "strict" {
            funnel = funnel.repeatable();
        }
        if let Some(exclusion) = alike[0][3].as_array() {
            let step = |place: usize| exclusion[place].as_u64().unwrap() as usize;
            let excluded = col("event").eq(lit("x"));
            funnel = funnel.exclude(excluded, step(0), step(1)).excluded(Excluded::Voids);
        }
        for (case, found) in alike.iter().zip(levels(&funnel, &users)) {
            assert_eq!(case[5], found, "{case}");
            compared += 1;
        }
    }
    assert_eq!(compared, 2_000);
}
