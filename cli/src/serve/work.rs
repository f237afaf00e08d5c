//! Generating other data: one job at a time, always the newest request.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::{io, thread};

use crate::report::ecommerce::Dashboard;
use casebook::cases::ecommerce::Config;
use hyper::body::Bytes;
use serde::Serialize;

/// How far the work on other data has got.
#[derive(Serialize)]
pub struct Progress {
    working: bool,
    made: u32,
    of: u32,
    error: Option<String>,
}

/// A dashboard as it is sent.
#[derive(Clone)]
pub struct Shown {
    pub page: Bytes,
    pub data: Bytes,
}

impl Shown {
    fn new(dashboard: &Dashboard) -> Shown {
        let data = Bytes::copy_from_slice(dashboard.data().as_bytes());
        Shown { page: dashboard.live_page().into(), data }
    }
}

/// A request, shared with the thread that works on it.
struct Job {
    config: Config,
    made: AtomicU32,
    /// Whether something else has been requested in the meantime.
    unwanted: AtomicBool,
}

/// What is shown, and what is being made.
pub struct Desk {
    state: Mutex<State>,
    asked: Condvar,
}

/// The result of a job, or why there is none.
type Outcome = Result<(), String>;

struct State {
    shown: Shown,
    /// The newest job, with its result once it is done.
    job: Option<(Arc<Job>, Option<Outcome>)>,
    /// Whether the newest job is waiting for the working thread.
    waiting: bool,
}

impl Desk {
    /// Opens a desk that shows a dashboard, and starts the one thread that makes others.
    pub fn open(dashboard: &Dashboard) -> io::Result<Arc<Desk>> {
        let shown = Shown::new(dashboard);
        let state = Mutex::new(State { shown, job: None, waiting: false });
        let desk = Arc::new(Desk { state, asked: Condvar::new() });
        let works = desk.clone();
        thread::Builder::new().name("work".into()).spawn(move || {
            loop {
                works.work();
            }
        })?;
        Ok(desk)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn shown(&self) -> Shown {
        self.state().shown.clone()
    }

    pub fn progress(&self) -> Progress {
        match &self.state().job {
            None => Progress { working: false, made: 0, of: 1, error: None },
            Some((job, result)) => Progress {
                working: result.is_none(),
                made: job.made.load(Ordering::Relaxed),
                of: job.config.users,
                error: result.as_ref().and_then(|result| result.as_ref().err().cloned()),
            },
        }
    }

    /// Asks for other data; abandons an earlier request that is not done.
    pub fn make(&self, config: Config) {
        let job = Job { config, made: AtomicU32::new(0), unwanted: AtomicBool::new(false) };
        let mut state = self.state();
        if let Some((before, _)) = state.job.replace((Arc::new(job), None)) {
            before.unwanted.store(true, Ordering::Relaxed);
        }
        state.waiting = true;
        self.asked.notify_one();
    }

    /// Waits for a job and does it.
    fn work(&self) {
        let mut state = self
            .asked
            .wait_while(self.state(), |state| !state.waiting)
            .unwrap_or_else(PoisonError::into_inner);
        state.waiting = false;
        let Some((job, _)) = &state.job else { return };
        let job = job.clone();
        drop(state);
        let make = || {
            Dashboard::new(&job.config, |done| {
                job.made.store(done, Ordering::Relaxed);
                !job.unwanted.load(Ordering::Relaxed)
            })
        };
        // A fault in it must not end the thread that all other jobs need.
        let made = match catch_unwind(AssertUnwindSafe(make)) {
            Ok(Ok(dashboard)) => Ok(Shown::new(&dashboard)),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("the work failed; try other numbers".to_owned()),
        };
        let mut state = self.state();
        // Of a job that was given up, nobody asks any more.
        let State { shown, job: Some((newest, result)), .. } = &mut *state else { return };
        if Arc::ptr_eq(newest, &job) {
            *result = Some(made.map(|made| *shown = made));
        }
    }
}
