//! What is captured of real training runs, held against the truth about them.
//!
//! Every fact of a run that a reader covers has to be in the evidence and in the bill, with the right value and mark; what
//! is true and not on disk stays unknown; and nothing that is said contradicts the truth.

use std::collections::BTreeMap;

use mlbom::digest::Sha256;
use mlbom_tests::runs::{self, Run};
use serde_json::{Value, json};

/// One line: a fact of the run's truth, and where it is in the evidence.
#[derive(Clone, Copy)]
struct Line {
    what: &'static str,
    role: &'static str,
    fact: &'static str,
    trust: &'static str,
    how: How,
}

/// How the truth and the evidence spell a value.
#[derive(Clone, Copy)]
enum How {
    Same,
    /// The truth has one value, the evidence a list of it.
    InList,
    /// One of the entities of the role has it.
    OneOf,
    /// The evidence has a list with that value in it.
    Among,
    /// Lists without order.
    Sorted,
    /// The sum over the entities of the role.
    Sum,
    /// The truth lists names; the evidence has the digest of the sorted names, a line each.
    NamesDigest,
    /// The truth lists paths; the evidence lists files.
    Paths,
    /// What the library says of itself may name the build too: `2.15.0+cu132`.
    Version,
    /// `float32` there, `F32` here.
    Dtypes,
    /// The digest of the file of that path in `content.files`.
    FileDigest(&'static str),
}

const fn line(what: &'static str, role: &'static str, fact: &'static str, trust: &'static str) -> Line {
    Line { what, role, fact, trust, how: How::Same }
}

const fn how(line: Line, how: How) -> Line {
    Line { how, ..line }
}

const COMMON: &[Line] = &[
    line("model.base.repository", "baseModel", "hub.repository", "recorded"),
    line("model.base.commit", "baseModel", "hub.commit", "recorded"),
    how(line("model.base.requested_revision", "baseModel", "hub.revisions", "recorded"), How::Among),
    line("dataset.train.repository", "trainingDataset", "hub.repository", "recorded"),
    line("dataset.train.commit", "trainingDataset", "hub.commit", "recorded"),
    how(line("dataset.train.rows", "trainingDataset", "data.rows", "computed"), How::Sum),
    how(
        line("weights.base.sha256", "baseModel", "content.files", "computed"),
        How::FileDigest("model.safetensors"),
    ),
];

const TRAINER: &[Line] = &[
    how(line("model.base.license", "baseModel", "license", "declared"), How::InList),
    line("model.base.datasets", "baseModel", "card.datasets", "declared"),
    how(line("model.base.files", "baseModel", "content.files", "computed"), How::Paths),
    how(line("model.architecture", "model", "config.architectures", "recorded"), How::InList),
    line("model.type", "model", "config.modelType", "recorded"),
    line("model.parameters", "model", "weights.parameters", "computed"),
    line("model.tensor_dtypes", "model", "weights.dtypes", "computed"),
    how(line("model.tensor_names", "model", "weights.tensorNamesDigest", "computed"), How::NamesDigest),
    line("model.labels", "model", "config.labels", "recorded"),
    how(line("model.license", "model", "license", "declared"), How::InList),
    line("hyperparameter.num_train_epochs", "run", "hyperparameter.num_train_epochs", "recorded"),
    line("hyperparameter.per_device_train_batch_size", "run", "hyperparameter.train_batch_size", "recorded"),
    line("training.global_step", "run", "training.globalStep", "recorded"),
    line("training.best_step", "run", "training.bestStep", "recorded"),
    line("training.best_checkpoint", "run", "training.bestCheckpoint", "recorded"),
    line("training.best_metric", "run", "training.bestMetric", "recorded"),
    line("training.total_flos", "run", "training.totalFlops", "recorded"),
    line("training.train_loss", "run", "metric.train.loss", "recorded"),
    line("metric.validation.loss", "run", "metric.validation.loss", "recorded"),
    line("metric.validation.accuracy", "run", "metric.validation.accuracy", "recorded"),
    line("metric.validation.f1_macro", "run", "metric.validation.f1_macro", "recorded"),
    line("metric.test.loss", "run", "metric.test.loss", "recorded"),
    line("metric.test.accuracy", "run", "metric.test.accuracy", "recorded"),
    line("metric.test.f1_macro", "run", "metric.test.f1_macro", "recorded"),
    how(line("dataset.train.license", "trainingDataset", "license", "declared"), How::InList),
    line("dataset.validation.rows", "validationDataset", "data.rows", "computed"),
    line("dataset.test.rows", "evaluationDataset", "data.rows", "computed"),
    line("dataset.file.test.sha256", "evaluationDataset", "content.digest", "computed"),
    line("dataset.file.test.bytes", "evaluationDataset", "content.bytes", "computed"),
    how(
        line("dataset.file.train-00000-of-00002.sha256", "trainingDataset", "content.digest", "computed"),
        How::OneOf,
    ),
    how(
        line("dataset.file.train-00001-of-00002.sha256", "trainingDataset", "content.digest", "computed"),
        How::OneOf,
    ),
    line("dataset.file.validation.sha256", "validationDataset", "content.digest", "computed"),
    how(line("library.torch.version", "library torch", "package.version", "declared"), How::Version),
    line("library.transformers.version", "library transformers", "package.version", "declared"),
    line("library.tokenizers.version", "library tokenizers", "package.version", "declared"),
    line("library.datasets.version", "library datasets", "package.version", "declared"),
    line("code.commit", "code", "code.commit", "computed"),
    how(line("code.tag", "code", "code.tags", "recorded"), How::InList),
    line("code.branch", "code", "code.branch", "recorded"),
    line("code.dirty", "code", "code.dirty", "computed"),
    how(line("code.remote", "code", "code.remotes", "recorded"), How::InList),
    line("code.modified", "code", "code.modified", "computed"),
    line("code.untracked", "code", "code.untracked", "computed"),
];

const SHARDED: &[Line] = &[
    line("model.shards", "model", "weights.shards", "crossChecked"),
    line("model.parameters", "model", "weights.parameters", "crossChecked"),
];

const ADAPTER: &[Line] = &[
    line("base_as_written", "adapter", "adapter.base", "recorded"),
    line("base_revision_as_written", "adapter", "adapter.baseRevision", "recorded"),
    line("peft_type", "adapter", "adapter.type", "recorded"),
    line("r", "adapter", "adapter.rank", "crossChecked"),
    line("lora_alpha", "adapter", "adapter.alpha", "recorded"),
    line("lora_dropout", "adapter", "adapter.dropout", "recorded"),
    how(line("target_modules", "adapter", "adapter.targets", "recorded"), How::Sorted),
    line("use_rslora", "adapter", "adapter.rslora", "recorded"),
    line("scaling", "adapter", "adapter.scaling", "recorded"),
    line("trainable_parameters", "adapter", "weights.parameters", "computed"),
    line("tensor_count", "adapter", "weights.tensors", "computed"),
    how(line("tensor_dtypes", "adapter", "weights.dtypes", "computed"), How::Dtypes),
    line("hyperparameter.max_steps", "run", "training.maxSteps", "recorded"),
    line("training.global_step", "run", "training.globalStep", "recorded"),
    line("training.train_loss", "run", "metric.train.loss", "recorded"),
];

const LLAMA: &[Line] = &[
    line("model.base.parameters", "baseModel", "weights.parameters", "computed"),
    line("model.base.tensor_dtypes", "baseModel", "weights.dtypes", "computed"),
];

/// What the trainer wrote into the card of one of the adapters.
const CARD: &[Line] = &[
    how(line("library.torch.version", "library torch", "package.version", "declared"), How::Version),
    line("library.transformers.version", "library transformers", "package.version", "declared"),
    line("library.peft.version", "library peft", "package.version", "recorded"),
    line("library.datasets.version", "library datasets", "package.version", "declared"),
    line("library.accelerate.version", "library accelerate", "package.version", "recorded"),
    line("library.safetensors.version", "library safetensors", "package.version", "recorded"),
    line("library.huggingface_hub.version", "library huggingface-hub", "package.version", "recorded"),
];

/// What one capture said, and the bill that was made of it.
struct Captured {
    evidence: Value,
    bill: Value,
}

/// Captures `model` with `flags`, inside the run's directory.
fn capture(run: &Run, model: &str, flags: &str) -> Captured {
    let line = format!(
        "cd '{}' && mlbom-hash {model} | mlbom-capture - --model {model} {flags} | tee ../stream | mlbom-compose --name m > ../bill && tail -1 ../stream",
        run.dir
    );
    let evidence = run.scratch.ok(&line);
    let bill = run.scratch.ok(&format!("cat '{}/../bill'", run.dir));
    Captured {
        evidence: serde_json::from_str(&evidence).expect("evidence"),
        bill: serde_json::from_str(&bill).expect("a bill"),
    }
}

impl Captured {
    /// The facts of that name of the entities of `role` (`library torch`: of that name), in order of entity.
    fn facts(&self, role: &str, name: &str) -> Vec<&Value> {
        let (role, called) = role.split_once(' ').map_or((role, None), |(role, called)| (role, Some(called)));
        let entities = self.evidence["entities"].as_array().expect("a list").iter();
        let ids: Vec<&Value> = entities
            .filter(|entity| entity["role"] == role && called.is_none_or(|called| entity["name"] == called))
            .map(|entity| &entity["id"])
            .collect();
        let facts = self.evidence["facts"].as_array().expect("a list").iter();
        facts.filter(|fact| fact["name"] == name && ids.contains(&&fact["entity"])).collect()
    }

