//! One run of an experiment: what its users do, day by day.
//!
//! A day of an arm and segment is drawn as sums: hundreds of users make them normal. For a few experiments the users
//! are drawn one by one, and the sums are theirs.

use rand_distr::{Beta, Distribution, StandardNormal};

use super::config::Config;
use super::flaw::Flaw;
use super::idea::{Idea, name};
use super::metric::Metric;
use crate::cases::draw::uniform;
use crate::stream::{Stream, stream};

/// Which run of an experiment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Run {
    /// The first.
    First,
    /// Once more from the start, after a sample ratio alarm, without the redirect.
    Rerun,
    /// A winner once more, with new arms, measured when novelty has worn off.
    Replication,
}

/// Sums over users of an arm and segment.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Sums {
    pub users: f64,
    /// Users who bought in the week before.
    pub before: f64,
    /// Users who returned.
    pub returned: f64,
    /// Of the primary metric: of a mean, the denominator is 1 for each user.
    pub numerator: f64,
    pub numerator_squares: f64,
    pub denominator: f64,
    pub denominator_squares: f64,
    pub products: f64,
}

impl Sums {
    pub fn add(&mut self, other: &Sums) {
        self.users += other.users;
        self.before += other.before;
        self.returned += other.returned;
        self.numerator += other.numerator;
        self.numerator_squares += other.numerator_squares;
        self.denominator += other.denominator;
        self.denominator_squares += other.denominator_squares;
        self.products += other.products;
    }
}

/// A user whose row is kept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct User {
    pub new: bool,
    pub before: bool,
    pub returned: bool,
    pub numerator: f64,
    pub denominator: f64,
}

/// Makes the users of one run of an experiment.
pub(super) struct Users<'c> {
    config: &'c Config,
    idea: &'c Idea,
    run: Run,
    sums: String,
    one_by_one: Option<String>,
}

/// What holds for users of an arm and segment on a day.
struct Chances {
    users: f64,
    /// A relative change of the primary metric, effect and errors of measurement.
    factor: f64,
    before: f64,
    returns: f64,
}

impl<'c> Users<'c> {
    pub fn new(config: &'c Config, idea: &'c Idea, year: u64, run: Run) -> Users<'c> {
        let purpose = match run {
            Run::First => "platform day",
            Run::Rerun => "platform day again",
            Run::Replication => "platform day of a replication",
        };
        Users { config, idea, run, sums: name(purpose, year), one_by_one: None }
    }

    /// Draws users one by one instead of their sums.
    pub fn one_by_one(mut self) -> Users<'c> {
        self.one_by_one = Some("platform user".into());
        self
    }

    fn chances(&self, day: u32, treated: bool, new: bool) -> Chances {
        let (metrics, planted) = (&self.config.metrics, &self.config.planted);
        let first = self.run == Run::First;
        let share = if new { metrics.new } else { 1.0 - metrics.new };
        let mut users = f64::from(self.config.users_per_day) * share;
        let (mut factor, mut before, mut returns) = (1.0, metrics.converts, metrics.returns);
        if treated {
            returns *= 1.0 + self.idea.returning(self.config);
            factor *= 1.0 + self.idea.base;
            match self.idea.flaw {
                Flaw::Redirect if self.run != Run::Rerun => {
                    let lost = planted.redirect_loses;
                    users *= 1.0 - lost;
                    factor *= (1.0 - lost * planted.lost_convert) / (1.0 - lost);
                }
                Flaw::CarryOver if first => {
                    let carried = if self.idea.side { planted.carried } else { -planted.carried };
                    factor *= 1.0 + carried;
                    before *= 1.0 + carried;
                }
                // A replication measures what is left after weeks.
                Flaw::Novelty if self.run != Run::Replication => factor *= 1.0 + planted.novelty,
                Flaw::OneSegment if new => factor *= 1.0 + planted.segment,
                Flaw::Liked => factor *= 1.0 + planted.liked,
                _ => {}
            }
        }
        let out = self.idea.outage_from..self.idea.outage_from + planted.outage_days;
        let hit = first && self.idea.flaw == Flaw::Outage && treated == self.idea.side;
        if hit && out.contains(&day) {
            factor *= 1.0 - planted.outage_loses;
        }
        Chances { users, factor, before, returns }
    }

    fn key(&self, day: u32, treated: bool, new: bool) -> u64 {
        u64::from(self.idea.id) * 1_024
            + u64::from(day) * 4
            + u64::from(treated) * 2
            + u64::from(new)
    }

    /// Returns the sums of a day, from 0, of an arm and segment.
    pub fn sums(&self, day: u32, treated: bool, new: bool) -> Sums {
        if self.one_by_one.is_some() {
            let mut sums = Sums::default();
            self.users(day, treated, new).iter().for_each(|user| sums.add(&self.one(user)));
            return sums;
        }
        let chances = self.chances(day, treated, new);
        let mut rng = stream(self.config.seed, &self.sums, self.key(day, treated, new));
        let users = count(&mut rng, chances.users);
        let before = hits(&mut rng, users, chances.before);
        let returned = hits(&mut rng, users, chances.returns);
        let metrics = &self.config.metrics;
        let bought = |rng: &mut Stream| hits(rng, users, metrics.converts * chances.factor);
        let mean = Sums {
            users,
            before,
            returned,
            denominator: users,
            denominator_squares: users,
            ..Sums::default()
        };
        match self.idea.metric {
            Metric::Conversion => {
                let bought = bought(&mut rng);
                Sums { numerator: bought, numerator_squares: bought, products: bought, ..mean }
            }
            Metric::Revenue => {
                let bought = bought(&mut rng);
                let spread = metrics.order * metrics.order_spread;
                let revenue = metrics.order * bought + spread * bought.sqrt() * normal(&mut rng);
                let revenue = (revenue.max(0.0) * 100.0).round() / 100.0;
                let square = metrics.order.powi(2) + spread.powi(2);
                let squares = (bought * square).round();
                Sums { numerator: revenue, numerator_squares: squares, products: revenue, ..mean }
            }
            Metric::Clicks => {
                // Sessions and clicks are jointly normal; their squares are what they are on average.
                let click = (metrics.click * chances.factor).min(1.0);
                let (m, squares) = (metrics.sessions, metrics.session_squares());
                let click_squares = metrics.click_squares(click);
                let (varies, together) = (squares - m * m, click * (squares - m * m));
                let alone = click_squares - (click * m).powi(2) - click * together;
                let off = normal(&mut rng);
                let sessions = users * m + (users * varies).sqrt() * off;
                let clicks = users * m * click
                    + (users * varies).sqrt() * click * off
                    + (users * alone.max(0.0)).sqrt() * normal(&mut rng);
                Sums {
                    numerator: clicks.round().max(0.0),
                    numerator_squares: (users * click_squares).round(),
                    denominator: sessions.round().max(users),
                    denominator_squares: (users * squares).round(),
                    products: (users * click * squares).round(),
                    ..mean
                }
            }
        }
    }

    fn one(&self, user: &User) -> Sums {
        let number = |is: bool| f64::from(u8::from(is));
        Sums {
            users: 1.0,
            before: number(user.before),
            returned: number(user.returned),
            numerator: user.numerator,
            numerator_squares: user.numerator.powi(2),
            denominator: user.denominator,
            denominator_squares: user.denominator.powi(2),
            products: user.numerator * user.denominator,
        }
    }

    /// Returns the users of a day, from 0, of an arm and segment, one by one.
    pub fn users(&self, day: u32, treated: bool, new: bool) -> Vec<User> {
        let Some(name) = &self.one_by_one else { return vec![] };
        let chances = self.chances(day, treated, new);
        let mut rng = stream(self.config.seed, name, self.key(day, treated, new));
        let metrics = &self.config.metrics;
        let share = (metrics.click * chances.factor).clamp(0.001, 0.999);
        let strength = (1.0 / metrics.alike.max(0.001)) - 1.0;
        let own = Beta::new(share * strength, (1.0 - share) * strength);
        (0..count(&mut rng, chances.users) as u32)
            .map(|_| {
                let before = uniform(&mut rng) < chances.before;
                let returned = uniform(&mut rng) < chances.returns;
                let (numerator, denominator) = if self.idea.metric == Metric::Clicks {
                    let sessions = geometric(&mut rng, metrics.sessions);
                    let own = own.as_ref().map_or(share, |own| own.sample(&mut rng));
                    let clicks = (0..sessions).filter(|_| uniform(&mut rng) < own).count();
                    (clicks as f64, f64::from(sessions))
                } else {
                    let bought = uniform(&mut rng) < metrics.converts * chances.factor;
                    (f64::from(u8::from(bought)), 1.0)
                };
                User { new, before, returned, numerator, denominator }
            })
            .collect()
    }
}

