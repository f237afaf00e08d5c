//! Generic code that cells use, compiled once. See "What cells share" in ../README.md.
//!
//! Nothing here is called. A cell that writes `frame.lazy().select([col("a")])` makes the compiler produce hundreds of
//! functions of polars and of the standard library for the types at hand, again for each cell. What is produced here for
//! the same types is taken instead: rustc shares generic code with crates that use this one, if it is compiled at level 0
//! or 1. What belongs here is found by `nm -C` in a session's `target/cells`.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use casebook::prelude::*;

/// Queries take arrays of every length that people write.
macro_rules! of_every_length {
    ($($name:ident $($column:literal)*;)*) => {$(
        pub fn $name(frame: LazyFrame, other: LazyFrame) -> Result<DataFrame> {
            let frame = frame
                .select([$(col($column)),*])
                .with_columns([$(col($column)),*])
                .group_by([$(col($column)),*])
                .agg([$(col($column)),*])
                .sort([$($column),*], SortMultipleOptions::default())
                .join(other, [$(col($column)),*], [$(col($column)),*], JoinArgs::new(JoinType::Left))
                .rename([$($column),*], [$($column),*], true)
                .unique(Some(cols([$($column),*])), UniqueKeepStrategy::First);
            Ok(frame.collect()?.select([$($column),*])?)
        }
    )*};
}
of_every_length! {
    of_one "a";
    of_two "a" "b";
    of_three "a" "b" "c";
    of_four "a" "b" "c" "d";
    of_five "a" "b" "c" "d" "e";
    of_six "a" "b" "c" "d" "e" "f";
    of_seven "a" "b" "c" "d" "e" "f" "g";
    of_eight "a" "b" "c" "d" "e" "f" "g" "h";
}

pub fn queries_by_list(frame: LazyFrame, columns: Vec<Expr>) -> PolarsResult<LazyFrame> {
    let frame = frame.select(columns.clone()).with_columns(columns.clone()).group_by(columns.clone()).agg(columns.clone());
    let frame = frame.select(&columns).sort_by_exprs(columns, SortMultipleOptions::default());
    let frame = frame.filter(col("a").gt(lit(1)).and(col("b").eq(lit("x"))).or(col("c").lt(lit(1.0)))).with_column(col("a").alias("b"));
    concat([frame.clone(), frame], UnionArgs::default())
}

pub fn expressions(frame: &DataFrame) -> PolarsResult<Vec<Expr>> {
    let column = col("a");
    let literals = [
        lit(1), lit(1_i64), lit(1_u32), lit(1.0), lit("x"), lit(String::new()), lit(true), lit(NULL), lit(frame["a"].as_materialized_series().clone()),
    ];
    let mut all = vec![
        column.clone().alias("b"), column.clone().cast(DataType::Float64), column.clone().is_in(literals[8].clone(), false), column.clone().fill_null(lit(0)),
        column.clone().over([col("b")])?, column.clone().sum(), when(column.clone().gt(lit(0))).then(lit(1)).otherwise(lit(2)), len(),
        column.clone().shift(lit(1)), column.clone().mean() / column.clone().std(1), column.clone().dt().truncate(lit("1d")),
        column.clone().str().contains_literal(lit("x")), column.clone().sort_by([col("b")], SortMultipleOptions::default()), column.clone().is_between(0, 1, ClosedInterval::Both),
        column.clone() + lit(1) - lit(2) * lit(3), column.not(),
    ];
    all.extend(literals);
    Ok(all)
}

/// What is asked of a column of numbers.
macro_rules! of_numbers {
    ($($name:ident $as:ident $type:ty;)*) => {$(
        pub fn $name(frame: &DataFrame) -> Result<(Vec<$type>, Vec<f64>, Vec<Option<$type>>)> {
            let column = frame.column("a")?.$as()?;
            let ends = [column.sum(), column.min(), column.max(), column.get(0), column.first(), column.last()];
            let middle = [column.mean(), column.median(), column.std(1)];
            let plain: Vec<$type> = column.into_no_null_iter().collect();
            let known: Vec<$type> = column.iter().flatten().collect();
            let mut all: Vec<$type> = plain.iter().copied().chain(known).chain(ends.into_iter().flatten()).collect();
            all.extend(column.iter().map(|value| value.unwrap_or_default()).filter(|value| *value > <$type>::default()));
            let as_floats: Vec<f64> = plain.iter().map(|value| *value as f64).chain(middle.into_iter().flatten()).collect();
            let total: $type = all.iter().sum();
            let most = as_floats.iter().copied().fold(f64::NEG_INFINITY, f64::max) + as_floats.iter().sum::<f64>() + total as f64;
            let made = df!("a" => &all, "b" => all.clone(), "c" => as_floats.clone(), "d" => column.iter().collect::<Vec<_>>())?;
            let column = Column::new("a".into(), all.clone());
            let series = Series::new("a".into(), &all);
            println!("{most} {most:.2} {made} {series} {:?}", all.first());
            Ok((all, as_floats, column.$as()?.iter().collect()))
        }
    )*};
}
of_numbers! {
    of_floats f64 f64;
    of_integers i64 i64;
    of_small_integers i32 i32;
    of_counts u32 u32;
    of_large_counts u64 u64;
}

