//! The live dashboard's server, and clients that a browser is not. A program of its own: answers are timed here, and nothing else
//! should take the cores meanwhile.

use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// What a person waits for without wondering.
const SOON: Duration = Duration::from_secs(2);

/// The program at work, on a port of its own; ended when dropped.
struct Server {
    child: Child,
    address: SocketAddr,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Answer {
    status: u16,
    body: String,
}

impl Server {
    fn start() -> Server {
        let words = "report ecommerce --users 300 --days 60 --serve --no-browser --port 0";
        let mut child = Command::new(env!("CARGO_BIN_EXE_casebook"))
            .args(words.split(' '))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.split('/').nth(2).and_then(|address| address.parse().ok());
        Server { child, address: address.unwrap_or_else(|| panic!("{line:?}")) }
    }

    fn client(&self) -> TcpStream {
        let client = TcpStream::connect(self.address).unwrap();
        client.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        client.set_write_timeout(Some(Duration::from_secs(20))).unwrap();
        client
    }

    fn head(&self, first: &str) -> String {
        format!("{first} HTTP/1.1\r\nHost: {}\r\n", self.address)
    }

    fn get(&self, path: &str) -> Answer {
        let mut client = self.client();
        client.write_all(format!("{}\r\n", self.head(&format!("GET {path}"))).as_bytes()).unwrap();
        answer(client).unwrap()
    }

    fn post(&self, body: &str) -> Answer {
        let mut client = self.client();
        let head = self.head("POST /make");
        let length = body.len();
        write!(client, "{head}Content-Length: {length}\r\n\r\n{body}").unwrap();
        answer(client).unwrap()
    }

    /// The page, and how long it took.
    fn page_comes(&self, meanwhile: &str) {
        let began = Instant::now();
        let page = self.get("/");
        assert_eq!(page.status, 200);
        assert!(page.body.contains("<!doctype html>") && page.body.ends_with("</html>\n"));
        assert!(began.elapsed() < SOON, "{meanwhile}: {:?}", began.elapsed());
    }

    fn progress(&self) -> Value {
        serde_json::from_str(&self.get("/progress").body).unwrap()
    }

