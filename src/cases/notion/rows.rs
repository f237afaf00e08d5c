//! From lives to rows: users, workspaces, members, events.

use std::ops::Range;
use std::sync::LazyLock;

use polars::prelude::*;

use super::calibrate::World;
use super::config::{Channel, Segment};
use super::launch::REGIONS;
use super::life::{Life, below};
use super::person::DAY;
use super::plan;
use crate::cases::draw::{chance, place, sums};
use crate::cases::frame::{dates, moments};
use crate::error::Result;
use crate::stream::{Stream, stream};

/// Ids of what belongs to a user are its number × this + their own.
pub(super) const PER_USER: i64 = 10_000_000;
const PER_USER_SESSIONS: i64 = 1_000_000;
/// Users who may work together live next to each other: workspaces never cross these blocks, so that blocks can
/// be made apart.
pub(super) const BLOCK: u32 = 64;

pub(super) const DEVICES: [(&str, f64); 3] =
    [("desktop", 0.62), ("mobile", 0.28), ("tablet", 0.10)];
const USES: [&str; 5] = ["notes", "project_management", "wiki", "task_lists", "studies"];
/// What each segment uses the product for.
const USE_SHARES: [[f64; 5]; 4] = [
    [0.50, 0.10, 0.05, 0.30, 0.05],
    [0.15, 0.40, 0.20, 0.24, 0.01],
    [0.05, 0.40, 0.45, 0.09, 0.01],
    [0.20, 0.05, 0.10, 0.05, 0.60],
];
const TEMPLATES: [&str; 4] = ["meeting_notes", "roadmap", "reading_list", "team_wiki"];

/// Paid plans by segment, and their price in US dollars a month.
pub(super) const PLANS: [(&str, f64); 4] =
    [("free", 0.0), ("plus", 8.0), ("business", 15.0), ("enterprise", 20.0)];
pub(super) const PLAN_OF: [usize; 4] = [1, 2, 3, 1];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Signup,
    View,
    Edit,
    Create,
    Search,
    Template,
    Api,
    Comment,
    Share,
    Invite,
    Upgrade,
}

const KINDS: [&str; 11] = [
    "signup",
    "page_view",
    "page_edit",
    "page_create",
    "search",
    "template_use",
    "api_call",
    "comment",
    "share",
    "invite",
    "upgrade",
];

/// How often each kind of event is chosen, among those available to a user.
const LIKING: [(Kind, f64); 9] = [
    (Kind::View, 34.0),
    (Kind::Edit, 30.0),
    (Kind::Create, 6.0),
    (Kind::Search, 9.0),
    (Kind::Template, 4.0),
    (Kind::Api, 5.0),
    (Kind::Comment, 8.0),
    (Kind::Share, 3.0),
    (Kind::Invite, 1.0),
];

/// A slice of the users with what is theirs, as [`batches`](super::batches) hands them out: see [`Tables`](super::Tables).
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// As [`Tables::user_profiles`](super::Tables::user_profiles).
    pub user_profiles: DataFrame,
    /// As [`Tables::workspaces`](super::Tables::workspaces).
    pub workspaces: DataFrame,
    /// As [`Tables::workspace_members`](super::Tables::workspace_members).
    pub workspace_members: DataFrame,
    /// As [`Tables::user_events`](super::Tables::user_events).
    pub user_events: DataFrame,
}

