//! Draws what the gallery (examples/gallery) does not show, as PNG files: awkward data, and settings of some kinds, wide
//! and narrow.
//!
//! Run with `cargo run --example charts -- FOLDER`.

use casebook::prelude::*;

fn main() -> Result<()> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "target/charts".into());
    std::fs::create_dir_all(&folder).map_err(PolarsError::from)?;
    let mut all = figures()?;
    for (name, chart) in KINDS {
        all.push((name.to_owned(), chart((720, 400))?));
        all.push((format!("{name}_narrow"), chart((360, 400))?));
    }
    for (name, figure) in all {
        let path = format!("{folder}/{name}.png");
        figure.save(&path)?;
        println!("{path}: {}", figure.alt());
    }
    Ok(())
}

fn figures() -> Result<Vec<(String, Figure)>> {
    let days: Vec<i32> = (0..400).collect();
    let series = df!(
        "day" => Series::new("day".into(), days.clone()).cast(&DataType::Date)?,
        "users" => days.iter().map(|d| 1_000.0 + 40.0 * f64::from(*d % 7) - f64::from(*d)).collect::<Vec<_>>(),
    )?;
    let reasons = df!(
        "reason" => [
            "It does not do what I need",
            "Too expensive for a company of our size and stage",
            "We moved to another product that our parent company uses",
            "Support did not answer",
        ],
        "companies" => [41, 33, 12, 7],
    )?;
    let moves = df!(
        "quarter" => ["Q1", "Q1", "Q2", "Q2", "Q3", "Q3"],
        "what" => ["won", "lost", "won", "lost", "won", "lost"],
        "mrr" => [12_000.0, -4_000.0, 9_000.0, -7_500.0, 4_000.0, -9_000.0],
    )?;
    let names: Vec<String> = (0..9).map(|i| format!("segment with the long name {i}")).collect();
    let many = df!(
        "month" => (0..54_i64).map(|i| i / 9 + 1).collect::<Vec<_>>(),
        "segment" => (0..54).map(|i| names[i % 9].clone()).collect::<Vec<_>>(),
        "share" => (0..54).map(|i| 0.1 * (i % 9) as f64 + 0.01 * (i / 9) as f64).collect::<Vec<_>>(),
    )?;
    let cohorts = df!(
        "month" => [0, 1, 2, 0, 1, 2, 0, 1, 2],
        "cohort" => ["2021-01", "2021-01", "2021-01", "2021-02", "2021-02", "2021-02", "2021-03", "2021-03", "2021-03"],
        "kept" => [Some(1.0), Some(0.61), Some(0.48), Some(1.0), Some(0.64), None, Some(1.0), None, None],
    )?;
    let lengths =
        df!("minutes" => (1..2_000).map(|i| 40.0 / f64::from(i).sqrt()).collect::<Vec<_>>())?;
    use casebook::cases::rhythm::{Distribution, SessionLength};
    let length = SessionLength::default();
    let mut rng = stream(1, "gallery", 0);
    let drawn = df!("minutes" => (0..4_000).map(|_| length.sample(&mut rng)).collect::<Vec<_>>())?;
    let at: Vec<f64> = (0..=100).map(|k| 1.0 + 0.29 * f64::from(k)).collect();
    let density = df!("minutes" => &at, "density" => at.iter().map(|x| length.density(*x)).collect::<Vec<_>>())?;
    let lives = df!(
        "duration" => (0..300).map(|i| f64::from(i * i % 24 + 1)).collect::<Vec<_>>(),
        "observed" => (0..300).map(|i| i % 3 > 0).collect::<Vec<_>>(),
        "plan" => (0..300).map(|i| if i % 2 == 0 { "monthly" } else { "a plan with a long name" }).collect::<Vec<_>>(),
    )?;
    let curve = survival::kaplan_meier(&lives, Some("plan"))?;
    let estimates = df!(
        "estimate" => ["Naive: takers against the rest", "As assigned", "Compliers"],
        "points" => [Some(19.2), Some(4.1), Some(9.8)],
        "low" => [Some(14.0), Some(-0.4), None],
        "high" => [Some(24.4), Some(8.6), None],
    )?;
    let nothing = df!("x" => Vec::<i64>::new(), "y" => Vec::<f64>::new())?;
    let figures = [
        (
            "dates",
            chart::line(&series, "day", "users")
                .title("Users follow the week")
                .y_label("Users")
                .x_label("Day")
                .draw()?,
        ),
        (
            "long_names",
            chart::bar(&reasons, "reason", "companies")
                .title("Why they left")
                .x_label("Reason")
                .y_label("Companies")
                .draw()?,
        ),
        (
            "negative",
            chart::bar(&moves, "quarter", "mrr")
                .by("what")
                .stacked()
                .unit(Unit::Dollars)
                .title("More is lost than won by the third quarter")
                .y_label("MRR, US dollars")
                .x_label("Quarter")
                .draw()?,
        ),
        (
            "many_series",
            chart::line(&many, "month", "share")
                .by("segment")
                .unit(Unit::Percent)
                .title("A legend takes over where names do not fit beside their lines")
                .draw()?,
        ),
        (
            "heat_map",
            chart::heatmap(&cohorts, "month", "cohort", "kept")
                .unit(Unit::Percent)
                .title("What has not been observed yet stays grey")
                .x_label("Months since signup")
                .y_label("Share kept, by cohort")
                .draw()?,
        ),
        (
            "histogram",
            chart::histogram(&lengths, "minutes")
                .title("Most are short")
                .x_label("Minutes")
                .y_label("Sessions")
                .draw()?,
        ),
        (
            "density",
            chart::histogram(&drawn, "minutes")
                .density(&density, "minutes", "density")
                .title("The simulated sessions follow their density")
                .x_label("Minutes")
                .y_label("Sessions")
                .draw()?,
        ),
        (
            "survival",
            chart::survival(&curve).by("plan").title("Who is left").x_label("Months").draw()?,
        ),
        (
            "interval",
            chart::interval(&estimates, "estimate", "points", "low", "high")
                .reference(10.0, "the truth")
                .title("Only two of three estimates hold the truth")
                .x_label("Percentage points more")
                .y_label("Estimate, with 95% intervals")
                .size(720, 260)
                .draw()?,
        ),
        ("no_data", chart::line(&nothing, "x", "y").title("Nothing to see").draw()?),
    ];
    Ok(figures.map(|(name, figure)| (name.to_owned(), figure)).into())
}

