//! Files of weights, and what is kept of each header.

use std::collections::{BTreeMap, BTreeSet};

use mlbom::evidence::Severity;
use mlbom_formats::safetensors::{Header, MAX_TENSORS};

use crate::error::Error;
use crate::folder::{At, Folder};
use crate::readers::{header, local};
use crate::scribe::Scribe;

/// The most bytes of the names of all tensors of a model.
const MAX_NAMES_BYTES: usize = 256 << 20;
/// The most entries of `__metadata__`, and their most bytes: some tools keep tables in there.
const MAX_METADATA: usize = 64;
const MAX_METADATA_BYTES: usize = 1024;

/// What is kept of the header of one file.
#[derive(Debug)]
pub(crate) struct Shard {
    pub(crate) path: String,
    pub(crate) at: At,
    /// Sorted.
    pub(crate) names: Vec<String>,
    pub(crate) elements: u64,
    pub(crate) bytes: u64,
    pub(crate) dtypes: BTreeSet<String>,
    pub(crate) metadata: BTreeMap<String, String>,
}

/// The headers of all of `paths`; none if one of them cannot be read.
pub(crate) fn all(
    scribe: &mut Scribe<'_>,
    folder: &Folder,
    paths: &BTreeSet<String>,
) -> Result<Option<Vec<Shard>>, Error> {
    let mut shards = Vec::new();
    let (mut tensors, mut names_bytes) = (0_usize, 0_usize);
    let mut whole = !paths.is_empty();
    for path in paths {
        let Some(file) = folder.file(path) else { continue };
        let Some(header) = header::read(scribe, folder, file)? else {
            whole = false;
            continue;
        };
        let at = folder.at(file);
        if let Some(first) = header.repeated.first() {
            let first: String = first.chars().take(200).collect();
            let message = format!(
                "{path} gives {} tensors more than once, the first {first:?}: readers differ in which they take",
                header.repeated.len()
            );
            scribe.finding("MLB-TENSOR-REPEATED", Severity::High, &message, [(first, at.whole())]);
        }
        tensors = tensors.saturating_add(header.tensors.len());
        names_bytes =
            header.tensors.iter().fold(names_bytes, |sum, tensor| sum.saturating_add(tensor.name.len()));
        if tensors > MAX_TENSORS || names_bytes > MAX_NAMES_BYTES {
            scribe.unreadable(
                &at,
                &format!("more than {MAX_TENSORS} tensors, or {MAX_NAMES_BYTES} bytes of names, up to here"),
            );
            return Ok(None);
        }
        match shard(path, &at, header) {
            Some(shard) => shards.push(shard),
            None => {
                scribe.unreadable(&at, "more elements than 64 bits count");
                whole = false;
            }
        }
    }
    Ok(whole.then_some(shards))
}

fn shard(path: &str, at: &At, header: Header) -> Option<Shard> {
    let elements = header.tensors.iter().try_fold(0_u64, |sum, tensor| sum.checked_add(tensor.elements))?;
    let dtypes = header.tensors.iter().map(|tensor| tensor.dtype.name).collect::<BTreeSet<_>>();
    let kept = |(key, text): &(String, String)| {
        key.len() <= 128 && text.len() <= MAX_METADATA_BYTES && !local::holds_absolute(text)
    };
    Some(Shard {
        path: path.to_owned(),
        at: at.clone(),
        elements,
        bytes: header.data_bytes,
        dtypes: dtypes.into_iter().map(ToOwned::to_owned).collect(),
        metadata: header.metadata.into_iter().filter(kept).take(MAX_METADATA).collect(),
        names: header.tensors.into_iter().map(|tensor| tensor.name).collect(),
    })
}