impl Batch {
    /// Returns the tables with the names of their files, parents before children.
    pub fn named(&self) -> [(&'static str, &DataFrame); 4] {
        [
            ("workspaces", &self.workspaces),
            ("user_profiles", &self.user_profiles),
            ("workspace_members", &self.workspace_members),
            ("user_events", &self.user_events),
        ]
    }
}

pub(super) struct User {
    id: u32,
    workspace: u32,
    pub life: Life,
    device: usize,
    region: usize,
    use_case: usize,
    /// The day from which the plan is paid, and the first on which it no longer is.
    paid: Option<i32>,
    until: Option<i32>,
}

/// What one kind of user may do: the kinds of events, and their cumulative shares.
struct Menu {
    sums: Vec<f64>,
    kinds: Vec<Kind>,
}

/// What rows are simulated from; the same for every user.
struct Choices {
    devices: Vec<f64>,
    regions: Vec<f64>,
    /// By segment.
    uses: [Vec<f64>; 4],
    /// By the number that [`Choices::menu`] gives a user.
    menus: Vec<Menu>,
}

static CHOICES: LazyLock<Choices> = LazyLock::new(|| {
    let shares = |all: &[(&str, f64)]| sums(all.iter().map(|(_, share)| *share));
    Choices {
        devices: shares(&DEVICES),
        regions: shares(&REGIONS),
        uses: USE_SHARES.map(|shares| sums(shares.into_iter())),
        menus: (0..32).map(Menu::new).collect(),
    }
});

impl Menu {
    /// Creates the menu of one kind of user. The bits say whether the user is active, shares, and has adopted search,
    /// templates and the API.
    fn new(bits: usize) -> Menu {
        let [active, shares, search, template, api] =
            std::array::from_fn(|bit| bits & (1 << bit) != 0);
        let may = |kind: Kind| match kind {
            Kind::View => true,
            Kind::Comment => shares,
            Kind::Share | Kind::Invite => shares && active,
            Kind::Edit | Kind::Create => active,
            Kind::Search => search,
            Kind::Template => template && active,
            Kind::Api => api && active,
            Kind::Signup | Kind::Upgrade => false,
        };
        let menu: Vec<(Kind, f64)> = LIKING.into_iter().filter(|(kind, _)| may(*kind)).collect();
        let total: f64 = menu.iter().map(|(_, weight)| weight).sum();
        Menu {
            sums: sums(menu.iter().map(|(_, weight)| weight / total)),
            kinds: menu.iter().map(|(kind, _)| *kind).collect(),
        }
    }
}

impl Choices {
    /// Returns what a user may choose from before and after activation.
    fn menu(&self, shares: bool, adopted: [bool; 3]) -> [&Menu; 2] {
        let bits = [shares, adopted[0], adopted[1], adopted[2]]
            .iter()
            .enumerate()
            .fold(0, |bits, (bit, has)| bits | usize::from(*has) << (bit + 1));
        [&self.menus[bits], &self.menus[bits | 1]]
    }
}

/// Events, column by column, as they go into a frame.
#[derive(Default)]
struct Events {
    ids: Vec<i64>,
    users: Vec<i64>,
    workspaces: Vec<i64>,
    sessions: Vec<i64>,
    /// Indices in [`KINDS`].
    kinds: Vec<IdxSize>,
    /// Seconds since the first day.
    moments: Vec<i64>,
    /// Indices in [`properties`].
    properties: Vec<IdxSize>,
}

/// What is drawn when a life is over, and does not depend on it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Home {
    /// Indices in [`DEVICES`], [`REGIONS`] and [`USES`].
    pub device: usize,
    pub region: usize,
    use_case: usize,
    /// Search, templates, the API.
    adopted: [bool; 3],
    /// Days until they are on a seat, if ever.
    seat_days: i32,
}

pub(super) struct Workspace {
    pub id: u32,
    segment: usize,
    created: i64,
    members: i32,
    plan: usize,
}

/// The rows of users of some blocks.
#[derive(Default)]
pub(super) struct Rows {
    pub users: Vec<User>,
    pub workspaces: Vec<Workspace>,
    events: Events,
}

/// Returns the workspace of each user of a block: the lowest id among its members. In segments that work in teams,
/// users form teams in the order of their ids.
pub(super) fn teams(
    world: &World,
    ids: Range<u32>,
    segments: &[usize],
    rng: &mut Stream,
) -> Vec<u32> {
    let mut workspace: Vec<u32> = ids.clone().collect();
    for (segment, rules) in world.config.segments.iter().enumerate() {
        let alike: Vec<usize> = (0..segments.len()).filter(|at| segments[*at] == segment).collect();
        let mut rest = &alike[..];
        while !rest.is_empty() {
            let (low, high) = rules.team;
            let size = (low + below(i64::from(high - low + 1), rng) as u32) as usize;
            let (team, others) = rest.split_at(size.min(rest.len()));
            for member in team {
                workspace[*member] = ids.start + team[0] as u32;
            }
            rest = others;
        }
    }
    workspace
}

