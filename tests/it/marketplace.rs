//! Liquidity, utilisation, balance and repeat rate: the same from polars, SQLite and PostgreSQL, on the markets
//! that the generator makes and on random ones; and errors that name what is wrong.

use casebook::cases::mentor::{self, Config, Market, Offer};
use casebook::chrono::{NaiveDateTime, TimeDelta};
use casebook::events::Window;
use casebook::metrics::Period;
use casebook::metrics::marketplace::{self, Goal};
use casebook::polars::prelude::*;
use casebook::rand::RngExt;
use casebook::stream::stream;
use casebook::warehouse::Warehouse;
use casebook::warehouse::queries::Schema;

twins! {
    polars_agrees,
}

const DAY: i64 = 86_400_000_000;
const ID: &str = "mentor_id";

const TABLES: &str = "
    CREATE TABLE mentors (mentor_id BIGINT PRIMARY KEY, capacity BIGINT);
    CREATE TABLE requests (request_id BIGINT PRIMARY KEY, field TEXT, hour BIGINT, requested_at BIGINT,
        matched_at BIGINT, first_session_at BIGINT, withdrawn_at BIGINT);
    CREATE TABLE matches (match_id BIGINT PRIMARY KEY, mentor_id BIGINT, matched_at BIGINT, ended_at BIGINT);
    CREATE TABLE bookings (booking_id BIGINT PRIMARY KEY, user_id BIGINT, moment BIGINT);
";

const SCHEMA: Schema = Schema {
    name: "market",
    tables: &["mentors", "requests", "matches", "bookings"],
    keys: &[],
    references: &[],
    views: &[],
    sqlite: TABLES,
    postgres: TABLES,
    common: "",
    spark: None,
};

/// A market: frames with times as microseconds, as the databases take them.
struct Case {
    mentors: DataFrame,
    requests: DataFrame,
    matches: DataFrame,
    bookings: DataFrame,
    from: i64,
    until: i64,
}

fn moment(micros: i64) -> NaiveDateTime {
    NaiveDateTime::default() + TimeDelta::microseconds(micros)
}

/// Columns of microseconds as times.
fn timed(frame: &DataFrame, columns: &[&str]) -> LazyFrame {
    let kind = DataType::Datetime(TimeUnit::Microseconds, None);
    let timed: Vec<Expr> = columns.iter().map(|name| col(*name).cast(kind.clone())).collect();
    frame.clone().lazy().with_columns(timed)
}

impl Case {
    fn requests(&self) -> LazyFrame {
        timed(&self.requests, &["requested_at", "matched_at", "first_session_at", "withdrawn_at"])
    }

    fn matches(&self) -> LazyFrame {
        timed(&self.matches, &["matched_at", "ended_at"])
    }

    /// What the generator makes.
    fn generated(config: &Config) -> Case {
        let tables = mentor::generate(config).unwrap();
        let micros = |frame: LazyFrame| {
            let kind = DataType::Datetime(TimeUnit::Microseconds, None);
            frame
                .with_column(dtype_col(&kind).as_selector().as_expr().to_physical())
                .collect()
                .unwrap()
        };
        let matched =
            tables.matches.select(["request_id", "matched_at", "first_session_at"]).unwrap();
        let key = || [col("request_id")];
        let joined = tables.requests.clone().lazy().join(
            matched.lazy(),
            key(),
            key(),
            JoinArgs::new(JoinType::Left).with_coalesce(JoinCoalesce::CoalesceColumns),
        );
        let wanted = [
            "request_id",
            "field",
            "hour",
            "requested_at",
            "matched_at",
            "first_session_at",
            "withdrawn_at",
        ];
        let midnight = |months| config.start.plus(months).first_second() * 1_000_000;
        Case {
            mentors: tables
                .mentors
                .clone()
                .lazy()
                .filter(col("vetting").eq(lit("accepted")))
                .select([col("mentor_id"), col("capacity").cast(DataType::Int64)])
                .collect()
                .unwrap(),
            requests: micros(
                joined
                    .with_column(col("hour_utc").cast(DataType::Int64).alias("hour"))
                    .select(wanted.map(col)),
            ),
            matches: micros(
                tables
                    .matches
                    .clone()
                    .lazy()
                    .select(["match_id", "mentor_id", "matched_at", "ended_at"].map(col)),
            ),
            bookings: micros(tables.calls.clone().lazy().select([
                col("call_id").alias("booking_id"),
                col("user_id"),
                col("started_at").alias("moment"),
            ])),
            from: midnight(0),
            until: midnight(config.months),
        }
    }

