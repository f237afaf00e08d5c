//! The levers, where and when each was launched, and what each does: plain data, checked field by field.

use serde::{Deserialize, Serialize};

use crate::cases::check::within;
use crate::error::{Error, Result};

/// Regions, and the share of users in each.
pub(super) const REGIONS: [(&str, f64); 5] = [
    ("north_america", 0.38),
    ("europe", 0.29),
    ("asia_pacific", 0.21),
    ("latin_america", 0.08),
    ("middle_east_africa", 0.04),
];

/// A project of the growth plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lever {
    /// Templates are shown to new users.
    Templates,
    /// Users are asked to share, and to invite others.
    Sharing,
    /// Content for search engines.
    Seo,
    /// A better app for phones: it reaches users on mobile.
    Mobile,
    /// The API and integrations: they reach small teams and enterprises.
    Api,
}

impl Lever {
    /// All of them.
    pub const ALL: [Lever; 5] =
        [Lever::Templates, Lever::Sharing, Lever::Seo, Lever::Mobile, Lever::Api];

    /// The deck's three, in its order, and then the two that it doesn't rank.
    pub const DECK: [Lever; 5] =
        [Lever::Seo, Lever::Sharing, Lever::Templates, Lever::Mobile, Lever::Api];

    /// Returns its name: "templates", "sharing", "seo", "mobile" or "api".
    pub fn name(self) -> &'static str {
        ["templates", "sharing", "seo", "mobile", "api"][self as usize]
    }
}

/// A region, as in the column `region`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Region {
    /// 38% of users.
    NorthAmerica,
    /// 29%.
    Europe,
    /// 21%.
    AsiaPacific,
    /// 8%.
    LatinAmerica,
    /// 4%.
    MiddleEastAfrica,
}

impl Region {
    /// All of them, the largest first.
    pub const ALL: [Region; 5] = [
        Region::NorthAmerica,
        Region::Europe,
        Region::AsiaPacific,
        Region::LatinAmerica,
        Region::MiddleEastAfrica,
    ];

    /// Returns its name in the tables: "north_america", …
    pub fn name(self) -> &'static str {
        REGIONS[self as usize].0
    }
}

/// A lever goes live in a region: it reaches those who sign up there from then on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Launch {
    /// What.
    pub lever: Lever,
    /// Where.
    pub region: Region,
    /// From the first day of this month on, counted from the first month observed, which is 0; 0 to 600.
    pub from: u32,
}

impl Launch {
    /// Creates a launch.
    pub fn new(lever: Lever, region: Region, from: u32) -> Launch {
        Launch { lever, region, from }
    }

    /// Checks every field.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) with the field that is out of range, its value and the range.
    pub fn validate(&self) -> Result<()> {
        within("from", self.from, 0, 600).map_err(|error| error.within("launch"))
    }
}

/// Returns the launches of ten months: each lever in two regions, one after the other, so that there is always a region without it
/// to compare with. The last is early enough for those who sign up then to pay before the data ends.
///
/// Regions and months are those, of some thousand plans drawn by chance, with which the levers' effects on dollars per sign-up have the
/// smallest errors, all three months earlier. Errors depend on sign-ups by region and month only, so no effect played a part.
///
/// ```
/// use casebook::cases::notion::{self, Lever};
///
/// let pilots = notion::pilots();
/// let seo = pilots.iter().filter(|launch| launch.lever == Lever::Seo);
/// assert_eq!(seo.map(|launch| launch.from).collect::<Vec<_>>(), [9, 13]);
/// ```
pub fn pilots() -> Vec<Launch> {
    use Region::*;
    let plan: [(Lever, [(Region, u32); 2]); 5] = [
        (Lever::Templates, [(NorthAmerica, 11), (AsiaPacific, 17)]),
        (Lever::Sharing, [(MiddleEastAfrica, 9), (NorthAmerica, 15)]),
        (Lever::Seo, [(Europe, 9), (AsiaPacific, 13)]),
        (Lever::Mobile, [(LatinAmerica, 12), (NorthAmerica, 17)]),
        (Lever::Api, [(Europe, 13), (LatinAmerica, 17)]),
    ];
    let launch = |(lever, places): (Lever, [(Region, u32); 2])| {
        places.map(|(region, from)| Launch::new(lever, region, from))
    };
    plan.into_iter().flat_map(launch).collect()
}

