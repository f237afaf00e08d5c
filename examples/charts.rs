//! Draws every kind of chart, also from awkward data, as PNG files.
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
    let law = SessionLength::default();
    let mut rng = stream(1, "gallery", 0);
    let drawn = df!("minutes" => (0..4_000).map(|_| law.sample(&mut rng)).collect::<Vec<_>>())?;
    let at: Vec<f64> = (0..=100).map(|k| 1.0 + 0.29 * f64::from(k)).collect();
    let density =
        df!("minutes" => &at, "density" => at.iter().map(|x| law.density(*x)).collect::<Vec<_>>())?;
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
            "law",
            chart::histogram(&drawn, "minutes")
                .density(&density, "minutes", "density")
                .title("What was drawn follows the law")
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
const KINDS: [(&str, Kind); 9] = [
    ("funnel", funnel_chart),
    ("scatter", scatter),
    ("scatter_fit", scatter_fit),
    ("scatter_identity", scatter_identity),
    ("scatter_size", scatter_size),
    ("slope", slope),
    ("dumbbell", dumbbell),
    ("waterfall", waterfall),
    ("waterfall_zoom", waterfall_zoom),
];

fn funnel_chart((width, height): (u32, u32)) -> Result<Figure> {
    let steps = df!(
        "name" => ["Visit", "View product", "Add to cart", "Start checkout", "Purchase"],
        "users" => [48_210, 31_977, 9_644, 5_120, 3_894],
    )?;
    chart::funnel(&steps)
        .highlight("Add to cart")
        .title("Seven in ten who look at a product never put one in the cart")
        .labels("Users", "Step, visitors of May 2024")
        .size(width, height)
        .draw()
}

/// Companies with seats, revenue and sessions: what the scatter plots show.
fn companies(count: u64) -> Result<DataFrame> {
    let (mut seats, mut mrr, mut plan) = (vec![], vec![], vec![]);
    let (mut sessions, mut kept) = (vec![], vec![]);
    for id in 0..count {
        let mut rng = stream(7, "companies", id);
        let normal = |rng: &mut Stream, mean: f64, sd: f64| -> Result<f64> {
            let law = rand_distr::Normal::new(mean, sd)
                .map_err(|_| casebook::Error::config("sd", sd, "0 or more"))?;
            Ok(law.sample(rng))
        };
        let size = normal(&mut rng, 2.4, 1.0)?.exp().max(1.0).round();
        let business = normal(&mut rng, size.ln(), 0.8)? > 3.2;
        let price = if business { 16.0 } else { 9.0 };
        seats.push(size);
        mrr.push((price * size.powf(0.94) * normal(&mut rng, 0.0, 0.25)?.exp()).max(5.0).round());
        plan.push(if business { "Business" } else { "Team" });
        let active = (9.0 + normal(&mut rng, 0.0, 4.0)?).max(0.0);
        sessions.push(active);
        kept.push((0.35 + 0.03 * active + normal(&mut rng, 0.0, 0.12)?).clamp(0.0, 1.0));
    }
    Ok(df!("seats" => seats, "mrr" => mrr, "plan" => plan, "sessions" => sessions, "kept" => kept)?)
}

fn scatter((width, height): (u32, u32)) -> Result<Figure> {
    let companies = companies(4_000)?;
    chart::scatter(&companies, "seats", "mrr")
        .by("plan")
        .log_x()
        .log_y()
        .title("At the same size, Business companies pay almost twice as much")
        .labels("Seats", "MRR per company, US dollars")
        .unit(Unit::Dollars)
        .size(width, height)
        .draw()
}

fn scatter_fit((width, height): (u32, u32)) -> Result<Figure> {
    let companies = companies(240)?;
    chart::scatter(&companies, "sessions", "kept")
        .fit()
        .title("Each session a week goes with about three more points of retention")
        .labels("Sessions per user and week", "Users active after 90 days")
        .unit(Unit::Percent)
        .size(width, height)
        .draw()
}

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

fn slope((width, height): (u32, u32)) -> Result<Figure> {
    let retention = df!(
        "country" => ["Germany", "France", "Spain", "Italy", "Poland", "Netherlands", "Sweden", "Austria"],
        "2023" => [0.412, 0.405, 0.338, 0.331, 0.287, 0.441, 0.452, 0.409],
        "2024" => [0.418, 0.401, 0.341, 0.352, 0.419, 0.447, 0.459, 0.411],
    )?;
    chart::slope(&retention, "country", "2023", "2024")
        .highlight("Poland")
        .title("Poland catches up after its prices were set in zloty")
        .y_label("Share of sign-ups active after 30 days")
        .unit(Unit::Percent)
        .size(width, height)
        .draw()
}

fn dumbbell((width, height): (u32, u32)) -> Result<Figure> {
    let activation = df!(
        "channel" => ["Organic search", "Paid social", "Paid search", "Referral", "Partner", "Newsletter", "Direct"],
        "old" => [0.412, 0.281, 0.344, 0.553, 0.468, 0.391, 0.502],
        "new" => [0.488, 0.389, 0.401, 0.580, 0.457, 0.455, 0.521],
    )?;
    chart::dumbbell(&activation, "channel", "old", "new")
        .groups("Old onboarding", "New onboarding")
        .sort_by_difference()
        .title("The new onboarding helps most where users know least about the product")
        .labels("Share activated within a week", "Channel")
        .unit(Unit::Percent)
        .size(width, height)
        .draw()
}

fn moves() -> Result<DataFrame> {
    Ok(df!(
        "what" => ["New customers", "Reactivation", "Expansion", "Contraction", "Churn"],
        "mrr" => [31_400.0, 4_200.0, 12_900.0, -6_100.0, -24_700.0],
    )?)
}

fn waterfall((width, height): (u32, u32)) -> Result<Figure> {
    chart::waterfall(&moves()?, "what", "mrr")
        .start("January", 62_000.0)
        .end("June", 79_700.0)
        .title("Churn eats most of what new customers bring")
        .labels("", "MRR, US dollars")
        .unit(Unit::Dollars)
        .size(width, height)
        .draw()
}

fn waterfall_zoom((width, height): (u32, u32)) -> Result<Figure> {
    chart::waterfall(&moves()?, "what", "mrr")
        .start("MRR in January", 1_182_000.0)
        .end("MRR in June", 1_199_700.0)
        .zoom()
        .title("Of $48,500 won in half a year, $17,700 is left")
        .labels("", "MRR, US dollars")
        .unit(Unit::Dollars)
        .size(width, height)
        .draw()
}
