//! The default policy: a table of reports with the right answer to each, and the script that asks it before deployment.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use mlbom_tests::{Ran, Scratch, path_with_tools};
use serde_json::{Value, json};

const TOP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(TOP).join(path)).expect(path)
}

fn parse(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

/// The report that is allowed, and what the cases of `cases.json` change in it.
struct Table {
    base: Value,
    places: Value,
    cases: Vec<Value>,
}

impl Table {
    fn load() -> Self {
        let mut table = parse(&read("policies/inputs/model-deployment/cases.json"));
        Self {
            base: parse(&read("policies/inputs/model-deployment/allowed.json")),
            places: table["places"].take(),
            cases: table["cases"].as_array().expect("cases").clone(),
        }
    }

    /// A JSON pointer: one that begins with a word begins at the place of that name.
    fn pointer(&self, text: &str) -> String {
        if text.is_empty() || text.starts_with('/') {
            return text.to_owned();
        }
        let (place, rest) = text.split_at(text.find('/').unwrap_or(text.len()));
        format!("{}{rest}", self.places[place].as_str().expect(place))
    }

    /// `value` with each `{"copy": PLACE}` replaced by what the allowed report has there.
    fn value(&self, value: &Value) -> Value {
        match value {
            Value::Array(items) => items.iter().map(|item| self.value(item)).collect(),
            Value::Object(members) => match value["copy"].as_str() {
                Some(place) if members.len() == 1 => {
                    self.base.pointer(&self.pointer(place)).expect(place).clone()
                }
                _ => members.iter().map(|(name, item)| (name.clone(), self.value(item))).collect(),
            },
            _ => value.clone(),
        }
    }

    /// The report of a case: `set` first, then `remove`, each in order. `-` is the end of a list.
    fn report(&self, case: &Value) -> Value {
        let mut report = self.base.clone();
        for pair in case["set"].as_array().into_iter().flatten() {
            let pointer = self.pointer(pair[0].as_str().expect("a pointer"));
            let value = self.value(&pair[1]);
            if pointer.is_empty() {
                report = value;
                continue;
            }
            match parent(&mut report, &pointer) {
                (Value::Array(items), "-") => items.push(value),
                (Value::Array(items), last) => items[last.parse::<usize>().expect("an index")] = value,
                (above, last) => above[last] = value,
            }
        }
        for pointer in case["remove"].as_array().into_iter().flatten() {
            let pointer = self.pointer(pointer.as_str().expect("a pointer"));
            match parent(&mut report, &pointer) {
                (Value::Array(items), last) => drop(items.remove(last.parse().expect("an index"))),
                (above, last) => {
                    let removed = above.as_object_mut().expect("an object").remove(last);
                    assert!(removed.is_some(), "{pointer} is not there");
                }
            }
        }
        report
    }
}

/// What holds the value that `pointer` names, and the last token of it.
fn parent<'a>(document: &'a mut Value, pointer: &'a str) -> (&'a mut Value, &'a str) {
    let (above, last) = pointer.rsplit_once('/').expect("a pointer");
    (document.pointer_mut(above).unwrap_or_else(|| panic!("{above} is not there")), last)
}

fn denied_by_policy(decision: &Value) -> Vec<&str> {
    let rules = decision["rules"].as_array().expect("rules").iter();
    rules
        .filter(|rule| rule["source"] == "policy" && rule["state"] == "denied")
        .map(|rule| rule["id"].as_str().expect("an id"))
        .collect()
}

