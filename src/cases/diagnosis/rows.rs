//! From users to rows.

use polars::prelude::*;
use rayon::prelude::*;

use super::effects::{Effects, on_new_version};
use super::person::{Checked, Person, Week};
use super::place::{
    CHANNELS, COUNTRIES, DETAIL, FILTER_FROM, NEW, OLD, PLATFORMS, SAMPLE, SCREENS, WEEKS, monday,
};
use super::screens::Sessions;
use crate::cases::frame::{dates, moments};
use crate::error::Result;

const BLOCK: usize = 1_024;
const CELLS: usize = COUNTRIES.len() * PLATFORMS.len();

/// Column buffers and counts.
pub(super) struct Rows {
    people: Vec<(Person, bool)>,
    users: Vec<i64>,
    days: Vec<i32>,
    versions: Vec<Option<&'static str>>,
    sessions: Sessions,
    /// By week, country and platform: recorded users, and new ones among them.
    weekly: Vec<[i64; 2]>,
    /// By day: recorded users.
    daily: Vec<i64>,
    /// By week since [`DETAIL`], platform, and whether on the new version: accounts that called, recorded, and blocked.
    servers: Vec<[i64; 3]>,
}

impl Default for Rows {
    fn default() -> Self {
        Rows {
            people: vec![],
            users: vec![],
            days: vec![],
            versions: vec![],
            sessions: Sessions::default(),
            weekly: vec![[0; 2]; WEEKS as usize * CELLS],
            daily: vec![0; WEEKS as usize * 7],
            servers: vec![[0; 3]; (WEEKS - DETAIL) as usize * PLATFORMS.len() * 2],
        }
    }
}

impl Rows {
    /// Generates users in blocks, each on whichever thread is free, and joins them in order.
    pub fn of(checked: &Checked, effects: &Effects) -> Result<Rows> {
        let blocks: Vec<Rows> = checked
            .past()?
            .par_chunks(BLOCK)
            .map(|ids| {
                let mut rows = Rows::default();
                for id in ids {
                    let person = checked.person(*id, 0);
                    if person.bot || person.joins(effects) {
                        rows.push(checked, effects, &person);
                    }
                }
                rows
            })
            .collect();
        let mut all = Rows::default();
        for block in blocks {
            all.people.extend(block.people);
            all.users.extend(block.users);
            all.days.extend(block.days);
            all.versions.extend(block.versions);
            all.sessions.users.extend(block.sessions.users);
            all.sessions.seconds.extend(block.sessions.seconds);
            all.sessions.screens.extend(block.sessions.screens);
            let add =
                |to: &mut [i64], from: &[i64]| to.iter_mut().zip(from).for_each(|(a, b)| *a += b);
            add(all.weekly.as_flattened_mut(), block.weekly.as_flattened());
            add(&mut all.daily, &block.daily);
            add(all.servers.as_flattened_mut(), block.servers.as_flattened());
        }
        Ok(all)
    }

    fn push(&mut self, checked: &Checked, effects: &Effects, person: &Person) {
        let blocked = person.bot && person.keep < effects.filtered(FILTER_FROM);
        self.people.push((*person, blocked));
        let weeks = person.weeks();
        let mut rng = person.stream(checked.config.seed, 0, weeks.start);
        for week in weeks {
            if !person.is_there(week) {
                break;
            }
            let lived = person.week(effects, checked.config.background, week, 0.0, &mut rng);
            self.count(person, week, lived);
            if lived.recorded && week >= DETAIL {
                self.detail(checked, effects, person, week, lived.days);
            }
        }
    }

    fn count(&mut self, person: &Person, week: u32, lived: Week) {
        let recorded = i64::from(lived.recorded);
        let cell = week as usize * CELLS + person.country * PLATFORMS.len() + person.platform;
        self.weekly[cell][0] += recorded;
        self.weekly[cell][1] += recorded * i64::from(person.signup == week as i32);
        if lived.recorded {
            for day in (0..7).filter(|day| lived.days & (1 << day) != 0) {
                self.daily[week as usize * 7 + day] += 1;
            }
        }
        if week >= DETAIL && lived.called {
            let new = on_new_version(person.platform, person.adopts, week);
            let of = (week - DETAIL) as usize * PLATFORMS.len() + person.platform;
            let row = &mut self.servers[of * 2 + usize::from(new)];
            row[0] += 1;
            row[1] += recorded;
            row[2] += i64::from(person.bot && !lived.recorded);
        }
    }

