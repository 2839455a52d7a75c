//! How far a long run has come, for a person at a terminal.

use std::io::{self, IsTerminal as _, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Nothing is shown before this: most runs are over by then.
const PATIENCE: Duration = Duration::from_millis(250);
const BETWEEN: Duration = Duration::from_millis(100);

/// Shows bytes done of bytes in all on standard error, if that is a terminal.
#[derive(Debug)]
pub struct Progress {
    tool: &'static str,
    shown: bool,
    total_bytes: AtomicU64,
    done_bytes: AtomicU64,
    started: Instant,
    last: Mutex<Option<Instant>>,
}

impl Progress {
    /// Shows nothing if `quiet`, or if no person is watching.
    #[must_use]
    pub fn new(tool: &'static str, quiet: bool) -> Self {
        Self {
            tool,
            shown: !quiet && io::stderr().is_terminal(),
            total_bytes: AtomicU64::new(0),
            done_bytes: AtomicU64::new(0),
            started: Instant::now(),
            last: Mutex::new(None),
        }
    }

    /// Says how much there is to do.
    pub fn expect(&self, bytes: u64) {
        self.total_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Says that `bytes` more are done.
    pub fn advance(&self, bytes: u64) {
        let done = self.done_bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if !self.shown || self.started.elapsed() < PATIENCE {
            return;
        }
        // Whoever finds it taken leaves the line to the one who has it.
        let Ok(mut last) = self.last.try_lock() else { return };
        if last.is_some_and(|then| then.elapsed() < BETWEEN) {
            return;
        }
        *last = Some(Instant::now());
        let total = self.total_bytes.load(Ordering::Relaxed).max(done).max(1);
        let seconds = self.started.elapsed().as_secs_f64();
        let (done, total) = (done as f64, total as f64);
        let (rate, left) = (done / seconds, (total - done) / done.max(1.0) * seconds);
        let _ = write!(
            io::stderr().lock(),
            "\r{}: {:3.0} % of {:.2} GB, {:.2} GB/s, {left:.0} s left \x1b[K",
            self.tool,
            100.0 * done / total,
            total / 1e9,
            rate / 1e9,
        );
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.last.get_mut().is_ok_and(|last| last.is_some()) {
            let _ = write!(io::stderr().lock(), "\r\x1b[K");
        }
    }
}
