//! Hashes a model into a manifest, or checks one against its files.

mod args;
mod check;
mod error;
mod part;
mod known;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use mlbom::cli::{self, Input, Output, Progress, Verdict};
use mlbom_tree::{Exclusions, Hashed, Known, Options};

use crate::args::Args;
use crate::error::Error;
use crate::known::Sources;

const TOOL: &str = "mlbom-hash";

fn main() -> ExitCode {
    cli::main(TOOL, run)
}

fn run(args: &Args) -> Result<Verdict, Error> {
    match (&args.check, args.part) {
        (Some(manifest), _) => check::run(args, manifest),
        (None, Some(share)) => part::run(args, share),
        (None, None) if args.merge => part::merge(args),
        (None, None) => hash(args),
    }
}

/// Writes one manifest a path, and nothing at all unless every path could be hashed.
fn hash(args: &Args) -> Result<Verdict, Error> {
    let mut output = Output::new(args.output.as_deref());
    let sources = Sources::read(args, &mut output)?;
    let known = sources.clone().map(|sources| sources as Arc<dyn Known>);
    let options = Options { known, ..options_of(args) };
    let mut lines = Vec::new();
    let mut models = Vec::new();
    let mut failed = None;
    for path in &args.paths {
        match one(args, path, &options) {
            Ok(hashed) => {
                hashed.identities.iter().for_each(|identity| output.protect(Some(*identity)));
                serde_json::to_writer(&mut lines, &hashed.manifest).map_err(Error::Write)?;
                lines.push(b'\n');
                if sources.is_some() {
                    models.push(hashed);
                }
            }
            // Every path that fails is said; the last one by `finish`.
            Err(err) => {
                if let Some(earlier) = failed.replace(err) {
                    cli::say(TOOL, &cli::chain(&earlier));
                }
            }
        }
    }
    if let Some(err) = failed {
        return Err(err.into());
    }
    // Before the document, so that there is none if this fails.
    if let Some(sources) = sources {
        sources.keep(&models, &mut output)?;
    }
    Ok(cli::deliver(Verdict::Pass, output.write(&lines))?)
}

fn options_of(args: &Args) -> Options {
    Options {
        exclusions: Exclusions {
            patterns: args.exclude.clone(),
            oms_defaults: args.oms_defaults,
            ..Exclusions::default()
        },
        sha512: args.sha512,
        threads: args.threads,
        reading: args.reading(),
        kernel: args.kernel,
        known: None,
    }
}

fn one(args: &Args, path: &Path, options: &Options) -> Result<Hashed, mlbom_tree::Error> {
    mlbom_tree::hash(path, options, &Progress::new(TOOL, args.quiet))
}

/// The manifest in `file`, and nothing else.
fn read_manifest(file: &Path) -> Result<(mlbom::manifest::Manifest, Option<(u64, u64)>), Error> {
    let input = Input::open(file, mlbom::stream::MAX_BYTES)?;
    let manifest = mlbom::stream::one_manifest(&input.bytes)
        .map_err(|source| Error::Manifest { name: input.name.clone(), source })?;
    Ok((manifest, input.identity))
}
