//! The dashboard, live: a server on this machine that makes other data when asked.

use std::io::{Cursor, Read};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use casebook::report::ecommerce::Dashboard;
use casebook::simulate::ecommerce::Config;
use casebook::{Error, Result};
use serde::{Deserialize, Serialize};
use tiny_http::{Header, Method, Request, Response, Server};

/// What the page's form asks for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    users: u32,
    days: u32,
    seed: u64,
}

/// How far the work on other data is.
#[derive(Serialize)]
struct Progress {
    working: bool,
    made: u32,
    of: u32,
    error: Option<String>,
}

/// Work on other data, shared with the thread that does it.
struct Work {
    of: u32,
    made: AtomicU32,
    /// Somebody asked for something else meanwhile.
    unwanted: AtomicBool,
    /// What came of it.
    done: Mutex<Option<Result<(), String>>>,
}

impl Work {
    fn progress(&self) -> Progress {
        let done = lock(&self.done);
        Progress {
            working: done.is_none(),
            made: self.made.load(Ordering::Relaxed),
            of: self.of,
            error: done.as_ref().and_then(|done| done.as_ref().err().cloned()),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Desk {
    config: Config,
    shown: Arc<Mutex<Dashboard>>,
    work: Option<Arc<Work>>,
    /// Names under which this machine is asked: other pages in the same browser have others.
    hosts: [String; 2],
}

/// Serves until the process ends.
pub fn run(config: Config, dashboard: Dashboard, port: u16, browser: bool) -> Result<()> {
    let fail = |cause: &dyn std::fmt::Display| {
        Error::file("serve on", Path::new(&format!("port {port}")), cause)
    };
    let server = Server::http(("127.0.0.1", port)).map_err(|cause| fail(&cause))?;
    let port = server.server_addr().to_ip().map_or(port, |address| address.port());
    let address = format!("http://127.0.0.1:{port}/");
    println!("{address} (Ctrl+C ends it)");
    if browser && let Err(error) = open::that(&address) {
        eprintln!("casebook: no browser could be opened ({error}): open the address yourself");
    }
    let shown = Arc::new(Mutex::new(dashboard));
    let hosts = [format!("127.0.0.1:{port}"), format!("localhost:{port}")];
    let mut desk = Desk { config, shown, work: None, hosts };
    for mut request in server.incoming_requests() {
        let answer = desk.answer(&mut request);
        // Who has gone away needs no answer.
        let _ = request.respond(answer);
    }
    Ok(())
}

type Answer = Response<Cursor<Vec<u8>>>;

fn answer(status: u16, kind: &str, body: impl Into<Vec<u8>>) -> Answer {
    let answer = Response::from_data(body).with_status_code(status);
    let headers = [("Content-Type", kind), ("Cache-Control", "no-store")];
    headers.into_iter().fold(answer, |answer, (name, value)| {
        match Header::from_bytes(name, value) {
            Ok(header) => answer.with_header(header),
            Err(()) => answer,
        }
    })
}

fn text(status: u16, body: impl Into<Vec<u8>>) -> Answer {
    answer(status, "text/plain; charset=utf-8", body)
}

impl Desk {
    fn answer(&mut self, request: &mut Request) -> Answer {
        let header = |name: &'static str| {
            request.headers().iter().find(|one| one.field.equiv(name)).map(|one| one.value.as_str())
        };
        let ours = |host: &str| self.hosts.iter().any(|known| known == host);
        let from = header("Origin").map(|origin| origin.trim_start_matches("http://"));
        if !header("Host").is_some_and(ours) || !from.is_none_or(ours) {
            return text(403, "this dashboard answers only on this machine");
        }
        match (request.method(), request.url()) {
            (Method::Get, "/") => {
                answer(200, "text/html; charset=utf-8", lock(&self.shown).live_page())
            }
            (Method::Get, "/data") => answer(200, "application/json", lock(&self.shown).data()),
            (Method::Get, "/progress") => {
                let idle = Progress { working: false, made: 0, of: 1, error: None };
                let progress = self.work.as_ref().map_or(idle, |work| work.progress());
                match serde_json::to_vec(&progress) {
                    Ok(body) => answer(200, "application/json", body),
                    Err(error) => text(500, error.to_string()),
                }
            }
            (Method::Post, "/make") => {
                let mut body = vec![];
                // A form's three numbers are short.
                match request.as_reader().take(1_000).read_to_end(&mut body) {
                    Ok(_) => self.make(&body),
                    Err(error) => text(400, error.to_string()),
                }
            }
            _ => text(404, "there is nothing here"),
        }
    }

    /// Starts to make other data; what was being made before is given up.
    fn make(&mut self, body: &[u8]) -> Answer {
        let wanted: Wanted = match serde_json::from_slice(body) {
            Ok(wanted) => wanted,
            Err(error) => {
                return text(400, format!("users, days and seed are whole numbers: {error}"));
            }
        };
        let Wanted { users, days, seed } = wanted;
        let config = Config { users, days, seed, ..self.config.clone() };
        if let Err(error) = config.validate() {
            return text(400, error.to_string());
        }
        if let Some(before) = &self.work {
            before.unwanted.store(true, Ordering::Relaxed);
        }
        let work = Arc::new(Work {
            of: config.users,
            made: AtomicU32::new(0),
            unwanted: AtomicBool::new(false),
            done: Mutex::new(None),
        });
        self.work = Some(work.clone());
        let shown = self.shown.clone();
        std::thread::spawn(move || {
            let made = Dashboard::new(&config, |done| {
                work.made.store(done, Ordering::Relaxed);
                !work.unwanted.load(Ordering::Relaxed)
            });
            let result = match made {
                Ok(dashboard) if !work.unwanted.load(Ordering::Relaxed) => {
                    *lock(&shown) = dashboard;
                    Ok(())
                }
                Ok(_) => Err("something else was asked for".to_owned()),
                Err(error) => Err(error.to_string()),
            };
            *lock(&work.done) = Some(result);
        });
        text(202, "")
    }
}
