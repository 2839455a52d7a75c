//! Decides over a verification report: the native rules first, then the policies.

mod args;
mod decide;
mod engine;
mod error;
mod native;
mod policies;
mod signers;
mod source;
mod worker;

use std::env;
use std::io;
use std::process::ExitCode;
use std::thread;

use mlbom::cli::{self, Input, Output, Verdict};
use mlbom::decision;
use mlbom::digest::Sha256;
use mlbom::report::{self, Report};
use mlbom::stream::{self, Document, Kind};
use mlbom::time::Timestamp;

use crate::args::Args;
use crate::engine::Request;
use crate::error::Error;
use crate::policies::{Data, Policies};

const TOOL: &str = "mlbom-policy";

fn main() -> ExitCode {
    // Not an option of `Args`, or shells would complete it.
    if env::args_os().skip(1).eq([worker::FLAG]) {
        // Never 0: what a worker answers is not a decision.
        return worker::serve(io::stdin().lock(), &mut io::stdout().lock())
            .map_or(ExitCode::from(2), |()| ExitCode::from(worker::ANSWERED));
    }
    cli::main(TOOL, run)
}

fn run(args: &Args) -> Result<Verdict, Error> {
    let policies = Policies::load(&args.policy)?;
    let data = Data::load(&args.data)?;
    let input = Input::stdin(report::MAX_BYTES)?;
    let documents = stream::documents(&input.bytes).map_err(Error::Stream)?;
    let document = one_report(&documents)?;

    let request = Request {
        modules: policies.modules,
        data: data.document().map_err(Error::Json)?,
        input: document.text.to_owned(),
        now_ns: args.at.unwrap_or_else(Timestamp::now).nanoseconds().ok_or(Error::Time)?,
    };
    let program = env::current_exe().map_err(worker::Error::Start)?;
    // The policies are asked while the report is read here, and also if that ends in a native no: all reasons are seen at
    // once. What they say of a document that is no report is not looked at.
    let (report, outcome) = thread::scope(|scope| {
        let outcome = thread::Builder::new()
            .spawn_scoped(scope, || worker::run(&program, &request, worker::MAX_WALL))
            .map_err(worker::Error::Start)?;
        let report = Report::of(document).map_err(Error::Report);
        Ok::<_, Error>((report, outcome.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))))
    })?;
    let report = report?;
    let native = native::rules(&report, &data.root)?;
    let outcome = outcome?;
    let decision =
        decide::decision(&report, Sha256::of(&input.bytes), policies.sources, data.sources, native, outcome);

    let mut line = serde_json::to_vec(&decision).map_err(Error::Json)?;
    line.push(b'\n');
    let mut output = Output::new(args.output.as_deref());
    output.protect(input.identity);
    policies.identities.iter().chain(&data.identities).for_each(|identity| output.protect(Some(*identity)));
    let verdict = match decision.result {
        decision::Verdict::Allowed => Verdict::Pass,
        decision::Verdict::Denied => Verdict::Fail,
    };
    let verdict = cli::deliver(verdict, output.write(&line))?;
    if !args.quiet {
        decide::reasons(&decision).for_each(|line| cli::say(TOOL, &line));
    }
    Ok(verdict)
}

fn one_report<'a, 'b>(documents: &'b [Document<'a>]) -> Result<&'b Document<'a>, Error> {
    match documents {
        [document] if document.kind == Kind::Report => Ok(document),
        [document] => Err(Error::NotAReport(document.kind.name().to_owned())),
        documents => Err(Error::Several(documents.len())),
    }
}