/// What a lever does to those it reaches, as relative changes of their probabilities: 0.1 is 10% more often. No probability exceeds 1.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LeverEffect {
    /// Creating a page; −0.9 to 2, as all that follow.
    pub activates: f64,
    /// Doing so within 24 hours.
    pub hurries: f64,
    /// Still being there, in each month.
    pub returns: f64,
    /// The habit, of those engaged.
    pub habit: f64,
    /// Collaborating, of those with the habit.
    pub collaborates: f64,
    /// Upgrading, of those who collaborate.
    pub upgrades: f64,
    /// Sharing, commenting or inviting, of those without the habit.
    pub shares: f64,
    /// Being on a seat that somebody else bought.
    pub pays: f64,
    /// Further sign-ups for each sign-up reached; for sharing, for each who shares. 0 to 1.
    pub signups: f64,
    /// How those further sign-ups differ from others.
    pub newcomers: Newcomers,
}

/// How people who sign up because of a lever differ from others, as relative changes.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Newcomers {
    /// Creating a page; −0.9 to 2, as all that follow.
    pub activates: f64,
    /// Still being there, in each month.
    pub returns: f64,
    /// Being on a seat that somebody else bought.
    pub pays: f64,
}

/// What each lever does. `Default` holds sizes that are plausible and not the deck's; nothing in the tables says them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Levers {
    /// More create a page, and sooner.
    pub templates: LeverEffect,
    /// More share and invite. Those invited stay less long, and guests need no seat.
    pub sharing: LeverEffect,
    /// More sign up, of below-average quality.
    pub seo: LeverEffect,
    /// Users on mobile stay longer.
    pub mobile: LeverEffect,
    /// Small teams and enterprises form the habit, upgrade and buy seats more often.
    pub api: LeverEffect,
}

impl Default for Levers {
    fn default() -> Self {
        let none = LeverEffect::default();
        Levers {
            templates: LeverEffect { activates: 0.10, hurries: 0.15, ..none },
            sharing: LeverEffect {
                collaborates: 0.25,
                shares: 0.30,
                pays: -0.08,
                signups: 0.20,
                newcomers: Newcomers { activates: -0.10, returns: -0.35, pays: -0.60 },
                ..none
            },
            seo: LeverEffect {
                signups: 0.12,
                newcomers: Newcomers { activates: -0.15, returns: -0.25, pays: -0.35 },
                ..none
            },
            mobile: LeverEffect { returns: 0.15, ..none },
            api: LeverEffect { habit: 0.15, upgrades: 0.25, pays: 0.08, ..none },
        }
    }
}

impl Levers {
    /// Creates levers without any effect.
    pub fn none() -> Levers {
        let none = LeverEffect::default();
        Levers { templates: none, sharing: none, seo: none, mobile: none, api: none }
    }

    /// Returns what one of them does.
    pub fn of(&self, lever: Lever) -> &LeverEffect {
        match lever {
            Lever::Templates => &self.templates,
            Lever::Sharing => &self.sharing,
            Lever::Seo => &self.seo,
            Lever::Mobile => &self.mobile,
            Lever::Api => &self.api,
        }
    }

    /// Returns the same levers, with every effect multiplied by a number, which may differ between them (in the order of
    /// [`Lever::ALL`]).
    pub fn scaled(&self, by: [f64; 5]) -> Levers {
        let scaled = |lever: Lever| {
            let (by, it) = (by[lever as usize], self.of(lever));
            LeverEffect {
                activates: it.activates * by,
                hurries: it.hurries * by,
                returns: it.returns * by,
                habit: it.habit * by,
                collaborates: it.collaborates * by,
                upgrades: it.upgrades * by,
                shares: it.shares * by,
                pays: it.pays * by,
                signups: it.signups * by,
                newcomers: it.newcomers,
            }
        };
        let [templates, sharing, seo, mobile, api] = Lever::ALL.map(scaled);
        Levers { templates, sharing, seo, mobile, api }
    }

    pub(super) fn validate(&self) -> Result<()> {
        Lever::ALL.into_iter().try_for_each(|lever| {
            self.of(lever).validate().map_err(|error: Error| error.within(lever.name()))
        })
    }
}

impl LeverEffect {
    fn validate(&self) -> Result<()> {
        let new = &self.newcomers;
        for (field, value) in [
            ("activates", self.activates),
            ("hurries", self.hurries),
            ("returns", self.returns),
            ("habit", self.habit),
            ("collaborates", self.collaborates),
            ("upgrades", self.upgrades),
            ("shares", self.shares),
            ("pays", self.pays),
            ("newcomers.activates", new.activates),
            ("newcomers.returns", new.returns),
            ("newcomers.pays", new.pays),
        ] {
            within(field, value, -0.9, 2.0)?;
        }
        within("signups", self.signups, 0.0, 1.0)
    }
}
