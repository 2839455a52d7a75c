//! What a CycloneDX document says about the model's files: read from anybody's, written by us or not.

use std::collections::{BTreeMap, BTreeSet};

use mlbom::digest::Sha256;
use mlbom::json;
use mlbom::manifest::{COMPUTED, model_digests};
use mlbom::path::{Refused, RelPath};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::{DIGEST_SOURCE, DIR_HASH, EXCLUDED, OMS_ROOT};

/// The part of a bill that binds it to files.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Released {
    /// The files that it lists under its subject.
    pub files: FileList,
    /// What its manifest left out.
    pub excluded: BTreeSet<RelPath>,
    /// The first file whose digest was taken over from somewhere, by the bill's own word: nothing binds it to bytes.
    pub taken_over: Option<RelPath>,
}

/// The `file` components under `metadata.component`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum FileList {
    /// There are none: the bill says nothing of files.
    Absent,
    /// At least one, each with its SHA-256.
    Listed {
        /// By path, in byte order.
        files: BTreeMap<RelPath, Sha256>,
        /// Whether a composition says that these are all.
        complete: bool,
    },
}

/// Why a bill's word on files cannot be taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// A digest of the model that its files do not give.
    #[error("{what} is {listed}, the files listed give {found}")]
    Contradiction {
        /// Which digest.
        what: &'static str,
        /// What the document says.
        listed: String,
        /// What its files give.
        found: Sha256,
    },
    /// Not JSON, or not CycloneDX where it matters here.
    #[error("not a CycloneDX document")]
    Json(#[source] json::Error),
    /// Two components for one path.
    #[error("file component {0:?} is listed twice")]
    Repeated(RelPath),
    /// No path: it cannot be a file of the model.
    #[error("file component {name:?} {why}")]
    Name {
        /// As written.
        name: String,
        /// What is wrong with it.
        why: Refused,
    },
    /// A file without a SHA-256, or with two.
    #[error("file component {0:?} does not have one SHA-256")]
    NoDigest(RelPath),
    /// A path left out that is no path.
    #[error("property {EXCLUDED} {name:?} {why}")]
    Excluded {
        /// As written.
        name: String,
        /// What is wrong with it.
        why: Refused,
    },
}

#[derive(Deserialize)]
struct Wire {
    #[serde(rename = "bomFormat")]
    _bom_format: Marker,
    metadata: Option<Metadata>,
    #[serde(default)]
    compositions: Vec<Composition>,
}

#[derive(Deserialize)]
enum Marker {
    CycloneDX,
}

#[derive(Deserialize)]
struct Metadata {
    component: Option<Component>,
}

#[derive(Deserialize)]
struct Component {
    r#type: String,
    name: String,
    #[serde(rename = "bom-ref")]
    bom_ref: Option<String>,
    #[serde(default)]
    hashes: Vec<Hash>,
    #[serde(default)]
    properties: Vec<Property>,
    #[serde(default)]
    components: Vec<Component>,
}

#[derive(Deserialize)]
struct Hash {
    alg: String,
    content: String,
}

#[derive(Deserialize)]
struct Property {
    name: String,
    value: Option<String>,
}

#[derive(Deserialize)]
struct Composition {
    aggregate: String,
    #[serde(default)]
    assemblies: Vec<String>,
    #[serde(rename = "signature")]
    _signature: Option<IgnoredAny>,
}

/// Reads what the CycloneDX document `text` says about the files of its subject. The text is strict JSON: it comes from a
/// statement or a stream, which were checked whole.
///
/// A `mlbom:dirHash` or `mlbom:omsRoot` that does not follow from the files listed is an error: digests are taken from
/// the list, never from a property.
pub fn read(text: &str) -> Result<Released, ReadError> {
    let wire: Wire = json::parse_checked(text).map_err(ReadError::Json)?;
    let Some(subject) = wire.metadata.and_then(|metadata| metadata.component) else {
        return Ok(Released { files: FileList::Absent, excluded: BTreeSet::new(), taken_over: None });
    };
    let mut files = BTreeMap::new();
    let mut taken_over: Option<RelPath> = None;
    for component in subject.components.iter().filter(|component| component.r#type == "file") {
        let name = &component.name;
        let path = RelPath::parse(name).map_err(|why| ReadError::Name { name: name.clone(), why })?;
        let digest = only_sha256(&component.hashes).ok_or_else(|| ReadError::NoDigest(path.clone()))?;
        if files.insert(path.clone(), digest).is_some() {
            return Err(ReadError::Repeated(path));
        }
        if is_taken_over(component) && taken_over.as_ref().is_none_or(|first| path < *first) {
            taken_over = Some(path);
        }
    }
    let excluded = excluded(&subject)?;
    if files.is_empty() {
        return Ok(Released { files: FileList::Absent, excluded, taken_over });
    }
    check_claims(&subject, &files)?;
    let complete = wire.compositions.iter().any(|composition| {
        composition.aggregate == "complete"
            && subject.bom_ref.as_ref().is_some_and(|subject| composition.assemblies.contains(subject))
    });
    Ok(Released { files: FileList::Listed { files, complete }, excluded, taken_over })
}

/// A bill of ours says so of every file whose digest it did not get from the bytes, and says nothing of the others.
fn is_taken_over(component: &Component) -> bool {
    let mut sources = component.properties.iter().filter(|property| property.name == DIGEST_SOURCE);
    sources.any(|source| source.value.as_deref() != Some(COMPUTED))
}

