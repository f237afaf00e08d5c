//! What an analyst would propose for the marketplace, from what was seen before the decision.

use rand::RngExt;

use super::costs::Costs;
use super::estimate::{Estimates, Reach, Terms};
use super::evidence::{Evidence, Seen};
use super::intervention::{
    CallBack, DropVetting, Format, Intervention, Mentors, Pays, Remind, Whom,
};
use super::world::World;
use crate::cases::check::within;
use crate::decision::{Choice, Prediction, Rule, recommended};
use crate::error::{Error, Result};
use crate::stats::interval::Z95;
use crate::stream::{Stream, stream};

/// How many forecasts of who is matched an estimate is the mean of.
const FORECASTS: u32 = 10;

/// What could be done, and what is assumed of it beyond the data.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plan {
    /// The first day; that of the decision.
    pub from: u32,
    /// The share that the school keeps of what mentees pay; 0 to 1.
    pub commission: f64,
    /// Hours within which support calls back; 0 to 720.
    pub within_hours: f64,
    /// Days without a session after which somebody is reminded; 1 to 365.
    pub idle_days: u32,
    /// What a reminder multiplies the hazard of leaving by; 0.01 to 10. Nobody has tried it here, so that it is assumed.
    pub reminded: f64,
    /// How many times what they would pay people say they would; 0.1 to 10. From published studies.
    pub overstated: f64,
    /// How often users are drawn again for the interval of a prediction; 2 to 10,000.
    pub draws: u32,
    /// What is assumed about money.
    pub costs: Costs,
}

impl Plan {
    /// Makes the plan that begins on a day: a commission of 15%, calls back within an hour, reminders after seven days that make
    /// the hazard 3% lower, and stated prices 1.35 times too high.
    pub fn new(from: u32, costs: Costs) -> Plan {
        Plan {
            from,
            commission: 0.15,
            within_hours: 1.0,
            idle_days: 7,
            reminded: 0.97,
            overstated: 1.35,
            draws: 60,
            costs,
        }
    }

    /// Checks every field, and that all begins on the day of the decision.
    fn validate(&self, world: &World) -> Result<()> {
        within("from", self.from, world.decided(), world.decided())?;
        within("reminded", self.reminded, 0.01, 10.0)?;
        within("overstated", self.overstated, 0.1, 10.0)?;
        within("draws", self.draws, 2, 10_000)?;
        self.costs.validate()?;
        self.measures().iter().flat_map(|one| &one.done).try_for_each(Intervention::validate)
    }

    /// Returns the options without predictions.
    fn measures(&self) -> Vec<Choice<Intervention>> {
        let from = self.from;
        let mentors =
            |whom, format, pays| Intervention::Mentors(Mentors { from, whom, format, pays });
        let school = |whom, format| mentors(whom, format, Pays::School);
        let mentee = |share| {
            let whom = if share < 1.0 { Whom::Share(share) } else { Whom::All };
            mentors(whom, Format::AsAsked, Pays::Mentee(self.commission))
        };
        let unvetted = Intervention::DropVetting(DropVetting { from });
        let within_hours = self.within_hours;
        let call = |whom| Intervention::CallBack(CallBack { from, whom, within_hours });
        let remind = Intervention::Remind(Remind { from, idle_days: self.idle_days });
        let paying = call(Whom::Subscribers);
        vec![
            Choice::nothing(),
            Choice::new("mentors for all, we pay", [school(Whom::All, Format::AsAsked)]),
            Choice::new("mentors for the engaged, we pay", [school(ENGAGED, Format::AsAsked)]),
            Choice::new(SUBSCRIBERS, [school(Whom::Subscribers, Format::Messages)]),
            Choice::new("mentees pay, offered to all", [mentee(1.0)]),
            Choice::new("mentees pay, offered to half", [mentee(0.5)]),
            Choice::new("mentees pay, offered to a tenth", [mentee(0.1)]),
            Choice::new("mentees pay, no vetting", [mentee(1.0), unvetted]),
            Choice::new("call subscribers back", [paying]),
            Choice::new("call everyone back", [call(Whom::All)]),
            Choice::new("reminders", [remind]),
            Choice::new("call subscribers back and remind", [paying, remind]),
            Choice::new(
                "mentees pay, no vetting; call subscribers back and remind",
                [mentee(1.0), unvetted, paying, remind],
            ),
        ]
    }

