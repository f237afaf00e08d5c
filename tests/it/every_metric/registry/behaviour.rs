//! Activity, retention, growth.

use casebook::Result;
use casebook::metrics::activity::{self, Before};
use casebook::metrics::growth;
use casebook::metrics::retention::{self, Base, Clock, Retention, Rule, Weight};
use casebook::metrics::{Period, funnel};
use casebook::polars::prelude::*;

use super::super::entry::{Answer, Entry, metric};
use super::super::given::{Given, usual};
use super::observed;

fn value() -> Expr {
    col("event").eq(lit("cart"))
}

fn calendar() -> Retention {
    Retention::default().window(observed())
}

fn rolling() -> Retention {
    calendar().clock(Clock::Hours24)
}

fn stages() -> growth::Stages {
    let kind = |name: &str| col("event").eq(lit(name));
    let mut stages = growth::Stages::new(kind("search"), kind("cart"), kind("purchase"));
    (stages.engagement, stages.habit, stages.within) = ((2, 7), (3, 14), 14);
    stages
}

pub fn entries() -> Vec<Entry> {
    [activities(), retentions(), growths()].into_iter().flatten().collect()
}

fn activities() -> Vec<Entry> {
    const KINDS: [&str; 5] = ["active", "new", "retained", "resurrected", "dormant"];
    vec![
        metric!(activity::daily, |metric, given| metric(given.events(), observed())?)
            .adds_up(&["date"], &["dau"]),
        metric!(activity::daily, |metric, given| metric(given.events(), Default::default())?),
        metric!(activity::frequency, |metric, given| metric(given.events(), observed())?)
            .adds_up(&["active_days"], &["users", "of"]),
        metric!(activity::lifecycle, |metric, given| {
            metric(given.events(), Period::Week, observed(), Before::Nothing)?
        })
        .adds_up(&["period"], &KINDS),
        metric!(activity::lifecycle, |metric, given| {
            metric(given.events(), Period::Month, Default::default(), Before::Unobserved)?
        }),
    ]
}

fn retentions() -> Vec<Entry> {
    const DAYS: [u32; 4] = [0, 1, 7, 14];
    vec![
        metric!(retention::day_n, |metric, given| {
            metric(given.users(), given.events(), &DAYS, Rule::OnDay)?
        }),
        metric!(retention::Retention::day_n, |metric, given| {
            metric(&calendar(), given.users(), given.events(), &DAYS, Rule::OnOrAfter)?
        })
        .adds_up(&["day"], &["eligible", "retained"]),
        metric!(retention::Retention::day_n, |metric, given| {
            metric(&rolling(), given.users(), given.events(), &DAYS, Rule::Bracket(3))?
        })
        .adds_up(&["day"], &["eligible", "retained"]),
        metric!(retention::Retention::brackets, |metric, given| {
            metric(&calendar(), given.users(), given.events(), &[(1, 3), (4, 9)])?
        })
        .adds_up(&["from_day"], &["eligible", "retained"]),
        metric!(retention::cohorts, |metric, given| {
            metric(given.users(), given.events(), Period::Week)?
        }),
        // Sizes do not add up: a part may have fewer periods, and a row for each cohort and period.
        metric!(retention::Retention::cohorts, |metric, given| {
            metric(&rolling(), given.users(), given.events(), Period::Week)?
        })
        .adds_up(&["cohort", "period"], &["eligible", "active"]),
        metric!(retention::Retention::cohorts, |metric, given| {
            let how = calendar().base(Base::Previous);
            metric(&how, given.users(), given.events(), Period::Day)?
        })
        .adds_up(&["cohort", "period"], &["eligible", "active"]),
        metric!(retention::Retention::by_user, |metric, given| {
            metric(&calendar(), given.users(), given.events(), Period::Week, 1)?
        })
        .in_given_order()
        .adds_up(&["user_id"], &["eligible", "active"]),
        metric!(retention::curve, |metric, given| {
            let cohorts = calendar().cohorts(given.users(), given.events(), Period::Week)?;
            metric(&given.again(cohorts), Weight::Size)?
        })
        .adds_up(&["period"], &["eligible", "active"]),
        metric!(retention::curve, |metric, given| {
            let cohorts = rolling().cohorts(given.users(), given.events(), Period::Day)?;
            metric(&given.again(cohorts), Weight::Simple)?
        }),
        metric!(retention::first_seen, |metric, given| metric(given.events())?)
            .adds_up(&["user_id"], &[]),
    ]
}

fn growths() -> Vec<Entry> {
    vec![
        metric!(growth::time_to_value, |metric, given| {
            metric(given.users(), given.events(), value(), 96, observed())?
        })
        .in_given_order()
        .adds_up(&["user_id"], &["eligible"]),
        metric!(growth::activation, |metric, given| {
            metric(given.users(), given.events(), value(), 96, observed(), "plan")?
        })
        .adds_up(&["plan"], &["eligible", "activated", "fast"]),
        metric!(growth::activation_by, |metric, given| {
            let window = observed();
            let times = growth::time_to_value(given.users(), given.events(), value(), 48, window)?;
            metric(&given.again(times), given.users(), "plan")?
        })
        .adds_up(&["plan"], &["eligible", "activated", "fast"]),
        metric!(growth::adoption, |metric, given| {
            metric(given.users(), given.events(), "device", observed())?
        }),
        metric!(growth::habit, |metric, given| {
            metric(given.users(), given.events(), 14, 5, observed())?
        })
        .adds_up(&["days"], &["eligible", "users"]),
        metric!(growth::north_star, |metric, given| {
            metric(given.events(), "workspace_id", value(), observed())?
        })
        .adds_up(&["week"], &["users"]),
        metric!(growth::power_users, |metric, given| metric(given.events(), observed())?),
        metric!(growth::deciles, |metric, given| {
            let ranked = growth::power_users(given.events(), observed())?;
            metric(&given.again(ranked))?
        }),
        metric!(growth::Stages::milestones, |metric, given| {
            metric(&stages(), given.users(), given.events(), observed())?
        })
        .in_given_order()
        .adds_up(&["user_id", "event"], &[]),
        metric!(growth::from_visitors, |metric, given| {
            let reached = stages().milestones(given.users(), given.events(), observed())?;
            let steps = funnel::Funnel::new(growth::STAGES.map(funnel::Step::event));
            let steps = steps.conversion(&usual(reached))?;
            metric(1_000, &given.again(steps))?
        }),
    ]
}