    /// Anything that may be: simultaneous, empty, half open, outside the window.
    fn random(seed: u64) -> Case {
        let mut rng = stream(seed, "market", 0);
        let (from, until) = (100 * DAY, (100 + rng.random_range(1..90)) * DAY);
        let quarter = DAY / 4;
        let mentors = rng.random_range(1..6_i64);
        let at = |rng: &mut _, from: i64| from + quarter * RngExt::random_range(rng, 0..60_i64);
        let n = rng.random_range(0..40_i64);
        let mut columns: [Vec<Option<i64>>; 4] = Default::default();
        let (mut fields, mut hours) = (vec![], vec![]);
        for _ in 0..n {
            let asked = at(&mut rng, 95 * DAY);
            let matched = rng.random_bool(0.6).then(|| at(&mut rng, asked));
            let met = matched.filter(|_| rng.random_bool(0.7)).map(|matched| at(&mut rng, matched));
            let gone = (matched.is_none() && rng.random_bool(0.5)).then(|| at(&mut rng, asked));
            for (column, value) in columns.iter_mut().zip([Some(asked), matched, met, gone]) {
                column.push(value);
            }
            fields.push(["a", "b", "c"][rng.random_range(0..3)]);
            hours.push(rng.random_range(0..4_i64));
        }
        let [requested, matched, met, gone] = columns;
        let m = rng.random_range(0..25_i64);
        let starts: Vec<i64> = (0..m).map(|_| at(&mut rng, 95 * DAY)).collect();
        let ends: Vec<Option<i64>> =
            starts.iter().map(|start| rng.random_bool(0.7).then(|| at(&mut rng, *start))).collect();
        let b = rng.random_range(0..40_i64);
        Case {
            mentors: df!(
                "mentor_id" => (1..=mentors).collect::<Vec<_>>(),
                "capacity" => (0..mentors).map(|_| rng.random_range(0..4_i64)).collect::<Vec<_>>(),
            )
            .unwrap(),
            requests: df!(
                "request_id" => (0..n).collect::<Vec<_>>(), "field" => fields, "hour" => hours,
                "requested_at" => requested, "matched_at" => matched, "first_session_at" => met,
                "withdrawn_at" => gone,
            )
            .unwrap(),
            matches: df!(
                "match_id" => (0..m).collect::<Vec<_>>(),
                "mentor_id" => (0..m).map(|_| rng.random_range(1..=mentors)).collect::<Vec<_>>(),
                "matched_at" => starts, "ended_at" => ends,
            )
            .unwrap(),
            bookings: df!(
                "booking_id" => (0..b).collect::<Vec<_>>(),
                "user_id" => (0..b).map(|_| rng.random_range(0..8_i64)).collect::<Vec<_>>(),
                "moment" => (0..b).map(|_| at(&mut rng, 95 * DAY)).collect::<Vec<_>>(),
            )
            .unwrap(),
            from,
            until,
        }
    }