/// Makes the workspaces of users, by id.
pub(super) fn spaces<'u>(users: impl Iterator<Item = &'u User>) -> Vec<Workspace> {
    let mut all: std::collections::BTreeMap<u32, Workspace> = Default::default();
    for user in users {
        let segment = user.life.person.segment;
        let space = all.entry(user.workspace).or_insert(Workspace {
            id: user.workspace,
            segment,
            created: i64::MAX,
            members: 0,
            plan: 0,
        });
        space.created = space.created.min(user.life.person.signup);
        space.members += 1;
        if user.paid.is_some() {
            space.plan = PLAN_OF[segment];
        }
    }
    all.into_values().collect()
}

impl Home {
    /// Draws it from the stream that a life ends with.
    pub fn draw(segment: usize, rng: &mut Stream) -> Home {
        let choices = &*CHOICES;
        let (device, region) = (place(&choices.devices, rng), place(&choices.regions, rng));
        let use_case = place(&choices.uses[segment], rng);
        let api = if segment == 2 { 0.25 } else { 0.06 };
        let adopted = [0.7, 0.35, api].map(|share| chance(rng, share));
        Home { device, region, use_case, adopted, seat_days: below(30, rng) as i32 }
    }
}

impl Rows {
    /// Generates one block of users; ids start at a multiple of [`BLOCK`].
    pub fn block(world: &World, ids: Range<u32>) -> Rows {
        let seed = world.config.seed;
        let mut rng = stream(seed, "notion block", u64::from(ids.start));
        let lives: Vec<Life> = ids.clone().map(|id| world.life(seed, id)).collect();
        let segments: Vec<usize> = lives.iter().map(|life| life.person.segment).collect();
        let homes = teams(world, ids.clone(), &segments, &mut rng);
        let mut rows = Rows::default();
        for ((id, workspace), life) in ids.zip(homes).zip(lives) {
            rows.user(world, id, workspace, life, None);
        }
        rows.workspaces = spaces(rows.users.iter());
        rows
    }

