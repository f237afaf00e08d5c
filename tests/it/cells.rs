//! Cells of the shop's notebook, written with verbs: at most 16 lines of 100 characters each, and the numbers of the long
//! way round.

use casebook::prelude::*;

type Tried = casebook::Result<()>;

fn shop() -> casebook::Result<(ecommerce::Config, ecommerce::Tables)> {
    let config = ecommerce::Config { users: 600, ..ecommerce::Config::default() };
    Ok((config.clone(), ecommerce::generate(&config)?))
}

// Laid out by hand, as cells are.
#[rustfmt::skip]
#[test]
fn churn_by_segment() -> Tried {
    let (config, tables) = shop()?;
    let end = Month { year: 2024, month: 12 }.midnight() + chrono::TimeDelta::days(30);
    let users = Users::new(&tables.users, "user_id")?.since("registration_date")?;
    let visits = Events::new(&tables.sessions, "user_id", "started_at")?;

    // Cell 17.
    let names = [0, 1, 2, 3].map(ecommerce::Segment::name);
    let truth = df!("segment" => names, "truth" => config.segments.map(|kind| kind.churn))?;
    let stays = survival::from_activity(&users, &visits, 60, Window::until(end))?;
    let monthly = ["hazard", "low", "high"].map(|name| (col(name) * lit(30.0)).alias(name));
    let churn = survival::hazard(&stays, Some("segment"), 366.0)? // the whole year as one period
        .keep(col("events").gt(0))?
        .add_columns(monthly)?
        .left_join_on(&truth, "segment")?
        .sort_desc("hazard")?;
    let (occasional, best) = ("Occasional", "High Value");
    let rate_of = |segment| churn.value("hazard", "segment", segment);
    let times = rate_of(occasional)? / rate_of(best)?;
    let chart = chart::interval(&churn, "segment", "hazard", "low", "high")
        .title(format!("Occasional customers churn {times:.1} times as fast as the best"))
        .labels("Monthly churn rate, with 95% intervals", "Segment")
        .unit(Unit::Percent);
    casebook::show!(chart);

    // The long way round.
    let seen = stays.keep(col("segment").eq(lit(occasional)))?;
    let (left, months) = (seen.total("observed")?, seen.total("duration")? / 30.0);
    let (low, high) = interval::poisson(left as u64);
    for (column, expected) in [("hazard", left), ("low", low), ("high", high)] {
        let found = churn.value(column, "segment", occasional)?;
        assert!((found / (expected / months) - 1.0).abs() < 1e-12, "{column}: {found}");
    }
    assert_eq!(churn.value("truth", "segment", occasional)?, config.segments[2].churn);
    Ok(())
}

// Laid out by hand, as cells are.
#[rustfmt::skip]
#[test]
fn money_left_in_carts() -> Tried {
    let (_, tables) = shop()?;

    // Cell 25.
    let amount = (col("price") * col("quantity").fill_null(1)).alias("amount");
    let priced = tables.events.keep(col("product_id").is_not_null())?.add_columns(amount)?;
    let is = |kind: &str| col("event_type").eq(lit(kind));
    let money = |kind, name| col("amount").filter(is(kind)).sum().alias(name);
    let sums = [money("add_to_cart", "cart"), money("purchase", "bought")];
    let carts = priced.agg_by("session_id", sums)?;
    let id = col("session_id").alias("order_id");
    let lines = priced.keep(is("purchase"))?
        .pick(("user_id", id, "timestamp", "product_id", "category", "amount"))?;
    let first = (col("user_id").first(), col("timestamp").min(), col("amount").sum());
    let orders = lines.agg_by("order_id", first)?;
    let (put, revenue) = (carts.total("cart")?, lines.total("amount")?);
    let all = priced.total("amount")?;
    let abandoned = rate(&carts.keep(col("cart").gt(0))?, col("bought").eq(0))?;
    let text = memo("{left} of carts are abandoned; {put} put in, {paid} paid. All events: {all}.")
        .with("left", abandoned).with("put", usd(put)).with("paid", usd(revenue)).with("all", usd(all));
    casebook::show!(text);

    let per_order = orders.scalar(col("amount").mean())?;
    let per_row = lines.scalar(col("amount").mean())?;

    // The long way round.
    let old = tables
        .events
        .clone()
        .lazy()
        .filter(col("event_type").eq(lit("purchase")))
        .with_column(
            (col("price") * col("quantity").fill_null(lit(1)).cast(DataType::Float64)).alias("amount"),
        )
        .group_by([col("session_id").alias("order_id")])
        .agg([col("user_id").first(), col("timestamp").min(), col("amount").sum()])
        .sort(["order_id"], SortMultipleOptions::default())
        .collect()?;
    assert_eq!(orders.height(), old.height());
    assert!((old.total("amount")? / revenue - 1.0).abs() < 1e-12);
    assert!((revenue / orders.height() as f64 / per_order - 1.0).abs() < 1e-12);
    let same = ["order_id", "user_id", "timestamp"];
    assert!(old.select(same)?.equals(&orders.select(same)?));
    let filled = carts.keep(col("cart").gt(0))?;
    assert!((share_of(&filled, col("bought").eq(lit(0.0)))? - abandoned.rate).abs() < 1e-12);
    assert!(put > revenue && all > put && per_order > per_row);
    Ok(())
}

