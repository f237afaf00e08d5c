//! Competing risks.

use std::collections::BTreeMap;

use polars::prelude::*;

use super::subjects::{durations, table};
use crate::error::{Error, Result};
use crate::frame::{fetch, full};
use crate::metrics::{Source, texts};
use crate::stats::competing_risks::CompetingRisks;

/// Outcomes, at most: each has a row at every time. More are texts of another kind.
const MOST: usize = 100;

type Subject = (f64, Option<usize>);

/// Estimates the cumulative incidence of competing outcomes by Aalen and Johansen: the share to whom each has happened by a time.
///
/// A request is matched or withdrawn, and what happens first rules the other out. [`kaplan_meier`](super::kaplan_meier()) would
/// take a withdrawal for a censored wait, as if the match were still to come, so its curve runs towards a world in
/// which nobody withdraws. Incidences add up: with the share still waiting they make 1.
///
/// Reads `subjects`: `duration` as the [module](super) says, `outcome` (text: what ended it; null if it was still open when
/// we last looked, which is censoring), and the column `by` if given. Returns one row per group, outcome and time that occurs
/// in the group, and one for time 0: `by`'s column (text), `outcome` (text), `time` (f64), `at_risk` (i64: just before),
/// `events` (i64: of this outcome, at that time), `incidence` (f64: the share to whom it has happened, just after), `low`,
/// `high` (f64: 95%, delta method, log-log; null where the incidence is 0 or 1).
///
/// # Errors
/// As [`kaplan_meier`](super::kaplan_meier()); [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for more than 100 outcomes.
///
/// ```
/// use casebook::prelude::*;
///
/// let waits = df!(
///     "duration" => [1, 2, 3, 4],
///     "outcome" => [Some("match"), Some("withdrawn"), Some("match"), None],
/// )?;
/// let found = survival::cumulative_incidence(&waits, None)?;
/// let matched = found.keep(col("outcome").eq(lit("match")))?;
/// assert_eq!(matched.scalar(col("incidence").last())?, 0.5); // Kaplan and Meier would say 0.625
/// # Ok::<(), casebook::Error>(())
/// ```
///
/// # Source
/// O. O. Aalen and S. Johansen (1978), "An empirical transition matrix for non-homogeneous Markov chains based on censored
/// observations"; the interval as in D. Collett, Modelling Survival Data in Medical Research, third edition, chapter 12.
pub fn cumulative_incidence(subjects: &dyn Source, by: Option<&str>) -> Result<DataFrame> {
    let mut columns = vec!["duration", "outcome"];
    columns.extend(by.filter(|by| !columns.contains(by)));
    let frame = fetch(subjects, "subjects", &columns)?;
    let durations = durations(&frame)?;
    let ended = texts(frame.column("outcome")?)?;
    let mut outcomes: Vec<&String> = ended.iter().flatten().collect();
    outcomes.sort_unstable();
    outcomes.dedup();
    if outcomes.len() > MOST {
        let problem = format!("holds {} different texts; at most {MOST} outcomes", outcomes.len());
        return Err(Error::column("subjects", "outcome", problem));
    }
    let names = match by {
        None => vec![None; durations.len()],
        Some(column) => texts(full(&frame, "subjects", column)?)?,
    };
    let mut groups: BTreeMap<Option<String>, Vec<Subject>> = BTreeMap::new();
    for ((name, duration), ended) in names.into_iter().zip(durations).zip(&ended) {
        let place = ended.as_ref().and_then(|ended| outcomes.binary_search(&ended).ok());
        groups.entry(name).or_default().push((duration, place));
    }
    let (mut labels, mut what, mut time) = (vec![], vec![], vec![]);
    let [mut at_risk, mut events] = [const { Vec::<i64>::new() }; 2];
    let (mut incidence, mut low, mut high) = (vec![], vec![], vec![]);
    for (name, subjects) in groups {
        let risks = CompetingRisks::new(subjects);
        for (place, outcome) in outcomes.iter().enumerate() {
            for point in risks.incidence(place) {
                labels.push(name.clone());
                what.push(outcome.as_str());
                time.push(point.time);
                at_risk.push(point.at_risk as i64);
                events.push(point.events as i64);
                incidence.push(point.share);
                low.push(point.interval().map(|bounds| bounds.0));
                high.push(point.interval().map(|bounds| bounds.1));
            }
        }
    }
    table(
        by,
        labels,
        vec![
            Column::new("outcome".into(), what),
            Column::new("time".into(), time),
            Column::new("at_risk".into(), at_risk),
            Column::new("events".into(), events),
            Column::new("incidence".into(), incidence),
            Column::new("low".into(), low),
            Column::new("high".into(), high),
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_have_a_curve_for_each_outcome_and_the_rest_still_waits() -> Result<()> {
        let waits = df!(
            "duration" => [1.0, 2.0, 2.0, 3.0, 1.0, 4.0],
            "outcome" => [Some("match"), Some("withdrawn"), None, Some("match"), Some("match"), None],
            "field" => ["a", "a", "a", "a", "b", "b"],
        )?;
        let found = cumulative_incidence(&waits, Some("field"))?;
        // Three times and 0 for both outcomes of a, two and 0 of b, of which nobody withdrew.
        assert_eq!(found.height(), 2 * 4 + 2 * 3);
        let last = |field: &str, outcome: &str| {
            let rows = col("field").eq(lit(field.to_owned()));
            let rows = rows.and(col("outcome").eq(lit(outcome.to_owned())));
            let own = found.clone().lazy().filter(rows).collect().unwrap();
            own.column("incidence").unwrap().f64().unwrap().last().unwrap()
        };
        // Of a: 1/4, then 1/4 withdrawn, then the last at risk has the remaining half.
        assert_eq!((last("a", "match"), last("a", "withdrawn")), (0.75, 0.25));
        assert_eq!((last("b", "match"), last("b", "withdrawn")), (0.5, 0.0));
        Ok(())
    }

    #[test]
    fn a_column_of_the_result_is_refused_as_a_group() {
        let waits = df!("duration" => [1], "outcome" => ["match"], "time" => ["a"]).unwrap();
        let said = cumulative_incidence(&waits, Some("time")).unwrap_err().to_string();
        assert!(said.contains("`time`") && said.contains("rename"), "{said}");
        let negative = df!("duration" => [-1], "outcome" => ["match"]).unwrap();
        let said = cumulative_incidence(&negative, None).unwrap_err().to_string();
        assert!(said.contains("`duration`") && said.contains("0 or more"), "{said}");
        let ids: Vec<String> = (0..101).map(|id| id.to_string()).collect();
        let many = df!("duration" => vec![1; 101], "outcome" => ids).unwrap();
        let said = cumulative_incidence(&many, None).unwrap_err().to_string();
        assert!(said.contains("`outcome`") && said.contains("101"), "{said}");
    }
}
