//! Where and when: countries, platforms, channels, and the weeks in which something happened.

use std::ops::Range;

/// A country, with what sets it apart.
pub(super) struct Country {
    pub code: &'static str,
    /// Share of sign-ups.
    pub share: f64,
    /// Share of its sign-ups that come through the paid channel.
    pub paid: f64,
    /// The week of the release. In weeks after the last it's a plan.
    pub release: u32,
}

const fn country(code: &'static str, share: f64, paid: f64, release: u32) -> Country {
    Country { code, share, paid, release }
}

/// The weeks in which the release reaches a group of countries. Small markets come first, as they mostly do.
pub(super) const WAVES: [u32; 3] = [97, 100, 106];

/// Countries in the order of their codes.
pub(super) const COUNTRIES: [Country; 12] = [
    country("AU", 0.05, 0.45, WAVES[1]),
    country("BR", 0.08, 0.25, WAVES[2]),
    country("CA", 0.07, 0.45, WAVES[0]),
    country("DE", 0.12, 0.40, WAVES[1]),
    country("ES", 0.07, 0.40, WAVES[1]),
    country("FR", 0.09, 0.30, WAVES[2]),
    country("IT", 0.07, 0.25, WAVES[2]),
    country("NL", 0.06, 0.40, WAVES[0]),
    country("PL", 0.05, 0.40, WAVES[0]),
    country("SE", 0.04, 0.45, WAVES[0]),
    country("UK", 0.10, 0.45, WAVES[1]),
    country("US", 0.20, 0.30, WAVES[2]),
];

/// Countries with the release in the last week.
pub(super) const LAST_RELEASED: [&str; 8] = ["AU", "CA", "DE", "ES", "NL", "PL", "SE", "UK"];

/// Where the competitor launches: a place in [`COUNTRIES`].
pub(super) const CONTESTED: usize = 3;

pub(super) const PLATFORMS: [&str; 3] = ["android", "ios", "web"];
pub(super) const PLATFORM_SHARES: [f64; 3] = [0.40, 0.40, 0.20];
pub(super) const ANDROID: usize = 0;
pub(super) const WEB: usize = 2;

pub(super) const CHANNELS: [&str; 3] = ["organic", "paid", "referral"];
pub(super) const PAID: usize = 1;
pub(super) const ORGANIC: usize = 0;
/// Of those who don't come through the paid channel, the share of organic ones.
pub(super) const ORGANIC_SHARE: f64 = 0.7;
/// Share of new users who never come back after their first week, by channel.
pub(super) const LEAVE: [f64; 3] = [0.30, 0.50, 0.20];

/// Weeks of data. Weeks begin on Monday and are counted from 0.
pub(super) const WEEKS: u32 = 104;
/// The Monday of week 0, 2023-08-07, in days since 1970-01-01.
pub(super) const START: i32 = 19_576;
/// The four weeks before anything happened, with which the last one is compared.
pub(super) const REFERENCE: Range<u32> = 93..97;
/// From this week on, activity is kept by user and day.
pub(super) const DETAIL: u32 = 88;
/// From this week on, screens are kept, of a sample of users.
pub(super) const SCREENS: u32 = 92;
/// One user in so many is in that sample.
pub(super) const SAMPLE: u64 = 10;

/// Who was recorded in these weeks gets messages, if anybody does.
pub(super) const SEEN: Range<u32> = 96..104;

pub(super) const PAUSED_FROM: u32 = 98;
pub(super) const VERSION_FROM: u32 = 99;
pub(super) const CONTESTED_FROM: u32 = 100;
pub(super) const FILTER_FROM: u32 = 101;
/// School holidays, in both years: the last two weeks of July and the first two of August.
const HOLIDAYS: [Range<u32>; 3] = [50..54, 102..106, 154..158];
/// Christmas and New Year, with their share of an ordinary week's activity.
const FEASTS: [(u32, f64); 4] = [(20, 0.93), (21, 0.97), (72, 0.93), (73, 0.97)];

pub(super) const OLD: &str = "7.3";
pub(super) const NEW: &str = "7.4";

/// Share of Android users on the new version in a week.
pub(super) fn adoption(week: u32) -> f64 {
    match week {
        ..VERSION_FROM => 0.0,
        99 => 0.3,
        100 => 0.6,
        101 => 0.8,
        _ => 0.9,
    }
}

pub(super) fn on_holiday(week: u32) -> bool {
    HOLIDAYS.iter().any(|weeks| weeks.contains(&week))
}

/// Share of an ordinary week's activity that is left at Christmas.
pub(super) fn feast(week: u32) -> f64 {
    FEASTS.iter().find(|(at, _)| *at == week).map_or(1.0, |(_, left)| *left)
}

/// The Monday of a week, in days since 1970-01-01.
pub(super) fn monday(week: i32) -> i32 {
    START + 7 * week
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up_and_weeks_begin_on_monday() {
        let sum: f64 = COUNTRIES.iter().map(|it| it.share).sum();
        assert!((sum - 1.0).abs() < 1e-12, "{sum}");
        assert!((PLATFORM_SHARES.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        assert_eq!(COUNTRIES[CONTESTED].code, "DE");
        let released = COUNTRIES.iter().filter(|it| it.release < WEEKS);
        assert!(released.map(|it| it.code).eq(LAST_RELEASED));
        assert!(COUNTRIES.is_sorted_by_key(|it| it.code));
        // 1970-01-01 was a Thursday.
        assert_eq!((START + 3) % 7, 0);
        let day = chrono::NaiveDate::from_ymd_opt(2023, 8, 7).unwrap();
        assert_eq!((day - chrono::NaiveDate::default()).num_days(), i64::from(START));
    }
}