    fn detail(
        &mut self,
        checked: &Checked,
        effects: &Effects,
        person: &Person,
        week: u32,
        days: u8,
    ) {
        let version = version(person, week);
        for day in (0..7).filter(|day| days & (1 << day) != 0) {
            self.users.push(person.id as i64);
            self.days.push(monday(week as i32) + day);
            self.versions.push(version);
            // Sessions of bots have no screens.
            if week >= SCREENS && !person.bot && person.id.is_multiple_of(SAMPLE) {
                self.sessions.push(person, effects, checked.config.seed, week, day as u32);
            }
        }
    }

    pub fn users(&self) -> Result<DataFrame> {
        let each = |of: &dyn Fn(&Person) -> &'static str| -> Vec<&'static str> {
            self.people.iter().map(|(person, _)| of(person)).collect()
        };
        let signed: Vec<i32> =
            self.people.iter().map(|(person, _)| monday(person.signup)).collect();
        Ok(df!(
            "user_id" => self.people.iter().map(|(person, _)| person.id as i64).collect::<Vec<_>>(),
            "country" => each(&|person| COUNTRIES[person.country].code),
            "platform" => each(&|person| PLATFORMS[person.platform]),
            "channel" => each(&|person| CHANNELS[person.channel]),
            "signup_week" => dates("signup_week", signed)?,
            "blocked" => self.people.iter().map(|(_, blocked)| *blocked).collect::<Vec<_>>(),
        )?)
    }

    pub fn activity(&mut self) -> Result<DataFrame> {
        Ok(df!(
            "user_id" => std::mem::take(&mut self.users),
            "timestamp" => dates("timestamp", std::mem::take(&mut self.days))?,
            "app_version" => std::mem::take(&mut self.versions),
        )?)
    }

    pub fn screens(&mut self) -> Result<DataFrame> {
        let sessions = std::mem::take(&mut self.sessions);
        Ok(df!(
            "user_id" => sessions.users,
            "timestamp" => moments("timestamp", sessions.seconds)?,
            "screen" => sessions.screens,
        )?)
    }

    pub fn weekly(&self) -> Result<DataFrame> {
        let cells = |of: &dyn Fn(usize) -> &'static str| -> Vec<&'static str> {
            (0..self.weekly.len()).map(|at| of(at % CELLS)).collect()
        };
        let weeks: Vec<i32> =
            (0..self.weekly.len()).map(|at| monday((at / CELLS) as i32)).collect();
        Ok(df!(
            "week" => dates("week", weeks)?,
            "country" => cells(&|cell| COUNTRIES[cell / PLATFORMS.len()].code),
            "platform" => cells(&|cell| PLATFORMS[cell % PLATFORMS.len()]),
            "active_users" => self.weekly.iter().map(|it| it[0]).collect::<Vec<_>>(),
            "new_users" => self.weekly.iter().map(|it| it[1]).collect::<Vec<_>>(),
        )?)
    }

    pub fn daily(&self) -> Result<DataFrame> {
        let days = (0..self.daily.len() as i32).map(|day| monday(0) + day);
        Ok(df!("date" => dates("date", days)?, "active_users" => &self.daily)?)
    }

    pub fn servers(&self) -> Result<DataFrame> {
        let (mut weeks, mut platforms, mut versions, mut counts) = (vec![], vec![], vec![], vec![]);
        for (at, row) in self.servers.iter().enumerate() {
            let (week, new) = (DETAIL as usize + at / 2 / PLATFORMS.len(), at % 2 == 1);
            let platform = at / 2 % PLATFORMS.len();
            let phone = PLATFORMS[platform] == "android";
            // Only Android has another version, once it is out.
            if new && (!phone || super::place::adoption(week as u32) <= 0.0) {
                continue;
            }
            weeks.push(monday(week as i32));
            platforms.push(PLATFORMS[platform]);
            versions.push(phone.then_some(if new { NEW } else { OLD }));
            counts.push(*row);
        }
        let each = |place: usize| counts.iter().map(|row| row[place]).collect::<Vec<i64>>();
        Ok(df!(
            "week" => dates("week", weeks)?,
            "platform" => platforms,
            "app_version" => versions,
            "accounts" => each(0),
            "recorded" => each(1),
            "blocked" => each(2),
        )?)
    }
}

/// The version of an Android app.
fn version(person: &Person, week: u32) -> Option<&'static str> {
    let android = PLATFORMS[person.platform] == "android";
    let new = on_new_version(person.platform, person.adopts, week);
    android.then_some(if new { NEW } else { OLD })
}
