//! How far a long run has come: for a person at a terminal, and as JSON Lines for a program.

mod json;
mod line;
mod rate;

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

pub use json::{PROGRESS_TYPE, ProgressError};
use rate::{Rate, State};

/// Nothing is shown to a person before this: most runs are over by then.
const PATIENCE: Duration = Duration::from_millis(250);
const BETWEEN: Duration = Duration::from_millis(250);
/// How long the end of a run waits for a reader that is slow to take the last line.
const LAST_LINE: Duration = Duration::from_secs(1);

/// Shows how much is done, on standard error if that is a terminal, and on a descriptor if one is given.
///
/// Everything is written by a thread of its own: neither a slow terminal nor a full pipe holds up the work.
#[derive(Debug)]
pub struct Progress {
    counted: Arc<Counted>,
    /// The thread that reports, unless nobody is watching.
    reporter: Mutex<Option<Reporter>>,
    writes_to: Option<(u64, u64)>,
}

#[derive(Debug)]
struct Reporter {
    /// Dropped, it says that this is the end.
    end: SyncSender<()>,
    /// Says that the last line is written.
    ended: Receiver<()>,
}

/// What was done so far.
#[derive(Debug)]
struct Counted {
    total_bytes: AtomicU64,
    total_known: AtomicBool,
    done_bytes: AtomicU64,
    total_files: AtomicU64,
    done_files: AtomicU64,
    started: Instant,
}

impl Progress {
    /// Shows nothing if `quiet`, or if no person is watching.
    #[must_use]
    pub fn new(tool: &'static str, quiet: bool) -> Self {
        Self::start(tool, !quiet && io::stderr().is_terminal(), None)
    }

    /// The same, and JSON Lines on the open descriptor `descriptor`, if there is one, `quiet` or not.
    ///
    /// To be called before the tool opens anything: a number that the caller did not open may be one of ours later.
    /// `to_stdout` says that the document goes to standard output, where these lines may not.
    pub fn with_json(
        tool: &'static str,
        quiet: bool,
        descriptor: Option<u32>,
        to_stdout: bool,
    ) -> Result<Self, ProgressError> {
        let Some(number) = descriptor else { return Ok(Self::new(tool, quiet)) };
        let lines = json::Lines::open(number, to_stdout)?;
        // On standard error the lines are for a program: nobody else writes there.
        let shown = !quiet && number != 2 && io::stderr().is_terminal();
        Ok(Self::start(tool, shown, Some(lines)))
    }

    fn start(tool: &'static str, shown: bool, lines: Option<json::Lines>) -> Self {
        let counted = Arc::new(Counted {
            total_bytes: AtomicU64::new(0),
            total_known: AtomicBool::new(false),
            done_bytes: AtomicU64::new(0),
            total_files: AtomicU64::new(0),
            done_files: AtomicU64::new(0),
            started: Instant::now(),
        });
        let mut reporter = None;
        let writes_to = lines.as_ref().map(json::Lines::identity);
        if shown || lines.is_some() {
            let (end, stopped) = sync_channel(0);
            let (finish, ended) = sync_channel(1);
            let seen = Arc::clone(&counted);
            let work = move || {
                report(tool, &seen, shown, lines, &stopped);
                let _ = finish.send(());
            };
            // Without a thread to spare there is no progress to see, and the work goes on.
            if thread::Builder::new().spawn(work).is_ok() {
                reporter = Some(Reporter { end, ended });
            }
        }
        Self { counted, reporter: Mutex::new(reporter), writes_to }
    }

    /// Device and inode of what the JSON Lines go to, if there are any.
    #[must_use]
    pub const fn writes_to(&self) -> Option<(u64, u64)> {
        self.writes_to
    }

    /// Says how much there is to do; said again, that comes on top.
    pub fn expect(&self, files: u64, bytes: u64) {
        self.expect_files(files);
        self.counted.total_bytes.fetch_add(bytes, Ordering::Relaxed);
        self.counted.total_known.store(true, Ordering::Relaxed);
    }

    /// Says how many files there are to do, of a size that only their ends show.
    pub fn expect_files(&self, files: u64) {
        self.counted.total_files.fetch_add(files, Ordering::Relaxed);
    }

    /// Says that `bytes` more are done.
    pub fn advance(&self, bytes: u64) {
        self.counted.done_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Says that a file more is done.
    pub fn file_done(&self) {
        self.counted.done_files.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        let reporter = self.reporter.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Reporter { end, ended }) = reporter {
            drop(end);
            // A thread that hangs in a write is left behind.
            let _ = ended.recv_timeout(LAST_LINE + BETWEEN);
        }
    }
}

impl Counted {
    fn state(&self, rate: &mut Rate) -> State {
        let seconds = self.started.elapsed().as_secs_f64();
        let done_bytes = self.done_bytes.load(Ordering::Relaxed);
        let known = self.total_known.load(Ordering::Relaxed);
        // A file that grew: never more than all.
        let total_bytes = known.then(|| self.total_bytes.load(Ordering::Relaxed).max(done_bytes));
        let done_files = self.done_files.load(Ordering::Relaxed);
        let total_files = self.total_files.load(Ordering::Relaxed).max(done_files);
        rate.state(seconds, done_bytes, total_bytes, done_files, total_files)
    }
}

/// Reports until `stopped` says that it is over, and then a last time.
fn report(
    tool: &str,
    counted: &Counted,
    shown: bool,
    mut lines: Option<json::Lines>,
    stopped: &Receiver<()>,
) {
    let (mut rate, mut drawn) = (Rate::default(), false);
    loop {
        let state = counted.state(&mut rate);
        if let Some(open) = &mut lines
            && open.write(tool, &state).is_err()
        {
            // The reader left. That is no reason to stop hashing.
            lines = None;
        }
        if shown && counted.started.elapsed() >= PATIENCE {
            drawn = true;
            let text = line::of(tool, &state, line::columns());
            let _ = write!(io::stderr().lock(), "\r{text}\x1b[K");
        }
        if stopped.recv_timeout(BETWEEN) != Err(RecvTimeoutError::Timeout) {
            break;
        }
    }
    if drawn {
        let _ = write!(io::stderr().lock(), "\r\x1b[K");
    }
    if let Some(open) = lines {
        open.finish(tool, &counted.state(&mut rate), LAST_LINE);
    }
}
