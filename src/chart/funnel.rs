//! Funnel charts: how many reach each step, and where they drop out.

use plotters::style::text_anchor::{HPos, VPos};
use polars::prelude::*;

use super::canvas::{Canvas, Text};
use super::label::short;
use super::{
    Frame, LINE, Labels, Unit, Values, columns, drawable, extent, labels, left_out, names, numbers,
    theme,
};
use crate::error::{Error, Result, nearest};
use crate::figure::Figure;

/// Builds a funnel chart: see [`funnel`](fn@funnel).
#[derive(Debug, Clone)]
pub struct Funnel<'f> {
    frame: &'f DataFrame,
    highlighted: Vec<String>,
    labels: Labels,
}

/// Begins a funnel chart: a bar for each step, as long as its users are many, with the count and the share of the first
/// step beside it. Between two bars stands how many go on from the step before and how many drop out; the pale rest of a
/// bar is those who dropped out.
///
/// Reads one row per step, in order, as [`Funnel::conversion`](crate::metrics::funnel::Funnel::conversion) returns them:
/// `name`, `users` (a number, 0 or more) and, if there, `previous` (users of the step before, null at the first). Without
/// `previous`, the step before is the row before; the metric knows which steps are optional.
///
/// ```
/// use casebook::prelude::*;
///
/// let events = warehouse::files::read("data/samples/events.csv")?;
/// let steps = Funnel::new(["visit", "cart", "purchase"].map(Step::event)).measure(&events)?;
/// let figure = chart::funnel(steps.frame())
///     .title("Most visitors leave before they put anything in the cart")
///     .highlight("cart")
///     .draw()?;
/// assert!(figure.alt().contains("Funnel chart of Users by Step. visit: "));
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn funnel(frame: &DataFrame) -> Funnel<'_> {
    Funnel { frame, highlighted: vec![], labels: Labels::new("Users", "Step").of(Values::Across) }
}

labels!(Funnel);

struct Step {
    name: String,
    users: f64,
    previous: Option<f64>,
}

impl Step {
    /// The share of the step before that goes on.
    fn rate(&self) -> Option<f64> {
        self.previous.map(|previous| self.users / previous).filter(|rate| rate.is_finite())
    }

    /// "38.0% continue, 7,738 drop out".
    fn passage(&self, unit: Unit) -> Option<String> {
        let (rate, previous) = (self.rate()?, self.previous?);
        let continuing = format!("{} continue", Unit::Percent.text(rate));
        Some(if self.users > previous {
            format!("{continuing}, {} more than before", unit.text(self.users - previous))
        } else {
            format!("{continuing}, {} drop out", unit.text(previous - self.users))
        })
    }
}

