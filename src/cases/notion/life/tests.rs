use super::*;
use crate::cases::notion::Config;
use crate::cases::notion::rows::PER_USER;
use crate::stream::stream;

/// Puts all weight on Mondays, and a little on one other day.
fn mondays(world: &mut World, more: i32) {
    let days = world.busy.len() as i32 - 1;
    let weight = |day: i32| match day {
        day if day.rem_euclid(7) == 0 => 10.0,
        day if day == more => 1.0,
        _ => 0.001,
    };
    world.busy = std::iter::once(0.0).chain(sums((0..days).map(weight))).collect();
}

#[test]
fn a_visit_beside_falls_on_another_day_of_the_range() {
    let config = Config::default();
    let mut world = World::new(&config).unwrap();
    mondays(&mut world, 11);
    let taken: Vec<i32> = (0..40).filter(|day| day % 7 == 0).collect();
    let mut rng = stream(7, "beside", 0);
    let mut on = [0; 40];
    for _ in 0..2_000 {
        let at = world.visit_beside(&taken, 5, 33, &mut rng).unwrap();
        assert!(at.rem_euclid(DAY) <= LATEST);
        on[(at / DAY) as usize] += 1;
    }
    for day in 0..40 {
        let free = (5..33).contains(&(day as i32)) && day % 7 != 0;
        assert!(free || on[day] == 0, "day {day}: {on:?}");
    }
    // 1 against 23 times 0.001.
    assert!((1_900..2_000).contains(&on[11]), "{on:?}");
    let all: Vec<i32> = (5..33).collect();
    assert_eq!(world.visit_beside(&all, 5, 33, &mut rng), None);
}

/// If two months have fewer Mondays than the habit takes days, other days are found.
#[test]
fn a_habit_has_its_days_in_a_week_of_mondays() {
    let config = Config::default();
    let mut world = World::new(&config).unwrap();
    mondays(&mut world, -1);
    let (mut habits, mut beside) = (0, 0);
    for id in 1..=3_000 {
        let life = world.life(config.seed, id);
        let first = (life.person.signup / DAY) as i32;
        let Some(started) = life.activated.map(|at| (at / DAY) as i32) else { continue };
        if !life.person.habit || first + WINDOWS[2] > world.days() {
            continue;
        }
        let bounds = Bounds { first, started, next: 0, after: 0 };
        let days = bounds.days(&life.visits, WINDOWS[2]);
        assert!(days.len() >= HABIT_DAYS, "user {id}: {days:?}");
        habits += 1;
        beside += usize::from(days.iter().filter(|day| *day % 7 == 0).count() < HABIT_DAYS);
    }
    assert!(habits > 50 && beside > 20, "{habits} habits, {beside} with other days");
}

/// However active the calibration makes people, one user's ids never reach the next user's.
#[test]
fn nobody_has_more_events_than_ids() {
    let config = Config::default();
    let mut world = World::new(&config).unwrap();
    (world.knobs.visits, world.knobs.events, world.knobs.spread) = (1e6, 1e6, 2.0);
    for id in 1..=40 {
        let life = world.life(config.seed, id);
        let mut months: Vec<usize> = life
            .visits
            .iter()
            .map(|visit| world.starts.partition_point(|start| *start <= visit.day()))
            .collect();
        months.dedup();
        let events: u64 = life.visits.iter().map(Visit::events).sum();
        let in_60_months = 60 * events / months.len() as u64;
        assert!(in_60_months < PER_USER as u64, "user {id}: {in_60_months}");
    }
}
