//! Walks the vocabulary: each fact, carried by each role that may carry it, is found again in each projection or in its
//! losses.

use std::collections::BTreeSet;

use mlbom::digest::Sha256;
use mlbom::evidence::{Entity, Evidence, FlagSource, Role, Source, Testimony, Trust};
use mlbom::manifest::{self, COMPUTED, File, Manifest};
use mlbom::path::RelPath;
use serde_json::{Value, json};

use crate::record::Record;
use crate::vocabulary::{self, Home, Kind, TERMS, Term};
use crate::{Bom, FORMATS, Model, Producer};

fn bom(record: Evidence) -> Bom {
    let file = File {
        path: RelPath::parse("m").expect("a path"),
        size: 1,
        digests: Sha256::of(b"m").into(),
        digest_source: COMPUTED.to_owned(),
        format: "text".parse().expect("a format"),
        link: None,
        tensors: None,
    };
    let manifest = Manifest::new("m", manifest::Kind::File, vec![file], vec![]).expect("a manifest");
    let producer = Producer { name: "test", version: "0" };
    Bom {
        model: Model::of(&manifest, None, None),
        timestamp: None,
        producer,
        record,
        producers: BTreeSet::new(),
    }
}

/// A value of the term's type that is found nowhere else in a document, and how it reads there.
fn sentinel(term: &Term) -> (Value, String) {
    let digest = Sha256::of(b"sentinel").to_string();
    match term.kind {
        Kind::Boolean => (json!(true), "true".into()),
        Kind::Files => (json!([{"path": "sentinel", "size": 7, "sha256": digest}]), digest),
        Kind::Integer => (json!(987_654_321), "987654321".into()),
        Kind::Number => (json!(0.987_654_321), "0.987654321".into()),
        Kind::Scalar | Kind::Text => (json!("https://sentinel/x"), "https://sentinel/x".into()),
        Kind::Sha256 => (json!(digest), digest),
        Kind::Texts => (json!(["https://sentinel/x"]), "https://sentinel/x".into()),
        Kind::Time => (json!("2026-01-02T03:04:05Z"), "2026-01-02T03:04:05Z".into()),
    }
}

/// The name of one fact that `term` is the line of.
fn name_under(term: &Term) -> String {
    term.name.replace('*', "some.thing")
}

fn record_of(role: Role, name: &str, value: Value) -> Record {
    let mut record = Record::default();
    let model = Entity { id: "model".into(), role: Role::Model, name: "model".into() };
    let id = if role == Role::Model { "model".to_owned() } else { format!("{role}:x@1") };
    record.entity(model).expect("an entity");
    if role != Role::Model {
        record.entity(Entity { id: id.clone(), role, name: "x".into() }).expect("an entity");
    }
    let source = Source::Flag(FlagSource { flag: "test".into() });
    let said = Testimony { trust: Trust::Recorded, reader: "test".into(), source };
    record.fact(&id, name, value, said).unwrap_or_else(|err| panic!("{name} of {role}: {err}"));
    record
}

fn finish(record: Record) -> Evidence {
    record.finish(mlbom::evidence::Producer { name: "t".into(), version: "0".into() }).expect("evidence")
}