    /// Whether the bill says `fact`: a citation with its mark leads to a place that holds the value.
    fn in_bill(&self, fact: &Value) -> bool {
        let citations = self.bill["citations"].as_array().expect("citations").iter();
        let shown = |value: &Value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
        let wanted: Vec<String> = match &fact["value"] {
            Value::Array(values) => {
                values.iter().map(|value| shown(value.get("sha256").unwrap_or(value))).collect()
            }
            one => vec![shown(one)],
        };
        let of_fact = |note: &Value| note["trust"] == fact["trust"] && note["sources"] == fact["sources"];
        let pointers = citations
            .filter(|citation| {
                let note = citation["note"].as_str().and_then(|note| serde_json::from_str(note).ok());
                note.is_some_and(|note: Value| of_fact(&note))
            })
            .flat_map(|citation| citation["pointers"].as_array().expect("a list"));
        let places: Vec<String> = pointers
            .map(|pointer| self.bill.pointer(pointer.as_str().expect("text")).expect("the place").to_string())
            .collect();
        !places.is_empty()
            && wanted.iter().all(|want| {
                let quoted = serde_json::to_string(want).expect("JSON");
                // A licence is written as SPDX spells it.
                places
                    .iter()
                    .any(|place| place.to_lowercase().contains(&quoted.trim_matches('"').to_lowercase()))
            })
    }

