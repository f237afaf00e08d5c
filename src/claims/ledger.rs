//! Claims in order, and their verdicts.

use polars::prelude::*;

use super::claim::{Claim, Evidence};
use super::verdict::Verdict;
use crate::error::{Error, Result};
use crate::stats::multiple::benjamini_hochberg;

/// Of the claims that chance decides, this share of those called missed may in truth be met.
const LEVEL: f64 = 0.05;

/// Claims in the order they were examined.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Ledger {
    claims: Vec<Claim>,
    /// Of how many other seeds, and on how many of them each claim had the same verdict.
    others: Option<(u32, Vec<u32>)>,
}

/// A row's test: z, p value, and p value corrected for the number of rows.
type Tested = Option<(f64, f64, f64)>;

impl Ledger {
    /// Creates an empty ledger.
    pub fn new() -> Ledger {
        Ledger::default()
    }

    /// Adds a claim.
    pub fn add(&mut self, claim: Claim) -> &mut Ledger {
        self.others = None;
        self.claims.push(claim);
        self
    }

    /// Adds a claim about a number without sampling error: met if ours is within `tolerance` of it. A NaN misses.
    ///
    /// Where chance is involved, [`Claim::share`], [`Claim::mean`] and [`Claim::estimate`] say how much.
    pub fn measured(
        &mut self,
        claim: &str,
        source: &str,
        expected: f64,
        tolerance: f64,
        measured: f64,
    ) -> &mut Ledger {
        let mut claim = Claim::counted(claim, source, expected, measured);
        claim.tolerance = Some(tolerance);
        self.add(claim)
    }

    /// Adds a claim that an identity rules out: see [`Claim::impossible`].
    pub fn impossible(
        &mut self,
        claim: &str,
        source: &str,
        expected: f64,
        allowed: (f64, f64),
        identity: &str,
    ) -> &mut Ledger {
        self.add(Claim::impossible(claim, source, expected, allowed, identity))
    }

    /// Adds a claim that can be read in more than one way, with the reading we adopted.
    pub fn undefined(&mut self, claim: &str, source: &str, reading: &str) -> &mut Ledger {
        self.add(Claim::not_defined(claim, source, reading))
    }

    /// Tests each claim that chance is involved in; the p values are corrected together.
    fn tests(&self) -> Vec<Tested> {
        let tests: Vec<Option<(f64, f64)>> = self.claims.iter().map(Claim::test).collect();
        let known: Vec<f64> =
            tests.iter().flatten().map(|(_, p)| *p).filter(|p| !p.is_nan()).collect();
        let mut adjusted = benjamini_hochberg(&known).into_iter();
        tests
            .into_iter()
            .map(|test| {
                test.map(|(z, p)| {
                    (z, p, if p.is_nan() { p } else { adjusted.next().unwrap_or(f64::NAN) })
                })
            })
            .collect()
    }

    /// Returns each claim's verdict, in order.
    pub fn verdicts(&self) -> Vec<Verdict> {
        let tests = self.tests();
        self.claims
            .iter()
            .zip(tests)
            .map(|(claim, test)| claim.verdict(test.map(|(_, _, adjusted)| adjusted), LEVEL))
            .collect()
    }