#[test]
fn every_report_gets_the_right_answer() {
    let (table, scratch) = (Table::load(), Scratch::empty());
    let mut rows = Vec::new();
    for case in &table.cases {
        let name = format!("{}: {}", case["row"], case["name"]);
        rows.extend(case["row"].as_u64());
        let mut line = "mlbom-policy".to_owned();
        if let Some(data) = case.get("data") {
            scratch.write("data.json", json!({"mlbom": table.value(data)}).to_string().as_bytes());
            line += " --data data.json";
        }
        let ran = scratch.feed(table.report(case).to_string().as_bytes(), &line);
        let status = match case["want"].as_str() {
            Some("allowed") => 0,
            Some("denied") => 1,
            Some("refused") => 2,
            other => panic!("{name}: {other:?}"),
        };
        assert_eq!(ran.status, status, "{name}: {}", ran.stderr);
        if status == 2 {
            assert!(ran.stdout.is_empty(), "{name}");
            continue;
        }
        assert_eq!(
            Value::from(denied_by_policy(&parse(&ran.stdout))),
            case["rules"],
            "{name}: {}",
            ran.stderr
        );
    }
    rows.dedup();
    assert_eq!(rows, (0..=24).collect::<Vec<_>>(), "rows without a case");
}

/// What gets an answer is a report as mlbom-verify writes them.
#[test]
fn the_reports_are_reports() {
    let schema = |name: &str| parse(&read(&format!("schemas/{name}-v1.schema.json")));
    let registry = jsonschema::Registry::new().add("urn:mlbom:manifest:v1", schema("manifest"));
    let registry = registry.expect("a schema").prepare().expect("every reference is known");
    let options = jsonschema::options().with_registry(&registry);
    let validator = options.build(&schema("report")).expect("a schema");
    let table = Table::load();
    for case in &table.cases {
        let valid = validator.is_valid(&table.report(case));
        assert_eq!(valid, case["want"] != "refused", "{}: {}", case["row"], case["name"]);
    }
}

#[test]
fn minimal_can_be_chosen() {
    let scratch = Scratch::signed();
    scratch.ok("mlbom-verify --bundle bom.jsonl --key k.pem.pub --output r.json model");
    assert_eq!(scratch.sh("mlbom-policy < r.json").status, 1, "a bill that nothing was captured for");
    let decision = parse(&scratch.ok("mlbom-policy --policy builtin:minimal < r.json"));
    assert_eq!(decision["policies"][0]["name"], "minimal (built in)");
    assert_eq!(scratch.sh("mlbom-policy --policy builtin:none < r.json").status, 2);
}