    fn findings(&self) -> Vec<(&str, &str)> {
        let findings = self.evidence["findings"].as_array().expect("a list").iter();
        findings
            .map(|found| (found["id"].as_str().expect("an id"), found["severity"].as_str().expect("a word")))
            .collect()
    }
}

/// What one line came to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Outcome {
    Right,
    /// Not on disk, or none: and not said.
    RightlyUnknown,
}

impl Line {
    fn hold(&self, truth: &Value, captured: &Captured) -> Result<Outcome, String> {
        let facts = captured.facts(self.role, self.fact);
        let none = truth["recoverable"] == false || truth["value"].is_null();
        if none {
            return if facts.is_empty() {
                Ok(Outcome::RightlyUnknown)
            } else {
                Err(format!("said: {facts:?}"))
            };
        }
        let Some(first) = facts.first() else { return Err("missing".to_owned()) };
        for fact in &facts {
            if fact["trust"] != self.trust {
                return Err(format!("mark {}, {} was wanted", fact["trust"], self.trust));
            }
            if !captured.in_bill(fact) {
                return Err("is not in the bill".to_owned());
            }
        }
        let want = &truth["value"];
        let found = &first["value"];
        let right = match self.how {
            How::Same => facts.iter().all(|fact| same(&fact["value"], want)),
            How::OneOf => facts.iter().any(|fact| fact["value"] == *want),
            How::Among => found.as_array().is_some_and(|list| list.contains(want)),
            How::Version => found.as_str().and_then(|text| text.split('+').next()) == want.as_str(),
            How::InList => *found == json!([want]),
            How::Sorted => sorted(found) == sorted(want),
            How::Sum => {
                facts.iter().filter_map(|fact| fact["value"].as_i64()).sum::<i64>()
                    == want.as_i64().unwrap_or(-1)
            }
            How::NamesDigest => {
                let mut names: Vec<&str> =
                    want.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
                names.sort_unstable();
                let text: String = names.iter().map(|name| format!("{name}\n")).collect();
                *found == json!(Sha256::of(text.as_bytes()))
            }
            How::Paths => {
                found.as_array().map(|files| files.iter().map(|file| file["path"].clone()).collect())
                    == Some(sorted(want))
            }
            How::Dtypes => {
                let names = want.as_array().into_iter().flatten().filter_map(Value::as_str);
                *found == names.map(|name| if name == "float32" { "F32" } else { name }).collect::<Value>()
            }
            How::FileDigest(path) => found
                .as_array()
                .into_iter()
                .flatten()
                .any(|file| file["path"] == path && file["sha256"] == *want),
        };
        if right { Ok(Outcome::Right) } else { Err(format!("{found}, {want} was wanted")) }
    }
}