    /// Counts the claims with this verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.verdicts().into_iter().filter(|each| *each == verdict).count()
    }

    /// Keeps how often each claim has the same verdict on data of other seeds, whose ledgers these are.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for a ledger of other claims.
    ///
    /// ```
    /// use casebook::claims::{Claim, Ledger};
    ///
    /// let of_seed = |small| {
    ///     let mut ledger = Ledger::new();
    ///     ledger.add(Claim::share("70% are small", "the brief", 0.7, small, 500).within(0.05, "…"));
    ///     ledger
    /// };
    /// let mut ledger = of_seed(352);
    /// ledger.repeated(&[of_seed(347), of_seed(371)])?;
    /// assert_eq!(ledger.table()?.column("same_verdict")?.u32()?.get(0), Some(1));
    /// # Ok::<(), casebook::Error>(())
    /// ```
    pub fn repeated(&mut self, others: &[Ledger]) -> Result<&mut Ledger> {
        let own = self.verdicts();
        let mut same = vec![0; own.len()];
        for (place, other) in others.iter().enumerate() {
            let texts = |ledger: &Ledger| -> Vec<String> {
                ledger.claims.iter().map(|claim| claim.claim.clone()).collect()
            };
            if texts(self) != texts(other) {
                let problem = format!("ledger {place} of {}", others.len());
                return Err(Error::config("others", problem, "ledgers of the same claims"));
            }
            for (count, (one, two)) in same.iter_mut().zip(own.iter().zip(other.verdicts())) {
                *count += u32::from(*one == two);
            }
        }
        self.others = Some((others.len() as u32, same));
        Ok(self)
    }

    /// Returns one row per claim: `claim`, `source`, `kind` (text), `expected`, `tolerance`, `measured` (f64), `verdict`,
    /// `note`.
    ///
    /// If chance is involved in any, before the verdict: `n` (u64), `standard_error`, `z` (standard errors above the claim),
    /// `p_value` (of a value this far beyond the tolerance) and `adjusted` (the same, corrected for the number of such rows by
    /// Benjamini and Hochberg), all f64 and null for other claims. After [`Ledger::repeated`], behind the verdict:
    /// `other_seeds` and `same_verdict` (u32).
    ///
    /// # Errors
    /// Polars' own; none are known.
    pub fn table(&self) -> Result<DataFrame> {
        let rows = &self.claims;
        let texts = |pick: fn(&Claim) -> &str| -> Vec<&str> { rows.iter().map(pick).collect() };
        let numbers = |pick: fn(&Claim) -> Option<f64>| -> Vec<Option<f64>> {
            rows.iter().map(pick).collect()
        };
        let kinds: Vec<String> = rows.iter().map(|row| row.kind.to_string()).collect();
        let mut columns = vec![
            Column::new("claim".into(), texts(|row| &row.claim)),
            Column::new("source".into(), texts(|row| &row.source)),
            Column::new("kind".into(), kinds),
            Column::new("expected".into(), numbers(|row| row.expected)),
            Column::new("tolerance".into(), numbers(|row| row.tolerance)),
            Column::new("measured".into(), numbers(shown)),
        ];
        let tests = self.tests();
        if tests.iter().any(Option::is_some) {
            let counts: Vec<Option<u64>> =
                rows.iter().map(|row| chance(row).map(|it| it.0)).collect();
            let of = |name: &str, pick: fn(&(f64, f64, f64)) -> f64| {
                let values: Vec<Option<f64>> =
                    tests.iter().map(|test| test.as_ref().map(pick)).collect();
                Column::new(name.into(), values)
            };
            columns.push(Column::new("n".into(), counts));
            columns.push(Column::new(
                "standard_error".into(),
                numbers(|row| chance(row).map(|it| it.1)),
            ));
            columns.push(of("z", |test| test.0));
            columns.push(of("p_value", |test| test.1));
            columns.push(of("adjusted", |test| test.2));
        }
        let verdicts: Vec<String> = self.verdicts().iter().map(ToString::to_string).collect();
        columns.push(Column::new("verdict".into(), verdicts));
        if let Some((others, same)) = &self.others {
            columns.push(Column::new("other_seeds".into(), vec![*others; rows.len()]));
            columns.push(Column::new("same_verdict".into(), same));
        }
        let notes: Vec<Option<&str>> = rows.iter().map(|row| row.note.as_deref()).collect();
        columns.push(Column::new("note".into(), notes));
        Ok(DataFrame::new_infer_height(columns)?)
    }
}

/// Returns the number of observations and the standard error.
fn chance(claim: &Claim) -> Option<(u64, f64)> {
    match &claim.evidence {
        Evidence::Value { chance: Some(chance), .. } => Some((chance.n, chance.standard_error)),
        _ => None,
    }
}

