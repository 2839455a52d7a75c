//! `--from-oci-manifest`: files that are layers of an artifact, one file a layer, as oras, modctl and KitOps push them.

use std::collections::BTreeMap;

use mlbom::cli::Input;
use mlbom::digest::Sha256;
use mlbom::json;
use mlbom::manifest::MAX_FILES;
use mlbom::path::RelPath;
use mlbom_tree::Candidate;
use serde::Deserialize;

use super::{Error, Found, Source};

/// Four times what every registry has to take (OCI distribution 1.1, "Pushing Manifests").
pub(super) const MAX_BYTES: u64 = 16 << 20;

/// OCI image 1.1, "OCI Image Manifest Specification".
const MEDIA_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";
/// The file that a layer is, by oras and those who follow it.
const TITLE: &str = "org.opencontainers.image.title";
/// The same by ModelPack.
const FILE_PATH: &str = "org.cncf.model.filepath";
/// oras: a directory in an archive.
const UNPACK: &str = "io.deis.oras.content.unpack";
/// Parts of a media type of what is not the file's own bytes.
const PACKED: &[&str] = &[
    "7z",
    "ar",
    "arj",
    "br",
    "brotli",
    "bz",
    "bz2",
    "bzip",
    "bzip2",
    "cab",
    "compress",
    "compressed",
    "cpio",
    "crypt",
    "deflate",
    "encrypted",
    "gz",
    "gzip",
    "jar",
    "lrz",
    "lz",
    "lz4",
    "lzip",
    "lzma",
    "lzma2",
    "lzo",
    "lzop",
    "rar",
    "snappy",
    "squashfs",
    "sz",
    "tar",
    "targz",
    "tbz",
    "tbz2",
    "tgz",
    "tlz",
    "txz",
    "tzst",
    "xz",
    "zip",
    "zlib",
    "zst",
    "zstd",
];

