//! Documents that were signed as they are, without an envelope: a manifest, a bill of materials or a statement.

use std::collections::BTreeMap;

use mlbom::manifest::{self, Manifest};
use mlbom::report::{Binding, BomFiles, Check, StatementKind};
use mlbom::shards::{self, ShardManifest};
use mlbom::stream::{self, Document, Kind};
use mlbom_bom::FileList;
use mlbom_sigstore::statement::CYCLONEDX;
use serde_json::value::RawValue;

use crate::bind::{self, Bound};
use crate::cover::Model;
use crate::shards::{ShardModel, other_length};
use crate::verify::{self, About, Stopped};

const SIGN_ANEW: &str = "sign what mlbom-hash or mlbom-compose wrote, or a statement, one document a file";

/// The one document that `bytes` are.
pub(crate) fn only(bytes: &[u8]) -> Result<Document<'_>, Stopped> {
    let mut documents = stream::documents(bytes).map_err(|err| wrong(mlbom::cli::chain(&err)))?;
    match (documents.pop(), documents.len()) {
        (Some(document), 0) => Ok(document),
        (_, others) => Err(wrong(format!("what was signed holds {} documents, one was wanted", others + 1))),
    }
}

/// Binds the one document that `bytes` are.
pub(crate) fn bind_document(bytes: &[u8], model: &Model<'_>) -> Result<About, Stopped> {
    let document = only(bytes)?;
    let after = |check| Stopped::after(&["statement"], check);
    match &document.kind {
        Kind::Manifest => about(&document, manifest::TYPE, of_manifest(&document, model).map_err(after)?),
        Kind::ShardManifest => {
            let signed = shard_manifest(&document)?;
            let model = ShardModel::of(model, signed.shard_size());
            let bound = model.map_or_else(|| Err(other_length()), |model| model.bind_manifest(&signed));
            about(&document, shards::TYPE, bound.map_err(after)?)
        }
        Kind::CycloneDx => about(&document, CYCLONEDX, of_bom(document.text, model).map_err(after)?),
        Kind::Statement => {
            verify::of_payload(document.text.as_bytes(), |statement| bind::bind(statement, model))
        }
        other => Err(of_no_kind(other)),
    }
}

/// The same where the model is known by its shards alone: whatever is not over these was refused before.
pub(crate) fn bind_to_shards(bytes: &[u8], model: &ShardModel<'_>) -> Result<About, Stopped> {
    let document = only(bytes)?;
    match &document.kind {
        Kind::ShardManifest => {
            let bound = model.bind_manifest(&shard_manifest(&document)?);
            about(&document, shards::TYPE, bound.map_err(|check| Stopped::after(&["statement"], check))?)
        }
        Kind::Statement => verify::of_payload(document.text.as_bytes(), |statement| model.bind(statement)),
        other => Err(of_no_kind(other)),
    }
}

fn about(document: &Document<'_>, r#type: &str, bound: Bound) -> Result<About, Stopped> {
    let predicate = RawValue::from_string(document.text.to_owned());
    let predicate = predicate.map_err(|err| wrong(mlbom::cli::chain(&err)))?;
    let mut held = vec!["statement", "subject", "files", "exclusions"];
    if bound.bom_files == Some(BomFiles::Equal) {
        held.push("bom-files");
    }
    Ok(About { annotations: BTreeMap::new(), predicate_type: r#type.to_owned(), predicate, bound, held })
}

fn wrong(reason: String) -> Stopped {
    Stopped::new(Check::failed("statement", reason, SIGN_ANEW))
}

fn of_no_kind(kind: &Kind) -> Stopped {
    wrong(format!("what was signed is {}", kind.name()))
}

fn shard_manifest(document: &Document<'_>) -> Result<ShardManifest, Stopped> {
    ShardManifest::parse(document.text)
        .map_err(|err| wrong(format!("what was signed: {}", mlbom::cli::chain(&err))))
}

/// Of a directory and a file, or the other way about.
pub(crate) fn other_kind() -> Box<Check> {
    let reason =
        "the manifest that was signed is of a directory and the model a file, or the other way about";
    Check::failed("subject", reason, "give what was signed").into()
}

fn of_manifest(document: &Document<'_>, model: &Model<'_>) -> Result<Bound, Box<Check>> {
    let signed = Manifest::of(document).map_err(|err| {
        Box::new(Check::failed(
            "statement",
            format!("what was signed: {}", mlbom::cli::chain(&err)),
            SIGN_ANEW,
        ))
    })?;
    if let Some(file) = signed.taken_over() {
        let reason =
            format!("the digests of {:?} that were signed were not computed from the file", file.path);
        return Err(Check::failed("statement", reason, "hash the model itself, and sign that").into());
    }
    if signed.kind() != model.manifest.kind() {
        return Err(other_kind());
    }
    let listed = signed.files().iter().map(|file| (file.path.clone(), file.digests.sha256)).collect();
    let ignored = signed.excluded().iter().map(|entry| entry.path.clone()).collect();
    let cover = model.covered_by(&listed, &ignored)?;
    Ok(Bound { kind: StatementKind::Manifest, binding: Binding::Files, bom_files: None, cover })
}

fn of_bom(text: &str, model: &Model<'_>) -> Result<Bound, Box<Check>> {
    let released = bind::released(text)?;
    let FileList::Listed { files, complete: true } = &released.files else {
        let reason = "the BOM does not say that it lists every file of its model";
        return Err(
            Check::failed("subject", reason, "sign it with mlbom-sign, its manifest beside it").into()
        );
    };
    let cover = bind::bom_cover(model, files, &released)?;
    let bom_files = Some(BomFiles::Equal);
    Ok(Bound { kind: StatementKind::Bom, binding: Binding::Files, bom_files, cover })
}