/// Returns the value to show: of an identity's range, the end that is nearer to the claim.
fn shown(claim: &Claim) -> Option<f64> {
    match claim.evidence {
        Evidence::Value { value, .. } => Some(value),
        Evidence::Bounds(low, high) => {
            Some(if claim.expected.is_some_and(|claim| claim < low) { low } else { high })
        }
        Evidence::Nothing => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Verdict::*;
    use super::*;
    use crate::stream::stream;
    use rand::RngExt;

    #[test]
    fn verdicts_follow_from_the_numbers() {
        let mut ledger = Ledger::new();
        ledger
            .measured("a", "s", 0.7, 0.02, 0.71)
            .measured("b", "s", 0.7, 0.02, 0.73)
            .measured("c", "s", 0.7, 0.02, f64::NAN)
            .impossible("d", "s", 0.35, (0.0, 0.12), "identity")
            .impossible("e", "s", 0.1, (0.0, 0.12), "identity")
            .undefined("f", "s", "reading")
            .add(Claim::assumption("g", "s", 0.3, "a guess"))
            .add(Claim::by_construction("h", "s", 19.0))
            .add(Claim::closed_form("i", "s", 0.0909, 1.0 / 11.0).within(0.0001, "four digits"));
        let expected =
            [Met, Missed, Missed, Impossible, Missed, Undefined, Untested, Untested, Met];
        assert_eq!(ledger.verdicts(), expected);
        assert_eq!(ledger.count(Missed), 3);
        // Without chance, there is nothing to say of it.
        assert!(ledger.table().unwrap().column("z").is_err());
    }

    #[test]
    fn shares_near_zero_have_an_error_too() {
        let verdict = |hits, trials| {
            let mut ledger = Ledger::new();
            ledger.add(Claim::share("nobody leaves", "s", 0.0, hits, trials).within(0.05, "few"));
            ledger.verdicts()[0]
        };
        assert_eq!(verdict(0, 1), Undecided);
        assert_eq!(verdict(1, 10), Undecided);
        assert_eq!(verdict(0, 1_000), Met);
        assert_eq!(verdict(200, 1_000), Missed);
        // No trial, and the spread of one value.
        assert_eq!(verdict(0, 0), Undecided);
        let mut one = Ledger::new();
        one.add(Claim::mean("five", "s", 5.0, (5.1, f64::NAN), 1));
        assert_eq!(one.verdicts(), [Undecided]);
    }

    #[test]
    fn chance_is_not_a_miss() {
        // 4.86 instead of 5 sessions, 2.2 standard errors below: alone it would be a miss, among sixteen rows it is not.
        let low = Claim::estimate("5 sessions", "s", 5.0, 4.86, 0.0636, 2435);
        let mut alone = Ledger::new();
        alone.add(low.clone());
        assert_eq!(alone.verdicts(), [Missed]);
        let mut many = Ledger::new();
        many.add(low);
        for row in 0..15 {
            many.add(Claim::share("half", "s", 0.5, 240 + row, 490));
        }
        assert_eq!(many.verdicts()[0], Undecided);
        let frame = many.table().unwrap();
        let z = frame.column("z").unwrap().f64().unwrap().get(0).unwrap();
        assert!((z + 2.2).abs() < 0.01, "{z}");
    }

    #[test]
    fn met_needs_enough_data() {
        let of = |n: u64| {
            let mut ledger = Ledger::new();
            ledger.add(Claim::share("half", "s", 0.5, n / 2, n).within(0.05, "five points"));
            ledger.verdicts()[0]
        };
        assert_eq!((of(100), of(1_000)), (Undecided, Met));
        // Within the tolerance nothing is missed, however certain; beyond it, certainty decides.
        let mut ledger = Ledger::new();
        ledger.add(Claim::share("half", "s", 0.5, 520_000, 1_000_000).within(0.05, "five points"));
        ledger.add(Claim::share("half", "s", 0.5, 560_000, 1_000_000).within(0.05, "five points"));
        assert_eq!(ledger.verdicts(), [Met, Missed]);
    }

    #[test]
    fn no_spread_and_no_number() {
        let mut ledger = Ledger::new();
        ledger
            .add(Claim::mean("constant", "s", 5.0, (5.0, 0.0), 10))
            .add(Claim::mean("constant", "s", 5.0, (6.0, 0.0), 10))
            .add(Claim::mean("nothing", "s", 5.0, (f64::NAN, 1.0), 10));
        assert_eq!(ledger.verdicts(), [Met, Missed, Missed]);
    }

    /// Of claims that hold, rarely one is called missed: in at most about 5% of ledgers any, at the corrected level.
    #[test]
    fn claims_that_hold_are_rarely_missed() {
        let false_alarms = (0..400)
            .filter(|seed| {
                let mut rng = stream(*seed, "ledger test", 0);
                let mut ledger = Ledger::new();
                for _ in 0..16 {
                    let hits = (0..400).filter(|_| rng.random_range(0.0..1.0) < 0.3).count() as u64;
                    ledger.add(Claim::share("30%", "s", 0.3, hits, 400));
                }
                ledger.count(Missed) > 0
            })
            .count();
        assert!(false_alarms <= 32, "{false_alarms} of 400");
    }

    #[test]
    fn ledgers_of_other_claims_are_refused() {
        let mut ledger = Ledger::new();
        ledger.measured("a", "s", 1.0, 0.0, 1.0);
        let told = ledger.repeated(&[Ledger::new()]).unwrap_err().to_string();
        assert!(told.contains("others") && told.contains("same claims"), "{told}");
    }
}