/// The layers that are a file each.
#[derive(Debug)]
pub(super) struct Layers {
    name: String,
    files: BTreeMap<RelPath, (Sha256, u64)>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    schema_version: u64,
    media_type: Option<String>,
    manifests: Option<serde::de::IgnoredAny>,
    layers: Option<Vec<Layer>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Layer {
    media_type: String,
    digest: String,
    size: u64,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

impl Layers {
    pub(super) fn read(input: &Input) -> Result<Self, Error> {
        let name = || input.name.clone();
        let wrong = |why: &str| Error::Oci { name: name(), why: why.to_owned() };
        let text = std::str::from_utf8(&input.bytes).map_err(|_| wrong("it is not UTF-8"))?;
        let manifest: Wire = json::parse(text).map_err(|source| Error::OciJson { name: name(), source })?;
        if manifest.schema_version != 2 {
            return Err(wrong("its schemaVersion is not 2"));
        }
        // Which of its manifests was meant, only a registry or a person could say.
        if manifest.manifests.is_some() {
            return Err(wrong("it is an index of manifests, one of those was wanted"));
        }
        if let Some(found) = manifest.media_type.filter(|found| found != MEDIA_TYPE) {
            return Err(wrong(&format!("its mediaType is {found:?}, {MEDIA_TYPE} was wanted")));
        }
        let mut files = BTreeMap::new();
        for layer in manifest.layers.ok_or_else(|| wrong("it has no layers"))? {
            let Some((path, digest)) = layer.file() else { continue };
            let path = RelPath::parse(path).map_err(|why| Error::Path {
                name: name(),
                path: path.chars().take(100).collect(),
                why,
            })?;
            let digest = digest.parse().map_err(|_| {
                wrong(&format!("the digest of {path:?} is not \"sha256:\" and 64 lower-case digits"))
            })?;
            match files.get(&path) {
                Some(other) if *other != (digest, layer.size) => {
                    return Err(Error::Twice { name: name(), path });
                }
                Some(_) => {}
                None if files.len() == MAX_FILES => return Err(Error::TooMany { name: name() }),
                None => {
                    files.insert(path, (digest, layer.size));
                }
            }
        }
        if files.is_empty() {
            return Err(wrong("no layer of it is one file by name, unpacked"));
        }
        Ok(Self { name: name(), files })
    }
}

impl Layer {
    /// The path of the file that this layer is, byte for byte, and its SHA-256.
    fn file(&self) -> Option<(&str, &str)> {
        let media_type = self.media_type.to_ascii_lowercase();
        let mut words = media_type.split(|c: char| !c.is_ascii_alphanumeric());
        if words.any(|word| PACKED.contains(&word)) || self.annotations.contains_key(UNPACK) {
            return None;
        }
        let title = self.annotations.get(TITLE)?;
        // A title for people, and the path beside it: then the title is not the path.
        if self.annotations.get(FILE_PATH).is_some_and(|path| path != title) {
            return None;
        }
        // The only other registered algorithm is SHA-512; such a file is hashed.
        let digest = match self.digest.strip_prefix("sha512:") {
            Some(_) => return None,
            None => self.digest.strip_prefix("sha256:").unwrap_or_default(),
        };
        Some((title, digest))
    }
}

impl Source for Layers {
    fn find(&self, file: &Candidate<'_>) -> Result<Option<Found>, Error> {
        let Some((digest, listed)) = self.files.get(file.path).copied() else { return Ok(None) };
        let found = file.identity.size;
        if found != listed {
            return Err(Error::Size { name: self.name.clone(), found, listed });
        }
        Ok(Some(Found::from(digest)))
    }

    fn paths(&self) -> Box<dyn Iterator<Item = &RelPath> + '_> {
        Box::new(self.files.keys())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const A: &str = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn layer(media_type: &str, title: &str) -> Value {
        json!({"mediaType": media_type, "digest": A, "size": 3, "annotations": {TITLE: title}})
    }

    fn manifest(layers: &[Value]) -> Value {
        json!({"schemaVersion": 2, "mediaType": MEDIA_TYPE, "artifactType": "a/b", "layers": layers,
            "config": {"mediaType": "application/vnd.oci.empty.v1+json", "size": 2, "digest": A}})
    }

    fn read(text: &str) -> Result<Vec<String>, String> {
        let input = Input { name: "oci".to_owned(), bytes: text.into(), identity: None };
        Layers::read(&input)
            .map(|layers| layers.files.keys().map(ToString::to_string).collect())
            .map_err(|err| mlbom::cli::chain(&err))
    }

    fn with(at: &str, value: Value) -> String {
        let mut document = manifest(&[layer("application/octet-stream", "w")]);
        if let Some(place) = document.pointer_mut(at) {
            *place = value;
        } else {
            document[at.trim_start_matches('/')] = value;
        }
        document.to_string()
    }

    #[test]
    fn refusals() {
        let again = |digest: &str, size: u64| {
            let mut other = layer("a/b", "w");
            other["digest"] = digest.into();
            other["size"] = size.into();
            manifest(&[layer("a/b", "w"), other]).to_string()
        };
        let good = with("/schemaVersion", json!(2));
        for (text, why) in [
            (String::new(), "EOF"),
            ("[]".to_owned(), "not an OCI"),
            ("{}".to_owned(), "schemaVersion"),
            (good.replacen('{', r#"{"schemaVersion":2,"#, 1), "repeated key"),
            (format!("{good}{{}}"), "trailing"),
            (with("/schemaVersion", json!(1)), "schemaVersion"),
            (with("/mediaType", json!("application/vnd.oci.image.index.v1+json")), "mediaType"),
            (with("/mediaType", json!("application/vnd.docker.distribution.manifest.v2+json")), "mediaType"),
            (with("/manifests", json!([])), "index"),
            (with("/layers", Value::Null), "no layers"),
            (with("/layers", json!([])), "no layer of it"),
            (with("/layers", json!({})), "not an OCI"),
            (with("/layers/0/mediaType", Value::Null), "not an OCI"),
            (with("/layers/0/size", json!(-1)), "not an OCI"),
            (with("/layers/0/size", json!("3")), "not an OCI"),
            (with("/layers/0/digest", json!("")), "the digest of"),
            (with("/layers/0/digest", json!(A.to_uppercase())), "the digest of"),
            (with("/layers/0/digest", json!(&A[7..])), "the digest of"),
            (with("/layers/0/digest", json!(format!("{A}0"))), "the digest of"),
            (with("/layers/0/annotations", json!({TITLE: "../w"})), "\"..\""),
            (with("/layers/0/annotations", json!({TITLE: "a/../w"})), "\"..\""),
            (with("/layers/0/annotations", json!({TITLE: "/w"})), "slash"),
            (with("/layers/0/annotations", json!({TITLE: "./w"})), "\".\""),
            (with("/layers/0/annotations", json!({TITLE: "a\nb"})), "control"),
            (with("/layers/0/annotations", json!({TITLE: ""})), "empty component"),
            (with("/layers/0/annotations", json!({TITLE: 1})), "not an OCI"),
            (again(&A.replace("ba78", "ba79"), 3), "twice"),
            (again(A, 4), "twice"),
        ] {
            let err = read(&text).expect_err(&text);
            assert!(err.contains(why), "{text}: {err}");
        }
    }

    #[test]
    fn only_what_is_a_file_byte_for_byte() {
        let mut hidden = Vec::new();
        for media_type in [
            "application/vnd.oci.image.layer.v1.tar",
            "application/vnd.oci.image.layer.v1.tar+gzip",
            "application/vnd.cncf.model.weight.v1.tar+zstd",
            "application/vnd.kitops.modelkit.model.v1.TAR",
            "application/vnd.docker.ai.vllm.config.tar",
            "application/x-tgz",
            "application/zip",
            "application/vnd.oci.image.layer.v1.tar+zstd+encrypted",
            "application/vnd.cncf.model.weight.v1.raw+encrypted",
            "application/x-br",
            "application/x-brotli",
            "application/x-7z-compressed",
            "application/x-lzma",
            "application/x-lzop",
            "application/vnd.rar",
            "application/x-snappy-framed",
            "application/x-xz",
            "application/x.targz",
            "application/x-tbz2",
            "application/x-txz",
            "application/x-tzst",
            "application/octet-stream+deflate",
            "application/octet-stream; encoding=lz4",
            "application/octet-stream; content-encoding=\"gzip\"",
        ] {
            hidden.push(layer(media_type, "../packed"));
        }
        let mut unpacked = layer("a/b", "dir");
        unpacked["annotations"][UNPACK] = "true".into();
        let mut for_people = layer("a/b", "Weights, part 1");
        for_people["annotations"][FILE_PATH] = "w.bin".into();
        let mut other_algorithm = layer("a/b", "wide");
        other_algorithm["digest"] = "sha512:00".into();
        let mut nameless = layer("a/b", "x");
        nameless["annotations"] = json!({});
        let mut bare = nameless.clone();
        bare.as_object_mut().expect("an object").remove("annotations");
        hidden.extend([unpacked, for_people, other_algorithm, nameless, bare]);
        for layer in &hidden {
            let err = read(&manifest(std::slice::from_ref(layer)).to_string()).expect_err("no file");
            assert!(err.contains("no layer of it"), "{layer}: {err}");
        }
        let mut twice = layer("a/b", "raw");
        twice["annotations"][FILE_PATH] = "raw".into();
        hidden.extend([
            twice.clone(),
            twice,
            layer("application/vnd.cncf.model.weight.v1.raw", "sub/w.safetensors"),
        ]);
        let found = read(&manifest(&hidden).to_string()).expect("reads");
        assert_eq!(found, ["raw", "sub/w.safetensors"]);
        let mut untyped = manifest(&[layer("a/b", "w")]);
        untyped.as_object_mut().expect("an object").remove("mediaType");
        assert_eq!(read(&untyped.to_string()).expect("mediaType is optional"), ["w"]);
    }
}
