//! Process conventions: arguments, exit status, messages, streams. The only module that knows there is a process.

mod arguments;
mod input;
mod output;
mod progress;
mod temporary;

use std::error::Error;
use std::io::{self, Write};
use std::iter::successors;
use std::process::ExitCode;

use arguments::parse;
use clap::Parser;
pub use input::{Input, InputError, widen_pipe};
pub use mlbom_stdio::stdin_was_closed;
pub use output::{Output, OutputError, Replacement, replace_private};
pub use progress::{PROGRESS_TYPE, Progress, ProgressError};

use crate::text::escape;

/// What a tool answers once it has run to the end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// Done, or the answer is yes: status 0.
    Pass,
    /// Asked, and the answer is no: status 1.
    Fail,
}

/// An error that may know a way out.
pub trait Hint: Error {
    /// What to do about it, in one line.
    fn hint(&self) -> Option<String> {
        None
    }
}

/// The arguments that every tool has.
pub trait Arguments: Parser {
    /// `--quiet`: no progress, no hints, no reasons of a no; an error is said all the same.
    fn quiet(&self) -> bool;
}

/// A tool's `main`: reads the arguments, runs it on them, and turns what comes of it into a status.
pub fn main<A: Arguments, E: Hint + 'static>(
    tool: &str,
    run: impl FnOnce(&A) -> Result<Verdict, E>,
) -> ExitCode {
    match parse::<A>(tool) {
        Ok(args) => finish(tool, args.quiet(), run(&args)),
        Err(status) => status,
    }
}

/// Says on standard error what stopped `tool`, if anything did, and picks its status: 0 yes, 1 no, 2 could not be
/// done, 141 the reader of our output left.
fn finish<E: Hint + 'static>(tool: &str, quiet: bool, result: Result<Verdict, E>) -> ExitCode {
    let err = match result {
        Ok(Verdict::Pass) => return ExitCode::SUCCESS,
        Ok(Verdict::Fail) => return ExitCode::from(1),
        Err(err) => err,
    };
    if reader_left(&err) {
        // What a shell reports for a death by SIGPIPE.
        return ExitCode::from(141);
    }
    say(tool, &chain(&err));
    if let Some(hint) = err.hint()
        && !quiet
    {
        say(tool, &format!("hint: {hint}"));
    }
    ExitCode::from(2)
}

/// The verdict once the document is out: a lost reader turns a yes into 141, and leaves a no as it is.
pub fn deliver(verdict: Verdict, written: Result<(), OutputError>) -> Result<Verdict, OutputError> {
    match written {
        Err(err) if verdict == Verdict::Fail && reader_left(&err) => Ok(verdict),
        Err(err) => Err(err),
        Ok(()) => Ok(verdict),
    }
}

/// Writes one line to standard error, with the tool's name before it and nothing in it that moves the cursor.
pub fn say(tool: &str, line: &str) {
    // If standard error is gone as well there is nobody left to tell.
    let _ = writeln!(io::stderr().lock(), "{tool}: {}", escape(line));
}

/// An error and its causes, joined with `: `.
#[must_use]
pub fn chain(err: &(dyn Error + 'static)) -> String {
    let causes: Vec<String> =
        successors(Some(err), |&cause| cause.source()).map(ToString::to_string).collect();
    causes.join(": ")
}

/// Only a write fails with `EPIPE`, and only outputs are written; an `OutputError` itself may be out of sight, since a
/// transparent error passes its cause's causes on.
fn reader_left(err: &(dyn Error + 'static)) -> bool {
    successors(Some(err), |&cause| cause.source())
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}
