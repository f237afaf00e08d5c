//! The address of a PostgreSQL server, parsed so that no part of a password can be shown.

use std::str::FromStr;
use std::time::Duration;

use postgres::Config;
use postgres::config::{Host, SslMode};

use crate::error::{Error, Result, Trouble};

/// What the database is called in messages.
pub(super) const ENGINE: &str = "PostgreSQL";

/// A parsed address.
pub struct Address {
    pub config: Config,
    /// Host, port and database: what may be shown.
    pub place: String,
}

impl Address {
    pub fn read(url: &str) -> Result<Address> {
        unambiguous(url)?;
        // The parser's own message can quote the address, and the address can hold a password.
        let mut config = Config::from_str(url).map_err(|_| {
            bad("it is not of the form postgres://user:password@host:port/database")
        })?;
        if config.get_ssl_mode() == SslMode::Require {
            return Err(bad(
                "it asks for encryption (sslmode=require), which this program does not support",
            ));
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(Duration::from_secs(5));
        }
        let place = place(&config);
        Ok(Address { config, place })
    }
}

/// Checks that a URL can be read in only one way. Characters that end a part must be written as %XX within it. The
/// parser takes everything after the first `@` for the host, and the host is shown: a password that is not written this
/// way would be shown in part.
fn unambiguous(url: &str) -> Result<()> {
    let Some(rest) =
        ["postgres://", "postgresql://"].iter().find_map(|head| url.strip_prefix(head))
    else {
        return Ok(());
    };
    if rest.matches('@').count() > 1 {
        return Err(bad("it has more than one @: in a user, password or name, write %40"));
    }
    let credentials = rest.split_once('@').map_or("", |(credentials, _)| credentials);
    let reserved = |c: char| "/?#[]".contains(c) || c.is_whitespace() || c.is_control();
    if credentials.contains(reserved) {
        return Err(bad(
            "in its user or password, write / as %2F, ? as %3F, # as %23, [ as %5B, ] as %5D, a space as %20",
        ));
    }
    let escape =
        |part: &str| part.len() >= 2 && part.bytes().take(2).all(|b| b.is_ascii_hexdigit());
    if !credentials.split('%').skip(1).all(escape) {
        return Err(bad("in its user or password, write % as %25"));
    }
    Ok(())
}

fn bad(cause: &'static str) -> Error {
    Error::database(ENGINE, Trouble::BadAddress, "reading the address", cause)
}

fn place(config: &Config) -> String {
    let host = config.get_hosts().first().map_or("localhost".into(), |host| match host {
        Host::Tcp(name) => name.clone(),
        #[cfg(unix)]
        Host::Unix(path) => path.display().to_string(),
    });
    let port = config.get_ports().first().copied().unwrap_or(5432);
    let database = config.get_dbname().or(config.get_user()).unwrap_or("postgres");
    format!("{host}:{port}/{database}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(url: &str) -> (bool, String) {
        match Address::read(url) {
            Ok(address) => (true, address.place),
            Err(error) => (false, format!("{error} {error:?}")),
        }
    }

    #[test]
    fn usual_addresses_are_read() {
        for (url, place) in [
            ("postgres://casebook:secret@db.example:5433/shop", "db.example:5433/shop"),
            ("postgresql://casebook:p%40ss%2Fw%25rd@localhost/shop", "localhost:5432/shop"),
            ("postgres://casebook@localhost", "localhost:5432/casebook"),
            ("postgres:///shop?host=db.example&password=secret", "db.example:5432/shop"),
            ("postgres://localhost:5433/shop", "localhost:5433/shop"),
            ("host=db.example user=me password=secret dbname=shop", "db.example:5432/shop"),
            ("postgres://me:se:cr*t!@[::1]:5433/shop", "::1:5433/shop"),
        ] {
            assert_eq!(shown(url), (true, place.to_owned()), "{url}");
        }
        let config = Address::read("postgres://a:p%40ss%2Fw%25rd@b/c").map(|read| read.config);
        assert_eq!(config.unwrap().get_password(), Some("p@ss/w%rd".as_bytes()));
    }

    #[test]
    fn a_password_that_is_not_written_as_a_url_wants_it_is_refused_and_not_shown() {
        for url in [
            "postgres://casebook:p@ssw0rd@localhost/shop",
            "postgres://casebook:p/ssw0rd@localhost/shop",
            "postgres://casebook:p?ssw0rd@localhost/shop",
            "postgres://casebook:p%ssw0rd@localhost/shop",
            "postgres://casebook:ssw0rd@localhost/sh@p",
        ] {
            let (read, told) = shown(url);
            assert!(!read && told.contains("write"), "{told}");
            assert!(!told.contains("ssw0rd"), "{told}");
        }
    }

    /// Makes a word with a reserved character somewhere.
    fn odd(word: &'static str) -> impl Strategy<Value = String> {
        let character = proptest::sample::select(
            ":/?#[]@!$&'()*+,;=% \\\"<>^`{|}\t\n".chars().collect::<Vec<_>>(),
        );
        (proptest::collection::vec((character, 0..=word.len()), 0..4)).prop_map(move |put| {
            put.iter().fold(word.to_owned(), |mut text, (character, at)| {
                text.insert(*at, *character);
                text
            })
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]
        /// Whatever the address, no two consecutive letters of the password are shown.
        #[test]
        fn no_part_of_a_password_is_ever_shown(
            user in odd("casebook"), password in odd("QXZJVWKY"), host in odd("127.0.0.1"), path in odd("shop"),
            form in 0..3,
        ) {
            let url = match form {
                0 => format!("postgres://{user}:{password}@{host}:1/{path}"),
                1 => format!("postgresql://{user}:{password}@{host}/{path}?connect_timeout=1"),
                _ => format!("postgres://{user}:{password}@{host}"),
            };
            let mut told = shown(&url).1;
            if url.contains("127.0.0.1:1/")
                && let Err(error) = crate::warehouse::Warehouse::at(&url)
            {
                told += &format!("{error} {error:?} {:?}", error.kind());
                let first = std::error::Error::source(&error);
                for source in std::iter::successors(first, |error| error.source()) {
                    told += &format!("{source} {source:?}");
                }
            }
            for part in ["QX", "XZ", "ZJ", "JV", "VW", "WK", "KY"] {
                prop_assert!(!told.contains(part), "{} shows {}", url, told);
            }
        }
    }
}
