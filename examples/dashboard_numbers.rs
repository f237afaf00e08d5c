//! Computes the e-commerce dashboard's numbers with the library's metrics under the same filters, for the test that reads
//! the same numbers from the page.
//!
//! usage: dashboard_numbers USERS DAYS SEED AWKWARD < filters.json
//!
//! A filter: `{"from": "2024-01-01", "to": "2024-03-31", "segments": [...], "categories": [...]}`.

use casebook::cases::clock::Day;
use casebook::cases::ecommerce::{self, Config, Tables};
use casebook::chrono::{NaiveDate, NaiveTime, TimeDelta};
use casebook::events::Window;
use casebook::metrics::Period;
use casebook::metrics::funnel::{Funnel, Step};
use casebook::metrics::retention::Retention;
use casebook::metrics::segment;
use casebook::notebook::beside;
use casebook::polars::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};

type Anything<T> = Result<T, Box<dyn std::error::Error>>;

#[derive(Deserialize)]
struct Filter {
    from: Day,
    to: Day,
    segments: Vec<String>,
    categories: Vec<String>,
}

fn main() -> Anything<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [users, days, seed, awkward] = &words[..] else { return Err("four numbers".into()) };
    let mut config = Config {
        users: users.parse()?,
        days: days.parse()?,
        seed: seed.parse()?,
        ..Config::default()
    };
    config.shop.awkward_names = awkward.parse()?;
    let filters: Vec<Filter> = serde_json::from_reader(std::io::stdin())?;
    let tables = ecommerce::generate(&config)?;
    let answers: Vec<Value> =
        filters.iter().map(|filter| answer(&config, &tables, filter)).collect::<Anything<_>>()?;
    println!("{}", Value::Array(answers));
    Ok(())
}

/// One of some texts.
fn among(column: &str, texts: &[String]) -> Expr {
    col(column).is_in(lit(Series::new("texts".into(), texts)).implode(true), false)
}

fn semi(left: LazyFrame, right: &DataFrame, key: &str) -> LazyFrame {
    left.join(right.clone().lazy(), [col(key)], [col(key)], JoinArgs::new(JoinType::Semi))
}

fn answer(config: &Config, tables: &Tables, filter: &Filter) -> Anything<Value> {
    let (from, to): (NaiveDate, NaiveDate) = (filter.from.into(), filter.to.into());
    let users = tables.users.clone().lazy().filter(among("segment", &filter.segments)).collect()?;
    let day = col("started_at").dt().date();
    let dated = tables.sessions.clone().lazy().filter(day.is_between(
        lit(from),
        lit(to),
        ClosedInterval::Both,
    ));
    let mut sessions = semi(dated, &users, "user_id").collect()?;
    let in_categories = among("category", &filter.categories);
    if filter.categories.len() < 7 {
        let looked = col("event_type").eq(lit("product_view")).and(in_categories.clone());
        let looked = tables.events.clone().lazy().filter(looked).collect()?;
        sessions = semi(sessions.lazy(), &looked, "session_id").collect()?;
    }
    let kept = in_categories.or(col("product_id").is_null());
    let events = semi(tables.events.clone().lazy().filter(kept), &sessions, "session_id");
    let events = events.rename(["event_type"], ["event"], true).collect()?;

    let amount = (col("price") * col("quantity").cast(DataType::Float64)).alias("amount");
    let quantity = col("quantity").cast(DataType::Int64).alias("items");
    let bought = events
        .clone()
        .lazy()
        .filter(col("event").eq(lit("purchase")))
        .with_columns([amount, quantity]);
    let bought = bought.collect()?;
    let sold = [
        col("session_id").n_unique().cast(DataType::Int64).alias("orders"),
        col("items").sum(),
        col("amount").sum(),
    ];
    let by =
        |column: &str| bought.clone().lazy().group_by([col(column)]).agg(sold.clone()).collect();

    let funnel =
        Funnel::new(["session_start", "product_view", "add_to_cart", "purchase"].map(Step::event));
    let per_session = funnel.clone().per("session_id");
    let until = (to + TimeDelta::days(1)).and_time(NaiveTime::MIN);
    let members = users.clone().lazy().rename(["registration_date"], ["signup_at"], true);
    let visits = sessions.clone().lazy().rename(["started_at"], ["timestamp"], true);
    let cohorts = Retention::default().window(Window::until(until)).cohorts(
        &members,
        &visits,
        Period::Month,
    )?;

    Ok(json!({
        "totals": rows(&bought.clone().lazy().select(sold.clone()).collect()?)?,
        "funnel_sessions": rows(&per_session.conversion(&events)?)?,
        "funnel_users": rows(&funnel.conversion(&events)?)?,
        "funnel_segments": rows(&per_session.conversion_by(&events, &users, "segment")?)?,
        "categories": rows(&by("category")?)?,
        "products": rows(&beside(by("product_id")?.lazy(), &tables.products, "product_id").collect()?)?,
        "cohorts": rows(&cohorts)?,
        "rfm": rows(&groups(config, tables, filter, &users, &sessions, &bought)?)?,
    }))
}

