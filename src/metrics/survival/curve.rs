//! Survival curves as values, read at a time.

use polars::prelude::*;

use super::{kaplan_meier, subjects};
use crate::error::{Error, Result, unknown};
use crate::frame::number_or_null;
use crate::metrics::Source;

/// The survival curve of one group of subjects, or of several: what [`curve`](fn@curve) and [`curve_by`] return.
#[derive(Debug, Clone)]
pub struct Curve {
    groups: Vec<Group>,
    frame: DataFrame,
}

/// The curve of one group.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    name: String,
    points: Vec<Point>,
    median: Option<f64>,
}

const NOBODY: &str = "none: there are no subjects";

/// A survival curve at a time.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Point {
    /// The time asked for.
    pub time: f64,
    /// How many had neither left nor been censored just before it.
    pub at_risk: u64,
    /// The share still there just after it.
    pub survival: f64,
    /// The lower end of its 95% interval; not a number where the survival is 0 or 1.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// Estimates the survival curve of all subjects as [`kaplan_meier`](super::kaplan_meier()) does, to be read at any time.
///
/// # Errors
/// As [`kaplan_meier`](super::kaplan_meier()).
///
/// ```
/// use casebook::prelude::*;
///
/// let subjects = df!("duration" => [10, 20, 20, 30], "observed" => [true, true, false, true])?;
/// let stays = survival::curve(&subjects)?;
/// assert_eq!(stays.at(25.0)?.survival, 0.5);
/// assert_eq!(stays.median()?, Some(20.0));
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn curve(subjects: &dyn Source) -> Result<Curve> {
    Curve::new(subjects, None)
}

/// Estimates the survival curve of each group of subjects as [`kaplan_meier`](super::kaplan_meier()) does, to be read at any time.
///
/// # Errors
/// As [`kaplan_meier`](super::kaplan_meier()).
///
/// ```
/// use casebook::prelude::*;
///
/// let subjects = warehouse::files::read("data/samples/subscriptions.csv")?
///     .pick((col("months").alias("duration"), col("cancelled").alias("observed"), "plan"))?;
/// let stays = survival::curve_by(&subjects, "plan")?;
/// assert!(stays.group("yearly")?.at(6.0)?.survival > stays.group("monthly")?.at(6.0)?.survival);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn curve_by(subjects: &dyn Source, by: &str) -> Result<Curve> {
    Curve::new(subjects, Some(by))
}

/// Points as a frame: `time` (f64), `at_risk` (i64), `survival`, `low`, `high` (f64, null where they are no number).
fn table(points: &[Point]) -> Result<DataFrame> {
    let real = |pick: fn(&Point) -> f64| -> Vec<Option<f64>> {
        points.iter().map(|point| number_or_null(pick(point))).collect()
    };
    Ok(df!(
        "time" => real(|point| point.time),
        "at_risk" => points.iter().map(|point| point.at_risk as i64).collect::<Vec<_>>(),
        "survival" => real(|point| point.survival),
        "low" => real(|point| point.low), "high" => real(|point| point.high),
    )?)
}

impl Point {
    /// Returns the point as a frame of one row: `time` (f64), `at_risk` (i64), `survival`, `low`, `high` (f64).
    ///
    /// # Errors
    /// Polars' own.
    pub fn frame(&self) -> Result<DataFrame> {
        table(&[*self])
    }
}

impl Curve {
    fn new(subjects: &dyn Source, by: Option<&str>) -> Result<Curve> {
        let groups = subjects::groups(subjects, by)?;
        let frame = kaplan_meier::frame(&groups, by)?;
        let groups = groups.into_iter().map(|group| {
            let points = kaplan_meier::points(&group.table).map(|(moment, survival)| {
                let bounds = survival.interval();
                Point {
                    time: moment.time,
                    at_risk: moment.at_risk as u64,
                    survival: survival.share,
                    low: bounds.map_or(f64::NAN, |bounds| bounds.0),
                    high: bounds.map_or(f64::NAN, |bounds| bounds.1),
                }
            });
            let points = points.collect();
            let median = group.table.median(|point| Some(point.share));
            Group { name: group.name.unwrap_or_default(), points, median }
        });
        let groups = groups.collect();
        Ok(Curve { groups, frame })
    }

    /// Returns the curve of a group by its name.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for a name that is not there.
    pub fn group(&self, name: &str) -> Result<Group> {
        self.groups.iter().find(|group| group.name == name).cloned().ok_or_else(|| {
            let names = self.groups.iter().map(|group| group.name.as_str());
            unknown("group", name, names, NOBODY)
        })
    }

    fn named(&self) -> String {
        let names: Vec<String> =
            self.groups.iter().map(|group| format!("\"{}\"", group.name)).collect();
        if names.is_empty() { NOBODY.into() } else { names.join(", ") }
    }

    fn only(&self) -> Result<&Group> {
        match &self.groups[..] {
            [one] => Ok(one),
            groups => {
                let accepted = format!("one group: choose with `group`, of {}", self.named());
                Err(Error::config("curve", format!("{} groups", groups.len()), accepted))
            }
        }
    }

    /// Reads the curve of the only group at a time: see [`Group::at`].
    ///
    /// # Errors
    /// As [`Group::at`]; several groups.
    pub fn at(&self, time: f64) -> Result<Point> {
        self.only()?.at(time)
    }

