//! What an analyst would propose for the shop, from what was seen before the decision.

use super::checkout_rules::{CODES, MENDABLE};
use super::evidence::{Basket, Evidence, RECENT};
use super::intervention::{Acquire, Companion, Costs, Fix, Intervention, Whom, WinBack};
use super::world::World;
use crate::cases::check::within;
use crate::decision::{Choice, Prediction, Rule, recommended};
use crate::error::Result;
use crate::stats::interval::Z95;

/// What could be done, and what is assumed of it: nobody has tried it, so nothing in the data says how well it works.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plan {
    /// A checkout that fails less often.
    pub fix: Fix,
    /// Mail to those who haven't come.
    pub win_back: WinBack,
    /// The companion shown.
    pub companion: Companion,
    /// Users to win.
    pub acquire: Acquire,
    /// Days over which results are counted; 1 to 3,650.
    pub horizon: u32,
    /// What is assumed about money.
    pub costs: Costs,
}

impl Plan {
    /// Makes the plan that begins on a day: half of the mendable failures succeed, 5% of those gone return for 15% off, one order line
    /// in 20 gains a companion, and 600 users are won.
    pub fn new(from: u32, horizon: u32, costs: Costs) -> Plan {
        let whom = Whom::All;
        Plan {
            fix: Fix { from, whom, mends: 0.5 },
            win_back: WinBack {
                from,
                whom,
                idle_days: 60,
                returns: 0.05,
                coupon: 0.15,
                valid_days: 30,
            },
            companion: Companion { from, whom, gains: 0.05 },
            acquire: Acquire { from, users: 600, mix: [0.05, 0.35, 0.6, 0.0] },
            horizon,
            costs,
        }
    }

    /// Returns the options, with what is expected of each.
    fn choices(&self, expected: [Option<Prediction>; 4]) -> Vec<Choice<Intervention>> {
        let [fix, win_back, companion, acquire] = expected;
        let named = |name: &str, one, predicted| {
            let choice = Choice::new(name, [one]);
            match predicted {
                Some(predicted) => choice.predicted(predicted),
                None => choice,
            }
        };
        vec![
            Choice::nothing().predicted(Prediction { gain: 0.0, low: 0.0, high: 0.0 }),
            named("fix the checkout", Intervention::Fix(self.fix), fix),
            named("win back", Intervention::WinBack(self.win_back), win_back),
            named("show companions", Intervention::Companion(self.companion), companion),
            named("acquire customers", Intervention::Acquire(self.acquire), acquire),
        ]
    }

    /// Checks every field, and that all begins on the day of the decision and is counted to the world's horizon.
    fn validate(&self, world: &World) -> Result<()> {
        within("horizon", self.horizon, 1, world.horizon())?;
        self.costs.validate()?;
        let all = self.choices([None; 4]);
        let mut all = all.iter().flat_map(|choice| &choice.done);
        all.try_for_each(|one| {
            one.validate()?;
            within("from", one.from(), world.decided(), world.decided())
        })
    }
}

/// A sum of independent effects: its mean and variance.
#[derive(Default)]
struct Sum {
    mean: f64,
    variance: f64,
}

impl Sum {
    /// Adds what happens a Poisson number of times, this many on average, and is worth so much each time.
    fn add(&mut self, times: f64, worth: f64) {
        self.mean += times * worth;
        self.variance += times * worth * worth;
    }

    fn scaled(self, by: f64) -> Sum {
        Sum { mean: self.mean * by, variance: self.variance * by * by }
    }

    fn less(self, cost: f64) -> Prediction {
        let (gain, half) = (self.mean - cost, Z95 * self.variance.sqrt());
        Prediction { gain, low: gain - half, high: gain + half }
    }
}