pub fn of_texts(frame: &DataFrame) -> Result<(Vec<String>, BTreeMap<String, f64>)> {
    let column = frame.column("a")?.str()?;
    let texts: Vec<&str> = column.iter().flatten().chain(column.get(0)).collect();
    let owned: Vec<String> = column.iter().flatten().map(str::to_owned).collect();
    let _ = df!("a" => texts.clone(), "b" => &texts, "c" => owned.clone(), "d" => &owned, "e" => ["x"], "f" => ["x", "y"], "g" => ["x", "y", "z"])?;
    let _ = df!("a" => [1], "b" => [1.0], "c" => [1, 2], "d" => [1.0, 2.0], "e" => [1, 2, 3], "f" => [1.0, 2.0, 3.0], "g" => [Some(1), None], "h" => [true, false])?;
    let _ = df!("a" => column.iter().map(|value| value.is_some()).collect::<Vec<bool>>())?;
    let rows: Vec<(String, f64)> = owned.iter().cloned().zip(frame.column("b")?.f64()?.into_no_null_iter()).collect();
    let by_name: BTreeMap<String, f64> = rows.iter().cloned().collect();
    let _: HashMap<String, f64> = rows.into_iter().collect();
    let flags = frame.column("c")?.bool()?;
    println!("{} {:?} {:?}", texts.join(", "), flags.sum(), flags.iter().flatten().collect::<Vec<bool>>());
    Ok((owned, by_name))
}

pub fn numbers_of_cells(frame: &DataFrame, frames: &[DataFrame]) -> Result<Vec<f64>> {
    let mut numbers = vec![number(frame, "a", 0)?, frame.column("a")?.cast(&DataType::Float64)?.f64()?.sum().unwrap_or(f64::NAN)];
    numbers.push(frame["a"].f64()?.mean().unwrap_or(0.0));
    numbers.extend(frames.iter().map(|frame| frame.height() as f64));
    numbers.extend([1.0, 2.0].map(|number: f64| number.ln()));
    numbers.extend((0..3).map(f64::from));
    numbers.sort_by(f64::total_cmp);
    let all: Result<Vec<f64>> = frames.iter().map(|frame| number(frame, "a", 0)).collect();
    let tables: Result<Vec<DataFrame>> = (0..2).map(|_| Ok(frame.clone())).collect();
    println!("{:.1} {:>5} {} {}", numbers[0], numbers.len(), format!("{:?}", numbers), tables?.len());
    let _: (HashSet<i64>, BTreeSet<i64>) = ((0..3).collect(), (0..3).collect());
    all
}

pub fn charts(frame: &DataFrame, lines: Vec<Figure>) -> Result<Figure> {
    let line = chart::line(frame, "a", "b").by("c").title("t").title(String::new()).x_label("x").y_label("y").draw()?;
    let bar = chart::bar(frame, "a", "b").title("t").title(String::new()).x_label("x").y_label("y").draw()?;
    casebook::show!(line.clone());
    casebook::show!(chart::panels(&lines, 2)?);
    chart::panels(&[line, bar], 2)
}

pub fn shown(frame: DataFrame, text: &'static str, number: f64, count: usize, whole: i64) {
    casebook::show!(frame);
    casebook::show!(&frame);
    casebook::show!(table(&frame, 3));
    casebook::show!(text);
    casebook::show!(text.to_string());
    casebook::show!(number);
    casebook::show!(count);
    casebook::show!(whole);
    casebook::show!(Some(number));
    casebook::show!(vec![number]);
}

/// A variable that outlives its cell is kept in a box.
fn kept<T: Clone + 'static>(value: T) -> Option<T> {
    let boxed: Box<dyn Any> = Box::new(value.clone());
    let mut store: HashMap<String, (String, Box<dyn Any>)> = HashMap::from([(String::new(), (std::any::type_name::<T>().to_string(), boxed))]);
    let (_, boxed) = store.remove("a")?;
    boxed.downcast_ref::<T>()?;
    drop([Some(value)].to_vec());
    boxed.downcast::<T>().ok().map(|value| *value)
}

pub fn variables(frame: DataFrame, expr: Expr, figure: Figure) {
    let lazy = frame.clone().lazy();
    kept(vec![lazy.clone()]);
    kept((kept(lazy), kept(expr), kept(figure)));
    kept((kept(frame.column("a").cloned().ok()), kept(frame.clone()), kept(vec![frame])));
    kept((kept(1.0_f64), kept(1_i64), kept(1_i32), kept(1_u32), kept(1_u64), kept(1_usize), kept(true), kept("a"), kept(String::new())));
    kept((kept(vec![1.0_f64]), kept(vec![1_i64]), kept(vec![1_i32]), kept(vec!["a"]), kept(vec![String::new()]), kept(vec![(1.0, 1.0)]), kept(Some(1.0))));
    kept((kept(saas::Config::default()), kept(mentor::Config::default()), kept(ecommerce::Config::default()), kept(notion::Config::default())));
}

pub fn tables(saas: saas::Tables, mentor: mentor::Tables, ecommerce: ecommerce::Tables, notion: notion::Tables) {
    let all: [Box<dyn Any>; 4] = [Box::new(saas), Box::new(mentor), Box::new(ecommerce), Box::new(notion)];
    for (at, one) in all.into_iter().enumerate() {
        match at {
            0 => drop(one.downcast::<saas::Tables>()),
            1 => drop(one.downcast::<mentor::Tables>()),
            2 => drop(one.downcast::<ecommerce::Tables>()),
            _ => drop(one.downcast::<notion::Tables>()),
        }
    }
}

/// Ends a cell as `?` does.
pub fn errors(frame: &DataFrame, what: std::result::Result<(), String>) -> std::result::Result<f64, Failed> {
    let numbers = numbers_of_cells(frame, &[])?;
    frame.column("a")?;
    "1".parse::<f64>()?;
    "1".parse::<i64>()?;
    what?;
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| number(frame, "a", 0))).ok();
    Ok(numbers[0])
}

pub struct Failed;

impl<E: std::fmt::Display> From<E> for Failed {
    fn from(error: E) -> Self {
        casebook::notebook::session::failed(&error);
        Failed
    }
}
