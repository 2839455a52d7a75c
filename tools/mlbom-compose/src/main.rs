//! Composes a bill of materials from the documents on standard input: a pure function of them and of its flags.

mod args;
mod error;

use std::env;
use std::process::ExitCode;

use mlbom::cli::{self, Input, Output, Verdict};
use mlbom::manifest::Manifest;
use mlbom::stream::{self, Document, Kind};
use mlbom::time::Timestamp;
use mlbom_bom::{Bom, Model, Producer};

use crate::args::{Args, Expect};
use crate::error::Error;

const TOOL: &str = "mlbom-compose";

fn main() -> ExitCode {
    // The one variable that changes a result; lib takes no environment.
    let epoch = env::var_os("SOURCE_DATE_EPOCH").map(|value| value.to_string_lossy().into_owned());
    cli::main(TOOL, |args| run(args, epoch.as_deref()))
}

fn run(args: &Args, epoch: Option<&str>) -> Result<Verdict, Error> {
    let timestamp = match (args.timestamp, epoch) {
        (Some(time), _) => Some(time),
        (None, Some(epoch)) => Some(Timestamp::from_epoch(epoch).map_err(Error::Epoch)?),
        (None, None) => None,
    };
    let mut output = Output::new(args.output.as_deref());
    let input = Input::stdin(stream::MAX_BYTES)?;
    output.protect(input.identity);
    let documents = stream::documents(&input.bytes)?;
    let manifest = only_manifest(&documents, args.expect.as_ref())?;
    let bom = Bom {
        model: Model::of(&manifest, args.name.as_deref(), args.model_version.as_deref()),
        timestamp,
        producer: Producer { name: TOOL, version: env!("CARGO_PKG_VERSION") },
    };
    let mut text = (args.format.0.write)(&bom).map_err(Error::Write)?;
    text.push('\n');
    Ok(cli::deliver(Verdict::Pass, output.write(text.as_bytes()))?)
}

/// The one manifest in the stream. A model without one is not bound to any bytes, and gets no bill.
fn only_manifest(documents: &[Document<'_>], expect: Option<&Expect>) -> Result<Manifest, Error> {
    let manifests = documents.iter().filter(|document| document.kind == Kind::Manifest).count();
    if let Some(other) = documents.iter().find(|document| document.kind != Kind::Manifest) {
        return Err(Error::Other(other.kind.name().to_owned()));
    }
    if let Some(expect) = expect
        && expect.manifests != manifests
    {
        return Err(Error::Expected { found: manifests, wanted: expect.manifests });
    }
    match documents {
        [document] => Ok(Manifest::parse(document.text)?),
        _ => Err(Error::ManyManifests(manifests)),
    }
}
