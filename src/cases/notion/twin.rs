//! The business with levers launched.

use std::ops::Range;

use polars::prelude::*;
use rand_distr::{Distribution, Poisson};
use rayon::prelude::*;

use super::calibrate::World;
use super::config::{Channel, Config};
use super::effects::{Live, Reach};
use super::launch::{Launch, Lever};
use super::life::Life;
use super::person::{DAY, Fixed, user_stream};
use super::rows::{BLOCK, DEVICES, Home, Rows, spaces, teams};
use super::{Batch, Tables, calendar, fits, plans, slices, visits};
use crate::cases::draw::uniform;
use crate::cases::part::Part;
use crate::error::Result;
use crate::stream::{Stream, stream};

/// The places of channels through which newcomers arrive.
const SEARCH: usize = 0;
const REFERRAL: usize = 1;

/// Generates the business with levers launched.
///
/// Without launches, and with levers that have no effect, the tables are those of [`generate`](super::generate). Who signs up elsewhere,
/// or before, stays as they are; so do devices and regions. People who sign up only because of content or an invitation stand after the
/// others, with ids above [`users`](Config::users): through `organic_search` and `referral`, in the region and the month of the sign-up
/// that brought them. Those invited share its workspace. They bring nobody themselves.
///
/// # Errors
/// Those of [`generate`](super::generate) and [`Launch::validate`].
///
/// ```
/// use casebook::cases::notion::{self, Launch, Lever, Region};
///
/// let config = notion::Config { users: 600, ..Default::default() };
/// let seo = [Launch::new(Lever::Seo, Region::Europe, 12)];
/// let (base, twin) = (notion::generate(&config)?, notion::generate_with(&config, &seo)?);
/// assert!(twin.user_profiles.height() > 600);
/// assert_eq!(twin.user_profiles.head(Some(600)), base.user_profiles);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn generate_with(config: &Config, launches: &[Launch]) -> Result<Tables> {
    let world = World::new(config)?;
    fits(config)?;
    launches.iter().try_for_each(Launch::validate)?;
    let live = Live::new(launches);
    let mut all = Rows::default().frames(&world)?;
    let (mut new, mut counts) = (Rows::default(), vec![0_u32; world.days() as usize * 6]);
    for slice in slices(config, Part::WHOLE, 1e6) {
        let starts: Vec<u32> = slice.clone().step_by(BLOCK as usize).collect();
        let blocks: Vec<(Rows, Rows)> = starts
            .into_par_iter()
            .map(|first| block(&world, &live, first..first.saturating_add(BLOCK).min(slice.end)))
            .collect();
        let (own, more): (Vec<Rows>, Vec<Rows>) = blocks.into_iter().unzip();
        let own = Rows::together(own);
        count(&own, &mut counts);
        add(&mut all, own.frames(&world)?)?;
        new = Rows::together(vec![new, Rows::together(more)]);
    }
    count(&new, &mut counts);
    let found = searching(&new);
    add(&mut all, new.frames(&world)?)?;
    let Batch { user_profiles, workspaces, workspace_members, user_events } = all;
    Ok(Tables {
        user_profiles,
        workspaces,
        workspace_members,
        user_events,
        visitors: and_others(&world, visits(&world, counts)?, &found)?,
        plans: plans()?,
        calendar: calendar(config)?,
    })
}

fn add(all: &mut Batch, next: Batch) -> Result<()> {
    all.user_profiles.vstack_mut_owned(next.user_profiles)?;
    all.workspaces.vstack_mut_owned(next.workspaces)?;
    all.workspace_members.vstack_mut_owned(next.workspace_members)?;
    all.user_events.vstack_mut_owned(next.user_events)?;
    Ok(())
}

/// Somebody's life where levers are live, and where it is lived. The region is drawn in it, unless it is known.
fn lived(
    world: &World,
    live: &Live,
    own: impl Fn() -> Stream,
    (fixed, region, because): (&Fixed, Option<usize>, Option<Lever>),
) -> (Life, Home) {
    // Devices and regions are drawn last, so a life without levers comes first.
    let plain = world.live(own(), fixed, &Reach::NONE);
    let drawn = Home::draw(plain.person.segment, &mut plain.rng.clone());
    let mut home = drawn;
    home.region = region.unwrap_or(drawn.region);
    let mobile = DEVICES[home.device].0 == "mobile";
    let reach = live.reach(home.region, plain.person.cohort, mobile);
    let reach = Reach { because, ..reach };
    let life = if reach.any() { world.live(own(), fixed, &reach) } else { plain };
    (life, home)
}

