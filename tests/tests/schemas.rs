//! Schemas are held to what the tools write, to samples, and to the types that read the documents.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use jsonschema::{Registry, Validator};
use mlbom::digest::Sha256;
use mlbom::evidence::Evidence;
use mlbom::manifest::Manifest;
use mlbom::part::Part;
use mlbom::report::Report;
use mlbom::shards::ShardManifest;
use mlbom_tests::Scratch;
use serde_json::{Map, Value, json};

/// Our documents, each with its schema and its samples.
const OURS: [&str; 10] = [
    "manifest",
    "part",
    "shard-manifest",
    "evidence",
    "loss",
    "report",
    "shard-report",
    "decision",
    "cache",
    "progress",
];
/// The schemas of others, as `schemas/cyclonedx/ORIGIN.md` lists them.
const CYCLONEDX: [&str; 5] = ["bom-1.7", "bom-1.6", "cryptography-defs", "jsf-0.82", "spdx"];

fn schemas() -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../schemas")).to_owned()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|err| panic!("{}: {err}", path.display()))
}

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|err| panic!("{err}: {text}"))
}

fn our_schema(kind: &str) -> Value {
    parse(&read(&schemas().join(format!("{kind}-v1.schema.json"))))
}

fn cyclonedx_schema(name: &str) -> Value {
    parse(&read(&schemas().join(format!("cyclonedx/{name}.schema.json"))))
}

/// Validates against `schema`, which may refer to any of `known` by `$id`, and to nothing else.
fn validator(schema: &Value, known: &[Value]) -> Validator {
    let mut registry = Registry::new();
    for schema in known {
        let id = schema["$id"].as_str().expect("an $id");
        registry = registry.add(id, schema.clone()).expect("a schema");
    }
    let registry = registry.prepare().expect("every reference is known");
    let options = jsonschema::options().should_validate_formats(true).with_registry(&registry);
    options.build(schema).expect("a schema")
}

fn ours(kind: &str) -> Validator {
    validator(&our_schema(kind), &OURS.map(our_schema))
}

fn cyclonedx() -> Validator {
    edition("1.7")
}

fn edition(version: &str) -> Validator {
    validator(&cyclonedx_schema(&format!("bom-{version}")), &CYCLONEDX.map(cyclonedx_schema))
}

fn assert_valid(validator: &Validator, document: &Value, what: &str) {
    let errors: Vec<_> =
        validator.iter_errors(document).map(|err| format!("{}: {err}", err.instance_path())).collect();
    assert!(errors.is_empty(), "{what}: {errors:#?}\n{document}");
}

/// The samples of a kind of document, by name.
fn samples(kind: &str, sort: &str) -> Vec<(String, String)> {
    let dir = schemas().join("samples").join(kind).join(sort);
    let entries = fs::read_dir(&dir).unwrap_or_else(|err| panic!("{}: {err}", dir.display()));
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let samples: Vec<_> = paths.map(|path| (path.display().to_string(), read(&path))).collect();
    assert!(!samples.is_empty(), "{}: holds no sample", dir.display());
    samples
}

#[test]
fn samples_are_what_their_directory_says() {
    for kind in OURS {
        let validator = ours(kind);
        for (name, text) in samples(kind, "valid") {
            assert_valid(&validator, &parse(&text), &name);
        }
        for (name, text) in samples(kind, "invalid") {
            assert!(!validator.is_valid(&parse(&text)), "{name}: is valid");
        }
    }
}

/// Reports that are read all the same: for a word in them that is text to the reader, or a member that may be absent.
const ONLY_THE_SCHEMA_REFUSES: [&str; 6] = [
    "bom-without-bom-files.json",
    "check-id-not-a-word.json",
    "failed-without-a-reason.json",
    "oms-with-bom-files.json",
    "pgp-key-of-1024-bits.json",
    "statement-unknown-key-type.json",
];