    /// What polars says, beside the SQL that must say the same.
    fn answers(&self) -> Vec<(&'static str, String, DataFrame)> {
        let (from, until) = (self.from, self.until);
        let end = Window::until(moment(until));
        let observed = Window::new(moment(from), moment(until)).unwrap();
        let span = 10 * DAY;
        let counted =
            |frame: DataFrame, columns: &[&str]| frame.select(columns.iter().copied()).unwrap();
        let liquidity = marketplace::liquidity(&self.requests(), 10, end, Some("field")).unwrap();
        // Whole microseconds, so that databases can be held to them.
        let micros = |days: Expr| {
            (days * lit(DAY as f64)).round(0, RoundMode::default()).cast(DataType::Int64)
        };
        let waiting =
            marketplace::waiting(&self.requests(), Goal::FirstSession, end, Some("field")).unwrap();
        let waiting = waiting
            .lazy()
            .group_by([col("field")])
            .agg([
                len().cast(DataType::Int64).alias("requests"),
                col("observed").cast(DataType::Int64).sum().alias("met"),
                micros(col("duration").sum()).alias("waited"),
            ])
            .sort(["field"], SortMultipleOptions::default())
            .collect()
            .unwrap();
        let weekly =
            marketplace::utilisation(&self.mentors, &self.matches(), ID, Period::Week, observed)
                .unwrap();
        let weekly = weekly
            .lazy()
            .select([
                (col("period").cast(DataType::Int32).cast(DataType::Int64)).alias("day"),
                (col("days") * lit(4.0)).alias("quarters"),
                col("places"),
                micros(col("taken") * col("days")).alias("taken"),
            ])
            .collect()
            .unwrap();
        let each = marketplace::by_provider(&self.mentors, &self.matches(), ID, observed).unwrap();
        let supply = self.mentors.clone().lazy().select([
            (col("mentor_id") % lit(3_i64)).alias("hour"),
            col("capacity").alias("places"),
        ]);
        let balance = marketplace::balance(&self.requests(), &supply, &["hour"]).unwrap();
        let bookings = timed(&self.bookings, &["moment"]).rename(["moment"], ["timestamp"], true);
        let repeat = marketplace::repeat_rate(&bookings, 10, end, None).unwrap();
        vec![
            (
                "liquidity",
                format!(
                    "SELECT field, COUNT(CASE WHEN old THEN 1 END) AS requests,
                        COUNT(CASE WHEN old AND matched_at < {until} AND matched_at - requested_at <= {span} THEN 1 END) AS matched,
                        COUNT(CASE WHEN old AND first_session_at < {until} AND first_session_at - requested_at <= {span} THEN 1 END) AS filled
                    FROM (SELECT *, requested_at <= {until} - {span} AS old FROM requests WHERE requested_at < {until}) AS r
                    GROUP BY field ORDER BY field"
                ),
                counted(liquidity, &["field", "requests", "matched", "filled"]),
            ),
            (
                "waiting",
                format!(
                    "SELECT field, COUNT(*) AS requests,
                        COUNT(CASE WHEN first_session_at < {until} THEN 1 END) AS met,
                        CAST(SUM(CASE WHEN first_session_at < {until} THEN first_session_at
                            WHEN withdrawn_at < {until} THEN withdrawn_at ELSE {until} END - requested_at)
                            AS BIGINT) AS waited
                    FROM requests WHERE requested_at < {until} GROUP BY field ORDER BY field"
                ),
                waiting,
            ),
            (
                "utilisation",
                format!(
                    "WITH RECURSIVE weeks(day) AS (
                        SELECT CAST({first} AS BIGINT) UNION ALL SELECT day + 7 FROM weeks WHERE (day + 7) * {DAY} < {until}),
                    spans AS (SELECT day, day * {DAY} AS a, (day + 7) * {DAY} AS b FROM weeks),
                    bounded AS (SELECT day, CASE WHEN a < {from} THEN {from} ELSE a END AS a,
                        CASE WHEN b > {until} THEN {until} ELSE b END AS b FROM spans),
                    shared AS (SELECT w.day,
                        CASE WHEN COALESCE(m.ended_at, {until}) < w.b THEN COALESCE(m.ended_at, {until}) ELSE w.b END
                        - CASE WHEN m.matched_at > w.a THEN m.matched_at ELSE w.a END AS busy
                        FROM bounded AS w CROSS JOIN matches AS m)
                    SELECT w.day, CAST(w.b - w.a AS DOUBLE PRECISION) / {DAY} * 4 AS quarters,
                        (SELECT CAST(SUM(capacity) AS DOUBLE PRECISION) FROM mentors) AS places,
                        COALESCE((SELECT CAST(SUM(o.busy) AS BIGINT) FROM shared AS o
                            WHERE o.day = w.day AND o.busy > 0), 0) AS taken
                    FROM bounded AS w ORDER BY w.day",
                    // 1970-01-05 was a Monday.
                    first = (from.div_euclid(DAY) - 4).div_euclid(7) * 7 + 4,
                ),
                weekly,
            ),
            (
                "by mentor",
                format!(
                    "SELECT m.mentor_id, (SELECT COUNT(*) FROM matches AS x WHERE x.mentor_id = m.mentor_id
                        AND x.matched_at < {until} AND COALESCE(x.ended_at, {until}) > {from}
                        AND COALESCE(x.ended_at, {until}) > x.matched_at) AS matches
                    FROM mentors AS m ORDER BY m.mentor_id"
                ),
                counted(each, &["mentor_id", "matches"]),
            ),
            (
                "balance",
                "SELECT h.hour, (SELECT COUNT(*) FROM requests AS r WHERE r.hour = h.hour) AS demand,
                    COALESCE((SELECT CAST(SUM(capacity) AS DOUBLE PRECISION) FROM mentors AS m
                        WHERE m.mentor_id % 3 = h.hour), 0.0) AS supply
                FROM (SELECT hour FROM requests UNION SELECT mentor_id % 3 FROM mentors) AS h ORDER BY h.hour"
                    .into(),
                counted(balance, &["hour", "demand", "supply"]),
            ),
            (
                "repeat rate",
                format!(
                    "SELECT COUNT(*) AS users, COUNT(CASE WHEN again THEN 1 END) AS repeated
                    FROM (SELECT f.user_id, EXISTS (SELECT 1 FROM bookings AS b WHERE b.user_id = f.user_id
                            AND b.moment < {until} AND b.moment > f.first AND b.moment - f.first <= {span}) AS again
                        FROM (SELECT user_id, MIN(moment) AS first FROM bookings WHERE moment < {until} GROUP BY user_id) AS f
                        WHERE f.first <= {until} - {span}) AS r
                    HAVING COUNT(*) > 0"
                ),
                {
                    let some = repeat.clone().lazy().filter(col("users").gt(lit(0)));
                    counted(some.collect().unwrap(), &["users", "repeated"])
                },
            ),
        ]
    }
}