    /// Adds a user with all that is theirs. Device and region are drawn, unless they are known.
    pub fn user(
        &mut self,
        world: &World,
        id: u32,
        workspace: u32,
        mut life: Life,
        known: Option<Home>,
    ) {
        let segment = life.person.segment;
        let drawn = Home::draw(segment, &mut life.rng);
        let Home { device, region, use_case, adopted, seat_days } = known.unwrap_or(drawn);
        let rng = &mut life.rng;
        let choices = &*CHOICES;
        let mut events: Vec<(i64, usize, Kind, usize)> = vec![];
        let mut upgraded = None;
        let menus = choices.menu(life.person.shares, adopted);
        events.push((life.person.signup, 0, Kind::Signup, 0));
        let begins = life.activated.unwrap_or(i64::MAX);
        for (session, visit) in life.visits.iter().enumerate() {
            let left = DAY - 1 - visit.at.rem_euclid(DAY) - 120;
            let span = (i64::from(visit.more) * 150).min(left).max(0);
            let mut last = visit.at;
            // The first page is created in the visit in which it falls: the one that begins then, or sign-up's.
            let first = begins >= visit.at
                && begins - visit.at <= 1_800
                && (begins == visit.at || session == 0);
            for at in 0..=visit.more {
                let (moment, kind) = match (at, first) {
                    (0, true) => (begins, Kind::Create),
                    (0, false) => (visit.at + i64::from(session == 0) * 20, Kind::View),
                    _ => (visit.at + 1 + below(span, rng), Kind::View),
                };
                let menu = menus[usize::from(moment >= begins)];
                let kind =
                    if kind == Kind::Create { kind } else { menu.kinds[place(&menu.sums, rng)] };
                let template = if kind == Kind::Template { below(4, rng) as usize } else { 0 };
                events.push((moment, session, kind, template));
                last = last.max(moment);
            }
            if visit.shares {
                let kind = if last >= begins { Kind::Share } else { Kind::Comment };
                events.push((last + 20, session, kind, 0));
            }
            if visit.upgrades {
                upgraded = Some(((last + 40) / DAY) as i32);
                events.push((last + 40, session, Kind::Upgrade, 0));
            }
        }
        // The order of events of one second is the order in which they were drawn.
        events.sort_by_key(|(at, ..)| *at);
        let signup_day = (life.person.signup / DAY) as i32;
        let seat = life.person.seat.then(|| (signup_day + seat_days).min(world.days() - 1));
        let paid = upgraded.or(seat);
        let until = paid.and_then(|paid| plan::end(world, id, segment, paid));
        let (base, sessions) = (i64::from(id) * PER_USER, i64::from(id) * PER_USER_SESSIONS);
        // Sometimes a whole visit is made on another device.
        let away: Vec<bool> = life.visits.iter().map(|_| chance(&mut life.rng, 0.2)).collect();
        for (number, (at, session, kind, template)) in events.into_iter().enumerate() {
            let away = away.get(session).is_some_and(|away| *away);
            let device = if away { (device + 1) % DEVICES.len() } else { device };
            let template = if kind == Kind::Template { 1 + template } else { 0 };
            self.events.ids.push(base + number as i64);
            self.events.users.push(i64::from(id));
            self.events.workspaces.push(i64::from(workspace));
            self.events.sessions.push(sessions + session as i64);
            self.events.kinds.push(kind as IdxSize);
            self.events.moments.push(at);
            self.events.properties.push((device * (1 + TEMPLATES.len()) + template) as IdxSize);
        }
        self.users.push(User { id, workspace, life, device, region, use_case, paid, until });
    }

    /// Joins the rows of blocks, one block after the other.
    pub fn together(blocks: Vec<Rows>) -> Rows {
        let mut all = Rows::default();
        all.events.reserve(blocks.iter().map(|block| block.events.ids.len()).sum());
        for block in blocks {
            all.users.extend(block.users);
            all.workspaces.extend(block.workspaces);
            all.events.extend(&block.events);
        }
        all
    }

    pub fn frames(self, world: &World) -> Result<Batch> {
        let users = &self.users;
        let (day, second) = (world.first_day, i64::from(world.first_day) * DAY);
        let ids: Vec<i64> = users.iter().map(|user| i64::from(user.id)).collect();
        let homes: Vec<i64> = users.iter().map(|user| i64::from(user.workspace)).collect();
        let signups = || users.iter().map(|user| user.life.person.signup);
        let plan = |user: &User| user.paid.map_or(0, |_| PLAN_OF[user.life.person.segment]);
        let texts =
            |pick: &dyn Fn(&User) -> &'static str| users.iter().map(pick).collect::<Vec<_>>();
        let user_profiles = df!(
            "user_id" => &ids,
            "signup_date" => dates("signup_date", signups().map(|at| day + (at / DAY) as i32))?,
            "signup_at" => moments("signup_at", signups().map(|at| second + at))?,
            "segment" => texts(&|user| Segment::name(user.life.person.segment)),
            "acquisition_channel" => texts(&|user| Channel::name(user.life.person.channel)),
            "device" => texts(&|user| DEVICES[user.device].0),
            "region" => texts(&|user| REGIONS[user.region].0),
            "use_case" => texts(&|user| USES[user.use_case]),
            "plan_type" => texts(&|user| PLANS[plan(user)].0),
            "paid_since" => dates("paid_since", users.iter().map(|user| user.paid.map(|paid| day + paid)))?,
            "paid_until" => dates("paid_until", users.iter().map(|user| user.until.map(|end| day + end)))?,
            "workspace_id" => &homes,
        )?;
        let spaces = &self.workspaces;
        let workspaces = df!(
            "workspace_id" => spaces.iter().map(|space| i64::from(space.id)).collect::<Vec<_>>(),
            "created_at" => moments("created_at", spaces.iter().map(|space| second + space.created))?,
            "segment" => spaces.iter().map(|space| Segment::name(space.segment)).collect::<Vec<_>>(),
            "members" => spaces.iter().map(|space| space.members).collect::<Vec<_>>(),
            "plan_type" => spaces.iter().map(|space| PLANS[space.plan].0).collect::<Vec<_>>(),
        )?;
        let mut members: Vec<&User> = users.iter().collect();
        members.sort_unstable_by_key(|user| (user.workspace, user.id));
        let role = |user: &&User| if user.id == user.workspace { "owner" } else { "member" };
        let joined = members.iter().map(|user| second + user.life.person.signup);
        let members = df!(
            "workspace_id" => members.iter().map(|user| i64::from(user.workspace)).collect::<Vec<_>>(),
            "user_id" => members.iter().map(|user| i64::from(user.id)).collect::<Vec<_>>(),
            "role" => members.iter().map(role).collect::<Vec<_>>(),
            "joined_at" => moments("joined_at", joined)?,
        )?;
        let events = self.events.frame(second)?;
        Ok(Batch { user_profiles, workspaces, workspace_members: members, user_events: events })
    }
}