#[test]
fn the_types_agree_with_the_samples() {
    for (name, text) in samples("manifest", "valid") {
        Manifest::parse(&text).unwrap_or_else(|err| panic!("{name}: {err}"));
    }
    for (name, text) in samples("manifest", "invalid") {
        assert!(Manifest::parse(&text).is_err(), "{name}: is read");
    }
    for (name, text) in samples("part", "valid") {
        Part::parse(&text).unwrap_or_else(|err| panic!("{name}: {err}"));
    }
    for (name, text) in samples("part", "invalid") {
        assert!(Part::parse(&text).is_err(), "{name}: is read");
    }
    for (name, text) in samples("shard-manifest", "valid") {
        ShardManifest::parse(&text).unwrap_or_else(|err| panic!("{name}: {err}"));
    }
    for (name, text) in samples("shard-manifest", "invalid") {
        assert!(ShardManifest::parse(&text).is_err(), "{name}: is read");
    }
    // A policy reads reports, and these are none.
    for (name, text) in samples("shard-report", "valid") {
        assert!(Report::parse(&text).is_err(), "{name}: is read as a report");
    }
    for (name, text) in samples("evidence", "valid") {
        Evidence::parse(&text).unwrap_or_else(|err| panic!("{name}: {err}"));
    }
    for (name, text) in samples("evidence", "invalid") {
        assert!(Evidence::parse(&text).is_err(), "{name}: is read");
    }
    for (name, text) in samples("report", "valid") {
        Report::parse(&text).unwrap_or_else(|err| panic!("{name}: {err}"));
    }
    for (name, text) in samples("report", "invalid") {
        let read = Report::parse(&text).is_ok();
        let by_the_schema_alone = ONLY_THE_SCHEMA_REFUSES.iter().any(|alone| name.ends_with(alone));
        assert_eq!(read, by_the_schema_alone, "{name}");
    }
}

/// What people copy from: every schema says what each member is, and takes no other.
#[test]
fn our_schemas_are_closed_and_described() {
    fn walk(schema: &Value, at: &str) {
        if let Some(properties) = schema["properties"].as_object()
            && schema["type"] == "object"
        {
            assert_eq!(schema["additionalProperties"], false, "{at}: takes other members");
            for (name, property) in properties {
                assert!(property["description"].is_string(), "{at}.{name}: is not described");
            }
        }
        match schema {
            Value::Object(members) => {
                members.iter().for_each(|(name, value)| walk(value, &format!("{at}.{name}")));
            }
            Value::Array(items) => items.iter().for_each(|value| walk(value, at)),
            _ => {}
        }
    }
    for kind in OURS {
        let schema = our_schema(kind);
        assert_eq!(schema["$id"], format!("urn:mlbom:{kind}:v1"));
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
        assert_eq!(schema["properties"]["type"]["const"], schema["$id"], "{kind}: its name is its $id");
        walk(&schema, kind);
    }
}

#[test]
fn vendored_schemas_are_unchanged() {
    let origin = read(&schemas().join("cyclonedx/ORIGIN.md"));
    for name in CYCLONEDX {
        let text = read(&schemas().join(format!("cyclonedx/{name}.schema.json")));
        let line = origin.lines().find(|line| line.contains(&format!("`{name}.schema.json`")));
        let digest = Sha256::of(text.as_bytes()).to_string();
        assert!(line.expect(name).contains(&digest), "{name}: is not the file that ORIGIN.md lists");
    }
}

/// A schema that is referred to and not looked at would let anything pass.
#[test]
fn the_referenced_schemas_are_used() {
    let validator = cyclonedx();
    let with = |component: Value| {
        let mut component = component;
        component["type"] = "cryptographic-asset".into();
        component["name"] = "x".into();
        json!({"bomFormat": "CycloneDX", "specVersion": "1.7", "components": [component]})
    };
    let family = |name: &str| {
        let algorithm = json!({"primitive": "signature", "algorithmFamily": name});
        with(json!({"cryptoProperties": {"assetType": "algorithm", "algorithmProperties": algorithm}}))
    };
    let licence = |id: &str| with(json!({"licenses": [{"license": {"id": id}}]}));
    let signature = |algorithm: &str| with(json!({"signature": {"algorithm": algorithm, "value": "AA=="}}));
    for (good, wrong, what) in [
        (licence("Apache-2.0"), licence("Apache-9.9"), "spdx"),
        (signature("ES256"), signature("none"), "jsf"),
        (family("ECDSA"), family("ROT13"), "cryptography-defs"),
    ] {
        assert_valid(&validator, &good, what);
        assert!(!validator.is_valid(&wrong), "{what}: is not looked at");
    }
    for (wrong, what) in [
        (json!({"bomFormat": "CycloneDX", "specVersion": "1.7", "x": 1}), "an unknown member"),
        (
            json!({"bomFormat": "CycloneDX", "specVersion": "1.7", "metadata": {"timestamp": "today"}}),
            "a format",
        ),
    ] {
        assert!(!validator.is_valid(&wrong), "{what}");
    }
}