impl Funnel<'_> {
    /// Marks a step, and the way to it, in a colour of its own: the one that the title speaks of. Called again, it marks
    /// another one too.
    pub fn highlight(mut self, step: &str) -> Self {
        self.highlighted.push(step.into());
        self
    }

    /// Draws the chart. [`unit`](Funnel::unit) is the unit of `users`, which may be dollars.
    ///
    /// # Errors
    /// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn),
    /// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for users that are not numbers, or below 0,
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for a highlighted step that is not there, a size out
    /// of range, or more than 200,000 steps.
    pub fn draw(self) -> Result<Figure> {
        let (steps, missing) = self.steps()?;
        let unit = self.labels.unit;
        let described: Vec<String> =
            steps.iter().take(12).map(|step| self.describe(step, &steps[0])).collect();
        let rest = match steps.len().saturating_sub(12) {
            0 => String::new(),
            more => format!("; and {more} more steps"),
        };
        let summary = (!steps.is_empty()).then(|| format!("{}{rest}.", described.join("; ")));
        self.labels
            .figure("Funnel chart", summary, |canvas| self.paint(canvas, &steps, unit, missing))
    }

    fn steps(&self) -> Result<(Vec<Step>, usize)> {
        columns(self.frame, &["name", "users"])?;
        let users = numbers(self.frame, "users")?;
        drawable("steps", users.len(), 1)?;
        if let Some(below) = users.iter().flatten().find(|users| **users < 0.0) {
            let problem = format!("holds {below}; a funnel needs counts of 0 or more");
            return Err(Error::column("chart's", "users", problem));
        }
        let known = self.frame.column("previous").is_ok();
        let previous = if known {
            numbers(self.frame, "previous")?
        } else {
            [None].into_iter().chain(users.iter().copied()).take(users.len()).collect()
        };
        let names = names(self.frame, "name")?;
        if let Some(wanted) = self.highlighted.iter().find(|wanted| !names.contains(wanted)) {
            let meant = nearest(wanted, names.iter().map(String::as_str));
            let meant = meant.map_or(String::new(), |name| format!("; did you mean \"{name}\"?"));
            let accepted = format!("a step's name{meant}");
            return Err(Error::config("highlight", format!("\"{}\"", short(wanted)), accepted));
        }
        let missing = users.iter().filter(|users| users.is_none()).count();
        let steps =
            names.into_iter().zip(users).zip(previous).filter_map(|((name, users), previous)| {
                Some(Step { name, users: users?, previous: previous.filter(|users| *users >= 0.0) })
            });
        Ok((steps.collect(), missing))
    }

    fn describe(&self, step: &Step, first: &Step) -> String {
        let unit = self.labels.unit;
        let (name, users) = (short(&step.name), unit.text(step.users));
        match (step.passage(unit), share(step, first)) {
            (Some(passage), Some(share)) => {
                format!("{name}: {users} ({share} of the first step; {passage})")
            }
            _ => format!("{name}: {users}"),
        }
    }

    fn paint(&self, canvas: &Canvas, steps: &[Step], unit: Unit, missing: usize) -> Result<()> {
        let bare = Labels { x: String::new(), ..self.labels.clone() };
        let mut frame = Frame::new(canvas, &bare, &[], left_out(missing))?;
        frame.bottom += LINE; // no axis below
        // A line for the headings of the columns beside.
        frame.top += LINE - 2.0;
        const BETWEEN: f64 = 19.0;
        let tall = frame.bottom - frame.top;
        let slot = (tall + BETWEEN) / steps.len() as f64;
        let between = slot >= 32.0; // room for a line of text between two bars
        let slot = if between { slot.min(64.0) } else { tall / steps.len() as f64 };
        let bar = if between { slot - BETWEEN } else { slot * 0.8 };

        // Columns of numbers on the right, each below its heading.
        let label = Text::new(theme::LABEL, theme::INK).at(HPos::Right, VPos::Center);
        let tick = Text::new(theme::TICK, theme::MUTED).at(HPos::Right, VPos::Center);
        let none = || "–".to_owned();
        let share = |step: &Step| share(step, &steps[0]).unwrap_or_else(none);
        let mut beside: Vec<(String, Vec<String>)> = vec![
            ("of first".into(), steps.iter().map(share).collect()),
            (self.labels.x.clone(), steps.iter().map(|step| unit.text(step.users)).collect()),
        ];
        if !between && slot >= 8.0 {
            let rate = |step: &Step| step.rate().map_or_else(none, |rate| Unit::Percent.text(rate));
            beside.insert(0, ("of previous".into(), steps.iter().map(rate).collect()));
        }
        let every = (15.0 / slot).ceil().max(1.0) as usize;
        let first = frame.top;
        let top = |place: usize| first + slot * place as f64;
        let heading = frame.top - 11.0;
        for (head, texts) in &beside {
            let numbers = texts.iter().map(|text| label.width(text)).fold(0.0, f64::max);
            let head = tick.fit(head, (canvas.width * 0.2).max(numbers));
            canvas.text(&head, (frame.right, heading), tick)?;
            for (place, text) in texts.iter().enumerate().step_by(every) {
                canvas.text(text, (frame.right, top(place) + bar / 2.0), label)?;
            }
            frame.right -= numbers.max(tick.width(&head)) + 14.0;
        }
        let widest = steps.iter().map(|step| label.width(&step.name)).fold(0.0, f64::max);
        let room = widest.min(canvas.width * 0.3);
        frame.left += room + 10.0;

        let most =
            extent(steps.iter().flat_map(|step| [Some(step.users), step.previous]).flatten());
        let most = most.map_or(1.0, |(_, most)| if most > 0.0 { most } else { 1.0 });
        let long = |users: f64| frame.left + (frame.right - frame.left).max(1.0) * (users / most);
        for (place, step) in steps.iter().enumerate() {
            let marked = self.highlighted.contains(&step.name);
            let colour = theme::colour(usize::from(marked));
            let y = top(place);
            if let Some(previous) = step.previous {
                canvas.rect((frame.left, y), (long(previous), y + bar), theme::EMPTY)?;
            }
            // However few they are, a bar that is there is seen.
            let end = long(step.users).max(frame.left + if step.users > 0.0 { 1.5 } else { 0.0 });
            canvas.rect((frame.left, y), (end, y + bar), colour)?;
            if place % every == 0 {
                let name = label.fit(&step.name, room);
                canvas.text(&name, (frame.left - 10.0, y + bar / 2.0), label)?;
            }
            if let (true, Some(passage)) = (between && place > 0, step.passage(unit)) {
                let ink = if marked { colour } else { theme::MUTED };
                let style = Text::new(theme::TICK, ink);
                let style = if marked { style.bold() } else { style };
                let text = style.fit(&passage, canvas.width - frame.left - 18.0);
                // Clear of the axis.
                canvas.text(&text, (frame.left + 4.0, y - (slot - bar) / 2.0), style)?;
            }
        }
        let line = [(frame.left, frame.top), (frame.left, top(steps.len() - 1) + bar)];
        canvas.line(&line, theme::AXIS, 1.0)
    }
}

