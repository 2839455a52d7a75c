//! The tool as a process: exit status, both outputs, and policies that break the process they run in.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

const ALLOWED: &str = include_str!("../../../policies/inputs/allowed.json");
const DENIED: &str = include_str!("../../../policies/inputs/denied.json");
const DEPLOYED: &str = include_str!("../../../policies/inputs/model-deployment/allowed.json");
const FAILED: &str = include_str!("../../../policies/inputs/failed.json");
const MINIMAL: [&str; 2] = ["--policy", "builtin:minimal"];
const HEAD: &str = "package mlbom_policy\nrules contains \"X\"\n";
const FINDING: &str = r#"{"id":"X","severity":"low","message":"m","remedy":"r"}"#;

fn run(args: &[&str], input: &str) -> Output {
    use std::io::Write as _;
    let mut child = Command::new(env!("CARGO_BIN_EXE_mlbom-policy"))
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    // It may refuse its arguments before it reads.
    let _ = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
    child.wait_with_output().expect("ends")
}

/// The decision on standard output, held to its schema.
fn decision(output: &Output) -> Value {
    assert_eq!(output.stdout.iter().filter(|byte| **byte == b'\n').count(), 1);
    let decision = serde_json::from_slice(&output.stdout).expect("one document");
    let schema =
        serde_json::from_str(include_str!("../../../schemas/decision-v1.schema.json")).expect("a schema");
    let validator = jsonschema::draft202012::new(&schema).expect("a schema");
    if let Err(err) = validator.validate(&decision) {
        panic!("{err}: {decision}");
    }
    decision
}

/// Status 2, nothing on standard output, and `why` on standard error.
fn refused(args: &[&str], input: &str, why: &str) {
    let output = run(args, input);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{args:?} {why}: {stderr}");
    assert!(output.stdout.is_empty(), "{args:?} {why}: standard output");
    assert!(stderr.starts_with("mlbom-policy: ") && stderr.contains(why), "{args:?} {why}: {stderr}");
}

fn write(directory: &Path, name: &str, text: &str) -> String {
    let path = directory.join(name);
    fs::write(&path, text).expect("a file");
    path.to_str().expect("UTF-8").to_owned()
}

#[test]
fn yes_is_silent() {
    for (args, input, policy) in
        [(&[][..], DEPLOYED, "model-deployment (built in)"), (&MINIMAL, ALLOWED, "minimal (built in)")]
    {
        let output = run(args, input);
        assert_eq!(output.status.code(), Some(0));
        assert!(output.stderr.is_empty());
        let decision = decision(&output);
        assert_eq!(decision["result"], "allowed");
        assert_eq!(decision["policies"][0]["name"], policy);
    }
}

#[test]
fn no_says_why_and_what_to_do() {
    let output = run(&MINIMAL, DENIED);
    assert_eq!(output.status.code(), Some(1));
    let decision = decision(&output);
    let denied: Vec<_> = decision["rules"]
        .as_array()
        .expect("rules")
        .iter()
        .filter(|rule| rule["state"] == "denied")
        .collect();
    assert_eq!(
        denied.iter().map(|rule| &rule["id"]).collect::<Vec<_>>(),
        ["MLB-BOM", "MLB-COVERED", "MLB-FORMAT"]
    );
    let stderr = String::from_utf8(output.stderr).expect("UTF-8");
    for pair in stderr.lines().collect::<Vec<_>>().chunks(2) {
        assert!(pair[0].starts_with("mlbom-policy: MLB-"), "{stderr}");
        assert!(pair[1].starts_with("mlbom-policy: hint: "), "{stderr}");
    }
    assert_eq!(stderr.lines().count(), 8);
    assert!(run(&["--quiet"], DENIED).stderr.is_empty());
    refused(&["--policy", "builtin:none"], ALLOWED, "no such built-in policy");
}

