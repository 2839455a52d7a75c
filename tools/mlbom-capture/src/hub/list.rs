//! `trees/<commit>.json`: what a commit holds, as the Hub said when a whole repository was fetched (huggingface_hub 1.33
//! and later, seen on disk).

use std::collections::BTreeMap;

use mlbom::evidence::{Severity, Source};
use mlbom_hub::{BlobId, Entry, Large};
use serde::Deserialize as _;
use serde_json::Value;

use super::check::{Claim, Content};
use crate::error::Error;
use crate::folder::{At, Folder};
use crate::scribe::{MAX_INDEX_BYTES, Scribe};

/// The version of the list that is known here.
const FORMAT_VERSION: u64 = 1;
/// The most entries that are said to be unreadable one by one.
const MAX_TOLD: usize = 20;

/// The files of a commit.
#[derive(Debug)]
pub(super) struct List {
    pub(super) at: At,
    /// By path; what is said of the content, nothing if it makes no sense.
    pub(super) files: BTreeMap<String, Vec<Claim>>,
}

impl List {
    /// Reads the list at `path` of `folder`; none if there is none that can be read.
    pub(super) fn read(scribe: &mut Scribe<'_>, folder: &Folder, path: &str) -> Result<Option<Self>, Error> {
        let Some((value, at)) = scribe.json(folder, path, MAX_INDEX_BYTES)? else { return Ok(None) };
        if value.get("format_version").and_then(Value::as_u64) != Some(FORMAT_VERSION) {
            scribe.unreadable(at.pointer("/format_version"), "version 1 was wanted");
            return Ok(None);
        }
        let Some(entries) = value.get("files").and_then(Value::as_object) else {
            scribe.unreadable(at.pointer("/files"), "an object was wanted");
            return Ok(None);
        };
        let mut files = BTreeMap::new();
        let (mut odd, mut forged) = (0usize, Vec::new());
        for (path, entry) in entries {
            let pointer = format!("/files/{}", escape(path));
            let claims = match entry_of(entry) {
                Some(entry) => claims(entry, &at, &pointer).unwrap_or_else(|disagree| {
                    forged.extend(disagree);
                    Vec::new()
                }),
                None => {
                    odd += 1;
                    if odd <= MAX_TOLD {
                        scribe.unreadable(at.pointer(&pointer), "size, blob_id and lfs_sha256 were wanted");
                    }
                    Vec::new()
                }
            };
            files.insert(path.clone(), claims);
        }
        if odd > MAX_TOLD {
            scribe.unreadable(at.pointer("/files"), &format!("{odd} entries make no sense"));
        }
        if !forged.is_empty() {
            // The commit names the pointer, and with it the digest: this list does not belong to any commit.
            let message = "the list of a commit names large files and git blobs that are not their pointers";
            forged.truncate(2 * MAX_TOLD);
            scribe.finding("MLB-TREE", Severity::High, message, forged);
        }
        Ok(Some(Self { at, files }))
    }

    /// Where the list names `path`.
    pub(super) fn pointer(&self, path: &str) -> Source {
        self.at.pointer(format!("/files/{}", escape(path)))
    }
}

/// A step of a JSON pointer (RFC 6901, 3).
fn escape(step: &str) -> String {
    step.replace('~', "~0").replace('/', "~1")
}

/// A listed file whose blob is named, as it is in every list that a library wrote.
fn entry_of(entry: &Value) -> Option<(Entry, BlobId)> {
    let entry = Entry::deserialize(entry).ok()?;
    Some((entry, entry.blob_id?))
}

/// What is said of the content, or the two that say different things.
fn claims(
    (entry, blob): (Entry, BlobId),
    at: &At,
    pointer: &str,
) -> Result<Vec<Claim>, Vec<(String, Source)>> {
    let place = |member: &str| at.pointer(format!("{pointer}/{member}"));
    let size = Claim { content: Content::Size(entry.size), source: place("size") };
    let Some(Large { sha256, size: lfs_size }) = entry.large else {
        return Ok(vec![size, Claim { content: Content::GitBlob(blob), source: place("blob_id") }]);
    };
    if let Some(of_pointer) = entry.other_pointer() {
        return Err(vec![
            (format!("git blob {blob}"), place("blob_id")),
            (format!("sha256 {sha256}, whose pointer is git blob {of_pointer}"), place("lfs_sha256")),
        ]);
    }
    let large = Claim { content: Content::Size(lfs_size), source: place("lfs_size") };
    Ok(vec![size, large, Claim { content: Content::Sha256(sha256), source: place("lfs_sha256") }])
}
