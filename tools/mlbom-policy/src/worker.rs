//! The process that evaluates: this program again, with limits, so that a policy can crash or hang only that.

use std::io::{self, Read, Write};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::engine::{self, Outcome, Request};

/// The flag, not shown in the help, that makes this program a worker.
pub(crate) const FLAG: &str = "--evaluate";
/// Seconds of processor time for one decision.
pub(crate) const MAX_CPU_SECS: u64 = 10;
/// Seconds of any time for one decision.
pub(crate) const MAX_WALL_SECS: u64 = 20;
/// Bytes of address space of the worker.
pub(crate) const MAX_MEMORY_BYTES: u64 = 2 << 30;
/// Bytes of its answer.
const MAX_ANSWER_BYTES: u64 = 64 << 20;
/// The status of a worker that has answered.
pub(crate) const ANSWERED: u8 = 1;
/// The signal of a process that used up its processor time (`signal(7)`, the same on every Linux and BSD).
const SIGXCPU: i32 = 24;
/// How often the parent looks whether a worker that has answered is gone.
const BETWEEN_LOOKS: Duration = Duration::from_millis(1);

/// Why the worker gave no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("the evaluating process answered with something else than a result")]
    Garbage(#[source] Option<serde_json::Error>),
    #[error(transparent)]
    Policy(#[from] engine::Error),
    #[error("the evaluating process cannot be started")]
    Start(#[source] io::Error),
    #[error("evaluation took more than {MAX_CPU_SECS} seconds of processor time")]
    Cpu,
    #[error("evaluation took longer than {MAX_WALL_SECS} seconds")]
    Wall,
    #[error("evaluation ended by signal {signal}: a rule that calls itself, or more than {} MiB of memory", MAX_MEMORY_BYTES >> 20)]
    Signal { signal: i32 },
    #[error("the evaluating process ended with {0}")]
    Status(ExitStatus),
}

impl Error {
    pub(crate) fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Policy(err) => err.hint(),
            _ => None,
        }
    }
}

/// Has a child process of `program`, which is this program, evaluate `request`.
pub(crate) fn run(program: &Path, request: &Request) -> Result<Outcome, Error> {
    let deadline = Instant::now() + Duration::from_secs(MAX_WALL_SECS);
    let request = serde_json::to_vec(request).map_err(|err| Error::Start(err.into()))?;
    let mut child = Command::new(program)
        .arg(FLAG)
        // Time zones are the one thing that an evaluation could read from the environment.
        .env_clear()
        .env("TZ", "UTC")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(Error::Start)?;
    let outcome = converse(&mut child, request, deadline);
    if outcome.is_err() {
        // It may be gone already, which is just as well.
        let _ = child.kill();
    }
    let status = wait(&mut child, deadline).map_err(Error::Start)?;
    match (status.signal(), outcome) {
        (_, Err(err @ Error::Wall)) => Err(err),
        (Some(SIGXCPU), _) => Err(Error::Cpu),
        // Killed by us, because of its answer.
        (Some(9), Err(err @ Error::Garbage(Some(_)))) => Err(err),
        (Some(signal), _) => Err(Error::Signal { signal }),
        (None, _) if status.code() != Some(ANSWERED.into()) => Err(Error::Status(status)),
        (None, outcome) => outcome,
    }
}

/// Sends the request and takes the answer, each on a thread of its own so that neither side waits for the other.
fn converse(child: &mut Child, request: Vec<u8>, deadline: Instant) -> Result<Outcome, Error> {
    let (mut stdin, stdout) = (child.stdin.take(), child.stdout.take());
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        // A worker that died early does not read to the end; how it died is what its status says.
        let _ = stdin.as_mut().map(|pipe| pipe.write_all(&request));
    });
    thread::spawn(move || {
        let mut answer = Vec::new();
        let read = stdout.map(|pipe| pipe.take(MAX_ANSWER_BYTES + 1).read_to_end(&mut answer));
        let _ = sender.send(read.transpose().map(|_| answer));
    });
    let left = deadline.saturating_duration_since(Instant::now());
    let answer = receiver.recv_timeout(left).map_err(|_| Error::Wall)?.map_err(|_| Error::Garbage(None))?;
    let answer: Result<Outcome, engine::Error> = serde_json::from_slice(&answer).map_err(|err| {
        // Nothing at all: it died, and its status says of what.
        Error::Garbage((!answer.is_empty()).then_some(err))
    })?;
    Ok(answer?)
}

fn wait(child: &mut Child, deadline: Instant) -> io::Result<ExitStatus> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if Instant::now() >= deadline {
            let _ = child.kill();
            return child.wait();
        }
        thread::sleep(BETWEEN_LOOKS);
    }
}

/// What the child does: takes its limits upon itself, then answers the one request on standard input.
pub(crate) fn serve(input: impl Read, output: &mut impl Write) -> io::Result<()> {
    restrict(Resource::Core, 0, 0)?;
    // At the soft limit the kernel says so with SIGXCPU, at the hard one it just kills.
    restrict(Resource::Cpu, MAX_CPU_SECS, MAX_CPU_SECS + 1)?;
    restrict(Resource::As, MAX_MEMORY_BYTES, MAX_MEMORY_BYTES)?;
    let mut text = Vec::new();
    { input }.read_to_end(&mut text)?;
    let request: Request = serde_json::from_slice(&text)?;
    drop(text);
    let answer: Result<Outcome, engine::Error> = engine::evaluate(&request);
    output.write_all(&serde_json::to_vec(&answer)?)?;
    output.flush()
}

/// Lowers a limit; never raises one that the caller's shell has set.
fn restrict(resource: Resource, soft: u64, hard: u64) -> io::Result<()> {
    let present = getrlimit(resource);
    let lower = |limit: u64, present: Option<u64>| Some(present.map_or(limit, |present| limit.min(present)));
    let limit = Rlimit { current: lower(soft, present.current), maximum: lower(hard, present.maximum) };
    Ok(setrlimit(resource, limit)?)
}
