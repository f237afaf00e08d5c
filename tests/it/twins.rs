//! Each test of the databases twice: on SQLite alone, which `make check` runs, and on PostgreSQL, too, which takes a server.

/// Makes two tests of each function that takes `&mut [Warehouse]`: `sqlite::name` and `postgres_and_sqlite::name`.
macro_rules! twins {
    ($($name:ident,)*) => {
        mod sqlite {
            use casebook::warehouse::Warehouse;

            $(#[test] fn $name() {
                super::$name(&mut [Warehouse::in_memory().unwrap()]);
            })*
        }
        mod postgres_and_sqlite {
            use casebook::warehouse::Warehouse;

            $(#[test] fn $name() {
                let server = crate::support::Server::start();
                let postgres = Warehouse::postgres(&server.url).unwrap();
                super::$name(&mut [Warehouse::in_memory().unwrap(), postgres]);
            })*
        }
    };
}