/// The share of the first step's users.
fn share(step: &Step, first: &Step) -> Option<String> {
    let share = step.users / first.users;
    share.is_finite().then(|| Unit::Percent.text(share))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps() -> DataFrame {
        df!(
            "name" => ["visit", "cart", "gift", "pay"], "users" => [1_000, 400, 50, 300],
            "previous" => [None, Some(1_000), Some(400), Some(400)],
        )
        .unwrap()
    }

    #[test]
    fn rates_are_of_the_step_before_as_the_metric_knows_it() -> Result<()> {
        let figure = funnel(&steps()).title("Carts are left").highlight("cart").draw()?;
        assert_eq!(
            figure.alt(),
            "Carts are left. Funnel chart of Users by Step. visit: 1,000; cart: 400 (40.0% of the first step; 40.0% \
             continue, 600 drop out); gift: 50 (5.0% of the first step; 12.5% continue, 350 drop out); pay: 300 (30.0% of \
             the first step; 75.0% continue, 100 drop out)."
        );
        let text = figure.svg().replace(['\n', '\r'], "");
        for shown in [">1,000<", ">100.0%<", ">75.0% continue, 100 drop out<", ">of first<"] {
            assert!(text.contains(shown), "{shown} in {text}");
        }
        // Without the column, the step before is the row before.
        let figure = funnel(&steps().drop("previous")?).draw()?;
        assert!(figure.alt().contains("600.0% continue, 250 more than before"), "{}", figure.alt());
        Ok(())
    }

    #[test]
    fn many_steps_have_their_rates_in_a_column() -> Result<()> {
        let users: Vec<i64> = (0..20).map(|step| 10_000 >> step).collect();
        let names: Vec<String> = (0..20).map(|step| format!("step {step}")).collect();
        let figure = funnel(&df!("name" => names, "users" => users)?).draw()?;
        let text = figure.svg().replace(['\n', '\r'], "");
        assert!(text.contains(">of previous<") && !text.contains("drop out<"), "{text}");
        assert!(figure.alt().contains("; and 8 more steps."), "{}", figure.alt());
        Ok(())
    }

    #[test]
    fn what_is_no_funnel_is_refused() -> Result<()> {
        let told = funnel(&df!("step" => ["a"], "users" => [1])?).draw().unwrap_err().to_string();
        assert!(told.contains("no column `name`"), "{told}");
        let told = funnel(&df!("name" => ["a"], "users" => [-5])?).draw().unwrap_err().to_string();
        assert!(told.contains("`users`") && told.contains("holds -5"), "{told}");
        let told = funnel(&steps()).highlight("car").draw().unwrap_err().to_string();
        assert!(told.contains("did you mean \"cart\"?"), "{told}");
        Ok(())
    }

    #[test]
    fn nobody_at_all_has_no_rates() -> Result<()> {
        let figure = funnel(&df!("name" => ["a", "b"], "users" => [0, 0])?).draw()?;
        assert!(figure.alt().ends_with("a: 0; b: 0."), "{}", figure.alt());
        Ok(())
    }
}
