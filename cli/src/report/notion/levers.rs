//! What the written report says about levers: claims and pilots, options and twin worlds, and what to test next.

use casebook::Result;
use casebook::cases::notion::{TEST_MONTHS, deck_claims};
use casebook::frame::Verbs;
use casebook::metrics::experiment::PowerAnalysis;
use polars::prelude::*;

use super::facts::{Amount, Facts, NOTHING, SMALL, cents, named, row, signed};
use super::grid::{grid, table};
use super::panels::{money, number_at, percent, text, whole};
use super::pilots::{FUTURES, HORIZON};

/// The rise of retention in month 1 that a test of a fast start should detect.
const RISE: f64 = 0.02;

/// Joins names: "a, b and c".
fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [before @ .., last] => format!("{} and {last}", before.join(", ")),
    }
}

/// Formats a p-value: "0.04", "below 0.001".
fn chance(p_value: f64) -> String {
    if p_value < 0.001 { "below 0.001".to_owned() } else { format!("{p_value:.3}") }
}

/// Says in a sentence what to begin with, what is expected of it, and what came of it.
pub(super) fn summary(facts: Facts) -> Result<String> {
    let chosen = facts.chosen()?;
    let deck = facts.expected("deck's order")?;
    if chosen == NOTHING {
        return Ok(format!(
            "No lever is expected to gain more than **doing nothing** in twelve months. From the deck's order we expect {}.",
            deck.dollars()
        ));
    }
    Ok(format!(
        "The choice is **{}**: from what the pilots did, we expect **{}** in twelve months after costs. In twin worlds, that choice gains {}, and the deck's order {}.",
        facts.told(&chosen)?,
        facts.expected(&chosen)?.dollars(),
        money(facts.happened(&chosen)?.value),
        money(facts.happened("deck's order")?.value)
    ))
}

/// Writes the section about growth opportunities.
pub(super) fn opportunities(
    facts: Facts,
    picture: &dyn Fn(&str) -> Result<String>,
) -> Result<String> {
    Ok([
        "## Growth opportunities".to_owned(),
        "### What the pilots saw".to_owned(),
        company(facts)?,
        claims(facts)?,
        picture("levers")?,
        before(facts)?,
        picture("event_study")?,
        side_effects(facts)?,
        "### What to expect of a year".to_owned(),
        expectations(facts)?,
        picture("options")?,
        "### What came of it in twin worlds".to_owned(),
        twins(facts)?,
        picture("twins")?,
        overlap(facts)?,
        picture("overlap")?,
    ]
    .join("\n\n"))
}

/// Says whose pilots these are.
fn company(facts: Facts) -> Result<String> {
    let launches = facts.study.frame("pilot_launches")?;
    let (users, months) = (facts.company("sign-ups without levers")?, facts.company("months")?);
    let own = (facts.study.key("users", "value")? - users).abs() < 0.5;
    let which = match own {
        true => "the same company, with launches",
        false => {
            "a company that follows the same rules, large and old enough for pilots to be read"
        }
    };
    Ok(format!(
        "Each lever was launched in two regions, one after the other: {} launches, which reach those who sign up there from then on. These are the pilots of {which}: {} sign-ups in {months} months, {} with those whom levers brought. The tables in `data/` are those of the company without launches. Difference-in-differences compares the change where a lever was launched with the change where it wasn't yet, adjusted for the other levers. Lifts are relative to the months before any launch.",
        launches.height(),
        whole(users),
        whole(facts.company("sign-ups")?)
    ))
}

fn claims(facts: Facts) -> Result<String> {
    let heads = ["lever", "lifts", "the deck", "the pilots", "revenue, the pilots"];
    let rows = facts
        .claims()?
        .into_iter()
        .map(|one| {
            vec![
                one.lever,
                one.stage,
                one.claim.map_or("no figure".to_owned(), signed),
                one.lift.lift(),
                one.revenue.lift(),
            ]
        })
        .collect::<Vec<_>>();
    let wrong: Vec<String> = facts
        .claims()?
        .into_iter()
        .filter(super::facts::Held::contradicted)
        .map(|one| {
            let side = if one.claim.unwrap_or(0.0) > one.lift.high { "less" } else { "more" };
            format!("{} does {side} for {}", one.lever, one.stage)
        })
        .collect();
    let verdict = match wrong.as_slice() {
        [] => "No interval excludes the deck's figure.".to_owned(),
        _ => format!(
            "Where the interval excludes the deck's figure, {} than the deck says.",
            listed(&wrong)
        ),
    };
    Ok(format!(
        "{}\n\nThe deck gives each lever the same lift of revenue as of its stage. Visitors aren't recorded by region, so sign-ups stand in for them. {verdict}",
        grid(&heads, &["---", "---", "---:", "---:", "---:"], &rows)
    ))
}