/// Lists what could be done with the gain that the plan and what the world has [shown](World::seen) predict: "do nothing", "fix the
/// checkout", "win back", "show companions", "acquire customers".
///
/// The checkout: intended purchases lost in the last 90 days to failures that can be mended. Mail: whoever is gone by BG/NBD on sessions
/// may return, and comes as often as before; those who aren't gone take the coupon. Companions: orders of the last 90 days that hold a
/// product without the one that is viewed after it more often than its popularity explains. New users: what users of each segment
/// brought in their first days. The 90 days are projected with the BG/NBD forecast of sessions, in usual days by
/// [`seasonality`](super::seasonality()). Intervals are of sampling; that the plan may be wrong is not in them.
///
/// # Errors
/// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) with the field of the plan that is out of range, begins on another
/// day than the decision's or looks further than the world; those of
/// [`BgNbd::fit`](crate::metrics::clv::BgNbd::fit).
///
/// ```
/// use casebook::cases::ecommerce::{self, Costs, Plan, World};
/// use casebook::decision;
///
/// let config = ecommerce::Config { users: 300, ..Default::default() };
/// let world = World::new(&config, 245, 120, Costs::default())?;
/// let options = ecommerce::options(&world, &Plan::new(245, 120, Costs::default()))?;
/// // For so few users nothing pays that costs tens of thousands.
/// assert_ne!(decision::recommended(&options)?.name, "fix the checkout");
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn options(world: &World, plan: &Plan) -> Result<Vec<Choice<Intervention>>> {
    plan.validate(world)?;
    let horizon = f64::from(plan.horizon);
    let found = world.evidence(horizon, f64::from(plan.win_back.valid_days))?;
    let costs = &plan.costs;
    let to_come: f64 = found.users.iter().map(|user| user.sessions.0).sum();
    let scale = to_come / found.recent_sessions.max(1.0);
    let recent = |basket: &&Basket| basket.at >= found.now - RECENT;

    let mut fix = Sum::default();
    for (cart, code) in &found.carts {
        let mendable = code.as_ref().is_some_and(|code| CODES[..MENDABLE].contains(&code.as_str()));
        let reached = plan.fix.whom.holds(found.users[cart.user].segment);
        if mendable && reached && recent(&cart) {
            fix.add(plan.fix.mends, costs.contribution(cart.value));
        }
    }

    let mut companion = Sum::default();
    for order in found.orders.iter().filter(recent) {
        if !plan.companion.whom.holds(found.users[order.user].segment) {
            continue;
        }
        for product in &order.products {
            let Some(other) = found.companions.get(product) else { continue };
            if !order.products.contains(other) {
                companion.add(plan.companion.gains, costs.margin * found.prices[other]);
            }
        }
    }

    let acquire = acquired(&found, plan);
    let (win_back, mails) = win_back(&found, plan);
    Ok(plan.choices([
        Some(fix.scaled(scale).less(costs.fix)),
        Some(win_back.less(costs.campaign + costs.mail * mails)),
        Some(companion.scaled(scale).less(costs.companion)),
        acquire.map(|sum| sum.less(costs.acquisition * f64::from(plan.acquire.users))),
    ]))
}

/// Predicts what mail brings, before its cost, and how many are sent.
fn win_back(found: &Evidence, plan: &Plan) -> (Sum, f64) {
    let (mail, costs) = (&plan.win_back, &plan.costs);
    let mean = found.orders.iter().map(|order| order.value).sum::<f64>()
        / (found.orders.len() as f64).max(1.0);
    let idle = |seen: &&super::evidence::Seen| {
        mail.whom.holds(seen.segment) && seen.last.floor() + f64::from(mail.idle_days) <= found.now
    };
    let (mut sum, mut mails) = (Sum::default(), 0.0);
    for user in found.users.iter().filter(idle) {
        mails += 1.0;
        // Who has never come is not known to the model, and left out.
        let Some(alive) = user.alive else { continue };
        let orders = |sessions: f64| sessions / alive.max(1e-9) * found.buys[user.segment];
        let coupon = |orders: f64| (1.0 - (-orders).exp()) * mail.coupon * mean;
        sum.add(alive, -coupon(orders(user.sessions.1)));
        let soon = user.faster * orders(user.sessions.1);
        let worth = user.faster * orders(user.sessions.0) * costs.contribution(mean) - coupon(soon);
        sum.add((1.0 - alive) * mail.returns, worth);
    }
    (sum, mails)
}