/// A model with what makes documents differ: dotfiles, unusual names, a link, something left out.
fn model() -> Scratch {
    let scratch = Scratch::signed();
    scratch.write("model/.hidden", b"");
    scratch.write("model/a b\\c/\u{fc}.txt", b"text\n");
    scratch.write("model/pickle.bin", b"\x80\x04K\x01.");
    scratch.write("model/logs/a.tmp", b"left out");
    scratch.write("model/.gitattributes", b"* text\n");
    scratch
        .ok("ln -s ../a.safetensors model/tok/link.safetensors; ln -s a.safetensors model/link.safetensors");
    scratch
}

/// Every way to make a manifest that changes its shape.
const HASH: [&str; 5] = [
    "mlbom-hash model",
    "mlbom-hash --sha512 --exclude '*.tmp' --oms-defaults model",
    "mlbom-hash model/config.json",
    "mlbom-hash --sha512 model/link.safetensors",
    "mlbom-hash --sha512 --blake3 --fs-verity model",
];

#[test]
fn manifests_and_check_reports() {
    let (scratch, manifest, report) = (model(), ours("manifest"), ours("report"));
    for hash in HASH {
        assert_valid(&manifest, &parse(&scratch.ok(hash)), hash);
    }
    let both = scratch.ok("mlbom-hash model model/config.json");
    assert_eq!(both.lines().inspect(|line| assert_valid(&manifest, &parse(line), "one of two")).count(), 2);

    scratch.ok("mlbom-hash model --output manifest.json");
    assert_valid(&report, &parse(&scratch.ok("mlbom-hash --check manifest.json model")), "equal");
    scratch.ok("mv model/config.json model/renamed.json; echo more >> model/README.md");
    let ran = scratch.sh("mlbom-hash --check manifest.json model");
    assert_eq!(ran.status, 1);
    let differences = &parse(&ran.stdout)["checks"][0]["differences"];
    assert_eq!(
        *differences,
        json!({"missing": ["config.json"], "changed": ["README.md"], "extra": ["renamed.json"]})
    );
    assert_valid(&report, &parse(&ran.stdout), "different");
}

#[test]
fn parts() {
    let (scratch, part) = (model(), ours("part"));
    for hash in HASH {
        for number in 1..=3 {
            let line = hash.replacen("mlbom-hash", &format!("mlbom-hash --part {number}/3"), 1);
            scratch.ok(&format!("{line} --output {number}.json"));
            assert_valid(&part, &parse(&scratch.read(&format!("{number}.json"))), &line);
        }
        assert_eq!(scratch.ok("mlbom-hash --merge 3.json 1.json 2.json"), scratch.ok(hash), "{hash}");
    }
}