    /// Returns the time by which half of the only group have left: see [`Group::median`].
    ///
    /// # Errors
    /// Several groups.
    pub fn median(&self) -> Result<Option<f64>> {
        Ok(self.only()?.median)
    }

    /// Returns the frame, as [`kaplan_meier`](super::kaplan_meier()) does.
    pub fn frame(&self) -> &DataFrame {
        &self.frame
    }
}

impl Group {
    /// Reads the curve at a time: the share still there just after it.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for a time below 0, and for one after the last
    /// observation while somebody is still there: what happens then was not observed.
    pub fn at(&self, time: f64) -> Result<Point> {
        let last = self.points.last().copied();
        let end = last.map_or(0.0, |point| point.time);
        let seen = time <= end || last.is_some_and(|point| point.survival == 0.0);
        if !(time >= 0.0 && time.is_finite() && seen) {
            return Err(Error::config("time", time, format!("0 to {end}, where observation ends")));
        }
        let after = self.points.partition_point(|point| point.time <= time);
        // There is a point at time 0.
        let point = self.points[after.max(1) - 1];
        let at_risk = if point.time == time {
            point.at_risk
        } else {
            self.points.get(after).map_or(0, |next| next.at_risk)
        };
        Ok(Point { time, at_risk, ..point })
    }

    /// Returns the curve as a frame of one row per time: `time` (f64), `at_risk` (i64), `survival`, `low`, `high` (f64).
    ///
    /// # Errors
    /// Polars' own.
    pub fn frame(&self) -> Result<DataFrame> {
        table(&self.points)
    }

    /// Returns the time by which half have left; none if more than half are still there at the end.
    pub fn median(&self) -> Option<f64> {
        self.median
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subjects() -> DataFrame {
        df!(
            "duration" => [10, 20, 20, 30, 5, 40], "observed" => [1, 1, 0, 1, 1, 0],
            "plan" => ["a", "a", "a", "a", "b", "b"],
        )
        .unwrap()
    }

    #[test]
    fn the_curve_is_read_between_its_steps() {
        let stays = curve_by(&subjects(), "plan").unwrap();
        let a = stays.group("a").unwrap();
        let read = |time: f64| a.at(time).map(|point| (point.at_risk, point.survival)).unwrap();
        assert_eq!(read(0.0), (4, 1.0));
        assert_eq!(read(9.9), (4, 1.0));
        assert_eq!(read(10.0), (4, 0.75));
        assert_eq!(read(20.0), (3, 0.5));
        assert_eq!(read(25.0), (1, 0.5));
        // Everybody has left, and stays away.
        assert_eq!(read(30.0), (1, 0.0));
        assert_eq!(read(99.0), (0, 0.0));
        assert_eq!(a.median(), Some(20.0));
    }

    #[test]
    fn the_points_and_medians_are_the_frames() {
        let stays = curve_by(&subjects(), "plan").unwrap();
        let (frame, medians) = (
            super::super::kaplan_meier(&subjects(), Some("plan")).unwrap(),
            super::super::median(&subjects(), Some("plan")).unwrap(),
        );
        assert!(stays.frame().equals_missing(&frame), "{frame}");
        for (row, name) in ["a", "b"].into_iter().enumerate() {
            let group = stays.group(name).unwrap();
            let median = medians.column("median").unwrap().f64().unwrap().get(row);
            assert_eq!(group.median(), median, "{name}");
            let mine = frame.clone().lazy().filter(col("plan").eq(lit(name)));
            let mine = mine.drop(cols(["plan", "events", "censored"])).collect().unwrap();
            assert!(group.frame().unwrap().equals_missing(&mine), "{name}: {mine}");
        }
    }

    /// As many groups as subjects: reading the groups' points takes no search among all groups for each.
    #[test]
    fn many_groups_take_no_longer_than_many_subjects() {
        let n = 100_000;
        let names: Vec<String> = (0..n).map(|n| n.to_string()).collect();
        let frame = df!("duration" => vec![1; n], "observed" => vec![1; n], "plan" => names);
        let began = std::time::Instant::now();
        let stays = curve_by(&frame.unwrap(), "plan").unwrap();
        assert_eq!(stays.group("99999").unwrap().at(1.0).unwrap().survival, 0.0);
        // Among all groups it would take minutes.
        assert!(began.elapsed().as_secs() < 10, "{:?}", began.elapsed());
    }

    #[test]
    fn what_was_not_observed_is_refused() {
        let stays = curve_by(&subjects(), "plan").unwrap();
        let b = stays.group("b").unwrap();
        assert_eq!(b.at(40.0).unwrap().survival, 0.5);
        for time in [40.1, -1.0, f64::NAN, f64::INFINITY] {
            let said = b.at(time).unwrap_err().to_string();
            assert!(said.contains("`time`") && said.contains("0 to 40"), "{said}");
        }
        let said = stays.at(1.0).unwrap_err().to_string();
        assert!(said.contains("2 groups") && said.contains("\"a\", \"b\""), "{said}");
        let said = stays.group("c").unwrap_err().to_string();
        assert!(said.contains("\"c\"") && said.contains("\"a\", \"b\""), "{said}");
        let nobody = curve(&subjects().clear()).unwrap();
        assert!(nobody.at(0.0).unwrap_err().to_string().contains("no subjects"));
    }
}
