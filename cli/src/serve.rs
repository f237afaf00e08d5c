//! The live dashboard: a server on this machine that generates other data on request.
//!
//! One thread serves all connections and never waits for any of them; another thread generates data. Each connection is
//! for one request.

mod work;

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::report::ecommerce::Dashboard;
use casebook::cases::ecommerce::Config;
use casebook::{Error, Result};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::{
    CACHE_CONTROL, CONTENT_TYPE, HOST, HeaderName, HeaderValue, ORIGIN, X_CONTENT_TYPE_OPTIONS,
};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::Deserialize;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, yield_now};
use tokio::time::{sleep, timeout};

use crate::say;

use work::Desk;

/// The most connections at a time. One more closes the oldest: on this machine, a connection that lasts long is not a
/// useful one.
const CONNECTIONS: usize = 64;
/// How long a client may take to send its request's head, and its body.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a connection may last, including the answer.
const LIFETIME: Duration = Duration::from_secs(30);
/// Bytes of a request's head; hyper takes no fewer.
const HEAD: usize = 16 << 10;
/// Bytes of a form's three numbers.
const BODY: usize = 1_000;

/// What the page's form asks for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    users: u32,
    days: u32,
    seed: u64,
}

/// What every connection needs.
struct Server {
    config: Config,
    desk: Arc<Desk>,
    /// The host names of this server; requests from other pages in the same browser name others.
    hosts: [String; 2],
}

/// Serves until the process ends.
pub fn run(config: Config, dashboard: Dashboard, port: u16, browser: bool) -> Result<()> {
    let fail =
        |cause: std::io::Error| Error::file("serve on", Path::new(&format!("port {port}")), cause);
    let desk = Desk::open(&dashboard).map_err(fail)?;
    drop(dashboard);
    let threads = tokio::runtime::Builder::new_current_thread().enable_all().build();
    threads.map_err(fail)?.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(fail)?;
        let port = listener.local_addr().map_err(fail)?.port();
        let address = format!("http://127.0.0.1:{port}/");
        say::say!("{address} (Ctrl+C ends it)");
        if browser && let Err(error) = open::that(&address) {
            say::complain!(
                "casebook: could not open a browser ({error}): open the address yourself"
            );
        }
        let hosts = [format!("127.0.0.1:{port}"), format!("localhost:{port}")];
        accept(&listener, Arc::new(Server { config, desk, hosts })).await
    })
}

async fn accept(listener: &TcpListener, server: Arc<Server>) -> ! {
    let mut open: VecDeque<AbortHandle> = VecDeque::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Too many files are open, perhaps; some will be closed.
            sleep(Duration::from_millis(50)).await;
            continue;
        };
        open.retain(|connection| !connection.is_finished());
        if open.len() >= CONNECTIONS
            && let Some(oldest) = open.pop_front()
        {
            oldest.abort();
        }
        let connection = tokio::spawn(serve(stream, server.clone()));
        open.push_back(connection.abort_handle());
        // Of many at once, each is answered before it could be the oldest.
        yield_now().await;
    }
}

/// Serves one connection. A client that is too slow or has gone away gets no answer.
async fn serve(stream: TcpStream, server: Arc<Server>) {
    let answer = service_fn(move |request| {
        let server = server.clone();
        async move { Ok::<_, Infallible>(server.answer(request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .max_buf_size(HEAD)
        .keep_alive(false)
        .half_close(true)
        .serve_connection(TokioIo::new(stream), answer);
    let _ = timeout(LIFETIME, connection).await;
}

type Answer = Response<Full<Bytes>>;

fn answer(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(body.into()));
    *answer.status_mut() = status;
    for (name, value) in
        [(CONTENT_TYPE, kind), (CACHE_CONTROL, "no-store"), (X_CONTENT_TYPE_OPTIONS, "nosniff")]
    {
        answer.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    answer
}

fn text(status: StatusCode, body: impl Into<Bytes>) -> Answer {
    answer(status, "text/plain; charset=utf-8", body)
}

impl Server {
    async fn answer(&self, request: Request<Incoming>) -> Answer {
        if !self.ours(&request) {
            return text(StatusCode::FORBIDDEN, "this dashboard is available only on this machine");
        }
        match (request.method(), request.uri().path()) {
            (&Method::GET, "/") => {
                answer(StatusCode::OK, "text/html; charset=utf-8", self.desk.shown().page)
            }
            (&Method::GET, "/data") => {
                answer(StatusCode::OK, "application/json", self.desk.shown().data)
            }
            (&Method::GET, "/progress") => match serde_json::to_vec(&self.desk.progress()) {
                Ok(body) => answer(StatusCode::OK, "application/json", body),
                Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
            },
            (&Method::POST, "/make") => self.make(request.into_body()).await,
            _ => text(StatusCode::NOT_FOUND, "there is nothing here"),
        }
    }

    /// Tells whether a request comes from the page itself, not from another in the same browser.
    fn ours(&self, request: &Request<Incoming>) -> bool {
        let all = |name: HeaderName| {
            request.headers().get_all(name).into_iter().map(|value| value.to_str().unwrap_or("?"))
        };
        let ours = |host: &str| self.hosts.iter().any(|known| known == host);
        let from = |origin: &str| origin.strip_prefix("http://").is_some_and(ours);
        all(HOST).count() == 1 && all(HOST).all(ours) && all(ORIGIN).all(from)
    }

    /// Starts to generate other data; abandons what was being generated before.
    async fn make(&self, body: Incoming) -> Answer {
        let long = || {
            text(
                StatusCode::PAYLOAD_TOO_LARGE,
                format!("users, days and seed must take less than {BODY} bytes"),
            )
        };
        if body.size_hint().lower() > BODY as u64 {
            return long();
        }
        let body = match timeout(PATIENCE, Limited::new(body, BODY).collect()).await {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => return long(),
            Ok(Err(error)) => return text(StatusCode::BAD_REQUEST, error.to_string()),
            Err(_) => {
                return text(StatusCode::REQUEST_TIMEOUT, "the numbers did not arrive in time");
            }
        };
        let wanted: Wanted = match serde_json::from_slice(&body) {
            Ok(wanted) => wanted,
            Err(error) => {
                let told = format!("users, days and seed must be whole numbers: {error}");
                return text(StatusCode::BAD_REQUEST, told);
            }
        };
        let Wanted { users, days, seed } = wanted;
        let config = Config { users, days, seed, ..self.config.clone() };
        if let Err(error) = config.validate() {
            return text(StatusCode::BAD_REQUEST, error.to_string());
        }
        self.desk.make(config);
        text(StatusCode::ACCEPTED, "")
    }
}
