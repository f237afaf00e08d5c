//! The data that the study can report on.

use super::study::MONTHS;
use casebook::cases::notion::Config;
use casebook::{Error, Result};

/// Checks, before any data is generated, that the study can report on it.
///
/// # Errors
/// [`ErrorKind::InvalidConfig`](casebook::ErrorKind::InvalidConfig), naming what is too small.
///
/// ```
/// use casebook::cases::notion::Config;
/// use casebook_cli::report::notion;
///
/// assert!(notion::check(&Config::default()).is_ok());
/// let error = notion::check(&Config { months: 6, ..Config::default() }).unwrap_err();
/// assert!(error.to_string().starts_with("`months` is 6; accepted: 7 to 60"));
/// ```
pub fn check(config: &Config) -> Result<()> {
    config.validate()?;
    let months = config.months as usize;
    if months <= MONTHS {
        let accepted =
            format!("{} to 60: the study reports retention in month {MONTHS}", MONTHS + 1);
        return Err(Error::config("months", months, accepted));
    }
    // Of few users nobody may come to pay, and the last rate of the funnel has nothing below it.
    let targets = &config.targets;
    let share = [
        targets.activation,
        targets.engagement,
        targets.habit,
        targets.collaboration,
        targets.monetization,
    ];
    let share: f64 = share.iter().product();
    let enough = (1.0 / share.max(1e-9)).ceil() as u64;
    if u64::from(config.users) < enough {
        let accepted = format!("{enough} or more: of fewer, hardly one comes to pay");
        return Err(Error::config("users", config.users, accepted));
    }
    Ok(())
}
