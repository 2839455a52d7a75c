//! A manifest of each model that is named.

use std::sync::Arc;

use mlbom::cli::{self, Output, Progress, Verdict};
use mlbom_tree::{Known, Options};

use crate::TOOL;
use crate::args::Args;
use crate::error::Error;
use crate::known::Sources;

/// Writes one manifest a path, and nothing at all unless every path could be hashed.
pub(crate) fn run(args: &Args, progress: Progress) -> Result<Verdict, Error> {
    let mut output = Output::new(args.output.as_deref());
    let sources = Sources::read(args, &mut output)?;
    let known = sources.clone().map(|sources| sources as Arc<dyn Known>);
    let options = Options { known, ..args.options() };
    let (mut lines, mut models, mut failed) = (Vec::new(), Vec::new(), Vec::new());
    for path in &args.paths {
        match mlbom_tree::hash(path, &options, &progress) {
            Ok(hashed) => {
                hashed.identities.iter().for_each(|identity| output.protect(Some(*identity)));
                serde_json::to_writer(&mut lines, &hashed.manifest).map_err(Error::Write)?;
                lines.push(b'\n');
                if sources.is_some() {
                    models.push(hashed);
                }
            }
            Err(err) => failed.push(err),
        }
    }
    drop(progress);
    // Every path that fails is said; the last one by `finish`.
    if let Some(last) = failed.pop() {
        failed.iter().for_each(|err| cli::say(TOOL, &cli::chain(err)));
        return Err(last.into());
    }
    // Before the document, so that there is none if this fails.
    if let Some(sources) = sources {
        sources.keep(&models, &mut output)?;
    }
    Ok(cli::deliver(Verdict::Pass, output.write(&lines))?)
}
