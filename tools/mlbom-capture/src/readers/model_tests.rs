//! Directories of models and adapters, and what is captured of each.

use std::fs;
use std::path::Path;

use mlbom::evidence::{Absence, Evidence, Severity, Trust};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::testing::evidence;

/// A directory with these files.
fn dir(files: &[(&str, &[u8])]) -> TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    for (path, bytes) in files {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap_or(Path::new("/"))).expect("a directory");
        fs::write(path, bytes).expect("a file");
    }
    dir
}

fn capture(flag: &str, files: &[(&str, &[u8])]) -> Evidence {
    let dir = dir(files);
    let evidence = evidence(&[flag, dir.path().to_str().expect("UTF-8")]);
    let text = serde_json::to_string(&evidence).expect("JSON");
    Evidence::parse(&text).expect("reads back")
}

fn model(files: &[(&str, &[u8])]) -> Evidence {
    capture("--model", files)
}

fn fact(evidence: &Evidence, name: &str) -> Option<(Value, Trust)> {
    evidence.facts.iter().find(|fact| fact.name == name).map(|fact| (fact.value.clone(), fact.trust))
}

fn value(evidence: &Evidence, name: &str) -> Value {
    fact(evidence, name).map_or(Value::Null, |(value, _)| value)
}

fn state(evidence: &Evidence, name: &str) -> Option<Absence> {
    evidence.not_known.iter().find(|entry| entry.what == name).map(|entry| entry.state)
}

/// Ids, severities and messages, but for those of what was not looked for.
fn findings(evidence: &Evidence) -> Vec<(&str, Severity, &str)> {
    evidence.findings.iter().map(|f| (f.id.as_str(), f.severity, f.message.as_str())).collect()
}

