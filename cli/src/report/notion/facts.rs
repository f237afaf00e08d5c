//! What the levers' frames say, once for charts and texts.

use polars::prelude::*;

use casebook::Result;
use casebook::cases::notion::deck_claims;
use casebook::format::percent;
use casebook::frame::Verbs;

use super::frames::Study;
use super::panels::{money, number_at, text};

/// P-values below this are called small.
pub(super) const SMALL: f64 = 0.05;
/// The option that everything is compared with.
pub(super) const NOTHING: &str = "do nothing";

/// An amount with its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Amount {
    pub value: f64,
    pub low: f64,
    pub high: f64,
}

impl Amount {
    /// Formats "$10,035 (-$26,130 to $46,201)".
    pub fn dollars(self) -> String {
        format!("{} ({} to {})", money(self.value), money(self.low), money(self.high))
    }

    /// Formats "+12.0% (+5.8% to +18.5%)".
    pub fn lift(self) -> String {
        format!("{} ({} to {})", signed(self.value), signed(self.low), signed(self.high))
    }

    /// Formats "+9.7 pp (+7.1 to +12.3)".
    pub fn points(self) -> String {
        format!("{} pp ({} to {})", points(self.value), points(self.low), points(self.high))
    }

    /// Formats "+$0.09 (-$0.21 to +$0.39)".
    pub fn cents(self) -> String {
        format!("{} ({} to {})", cents(self.value), cents(self.low), cents(self.high))
    }

    pub fn holds(self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }
}

/// Formats "+12.0%".
pub(super) fn signed(share: f64) -> String {
    format!("{}{}", if share > 0.0 { "+" } else { "" }, percent(share))
}

fn points(share: f64) -> String {
    format!("{:+.1}", 100.0 * share)
}

/// Formats "+$0.09".
pub(super) fn cents(dollars: f64) -> String {
    let sign = match (100.0 * dollars).round() {
        0.0 => "",
        cents if cents < 0.0 => "-",
        _ => "+",
    };
    format!("{sign}${:.2}", dollars.abs())
}

/// Names an outcome as the subject of a sentence about sign-ups.
pub(super) fn named(outcome: &str) -> &str {
    match outcome {
        "signups" => "sign-ups",
        "activated" => "users who create a page within a week",
        "back" => "users who return in the month after",
        "back_3" => "users who return in the third month after",
        "shared" => "users who share, comment or invite",
        "paid" => "users who come to pay",
        other => other,
    }
}

/// Writes names as they are said: SEO, API or DAU, which are `seo`, `api` and `dau` in tables.
pub(super) fn said(text: &str) -> String {
    let word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let mut said = String::with_capacity(text.len());
    for part in text.split_inclusive(|letter: char| !word(letter)) {
        let name = part.trim_end_matches(|letter: char| !word(letter));
        match name {
            "seo" | "api" | "dau" | "wau" | "mau" => {
                said.push_str(&name.to_uppercase());
                said.push_str(&part[name.len()..]);
            }
            _ => said.push_str(part),
        }
    }
    said
}

/// The option that is made of the pilots' estimates.
const OPTIMISED: &str = "optimised schedule";

/// Returns the row of a frame in which a text stands.
pub(super) fn row(frame: &DataFrame, column: &str, value: &str) -> Result<DataFrame> {
    frame.keep(col(column).eq(lit(value)))
}

fn amount(row: &DataFrame, [value, low, high]: [&str; 3]) -> Result<Amount> {
    let at = |column: &str| number_at(row, column, 0);
    Ok(Amount { value: at(value)?, low: at(low)?, high: at(high)? })
}

/// The levers' part of a study.
#[derive(Clone, Copy)]
pub(super) struct Facts<'s> {
    pub study: &'s Study,
}

/// What the deck claims of a lever, and what the pilots saw.
pub(super) struct Held {
    pub lever: String,
    pub stage: String,
    pub outcome: String,
    pub claim: Option<f64>,
    pub lift: Amount,
    pub revenue: Amount,
    /// Of no difference in the months before the launch; none where it can't be told.
    pub before: Option<f64>,
}

impl Held {
    /// Tells whether the deck's figure lies outside what the pilots saw.
    pub fn contradicted(&self) -> bool {
        self.claim.is_some_and(|claim| !self.lift.holds(claim))
    }
}

