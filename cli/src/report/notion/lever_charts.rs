//! The levers' charts, and what each of them says.

use polars::prelude::*;

use casebook::Result;
use casebook::chart::{TickUnit, Unit};
use casebook::frame::Verbs;

use super::facts::{Amount, Facts, NOTHING, named, row, said};
use super::frames::Study;
use super::panels::{Kind, Mark, Panel, money, number_at};
use super::pilots::FUTURES;

/// Returns the levers' charts: claims, an event study, what is expected, what happened, and what levers bring together.
///
/// # Errors
/// Those of [`Study::frame`], and polars' own.
pub(super) fn panels(study: &Study) -> Result<Vec<Panel>> {
    let facts = Facts { study };
    let all =
        [claims(facts)?, event_study(facts)?, options(facts)?, twins(facts)?, overlap(facts)?];
    all.into_iter().map(names_said).collect()
}

/// Writes the levers' names in a chart as they are said.
fn names_said(mut panel: Panel) -> Result<Panel> {
    (panel.title, panel.subtitle) = (said(&panel.title), said(&panel.subtitle));
    for mark in &mut panel.marks {
        match mark {
            Mark::Note { text, .. } | Mark::Line { text, .. } => *text = said(text),
            Mark::Highlight { name } => *name = said(name),
        }
    }
    let names = panel.frame.column(panel.x)?.str().ok();
    let names: Option<StringChunked> =
        names.map(|names| names.iter().map(|name| name.map(said)).collect());
    if let Some(names) = names {
        panel.frame.with_column(names.with_name(panel.x.into()).into_column())?;
    }
    Ok(panel)
}

fn highlight(name: String) -> Mark {
    Mark::Highlight { name }
}

fn claims(facts: Facts) -> Result<Panel> {
    let claims = facts.claims()?;
    let (mut what, mut values, mut low, mut high, mut marks) =
        (vec![], vec![], vec![], vec![], vec![Mark::line(0.0, "no change")]);
    for one in &claims {
        let outcome = if one.outcome == "signups" { "sign-ups" } else { &one.stage };
        let pilots = format!("{}: {outcome}", one.lever);
        let deck = format!("{}: the deck", one.lever);
        if one.contradicted() {
            marks.extend([highlight(pilots.clone()), highlight(deck.clone())]);
        }
        let mut add = |name: String, value: f64, bounds: Option<Amount>| {
            what.push(name);
            values.push(value);
            low.push(bounds.map(|bounds| bounds.low));
            high.push(bounds.map(|bounds| bounds.high));
        };
        add(pilots, one.lift.value, Some(one.lift));
        if let Some(claim) = one.claim {
            add(deck, claim, None);
        }
    }
    let wrong = claims.iter().filter(|one| one.contradicted()).count();
    let made = claims.iter().filter(|one| one.claim.is_some()).count();
    let title = match wrong {
        0 => format!("The pilots contradict none of the deck's {made} lifts"),
        _ => format!("The pilots contradict {wrong} of the deck's {made} lifts"),
    };
    let frame = df!("what" => what, "lift" => values, "low" => low, "high" => high)?;
    Ok(Panel {
        title,
        subtitle: "Change in the stage that a lever is meant to lift, relative to the months before any launch, with 95% \
                   intervals from the pilots; the deck has no figure for mobile and the API"
            .into(),
        marks,
        bounds: Some(("low", "high")),
        unit: Unit::Percent,
        labels: ("Lever, stage and source", "Change, % of what it was"),
        ..Panel::new("levers", Kind::Range, frame, "what", "lift")
    })
}