fn only_sha256(hashes: &[Hash]) -> Option<Sha256> {
    let mut found = hashes.iter().filter(|hash| hash.alg == "SHA-256");
    match (found.next(), found.next()) {
        // The format takes upper case as well.
        (Some(hash), None) => hash.content.to_ascii_lowercase().parse().ok(),
        _ => None,
    }
}

fn excluded(subject: &Component) -> Result<BTreeSet<RelPath>, ReadError> {
    let mut paths = BTreeSet::new();
    for property in subject.properties.iter().filter(|property| property.name == EXCLUDED) {
        let name = property.value.clone().unwrap_or_default();
        paths.insert(RelPath::parse(&name).map_err(|why| ReadError::Excluded { name: name.clone(), why })?);
    }
    Ok(paths)
}

fn check_claims(subject: &Component, files: &BTreeMap<RelPath, Sha256>) -> Result<(), ReadError> {
    let (dir_hash, oms_root) = model_digests(files.iter());
    for (what, found) in [(DIR_HASH, dir_hash), (OMS_ROOT, oms_root)] {
        for property in subject.properties.iter().filter(|property| property.name == what) {
            let listed = property.value.clone().unwrap_or_default();
            if listed != found.to_string() {
                return Err(ReadError::Contradiction { what, listed, found });
            }
        }
    }
    // In a foreign bill the subject's digest may be of an archive or anything else; in ours it is the model's.
    let ours = subject.properties.iter().any(|property| property.name == DIR_HASH);
    let single = files.values().next().filter(|_| files.len() == 1);
    if ours
        && let Some(digest) = only_sha256(&subject.hashes)
        && digest != dir_hash
        && Some(&digest) != single
    {
        return Err(ReadError::Contradiction {
            what: "the model's SHA-256",
            listed: digest.to_string(),
            found: dir_hash,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Record;
    use crate::{Bom, FORMATS, Model, Producer};
    use mlbom::evidence;
    use mlbom::manifest::{COMPUTED, File, Kind, Manifest};

    fn sample() -> String {
        sample_of(COMPUTED)
    }

    fn sample_of(source: &str) -> String {
        let file = |path: &str, bytes: &[u8]| File {
            path: RelPath::parse(path).expect("a path"),
            size: bytes.len() as u64,
            digests: Sha256::of(bytes).into(),
            digest_source: source.to_owned(),
            format: "text".parse().expect("a format"),
            link: None,
            tensors: None,
        };
        let files = vec![file("a", b"1"), file("b", b"2")];
        let manifest = Manifest::new("m", Kind::Directory, files, vec![]).expect("a manifest");
        let producer = Producer { name: "test", version: "0" };
        let record =
            Record::default().finish(evidence::Producer { name: "test".into(), version: "0".into() });
        let (record, producers) = (record.expect("evidence"), BTreeSet::new());
        let bom =
            Bom { model: Model::of(&manifest, None, None), timestamp: None, producer, record, producers };
        (FORMATS[0].write)(&bom).expect("JSON").text
    }

    #[test]
    fn our_own_list_is_complete() {
        let released = read(&sample()).expect("reads");
        let FileList::Listed { files, complete } = released.files else { panic!("no list") };
        assert!(complete);
        assert_eq!(files.len(), 2);
        assert_eq!(sample(), sample());
    }

    #[test]
    fn digests_that_nobody_computed_are_said() {
        for source in ["cached", "oci-manifest", "sums", "blob-name", "Computed", ""] {
            let taken = read(&sample_of(source)).expect("reads").taken_over;
            assert_eq!(taken.as_ref().map(RelPath::as_str), Some("a"), "{source}");
        }
        assert_eq!(read(&sample()).expect("reads").taken_over, None);
        let said = |properties: &str| {
            let changed = sample().replacen(r#"{"name":"mlbom:size","value":"1"}"#, properties, 1);
            assert_ne!(changed, sample());
            read(&changed).expect("reads").taken_over.is_some()
        };
        let computed = r#"{"name":"mlbom:digestSource","value":"computed"}"#;
        assert!(!said(computed));
        assert!(said(r#"{"name":"mlbom:digestSource"}"#), "no value is no word");
        assert!(said(&format!(r#"{computed},{{"name":"mlbom:digestSource","value":"sums"}}"#)), "both");
    }

    #[test]
    fn contradictions_are_found() {
        let text = sample();
        let digest = Sha256::of(b"1").to_string();
        for (from, to, why) in [
            (r#""name":"b""#, r#""name":"c""#, "a file renamed"),
            (r#""name":"b""#, r#""name":"a""#, "a file twice"),
            (r#""name":"b""#, r#""name":"../b""#, "a parent"),
            (digest.as_str(), &"0".repeat(64), "another digest"),
            (digest.as_str(), "abc", "no digest"),
            (r#""alg":"SHA-256","content":"6b"#, r#""alg":"SHA3-256","content":"6b"#, "another algorithm"),
        ] {
            let changed = text.replacen(from, to, 1);
            assert_ne!(changed, text, "{why}");
            assert!(read(&changed).is_err(), "{why}");
        }
        assert!(read("{}").is_err());
        assert!(read(r#"{"bomFormat":"CycloneDX"}"#).expect("reads").files == FileList::Absent);
    }
}