/// Says whether regions changed alike before the launches.
fn before(facts: Facts) -> Result<String> {
    let claims = facts.claims()?;
    let tested: Vec<String> = claims
        .iter()
        .map(|one| {
            let p_value = one.before.map_or("not testable".to_owned(), chance);
            format!("{} {p_value}", one.lever)
        })
        .collect();
    let small: Vec<String> = claims
        .iter()
        .filter(|one| one.before.is_some_and(|p_value| p_value < SMALL))
        .map(|one| one.lever.clone())
        .collect();
    let many = claims.iter().filter(|one| one.before.is_some()).count() as i32;
    let verdict = match small.as_slice() {
        [] => format!("None is below {SMALL}, which doesn't prove that they changed alike."),
        _ => format!(
            "Below {SMALL}: {}. Of {many} such tests, at least one is that low by chance alone in up to {} of all studies.",
            listed(&small),
            percent(1.0 - (1.0 - SMALL).powi(many))
        ),
    };
    Ok(format!(
        "Did the regions change alike in the six months before a launch? P-values of no difference, for the stage that a lever lifts: {}. {verdict}",
        tested.join(", ")
    ))
}

/// Shows what levers did to those who pay, and to dollars.
fn side_effects(facts: Facts) -> Result<String> {
    let heads = ["lever", "share who pay", "dollars a month per sign-up", "planted"];
    let rows = deck_claims()
        .iter()
        .map(|claim| {
            let lever = claim.lever.name();
            Ok(vec![
                lever.to_owned(),
                facts.effect(lever, "paid")?.points(),
                facts.effect(lever, "dollars")?.cents(),
                cents(facts.planted(lever, "dollars")?),
            ])
        })
        .collect::<Result<Vec<_>>>()?;
    let harmful = facts.harmful()?;
    let verdict = match harmful.as_slice() {
        [] => "No interval of the dollars lies below zero.".to_owned(),
        _ => format!("Where {} was launched, a sign-up brings in less.", listed(&harmful)),
    };
    Ok(format!(
        "A lever is launched for one number, and it moves others. What each did to payment, with 95% intervals, and, as the data is generated, what was planted:\n\n{}\n\n{verdict}",
        grid(&heads, &["---", "---:", "---:", "---:"], &rows)
    ))
}