/// As of the past, keys count that have ended since; the policy has a present of its own.
#[test]
fn the_present_is_asked_about() {
    let scratch = Scratch::signed();
    let at = "--at 2024-02-02T00:00:00Z";
    scratch.ok(&format!("mlbom-verify --bundle bom.jsonl --key k.pem.pub --output r.json {at} model"));
    let minimal = "mlbom-policy --policy builtin:minimal";
    let ran = scratch.sh(&format!("{minimal} < r.json"));
    assert_eq!((ran.status, denied_by_policy(&parse(&ran.stdout))), (1, vec!["MLB-AT"]), "{}", ran.stderr);
    scratch.ok(&format!("{minimal} {at} < r.json"));
    scratch.ok(&format!("{minimal} --at 2024-02-02T00:04:00Z < r.json"));
    scratch.write("data.json", br#"{"mlbom": {"allowAt": true}}"#);
    scratch.ok(&format!("{minimal} --data data.json < r.json"));
}

/// A directory with a model in `model/` whose record, signed in `deploy.jsonl`, is complete; `bom.jsonl` is a bill
/// that nothing was captured for.
fn deployable() -> Scratch {
    let scratch = Scratch::project();
    scratch.ok("mlbom-sign --new-key k.pem");
    scratch.ok(
        "mlbom-hash model | mlbom-capture - --model model --code . --dataset train=data/train.jsonl \
         --base .cache/huggingface/hub/models--acme--tiny | mlbom-compose | mlbom-sign --key k.pem --output deploy.jsonl",
    );
    scratch.ok("mlbom-hash model | mlbom-compose | mlbom-sign --key k.pem --output bom.jsonl");
    scratch.ok("mlbom-hash model | mlbom-sign --quiet --key k.pem --output model.sig");
    scratch
}

fn script() -> PathBuf {
    Path::new(TOP).join("policies/deploy/pre-deploy-model-check.sh").canonicalize().expect("the script")
}

fn check(scratch: &Scratch, arguments: &str) -> Ran {
    scratch.sh(&format!("'{}' {arguments}", script().display()))
}

#[test]
fn the_script_before_deployment() {
    let scratch = deployable();
    scratch.ok("mlbom-sign --new-key other.pem; cp -r model 'my copy'; cp deploy.jsonl 'my bundle.jsonl'");
    scratch.ok(
        "cp -r model bad; printf x >> bad/model.safetensors; cp -r model more; touch more/x; : > empty.jsonl",
    );
    scratch.write("no.rego", b"package mlbom_policy\nrules contains \"A\"\ndeny contains {\"id\": \"A\", \"severity\": \"low\", \"message\": \"no\", \"remedy\": \"none\"}\n");
    for (arguments, status, why) in [
        ("model deploy.jsonl k.pem.pub", 0, "right"),
        ("'my copy' 'my bundle.jsonl' k.pem.pub", 0, "names with spaces"),
        ("model bom.jsonl k.pem.pub builtin:minimal", 0, "a policy that asks for less"),
        ("model deploy.jsonl k.pem.pub no.rego", 1, "a policy that says no"),
        ("model bom.jsonl k.pem.pub", 1, "a bill made without looking"),
        ("model model.sig k.pem.pub", 1, "a signature without a bill"),
        ("bad deploy.jsonl k.pem.pub", 1, "a changed byte"),
        ("more deploy.jsonl k.pem.pub", 1, "a file more"),
        ("model deploy.jsonl other.pem.pub", 1, "another signer"),
        ("model empty.jsonl k.pem.pub", 2, "unsigned, an empty bundle"),
        ("model none.jsonl k.pem.pub", 2, "unsigned, no bundle"),
        ("none deploy.jsonl k.pem.pub", 2, "no model"),
        ("model deploy.jsonl none.pub", 2, "no key"),
        ("model deploy.jsonl k.pem.pub none.rego", 2, "no policy"),
        ("model deploy.jsonl", 2, "too few arguments"),
        ("model deploy.jsonl k.pem.pub builtin:minimal more", 2, "too many arguments"),
    ] {
        let ran = check(&scratch, arguments);
        assert_eq!(ran.status, status, "{why}: {}", ran.stderr);
        assert!(ran.stdout.is_empty(), "{why}: {}", ran.stdout);
        assert_eq!(ran.stderr.is_empty(), status == 0, "{why}: {}", ran.stderr);
    }
}

#[test]
fn the_script_without_its_tools() {
    let scratch = deployable();
    let bin = tempfile::tempdir().expect("a directory");
    let run = || {
        // Whatever else is on PATH: bash is named, and nothing that it needs is from elsewhere.
        let out = Command::new("/bin/bash")
            .arg(script())
            .args(["model", "deploy.jsonl", "k.pem.pub"])
            .current_dir(scratch.path())
            .env("PATH", bin.path())
            .output()
            .expect("bash starts");
        (out.status.code(), String::from_utf8_lossy(&out.stderr).into_owned())
    };
    let found = std::env::split_paths(&path_with_tools()).next().expect("a directory");
    for tool in ["mlbom-hash", "mlbom-verify", "mlbom-policy"] {
        let (status, stderr) = run();
        assert_eq!(status, Some(2), "{tool}: {stderr}");
        assert!(stderr.starts_with(&format!("pre-deploy-model-check: {tool}: not found")), "{stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        std::os::unix::fs::symlink(found.join(tool), bin.path().join(tool)).expect("a link");
    }
    let (status, stderr) = run();
    assert_eq!(status, Some(0), "{stderr}");
}
