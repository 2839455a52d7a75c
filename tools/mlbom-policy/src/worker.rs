//! The process that evaluates: this program again, with limits, so that a policy can crash or hang only that.

use std::io::{self, BufRead as _, BufReader, Read, Write};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::engine::{self, Outcome, Request};

/// The one argument that makes this program a worker.
pub(crate) const FLAG: &str = "--evaluate";
/// Seconds of processor time for one decision.
const MAX_CPU_SECS: u64 = 10;
/// The time for one decision, waiting included.
pub(crate) const MAX_WALL: Duration = Duration::from_secs(20);
/// Bytes of address space of the worker.
const MAX_MEMORY_BYTES: u64 = 2 << 30;
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
    #[error("evaluation took longer than {} seconds", MAX_WALL.as_secs())]
    Wall,
    #[error("evaluation ended by signal {signal}{}", cause(*.signal))]
    Signal { signal: i32 },
    #[error("the evaluating process ended with {0}")]
    Status(ExitStatus),
}

/// What makes an evaluation end by `signal`, where that is known.
fn cause(signal: i32) -> String {
    let memory = MAX_MEMORY_BYTES >> 20;
    match signal {
        // Abort, bus error, segmentation fault: no stack or no memory is left.
        6 | 7 | 11 => format!(": a rule that calls itself, or more than {memory} MiB of memory"),
        _ => String::new(),
    }
}

impl Error {
    pub(crate) fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Policy(err) => err.hint(),
            _ => None,
        }
    }
}

/// Has a child process of `program`, which is this program, evaluate `request` within `patience`.
pub(crate) fn run(program: &Path, request: &Request, patience: Duration) -> Result<Outcome, Error> {
    let deadline = Instant::now() + patience;
    // One line, and then the report as it is: it is long, and need not be read only to find its end.
    let mut text = serde_json::to_vec(request).map_err(|err| Error::Start(err.into()))?;
    text.push(b'\n');
    text.extend_from_slice(request.input.as_bytes());
    let request = text;
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
    let status = match &outcome {
        // It has answered, or it is dying, and how is worth knowing.
        Ok(_) | Err(Error::Policy(_) | Error::Garbage(None)) => {
            wait(&mut child, deadline).map_err(Error::Start)?
        }
        Err(_) => None,
    };
    if status.is_none() {
        // It may be gone already, which is just as well.
        let _ = child.kill();
        child.wait().map_err(Error::Start)?;
    }
    match (status, outcome) {
        (None, Ok(_) | Err(Error::Policy(_))) => Err(Error::Wall),
        (Some(status), outcome) => match status.signal() {
            Some(SIGXCPU) => Err(Error::Cpu),
            Some(signal) => Err(Error::Signal { signal }),
            None if status.code() != Some(ANSWERED.into()) => Err(Error::Status(status)),
            None => outcome,
        },
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

/// How the child ended, if it did so in time.
fn wait(child: &mut Child, deadline: Instant) -> io::Result<Option<ExitStatus>> {
    loop {
        let status = child.try_wait()?;
        if status.is_some() || Instant::now() >= deadline {
            return Ok(status);
        }
        thread::sleep(BETWEEN_LOOKS);
    }
}

/// What the child does: takes its limits upon itself, then answers the one request on standard input.
pub(crate) fn serve(input: impl Read, output: &mut impl Write) -> io::Result<()> {
    // Who asked is gone: nobody waits for the answer.
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    restrict(Resource::Core, 0, 0)?;
    // At the soft limit the kernel says so with SIGXCPU, at the hard one it just kills.
    restrict(Resource::Cpu, MAX_CPU_SECS, MAX_CPU_SECS + 1)?;
    restrict(Resource::As, MAX_MEMORY_BYTES, MAX_MEMORY_BYTES)?;
    let mut input = BufReader::new(input);
    let mut head = Vec::new();
    input.read_until(b'\n', &mut head)?;
    let mut request: Request = serde_json::from_slice(&head)?;
    drop(head);
    input.read_to_string(&mut request.input)?;
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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use serde_json::value::RawValue;

    use super::*;

    /// What comes of a worker that is this program.
    fn run_program(program: &Path) -> Result<Outcome, Error> {
        let empty = || RawValue::from_string("{}".into()).expect("JSON");
        // Longer than a pipe holds, so that a worker that does not read is noticed.
        let module = engine::Module { name: "a.rego".into(), text: "#".repeat(1 << 20) };
        let request = Request { modules: vec![module], data: empty(), input: "{}".to_owned(), now_ns: 0 };
        run(program, &request, Duration::from_secs(2))
    }

    /// What comes of a worker that is this shell script.
    fn run_script(script: &str) -> Result<Outcome, Error> {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("worker");
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("permissions");
        run_program(&path)
    }

    #[test]
    fn only_a_whole_answer_counts() {
        // One test, not several: while another thread forks, a script just written is "busy".
        let answer = r#"{"Ok":{"rules":["X"],"deny":[],"warn":[]}}"#;
        let read = "PATH=/usr/bin:/bin; cat >/dev/null";
        assert!(run_script(&format!("{read}; echo '{answer}'; exit 1")).is_ok());
        for (script, why) in [
            (format!("{read}; echo '{answer}'; exit 0"), "ended with exit status: 0"),
            (format!("{read}; echo '{answer}'; exit 2"), "ended with exit status: 2"),
            (format!("{read}; echo '{answer}'; kill -SEGV $$"), "ended by signal 11"),
            (format!("{read}; echo '{answer}{answer}'; exit 1"), "something else than a result"),
            (format!("{read}; echo '{{\"Ok\":{{}}}}'; exit 1"), "something else than a result"),
            (format!("{read}; exit 1"), "something else than a result"),
            ("exit 2".to_owned(), "ended with exit status: 2"),
            (format!("{read}; kill -ABRT $$"), "a rule that calls itself"),
            (format!("{read}; kill -XCPU $$"), "processor time"),
            (format!("{read}; exec sleep 60"), "took longer than"),
            (format!("{read}; echo '{answer}'; exec >&-; exec sleep 60"), "took longer than"),
            (format!("{read}; echo 'no'; exec >&-; exec sleep 60"), "something else than a result"),
        ] {
            let err = run_script(&script).expect_err(&script).to_string();
            assert!(err.contains(why), "{script}: {err}");
        }
        assert!(matches!(run_program(Path::new("/nonexistent")), Err(Error::Start(_))));
    }
}