/// Generates a block of users, and the people they bring.
fn block(world: &World, live: &Live, ids: Range<u32>) -> (Rows, Rows) {
    let config = world.config;
    let seed = config.seed;
    let mut rng = stream(seed, "notion block", u64::from(ids.start));
    let fixed = Fixed::default();
    let lives: Vec<(Life, Home)> = ids
        .clone()
        .map(|id| lived(world, live, || user_stream(seed, id), (&fixed, None, None)))
        .collect();
    let segments: Vec<usize> = lives.iter().map(|(life, _)| life.person.segment).collect();
    let homes = teams(world, ids.clone(), &segments, &mut rng);
    let (mut own, mut new) = (Rows::default(), Rows::default());
    for ((id, workspace), (life, home)) in ids.zip(homes).zip(lives) {
        let person = &life.person;
        let reach = live.reach(home.region, person.cohort, false);
        let mut bring =
            |lever: Lever, purpose: &str, fixed: Fixed, id_of: u32, team: Option<u32>| {
                let drawn = uniform(&mut stream(seed, purpose, u64::from(id)));
                if !reach.live[lever as usize] || drawn >= config.levers.of(lever).signups {
                    return;
                }
                let stream = || stream(seed, &format!("{purpose} user"), u64::from(id));
                let known = (&fixed, Some(home.region), Some(lever));
                let (life, home) = lived(world, live, stream, known);
                new.user(world, id_of, team.unwrap_or(id_of), life, Some(home));
            };
        let cohort = Some(person.cohort);
        let fixed = Fixed { cohort, channel: Some(SEARCH), ..Fixed::default() };
        bring(Lever::Seo, "notion search", fixed, config.users + id, None);
        if person.shares {
            let (segment, channel) = (Some(person.segment), Some(REFERRAL));
            let earliest = (person.signup / DAY) as i32;
            let fixed = Fixed { segment, channel, cohort, earliest, followed: false };
            bring(Lever::Sharing, "notion invited", fixed, 2 * config.users + id, Some(workspace));
        }
        own.user(world, id, workspace, life, Some(home));
    }
    let all = spaces(own.users.iter().chain(&new.users));
    let (old, more) = all.into_iter().partition(|space| space.id <= config.users);
    (own.workspaces, new.workspaces) = (old, more);
    (own, new)
}

/// Counts who signed up, by day and channel.
fn count(rows: &Rows, counts: &mut [u32]) {
    for user in &rows.users {
        let person = &user.life.person;
        counts[(person.signup / DAY) as usize * 6 + person.channel] += 1;
    }
}

/// Returns the days on which somebody signs up who came because of content.
fn searching(new: &Rows) -> Vec<usize> {
    let people = new.users.iter().map(|user| &user.life.person);
    let found = people.filter(|person| person.channel == SEARCH);
    let mut days: Vec<usize> = found.map(|person| (person.signup / DAY) as usize).collect();
    days.sort_unstable();
    days
}

/// Adds visitors whom content brings and who don't sign up, as many as there are among others who come through search.
fn and_others(world: &World, visitors: DataFrame, days: &[usize]) -> Result<DataFrame> {
    let config = world.config;
    if days.is_empty() {
        return Ok(visitors);
    }
    let mean: f64 = config.channels.iter().map(|channel| channel.share / channel.signs_up).sum();
    let rate = (config.targets.signup * mean * config.channels[SEARCH].signs_up).min(1.0);
    let mut counts: Vec<i64> = visitors.column("visitors")?.i64()?.into_no_null_iter().collect();
    for same in days.chunk_by(|a, b| a == b) {
        let mut rng = stream(config.seed, "notion visitors by content", same[0] as u64);
        if let Ok(law) = Poisson::new(same.len() as f64 * (1.0 / rate - 1.0)) {
            counts[same[0] * 6 + SEARCH] += law.sample(&mut rng) as i64;
        }
    }
    debug_assert_eq!(Channel::name(SEARCH), "organic_search");
    let mut visitors = visitors;
    visitors.with_column(Column::new("visitors".into(), counts))?;
    Ok(visitors)
}
