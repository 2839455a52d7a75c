//! Hashes a model into a manifest, or checks one against its files.

mod args;
mod check;
mod error;
mod expected;
mod known;
mod live;
mod model;
mod part;
mod size;

use std::path::Path;
use std::process::ExitCode;

use mlbom::cli::{self, Input, Output, Progress, Verdict};

use crate::args::Args;
use crate::error::Error;

const TOOL: &str = "mlbom-hash";

fn main() -> ExitCode {
    cli::main(TOOL, run)
}

fn run(args: &Args) -> Result<Verdict, Error> {
    // First of all: what is opened after this is not the caller's.
    let to_stdout = args.output.as_deref().is_none_or(|path| path == Path::new("-"));
    let progress = Progress::with_json(TOOL, args.quiet, args.json_progress, to_stdout);
    let progress = progress.map_err(Error::Progress)?;
    // One of them at most is there.
    if let Some(manifest) = &args.check {
        check::run(args, manifest, progress)
    } else if let Some(name) = &args.stdin {
        live::run(args, name, progress)
    } else if let Some(share) = args.part {
        part::run(args, share, progress)
    } else if args.merge {
        part::merge(args)
    } else if let Some(size) = args.shards {
        model::run_shards(args, size, progress)
    } else {
        model::run(args, progress)
    }
}

/// Where the document goes, for a run that takes long and says how far it is.
fn output(args: &Args, progress: &Progress) -> Result<Output, Error> {
    let mut output = Output::new(args.output.as_deref());
    output.check()?;
    output.written_meanwhile(progress.writes_to());
    Ok(output)
}

/// The manifest in `file`, and nothing else.
fn read_manifest(file: &Path) -> Result<(mlbom::manifest::Manifest, Option<(u64, u64)>), Error> {
    let input = Input::open(file, mlbom::stream::MAX_BYTES)?;
    let manifest = mlbom::stream::one_manifest(&input.bytes)
        .map_err(|source| Error::Manifest { name: input.name.clone(), source })?;
    Ok((manifest, input.identity))
}