#[test]
fn progress_lines() {
    let (scratch, validator) = (model(), ours("progress"));
    for line in [
        "mlbom-hash --json-progress 2 model model/config.json 2>&1 >/dev/null",
        "mlbom-hash --output m.json model; mlbom-hash --check m.json --json-progress 2 model 2>&1 >/dev/null",
        "{ printf a; sleep 0.6; printf b; } | mlbom-hash --json-progress 2 --stdin x 2>&1 >/dev/null",
        "printf ab | mlbom-hash --json-progress 2 --stdin x --expect-size 2 2>&1 >/dev/null",
    ] {
        let text = scratch.ok(line);
        let lines: Vec<Value> = text.lines().map(parse).collect();
        lines.iter().for_each(|progress| assert_valid(&validator, progress, line));
        let last = lines.len() - 1;
        assert!(last >= 1, "{line}: one at once, and one at the end: {text}");
        for (at, progress) in lines.iter().enumerate() {
            assert_eq!(progress["final"], at == last, "{line}: {text}");
        }
        let done: Vec<_> = lines.iter().map(|progress| progress["doneBytes"].as_u64()).collect();
        assert!(done.is_sorted(), "{line}: {done:?}");
        assert_eq!(lines[last]["doneFiles"], lines[last]["totalFiles"], "{line}: {text}");
        let known = lines[last].get("totalBytes");
        assert!(known.is_none_or(|total| *total == lines[last]["doneBytes"]), "{line}: {text}");
        assert_eq!(known.is_none(), line.starts_with("{ printf"), "{line}: {text}");
    }
}

#[test]
fn bills_are_strict_cyclonedx_and_mean_what_they_say() {
    let (scratch, validator) = (model(), cyclonedx());
    let flags = ["", "--name 'Tiny \u{fc}' --model-version 1.0 --timestamp 2026-11-21T13:00:00+01:00"];
    for hash in HASH {
        for flags in flags {
            let line = format!("{hash} | mlbom-compose {flags}");
            let text = scratch.ok(&line);
            let bill = parse(&text);
            assert_valid(&validator, &bill, &line);
            assert_eq!(lint(&bill), Vec::<String>::new(), "{line}");
            assert_eq!(bill["specVersion"], "1.7");
            assert_eq!(scratch.ok(&line), text, "the same input, the same bytes");
        }
    }
}

#[test]
fn evidence_and_its_bills() {
    let (scratch, evidence, loss) = (Scratch::project(), ours("evidence"), ours("loss"));
    scratch.write("data/train.jsonl.dataset.toml", b"title = \"T\"\nsensitive = [\"names\"]\nlimits = []\n");
    let record = "mlbom-capture --model model --code . --python .venv --ci --host --dataset train=data/train.jsonl \
                  --base .cache/huggingface/hub/models--acme--tiny";
    for line in [
        record,
        "mlbom-capture --model model",
        "mlbom-capture --base none --dataset none",
        "mlbom-capture --ci",
    ] {
        let text = scratch.ok(line);
        assert_valid(&evidence, &parse(&text), line);
        Evidence::parse(&text).unwrap_or_else(|err| panic!("{line}: {err}"));
        for edition in ["1.7", "1.6"] {
            let line = format!(
                "{{ mlbom-hash model; {line}; }} | mlbom-compose --format cyclonedx-{edition} --loss loss.json"
            );
            let bill = parse(&scratch.ok(&line));
            assert_valid(&self::edition(edition), &bill, &line);
            assert_eq!(lint(&bill), Vec::<String>::new(), "{line}");
            assert_eq!(bill["specVersion"], edition);
            assert_valid(&loss, &parse(&scratch.read("loss.json")), &line);
        }
    }
}

/// The bills of recorded runs, which have everything in them that a run leaves.
#[test]
fn golden_bills_are_strict_cyclonedx() {
    let dir = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/runs"));
    let validator = cyclonedx();
    let mut bills = 0;
    for entry in fs::read_dir(dir).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|ending| ending == "json") {
            let bill = parse(&read(&path));
            assert_valid(&validator, &bill, &path.display().to_string());
            assert_eq!(lint(&bill), Vec::<String>::new(), "{}", path.display());
            bills += 1;
        }
    }
    assert_eq!(bills, 6);
}

