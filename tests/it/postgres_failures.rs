//! What goes wrong with a PostgreSQL server, and that the data there before survives it.

use casebook::warehouse::Warehouse;
use casebook::warehouse::queries::saas::{CLIENTS, SCHEMA};
use casebook::{Error, Trouble};

use crate::support::{Server, config, number, tables};

const PASSWORD: &str = "correct-horse";

fn trouble(error: &Error) -> Trouble {
    assert!(!error.to_string().contains(PASSWORD), "a password in: {error}");
    let first = std::error::Error::source(error);
    for source in std::iter::successors(first, |error| error.source()) {
        assert!(!format!("{source} {source:?}").contains(PASSWORD), "a password in: {source}");
    }
    error.trouble().unwrap_or_else(|| panic!("not a database error: {error}"))
}

fn companies(db: &mut Warehouse) -> i64 {
    number(&db.query("SELECT COUNT(*) FROM casebook_saas.companies").unwrap())
}

fn connecting(url: &str) -> Error {
    Warehouse::at(url).err().unwrap_or_else(|| panic!("{url} was accepted"))
}

/// One server for all cases: starting one takes seconds.
#[test]
fn postgres_failures_are_named_and_none_loses_data() {
    let server = Server::start();
    let mut db = Warehouse::postgres(&server.url).unwrap();
    assert!(!format!("{db} {db:?}").contains(PASSWORD));
    db.load(&SCHEMA, &tables(30, 1).named()).unwrap();
    db.load(&SCHEMA, &tables(20, 1).named()).unwrap();
    assert_eq!(companies(&mut db), 20, "loading twice must replace");

    db.load(&SCHEMA, &[]).unwrap();
    assert_eq!(companies(&mut db), 0, "loading nothing must leave empty tables");
    db.remove(&SCHEMA).unwrap();
    db.remove(&SCHEMA).unwrap(); // nothing there, nothing to do
    assert!(db.query("SELECT COUNT(*) FROM casebook_saas.companies").is_err());
    db.load(&SCHEMA, &tables(20, 1).named()).unwrap();

    wrong_addresses(&server);
    an_error_of_the_caller(&mut db);
    a_refused_row(&mut db);
    a_full_disk(&mut db);
    statements(&mut db);
    what_is_not_ours(&mut db);
    a_crash_half_way(&server, db);
}

fn wrong_addresses(server: &Server) {
    let with = |from: &str, to: &str| connecting(&server.url.replace(from, to));
    let port = server.url.rsplit(':').next().unwrap().split('/').next().unwrap();
    assert_eq!(trouble(&with(PASSWORD, "wrong-horse")), Trouble::Refused);
    assert_eq!(trouble(&with(port, "1")), Trouble::Unreachable);
    assert_eq!(trouble(&with("127.0.0.1", "no-such-host.invalid")), Trouble::Unreachable);
    assert_eq!(trouble(&with(PASSWORD, &format!("p@{PASSWORD}"))), Trouble::BadAddress);
    assert_eq!(trouble(&with("/postgres", "/elsewhere")), Trouble::NoSuchDatabase);
    assert_eq!(trouble(&with("/postgres", "/postgres?sslmode=require")), Trouble::BadAddress);
    let bad = connecting(&format!("postgres://casebook:{PASSWORD}@127.0.0.1:not-a-port/x"));
    assert_eq!(trouble(&bad), Trouble::BadAddress);
    assert_eq!(
        trouble(&connecting(&format!("mysql://root:{PASSWORD}@localhost/x"))),
        Trouble::BadAddress
    );
}

fn an_error_of_the_caller(db: &mut Warehouse) {
    let tables = tables(10, 2);
    let result = db.replace(&SCHEMA, |sink| {
        sink.append("plans", &tables.plans)?;
        Err("k/n".parse::<casebook::cases::saas::Part>().unwrap_err())
    });
    assert!(result.is_err());
    assert_eq!(companies(db), 20);
}

fn a_refused_row(db: &mut Warehouse) {
    // Companies before their plans.
    let tables = tables(10, 2);
    let error =
        db.replace(&SCHEMA, |sink| sink.append("companies", &tables.companies)).unwrap_err();
    assert_eq!(trouble(&error), Trouble::Statement);
    assert!(error.to_string().contains("foreign key"), "{error}");
    assert_eq!(companies(db), 20);
}