/// A kind of chart at a size.
type Kind = fn((u32, u32)) -> Result<Figure>;

/// Each with data as a product analyst has them, and a title that says what they show.
const KINDS: [(&str, Kind); 3] = [
    ("scatter_identity", scatter_identity),
    ("scatter_size", scatter_size),
    ("waterfall_zoom", waterfall_zoom),
];

fn scatter_identity((width, height): (u32, u32)) -> Result<Figure> {
    let forecast = df!(
        "expected" => [120.0, 180.0, 260.0, 340.0, 410.0, 520.0, 610.0, 700.0, 830.0, 940.0],
        "actual" => [150.0, 171.0, 248.0, 371.0, 379.0, 455.0, 540.0, 588.0, 690.0, 770.0],
    )?;
    chart::scatter(&forecast, "expected", "actual")
        .identity("As forecast")
        .title("The forecast was too high for the large accounts")
        .labels("Forecast orders", "Actual orders, by account")
        .size(width, height)
        .draw()
}

fn scatter_size((width, height): (u32, u32)) -> Result<Figure> {
    let channels = df!(
        "cost" => [3.1, 8.4, 12.0, 17.5, 21.0, 29.0, 34.5],
        "kept" => [0.46, 0.41, 0.38, 0.33, 0.36, 0.24, 0.19],
        "sign_ups" => [1_200, 8_800, 2_400, 5_100, 900, 12_600, 3_300],
        "kind" => ["organic", "organic", "paid", "paid", "paid", "paid", "paid"],
    )?;
    chart::scatter(&channels, "cost", "kept")
        .by("kind")
        .size_by("sign_ups")
        .x_unit(Unit::Dollars)
        .unit(Unit::Percent)
        .title("The channel that brings the most users brings some of the worst")
        .labels("Cost per sign-up, US dollars", "Users active after 90 days")
        .size(width, height)
        .draw()
}

fn waterfall_zoom((width, height): (u32, u32)) -> Result<Figure> {
    let moves = df!(
        "what" => ["New customers", "Reactivation", "Expansion", "Contraction", "Churn"],
        "mrr" => [31_400.0, 4_200.0, 12_900.0, -6_100.0, -24_700.0],
    )?;
    chart::waterfall(&moves, "what", "mrr")
        .start("MRR in January", 1_182_000.0)
        .end("MRR in June", 1_199_700.0)
        .zoom()
        .title("Of $48,500 won in half a year, $17,700 is left")
        .labels("", "MRR, US dollars")
        .unit(Unit::Dollars)
        .size(width, height)
        .draw()
}