#[test]
fn every_fact_arrives_in_every_projection_or_is_a_loss() {
    for term in TERMS {
        let (name, (value, text)) = (name_under(term), sentinel(term));
        for role in term.roles {
            let with = bom(finish(record_of(*role, &name, value.clone())));
            for format in FORMATS {
                let what = format!("{name} of {role} in {}", format.name);
                let projection = (format.write)(&with).expect("JSON");
                let document: Value = serde_json::from_str(&projection.text).expect("JSON");
                // Neither a citation nor an annotation is a home.
                let mut stripped = document.clone();
                stripped.as_object_mut().expect("an object").remove("citations");
                let arrived = stripped.to_string().contains(&format!("\"{text}\""))
                    && (term.kind != Kind::Boolean
                        || stripped.to_string().contains(&format!("mlbom:{name}")));
                let lost = projection.losses.iter().any(|loss| loss.what == name && loss.lost == "value");
                assert!(arrived != lost, "{what}: {}", projection.text);
                // The trust mark: cited at exactly the place where the value is, or lost.
                let marked =
                    projection.losses.iter().any(|loss| loss.what == name && loss.lost.contains("trust"));
                let cited: Vec<&Value> = document["citations"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .flat_map(|citation| citation["pointers"].as_array().into_iter().flatten())
                    .collect();
                assert_eq!(cited.is_empty(), marked, "{what}");
                for pointer in cited {
                    let pointer = pointer.as_str().expect("a pointer");
                    let there = document
                        .pointer(pointer)
                        .unwrap_or_else(|| panic!("{what}: {pointer} leads nowhere"));
                    assert!(there.to_string().contains(&text), "{what}: {pointer} leads to {there}");
                }
            }
        }
    }
}

#[test]
fn lines_are_unique_and_families_do_not_overlap() {
    for (at, term) in TERMS.iter().enumerate() {
        let name = name_under(term);
        let first = TERMS.iter().position(|other| other.covers(&name));
        assert_eq!(first, Some(at), "{name} is said under two lines");
        assert!(!term.roles.is_empty(), "{name} has no role");
        assert_eq!(
            term.unit.is_some(),
            term.kind == Kind::Integer && !term.name.starts_with("seed."),
            "{name}: unit"
        );
        let shared =
            term.roles.iter().filter(|role| term.roles.iter().filter(|other| other == role).count() > 1);
        assert_eq!(shared.count(), 0, "{name}: a role twice");
    }
    // A home of the run's own is of no use to anybody else.
    for term in TERMS {
        if matches!(term.cyclonedx, Home::Metric | Home::Parameter | Home::TimeStart | Home::TimeEnd) {
            assert_eq!(term.roles, [Role::Run], "{}", term.name);
        }
    }
}

#[test]
fn values_of_another_type_are_refused() {
    for term in TERMS {
        let name = name_under(term);
        for value in [Value::Null, json!({}), json!([{}]), json!([[1]]), json!("x".repeat(5000))] {
            assert!(vocabulary::check(term.roles[0], &name, &value).is_err(), "{name}: {value}");
        }
        for role in Role::ALL {
            let ok = vocabulary::check(role, &name, &sentinel(term).0).is_ok();
            assert_eq!(ok, term.roles.contains(&role), "{name} of {role}");
        }
    }
}

#[test]
fn the_bill_does_not_depend_on_the_order_of_documents() {
    let one = finish(record_of(Role::Run, "training.globalStep", json!(1)));
    let two = finish(record_of(Role::TrainingDataset, "data.rows", json!(2)));
    let texts = [[&one, &two], [&two, &one]].map(|documents| {
        let mut record = Record::default();
        documents.iter().for_each(|document| record.add(document).expect("a document"));
        (FORMATS[0].write)(&bom(finish(record))).expect("JSON").text
    });
    assert_eq!(texts[0], texts[1]);
}

/// Documents of two runs: neither takes the place of the other.
#[test]
fn two_runs_are_two_workflows() {
    let mut record = record_of(Role::Run, "training.globalStep", json!(1));
    record.entity(Entity { id: "run".into(), role: Role::Run, name: "run".into() }).expect("an entity");
    let source = Source::Flag(FlagSource { flag: "test".into() });
    let said = Testimony { trust: Trust::Recorded, reader: "test".into(), source };
    record.fact("run", "training.globalStep", json!(2), said).expect("sayable");
    let text = (FORMATS[0].write)(&bom(finish(record))).expect("JSON").text;
    let document: Value = serde_json::from_str(&text).expect("JSON");
    let workflows = document["formulation"][0]["workflows"].as_array().expect("a list");
    assert_eq!(workflows.iter().map(|workflow| &workflow["bom-ref"]).collect::<Vec<_>>(), ["run", "run:x@1"]);
    for (workflow, step) in workflows.iter().zip(["2", "1"]) {
        assert_eq!(workflow["properties"][1]["value"], step);
    }
}

/// `schemas/vocabulary.md`, from the table.
fn page() -> String {
    let mut page = String::from(
        "# The vocabulary\n\n\
         Every fact that evidence may hold and where a bill has it. This page is made from the table in\n\
         `lib/bom/src/vocabulary.rs`; a test holds the two together.\n\n\
         A name that ends in `.*` goes on with somebody else's name, such as that of a parameter. CycloneDX 1.6 and 1.7 have\n\
         the same homes; only 1.7 has trust marks. A fact whose home is taken, or that its home cannot hold, is a property.\n\n\
         | fact | type | unit | carried by | CycloneDX |\n|---|---|---|---|---|\n",
    );
    for term in TERMS {
        let roles: Vec<_> = term.roles.iter().map(|role| role.name()).collect();
        let roles = if *term.roles == Role::DATASETS { "the datasets".to_owned() } else { roles.join(", ") };
        let roles = roles.replace(
            "trainingDataset, fineTuningDataset, evaluationDataset, validationDataset, calibrationDataset",
            "the datasets",
        );
        let (name, kind, unit) = (term.name, format!("{:?}", term.kind), term.unit.unwrap_or(""));
        page.push_str(&format!(
            "| `{name}` | {} | {unit} | {roles} | {} |\n",
            kind.to_lowercase(),
            home(term.cyclonedx)
        ));
    }
    page
}

fn home(home: Home) -> String {
    match home {
        Home::ArchitectureFamily => "`modelCard.modelParameters.architectureFamily`".into(),
        Home::Description => "`description`".into(),
        Home::Files => "`components` of type `file`".into(),
        Home::Hash => "`hashes`".into(),
        Home::Licenses => "`licenses`".into(),
        Home::Metric => "`modelCard.quantitativeAnalysis.performanceMetrics` of the model".into(),
        Home::ModelArchitecture => "`modelCard.modelParameters.modelArchitecture`".into(),
        Home::Parameter => "`inputs[].parameters` of the workflow".into(),
        Home::Property => "property".into(),
        Home::Reference(kind) => format!("`externalReferences` of type `{kind}`"),
        Home::SensitiveData => "`data[].sensitiveData`".into(),
        Home::Task => "`modelCard.modelParameters.task`".into(),
        Home::TimeEnd => "`timeEnd` of the workflow".into(),
        Home::TimeStart => "`timeStart` of the workflow".into(),
        Home::Version => "`version`".into(),
    }
}

#[test]
fn the_page_is_the_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../schemas/vocabulary.md");
    if std::env::var_os("MLBOM_WRITE_PAGES").is_some() {
        std::fs::write(path, page()).expect("the page");
    }
    let found = std::fs::read_to_string(path).expect("the page");
    assert!(
        found == page(),
        "schemas/vocabulary.md is not the table; MLBOM_WRITE_PAGES=1 cargo test -p mlbom-bom makes it anew"
    );
}
