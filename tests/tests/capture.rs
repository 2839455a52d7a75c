//! mlbom-capture as a part of a pipeline: what it refuses, what it passes on, what a bill makes of it.

use mlbom_tests::{Ran, Scratch};
use serde_json::Value;

fn refused(ran: &Ran, says: &str, why: &str) {
    assert_eq!(ran.status, 2, "{why}: {}", ran.stderr);
    assert!(ran.stdout.is_empty(), "{why}: wrote {}", ran.stdout);
    assert!(ran.stderr.contains(says), "{why}: {:?} was wanted in {}", says, ran.stderr);
    assert!(!ran.stderr.contains("panicked"), "{why}: {}", ran.stderr);
}

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|err| panic!("{err}: {text}"))
}

#[test]
fn nothing_is_written_unless_everything_was_captured() {
    let scratch = Scratch::signed();
    scratch.ok("mlbom-hash model > m.json; mkfifo pipe; ln -s ../k.pem model/out; ln -s . loop");
    for (line, says, why) in [
        ("mlbom-capture", "Usage", "nothing to capture"),
        ("mlbom-capture -", "Usage", "nothing to capture"),
        ("mlbom-capture x --model model", "x", "a stray argument"),
        ("false | mlbom-capture - --base none", "empty", "a tool before it died"),
        ("head -c 100 m.json | mlbom-capture - --base none", "JSON", "a cut manifest"),
        (
            "echo '{\"type\":\"urn:mlbom:manifest:v1\"}' | mlbom-capture - --base none",
            "manifest",
            "a bad manifest",
        ),
        ("cat m.json m.json | mlbom-capture - --model model", "2 manifests", "two manifests"),
        ("mlbom-capture --model none-such", "none-such", "a path that is not there"),
        ("mlbom-capture --base none --base model", "none", "none and some"),
        ("mlbom-capture --dataset none --dataset train=model", "none", "none and some"),
        ("mlbom-capture --dataset model", "train=", "no role"),
        ("mlbom-capture --dataset test=model", "train=", "no such role"),
        ("mlbom-capture --dataset train=", "train=", "no path"),
        ("mlbom-capture --dataset train=pipe", "pipe", "a FIFO"),
        ("mlbom-capture --base ''", "path", "an empty path"),
        ("mlbom-capture --model model", "model/out", "a link out of the model"),
        ("mlbom-capture --base model", "model/out", "a link out of the base"),
        (
            "rm model/out; echo x >> model/README.md; mlbom-capture - --model model < m.json",
            "README.md",
            "a file of another size",
        ),
        (
            "printf 'x Tiny\\n' > model/README.md; sed -i 's/x Tiny/# Tinx/' model/README.md; mlbom-capture - --model model < m.json",
            "README.md",
            "other bytes",
        ),
        ("rm model/README.md; mlbom-capture - --model model < m.json", "README.md", "a file that is gone"),
        ("mlbom-capture --model model --output model/config.json", "input", "an output over an input"),
        ("mlbom-capture --model model >&-", "closed", "a closed output"),
        ("mlbom-capture --model model > /dev/full", "space", "a full disk"),
        ("mlbom-capture --model model --output none-such/out", "none-such", "an output that cannot be"),
    ] {
        refused(&scratch.sh(line), says, why);
    }
    assert_eq!(scratch.read("model/config.json"), r#"{"model_type":"tiny"}"#, "inputs stay");
    assert!(!scratch.path().join("out").exists());
}

#[test]
fn documents_pass_through_and_close_the_chain() {
    let scratch = Scratch::signed();
    scratch.ok("mlbom-hash model > m.json; echo '{\"type\":\"other\"}' > o.json");
    scratch.ok("cat o.json m.json | mlbom-capture - --model model --base none > s.jsonl; head -2 s.jsonl | cmp - <(cat o.json m.json)");
    scratch
        .ok("[ $(wc -l < s.jsonl) = 3 ]; mlbom-capture --model model --base none | cmp - <(tail -1 s.jsonl)");
    // The same documents in any order, and any number of evidence.
    scratch
        .ok("mlbom-capture --model model > a; mlbom-capture --base none --dataset eval=model/README.md > b");
    scratch.ok("cat m.json a b | mlbom-compose > 1; cat b m.json a | mlbom-compose | cmp - 1; cat a b m.json a | mlbom-compose | cmp - 1");
    scratch.ok("mlbom-hash model | mlbom-capture - --model model --base none --dataset eval=model/README.md | mlbom-compose > 2; jq -S 'del(.serialNumber)' 1 > x; jq -S 'del(.serialNumber)' 2 | cmp - x");
    for (line, says) in [
        ("mlbom-hash none-such | mlbom-capture - --base none | mlbom-compose", "empty"),
        (
            "{ mlbom-hash model; mlbom-capture --base none-such; } | mlbom-compose --expect manifest=1,evidence=1",
            "evidence",
        ),
        (
            "{ mlbom-hash none-such; mlbom-capture --base none; } | mlbom-compose --expect manifest=1,evidence=1",
            "manifest",
        ),
        ("mlbom-capture --base none | mlbom-compose", "0 manifests"),
        ("cat m.json a | sed 's/config.modelType/config.modelTypo/' | mlbom-compose", "vocabulary"),
        ("cat m.json a | sed 's/\"trust\":\"recorded\"/\"trust\":\"observed\"/' | mlbom-compose", "marked"),
        (
            "echo more >> model/config.json; mlbom-capture --model model | cat m.json - | mlbom-compose",
            "config.json",
        ),
        ("rm model/config.json; mlbom-hash model | cat - a | mlbom-compose", "config.json"),
        // What is not there is said of all files: one more, and the evidence is of another model.
        (
            "mlbom-capture --model model > a; touch model/new.py; mlbom-hash model | cat - a | mlbom-compose",
            "digest",
        ),
    ] {
        let ran = scratch.sh(line);
        refused(&ran, says, line);
    }
}

#[test]
fn an_older_edition_says_what_it_cannot() {
    let scratch = Scratch::signed();
    scratch.ok("mlbom-hash model | mlbom-capture - --model model --base none > s");
    scratch.ok("mlbom-compose --format cyclonedx-1.6 --loss loss.json < s > old.json; mlbom-compose --loss none.json < s > new.json");
    let (old, new) = (parse(&scratch.read("old.json")), parse(&scratch.read("new.json")));
    assert_eq!((old["specVersion"].as_str(), new["specVersion"].as_str()), (Some("1.6"), Some("1.7")));
    assert!(
        old.get("citations").is_none() && new["citations"].as_array().is_some_and(|list| !list.is_empty())
    );
    let facts =
        parse(scratch.read("s").lines().last().expect("evidence"))["facts"].as_array().expect("a list").len();
    let losses = |name: &str| parse(&scratch.read(name))["losses"].as_array().expect("a list").len();
    assert!(losses("loss.json") >= facts && losses("none.json") < facts);
    // But for the citations and the names of the edition the two say the same.
    scratch.ok("for f in old new; do jq -S 'del(.citations, .serialNumber, .specVersion, .\"$schema\")' $f.json > $f; done; cmp old new");
    refused(
        &scratch.sh("mlbom-compose --loss none-such/x < s"),
        "none-such",
        "a loss that cannot be written",
    );
    refused(&scratch.sh("mlbom-compose --loss x --output x < s"), "same file", "one file for two documents");
    refused(&scratch.sh("mlbom-compose --loss l.json < s > /dev/full"), "space", "a full disk");
    assert!(!scratch.path().join("l.json").exists(), "losses of no bill");
    refused(&scratch.sh("mlbom-compose --loss - < s"), "file", "two documents on one output");
}

#[test]
fn nobody_asked_is_not_none() {
    let scratch = Scratch::signed();
    let values = |flags: &str| {
        let bill =
            scratch.ok(&format!("mlbom-hash model | mlbom-capture - --model model {flags} | mlbom-compose"));
        let properties = parse(&bill)["metadata"]["component"]["properties"].clone();
        let all = properties.as_array().expect("a list").iter();
        let texts: Vec<_> = all
            .map(|p| format!("{}={}", p["name"].as_str().expect("a name"), p["value"].as_str().unwrap_or("")))
            .collect();
        texts
    };
    let asked = values("");
    for area in ["baseModel", "dataset", "code", "library", "hardware"] {
        assert!(asked.contains(&format!("mlbom:notLookedFor={area}")), "{area}: {asked:?}");
    }
    assert!(!asked.contains(&"mlbom:notLookedFor=model".to_owned()));
    let declared = values("--base none --dataset none");
    assert!(declared.contains(&"mlbom:declared.noBaseModel=true".to_owned()), "{declared:?}");
    assert!(declared.contains(&"mlbom:declared.noDataset=true".to_owned()), "{declared:?}");
    assert!(
        !declared
            .iter()
            .any(|text| text == "mlbom:notLookedFor=baseModel" || text == "mlbom:notLookedFor=dataset")
    );
}

#[test]
fn what_only_one_machine_knows_stays_there() {
    let scratch = Scratch::project();
    scratch.write("model/config.json", br#"{"model_type":"/home/alice/x","architectures":["C:\\Users\\alice"],"id2label":{"0":"a /srv/alice/y"}}"#);
    scratch.write("data/train.jsonl.dataset.toml", b"consent = \"signed in /home/alice/consent.pdf\"\n");
    let ran = scratch.ok("CI_JOB_IMAGE=x GITLAB_CI=true CI_CONFIG_PATH=/home/alice/ci.yml mlbom-capture --model model --ci --dataset train=data/train.jsonl --code . --python .venv");
    assert!(!ran.contains("alice") && ran.contains("[a local path]"), "{ran}");
    // Two work trees of one name are two.
    scratch.ok("mkdir -p p q; cp -r .git train.py .gitignore p; cp -r .git train.py .gitignore q; mkdir p/src q/src; mv p/.git p/train.py p/.gitignore p/src; mv q/.git q/train.py q/.gitignore q/src");
    let ran = scratch.ok("mlbom-capture --code p/src --code q/src");
    assert!(
        ran.contains("\"code:src\"") && ran.contains("\"code:src-2\"") && !ran.contains("MLB-DISAGREEMENT"),
        "{ran}"
    );
    // Nothing that was read is written over.
    scratch.write("run/trainer_state.json", b"{}");
    refused(
        &scratch.sh("mlbom-capture --run run --output run/trainer_state.json"),
        "input",
        "an output over an input",
    );
}

#[test]
fn a_dataset_that_changes_while_it_is_read() {
    let scratch = Scratch::empty();
    let line = "yes 1,2 | head -c 100000000 > d.csv; (for i in $(seq 600); do echo 3,4 >> d.csv; sleep 0.005; done) & sleep 0.1; mlbom-capture --dataset train=d.csv; status=$?; kill %1; exit $status";
    refused(&scratch.sh(line), "changed while it was read", "a file that grows");
}