/// Returns the texts of events' properties: by device, and for each without a template and with each of them.
fn properties() -> Vec<String> {
    DEVICES
        .iter()
        .flat_map(|(device, _)| {
            let plain = format!("{{\"device\":\"{device}\"}}");
            let with = TEMPLATES
                .iter()
                .map(move |name| format!("{{\"device\":\"{device}\",\"template\":\"{name}\"}}"));
            std::iter::once(plain).chain(with)
        })
        .collect()
}

impl Events {
    /// Reserves room for this many more.
    fn reserve(&mut self, more: usize) {
        for column in [
            &mut self.ids,
            &mut self.users,
            &mut self.workspaces,
            &mut self.sessions,
            &mut self.moments,
        ] {
            column.reserve_exact(more);
        }
        for column in [&mut self.kinds, &mut self.properties] {
            column.reserve_exact(more);
        }
    }

    fn extend(&mut self, more: &Events) {
        self.ids.extend_from_slice(&more.ids);
        self.users.extend_from_slice(&more.users);
        self.workspaces.extend_from_slice(&more.workspaces);
        self.sessions.extend_from_slice(&more.sessions);
        self.kinds.extend_from_slice(&more.kinds);
        self.moments.extend_from_slice(&more.moments);
        self.properties.extend_from_slice(&more.properties);
    }

    fn frame(self, second: i64) -> Result<DataFrame> {
        let whole = |name: &str, values: Vec<i64>| Int64Chunked::from_vec(name.into(), values);
        let micros = self.moments.into_iter().map(|at| (second + at) * 1_000_000).collect();
        // Few different texts: each is there once, and rows refer to it.
        let texts = |name: &str, texts: &[&str], places: Vec<IdxSize>| {
            let texts = StringChunked::from_slice(name.into(), texts);
            texts.take(&IdxCa::from_vec(name.into(), places))
        };
        let properties = properties();
        let properties: Vec<&str> = properties.iter().map(String::as_str).collect();
        Ok(DataFrame::new_infer_height(vec![
            whole("event_id", self.ids).into_column(),
            whole("user_id", self.users).into_column(),
            whole("workspace_id", self.workspaces).into_column(),
            whole("session_id", self.sessions).into_column(),
            texts("event_type", &KINDS, self.kinds)?.into_column(),
            whole("timestamp", micros).into_datetime(TimeUnit::Microseconds, None).into_column(),
            texts("properties", &properties, self.properties)?.into_column(),
        ])?)
    }
}
