//! A manifest of each model that is named.

use std::sync::Arc;

use mlbom::cli::{self, Output, Progress, Verdict};
use mlbom::stream;
use mlbom_tree::{Known, Options};
use serde::Serialize;

use crate::TOOL;
use crate::args::Args;
use crate::error::Error;
use crate::known::Sources;

/// Writes one manifest a path, and nothing at all unless every path could be hashed.
pub(crate) fn run(args: &Args, progress: Progress) -> Result<Verdict, Error> {
    let mut output = crate::output(args, &progress)?;
    let sources = Sources::read(args, &mut output)?;
    let known = sources.clone().map(|sources| sources as Arc<dyn Known>);
    let options = Options { known, ..args.options() };
    let (mut lines, mut models, mut failed) = (Vec::new(), Vec::new(), Vec::new());
    for path in &args.paths {
        match mlbom_tree::hash(path, &options, &progress) {
            Ok(hashed) => {
                add(&mut lines, &mut output, hashed.manifest.name(), &hashed.manifest, &hashed.identities)?;
                if sources.is_some() {
                    models.push(hashed);
                }
            }
            Err(err) => failed.push(err),
        }
    }
    drop(progress);
    refuse(failed)?;
    // Before the document, so that there is none if this fails.
    if let Some(sources) = sources {
        sources.keep(&models, &mut output)?;
    }
    Ok(cli::deliver(Verdict::Pass, output.write(&lines))?)
}

/// Writes one manifest of shards a path, or nothing at all.
pub(crate) fn run_shards(args: &Args, shard_size: u64, progress: Progress) -> Result<Verdict, Error> {
    let mut output = crate::output(args, &progress)?;
    let (mut lines, mut failed) = (Vec::new(), Vec::new());
    for path in &args.paths {
        match mlbom_tree::hash_shards(path, &args.options(), shard_size, &progress) {
            Ok(hashed) => {
                add(&mut lines, &mut output, hashed.manifest.name(), &hashed.manifest, &hashed.identities)?;
            }
            Err(err) => failed.push(err),
        }
    }
    drop(progress);
    refuse(failed)?;
    Ok(cli::deliver(Verdict::Pass, output.write(&lines))?)
}

/// Adds a document as a line, if it is one that can be read again.
pub(crate) fn add(
    lines: &mut Vec<u8>,
    output: &mut Output,
    name: &str,
    document: &impl Serialize,
    identities: &[(u64, u64)],
) -> Result<(), Error> {
    identities.iter().for_each(|identity| output.protect(Some(*identity)));
    let before = lines.len();
    serde_json::to_writer(&mut *lines, document).map_err(Error::Write)?;
    lines.push(b'\n');
    if (lines.len() - before) as u64 > stream::MAX_BYTES {
        return Err(Error::Long { name: name.to_owned() });
    }
    Ok(())
}

/// Says every path that failed; the last one is for whoever ends the run.
fn refuse(mut failed: Vec<mlbom_tree::Error>) -> Result<(), Error> {
    let Some(last) = failed.pop() else { return Ok(()) };
    failed.iter().for_each(|err| cli::say(TOOL, &cli::chain(err)));
    Err(last.into())
}