impl Facts<'_> {
    /// Returns a number of the company with pilots.
    pub fn company(&self, what: &str) -> Result<f64> {
        number_at(&row(self.study.frame("pilot_company")?, "what", what)?, "value", 0)
    }

    /// Returns the claims in the deck's order.
    pub fn claims(&self) -> Result<Vec<Held>> {
        let frame = self.study.frame("lever_claims")?;
        let mut all = vec![];
        for claim in deck_claims() {
            let own = row(frame, "lever", claim.lever.name())?;
            all.push(Held {
                lever: claim.lever.name().to_owned(),
                stage: text(&own, "stage", 0)?,
                outcome: text(&own, "outcome", 0)?,
                claim: own.column("claim")?.f64()?.get(0),
                lift: amount(&own, ["lift", "low", "high"])?,
                revenue: amount(&own, ["revenue_lift", "revenue_low", "revenue_high"])?,
                before: own.column("before_p_value")?.f64()?.get(0),
            });
        }
        Ok(all)
    }

    /// Returns what the pilots saw of a lever and an outcome.
    pub fn effect(&self, lever: &str, outcome: &str) -> Result<Amount> {
        let own = row(self.study.frame("lever_effects")?, "lever", lever)?;
        amount(&row(&own, "outcome", outcome)?, ["effect", "low", "high"])
    }

    /// Returns what was planted of a lever and an outcome.
    pub fn planted(&self, lever: &str, outcome: &str) -> Result<f64> {
        let own = row(self.study.frame("lever_effects")?, "lever", lever)?;
        number_at(&row(&own, "outcome", outcome)?, "truth", 0)
    }

    /// Returns the levers where dollars per sign-up fell, whichever value of the interval is the right one.
    pub fn harmful(&self) -> Result<Vec<String>> {
        let mut all = vec![];
        for claim in deck_claims() {
            let lever = claim.lever.name();
            if self.effect(lever, "dollars")?.high < 0.0 {
                all.push(lever.to_owned());
            }
        }
        Ok(all)
    }

    /// Returns the lever of which the effect on what it is meant to lift stands out most from its error, with the outcome.
    pub fn clearest(&self) -> Result<(String, String)> {
        let effects = self.study.frame("lever_effects")?;
        let mut best = (String::new(), String::new(), -1.0);
        for claim in deck_claims() {
            let own = row(effects, "lever", claim.lever.name())?;
            let own = row(&own, "outcome", claim.outcome)?;
            let size = (number_at(&own, "effect", 0)? / number_at(&own, "se", 0)?).abs();
            if size > best.2 {
                best = (claim.lever.name().to_owned(), claim.outcome.to_owned(), size);
            }
        }
        Ok((best.0, best.1))
    }

    /// Returns the options of a frame. The optimised schedule is left out if it is one of the others, which is returned.
    pub fn options(&self, frame: &str) -> Result<(DataFrame, Option<String>)> {
        let frame = self.study.frame(frame)?;
        let all = self.study.frame("lever_options")?;
        let numbers = |row: &DataFrame| -> Result<Vec<f64>> {
            ["gain", "low", "high", "cost"].iter().map(|one| number_at(row, one, 0)).collect()
        };
        let own = row(all, "option", OPTIMISED)?;
        let own = if own.height() == 1 { Some(numbers(&own)?) } else { None };
        for at in 0..all.height() {
            let option = text(all, "option", at)?;
            if option != OPTIMISED && Some(numbers(&row(all, "option", &option)?)?) == own {
                return Ok((frame.keep(col("option").neq(lit(OPTIMISED)))?, Some(option)));
            }
        }
        Ok((frame.clone(), None))
    }

    /// Returns the option that is expected to gain most; of several, the one that stands first.
    pub fn chosen(&self) -> Result<String> {
        text(&self.options("lever_options")?.0, "option", 0)
    }

    /// Names an option, with its order if its name doesn't say it.
    pub fn told(&self, option: &str) -> Result<String> {
        if option != OPTIMISED {
            return Ok(option.to_owned());
        }
        let schedules = self.study.frame("lever_schedules")?;
        Ok(format!("{option} ({})", text(schedules, "order", 0)?))
    }

    /// Returns what is expected of an option.
    pub fn expected(&self, option: &str) -> Result<Amount> {
        let own = row(self.study.frame("lever_options")?, "option", option)?;
        amount(&own, ["gain", "low", "high"])
    }

    /// Returns what became of an option in the twin worlds.
    pub fn happened(&self, option: &str) -> Result<Amount> {
        let own = row(self.study.frame("twin_worlds")?, "option", option)?;
        amount(&own, ["gain", "low", "high"])
    }

    /// Returns the option that gained most in the twin worlds.
    pub fn best(&self) -> Result<String> {
        text(&self.options("twin_worlds")?.0, "option", 0)
    }

    /// Returns what the five levers bring one by one, added up, and together.
    pub fn overlap(&self) -> Result<(f64, f64)> {
        let together = row(self.study.frame("lever_overlap")?, "lever", "together")?;
        Ok((number_at(&together, "alone", 0)?, number_at(&together, "last", 0)?))
    }
}

#[cfg(test)]
mod tests {
    use super::said;

    #[test]
    fn names_of_levers_are_said_in_capitals_and_events_are_not() {
        assert_eq!(said("seo, then api: api_call"), "SEO, then API: api_call");
        assert_eq!(said("**Test api next.** The seo"), "**Test API next.** The SEO");
        assert_eq!(said("séo capital | seo |"), "séo capital | SEO |");
    }
}