fn polars_agrees(databases: &mut [Warehouse]) {
    let scarce = Config {
        market: Market { mentors: 20, ..Market::default() },
        offer: Offer { share: 1.0, ..Offer::default() },
        ..Config::default()
    };
    let generated = [Config::default(), scarce].map(|config| Case::generated(&config));
    let random = (0..40).map(Case::random);
    for (number, case) in generated.into_iter().chain(random).enumerate() {
        let answers = case.answers();
        for db in databases.iter_mut() {
            let tables = [
                ("mentors", &case.mentors),
                ("requests", &case.requests),
                ("matches", &case.matches),
                ("bookings", &case.bookings),
            ];
            db.load(&SCHEMA, &tables).unwrap();
            for (what, sql, ours) in &answers {
                let theirs = db.query(sql.as_str()).unwrap();
                assert!(
                    theirs.equals_missing(ours) || theirs.height() == 0 && ours.height() == 0,
                    "case {number}, {what} on {db}\npolars\n{ours}\ndatabase\n{theirs}"
                );
            }
        }
    }
}

#[test]
fn rates_carry_their_intervals() {
    let case = Case::generated(&Config::default());
    let end = Window::until(moment(case.until));
    let found = marketplace::liquidity(&case.requests(), 14, end, None).unwrap();
    let real = |column: &str| found.column(column).unwrap().f64().unwrap().get(0).unwrap();
    assert!(real("match_low") < real("match_rate") && real("match_rate") < real("match_high"));
    assert!(real("fill_rate") < real("match_rate") && real("fill_high") < 1.0);
}

#[test]
fn what_is_wrong_is_named() {
    let case = Case::random(3);
    let until = Window::until(moment(case.until));
    let says = |result: casebook::Result<DataFrame>, told: &str| {
        let error = result.unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
    };
    says(marketplace::liquidity(&case.requests(), 0, until, None), "`within` is 0");
    says(
        marketplace::liquidity(&case.requests().drop(cols(["matched_at"])), 7, until, None),
        "the requests frame has no column `matched_at`",
    );
    let backwards = df!(
        "requested_at" => [10 * DAY], "matched_at" => [DAY], "first_session_at" => [None::<i64>],
        "withdrawn_at" => [None::<i64>],
    )
    .unwrap();
    let backwards =
        timed(&backwards, &["requested_at", "matched_at", "first_session_at", "withdrawn_at"]);
    says(
        marketplace::waiting(&backwards, Goal::Match, until, None),
        "column `matched_at` of the requests frame lies before requested_at in row 1",
    );
    let later = moment(case.from) + chrono::TimeDelta::days(200_000);
    let ages = Window::new(moment(case.from), later).unwrap();
    says(
        marketplace::utilisation(&case.mentors, &case.matches(), ID, Period::Week, ages),
        "accepted: at most 100,000 days",
    );
    let stranger =
        df!("mentor_id" => [99_i64], "matched_at" => [100 * DAY], "ended_at" => [None::<i64>]);
    let stranger = timed(&stranger.unwrap(), &["matched_at", "ended_at"]);
    says(
        marketplace::by_provider(&case.mentors, &stranger, ID, until),
        "column `mentor_id` of the matches frame names nobody of the providers frame in row 1",
    );
    says(
        marketplace::booking_concentration(&case.mentors, &stranger, ID, &[0.1]),
        "names nobody of the providers frame in row 1",
    );
    let less = df!("hour" => [1_i64], "places" => [-1.0]).unwrap();
    says(
        marketplace::balance(&case.requests(), &less, &["hour"]),
        "`places` of the supply frame is -1",
    );
    says(marketplace::balance(&case.requests(), &less, &[]), "`keys` is empty");
    let zoned = case.requests().with_column(col("requested_at").cast(DataType::Datetime(
        TimeUnit::Microseconds,
        TimeZone::opt_try_new(Some("Europe/Berlin")).unwrap(),
    )));
    says(
        marketplace::liquidity(&zoned, 7, until, None),
        "`withdrawn_at` of the requests frame is in UTC and `requested_at` in Europe/Berlin",
    );
}