fn event_study(facts: Facts) -> Result<Panel> {
    let (lever, outcome) = facts.clearest()?;
    let own = row(facts.study.frame("event_study")?, "lever", &lever)?;
    let own = own.drop_many(["lever", "outcome"]);
    let launch = own.keep(col("relative").eq(lit(0_i64)))?;
    let effect = number_at(&launch, "effect", 0)?;
    let words = Unit::Points.text(effect);
    let rises = if effect < 0.0 { "Fewer" } else { "More" };
    Ok(Panel {
        title: match outcome.as_str() {
            "signups" => format!("{rises} sign-ups from the month in which {lever} was launched on: {words}"),
            _ => format!("{rises} {} from the month in which {lever} was launched on: {words}", named(&outcome)),
        },
        subtitle: match outcome.as_str() {
            "signups" => "Effect on the logarithm of sign-ups by month since the launch, times 100, with 95% intervals".into(),
            _ => format!(
                "Effect on the share of {} by month since the launch, percentage points, with 95% intervals",
                named(&outcome)
            ),
        },
        marks: vec![Mark::note(0.0, effect, format!("the launch: {words}"))],
        bounds: Some(("low", "high")),
        unit: Unit::Points,
        ticks: Some(TickUnit::Months),
        labels: ("Months since the launch", "Effect, percentage points"),
        ..Panel::new("event_study", Kind::Line, own, "relative", "effect")
    })
}

fn options(facts: Facts) -> Result<Panel> {
    let chosen = facts.chosen()?;
    let expected = facts.expected(&chosen)?;
    let title = match chosen.as_str() {
        NOTHING => "No option is expected to gain more than doing nothing".to_owned(),
        _ if expected.low < 0.0 => format!(
            "We expect {} from {}, and can't rule out a loss of {}",
            money(expected.value),
            facts.told(&chosen)?,
            money(-expected.low)
        ),
        _ => format!("We expect {} from {}", money(expected.value), facts.told(&chosen)?),
    };
    Ok(Panel {
        title,
        subtitle: "Gain over doing nothing in twelve months, after costs, US dollars, as the pilots' estimates predict it, \
                   with 95% intervals"
            .into(),
        marks: vec![Mark::line(0.0, NOTHING), highlight(chosen)],
        bounds: Some(("low", "high")),
        unit: Unit::Dollars,
        labels: ("Option", "Expected gain"),
        ..Panel::new(
            "options",
            Kind::Range,
            facts.options("lever_options")?.0,
            "option",
            "gain",
        )
    })
}

fn twins(facts: Facts) -> Result<Panel> {
    let (chosen, best) = (facts.chosen()?, facts.best()?);
    let came = facts.happened(&chosen)?.value;
    let title = if chosen == best {
        format!("In the twin worlds, {chosen} gains {}, more than any other option", money(came))
    } else {
        format!(
            "In the twin worlds, {chosen} gains {}; {best} would gain {}",
            money(came),
            money(facts.happened(&best)?.value)
        )
    };
    Ok(Panel {
        title,
        subtitle: format!(
            "Gain over doing nothing in twelve months, after costs, US dollars: the mean of {FUTURES} futures, with 95% intervals"
        ),
        marks: vec![Mark::line(0.0, NOTHING), highlight(chosen), highlight(best)],
        bounds: Some(("low", "high")),
        unit: Unit::Dollars,
        labels: ("Option", "Gain in the twin worlds"),
        ..Panel::new("twins", Kind::Range, facts.options("twin_worlds")?.0, "option", "gain")
    })
}

fn overlap(facts: Facts) -> Result<Panel> {
    let (sum, together) = facts.overlap()?;
    let frame = facts.study.frame("lever_overlap")?;
    let levers = frame.height().saturating_sub(1);
    let mut what: Vec<String> =
        (0..levers).map(|at| super::panels::text(frame, "lever", at)).collect::<Result<_>>()?;
    let mut dollars: Vec<f64> =
        (0..levers).map(|at| number_at(frame, "alone", at)).collect::<Result<_>>()?;
    let ends = ["sum of the five", "all five together"];
    what.extend(ends.map(str::to_owned));
    dollars.extend([sum, together]);
    Ok(Panel {
        title: format!(
            "All five levers together bring {}; one by one, they add up to {}",
            money(together),
            money(sum)
        ),
        subtitle: "Contribution in twelve months before costs, US dollars: each lever alone, their sum, and all five at once; \
                   exact means over futures"
            .into(),
        marks: ends.map(|name| highlight(name.to_owned())).to_vec(),
        unit: Unit::Dollars,
        labels: ("Lever, live everywhere", "Contribution"),
        ..Panel::new("overlap", Kind::Bars, df!("what" => what, "dollars" => dollars)?, "what", "dollars")
    })
}