/// Numbers are equal as numbers.
fn same(found: &Value, want: &Value) -> bool {
    found == want || found.as_f64().is_some() && found.as_f64() == want.as_f64()
}

fn sorted(value: &Value) -> Vec<Value> {
    let mut values = value.as_array().cloned().unwrap_or_default();
    values.sort_by_key(Value::to_string);
    values
}

/// Holds every line against the truth of `run`, whose names begin with `prefix`; the names that were covered.
fn hold(
    run: &Run,
    captured: &Captured,
    lines: &[Line],
    prefix: &str,
    outcomes: &mut BTreeMap<String, Outcome>,
) {
    for line in lines {
        let what = format!("{prefix}{}", line.what);
        let truth = run.facts.iter().find(|fact| fact["what"] == what.as_str());
        let truth = truth.unwrap_or_else(|| panic!("{what} is no fact of this run"));
        match line.hold(truth, captured) {
            Ok(outcome) => outcomes.insert(what, outcome),
            Err(why) => panic!("{what} as {} {}: {why}", line.role, line.fact),
        };
    }
}

/// The digests and sizes of files that the truth names are those of the bill.
fn hold_files(run: &Run, captured: &Captured, from: &str, outcomes: &mut BTreeMap<String, Outcome>) {
    let files = captured.bill["metadata"]["component"]["components"].as_array().expect("files");
    for truth in &run.facts {
        let what = truth["what"].as_str().expect("a name");
        let Some((path, member)) = what.strip_prefix(from).and_then(|rest| rest.rsplit_once('.')) else {
            continue;
        };
        let Some(file) = files.iter().find(|file| {
            file["name"] == path
                || file["name"]
                    .as_str()
                    .is_some_and(|name| name.rsplit_once('.').is_some_and(|(stem, _)| stem == path))
        }) else {
            continue;
        };
        let found = match member {
            "sha256" => file["hashes"][0]["content"].clone(),
            _ => {
                let size =
                    file["properties"].as_array().into_iter().flatten().find(|p| p["name"] == "mlbom:size");
                size.and_then(|size| size["value"].as_str()?.parse::<u64>().ok()).into()
            }
        };
        assert_eq!(found, truth["value"], "{what}");
        outcomes.insert(what.to_owned(), Outcome::Right);
    }
}

/// Prints the share, which the note of a release quotes.
#[allow(clippy::print_stdout, reason = "a figure for people; cargo test --nocapture shows it")]
fn share(name: &str, run: &Run, outcomes: &BTreeMap<String, Outcome>) {
    let recoverable = run.facts.iter().filter(|fact| fact["recoverable"] == true).count();
    let right = outcomes.values().filter(|outcome| **outcome == Outcome::Right).count();
    println!(
        "{name}: {right} of {recoverable} recoverable facts captured ({} %), every one right; {} rightly unknown; {} facts in all",
        100 * right / recoverable.max(1),
        outcomes.len() - right,
        run.facts.len()
    );
}

const DATA: &str =
    "hf/hub/datasets--acme-lab--support-tickets/snapshots/349ed6abed40caf15a43b38f323461b96895549e/data";

/// The files of the split that was trained on.
fn train_files() -> String {
    [0, 1].map(|part| format!("--dataset train={DATA}/train-{part:05}-of-00002.parquet")).join(" ")
}

const BERT: &str =
    "--run out --base hf/hub/models--acme-lab--tiny-bert-tickets --code . --dataset eval=data/test.jsonl";

#[test]
fn a_full_fine_tune() {
    let Some(run) = runs::unpack("a1-bert-trainer") else { return };
    let flags = format!("{BERT} {} --dataset validation={DATA}/validation.parquet", train_files());
    let captured = capture(&run, "out/final", &flags);
    let mut outcomes = BTreeMap::new();
    hold(&run, &captured, COMMON, "", &mut outcomes);
    hold(&run, &captured, TRAINER, "", &mut outcomes);
    hold_files(&run, &captured, "file.out/final/", &mut outcomes);
    let sharded = capture(&run, "out/final-sharded", BERT);
    hold(&run, &sharded, SHARDED, "", &mut outcomes);
    hold_files(&run, &sharded, "file.out/final-sharded/", &mut outcomes);
    share("a1-bert-trainer", &run, &outcomes);
    assert!(outcomes.len() >= 60, "{} facts covered", outcomes.len());
    for captured in [&captured, &sharded] {
        let severe =
            captured.findings().into_iter().filter(|(_, severity)| ["high", "critical"].contains(severity));
        assert_eq!(severe.collect::<Vec<_>>(), [], "nothing is wrong with this run");
    }
}