#[test]
fn verification_reports_and_decisions() {
    let (scratch, report, decision) = (model(), ours("report"), ours("decision"));
    let left_out = "mlbom-hash --exclude '*.tmp' --exclude pickle.bin --oms-defaults model";
    scratch.ok(&format!("{left_out} --output manifest.json"));
    scratch.ok("mlbom-compose < manifest.json | mlbom-sign --key k.pem --output new.jsonl");
    scratch.ok("mlbom-sign --quiet --key k.pem < manifest.json --output new.sig");
    scratch.ok("mlbom-hash model/config.json | mlbom-sign --key k.pem --output file.sig");
    scratch.ok("mlbom-sign --new-key other.pem");
    let verify = "mlbom-verify --key k.pem.pub";
    let (mut held, mut failed) = (0, 0);
    for line in [
        format!("{verify} --bundle new.jsonl --bundle new.sig --require bom --require oms < manifest.json"),
        format!("{verify} --bundle new.sig model"),
        format!("{verify} --bundle file.sig model/config.json"),
        format!("cp new.jsonl new.sig model; {verify} --bundle model/new.jsonl --bundle model/new.sig model"),
        format!("{verify} --bundle bom.jsonl --bundle model.sig model"),
        format!("{verify} --bundle new.sig --require provenance --quiet < manifest.json"),
        "mlbom-verify --key other.pem.pub --bundle new.jsonl < manifest.json".to_owned(),
        format!("mlbom-hash --exclude 'tok' model | {verify} --bundle model.sig"),
    ] {
        let ran = scratch.sh(&line);
        let document = parse(&ran.stdout);
        assert_valid(&report, &document, &line);
        Report::parse(&ran.stdout).unwrap_or_else(|err| panic!("{line}: {err}"));
        match ran.status {
            0 => held += 1,
            1 => failed += 1,
            other => panic!("{line}: {other}: {}", ran.stderr),
        }
        let ran = scratch.feed(ran.stdout.as_bytes(), "mlbom-policy --quiet");
        assert!([0, 1].contains(&ran.status), "{line} | mlbom-policy: {}", ran.stderr);
        assert_valid(&decision, &parse(&ran.stdout), &format!("{line} | mlbom-policy"));
    }
    assert_eq!((held, failed), (4, 4), "both kinds of report are held to the schema");

    let line = format!("{verify} --bundle new.jsonl --extract bom < manifest.json");
    let extracted = scratch.ok(&line);
    assert_eq!(
        extracted,
        scratch.ok("mlbom-compose < manifest.json").trim_end(),
        "byte for byte what was signed"
    );
    assert_valid(&cyclonedx(), &parse(&extracted), &line);
}

#[test]
fn inputs_of_the_policies_are_reports() {
    let validator = ours("report");
    let dir = schemas().join("../policies/inputs");
    let entries = fs::read_dir(&dir).expect("a directory").map(|entry| entry.expect("an entry").path());
    let inputs = entries.filter(|path| path.is_file()).chain([dir.join("model-deployment/allowed.json")]);
    for path in inputs {
        assert_valid(&validator, &parse(&read(&path)), &path.display().to_string());
    }
}

/// What is wrong with a CycloneDX document that its schema cannot see.
fn lint(bill: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    let mut components = Vec::new();
    collect(bill, &mut components);
    let subject = &bill["metadata"]["component"];

    let mut refs = HashSet::new();
    for component in &components {
        if let Some(name) = component.get("bom-ref").and_then(Value::as_str)
            && !refs.insert(name)
        {
            faults.push(format!("bom-ref {name:?} is there twice"));
        }
    }
    let pointers = |list: &'static str, members: &'static [&'static str]| {
        items(&bill[list]).flat_map(move |item| members.iter().flat_map(|member| strings(&item[*member])))
    };
    let dependencies = pointers("dependencies", &["ref", "dependsOn", "provides"]);
    let compositions = pointers("compositions", &["assemblies", "dependencies", "vulnerabilities"]);
    for name in dependencies.chain(compositions) {
        if name.starts_with("urn:cdx:") {
            faults.push(format!("{name:?} is a BOM-Link where only components of this document may be"));
        } else if !refs.contains(name) {
            faults.push(format!("{name:?} is no component"));
        }
    }
    for component in &components {
        lint_component(component, &mut faults);
    }
    for workflow in items(&bill["formulation"]).flat_map(|formula| items(&formula["workflows"])) {
        refs.extend(workflow["bom-ref"].as_str());
    }
    let used = items(&bill["formulation"])
        .flat_map(|formula| items(&formula["workflows"]))
        .flat_map(|workflow| items(&workflow["resourceReferences"]))
        .flat_map(|reference| strings(&reference["ref"]));
    let learned =
        items(&subject["modelCard"]["modelParameters"]["datasets"]).flat_map(|set| strings(&set["ref"]));
    let said = items(&bill["annotations"]).flat_map(|note| strings(&note["subjects"]));
    let told = items(&bill["citations"]).flat_map(|note| strings(&note["attributedTo"]));
    for name in used.chain(learned).chain(said).chain(told) {
        if !refs.contains(name) {
            faults.push(format!("{name:?} is nothing of this document"));
        }
    }
    for pointer in items(&bill["citations"]).flat_map(|note| strings(&note["pointers"])) {
        if bill.pointer(pointer).is_none() {
            faults.push(format!("{pointer:?} leads nowhere"));
        }
    }
    for text in items(&bill["annotations"]).filter_map(|note| note["text"].as_str()) {
        if serde_json::from_str::<Value>(text).is_err() {
            faults.push("an annotation is no JSON".to_owned());
        }
    }
    if let Some(fault) = incomplete(bill, subject) {
        faults.push(fault);
    }
    faults
}