#[test]
fn output_that_cannot_be_written() {
    let dir = tempfile::tempdir().expect("a directory");
    let report = write(dir.path(), "report.json", DEPLOYED);
    refused(&["--output", "/dev/full"], DEPLOYED, "cannot be written");
    let run = |arguments: &str, stdout: Stdio| {
        let mut shell = Command::new("sh");
        let script = format!("exec \"$0\" {arguments} < \"$1\"");
        shell.args(["-c", &script, env!("CARGO_BIN_EXE_mlbom-policy"), &report]).stdout(stdout);
        shell.output().expect("ends").status.code()
    };
    assert_eq!(run("--output \"$1\"", Stdio::piped()), Some(2), "the input");
    assert_eq!(fs::read_to_string(&report).expect("a file"), DEPLOYED);
    assert_eq!(run(">&-", Stdio::piped()), Some(2), "closed");
    // A pipe whose reader is gone.
    let gone = || {
        let mut reader = Command::new("true").stdin(Stdio::piped()).spawn().expect("starts");
        let pipe = reader.stdin.take().expect("a pipe");
        reader.wait().expect("ends");
        Stdio::from(pipe)
    };
    assert_eq!(run("", gone()), Some(141), "a yes that nobody reads");
    fs::write(&report, DENIED).expect("a file");
    assert_eq!(run("", gone()), Some(1), "a no stays a no");
}

#[test]
fn no_policy_turns_the_native_rules_off() {
    let dir = tempfile::tempdir().expect("a directory");
    let silent = write(dir.path(), "silent.rego", &format!("{HEAD}deny contains {FINDING} if false"));
    assert_eq!(run(&["--policy", &silent], ALLOWED).status.code(), Some(0));
    let output = run(&["--policy", &silent], FAILED);
    assert_eq!(output.status.code(), Some(1));
    let decision = decision(&output);
    assert_eq!(
        decision["rules"][2],
        json!({
            "id": "native-signed", "source": "native", "state": "denied", "severity": "critical",
            "findings": decision["rules"][2]["findings"],
        })
    );
    assert_eq!(decision["rules"][7]["state"], "passed", "Rego is asked all the same");
}