fn expectations(facts: Facts) -> Result<String> {
    let (options, same) = facts.options("lever_options")?;
    let mut rows = vec![];
    let (mut below, mut sure) = (0, 0);
    for at in 0..options.height() {
        let option = text(&options, "option", at)?;
        let Amount { value, low, high } = facts.expected(&option)?;
        below += usize::from(value < 0.0);
        sure += usize::from(low > 0.0);
        rows.push(vec![
            option,
            money(value),
            format!("{} to {}", money(low), money(high)),
            money(number_at(&options, "cost", at)?),
        ]);
    }
    let others = options.height() - 1;
    let same = same.map_or(String::new(), |option| {
        format!(" The schedule optimised by the estimates is {option}.")
    });
    let chosen = facts.chosen()?;
    let expected = facts.expected(&chosen)?;
    let nothing = match chosen.as_str() {
        NOTHING => format!(
            "**Doing nothing is better than every one of the {others} other options**, by what is expected."
        ),
        _ if expected.low < 0.0 => format!(
            "**Doing nothing may be better still:** the interval of {chosen} includes a loss, so the choice is a bet."
        ),
        _ => format!("**Doing nothing is worse** than {chosen}, whose interval lies above zero."),
    };
    let costs = facts.study.frame("lever_costs")?;
    let margin = number_at(&row(costs, "assumption", "margin")?, "value", 0)?;
    let assumed = deck_claims()
        .iter()
        .map(|claim| {
            let lever = claim.lever.name();
            let of = |kind: &str| {
                let own = row(costs, "assumption", &format!("{lever}, {kind}"))?;
                number_at(&own, "value", 0).map(money)
            };
            Ok(format!("{lever} {} and {}", of("once")?, of("monthly")?))
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(format!(
        "Gain over doing nothing in {HORIZON} months, after costs, ranked by what the pilots' estimates lead us to expect. A lever follows the one before it after two months.{same}\n\n{}\n\n{nothing} Of the {others} options, {below} are expected to lose, and {sure} have an interval that lies above zero. The highest of several noisy estimates tends to be too high.\n\nAssumed, not measured: a margin of {}; to roll a lever out once, and to run it for a month: {}.",
        grid(
            &["option", "expected gain", "95% interval", "cost"],
            &["---", "---:", "---:", "---:"],
            &rows
        ),
        percent(margin),
        assumed.join(", ")
    ))
}

fn twins(facts: Facts) -> Result<String> {
    let (frame, _) = facts.options("twin_worlds")?;
    let mut rows = vec![];
    let mut held = 0;
    for at in 0..frame.height() {
        let option = text(&frame, "option", at)?;
        let Amount { value, low, high } = facts.happened(&option)?;
        held += usize::from(facts.expected(&option)?.holds(value));
        rows.push(vec![
            option,
            money(value),
            format!("{} to {}", money(low), money(high)),
            money(number_at(&frame, "regret", at)?),
            money(number_at(&frame, "predicted", at)?),
        ]);
    }
    let (chosen, best) = (facts.chosen()?, facts.best()?);
    let loses = money(number_at(&row(&frame, "option", &chosen)?, "regret", 0)?);
    let verdict = match chosen == best {
        true => format!("The choice, {chosen}, is the best of them."),
        false => format!("The choice, {chosen}, loses {loses} against the best option, {best}."),
    };
    Ok(format!(
        "The data is generated, so every option can be carried out: {FUTURES} futures of the year, in which the same people come and go, and only the launches differ.\n\n{}\n\n{verdict} {held} of the {} intervals above hold what happened; as one estimate's error moves every option with that lever in it, these aren't independent.",
        grid(
            &["option", "gain", "95% interval", "behind the best", "expected"],
            &["---", "---:", "---:", "---:", "---:"],
            &rows
        ),
        frame.height()
    ))
}

fn overlap(facts: Facts) -> Result<String> {
    let frame = facts.study.frame("lever_overlap")?;
    let levers = frame.slice(0, frame.height().saturating_sub(1));
    let (sum, together) = facts.overlap()?;
    let shown = table(
        &levers,
        &[
            ("lever", "lever", whole),
            ("alone", "alone", money),
            ("last", "added to the other four", money),
        ],
    )?;
    let schedules = facts.study.frame("lever_schedules")?;
    let (ours, best) = (text(schedules, "order", 0)?, text(schedules, "order", 1)?);
    let (our_gain, best_gain) =
        (money(number_at(schedules, "gain", 0)?), money(number_at(schedules, "gain", 1)?));
    let order = match ours == best {
        true => format!(
            "The order that the estimates favour, {ours}, is the best of all: it gains {best_gain} after costs, in the mean over all futures."
        ),
        false => format!(
            "In the mean over all futures, the order that the estimates favour, {ours}, gains {our_gain} after costs; the best of all orders, {best}, gains {best_gain}."
        ),
    };
    let against = match (together - sum).abs() / sum.abs().max(1.0) {
        near if near < 0.01 => "about their sum".to_owned(),
        far if together > sum => format!("{} more than their sum", percent(far)),
        far => format!("{} less than their sum", percent(far)),
    };
    Ok(format!(
        "Do levers add up? What each brings if it is live everywhere for the year, before costs, alone and added to the other four:\n\n{shown}\n\nOne by one, they add up to {}. All five together bring {}: {against}. {order}",
        money(sum),
        money(together)
    ))
}

/// Lists what to do about levers.
pub(super) fn recommendations(facts: Facts) -> Result<Vec<String>> {
    let (chosen, deck) = (facts.chosen()?, facts.expected("deck's order")?);
    let mut all = vec![match chosen.as_str() {
        NOTHING => {
            "**Launch no lever yet.** None is expected to bring in more than it costs.".to_owned()
        }
        _ => format!(
            "**Launch {}.** From what the pilots did, we expect {} in twelve months after costs. Of the deck's order we expect {}.",
            facts.told(&chosen)?,
            facts.expected(&chosen)?.dollars(),
            deck.dollars()
        ),
    }];
    for lever in facts.harmful()? {
        let (paid, dollars) = (facts.effect(&lever, "paid")?, facts.effect(&lever, "dollars")?);
        all.push(format!(
            "**Don't roll out {lever} any further.** Where it was launched, the share who pay changed by {}, and dollars a month per sign-up by {}.",
            paid.points(),
            dollars.cents()
        ));
    }
    Ok(all)
}

/// Writes the section about next steps.
pub(super) fn next_steps(facts: Facts) -> Result<String> {
    let tests = facts.study.frame("next_tests")?;
    let first = text(tests, "lever", 0)?;
    let mut steps = vec![test(facts, &first)?];
    // Who can't be tested by groups has no length; the next one that can has.
    let groups = tests.keep(col("per_arm").is_not_null())?;
    if groups.height() > 0 && text(&groups, "lever", 0)? != first {
        steps.push(test(facts, &text(&groups, "lever", 0)?)?);
    }
    for lever in facts.harmful()? {
        let own = row(facts.study.frame("pilot_launches")?, "lever", &lever)?;
        let places = (0..own.height()).map(|at| text(&own, "region", at));
        let places = places.collect::<Result<Vec<String>>>()?;
        steps.push(format!(
            "**Decide about {lever} where it is live**, in {}: switch it off for half of the new workspaces, and see whether dollars per sign-up recover.",
            listed(&places)
        ));
    }
    for one in facts.claims()? {
        if let Some(p_value) = one.before.filter(|p_value| *p_value < SMALL) {
            steps.push(format!(
                "**Look at {}'s regions before the launch again** (p = {}): compare with those that are most like them before relying on its effect on {}.",
                one.lever,
                chance(p_value),
                named(&one.outcome)
            ));
        }
    }
    steps.push(fast_start(facts)?);
    steps.push("**Watch dollars per sign-up beside the North Star**, week by week: a lever can raise one and lower the other. Report a cohort's retention only when its month is over.".to_owned());
    let heads = [
        "lever",
        "expected gain",
        "chance of a gain",
        "worth knowing",
        "sign-ups in each group",
        "months",
    ];
    let mut rows = vec![];
    for at in 0..tests.height() {
        let known = |column: &str| -> Result<String> {
            let value = tests.column(column)?.cast(&DataType::Float64)?.f64()?.get(at);
            Ok(value.map_or("–".to_owned(), whole))
        };
        rows.push(vec![
            text(tests, "lever", at)?,
            money(number_at(tests, "gain", at)?),
            percent(number_at(tests, "chance", at)?),
            money(number_at(tests, "at_stake", at)?),
            known("per_arm")?,
            known("months")?,
        ]);
    }
    let list: Vec<String> = steps.iter().map(|step| format!("- {step}")).collect();
    Ok(format!(
        "## Next steps\n\n{}\n\nWhat is still unknown of each lever alone. \"Worth knowing\" is what it would be worth to know the gain before choosing between the lever and nothing: no test is worth more. Groups are large enough to detect, with a power of 80%, an effect that just pays for the lever. Content and sharing bring people who belong to no group before they come: they are tested region by region.\n\n{}",
        list.join("\n"),
        grid(&heads, &["---", "---:", "---:", "---:", "---:", "---:"], &rows)
    ))
}

/// Describes the next test of a lever: what it is worth, how it is done, how large it is and how long it takes.
fn test(facts: Facts, lever: &str) -> Result<String> {
    let own = row(facts.study.frame("next_tests")?, "lever", lever)?;
    let at = |column: &str| number_at(&own, column, 0);
    let known = |column: &str| -> Result<Option<f64>> {
        Ok(own.column(column)?.cast(&DataType::Float64)?.f64()?.get(0))
    };
    let stake = format!(
        "**Test {lever} next.** Alone, we expect {} of it, with a chance of {} that it gains at all. To know before choosing would be worth up to {}.",
        facts.expected(lever)?.dollars(),
        percent(at("chance")?),
        money(at("at_stake")?)
    );
    let (Some(arm), Some(months), Some(detects)) =
        (known("per_arm")?, known("months")?, known("detectable")?)
    else {
        return Ok(format!(
            "{stake} Launch it in the remaining regions one after the other, two months apart, and estimate again after each: {} sign-ups come there a month.",
            whole(at("monthly")?)
        ));
    };
    let verdict = if months <= f64::from(HORIZON) {
        "Decide then.".to_owned()
    } else {
        format!(
            "Detecting an effect that just pays takes too long for a decision about the next year: test only if you expect {} or more, and otherwise go by the estimate.",
            cents(detects)
        )
    };
    Ok(format!(
        "{stake} Give it to half of the new sign-ups in the regions without it, {} a month. An effect that just pays ({} a month per sign-up) takes {} in each group, {} months. In {TEST_MONTHS} months, the test detects {}. {verdict}",
        whole(at("monthly")?),
        cents(at("break_even")?),
        whole(arm),
        whole(months),
        cents(detects)
    ))
}

/// Describes a test of whether a fast start causes returning: so far it goes along with it.
fn fast_start(facts: Facts) -> Result<String> {
    let base = facts.study.key("retention, month 1", "value")?;
    let arm = PowerAnalysis::default().users_for_proportions(base, RISE)?;
    let cohorts = facts.study.frame("cohort_retention")?;
    let last = cohorts.keep(col("cohort").eq(col("cohort").max()))?;
    let monthly = last.scalar(col("size").max())?;
    Ok(format!(
        "**Test whether a fast start is a cause.** So far it goes along with coming back. Guide a random half of new users to their first page within a day: to see {} of them active in the month after instead of {} takes {} in each group, {:.1} months of sign-ups.",
        percent(base + RISE),
        percent(base),
        whole(arm as f64),
        2.0 * arm as f64 / monthly
    ))
}
