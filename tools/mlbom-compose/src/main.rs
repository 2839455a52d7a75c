//! Composes a bill of materials from the documents on standard input: a pure function of them and of its flags.

mod args;
mod error;

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::process::ExitCode;

use mlbom::cli::{self, Input, Output, Verdict};
use mlbom::evidence::{self, Entity, Evidence, Role};
use mlbom::manifest::{self, Manifest};
use mlbom::stream::{self, Document, Kind};
use mlbom::time::Timestamp;
use mlbom_bom::record::Record;
use mlbom_bom::{Bom, Losses, Model, Producer};

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
    let (mut output, mut loss) =
        (Output::new(args.output.as_deref()), args.loss.as_deref().map(|path| Output::new(Some(path))));
    if args.loss.is_some() && args.loss == args.output {
        return Err(Error::SameFile);
    }
    let input = Input::stdin(stream::MAX_BYTES)?;
    output.protect(input.identity);
    if let Some(loss) = &mut loss {
        loss.protect(input.identity);
    }
    let documents = stream::documents(&input.bytes)?;
    for expect in &args.expect {
        check_count(&documents, expect)?;
    }
    let manifest = only_manifest(&documents)?;
    let model = Model::of(&manifest, args.name.as_deref(), args.model_version.as_deref());
    let (record, producers) = record(&documents, &model)?;
    let producer = Producer { name: TOOL, version: env!("CARGO_PKG_VERSION") };
    let bom = Bom { model, timestamp, producer, record, producers };
    let format = args.format.0;
    let mut projection = (format.write)(&bom).map_err(Error::Write)?;
    if let Some(loss) = loss {
        let losses = serde_json::to_string(&Losses::of(format.name, &projection)).map_err(Error::Write)?;
        loss.write(format!("{losses}\n").as_bytes())?;
    }
    projection.text.push('\n');
    let written = output.write(projection.text.as_bytes());
    if let (Err(_), Some(path)) = (&written, &args.loss) {
        // Losses of a bill that is not there would be taken for those of another.
        let _ = fs::remove_file(path);
    }
    Ok(cli::deliver(Verdict::Pass, written)?)
}

fn check_count(documents: &[Document<'_>], expect: &Expect) -> Result<(), Error> {
    let found = documents.iter().filter(|document| document.kind == expect.kind).count();
    if found == expect.count {
        return Ok(());
    }
    let kind = if expect.kind == Kind::Evidence { evidence::TYPE } else { manifest::TYPE };
    Err(Error::Expected { kind, found, wanted: expect.count })
}

/// The one manifest in the stream. A model without one is not bound to any bytes, and gets no bill.
fn only_manifest(documents: &[Document<'_>]) -> Result<Manifest, Error> {
    let known = |document: &&Document<'_>| matches!(document.kind, Kind::Manifest | Kind::Evidence);
    if let Some(other) = documents.iter().find(|document| !known(document)) {
        return Err(Error::Other(other.kind.name().to_owned()));
    }
    let mut manifests = documents.iter().filter(|document| document.kind == Kind::Manifest);
    match (manifests.next(), manifests.count()) {
        (Some(document), 0) => Ok(Manifest::of(document)?),
        (first, more) => Err(Error::ManyManifests(usize::from(first.is_some()) + more)),
    }
}

/// All evidence as one document, and who captured it. Each document has to be about `model`.
fn record(
    documents: &[Document<'_>],
    about: &Model,
) -> Result<(Evidence, BTreeSet<evidence::Producer>), Error> {
    let (mut record, mut producers) = (Record::default(), BTreeSet::new());
    let model =
        Entity { id: evidence::MODEL.to_owned(), role: Role::Model, name: evidence::MODEL.to_owned() };
    record.entity(model)?;
    for document in documents.iter().filter(|document| document.kind == Kind::Evidence) {
        let evidence = Evidence::parse(document.text)?;
        about.check(&evidence)?;
        producers.insert(evidence.producer.clone());
        record.add(&evidence)?;
    }
    let producer =
        evidence::Producer { name: TOOL.to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() };
    Ok((record.finish(producer)?, producers))
}