    /// Returns what each option gains by these estimates.
    fn gains(&self, found: &Estimates, forecasts: u32, rng: &mut Stream) -> Vec<f64> {
        let applicants = found.evidence.mentors.len() as f64;
        let everybody = |_: &Seen| true;
        let engaged = |user: &Seen| user.first_sessions >= 2;
        let pays = |user: &Seen| user.pays;
        let vetting = applicants * self.costs.vetting;
        let mut mentors = |who: &dyn Fn(&Seen) -> bool, share, format, pays, vetted| {
            let reach = Reach { who, share, format, pays, vetted };
            found.mentors(&reach, forecasts, rng) - if vetted { vetting } else { 0.0 }
        };
        let as_asked = Format::AsAsked;
        let all = mentors(&everybody, 1.0, as_asked, Pays::School, true);
        let engaged = mentors(&engaged, 1.0, as_asked, Pays::School, true);
        let subscribers = mentors(&pays, 1.0, Format::Messages, Pays::School, true);
        let mut mentee = |share, vetted| {
            mentors(&everybody, share, as_asked, Pays::Mentee(self.commission), vetted)
        };
        let paid = [1.0, 0.5, 0.1].map(|share| mentee(share, true));
        let unvetted = mentee(1.0, false);
        let call = |subscribers| {
            let (brings, calls) = found.call_back(subscribers, self.within_hours);
            brings - self.costs.call_back * calls
        };
        let (brings, reached) = found.remind(f64::from(self.idle_days), self.reminded);
        let remind = brings - self.costs.reminder * reached;
        let paying = call(true);
        vec![
            0.0,
            all,
            engaged,
            subscribers,
            paid[0],
            paid[1],
            paid[2],
            unvetted,
            paying,
            call(false),
            remind,
            paying + remind,
            unvetted + paying + remind,
        ]
    }
}

/// Two sessions on the day of sign-up.
const ENGAGED: Whom = Whom::Engaged(2);
const SUBSCRIBERS: &str = "mentors for subscribers, we pay messages";

/// Lists what could be done with the gain that the plan and what the world has [shown](World::seen) predict.
///
/// The experiment tells what a match changes: the difference between the arms' Kaplan–Meier curves at each payment, over the share
/// matched. Formats are compared among those matched, since which one suits is chance. Requests are those of the experiment, as many as
/// are to be expected by the sign-ups of the year before; forecasts match them one after the other, as mentors have room. What mentees would pay is
/// what they say, divided by the factor of published studies. That a mentor's score helps is the slope of staying on it among those
/// matched, carried on to scores that were rejected, which is a long way. What waiting for support costs is the slope of leaving on the hours to the answer, which are
/// chance. What a reminder changes is assumed. Effects of several measures add up. Intervals are of sampling, by drawing users again; that
/// the plan may be wrong is not in them.
///
/// # Errors
/// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) with the field of the plan that is out of range or begins on another day
/// than the decision's, and for an experiment that leaves one arm empty; those of [`World::seen`].
///
/// ```
/// use casebook::cases::mentor::{self, Costs, Plan, World};
/// use casebook::decision;
///
/// let config = mentor::Config { users: 1_000, ..mentor::Config::two_years() };
/// let world = World::new(&config, 12, Costs::default())?;
/// let options = mentor::options(&world, &Plan::new(world.decided(), Costs::default()))?;
/// // Vetting 80 applicants costs more than so few users bring.
/// assert!(options.iter().all(|one| one.name != "mentees pay, offered to all" || one.predicted.is_some_and(|it| it.gain < 0.0)));
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn options(world: &World, plan: &Plan) -> Result<Vec<Choice<Intervention>>> {
    plan.validate(world)?;
    let found = both_arms(world)?;
    let terms = Terms {
        overstated: plan.overstated,
        margin: plan.costs.margin,
        message_minutes: plan.costs.message_minutes,
        naive: false,
    };
    let gains = |users, forecasts, rng: &mut Stream| {
        plan.gains(&Estimates::new(found, users, terms), forecasts, rng)
    };
    let mut rng = stream(0, "mentor predictions", 0);
    let best = gains(found.users.iter().collect(), FORECASTS, &mut rng);
    // Two forecasts for each draw: how they differ is chance of forecasts, not of sampling.
    let draws: Vec<[Vec<f64>; 2]> = (0..plan.draws)
        .map(|draw| {
            let mut rng = stream(0, "mentor draws", u64::from(draw));
            let n = found.users.len();
            let users: Vec<&Seen> = (0..n).map(|_| &found.users[rng.random_range(0..n)]).collect();
            [(); 2].map(|()| gains(users.clone(), 1, &mut rng))
        })
        .collect();
    let predicted =
        plan.measures().into_iter().zip(best).enumerate().map(|(place, (one, gain))| {
            let pairs: Vec<[f64; 2]> =
                draws.iter().map(|draw| [draw[0][place], draw[1][place]]).collect();
            let half = Z95 * (sampling(&pairs) + between(&pairs) / f64::from(FORECASTS)).sqrt();
            one.predicted(Prediction { gain, low: gain - half, high: gain + half })
        });
    Ok(predicted.collect())
}

