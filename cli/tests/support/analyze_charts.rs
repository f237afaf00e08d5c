//! `casebook analyze`: what its charts say, which is what its tables hold.

use super::*;

/// The chart in words: title, subtitle, values, marks.
fn chart(words: &[&str]) -> String {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("out.svg");
    runs(&[words, &["--chart", file.to_str().unwrap()]].concat());
    let svg = std::fs::read_to_string(&file).unwrap();
    let label = svg.split("aria-label=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    label.replace("&lt;", "<").replace("&amp;", "&")
}

fn asked(line: &str) -> Vec<&str> {
    line.split(' ').collect()
}

fn percent(value: &Value) -> String {
    format!("{:.1}%", value.as_f64().unwrap() * 100.0)
}

#[track_caller]
fn says(alt: &str, sentences: &[&str]) {
    for sentence in sentences {
        assert!(alt.contains(sentence), "{sentence} in {alt}");
    }
}

#[test]
fn a_funnel_is_a_funnel_and_names_its_largest_loss() {
    let words = asked(
        "analyze funnel data/samples/events.csv --steps visit,search,cart,purchase --window 7d",
    );
    let steps = rows(&words);
    let lost = |row: &Value| row["dropped"].as_i64().unwrap_or(0);
    let worst = steps.iter().max_by_key(|row| lost(row)).unwrap();
    let title = format!(
        "{} get to the end; most are lost before {}, where {} go on.",
        percent(&steps[3]["overall_rate"]),
        worst["name"].as_str().unwrap(),
        percent(&worst["step_rate"])
    );
    says(&chart(&words), &[&title, "within 7 days; 240 began.", "Funnel chart of Users by Step."]);
    let one = chart(&asked("analyze funnel data/samples/events.csv --steps visit"));
    assert!(one.starts_with("A single step: nobody can drop out."), "{one}");
}

#[test]
fn groups_differ_only_beyond_chance() {
    let words = "analyze funnel data/samples/events.csv --steps visit,cart,purchase --by device";
    let alt = chart(&asked(words));
    says(&alt, &["Interval plot of Share that got to the last step by Device."]);
    let place = Place::new();
    // Everybody on the phone buys, hardly anybody at the desk.
    let mut content = "user_id,timestamp,event,device\n".to_owned();
    for user in 0..200 {
        let device = if user % 2 == 0 { "phone" } else { "desktop" };
        content += &format!("{user},2024-01-01 10:00,visit,{device}\n");
        if user % 2 == 0 || user % 10 == 1 {
            content += &format!("{user},2024-01-01 11:00,buy,{device}\n");
        }
    }
    let file = place.file("events.csv", content);
    let alt = chart(&["analyze", "funnel", &file, "--steps", "visit,buy", "--by", "device"]);
    says(
        &alt,
        &[
            "100.0% of phone get to the end, 20.0% of desktop.",
            "began with visit that got to buy, with 95% intervals; 200 began.",
            "Highlighted: phone, desktop.",
        ],
    );
}

#[test]
fn retention_is_marked_where_the_title_reads_it() {
    let words = asked(
        "analyze retention data/samples/events.csv --users data/samples/users.csv --days 1,7,28",
    );
    let rate = percent(&rows(&words)[2]["rate"]);
    let (title, note) =
        (format!("{rate} are back on day 28."), format!("A note at 28 and {rate} says: {rate}."));
    says(&chart(&words), &[&title, &note, "240 users observed long enough."]);
    let nobody = chart(&asked("analyze retention data/samples/events.csv --days 500"));
    says(&nobody, &["Nobody was observed long enough.", "no data"]);
    let cohorts = "analyze cohorts data/samples/events.csv --period week";
    says(&chart(&asked(cohorts)), &["% are active in week 1, ", "% by cohort."]);
    // The last weeks rest on a handful of users, and say nothing.
    let average = format!("{cohorts} --average weighted");
    let weeks = rows(&asked(&average));
    let sure = weeks.iter().rfind(|week| week["warning"].is_null()).unwrap();
    assert_ne!(sure, weeks.last().unwrap());
    let title = format!("{} are active in week {}.", percent(&sure["rate"]), sure["period"]);
    says(&chart(&asked(&average)), &[&title]);
}

#[test]
fn activity_names_peaks_losses_and_medians() {
    let events = "analyze activity data/samples/events.csv";
    let daily = rows(&asked(events));
    let most = daily.iter().map(|row| row["dau"].as_i64().unwrap()).max().unwrap();
    says(
        &chart(&asked(events)),
        &[&format!("Daily active users peak at {most} on "), &format!("says: {most} users.")],
    );
    let weeks = chart(&asked(&format!("{events} --show lifecycle")));
    says(&weeks, &["more users went dormant than came in the week from ", " dormant, "]);
    let days = chart(&asked(&format!("{events} --show days")));
    says(
        &days,
        &["Half of the users are active on ", "A line marks half of the users up to here at "],
    );
}

#[test]
fn survival_names_the_median_or_the_gap_between_groups() {
    let words =
        "analyze survival data/samples/subscriptions.csv --duration months --observed cancelled";
    let median = &rows(&asked(&format!("{words} --show median")))[0]["median"];
    let median = median.as_f64().unwrap();
    says(
        &chart(&asked(words)),
        &[&format!("Half have left by month {median}."), "A line marks half at 50.0%."],
    );
    let plans = chart(&asked(&format!("{words} --group plan")));
    says(&plans, &["At month ", " of yearly are still there, ", " of monthly.", "A note at "]);
    let place = Place::new();
    let alike: String = (1..=40).map(|i| format!("{},1,{}\n", i / 2, i % 2)).collect();
    let file = place.file("alike.csv", format!("duration,observed,arm\n{alike}"));
    let alt = chart(&["analyze", "survival", &file, "--group", "arm"]);
    says(&alt, &["No clear difference between the groups (log-rank p = "]);
    let file = place.file("stay.csv", "duration,observed\n3,0\n5,0\n7,1\n9,0\n9,0\n");
    says(&chart(&["analyze", "survival", &file]), &["66.7% are still there at duration 9."]);
}

#[test]
fn an_experiment_is_in_points_and_only_claims_what_is_clear() {
    let words = "analyze ab data/samples/experiment.csv --user user_id --outcome converted";
    let found = &rows(&asked(words))[0];
    let points = |column: &str| format!("{:+.1}", found[column].as_f64().unwrap() * 100.0);
    let title = format!(
        "Converted: offer against control {} pp ({} to {}).",
        points("difference"),
        points("low"),
        points("high")
    );
    says(
        &chart(&asked(words)),
        &[
            &title,
            "percentage points, with 95% intervals; 2,000 users.",
            "no difference at 0.0 pp.",
        ],
    );
    let sizes = chart(&asked(&format!("{words} --ratio")));
    says(
        &sizes,
        &[
            "The arms have the sizes they should, but for chance (p = ",
            "A line marks expected: 1,000",
        ],
    );
    let place = Place::new();
    let rows = "who,arm,bought\n1,control,0\n2,control,1\n3,offer,1\n4,offer,0\n";
    let file = place.file("ab.csv", rows);
    let same = chart(&["analyze", "ab", &file, "--user", "who", "--outcome", "bought"]);
    says(&same, &["No clear difference of offer on bought: 0.0 pp ("]);
    // Three arms, of which one clearly differs.
    let mut content = "arm,bought\n".to_owned();
    for user in 0..600 {
        let arm = ["control", "blue", "green"][user % 3];
        let bought = i32::from(user / 3 % 10 < if user % 3 == 2 { 6 } else { 3 });
        content += &format!("{arm},{bought}\n");
    }
    let file = place.file("arms.csv", content);
    let arms = chart(&["analyze", "ab", &file, "--outcome", "bought"]);
    says(&arms, &["Of 2 arms, green differs most on bought: +30.0 pp (", "Highlighted: green."]);
    let uneven = chart(&[
        "analyze",
        "ab",
        &file,
        "--outcome",
        "bought",
        "--ratio",
        "--split",
        "control:50,blue:25,green:25",
    ]);
    says(&uneven, &["The arms don't have the sizes they should (p < 0.001): trust no effect."]);
}

#[test]
fn segments_are_named_with_their_shares() {
    let rfm = chart(&asked("analyze rfm data/samples/orders.csv --summary"));
    says(
        &rfm,
        &["% of the money comes from champions: ", "% of buyers.", "Highlighted: champions."],
    );
    let words =
        "analyze segments data/samples/customers.csv --user customer_id --features orders,spent";
    let groups = chart(&asked(&format!("{words} --k 2..4")));
    says(&groups, &["stands out most: ", " standard deviations above average.", "180 users in "]);
    let one = chart(&asked(&format!("{words} --k 1")));
    says(
        &one,
        &["One group: there is nothing to compare.", "from 0 at orders and 1: average to 0 at"],
    );
}
