//! `--part` and `--merge`: one model, hashed by several machines.

use std::path::Path;

use mlbom::cli::{self, Input, Output, Progress, Verdict};
use mlbom::part::{Part, Parts, Share};
use mlbom::stream::{self, Kind};

use crate::args::Args;
use crate::error::Error;
use crate::model;

/// Writes the part `share` of the one model that is named.
pub(crate) fn run(args: &Args, share: Share, progress: Progress) -> Result<Verdict, Error> {
    let path = match args.paths.as_slice() {
        [path] => path,
        paths => return Err(Error::ManyParts(paths.len())),
    };
    let mut output = crate::output(args, &progress)?;
    let hashed = mlbom_tree::hash_part(path, &args.options(), share, &progress)?;
    drop(progress);
    let mut line = Vec::new();
    model::add(&mut line, &mut output, &path.display().to_string(), &hashed.part, &hashed.identities)?;
    Ok(cli::deliver(Verdict::Pass, output.write(&line))?)
}

/// Writes the manifest that the parts in the files make. They are read one after the other; the text of one is gone
/// when the next is read.
pub(crate) fn merge(args: &Args) -> Result<Verdict, Error> {
    let mut output = Output::new(args.output.as_deref());
    if args.paths.iter().filter(|path| path.as_path() == Path::new("-")).count() > 1 {
        return Err(Error::TwoInputs);
    }
    let mut parts = Parts::default();
    for path in &args.paths {
        let input = Input::open(path, stream::MAX_BYTES)?;
        output.protect(input.identity);
        let failed = |source| Error::Stream { name: input.name.clone(), source };
        let documents = stream::documents(&input.bytes).map_err(failed)?;
        let several = documents.len() > 1;
        for (number, document) in (1..).zip(documents) {
            let name =
                if several { format!("{}: document {number}", input.name) } else { input.name.clone() };
            if document.kind != Kind::Part {
                return Err(Error::NotAPart { name, found: document.kind.name().to_owned() });
            }
            let part = Part::parse(document.text)
                .map_err(|source| Error::Part { name: name.clone(), source: Box::new(source) })?;
            parts.add(&name, part).map_err(Box::new)?;
        }
    }
    let manifest = parts.join().map_err(Box::new)?;
    let mut line = Vec::new();
    model::add(&mut line, &mut output, manifest.name(), &manifest, &[])?;
    Ok(cli::deliver(Verdict::Pass, output.write(&line))?)
}
