//! The tables as a metric is given them: as they are, in another order, lazily, or prepared.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use casebook::cases::saas;
use casebook::events::{EventSource, Events, OrderSource, Orders, UserSource, Users};
use casebook::polars::prelude::*;

use super::data::{HOUR, Numbers, Tables};

/// In which order rows come.
#[derive(Clone, Copy)]
enum Rows {
    AsTheyAre,
    Shuffled(u64),
    /// Whatever order the threads of a `group_by` leave.
    Unordered,
}

impl Rows {
    fn of(self, table: &DataFrame) -> LazyFrame {
        match self {
            Rows::AsTheyAre => table.clone().lazy(),
            Rows::Shuffled(seed) => shuffled(table, seed).lazy(),
            Rows::Unordered => {
                // Rows that are the same stay as many as they are.
                const ROW: &str = "row of the table";
                let columns: Vec<Expr> =
                    table.get_column_names_owned().into_iter().map(col).collect();
                let firsts: Vec<Expr> = columns.iter().map(|one| one.clone().first()).collect();
                let numbered = shuffled(table, 3).lazy().with_row_index(ROW, None);
                numbered.group_by([col(ROW)]).agg(firsts).select(columns)
            }
        }
    }
}

fn shuffled(table: &DataFrame, seed: u64) -> DataFrame {
    let mut numbers = Numbers::new(seed);
    let mut rows: Vec<IdxSize> = (0..table.height() as IdxSize).collect();
    for last in (1..rows.len()).rev() {
        rows.swap(last, numbers.below(last as i64 + 1) as usize);
    }
    table.take(&IdxCa::from_vec("row".into(), rows)).unwrap()
}

/// What a metric is given.
pub struct Given {
    events: Box<dyn EventSource>,
    users: Box<dyn UserSource>,
    orders: Box<dyn OrderSource>,
    frames: BTreeMap<&'static str, LazyFrame>,
    rows: Rows,
    read: RefCell<BTreeSet<&'static str>>,
}

impl Given {
    fn new(tables: &Tables, rows: Rows) -> Given {
        let frames: BTreeMap<&'static str, LazyFrame> =
            tables.iter().map(|(name, table)| (*name, rows.of(table))).collect();
        Given {
            events: Box::new(frames["events"].clone()),
            users: Box::new(frames["users"].clone()),
            orders: Box::new(frames["orders"].clone()),
            frames,
            rows,
            read: RefCell::default(),
        }
    }

    /// The tables as they are.
    pub fn plain(tables: &Tables) -> Given {
        Given::new(tables, Rows::AsTheyAre)
    }

    /// The rows in another order.
    pub fn shuffled(tables: &Tables, seed: u64) -> Given {
        Given::new(tables, Rows::Shuffled(seed))
    }

    /// Lazy frames whose rows come in another order each time they are read.
    pub fn unordered(tables: &Tables) -> Given {
        Given::new(tables, Rows::Unordered)
    }

    /// Events, users and orders prepared, with columns of other names.
    pub fn prepared(tables: &Tables) -> Given {
        let renamed = |name: &str, time: &str| {
            tables[name].clone().lazy().rename(["user_id", time], ["who", "when"], true)
        };
        let events = Events::new(&renamed("events", "timestamp"), "who", "when").unwrap();
        let users = Users::new(&renamed("users", "signup_at"), "who").unwrap();
        let orders = Orders::new(&renamed("orders", "timestamp"), "who", "when", "amount").unwrap();
        Given {
            events: Box::new(events),
            users: Box::new(users.since("when").unwrap()),
            orders: Box::new(orders.per("order_id").unwrap()),
            ..Given::plain(tables)
        }
    }

    fn note(&self, name: &'static str) {
        self.read.borrow_mut().insert(name);
    }

    pub fn events(&self) -> &dyn EventSource {
        self.note("events");
        &*self.events
    }

    pub fn users(&self) -> &dyn UserSource {
        self.note("users");
        &*self.users
    }

    pub fn orders(&self) -> &dyn OrderSource {
        self.note("orders");
        &*self.orders
    }

    pub fn frame(&self, name: &'static str) -> &LazyFrame {
        self.note(name);
        &self.frames[name]
    }

    pub fn table(&self, name: &'static str) -> DataFrame {
        self.frame(name).clone().collect().unwrap()
    }

    /// What one metric returned, as another is given it: in an order like that of the tables.
    pub fn again(&self, frame: DataFrame) -> DataFrame {
        self.rows.of(&frame).collect().unwrap()
    }

    /// The subscription cases' presence.
    pub fn presence(&self) -> casebook::Result<DataFrame> {
        let [companies, plans, months, sessions] =
            ["companies", "plans", "months", "sessions"].map(|name| self.table(name));
        Ok(self.again(saas::presence(&companies, &plans, &months, &sessions)?))
    }

    /// The tables that were asked for.
    pub fn read(&self) -> BTreeSet<&'static str> {
        self.read.borrow().clone()
    }
}

/// The columns of users and starts under their usual names.
pub fn usual(frame: DataFrame) -> DataFrame {
    let known = |name: &&str| frame.column(name).is_ok();
    let (from, to): (Vec<&str>, Vec<&str>) = [("who", "user_id"), ("when", "signup_at")]
        .into_iter()
        .filter(|(name, _)| known(name))
        .unzip();
    frame.clone().lazy().rename(from, to, true).collect().unwrap()
}

/// A result whose times show the clock on the wall, and whose users are called as usual.
pub fn on_the_wall(frame: DataFrame, (_, ahead): (&str, i64)) -> DataFrame {
    let times: Vec<Expr> = frame
        .columns()
        .iter()
        .filter(|column| matches!(column.dtype(), DataType::Datetime(_, _)))
        .map(|column| {
            let micros = col(column.name().clone())
                .cast(DataType::Datetime(TimeUnit::Microseconds, None))
                .cast(DataType::Int64);
            (micros + lit(ahead * HOUR)).cast(DataType::Datetime(TimeUnit::Microseconds, None))
        })
        .collect();
    usual(frame.lazy().with_columns(times).collect().unwrap())
}