#[test]
fn two_adapters() {
    let Some(run) = runs::unpack("a2-lora-llama") else { return };
    let mut outcomes = BTreeMap::new();
    let data = "--dataset train=hf/datasets/acme-lab___support-tickets --base";
    for (name, base) in [
        ("adapter-local", "base/tiny-llama-tickets"),
        ("adapter-hub", "hf/hub/models--acme-lab--tiny-llama-tickets"),
    ] {
        // The name of a local copy is found through the cache beside it.
        let captured = capture(
            &run,
            &format!("out/{name}"),
            &format!("--base {base} {data} hf/hub/models--acme-lab--tiny-llama-tickets"),
        );
        hold(&run, &captured, ADAPTER, &format!("{name}."), &mut outcomes);
        hold(&run, &captured, LLAMA, "", &mut outcomes);
        hold_files(&run, &captured, &format!("file.{name}."), &mut outcomes);
        let contradicted: Vec<_> = captured
            .findings()
            .into_iter()
            .filter(|(_, severity)| ["high", "critical"].contains(severity))
            .collect();
        assert_eq!(contradicted, [], "{name}: no source contradicts another");
        let unpinned = captured.findings().iter().any(|(id, _)| *id == "MLB-UNPINNED");
        assert_eq!(unpinned, name == "adapter-local", "{name}: {:?}", captured.findings());
        let adapts = captured.evidence["relations"]
            .as_array()
            .expect("a list")
            .iter()
            .any(|relation| relation["kind"] == "adapts");
        assert!(adapts, "{name}: what it adapts");
        let digest = captured.facts("adapter", "adapter.baseDigest");
        assert_eq!(digest.len(), 1, "{name}: the digest of its base");
    }
    let captured = capture(
        &run,
        "out/adapter-hub",
        &format!("--base hf/hub/models--acme-lab--tiny-llama-tickets {}", train_files()),
    );
    hold(&run, &captured, COMMON, "", &mut outcomes);
    hold(&run, &captured, CARD, "", &mut outcomes);
    share("a2-lora-llama", &run, &outcomes);
    assert!(outcomes.len() >= 45, "{} facts covered", outcomes.len());
}

#[test]
fn planted_contradictions() {
    let Some(run) = runs::unpack("a6-planted") else { return };
    for (model, flags, wanted) in [
        ("adapter", "", vec![("MLB-CARD-BASE", "high")]),
        ("sharded", "", vec![("MLB-INDEX", "high"), ("MLB-UNREFERENCED", "high")]),
        ("adapter", "--python site-packages", vec![("MLB-RECORD", "high")]),
        ("adapter", "--base hub/models--acme-lab--tiny-bert-tickets", vec![("MLB-BLOB", "critical")]),
        ("adapter", "--dataset train=conf", vec![]),
    ] {
        let captured = capture(&run, model, flags);
        for finding in wanted {
            assert!(captured.findings().contains(&finding), "{model} {flags}: {:?}", captured.findings());
        }
        let both = format!("{}{}", captured.evidence, captured.bill);
        assert!(!both.contains("hf_xxxx"), "{model} {flags}: the secret of conf/train.env.yaml");
    }
}

/// Makes each of the golden bills anew: another version of the tools, or another reader, shows here first.
#[test]
fn golden_bills() {
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/runs");
    let script = format!("{golden}/compose.sh");
    for archive in runs::archives() {
        let name = archive
            .file_name()
            .and_then(|name| name.to_str())
            .and_then(|name| name.strip_suffix(".tar.gz"))
            .expect("a name");
        let run = runs::unpack(name).expect("the run");
        let found = run.scratch.ok(&format!("cd '{}' && bash '{script}' {name}", run.dir));
        let path = format!("{golden}/{name}.cdx.json");
        if std::env::var_os("MLBOM_WRITE_GOLDEN").is_some() {
            std::fs::write(&path, &found).expect("the golden bill");
        }
        let wanted = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            found == wanted,
            "{path} is not what is composed now; MLBOM_WRITE_GOLDEN=1 makes it anew, git diff says what changed"
        );
    }
}