#[test]
fn signers_narrow() {
    let dir = tempfile::tempdir().expect("a directory");
    let report: Value = serde_json::from_str(DEPLOYED).expect("JSON");
    let spki = report["statements"][0]["signer"]["spki"].as_str().expect("a digest");
    let listed = write(dir.path(), "listed.json", &json!({"mlbom": {"signers": [spki]}}).to_string());
    let other = write(dir.path(), "other.json", &json!({"mlbom": {"signers": ["0".repeat(64)]}}).to_string());
    let unclear = write(dir.path(), "unclear.json", r#"{"mlbom":{"signers":[]}}"#);
    assert_eq!(run(&["--data", &listed], DEPLOYED).status.code(), Some(0));
    assert_eq!(run(&["--data", &other], DEPLOYED).status.code(), Some(1));
    refused(&["--data", &unclear], DEPLOYED, "an empty list");
    let no_issuer =
        write(dir.path(), "no-issuer.json", r#"{"mlbom":{"signers":[{"identity":"ann@example.com"}]}}"#);
    refused(&["--data", &no_issuer], DEPLOYED, "an identity and its issuer");
    refused(&["--data", &listed, "--data", &other], DEPLOYED, "/mlbom/signers is given");
}

/// `DEPLOYED` as `signer` signed it, without a proof of when.
fn signed_by(signer: &Value) -> String {
    let mut report: Value = serde_json::from_str(DEPLOYED).expect("JSON");
    report["statements"][0]["signer"] = signer.clone();
    report.to_string()
}

fn certificate(accepted_by: &str) -> Value {
    let digest = "0".repeat(64);
    let mut certificate = json!({
        "kind": "certificate", "certificate": digest, "spki": digest, "keyType": "ecdsa-p256",
        "names": [{"type": "email", "value": "ann@example.com"}], "issuer": "https://i.example.com",
        "acceptedBy": accepted_by, "claims": {}, "sct": true,
        "trustedRoot": {"name": "root.json", "sha256": digest},
    });
    if accepted_by != "anyIdentity" {
        certificate["identity"] = "ann@example.com".into();
    }
    certificate
}

/// Neither the data nor a policy that denies nothing lets somebody sign whom nobody asked for.
#[test]
fn anybody_is_never_enough() {
    let dir = tempfile::tempdir().expect("a directory");
    let silent = write(dir.path(), "silent.rego", &format!("{HEAD}deny contains {FINDING} if false"));
    let listed = json!({"signers": [{"identity": "ann@example.com", "issuer": "https://i.example.com"}]});
    let data = write(dir.path(), "data.json", &json!({"mlbom": listed}).to_string());
    let args = ["--policy", &silent, "--data", &data];
    assert_eq!(run(&args, &signed_by(&certificate("identity"))).status.code(), Some(0));
    assert_eq!(run(&args, &signed_by(&certificate("identityRegexp"))).status.code(), Some(0));
    let output = run(&args, &signed_by(&certificate("anyIdentity")));
    assert_eq!(output.status.code(), Some(1));
    let rules = decision(&output)["rules"].clone();
    let denied: Vec<_> =
        rules.as_array().expect("rules").iter().filter(|rule| rule["state"] == "denied").collect();
    assert_eq!(
        denied.iter().map(|rule| &rule["id"]).collect::<Vec<_>>(),
        ["native-identity", "native-signers"]
    );
}

#[test]
fn signers_are_counted() {
    let dir = tempfile::tempdir().expect("a directory");
    let data = |name: &str, wanted: Value| {
        write(dir.path(), name, &json!({"mlbom": {"distinctSigners": wanted}}).to_string())
    };
    let (one, two) = (data("one.json", json!(1)), data("two.json", json!(2)));
    assert_eq!(run(&["--data", &one], DEPLOYED).status.code(), Some(0));
    assert_eq!(run(&["--data", &two], DEPLOYED).status.code(), Some(1));
    refused(&["--data", &data("none.json", json!(0))], DEPLOYED, "data.mlbom.distinctSigners: 0, a whole");
}

#[test]
fn the_time_is_the_one_given() {
    let dir = tempfile::tempdir().expect("a directory");
    let text = format!(
        "{HEAD}deny contains {FINDING} if time.now_ns() >= time.parse_rfc3339_ns(\"2030-01-01T00:00:00Z\")"
    );
    let policy = write(dir.path(), "expiry.rego", &text);
    assert_eq!(run(&["--policy", &policy, "--at", "2029-12-31T23:59:59Z"], ALLOWED).status.code(), Some(0));
    assert_eq!(run(&["--policy", &policy, "--at", "2030-01-01T00:00:00Z"], ALLOWED).status.code(), Some(1));
    assert_eq!(run(&["--policy", &policy, "--at", "tomorrow"], ALLOWED).status.code(), Some(2));
}

#[test]
fn inputs_that_are_refused() {
    let cut = &ALLOWED[..ALLOWED.len() - 3];
    let text = |from: &str, to: &str| ALLOWED.replacen(from, to, 1);
    for (input, why) in [
        (String::new(), "empty"),
        (cut.to_owned(), "not valid JSON"),
        (format!("{ALLOWED}{ALLOWED}"), "holds 2 documents"),
        (text("report:v1", "report:v2"), "is urn:mlbom:report:v2"),
        ("{\"type\":\"urn:mlbom:manifest:v1\"}".to_owned(), "is urn:mlbom:manifest:v1"),
        (text("\"tool\"", "\"result\":\"held\",\"tool\""), "repeated key"),
        (text("\"tool\"", "\"more\":1,\"tool\""), "unknown field"),
        (text("\"complete\":true", "\"complete\":false"), "not complete"),
        (text("\"complete\":true", "\"complete\":1"), "invalid type"),
        (text("\"result\":\"held\"", "\"result\":\"failed\""), "does not follow from its checks"),
        (text("wholeModel", "part"), "unknown variant"),
        (text("\"source\":\"none\"", "\"source\":\"log\""), "at"),
        (text("\"log\":[]", "\"log\":null"), "invalid type"),
        (text("\"tolerated\"", "\"unverified\":[\"a\"],\"tolerated\""), "not which were asked about"),
        (text("{\"bomFormat\"", &format!("{}{{\"bomFormat\"", "[".repeat(100))), "standard input"),
    ] {
        refused(&[], &input, why);
    }
}

#[test]
fn a_policy_that_breaks_its_process() {
    let dir = tempfile::tempdir().expect("a directory");
    let nested = format!("x := {}{}", "[".repeat(40), "]".repeat(40));
    for (name, text, why) in [
        ("empty", String::new(), "is empty"),
        ("brackets", format!("{HEAD}{nested}"), "deeper than 16"),
        (
            "itself",
            format!("{HEAD}f(x) := f(x)\ndeny contains {FINDING} if f(1)"),
            "a rule that calls itself",
        ),
        ("circle", format!("{HEAD}a if b\nb if a\ndeny contains {FINDING} if a"), "a rule that calls itself"),
        (
            "width",
            format!("{HEAD}deny contains {FINDING} if count(sprintf(\"%999999999d\", [1])) == 1"),
            "of memory",
        ),
    ] {
        let policy = write(dir.path(), &format!("{name}.rego"), &text);
        refused(&["--policy", &policy], ALLOWED, why);
    }
}

#[test]
fn a_policy_without_end() {
    let dir = tempfile::tempdir().expect("a directory");
    let body = "some i in numbers.range(1, 99999); some j in numbers.range(1, 99999); i == j + 99999";
    let policy = write(dir.path(), "endless.rego", &format!("{HEAD}deny contains {FINDING} if {{ {body} }}"));
    // Of processor time as a rule; of any time where the machine is busy.
    refused(&["--policy", &policy], ALLOWED, "evaluation took ");
}

#[test]
fn the_worker_alone_never_says_yes() {
    let output = run(&["--evaluate"], "");
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(run(&["--evaluate", "--quiet"], ALLOWED).status.code(), Some(2));
}

/// 50,000 components are some 8 MB.
#[test]
fn a_large_bom_passes() {
    let digest = "ab".repeat(32);
    let component = |number: usize| {
        json!({"type": "library", "bom-ref": format!("pkg:pypi/p{number}@1.0"), "name": format!("p{number}"),
               "version": "1.0", "hashes": [{"alg": "SHA-256", "content": digest}]})
    };
    let mut report: Value = serde_json::from_str(ALLOWED).expect("JSON");
    report["statements"][0]["predicate"]["components"] = (0..50_000).map(component).collect();
    let text = report.to_string();
    assert!(text.len() > 7_000_000);
    assert_eq!(run(&MINIMAL, &text).status.code(), Some(0));

    let dir = tempfile::tempdir().expect("a directory");
    let body = "some s in input.statements; some c in s.predicate.components; not c.version == \"1.0\"";
    let walking =
        write(dir.path(), "walking.rego", &format!("{HEAD}deny contains {FINDING} if {{ {body} }}"));
    assert_eq!(run(&["--policy", &walking], &text).status.code(), Some(0));
}

#[test]
fn the_schema_takes_the_valid_samples_alone() {
    let schema =
        serde_json::from_str(include_str!("../../../schemas/decision-v1.schema.json")).expect("a schema");
    let validator = jsonschema::draft202012::new(&schema).expect("a schema");
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas/samples/decision");
    for (kind, wanted) in [("valid", true), ("invalid", false)] {
        let mut count = 0;
        for entry in fs::read_dir(samples.join(kind)).expect("samples") {
            let path = entry.expect("a sample").path();
            let sample = serde_json::from_str(&fs::read_to_string(&path).expect("a file")).expect("JSON");
            assert_eq!(validator.is_valid(&sample), wanted, "{}", path.display());
            count += 1;
        }
        assert!(count > 0, "no {kind} sample");
    }
}