/// A safetensors file of tensors of bytes (`U8`) or floats, by name and type, of two elements each.
fn weights(tensors: &[(&str, &str)]) -> Vec<u8> {
    let mut at = 0;
    let mut entries = vec![r#""__metadata__":{"format":"pt"}"#.to_owned()];
    for (name, dtype) in tensors {
        let end = at
            + 2 * match *dtype {
                "F32" => 4,
                "F16" | "BF16" => 2,
                _ => 1,
            };
        let name = serde_json::to_string(name).expect("a string");
        entries.push(format!(r#"{name}:{{"dtype":"{dtype}","shape":[2,1],"data_offsets":[{at},{end}]}}"#));
        at = end;
    }
    let header = format!("{{{}}}", entries.join(","));
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &vec![0; at]].concat()
}

/// An index of the shards `1.safetensors` and so on, each with its tensors.
fn index(shards: &[(&str, &[&str])], bytes: u64) -> Vec<u8> {
    let map: serde_json::Map<_, _> = shards
        .iter()
        .flat_map(|(shard, tensors)| tensors.iter().map(move |name| ((*name).to_owned(), json!(shard))))
        .collect();
    json!({"metadata": {"total_size": bytes}, "weight_map": map}).to_string().into_bytes()
}

const INDEX: &str = "model.safetensors.index.json";
/// A pickle that calls something.
const PICKLE: &[u8] = b"cos\nsystem\n(S'x'\ntR.";

#[test]
fn one_file_of_weights() {
    let evidence = model(&[
        ("model.safetensors", &weights(&[("a", "F32"), ("b", "BF16")])),
        ("checkpoint-1/model.safetensors", &weights(&[("c", "F32")])),
        ("training_args.bin", PICKLE),
        ("rng_state_0.pth", PICKLE),
    ]);
    for (name, want) in [
        ("weights.parameters", json!(4)),
        ("weights.tensors", json!(2)),
        ("weights.bytes", json!(12)),
        ("weights.shards", json!(1)),
        ("weights.dtypes", json!(["BF16", "F32"])),
        ("weights.unreferenced", json!([])),
        // printf 'a\nb\n' | sha256sum
        (
            "weights.tensorNamesDigest",
            json!("911169ddaaf146aff539f58c26c489af3b892dff0fe283c1c264c65ae5aa59a2"),
        ),
    ] {
        assert_eq!(fact(&evidence, name), Some((want, Trust::Computed)), "{name}");
    }
    assert_eq!(fact(&evidence, "weights.metadata.format"), Some((json!("pt"), Trust::Recorded)));
    assert_eq!(findings(&evidence), []);
}

#[test]
fn index_and_shards_agree_or_are_found() {
    let (one, two) = (weights(&[("a", "F32")]), weights(&[("b", "F32"), ("c", "F32")]));
    let good = index(&[("1.safetensors", &["a"]), ("2.safetensors", &["b", "c"])], 24);
    let shards = |index: &[u8]| model(&[("1.safetensors", &one), ("2.safetensors", &two), (INDEX, index)]);
    let evidence = shards(&good);
    assert_eq!(fact(&evidence, "weights.bytes"), Some((json!(24), Trust::CrossChecked)));
    assert_eq!(fact(&evidence, "weights.shards"), Some((json!(2), Trust::CrossChecked)));
    assert_eq!(value(&evidence, "weights.parameters"), json!(6));
    assert_eq!(findings(&evidence), []);

    let map = |rest: &str| format!(r#"{{"weight_map":{{"a":"1.safetensors","b":"2.safetensors"{rest}}}}}"#);
    for (index, says) in [
        (index(&[("1.safetensors", &["a"]), ("2.safetensors", &["b", "c"])], 25), "the shards hold 24"),
        (index(&[("1.safetensors", &["a", "d"]), ("2.safetensors", &["b", "c"])], 24), "which it does not"),
        (index(&[("1.safetensors", &["a"]), ("2.safetensors", &["b"])], 24), "does not say"),
        (map(r#","c":"../2.safetensors""#).into(), "no path inside"),
        (map(r#","c":"/etc/passwd""#).into(), "no path inside"),
        (map(r#","c":"3.safetensors""#).into(), "which is not there"),
    ] {
        let evidence = shards(&index);
        let found = findings(&evidence);
        assert!(
            found.iter().any(|(id, severity, message)| *id == "MLB-INDEX"
                && *severity == Severity::High
                && message.contains(says)),
            "{says}: {found:?}"
        );
        let shown = evidence
            .findings
            .iter()
            .filter(|f| f.id == "MLB-INDEX")
            .all(|f| f.claims.iter().any(|claim| claim.source.shown().starts_with(INDEX)));
        assert!(shown, "the index is named");
    }
    // With a shard missing the sums would be wrong.
    let evidence = shards(map(r#","c":"3.safetensors""#).as_bytes());
    for name in ["weights.parameters", "weights.bytes", "weights.tensors"] {
        assert_eq!(state(&evidence, name), Some(Absence::Unreadable), "{name}");
    }
    for (index, why) in [
        (&b"{}"[..], "no map"),
        (br#"{"weight_map":{"a":1}}"#, "no text"),
        (br#"{"weight_map":{"a":"1.safetensors","a":"2.safetensors"}}"#, "repeated"),
        (b"{\"weight_map\":{\"\xff\":\"x\"}}", "not UTF-8"),
    ] {
        let evidence = shards(index);
        assert!(findings(&evidence).iter().any(|(id, ..)| *id == "MLB-UNREADABLE"), "{why}");
    }
}

#[test]
fn weights_that_nothing_names() {
    let one = weights(&[("a", "F32")]);
    let other = weights(&[("a", "F16")]);
    let evidence = model(&[
        ("model.safetensors", &one),
        ("pytorch_model.bin", PICKLE),
        ("notes.txt", PICKLE),
        ("model.fp16.safetensors", &other),
        ("tf_model.h5", b"\x89HDF\r\n\x1a\n"),
        ("model.ckpt", b"what is this"),
        ("vocab.bin", b"no weights"),
    ]);
    let want = ["model.ckpt", "model.fp16.safetensors", "notes.txt", "pytorch_model.bin", "tf_model.h5"];
    assert_eq!(value(&evidence, "weights.unreferenced"), json!(want));
    let severities: Vec<_> = findings(&evidence).iter().map(|(id, severity, _)| (*id, *severity)).collect();
    let (high, medium) = (("MLB-UNREFERENCED", Severity::High), ("MLB-UNREFERENCED", Severity::Medium));
    assert_eq!(severities.iter().filter(|found| **found == high).count(), 3, "{severities:?}");
    assert_eq!(severities.iter().filter(|found| **found == medium).count(), 2, "{severities:?}");
    assert_eq!(value(&evidence, "weights.parameters"), json!(2), "only what is loaded");

    // A pickled model with its index is no stray beside itself.
    let map = index(&[("pytorch_model-1.bin", &["a"])], 8);
    let files: [(&str, &[u8]); 2] = [("pytorch_model.bin.index.json", &map), ("pytorch_model-1.bin", PICKLE)];
    let evidence = model(&files);
    assert_eq!(value(&evidence, "weights.unreferenced"), json!([]));
    assert_eq!(fact(&evidence, "weights.shards"), Some((json!(1), Trust::Recorded)));
    assert_eq!(state(&evidence, "weights.parameters"), Some(Absence::Absent));
    let evidence = model(&[files[0], files[1], ("other.bin", PICKLE)]);
    assert_eq!(value(&evidence, "weights.unreferenced"), json!(["other.bin"]));
}

#[test]
fn nothing_is_picked_where_loaders_differ() {
    let (one, two) = (weights(&[("a", "F32")]), weights(&[("b", "F32")]));
    let map = index(&[("1.safetensors", &["a"])], 8);
    let evidence = model(&[("model.safetensors", &two), ("1.safetensors", &one), (INDEX, &map)]);
    assert!(
        findings(&evidence)
            .iter()
            .any(|(id, _, message)| *id == "MLB-INDEX" && message.contains("loaders differ"))
    );
    assert_eq!(state(&evidence, "weights.parameters"), Some(Absence::Unreadable));
    // Files without index or usual name belong together if no tensor is in two of them.
    let evidence = model(&[("x.safetensors", &one), ("y.safetensors", &two)]);
    assert_eq!(value(&evidence, "weights.parameters"), json!(4));
    let evidence = model(&[("x.safetensors", &one), ("y.safetensors", &one)]);
    assert_eq!(state(&evidence, "weights.parameters"), Some(Absence::Unreadable));
    assert_eq!(state(&evidence, "weights.tensors"), Some(Absence::Unreadable));
}

#[test]
fn weights_that_are_not_there_or_no_weights() {
    let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n";
    for name in ["model.safetensors", "pytorch_model.bin"] {
        let evidence = model(&[(name, pointer)]);
        assert_eq!(findings(&evidence)[0].0, "MLB-LFS-POINTER", "{name}");
        assert_eq!(state(&evidence, "weights.parameters"), Some(Absence::Absent), "{name}");
        assert_eq!(state(&evidence, "weights.tensorNamesDigest"), Some(Absence::Absent), "{name}");
    }
    for (bytes, why) in [
        (&b""[..], "empty"),
        (b"\xff\xff\xff\xff\xff\xff\xff\x7f{}", "a header of 2^63 bytes"),
        (b"\x02\0\0\0\0\0\0\0{}x", "bytes after"),
        (PICKLE, "a pickle"),
    ] {
        let evidence = model(&[("model.safetensors", bytes)]);
        assert!(findings(&evidence).iter().any(|(id, ..)| *id == "MLB-UNREADABLE"), "{why}");
        assert_eq!(state(&evidence, "weights.bytes"), Some(Absence::Unreadable), "{why}");
        assert_eq!(state(&evidence, "weights.parameters"), Some(Absence::Unreadable), "{why}");
    }
    let header = r#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"I8","shape":[1],"data_offsets":[0,1]}}"#;
    let twice = [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), b"x"].concat();
    let evidence = model(&[("model.safetensors", &twice)]);
    assert_eq!(findings(&evidence)[0].0, "MLB-TENSOR-REPEATED");
    assert_eq!(value(&evidence, "weights.dtypes"), json!(["I8"]));
}

#[test]
fn packed_weights_are_not_counted() {
    let plain = weights(&[("a", "F32")]);
    for (files, why) in [
        (vec![("model.safetensors", weights(&[("a.qweight", "U8"), ("b", "F32")]))], "names"),
        (vec![("model.safetensors", plain.clone()), ("quanto_qmap.json", b"{}".to_vec())], "files"),
        (
            vec![
                ("model.safetensors", plain.clone()),
                (
                    "config.json",
                    br#"{"quantization_config":{"quant_method":"gptq","bits":4,"x":{"y":1}}}"#.to_vec(),
                ),
            ],
            "configuration",
        ),
    ] {
        let files: Vec<_> = files.iter().map(|(name, bytes)| (*name, bytes.as_slice())).collect();
        let evidence = model(&files);
        assert_eq!(state(&evidence, "weights.parameters"), Some(Absence::Unreadable), "{why}");
        assert!(fact(&evidence, "weights.parameters").is_none(), "{why}");
        assert!(fact(&evidence, "weights.tensors").is_some(), "{why}");
        if why == "configuration" {
            assert_eq!(value(&evidence, "config.quantization.bits"), json!(4));
            assert_eq!(value(&evidence, "config.quantization.x"), Value::Null);
        }
    }
}

#[test]
fn configuration() {
    let config = json!({
        "architectures": ["A"], "model_type": "bert", "torch_dtype": "float16", "_name_or_path": "/home/someone/base",
        "id2label": {"10": "ten", "2": "two", "0": "none"}, "hidden_size": 8, "vocab_size": "8\nx",
        "text_config": {"num_hidden_layers": 3}, "transformers_version": "4.46.0", "unknown": 1,
    });
    let generation = json!({"temperature": 0.5, "eos_token_id": 2, "stop": "/etc/x", "top_k": [1, 2]});
    let evidence = model(&[
        ("config.json", config.to_string().as_bytes()),
        ("generation_config.json", generation.to_string().as_bytes()),
        ("model.safetensors", &weights(&[("a", "F32")])),
    ]);
    for (name, want) in [
        ("config.architectures", json!(["A"])),
        ("config.modelType", json!("bert")),
        ("config.dtype", json!("float16")),
        ("config.baseModel", Value::Null),
        ("config.labels", json!(["none", "two", "ten"])),
        ("config.shape.hidden_size", json!(8)),
        ("config.shape.text_config.num_hidden_layers", json!(3)),
        ("config.shape.unknown", Value::Null),
        ("config.writer", json!("transformers 4.46.0")),
        ("config.generation.temperature", json!(0.5)),
        ("config.generation.top_k", json!([1, 2])),
        ("config.generation.eos_token_id", Value::Null),
        ("config.codeOnLoad", json!([])),
    ] {
        assert_eq!(value(&evidence, name), want, "{name}");
    }
    assert_eq!(
        findings(&evidence),
        [("MLB-DTYPE", Severity::Low, "config.json says torch_dtype float16, the tensors are F32")]
    );
    assert!(!serde_json::to_string(&evidence).expect("JSON").contains("someone"));
    for (config, why) in
        [("[]", "no object"), ("{\"a\":1,\"a\":1}", "repeated"), ("{", "cut off"), ("\u{0}", "no JSON")]
    {
        let evidence = model(&[("config.json", config.as_bytes())]);
        assert_eq!(state(&evidence, "config.modelType"), Some(Absence::Unreadable), "{why}");
        assert_eq!(state(&evidence, "config.codeOnLoad"), Some(Absence::Unreadable), "{why}");
    }
    // Of the wrong type: there, and not to be read.
    let evidence = model(&[("config.json", br#"{"model_type":7}"#)]);
    assert_eq!(state(&evidence, "config.modelType"), Some(Absence::Unreadable));
}

#[test]
fn code_on_load_is_found_wherever_it_stands() {
    for (file, config, entry, severity) in [
        (
            "config.json",
            json!({"auto_map": {"AutoModel": "m.C"}}),
            "/auto_map/AutoModel=m.C",
            Severity::Medium,
        ),
        ("config.json", json!({"auto_map": {"A": "o/r--m.C"}}), "/auto_map/A=o/r--m.C", Severity::High),
        (
            "tokenizer_config.json",
            json!({"auto_map": {"AutoTokenizer": ["t.Slow", null]}}),
            "/auto_map/AutoTokenizer/0=t.Slow",
            Severity::Medium,
        ),
        (
            "config.json",
            json!({"a": [{"trust_remote_code": true}]}),
            "/a/0/trust_remote_code=true",
            Severity::Medium,
        ),
        (
            "config.json",
            json!({"attn_implementation": "org/kernel"}),
            "/attn_implementation=org/kernel",
            Severity::High,
        ),
        (
            "generation_config.json",
            json!({"x": {"_attn_implementation_internal": "k@v1"}}),
            "/x/_attn_implementation_internal=k@v1",
            Severity::High,
        ),
        ("config.json", json!({"kernel_config": {"a": "b"}}), "/kernel_config/a=b", Severity::Medium),
        ("adapter_config.json", json!({"_target_": "os.system"}), "/_target_=os.system", Severity::Medium),
        (
            "config.json",
            json!({"custom_pipelines": {"x": {"impl": "p.P", "pt": ["AutoModel"]}}}),
            "/custom_pipelines/x/impl=p.P",
            Severity::Medium,
        ),
        ("model_index.json", json!({"a~/b": {"_target_": "x"}}), "/a~0~1b/_target_=x", Severity::Medium),
    ] {
        let evidence = model(&[(file, config.to_string().as_bytes())]);
        assert_eq!(value(&evidence, "config.codeOnLoad"), json!([format!("{file}#{entry}")]), "{config}");
        let found: Vec<_> = findings(&evidence).iter().map(|(id, severity, _)| (*id, *severity)).collect();
        assert!(found.contains(&("MLB-CODE-ON-LOAD", severity)), "{config}: {found:?}");
    }
    for config in [
        json!({"trust_remote_code": false, "attn_implementation": "flash_attention_2", "kernel_config": null}),
        json!({"auto_map": {}, "auto_mapping": {"base_model_class": "a.B"}, "_attn_implementation": "sdpa"}),
    ] {
        let evidence = model(&[("config.json", config.to_string().as_bytes())]);
        assert_eq!(value(&evidence, "config.codeOnLoad"), json!([]), "{config}");
    }
    // A long key over a long list makes no long pointers, and findings have an end.
    let config = json!({"auto_map": {"k".repeat(100_000): vec!["m.C"; 20_000]}});
    let evidence = model(&[("config.json", config.to_string().as_bytes())]);
    assert_eq!(value(&evidence, "config.codeOnLoad").as_array().map(Vec::len), Some(1001));
    assert_eq!(evidence.findings.len(), 100);
}

#[test]
fn chat_templates_of_every_home() {
    let tokenizer = json!({"tokenizer_class": "T", "chat_template": [
        {"name": "default", "template": "{{ x }}"}, {"name": "tool_use", "template": "{{ y.__class__ }}"},
    ]});
    let evidence = model(&[
        ("chat_template.jinja", b"{{ x }}\r\n"),
        ("additional_chat_templates/rag.jinja", b"r"),
        ("tokenizer_config.json", tokenizer.to_string().as_bytes()),
        ("tokenizer.json", b"{}"),
    ]);
    let digest = |text: &str| json!(mlbom::digest::Sha256::of(text.as_bytes()).to_string());
    assert_eq!(value(&evidence, "chatTemplate.digest.default"), digest("{{ x }}"), "one text, two homes");
    assert_eq!(value(&evidence, "chatTemplate.digest.rag"), digest("r"));
    assert_eq!(value(&evidence, "tokenizer.class"), json!("T"));
    assert_eq!(value(&evidence, "tokenizer.digest.tokenizer.json"), digest("{}"));
    let ids: Vec<_> = findings(&evidence).iter().map(|(id, severity, _)| (*id, *severity)).collect();
    assert_eq!(ids, [("MLB-TEMPLATE-CODE", Severity::Medium)]);

    let evidence = model(&[
        ("chat_template.jinja", b"{{ x }}"),
        ("chat_template.json", br#"{"chat_template":"{{ y }}"}"#),
    ]);
    let found = evidence.findings.iter().find(|found| found.id == "MLB-TEMPLATE").expect("a finding");
    let places: Vec<_> = found.claims.iter().map(|claim| claim.source.shown()).collect();
    assert_eq!(places, ["chat_template.jinja", "chat_template.json#/chat_template"]);
    assert!(fact(&evidence, "chatTemplate.digest.default").is_none(), "neither is picked");
    let evidence = model(&[("chat_template.jinja", b"\xff")]);
    assert_eq!(state(&evidence, "chatTemplate.digest.*"), Some(Absence::Unreadable));
}

#[test]
fn cards() {
    let card = "---\nlicense: other\nlicense_name: acme-1\nlicense_link: https://x.example/l\nlicence: license\n\
                base_model: [b/b, a/a]\nlanguage: no\ntags: [x]\ndatasets: d/d\npipeline_tag: t\nmodel_name: n\n\
                base_model_relation: finetune\nlibrary_name: l\n---\n### Framework versions\n\n- Pytorch 2.1.0\n";
    let evidence = model(&[("README.md", card.as_bytes())]);
    for (name, want) in [
        ("license", json!(["acme-1"])),
        ("card.licenseLink", json!("https://x.example/l")),
        ("card.baseModel", json!(["a/a", "b/b"])),
        ("card.baseModelRelation", json!("finetune")),
        ("card.languages", json!(["no"])),
        ("card.tags", json!(["x"])),
        ("card.datasets", json!(["d/d"])),
        ("card.task", json!("t")),
        ("card.name", json!("n")),
        ("card.library", json!("l")),
    ] {
        assert_eq!(fact(&evidence, name), Some((want, Trust::Declared)), "{name}");
    }
    assert_eq!(fact(&evidence, "package.version"), Some((json!("2.1.0"), Trust::Declared)));
    assert!(evidence.entities.iter().any(|entity| entity.id == "library:torch@2.1.0"));
    for (card, why) in [
        ("---\nlicense: a\nlicense: b\n---\n", "repeated key"),
        ("---\n- a\n---\n", "a list"),
        ("---\nlicense: a\n", "no end"),
        ("---\na: !!binary x\nb: [\n---\n", "no YAML"),
    ] {
        let evidence = model(&[("README.md", card.as_bytes())]);
        assert_eq!(state(&evidence, "license"), Some(Absence::Unreadable), "{why}");
    }
    for card in ["# A model", "---\n---\n", "---\nlicence: license\n---\n"] {
        let evidence = model(&[("README.md", card.as_bytes())]);
        assert_eq!(state(&evidence, "license"), Some(Absence::Absent), "{card}");
        assert_eq!(state(&evidence, "card.baseModel"), Some(Absence::Absent), "{card}");
        assert_eq!(findings(&evidence), []);
    }
    let evidence = model(&[("README.md", b"---\nbase_model: /srv/someone\n---\n")]);
    assert_eq!(state(&evidence, "card.baseModel"), Some(Absence::Unreadable), "there, and left out");
    assert!(!serde_json::to_string(&evidence).expect("JSON").contains("someone"));
    for (config, found) in [("o/a", 1), ("o/b", 0), ("/srv/o/a", 0), ("a", 0), ("./o/a", 0)] {
        let config = json!({"_name_or_path": config}).to_string();
        let files: [(&str, &[u8]); 2] =
            [("README.md", b"---\nbase_model: o/b\n---\n"), ("config.json", config.as_bytes())];
        let evidence = model(&files);
        assert_eq!(evidence.findings.iter().filter(|f| f.id == "MLB-CARD-BASE").count(), found, "{config}");
    }
}

#[test]
fn what_a_trainer_leaves() {
    let trainer_state = json!({
        "best_global_step": 3, "best_metric": 0.5, "best_model_checkpoint": "/srv/out/checkpoint-3", "epoch": 1.5,
        "global_step": 6, "max_steps": 6, "num_input_tokens_seen": 0, "num_train_epochs": 2, "save_steps": 500,
        "train_batch_size": 4, "total_flos": 12.0,
        "log_history": [{"loss": 1.0}, {"train_loss": 0.25, "step": 6}, {"test_loss": 9.0, "step": 6}],
    });
    let all = json!({"eval_loss": 1.0, "eval_runtime": 2.0, "test_acc": 0.5, "train_samples_per_second": 1, "epoch": 2,
        "train_samples": 100, "perplexity": 3.0, "total_flos": 12.0, "eval_note": "x"});
    let files: [(&str, &[u8]); 3] = [
        ("trainer_state.json", trainer_state.to_string().leak().as_bytes()),
        ("all_results.json", all.to_string().leak().as_bytes()),
        ("eval_results.json", br#"{"eval_loss": 1, "perplexity": 2.5}"#),
    ];
    for flag in ["--run", "--model"] {
        let evidence = capture(flag, &files);
        for (name, want) in [
            ("training.globalStep", json!(6)),
            ("training.maxSteps", json!(6)),
            ("training.epochs", json!(1.5)),
            ("training.bestStep", json!(3)),
            ("training.bestMetric", json!(0.5)),
            ("training.bestCheckpoint", Value::Null),
            ("training.totalFlops", json!(12)),
            ("training.inputTokens", Value::Null),
            ("hyperparameter.train_batch_size", json!(4)),
            ("hyperparameter.num_train_epochs", Value::Null),
            ("hyperparameter.save_steps", Value::Null),
            ("metric.train.loss", json!(0.25)),
            ("metric.validation.loss", json!(1)),
            ("metric.validation.perplexity", json!(2.5)),
            ("metric.test.acc", json!(0.5)),
        ] {
            assert_eq!(value(&evidence, name), want, "{flag} {name}");
        }
        let metrics = evidence.facts.iter().filter(|fact| fact.name.starts_with("metric.")).count();
        assert_eq!(metrics, 4);
        assert_eq!(findings(&evidence), []);
    }
    for (bytes, why) in [
        (&br#"{"log_history": 3}"#[..], "no list"),
        (br#"{"log_history": [3]}"#, "no objects"),
        (br#"{"epoch": NaNs}"#, "no JSON"),
        (br#"{"epoch": 1, "epoch": 2}"#, "repeated key"),
    ] {
        let evidence = capture("--run", &[("trainer_state.json", bytes)]);
        assert_eq!(state(&evidence, "training.globalStep"), Some(Absence::Unreadable), "{why}");
    }
    // A run that diverged: Python writes what JSON does not have.
    let diverged = br#"{"global_step": 7, "epoch": NaN, "best_model_checkpoint": "NaN \"x", "log_history": [{"train_loss": -Infinity}]}"#;
    let evidence = capture(
        "--run",
        &[("trainer_state.json", diverged), ("eval_results.json", br#"{"eval_loss": NaN, "eval_acc": 0.5}"#)],
    );
    assert_eq!(value(&evidence, "training.globalStep"), json!(7));
    assert_eq!(value(&evidence, "training.epochs"), Value::Null);
    assert_eq!(value(&evidence, "metric.validation.acc"), json!(0.5));
    assert_eq!(evidence.facts.iter().filter(|fact| fact.name.ends_with("loss")).count(), 0);
    let evidence = capture(
        "--run",
        &[("eval_results.json", br#"{"eval_loss": 1}"#), ("all_results.json", br#"{"eval_loss": 2}"#)],
    );
    assert_eq!(findings(&evidence)[0].0, "MLB-DISAGREEMENT");
}

#[test]
fn adapters() {
    let config = |base: &str, revision: Value, rest: Value| {
        let mut config = json!({
            "base_model_name_or_path": base, "revision": revision, "peft_type": "LORA", "r": 2, "lora_alpha": 8,
            "use_rslora": false, "target_modules": ["v", "q"], "peft_version": "0.21.2", "task_type": "CAUSAL_LM",
        });
        for (key, value) in rest.as_object().expect("an object") {
            config[key] = value.clone();
        }
        config.to_string().into_bytes()
    };
    let tensors = weights(&[("m.q.lora_A.weight", "F32"), ("m.v.lora_A.weight", "F32")]);
    let commit = "0c5e78a1899c0440d2c0422f9e45d82267d54630";
    let adapter = |config: &[u8]| {
        capture(
            "--adapter",
            &[
                ("adapter_config.json", config),
                ("adapter_model.safetensors", &tensors),
                ("README.md", b"---\nbase_model: o/b\n---\n"),
            ],
        )
    };
    let evidence = adapter(&config("o/b", json!(commit), json!({})));
    for (name, want) in [
        ("adapter.rank", json!(2)),
        ("adapter.alpha", json!(8)),
        ("adapter.scaling", json!(4)),
        ("adapter.targets", json!(["q", "v"])),
        ("adapter.base", json!("o/b")),
        ("adapter.baseRevision", json!(commit)),
        ("adapter.writer", json!("peft 0.21.2")),
        ("adapter.task", json!("CAUSAL_LM")),
        ("weights.parameters", json!(4)),
        ("weights.unreferenced", json!([])),
        ("package.version", json!("0.21.2")),
    ] {
        assert_eq!(value(&evidence, name), want, "{name}");
    }
    assert_eq!(fact(&evidence, "adapter.rank").map(|(_, trust)| trust), Some(Trust::CrossChecked));
    assert_eq!(findings(&evidence), []);

    for (base, revision, rest, want) in [
        ("o/b", Value::Null, json!({}), vec!["MLB-UNPINNED"]),
        ("o/b", json!("main"), json!({}), vec!["MLB-UNPINNED"]),
        ("o/b", json!(commit.to_uppercase()), json!({}), vec!["MLB-UNPINNED"]),
        ("/home/someone/b", json!(commit), json!({}), vec!["MLB-UNPINNED"]),
        ("../b", json!(commit), json!({}), vec!["MLB-UNPINNED"]),
        ("o/other", json!(commit), json!({}), vec!["MLB-CARD-BASE"]),
        ("o/b", json!(commit), json!({"r": 3}), vec!["MLB-DISAGREEMENT"]),
        ("o/b", json!(commit), json!({"r": 3, "rank_pattern": {"q": 2}}), vec![]),
        ("o/b", json!(commit), json!({"r": 1, "target_parameters": ["experts"]}), vec![]),
    ] {
        let evidence = adapter(&config(base, revision.clone(), rest.clone()));
        let ids: Vec<_> = findings(&evidence).iter().map(|(id, ..)| *id).collect();
        assert_eq!(ids, want, "{base} {revision} {rest}");
        assert!(!serde_json::to_string(&evidence).expect("JSON").contains("someone"));
    }
    let evidence =
        adapter(&config("o/b", json!(commit), json!({"use_rslora": true, "r": 4, "lora_alpha": 8})));
    assert_eq!(value(&evidence, "adapter.scaling"), json!(4));
    for rest in
        [json!({"r": 0}), json!({"alpha_pattern": {"q": 1}}), json!({"lora_alpha": "x"}), json!({"r": -1})]
    {
        let evidence = adapter(&config("o/b", json!(commit), rest.clone()));
        assert_eq!(value(&evidence, "adapter.scaling"), Value::Null, "{rest}");
    }
    // An adapter that is the model itself.
    let config = config("o/b", json!(commit), json!({}));
    let evidence = model(&[("adapter_config.json", &config), ("adapter_model.safetensors", &tensors)]);
    assert_eq!(evidence.facts.iter().filter(|fact| fact.name == "weights.parameters").count(), 2);
    assert_eq!(value(&evidence, "adapter.rank"), json!(2));
    assert_eq!(findings(&evidence), []);
}

#[test]
fn a_base_that_is_no_name_is_not_absent() {
    for (base, want) in
        [("[{name: acme/x}]", Some(Absence::Unreadable)), ("[]", Some(Absence::Absent)), ("a/b", None)]
    {
        let card = format!("---\nbase_model: {base}\n---\n");
        assert_eq!(state(&model(&[("README.md", card.as_bytes())]), "card.baseModel"), want, "{base}");
    }
}

#[test]
fn code_that_no_configuration_of_the_top_names() {
    for (file, text, entry) in [
        ("unet/config.json", r#"{"auto_map":{"A":"o/r--x.Y"}}"#, "unet/config.json#/auto_map/A=o/r--x.Y"),
        ("config.json", r#"{"auto_map":{"A":"evil"}}"#, "config.json#/auto_map/A=evil"),
        ("modules.json", r#"[{"type":"evil_module.Evil"}]"#, "modules.json#/0/type=evil_module.Evil"),
        ("model_index.json", r#"{"_class_name":["my_pipe","P"]}"#, "model_index.json#/_class_name=my_pipe"),
        ("model_index.json", r#"{"unet":["my_unet","U"]}"#, "model_index.json#/unet=my_unet"),
        (
            "adapter_config.json",
            r#"{"auto_mapping":{"parent_library":"evil_module"}}"#,
            "adapter_config.json#/auto_mapping/parent_library=evil_module",
        ),
        ("custom_generate/generate.py", "import os", "custom_generate/generate.py"),
        ("lib/kernel.SO", "ELF", "lib/kernel.SO"),
    ] {
        let evidence = model(&[(file, text.as_bytes())]);
        assert_eq!(value(&evidence, "config.codeOnLoad"), json!([entry]), "{file}");
        assert!(findings(&evidence).iter().any(|(id, _, _)| *id == "MLB-CODE-ON-LOAD"), "{file}");
    }
    for (file, text) in [
        ("modules.json", r#"[{"type":"sentence_transformers.models.Transformer"}]"#),
        ("model_index.json", r#"{"_class_name":"P","unet":["diffusers","U"],"x":[null,null]}"#),
        ("adapter_config.json", r#"{"auto_mapping":{"parent_library":"transformers.models.bert"}}"#),
    ] {
        assert_eq!(value(&model(&[(file, text.as_bytes())]), "config.codeOnLoad"), json!([]), "{file}");
    }
}
