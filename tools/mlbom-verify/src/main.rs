//! Verifies signed statements against a model's bytes.

mod args;
mod bind;
mod cover;
mod documents;
mod error;
mod evidence;
mod hub_tree;
mod only;
mod pgp;
mod proof;
mod require;
mod say;
mod shards;
mod trust;
mod verify;

use std::path::Path;
use std::process::ExitCode;

use mlbom::cli::{self, Input, Output, Progress, Verdict};
use mlbom::manifest::Manifest;
use mlbom::path::RelPath;
use mlbom::report::{self, Outcome, Report};
use mlbom::shards::ShardManifest;
use mlbom::stream::Kind;
use mlbom::{json, stream};
use mlbom_hub::HubTree;
use mlbom_tree::Options;
use serde::Serialize;

use crate::args::Args;
use crate::error::Error;
use crate::evidence::Evidence;
use crate::only::Only;

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
    // A predicate carries no word of its own about where the digests are from, nor of how much was verified: the report is
    // where that is said.
    if args.allow_cached && args.extract.is_some() {
        return Err(Error::ExtractCached);
    }
    if !args.only.is_empty() && args.extract.is_some() {
        return Err(Error::ExtractPart);
    }
    // Keys and bundles first: a slip in them should not cost the hashing of a model.
    let hub_tree = args.hub_tree.as_deref().map(|file| read_hub_tree(file, &mut output)).transpose()?;
    let evidence = Evidence::read(args, &mut output)?;
    let only = Only(args.only.clone());
    match model(args, &evidence, &only, &mut output)? {
        Model::Files { manifest, shards, unread } => {
            let (path, hub_tree) = (args.model(), hub_tree.as_ref());
            let asked = verify::Asked { manifest, shards: &shards, path, only: &only, unread, hub_tree };
            finish(args, &output, &verify::verify(asked, &evidence, &args.require)?)
        }
        Model::Shards(manifest) => {
            if hub_tree.is_some() {
                return Err(Error::HubShards);
            }
            if !only.is_all() {
                return Err(Error::OnlyShards);
            }
            finish(args, &output, &verify::verify_shards(manifest, &evidence, &args.require, &only)?)
        }
    }
}

fn read_hub_tree(file: &Path, output: &mut Output) -> Result<(HubTree, String), Error> {
    let input = Input::open(file, mlbom_hub::MAX_BYTES as u64)?;
    output.protect(input.identity);
    let tree = HubTree::parse(&input.bytes);
    let tree = tree.map_err(|source| Error::HubTree { name: input.name.clone(), source })?;
    Ok((tree, input.base_name()))
}

fn finish<M: Serialize>(args: &Args, output: &Output, report: &Report<M>) -> Result<Verdict, Error> {
    if !args.quiet {
        say::reasons(report);
    }
    let verdict = if report.result == Outcome::Held { Verdict::Pass } else { Verdict::Fail };
    let document = match &args.extract {
        // What was to be verified leaves only after it held.
        Some(_) if verdict == Verdict::Fail => return Ok(Verdict::Fail),
        Some(wanted) => require::extract(report, wanted)?.as_bytes().to_vec(),
        None => line(report)?,
    };
    Ok(cli::deliver(verdict, output.write(&document))?)
}

fn line<M: Serialize>(report: &Report<M>) -> Result<Vec<u8>, Error> {
    let mut line = serde_json::to_string(report).map_err(Error::Write)?;
    // A yes that no policy can read is none: a predicate may be too long, or too deep once it is inside a report.
    if line.len() as u64 >= report::MAX_BYTES {
        return Err(Error::LongReport);
    }
    json::check(&line).map_err(Error::Report)?;
    line.push('\n');
    Ok(line.into_bytes())
}

/// The model as it is now.
enum Model {
    /// By its files, and by their shards of each length that a statement wants.
    Files { manifest: Manifest, shards: Vec<ShardManifest>, unread: Vec<RelPath> },
    /// By shards of one length alone.
    Shards(ShardManifest),
}

/// Hashes the model, or takes what the tool before this one hashed.
fn model(args: &Args, evidence: &Evidence, only: &Only, output: &mut Output) -> Result<Model, Error> {
    let Some(path) = args.model() else {
        let input = Input::stdin(stream::MAX_BYTES)?;
        output.protect(input.identity);
        return read_model(args, &input.bytes, evidence, only);
    };
    output.check()?;
    let sizes = shards::sizes_wanted(evidence)?;
    let progress = Progress::new(TOOL, args.quiet);
    let options = Options { only: args.only.clone(), ..Options::default() };
    let (hashed, shards) = mlbom_tree::hash_both(path, &options, &sizes, &progress)?;
    hashed.identities.into_iter().for_each(|identity| output.protect(Some(identity)));
    Ok(Model::Files { manifest: hashed.manifest, shards, unread: hashed.unread })
}

fn read_model(args: &Args, bytes: &[u8], evidence: &Evidence, only: &Only) -> Result<Model, Error> {
    let documents = stream::documents(bytes).map_err(|err| Error::Manifest(err.into()))?;
    if let [document] = documents.as_slice()
        && document.kind == Kind::ShardManifest
    {
        let manifest = ShardManifest::parse(document.text).map_err(Error::Shards)?;
        shards::refuse_others(evidence, &manifest)?;
        return Ok(Model::Shards(manifest));
    }
    let manifest = stream::one_manifest(bytes).map_err(Error::Manifest)?;
    // A digest that was taken from a list proves nothing about the bytes.
    if let Some(file) = manifest.taken_over()
        && !args.allow_cached
    {
        let source_named = file.digest_source.chars().take(40).collect();
        return Err(Error::DigestSource { path: file.path.clone(), source_named });
    }
    shards::refuse_shards(evidence)?;
    // Nothing signed is held against the tensors: a report that listed them would say more than was checked.
    let manifest = manifest.without_tensors();
    if !manifest.files().iter().any(|file| only.covers(&file.path)) {
        return Err(Error::OnlyNothing);
    }
    Ok(Model::Files { manifest, shards: Vec::new(), unread: Vec::new() })
}