// Laid out by hand, as cells are.
#[rustfmt::skip]
#[test]
fn segments_by_k_means() -> Tried {
    let (_, tables) = shop()?;

    // Cell 33.
    let known = tables.users.pick(["user_id", "registration_date", "segment"])?;
    let views = tables.events.keep(col("event_type").eq(lit("product_view")))?.count_by("user_id")?;
    let last = col("started_at").max().dt().date().alias("last");
    let came = tables.sessions.agg_by("user_id", (len().alias("sessions"), last))?
        .left_join_on(&views, "user_id")?
        .left_join_on(&known, "user_id")?;
    let days = (col("last") - col("registration_date")).dt().total_days(false) + lit(7);
    let a_month = (lit(30.0) * col("sessions") / days).log1p().alias("visits a month");
    let a_visit = (lit(1.0) * col("count") / col("sessions")).log1p().alias("views a visit");
    let shoppers = came.pick(("user_id", "segment", a_month, a_visit))?;
    let how = segment::KMeans::default().k(segment::K::Silhouette(2, 6));
    let clusters = segment::kmeans(&shoppers, &["visits a month", "views a visit"], &how)?;
    let k = clusters.choice.keep("chosen")?.scalar("k")?;
    let chart = chart::line(&clusters.choice, "k", "silhouette").zoom().size(720, 280)
        .title(format!("{k} groups stand apart most clearly"))
        .labels("Number of clusters", "Silhouette");
    casebook::show!(chart);

    // The long way round.
    let days = (col("last") - col("registration_date")).dt().total_days(false);
    let a_month = lit(30.0) * col("sessions") / (days.cast(DataType::Float64) + lit(7.0));
    let old = (lit(1.0) + a_month).log(lit(std::f64::consts::E)).alias("old");
    let old = came.clone().lazy().select([col("user_id"), old]).collect()?;
    let both = shoppers.left_join_on(&old, "user_id")?;
    let gap = both.scalar((col("visits a month") - col("old")).abs().max())?;
    assert!(gap < 1e-12, "{gap}");
    assert!((2.0..=6.0).contains(&k));
    Ok(())
}

// Laid out by hand, as cells are.
#[rustfmt::skip]
#[test]
fn a_memo_of_named_numbers() -> Tried {
    // What the cells before have left.
    let value = df!("user_id" => [1, 2, 3], "alive" => [0.9, 0.1, 0.8], "value" => [90.0, 1.0, 9.0])?;
    let bought = df!("user_id" => [1, 2], "successes" => [6_i64, 2])?;
    let names = ["Win back", "Mend the checkout", "Second product", "More best customers"];
    let projects = df!("project" => names, "brings" => [7_012.0, 144_210.0, 59_400.0, 48_300.0])?;
    let (abandoned, looks, put, revenue) = (0.653, 0.08, 14.3e6, 6.2e6);
    let off = 986.0 / 1_000.0 - 1.0;

    // Before cell 52: its numbers.
    let orders = col("successes").fill_null(0).mean().alias("orders");
    let gone = col("alive").lt(0.5).alias("gone");
    let past = value.left_join_on(&bought, "user_id")?.agg_by(gone, (len().alias("n"), orders))?;
    let digits = |number: f64| format!("{number:.1}");
    let ranked = projects.sort_desc("brings")?.with_row_index("place".into(), Some(1))?;
    let name = |place| ranked.text("project", "place", place).map(|name| name.to_lowercase());
    // Cell 52.
    let text = memo("**First: {first}.** 5% of its pool is {brings} a quarter. Next: {second}.

        **Why.** {abandoned} of carts are abandoned and hold {times} times the revenue. Not all of it
        is there to win: browsers fill carts too ({looks} of views). A test tells within weeks.

        **Not first.** {gone} customers are likely gone, after {lost} orders each; others placed {kept}.

        **How sure.** On 90 unseen days the forecast was off by {off}. The 5% is our assumption.")
        .with("first", name(1)?).with("brings", usd(ranked.value("brings", "place", 1)?))
        .with("second", name(2)?).with("abandoned", pct(abandoned)).with("looks", pct(looks))
        .with("times", digits(put / revenue)).with("gone", count(past.value("n", "gone", true)?))
        .with("lost", digits(past.value("orders", "gone", true)?))
        .with("kept", digits(past.value("orders", "gone", false)?)).with("off", pct(off));
    casebook::show!(text);

    let plain = text.plain()?;
    for part in [
        "**First: mend the checkout.** 5% of its pool is $144,210 a quarter. Next: second product.",
        "\n\n**Why.** 65.3% of carts are abandoned and hold 2.3 times the revenue.",
        "1 customers are likely gone, after 2.0 orders each; others placed 3.0.",
    ] {
        assert!(plain.contains(part), "{plain}");
    }
    assert!(text.markdown()?.0.contains("pool is \\$144,210 a"));
    Ok(())
}