/// The server itself answers with the code for a full disk, late in the load: a trigger of the
/// database's owner raises it after the last row, when statistics are gathered.
fn a_full_disk(db: &mut Warehouse) {
    db.query("CREATE FUNCTION public.full_disk() RETURNS event_trigger LANGUAGE plpgsql AS $$
              BEGIN RAISE EXCEPTION USING ERRCODE = '53100', MESSAGE = 'could not extend file'; END $$")
        .unwrap();
    db.query(
        "CREATE EVENT TRIGGER full_disk ON ddl_command_end WHEN TAG IN ('CREATE INDEX')
              EXECUTE FUNCTION public.full_disk()",
    )
    .unwrap();
    let error = db.load(&SCHEMA, &tables(40, 3).named()).unwrap_err();
    assert_eq!(trouble(&error), Trouble::DiskFull);
    assert!(error.to_string().contains("the disk is full"), "{error}");
    db.query("DROP EVENT TRIGGER full_disk").unwrap();
    assert_eq!(companies(db), 20);
}

fn statements(db: &mut Warehouse) {
    let error = db.query("SELEKT 1").unwrap_err();
    assert_eq!(trouble(&error), Trouble::Statement);
    assert!(error.to_string().contains("SELEKT"), "{error}");
    let error = db.query("SELECT point(1, 2) AS place").unwrap_err();
    assert!(
        error.to_string().contains("`place`") && error.to_string().contains("point"),
        "{error}"
    );
}

/// What somebody keeps in our schema, or builds on our tables, is refused by name, and stays.
fn what_is_not_ours(db: &mut Warehouse) {
    let mut refused = |make: &str, named: &str, undo: &str| {
        db.query(make).unwrap();
        let error = db.load(&SCHEMA, &tables(40, 3).named()).unwrap_err();
        assert_eq!(trouble(&error), Trouble::Taken, "{error}");
        let told = error.to_string();
        assert!(told.contains(named) && told.contains("nothing was changed"), "{told}");
        assert_eq!(companies(db), 20);
        db.query(undo).unwrap();
    };
    refused(
        "CREATE VIEW public.mine AS SELECT * FROM casebook_saas.sessions",
        "view public.mine depends on",
        "DROP VIEW public.mine",
    );
    refused(
        "CREATE TABLE public.notes (id bigint REFERENCES casebook_saas.companies)",
        "public.notes depends on",
        "DROP TABLE public.notes",
    );
    refused(
        "CREATE TABLE casebook_saas.mine (x int)",
        "casebook_saas.mine",
        "DROP TABLE casebook_saas.mine",
    );
    refused(
        "CREATE INDEX mine ON casebook_saas.companies (company_size)",
        "the index `mine` on our `casebook_saas.companies`",
        "DROP INDEX casebook_saas.mine",
    );
    // A schema that says nothing of its maker is ours only if it holds just our tables.
    db.query("COMMENT ON SCHEMA casebook_saas IS NULL").unwrap();
    db.load(&SCHEMA, &tables(20, 1).named()).unwrap();
    db.query("CREATE SCHEMA casebook_ecommerce").unwrap();
    db.query("CREATE TABLE casebook_ecommerce.users (name text)").unwrap();
    let shop = casebook::cases::ecommerce::Config { users: 20, days: 40, ..Default::default() };
    let shop = casebook::cases::ecommerce::generate(&shop).unwrap();
    let schema = &casebook::warehouse::queries::ecommerce::SCHEMA;
    let error = db.load(schema, &shop.named()).unwrap_err();
    assert_eq!(trouble(&error), Trouble::Taken);
    assert!(error.to_string().contains("`casebook_ecommerce.users`"), "{error}");
    db.query("DROP SCHEMA casebook_ecommerce CASCADE").unwrap();
    // Two cases with a table of the same name live side by side.
    db.load(schema, &shop.named()).unwrap();
    assert_eq!(companies(db), 20);
    assert_eq!(db.query(CLIENTS).unwrap().height(), 24);
}

fn a_crash_half_way(server: &Server, mut db: Warehouse) {
    let made = tables(50, 4);
    let error = db
        .replace(&SCHEMA, |sink| {
            sink.append("plans", &made.plans)?;
            sink.append("months", &made.months)?;
            sink.append("companies", &made.companies)?;
            server.crash();
            sink.append("sessions", &made.sessions)
        })
        .unwrap_err();
    assert_eq!(trouble(&error), Trouble::ConnectionLost);
    assert!(error.to_string().contains("still there"), "{error}");
    let dead = connecting(&server.url);
    assert_eq!(trouble(&dead), Trouble::Unreachable);

    server.again();
    let mut db = Warehouse::postgres(&server.url).unwrap();
    assert_eq!(companies(&mut db), 20, "the data from before the crash");
    // This connection loaded nothing, and the case's own queries find its tables all the same.
    assert_eq!(db.query(CLIENTS).unwrap().height(), 24);
    db.load(&SCHEMA, &casebook::cases::saas::generate(&config(5, 1)).unwrap().named()).unwrap();
    assert_eq!(companies(&mut db), 5);
}