fn lint_component(component: &Map<String, Value>, faults: &mut Vec<String>) {
    let member = |name: &str| component.get(name).unwrap_or(&Value::Null);
    let (kind, name) = (member("type"), member("name"));
    let model = kind == "machine-learning-model";
    if component.contains_key("modelCard") && !model {
        faults.push(format!("{name}: a model card on {kind}"));
    }
    if component.contains_key("data") && kind != "data" {
        faults.push(format!("{name}: data on {kind}"));
    }
    for member in ["name", "version"] {
        if component.get(member).and_then(Value::as_str).is_some_and(|text| text.trim().is_empty()) {
            faults.push(format!("{name}: {member} is empty"));
        }
    }
    let digits = HashMap::from([
        ("MD5", 32),
        ("SHA-1", 40),
        ("SHA-256", 64),
        ("BLAKE3", 64),
        ("SHA-384", 96),
        ("SHA-512", 128),
    ]);
    let mut algorithms = HashSet::new();
    for hash in items(member("hashes")) {
        let (algorithm, content) =
            (hash["alg"].as_str().unwrap_or(""), hash["content"].as_str().unwrap_or(""));
        if digits.get(algorithm) != Some(&content.len()) {
            faults.push(format!("{name}: {} digits of {algorithm}", content.len()));
        }
        if !algorithms.insert(algorithm) {
            faults.push(format!("{name}: {algorithm} twice"));
        }
    }
    if kind == "file" && !algorithms.contains("SHA-256") {
        faults.push(format!("{name}: a file without SHA-256"));
    }
    for property in items(member("properties")) {
        if !property["name"].as_str().is_some_and(|name| name.starts_with("mlbom:")) {
            faults.push(format!("{name}: property {} is not in our namespace", property["name"]));
        }
    }
    let same = |other: &Value| {
        let equal =
            |member: &str| component.get(member).is_some_and(|value| other.get(member) == Some(value));
        equal("bom-ref") || equal("purl") || equal("hashes") || (equal("name") && equal("version"))
    };
    for ancestor in items(component.get("pedigree").map_or(&Value::Null, |pedigree| &pedigree["ancestors"])) {
        if same(ancestor) {
            faults.push(format!("{name}: is its own ancestor"));
        }
    }
}

/// A list of files that is said to be complete has one entry a file; one that is not said to be binds nothing.
fn incomplete(bill: &Value, subject: &Value) -> Option<String> {
    let files: Vec<_> =
        items(&subject["components"]).filter(|component| component["type"] == "file").collect();
    let names: BTreeSet<_> = files.iter().filter_map(|file| file["name"].as_str()).collect();
    if files.is_empty() || names.len() != files.len() {
        return Some("the subject lists no file, or one twice".to_owned());
    }
    let says = |aggregate: &str, member: &str| {
        items(&bill["compositions"]).any(|entry| {
            entry["aggregate"] == aggregate && strings(&entry[member]).any(|name| subject["bom-ref"] == name)
        })
    };
    (!says("complete", "assemblies")).then(|| "nothing says that the list of files is complete".to_owned())
}

