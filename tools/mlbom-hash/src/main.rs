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

use mlbom::cli::{self, Input, Progress, Verdict};

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
    match (&args.check, &args.stdin, args.part) {
        (Some(manifest), ..) => check::run(args, manifest, progress),
        (None, Some(name), _) => live::run(args, name, progress),
        (None, None, Some(share)) => part::run(args, share, progress),
        (None, None, None) if args.merge => part::merge(args),
        (None, None, None) => match args.shards {
            Some(size) => model::run_shards(args, size, progress),
            None => model::run(args, progress),
        },
    }
}

/// The manifest in `file`, and nothing else.
fn read_manifest(file: &Path) -> Result<(mlbom::manifest::Manifest, Option<(u64, u64)>), Error> {
    let input = Input::open(file, mlbom::stream::MAX_BYTES)?;
    let manifest = mlbom::stream::one_manifest(&input.bytes)
        .map_err(|source| Error::Manifest { name: input.name.clone(), source })?;
    Ok((manifest, input.identity))
}
