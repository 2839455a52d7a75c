//! CycloneDX 1.7 (ECMA-424, 2nd edition; `bom-1.7.schema.json`).

use mlbom::digest::Sha256;
use mlbom::manifest::{COMPUTED, File, Link};
use serde::Serialize;

use crate::model::{Bom, Model};
use crate::{DIR_HASH, EXCLUDED, OMS_ROOT};

/// The `bom-ref` of the model; those of its files all start with `file:`.
const MODEL_REF: &str = "model";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    bom_format: &'static str,
    spec_version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    serial_number: Option<String>,
    version: u32,
    metadata: Metadata<'a>,
    dependencies: [Dependency; 1],
    compositions: [Composition; 2],
}

#[derive(Serialize)]
struct Metadata<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<String>,
    tools: Tools<'a>,
    component: Component<'a>,
}

#[derive(Serialize)]
struct Tools<'a> {
    components: [Component<'a>; 1],
}

#[derive(Serialize)]
struct Component<'a> {
    r#type: &'static str,
    #[serde(rename = "bom-ref", skip_serializing_if = "Option::is_none")]
    bom_ref: Option<String>,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hashes: Vec<Hash>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    components: Vec<Component<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    properties: Vec<Property<'a>>,
}

#[derive(Serialize)]
struct Hash {
    alg: &'static str,
    content: String,
}

#[derive(Serialize)]
struct Property<'a> {
    name: &'static str,
    value: std::borrow::Cow<'a, str>,
}

#[derive(Serialize)]
struct Dependency {
    r#ref: &'static str,
}

#[derive(Serialize)]
struct Composition {
    aggregate: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    assemblies: Option<[&'static str; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dependencies: Option<[&'static str; 1]>,
}

/// Writes `bom` on one line, without a line break at its end.
pub(crate) fn write(bom: &Bom) -> Result<String, serde_json::Error> {
    let mut document = Document {
        schema: "http://cyclonedx.org/schema/bom-1.7.schema.json",
        bom_format: "CycloneDX",
        spec_version: "1.7",
        serial_number: None,
        version: 1,
        metadata: Metadata {
            timestamp: bom.timestamp.map(|time| time.to_string()),
            tools: Tools {
                components: [component("application", bom.producer.name, Some(bom.producer.version))],
            },
            component: model(&bom.model),
        },
        dependencies: [Dependency { r#ref: MODEL_REF }],
        compositions: [
            // Every file of the model is listed.
            Composition { aggregate: "complete", assemblies: Some([MODEL_REF]), dependencies: None },
            // What it was made from is not: without this an empty graph would read as "from nothing".
            Composition { aggregate: "unknown", assemblies: None, dependencies: Some([MODEL_REF]) },
        ],
    };
    let content = serde_json::to_string(&document)?;
    document.serial_number = Some(format!("urn:uuid:{}", uuid_of(content.as_bytes())));
    serde_json::to_string(&document)
}

fn component<'a>(r#type: &'static str, name: &'a str, version: Option<&'a str>) -> Component<'a> {
    Component {
        r#type,
        bom_ref: None,
        name,
        version,
        hashes: Vec::new(),
        components: Vec::new(),
        properties: Vec::new(),
    }
}

fn model(model: &Model) -> Component<'_> {
    let property = |name, value: String| Property { name, value: value.into() };
    let mut properties =
        vec![property(DIR_HASH, model.dir_hash.to_string()), property(OMS_ROOT, model.oms_root.to_string())];
    if model.version.is_none() {
        properties.push(Property { name: "mlbom:unknown", value: "version".into() });
    }
    properties.extend(
        model.excluded.iter().map(|entry| Property { name: EXCLUDED, value: entry.path.as_str().into() }),
    );
    Component {
        bom_ref: Some(MODEL_REF.to_owned()),
        hashes: vec![Hash { alg: "SHA-256", content: model.digest().to_string() }],
        components: model.files.iter().map(file).collect(),
        properties,
        ..component("machine-learning-model", &model.name, model.version.as_deref())
    }
}

fn file(file: &File) -> Component<'_> {
    let mut hashes = vec![Hash { alg: "SHA-256", content: file.digests.sha256.to_string() }];
    hashes.extend(file.digests.sha512.map(|digest| Hash { alg: "SHA-512", content: digest.to_string() }));
    let mut properties = vec![
        Property { name: "mlbom:size", value: file.size.to_string().into() },
        Property { name: "mlbom:format", value: file.format.name().into() },
    ];
    if file.digest_source != COMPUTED {
        properties.push(Property { name: "mlbom:digestSource", value: file.digest_source.as_str().into() });
    }
    if let Some(link) = file.link {
        let value = match link {
            Link::HubCache => "hubCache",
            Link::Tree => "tree",
        };
        properties.push(Property { name: "mlbom:link", value: value.into() });
    }
    Component {
        bom_ref: Some(format!("file:{}", file.path)),
        hashes,
        properties,
        ..component("file", file.path.as_str(), None)
    }
}

/// A version 8 UUID (RFC 9562, 5.8) from the SHA-256 of `content`: the same bill, the same serial number.
fn uuid_of(content: &[u8]) -> String {
    let digest = Sha256::of(content);
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest.as_bytes()[..16]);
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