    /// Waits until nothing is being made.
    fn done(&self) -> Value {
        let began = Instant::now();
        loop {
            let progress = self.progress();
            if progress["working"] == false {
                return progress;
            }
            assert!(began.elapsed() < Duration::from_secs(60), "{progress}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// A number of the process, in /proc.
    fn status(&self, name: &str) -> u64 {
        let path = format!("/proc/{}/status", self.child.id());
        let text = std::fs::read_to_string(path).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name}:")));
        line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap()
    }
}

/// What comes until the server closes; `None` if it closes without a word.
fn answer(mut client: TcpStream) -> Option<Answer> {
    let mut bytes = vec![];
    if let Err(error) = client.read_to_end(&mut bytes) {
        let gone = [ErrorKind::ConnectionReset, ErrorKind::BrokenPipe].contains(&error.kind());
        assert!(gone, "it neither answers nor closes: {error}");
    }
    let text = String::from_utf8_lossy(&bytes);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Answer { status, body: body.to_owned() })
}

fn wanted(users: u32, seed: u32) -> String {
    format!(r#"{{"users": {users}, "days": 365, "seed": {seed}}}"#)
}

#[test]
fn sixty_wishes_are_one_job_at_a_time_and_the_newest_wins() {
    let server = Server::start();
    // What a single job takes.
    assert_eq!(server.post(&wanted(6_000, 1)).status, 202);
    server.done();
    let (threads, memory) = (server.status("Threads"), server.status("VmHWM"));
    for seed in 100..160 {
        assert_eq!(server.post(&wanted(6_000, seed)).status, 202);
        assert!(server.status("Threads") <= threads + 2, "{threads}: {}", server.status("Threads"));
    }
    server.page_comes("while data is made");
    assert_eq!(server.progress()["of"], 6_000);
    let done = server.done();
    assert_eq!((&done["error"], &done["made"]), (&Value::Null, &6_000.into()));
    let data: Value = serde_json::from_str(&server.get("/data").body).unwrap();
    assert_eq!(data["seed"], 159, "another wish than the last was granted");
    let most = server.status("VmHWM");
    assert!(most < 2 * memory, "{memory} kB for one job, {most} kB for sixty");
}

#[test]
fn what_is_superseded_stops_soon() {
    let server = Server::start();
    // Minutes of work, and millions of sessions.
    assert_eq!(server.post(&wanted(100_000, 1)).status, 202);
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(server.progress()["working"], true);
    let began = Instant::now();
    assert_eq!(server.post(r#"{"users": 200, "days": 30, "seed": 2}"#).status, 202);
    assert_eq!(server.done()["of"], 200);
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    let data: Value = serde_json::from_str(&server.get("/data").body).unwrap();
    assert_eq!(data["users"], 200);
}

#[test]
fn who_is_slow_keeps_nobody_waiting_and_is_sent_away() {
    let server = Server::start();
    let mut stalled = server.client();
    let head = server.head("POST /make");
    write!(stalled, "{head}Content-Length: 50\r\n\r\n").unwrap();
    let mut unread = server.client();
    write!(unread, "{}\r\n", server.head("GET /")).unwrap();
    let mut slow = server.client();
    let mut drip = server.client();
    write!(drip, "{head}Transfer-Encoding: chunked\r\n\r\n").unwrap();
    let began = Instant::now();
    // A byte at a time, for longer than anybody waits.
    let mut sent_away = false;
    for byte in server.head("GET /").bytes().cycle() {
        sent_away = slow.write_all(&[byte]).is_err() || slow.flush().is_err();
        let _ = drip.write_all(b"1\r\n7\r\n");
        server.page_comes("while others are slow");
        if sent_away || began.elapsed() > Duration::from_secs(12) {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    assert!(sent_away, "a head may come as slowly as it likes");
    assert_eq!(answer(stalled).map(|answer| answer.status), Some(408));
    assert!(answer(drip).is_none_or(|answer| answer.status == 408));
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}

#[test]
fn idle_connections_make_room() {
    let server = Server::start();
    let idle: Vec<TcpStream> = (0..200).map(|_| server.client()).collect();
    server.page_comes("with 200 idle connections");
    let half: Vec<TcpStream> = (0..200)
        .map(|_| {
            let mut client = server.client();
            let _ = client.write_all(b"GET / HTTP/1.1\r\nHost: ");
            client
        })
        .collect();
    server.page_comes("with 200 half requests");
    assert!(server.status("Threads") < 20, "{}", server.status("Threads"));
    let files = std::fs::read_dir(format!("/proc/{}/fd", server.child.id())).unwrap().count();
    assert!(files < 120, "{files} files are open");
    drop((idle, half));
    server.page_comes("after they have gone");
}

#[test]
fn a_burst_is_answered_to_the_last() {
    let server = Server::start();
    let ask = format!("{}\r\n", server.head("GET /progress"));
    let burst: Vec<TcpStream> = (0..300)
        .map(|_| {
            let mut client = server.client();
            client.write_all(ask.as_bytes()).unwrap();
            client
        })
        .collect();
    for client in burst {
        assert_eq!(answer(client).map(|answer| answer.status), Some(200));
    }
}

#[test]
fn what_is_too_long_is_refused() {
    let server = Server::start();
    let send = |text: String| {
        let mut client = server.client();
        // It may close before it has read everything.
        let _ = client.write_all(text.as_bytes());
        answer(client).map(|answer| answer.status)
    };
    let make = server.head("POST /make");
    let spaces = " ".repeat(1_000_000);
    assert_eq!(send(format!("{make}Content-Length: 10000000000\r\n\r\n")), Some(413));
    assert_eq!(send(format!("{make}Content-Length: 1001\r\n\r\n{}", &spaces[..1_001])), Some(413));
    let many = format!("{make}Content-Length: 1000000\r\n\r\n{spaces}");
    assert!(send(many).is_none_or(|status| status == 413));
    let chunked = format!("{make}Transfer-Encoding: chunked\r\n\r\nf4240\r\n{spaces}\r\n0\r\n\r\n");
    assert!(send(chunked).is_none_or(|status| status == 413));
    let head = server.head("GET /");
    let long = format!("{head}Long: {}\r\n\r\n", "x".repeat(1_000_000));
    assert!(send(long).is_none_or(|status| status == 431));
    let many = format!("{head}{}\r\n", "Many: x\r\n".repeat(1_000));
    assert!(send(many).is_none_or(|status| status == 431));
    let path = server.head(&format!("GET /{}", "x".repeat(100_000))) + "\r\n";
    assert!(send(path).is_none_or(|status| [414, 431].contains(&status)));
    assert!(send("\u{0}\u{1}\r\n\r\n".into()).is_none_or(|status| status == 400));
    for (body, told) in [
        (r#"{"users": 0, "days": 10, "seed": 1}"#, "`users` is 0; accepted: 1 to"),
        (r#"{"users": 1e99, "days": 10, "seed": 1}"#, "whole numbers"),
        (r#"{"users": 1, "days": 10, "seed": 1, "more": 1}"#, "whole numbers"),
        ("[[[[[[", "whole numbers"),
        ("", "whole numbers"),
    ] {
        let answer = server.post(body);
        assert!(answer.status == 400 && answer.body.contains(told), "{body}: {}", answer.body);
    }
    server.page_comes("after all that");
    assert_eq!(server.progress()["working"], false);
}

#[test]
fn only_the_page_itself_is_answered() {
    let server = Server::start();
    let port = server.address.port();
    let body = wanted(200, 1);
    let send = |headers: &str| {
        let mut client = server.client();
        let length = body.len();
        write!(client, "POST /make HTTP/1.1\r\n{headers}Content-Length: {length}\r\n\r\n{body}")
            .unwrap();
        answer(client).map(|answer| answer.status)
    };
    let host = format!("Host: 127.0.0.1:{port}\r\n");
    for (headers, status) in [
        (host.clone(), 202),
        (format!("Host: localhost:{port}\r\n"), 202),
        (format!("{host}Origin: http://127.0.0.1:{port}\r\n"), 202),
        (format!("{host}Origin: http://elsewhere.example\r\n"), 403),
        (format!("{host}Origin: https://127.0.0.1:{port}\r\n"), 403),
        (format!("{host}Origin: null\r\n"), 403),
        (format!("{host}Host: elsewhere.example\r\n"), 403),
        ("Host: elsewhere.example\r\n".into(), 403),
        ("Host: 127.0.0.1\r\n".into(), 403),
        (String::new(), 403),
    ] {
        assert_eq!(send(&headers), Some(status), "{headers}");
    }
    for path in ["/make", "/other", "//"] {
        assert_eq!(server.get(path).status, 404, "{path}");
    }
    server.done();
}
