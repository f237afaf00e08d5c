//! The same KPI tables from polars, SQLite and PostgreSQL.
use casebook::metrics::{activity, revenue, survival};
use casebook::simulate::saas;
use casebook::warehouse::{Warehouse, queries};

#[test]
fn a() {
    let t = saas::generate(&saas::Config::default()).unwrap();
    let p = activity::presence(&t.companies, &t.plans, &t.months, &t.sessions).unwrap();
    println!("{:?}", p.schema());
    let mut db = Warehouse::in_memory().unwrap();
    db.load(&queries::saas::SCHEMA, &t.named()).unwrap();
    let pairs = [
        (activity::clients(&p, &t.months).unwrap(), queries::saas::CLIENTS),
        (activity::usage(&p, &t.months).unwrap(), queries::saas::USAGE),
        (revenue::monthly(&p, &t.months).unwrap(), queries::saas::REVENUE),
        (revenue::churn(&p, &t.months).unwrap(), queries::saas::CHURN),
    ];
    for (mine, q) in pairs {
        let theirs = db.query(q).unwrap();
        assert!(mine.equals_missing(&theirs), "{}\n{mine}\n{theirs}", q.name);
    }
    println!("{}", survival::by_month(&p, &t.months).unwrap());
    println!("{}", db.query(queries::saas::SURVIVAL).unwrap());
}