/// Users registered by the end of the dates, by RFM group of the whole period.
fn groups(
    config: &Config,
    tables: &Tables,
    filter: &Filter,
    users: &DataFrame,
    sessions: &DataFrame,
    bought: &DataFrame,
) -> Anything<DataFrame> {
    let (start, to): (NaiveDate, NaiveDate) = (config.start.into(), filter.to.into());
    let end = start + TimeDelta::days(i64::from(config.days));
    let orders =
        tables.events.clone().lazy().filter(col("event_type").eq(lit("purchase"))).select([
            col("user_id"),
            col("session_id").alias("order_id"),
            col("timestamp"),
            (col("price") * col("quantity").cast(DataType::Float64)).alias("amount"),
        ]);
    let rfm = segment::rfm(&orders, Window::until(end))?
        .lazy()
        .select([col("user_id"), col("segment").alias("group")])
        .collect()?;
    let per = |frame: &DataFrame, what: Vec<Expr>| {
        frame.clone().lazy().group_by([col("user_id")]).agg(what).collect()
    };
    let came = per(sessions, vec![len().alias("sessions")])?;
    let paid =
        per(bought, vec![col("session_id").n_unique().alias("orders"), col("amount").sum()])?;
    let registered = users.clone().lazy().filter(col("registration_date").lt_eq(lit(to)));
    let all = beside(
        beside(beside(registered.select([col("user_id")]), &rfm, "user_id"), &came, "user_id"),
        &paid,
        "user_id",
    );
    Ok(all
        .with_column(col("group").fill_null(lit("no order")))
        .group_by([col("group")])
        .agg([
            len().cast(DataType::Int64).alias("users"),
            col("sessions").is_not_null().sum().cast(DataType::Int64).alias("active"),
            col("orders").is_not_null().sum().cast(DataType::Int64).alias("buyers"),
            col("orders").sum().cast(DataType::Int64),
            col("amount").sum(),
        ])
        .collect()?)
}

/// A frame as JSON: a list of objects.
fn rows(frame: &DataFrame) -> Anything<Value> {
    let mut all = vec![serde_json::Map::new(); frame.height()];
    for column in frame.columns() {
        for (row, object) in all.iter_mut().enumerate() {
            let value = match column.get(row)? {
                AnyValue::Null => Value::Null,
                AnyValue::Boolean(value) => value.into(),
                AnyValue::Float64(value) => value.into(),
                AnyValue::Int64(value) => value.into(),
                AnyValue::UInt32(value) => value.into(),
                AnyValue::Int32(value) => value.into(),
                AnyValue::String(text) => text.into(),
                AnyValue::StringOwned(text) => text.as_str().into(),
                AnyValue::Date(days) => {
                    (NaiveDate::default() + TimeDelta::days(i64::from(days))).to_string().into()
                }
                other => other.to_string().into(),
            };
            object.insert(column.name().to_string(), value);
        }
    }
    Ok(Value::Array(all.into_iter().map(Value::Object).collect()))
}