/// Every component, at any depth: an object with a type and a name that stands where components stand.
fn collect<'a>(value: &'a Value, found: &mut Vec<&'a Map<String, Value>>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::Object(component) if name == "component" => found.push(component),
                    Value::Array(components) if ["components", "ancestors"].contains(&name.as_str()) => {
                        found.extend(components.iter().filter_map(Value::as_object));
                    }
                    _ => {}
                }
                collect(value, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        _ => {}
    }
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

/// The strings in `value`, which is one or a list of them.
fn strings(value: &Value) -> impl Iterator<Item = &str> {
    value.as_str().into_iter().chain(items(value).filter_map(Value::as_str))
}

#[test]
fn the_lints_see_what_the_schema_does_not() {
    let digest = "0".repeat(64);
    let hashes = json!([{"alg": "SHA-256", "content": digest}]);
    let good = json!({
        "bomFormat": "CycloneDX", "specVersion": "1.7",
        "metadata": {"component": {
            "type": "machine-learning-model", "bom-ref": "model", "name": "m", "version": "1", "modelCard": {},
            "properties": [{"name": "mlbom:x", "value": "y"}],
            "components": [
                {"type": "file", "bom-ref": "file:a", "name": "a", "hashes": hashes},
                {"type": "file", "bom-ref": "file:b", "name": "b", "hashes": hashes}
            ],
            "pedigree": {"ancestors": [{"type": "machine-learning-model", "bom-ref": "base", "name": "base"}]}
        }},
        "components": [{"type": "data", "bom-ref": "d", "name": "d", "data": [{"type": "dataset"}]}],
        "dependencies": [{"ref": "model", "dependsOn": ["base", "d"]}],
        "compositions": [{"aggregate": "complete", "assemblies": ["model"]}]
    });
    let validator = cyclonedx();
    assert_valid(&validator, &good, "the good one");
    assert_eq!(lint(&good), Vec::<String>::new());
    let subject = "/metadata/component";
    for (at, value, why) in [
        ("/components/0/bom-ref", json!("model"), "is there twice"),
        ("/metadata/component/components/1/bom-ref", json!("file:a"), "is there twice"),
        ("/dependencies/0/ref", json!("modell"), "is no component"),
        ("/dependencies/0/dependsOn/0", json!("nowhere"), "is no component"),
        ("/compositions/0/assemblies/0", json!("nowhere"), "is no component"),
        ("/dependencies/0/dependsOn/0", json!("urn:cdx:f08a6ccd-4dce-4759-bd84-c626675d60a7/1"), "BOM-Link"),
        ("/metadata/component/components/0/hashes/0/content", json!("0".repeat(40)), "40 digits of SHA-256"),
        ("/metadata/component/components/0/hashes/0/alg", json!("SHA-512"), "64 digits of SHA-512"),
        ("/metadata/component/type", json!("application"), "a model card on"),
        ("/components/0/type", json!("file"), "data on"),
        ("/metadata/component/version", json!(""), "version is empty"),
        ("/metadata/component/name", json!(" "), "name is empty"),
        ("/metadata/component/pedigree/ancestors/0/bom-ref", json!("model"), "its own ancestor"),
        ("/metadata/component/properties/0/name", json!("cdx:x"), "not in our namespace"),
        ("/metadata/component/components/1/name", json!("a"), "or one twice"),
        ("/metadata/component/components", json!([]), "lists no file"),
        ("/compositions/0/aggregate", json!("unknown"), "is complete"),
    ] {
        let mut bill = good.clone();
        *bill.pointer_mut(at).unwrap_or_else(|| panic!("{at} is in {subject}")) = value;
        assert_valid(&validator, &bill, why);
        let faults = lint(&bill);
        assert!(faults.iter().any(|fault| fault.contains(why)), "{at}: {why}: {faults:?}");
    }
}