/// Predicts what new users bring, before their cost, from the first days of those who came before; nothing if nobody of their segments
/// has been observed for that long.
fn acquired(found: &Evidence, plan: &Plan) -> Option<Sum> {
    // They come within 30 days of the first.
    let days = (f64::from(plan.horizon) - 15.0).max(1.0);
    let known = |user: &super::evidence::Seen| user.registered + days <= found.now;
    let (mut count, mut sums, mut squares) = ([0.0; 4], [0.0; 4], [0.0; 4]);
    let mut each = vec![0.0; found.users.len()];
    for order in &found.orders {
        if order.at < found.users[order.user].registered + days {
            // As busy as the days to come will be.
            let busier = found.busy / found.busy_on(order.at);
            each[order.user] += plan.costs.contribution(order.value) * busier;
        }
    }
    for (user, brought) in found.users.iter().zip(each).filter(|(user, _)| known(user)) {
        count[user.segment] += 1.0;
        sums[user.segment] += brought;
        squares[user.segment] += brought * brought;
    }
    let mut total = Sum::default();
    let (mut one, mut square) = (0.0, 0.0);
    for segment in 0..4 {
        let users = f64::from(plan.acquire.users) * plan.acquire.mix[segment];
        if users > 0.0 && count[segment] < 2.0 {
            return None;
        }
        let n = f64::max(count[segment], 1.0);
        let mean = sums[segment] / n;
        let spread = (squares[segment] / n - mean * mean).max(0.0);
        total.mean += users * mean;
        one += plan.acquire.mix[segment] * mean;
        square += plan.acquire.mix[segment] * (mean * mean + spread);
        // The estimate's chance.
        total.variance += users * users * spread / n;
    }
    // Chance among the new users: of which segment they are, and what they bring.
    total.variance += f64::from(plan.acquire.users) * (square - one * one);
    Some(total)
}

/// Lists the same options with what a glance at the data says: every cart left behind could be mended; everybody who hasn't come is gone,
/// and worth as much as the mean user; every order line gains a companion of mean price; new users are worth the mean user.
///
/// # Errors
/// As [`options`].
pub fn naive_options(world: &World, plan: &Plan) -> Result<Vec<Choice<Intervention>>> {
    plan.validate(world)?;
    let found = world.evidence(f64::from(plan.horizon), f64::from(plan.win_back.valid_days))?;
    let costs = &plan.costs;
    let scale = f64::from(plan.horizon) / RECENT;
    let recent = |basket: &&Basket| basket.at >= found.now - RECENT;
    let carts = found.carts.iter().map(|(cart, _)| cart).filter(recent);
    let carts: f64 = carts.map(|cart| costs.contribution(cart.value)).sum();
    let orders = || found.orders.iter().filter(recent);
    let brought: f64 = orders().map(|order| costs.contribution(order.value)).sum();
    let lines: f64 = orders().map(|order| order.products.len() as f64).sum();
    let mean_user = scale * brought / found.users.len() as f64;
    let prices: Vec<f64> = found.prices.values().copied().collect();
    let price = prices.iter().sum::<f64>() / prices.len() as f64;
    let waiting = f64::from(plan.win_back.idle_days);
    let idle = found.users.iter().filter(|user| user.last.floor() + waiting <= found.now);
    let idle = idle.count() as f64;
    let sure = |gain: f64| Some(Prediction { gain, low: gain, high: gain });
    let new = f64::from(plan.acquire.users);
    Ok(plan.choices([
        sure(scale * carts * plan.fix.mends - costs.fix),
        sure(idle * (plan.win_back.returns * mean_user - costs.mail) - costs.campaign),
        sure(scale * lines * plan.companion.gains * costs.margin * price - costs.companion),
        sure(new * (mean_user - costs.acquisition)),
    ]))
}

/// Returns the rules to hold against each other: "analysis" ([`options`]), "largest pool" (all carts left behind, or all
/// who haven't come: whatever is worth more, as if everything could be won at no cost), "highest naive estimate" ([`naive_options`]),
/// and "always do nothing".
pub fn rules(plan: Plan) -> Vec<Rule<'static, World>> {
    let mut pools = plan;
    (pools.fix.mends, pools.win_back.returns, pools.companion.gains) = (1.0, 1.0, 0.0);
    pools.acquire.users = 0;
    let nothing = 0.0;
    pools.costs =
        Costs { fix: nothing, companion: nothing, campaign: nothing, mail: nothing, ..plan.costs };
    let best = |options: Vec<Choice<Intervention>>| Ok(recommended(&options)?.name.clone());
    vec![
        Rule::new("analysis", move |world: &World| best(options(world, &plan)?)),
        Rule::new("largest pool", move |world: &World| best(naive_options(world, &pools)?)),
        Rule::new("highest naive estimate", move |world: &World| {
            best(naive_options(world, &plan)?)
        }),
        Rule::always("do nothing"),
    ]
}