/// The variance of one forecast among forecasts from the same users.
fn between(pairs: &[[f64; 2]]) -> f64 {
    pairs.iter().map(|[one, other]| (one - other).powi(2) / 2.0).sum::<f64>() / pairs.len() as f64
}

/// The variance that comes from which users were seen: that of the pairs' means, less what two forecasts add.
fn sampling(pairs: &[[f64; 2]]) -> f64 {
    let n = pairs.len() as f64;
    let means = || pairs.iter().map(|[one, other]| (one + other) / 2.0);
    let middle = means().sum::<f64>() / n;
    let all = means().map(|mean| (mean - middle).powi(2)).sum::<f64>() / (n - 1.0);
    (all - between(pairs) / 2.0).max(0.0)
}

/// Checks that both arms of the experiment were seen: without one there is nothing to compare.
fn both_arms(world: &World) -> Result<&Evidence> {
    let found = world.evidence()?;
    let seen = |arm| found.users.iter().any(|user| user.active() && user.offered == Some(arm));
    if seen(true) && seen(false) {
        return Ok(found);
    }
    let accepted = "between 0 and 1, with an experiment that begins before the decision and active users in both arms";
    Err(Error::config("share", world.config().offer.share, accepted).within("offer"))
}

/// Lists the same options with what a glance at the data says: mentored users stay longer than others, and mentors are why; a user
/// kept is worth a subscription; mentees pay what they say; whoever leaves after a question would have stayed.
///
/// # Errors
/// As [`options`].
pub fn naive_options(world: &World, plan: &Plan) -> Result<Vec<Choice<Intervention>>> {
    plan.validate(world)?;
    let found = both_arms(world)?;
    let terms = Terms {
        overstated: 1.0,
        margin: plan.costs.margin,
        message_minutes: plan.costs.message_minutes,
        naive: true,
    };
    let estimates = Estimates::new(found, found.users.iter().collect(), terms);
    let mut rng = stream(0, "mentor predictions", 0);
    let gains = plan.gains(&estimates, FORECASTS, &mut rng);
    let sure = |gain: f64| Prediction { gain, low: gain, high: gain };
    Ok(plan
        .measures()
        .into_iter()
        .zip(gains)
        .map(|(one, gain)| one.predicted(sure(gain)))
        .collect())
}

/// Returns the rules to hold against each other: "analysis" ([`options`]), "highest naive estimate" ([`naive_options`]), and always one
/// of "mentors for all, we pay", "mentors for the engaged, we pay" and "do nothing".
pub fn rules(plan: Plan) -> Vec<Rule<'static, World>> {
    let best = |options: Vec<Choice<Intervention>>| Ok(recommended(&options)?.name.clone());
    // Which option is recommended does not depend on the intervals.
    let quick = Plan { draws: 2, ..plan };
    vec![
        Rule::new("analysis", move |world: &World| best(options(world, &quick)?)),
        Rule::new("highest naive estimate", move |world: &World| {
            best(naive_options(world, &plan)?)
        }),
        Rule::always("mentors for all, we pay"),
        Rule::always("mentors for the engaged, we pay"),
        Rule::always("do nothing"),
    ]
}