pub(super) fn normal(rng: &mut Stream) -> f64 {
    StandardNormal.sample(rng)
}

/// Draws a number of users: Poisson, which is normal for hundreds.
fn count(rng: &mut Stream, mean: f64) -> f64 {
    (mean + mean.sqrt() * normal(rng)).round().max(1.0)
}

/// Draws how many of some users it happens to: binomial, which is normal for hundreds.
fn hits(rng: &mut Stream, users: f64, share: f64) -> f64 {
    let share = share.clamp(0.0, 1.0);
    let drawn = users * share + (users * share * (1.0 - share)).sqrt() * normal(rng);
    drawn.round().clamp(0.0, users)
}

/// Draws a number from 1, geometric with this mean.
fn geometric(rng: &mut Stream, mean: f64) -> u32 {
    let goes_on = 1.0 - 1.0 / mean;
    let drawn = if goes_on > 0.0 { (1.0 - uniform(rng)).ln() / goes_on.ln() } else { 0.0 };
    1 + drawn.min(10_000.0) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Users one by one have the moments that the sums are drawn with.
    #[test]
    fn sums_are_those_of_users() {
        let config = Config { users_per_day: 20_000, ..Config::default() };
        let mut idea = Idea::draw(&config, 0, 1);
        idea.base = 0.1;
        for metric in [Metric::Conversion, Metric::Clicks] {
            (idea.metric, idea.flaw) = (metric, Flaw::Clean);
            let of = |users: Users| {
                let mut all = Sums::default();
                (0..14).for_each(|day| all.add(&users.sums(day, true, false)));
                all
            };
            let drawn = of(Users::new(&config, &idea, 0, Run::First));
            let one = of(Users::new(&config, &idea, 0, Run::First).one_by_one());
            for (what, pick) in [
                ("numerator", (|it: &Sums| it.numerator) as fn(&Sums) -> f64),
                ("denominator", |it| it.denominator),
                ("numerator squares", |it| it.numerator_squares),
                ("denominator squares", |it| it.denominator_squares),
                ("products", |it| it.products),
                ("before", |it| it.before),
                ("returned", |it| it.returned),
            ] {
                let (a, b) = (pick(&drawn) / drawn.users, pick(&one) / one.users);
                assert!((a / b - 1.0).abs() < 0.02, "{metric:?}, {what}: {a} and {b}");
            }
        }
    }
}
