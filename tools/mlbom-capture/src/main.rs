//! Captures how a model was made from what training left on disk, each value with how it is known.

mod args;
mod capture;
mod checks;
mod error;
mod folder;
mod hub;
mod readers;
mod scribe;
mod secrets;
#[cfg(test)]
mod testing;

use std::env;
use std::process::ExitCode;

use mlbom::cli::{self, Input, Output, Progress, Verdict};
use mlbom::manifest::Manifest;
use mlbom::stream::{self, Document, Kind};

use crate::args::Args;
use crate::error::Error;

const TOOL: &str = "mlbom-capture";

fn main() -> ExitCode {
    cli::main(TOOL, run)
}

fn run(args: &Args) -> Result<Verdict, Error> {
    let mut output = Output::new(args.output.as_deref());
    let input = args.stdin.as_ref().map(|_| Input::stdin(stream::MAX_BYTES)).transpose()?;
    let documents = match &input {
        Some(input) => {
            output.protect(input.identity);
            stream::documents(&input.bytes)?
        }
        None => Vec::new(),
    };
    let manifest = manifest_of(&documents, args)?;
    let progress = Progress::new(TOOL, args.quiet);
    let machine = readers::Machine { variables: env::vars_os().collect(), root: "/".into() };
    let captured = capture::capture(args, manifest, &machine, &progress)?;
    drop(progress);
    captured.identities.iter().for_each(|identity| output.protect(Some(*identity)));
    let mut text = String::new();
    for document in &documents {
        text.push_str(document.text);
        text.push('\n');
    }
    text.push_str(&serde_json::to_string(&captured.evidence).map_err(Error::Write)?);
    text.push('\n');
    Ok(cli::deliver(Verdict::Pass, output.write(text.as_bytes()))?)
}

/// The manifest of the model, if one came in. Several may pass through, but then none can be said to be the model's.
fn manifest_of(documents: &[Document<'_>], args: &Args) -> Result<Option<Manifest>, Error> {
    if documents.iter().any(|document| document.kind == Kind::Part) {
        return Err(Error::Part);
    }
    let manifests: Vec<_> = documents.iter().filter(|document| document.kind == Kind::Manifest).collect();
    match manifests.as_slice() {
        [document] => {
            let manifest = Manifest::of(document)?;
            // What follows from its digests is said to be computed.
            let taken = manifest.taken_over().map(|file| Error::DigestSource(file.path.clone()));
            taken.map_or(Ok(Some(manifest)), Err)
        }
        many if many.len() > 1 && args.model.is_some() => Err(Error::ManyManifests(many.len())),
        _ => Ok(None),
    }
}
