//! Verifies signed statements against a model's bytes.

mod args;
mod bind;
mod cover;
mod error;
mod evidence;
mod require;
mod say;
mod verify;

use std::process::ExitCode;

use mlbom::cli::{self, Input, Output, Progress, Verdict};
use mlbom::manifest::{COMPUTED, Manifest};
use mlbom::report::{self, Outcome, Report};
use mlbom::{json, stream};
use mlbom_tree::Options;

use crate::args::Args;
use crate::error::Error;
use crate::evidence::Evidence;

const TOOL: &str = "mlbom-verify";

fn main() -> ExitCode {
    cli::main(TOOL, run)
}

fn run(args: &Args) -> Result<Verdict, Error> {
    let mut output = Output::new(args.output.as_deref());
    // It would change nothing here; whoever gives it expects something else.
    if let Some(path) = args.model().filter(|_| args.allow_cached) {
        return Err(Error::AllowCached(path.display().to_string()));
    }
    // Keys and bundles first: a slip in them should not cost the hashing of a model.
    let evidence = Evidence::read(args, &mut output)?;
    let model = model(args, &mut output)?;
    let report = verify::verify(model, &evidence, &args.require);
    if !args.quiet {
        say::reasons(&report);
    }
    let verdict = if report.result == Outcome::Held { Verdict::Pass } else { Verdict::Fail };
    let document = match &args.extract {
        // What was to be verified leaves only after it held.
        Some(_) if verdict == Verdict::Fail => return Ok(Verdict::Fail),
        Some(wanted) => require::extract(&report, wanted)?.as_bytes().to_vec(),
        None => line(&report)?,
    };
    Ok(cli::deliver(verdict, output.write(&document))?)
}

fn line(report: &Report) -> Result<Vec<u8>, Error> {
    let mut line = serde_json::to_string(report).map_err(Error::Write)?;
    // A yes that no policy can read is none: a predicate may be too long, or too deep once it is inside a report.
    if line.len() as u64 >= report::MAX_BYTES {
        return Err(Error::LongReport);
    }
    json::check(&line).map_err(Error::Report)?;
    line.push('\n');
    Ok(line.into_bytes())
}

/// The model as it is now: hashed here, or by the tool before this one.
fn model(args: &Args, output: &mut Output) -> Result<Manifest, Error> {
    let Some(path) = args.model() else {
        let input = Input::stdin(stream::MAX_BYTES)?;
        output.protect(input.identity);
        let manifest = stream::one_manifest(&input.bytes).map_err(Error::Manifest)?;
        // A digest that was taken from a list proves nothing about the bytes.
        return match manifest.files().iter().find(|file| file.digest_source != COMPUTED) {
            Some(file) if !args.allow_cached => Err(Error::DigestSource {
                path: file.path.clone(),
                source_named: file.digest_source.chars().take(40).collect(),
            }),
            _ => Ok(manifest),
        };
    };
    let hashed = mlbom_tree::hash(path, &Options::default(), &Progress::new(TOOL, args.quiet))?;
    hashed.identities.into_iter().for_each(|identity| output.protect(Some(identity)));
    Ok(hashed.manifest)
}
