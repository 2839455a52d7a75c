//! Documents that were signed as they are, without an envelope: a manifest, a bill of materials or a statement.

use std::collections::BTreeMap;

use mlbom::manifest::{self, Manifest};
use mlbom::report::{Binding, BomFiles, Check, StatementKind};
use mlbom::stream::{self, Document, Kind};
use mlbom_bom::FileList;
use mlbom_sigstore::statement::{CYCLONEDX, Statement};
use serde_json::value::RawValue;

use crate::bind::{self, Bound};
use crate::cover::Model;
use crate::verify::{About, Stopped};

const SIGN_ANEW: &str = "sign what mlbom-hash or mlbom-compose wrote, or a statement, one document a file";

/// Binds the one document that `bytes` are.
pub(crate) fn bind_document(bytes: &[u8], model: &Model<'_>) -> Result<About, Stopped> {
    let wrong = |reason: String| Stopped::new(Check::failed("statement", reason, SIGN_ANEW));
    let documents = stream::documents(bytes).map_err(|err| wrong(mlbom::cli::chain(&err)))?;
    let [document] = documents.as_slice() else {
        return Err(wrong(format!("what was signed holds {} documents, one was wanted", documents.len())));
    };
    let raw = RawValue::from_string(document.text.to_owned());
    let predicate = raw.map_err(|err| wrong(mlbom::cli::chain(&err)))?;
    let held = vec!["statement"];
    let after = |check| Stopped::after(&held, check);
    let (predicate_type, predicate, bound) = match document.kind {
        Kind::Manifest => {
            let bound = of_manifest(document, model).map_err(after)?;
            (manifest::TYPE.to_owned(), predicate, bound)
        }
        Kind::CycloneDx => (CYCLONEDX.to_owned(), predicate, of_bom(document.text, model).map_err(after)?),
        Kind::Statement => {
            let statement =
                Statement::parse(document.text.as_bytes()).map_err(|err| wrong(mlbom::cli::chain(&err)))?;
            let bound = bind::bind(&statement, model).map_err(after)?;
            (statement.predicate_type.clone(), statement.predicate.to_owned(), bound)
        }
        _ => return Err(wrong(format!("what was signed is {}", document.kind.name()))),
    };
    let mut held = held;
    held.extend(["subject", "files", "exclusions"]);
    if bound.bom_files == Some(BomFiles::Equal) {
        held.push("bom-files");
    }
    Ok(About { annotations: BTreeMap::new(), predicate_type, predicate, bound, held })
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
        let reason =
            "the manifest that was signed is of a directory and the model a file, or the other way about";
        return Err(Check::failed("subject", reason, "give what was signed").into());
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
