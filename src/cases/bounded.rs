//! Every accepted configuration generates its data in bounded time.

use std::sync::mpsc::channel;
use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::select;

use super::rhythm::Season;
use super::{ecommerce, mentor, notion, saas};
use crate::error::Result;

/// Returns what a generator makes of a configuration, if it is done in time.
fn in_time<T: Send + 'static>(make: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let (done, waits) = channel();
    std::thread::spawn(move || done.send(make()));
    waits.recv_timeout(Duration::from_secs(120)).expect("it did not end within two minutes")
}

fn refused<T>(result: Result<T>, text: &str) {
    let told = result.err().map(|error| error.to_string()).unwrap_or_default();
    assert!(told.contains(text), "{told}");
}

#[test]
fn a_week_of_mondays_ends() {
    let week = |rest: f64| [10.0, rest, rest, rest, rest, rest, rest];
    let config = |weekdays| notion::Config { users: 300, weekdays, ..Default::default() };
    refused(config(week(1e-6)).validate(), "`weekdays` is 0.000001; accepted: 0.001 to 10");
    let made = in_time(move || notion::generate(&config(week(0.001))));
    assert_eq!(made.unwrap().user_profiles.height(), 300);
    // Habits that one day in a week is not enough for.
    let mut config = config(week(0.001));
    config.targets.stickiness = 0.13;
    let told = "`targets.events_per_user` is 15; accepted: at least 769";
    refused(in_time(move || notion::generate(&config)), told);
}

/// A month with activity on Mondays only cannot be active every second day.
#[test]
fn targets_out_of_reach_are_told_in_time() {
    let weekdays = [10.0, 0.001, 0.001, 0.001, 0.001, 0.001, 0.001];
    let mut config = notion::Config { users: 300, weekdays, ..Default::default() };
    config.targets.stickiness = 0.6;
    config.targets.events_per_user = 100_000.0;
    refused(in_time(move || notion::generate(&config)), "targets.stickiness");
}

/// More events than visits hold are refused, not cut off.
#[test]
fn events_beyond_a_visit_are_told() {
    for events in [3_000.0, 100_000.0] {
        let mut config = notion::Config { users: 300, ..Default::default() };
        config.targets.events_per_user = events;
        let told = format!("`targets.events_per_user` is {events}; accepted: at most about ");
        refused(in_time(move || notion::generate(&config)), &told);
    }
    for mut config in [notion::Config::default(), notion::Config::sticky()] {
        config.users = 300;
        in_time(move || notion::Calibration::solve(&config)).unwrap();
    }
}

#[test]
fn a_year_of_one_month_ends() {
    let mut year = [0.001; 12];
    year[1] = 10.0;
    let config = notion::Config { users: 300, months: 6, year, ..Default::default() };
    let made = in_time(move || notion::generate(&config));
    assert_eq!(made.unwrap().user_profiles.height(), 300);
    let mut shop = ecommerce::Config { users: 30, days: 40, ..Default::default() };
    (shop.months, shop.weekdays) = (year, [0.001; 7]);
    in_time(move || ecommerce::generate(&shop)).unwrap();
    let tiny = ecommerce::Config { months: [1e-200; 12], ..Default::default() };
    refused(tiny.validate(), "`months` is 0.00");
}

#[test]
fn months_in_which_nobody_signs_up_are_refused() {
    let season = Season::new(1.0, 0.0).unwrap();
    let config = mentor::Config { months: 3, season, ..Default::default() };
    refused(config.validate(), "`season.early` is 0");
    let all_year = mentor::Config { months: 12, ..config };
    all_year.validate().unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn extreme_shops_are_made(
        days in select(vec![1_u32, 2, 31, 400]),
        sessions in select(vec![(0.0, 0.0), (0.0, 300.0), (300.0, 300.0)]),
        views in select(vec![(1, 1), (1, 100), (100, 100)]),
        churn in select(vec![0.0, 1e-9, 10.0]),
        quiet in select(vec![0.001, 10.0]),
        edge in select(vec![0.0, 1.0]),
    ) {
        let mut config = ecommerce::Config { users: 5, days, ..Default::default() };
        for segment in &mut config.segments {
            (segment.sessions, segment.views, segment.churn) = (sessions, views, churn);
            segment.buys = edge;
        }
        config.weekdays = [quiet, quiet, quiet, quiet, quiet, quiet, 10.0];
        config.months = [quiet; 12];
        config.shop.companion = edge;
        in_time(move || ecommerce::generate(&config)).unwrap();
    }

    #[test]
    fn extreme_companies_are_made(
        months in select(vec![1_u32, 600]),
        sessions in select(vec![1_u32, 500]),
        spread in select(vec![0.0, 1.0]),
        share_small in select(vec![0.0, 1.0]),
    ) {
        let mut config = saas::Config { companies: 3, months, share_small, ..Default::default() };
        config.small.sessions = sessions;
        config.small.spread = (f64::from(sessions) * spread) as u32;
        config.large = config.small;
        in_time(move || saas::generate(&config)).unwrap();
    }

    #[test]
    fn extreme_marketplaces_are_made(
        months in select(vec![1_u32, 24]),
        hazard in select(vec![0.0, 1e-12, 10.0]),
        drive in select(vec![0.0, 3.0]),
        hazard_ratio in select(vec![0.01, 10.0]),
        take_up in select(vec![1e-12, 1.0 - 1e-12]),
        hours in select(vec![(0_u32, 0), (720, 720)]),
        weeks in select(vec![1_u32, 520]),
        beyond_three in select(vec![0.0, 5.0]),
    ) {
        let mut config = mentor::Config { users: 60, months, ..Default::default() };
        config.drop_off.weekly = vec![hazard];
        config.drop_off.drive = drive;
        (config.offer.hazard_ratio, config.offer.take_up) = (hazard_ratio, take_up);
        (config.market.processing_hours, config.market.weeks) = (hours, weeks);
        (config.market.mentors, config.market.capacity) = (3, (1, 1));
        config.activity.beyond_three = beyond_three;
        config.activity.days = 1.0;
        in_time(move || mentor::generate(&config)).unwrap();
    }
}
