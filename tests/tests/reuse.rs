//! Digests that are taken over and not computed: never unasked, never unsaid, and never for a file that was touched.

use mlbom_tests::{Ran, Scratch};
use serde_json::{Value, json};

const A: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const LIE: &str = "00000000000000000000000000000000000000000000000000000000000000ff";
const VERIFY: &str = "mlbom-verify --bundle bom.jsonl --key k.pem.pub";

/// Two files, left alone for long enough, and a cache that knows them.
fn cached() -> Scratch {
    let scratch = Scratch::empty();
    scratch.write("model/a.bin", b"abc");
    scratch.write("model/sub/b.json", b"{}");
    settle();
    assert_eq!(sources(&scratch, "--cache c.json model"), ["computed", "computed"]);
    scratch
}

/// Until every file written so far has been left alone for more than two seconds.
fn settle() {
    std::thread::sleep(std::time::Duration::from_millis(2100));
}

fn manifest(scratch: &Scratch, arguments: &str) -> Value {
    serde_json::from_str(&scratch.ok(&format!("mlbom-hash {arguments}"))).expect("JSON")
}

/// The `digestSource` of each file.
fn sources(scratch: &Scratch, arguments: &str) -> Vec<String> {
    let manifest = manifest(scratch, arguments);
    let files = manifest["files"].as_array().expect("files");
    files.iter().map(|file| file["digestSource"].as_str().expect("a word").to_owned()).collect()
}

fn assert_refused(ran: &Ran, why: &str, what: &str) {
    assert_eq!(ran.status, 2, "{what}: {ran:?}");
    assert!(ran.stdout.is_empty(), "{what}: {ran:?}");
    assert!(ran.stderr.contains(why), "{what}: {why:?} is not in {}", ran.stderr);
}

#[test]
fn a_file_that_was_touched_is_hashed() {
    let scratch = cached();
    let untouched = manifest(&scratch, "model");
    for (change, wanted) in [
        ("true", "cached cached"),
        // Bytes changed, size the same, mtime put back: the system notes the change all the same.
        ("cp -p model/a.bin t; printf xyz > model/a.bin; touch -r t model/a.bin", "computed cached"),
        ("cp -p model/a.bin t; mv t model/a.bin", "computed cached"),
        ("touch model/sub/b.json", "cached computed"),
        ("mv model/a.bin t; cp -p t model/a.bin; rm t", "computed cached"),
        ("chmod 600 model/a.bin", "computed cached"),
        ("touch -d 2100-01-01 model/a.bin", "computed cached"),
    ] {
        scratch.ok(change);
        let now = manifest(&scratch, "model");
        for (wait, wanted) in [(false, wanted), (false, wanted), (true, wanted), (true, "cached cached")] {
            if wait {
                settle();
            }
            // Again before two seconds are over: what was just touched did not get in.
            let found = manifest(&scratch, "--cache c.json model");
            assert_eq!(found["dirHash"], now["dirHash"], "{change}");
            let of = |at: usize| found["files"][at]["digestSource"].as_str().expect("a word").to_owned();
            let found = format!("{} {}", of(0), of(1));
            let future = change.contains("2100");
            assert_eq!(found, if future { "computed cached" } else { wanted }, "{change}, waited: {wait}");
        }
        if change.contains("xyz") {
            assert_ne!(now["dirHash"], untouched["dirHash"]);
            scratch.ok("printf abc > model/a.bin");
            settle();
            scratch.ok("mlbom-hash --cache c.json model");
        }
    }
}

#[test]
fn a_cache_that_is_none() {
    let scratch = cached();
    let good = scratch.read("c.json");
    let entry = &good[good.find("[{").expect("entries") + 1..good.rfind("]}").expect("an end")];
    let many =
        format!("{{\"type\":\"urn:mlbom:cache:v1\",\"version\":\"0.1.0\",\"entries\":[{}", "[".repeat(1000));
    for (text, why) in [
        (String::new(), "not a cache"),
        (good[..good.len() - 1].to_owned(), "not a cache"),
        (good[..good.len() / 2].to_owned(), "not a cache"),
        (format!("{good}{good}"), "not a cache"),
        (good.replace(entry, &format!("{entry},{entry}")), "not a cache"),
        (good.replacen("\"size\"", "\"size\":3,\"size\"", 1), "not a cache"),
        (good.replace("cache:v1", "cache:v2"), "urn:mlbom:cache:v2"),
        (scratch.ok("mlbom-hash model"), "urn:mlbom:manifest:v1"),
        (many, "not a cache"),
        ("x".repeat(1 << 20), "not a cache"),
    ] {
        scratch.write("bad.json", text.as_bytes());
        let ran = scratch.sh("mlbom-hash --cache bad.json model");
        assert_refused(&ran, why, &text[..text.len().min(100)]);
        assert!(ran.stderr.contains("hint: remove it"), "{}", ran.stderr);
        assert_eq!(scratch.read("bad.json"), text, "is left as it was");
    }
}

#[test]
fn where_a_cache_may_be() {
    let scratch = cached();
    scratch.ok("mkdir dir; mkfifo fifo; ln -s c.json link; ln -s dir/none.json dangling; cp c.json w.json");
    scratch.ok("cp c.json g.json; chmod 602 w.json; chmod 660 g.json; ln c.json hard.json; ln -s c.json out");
    for (arguments, why) in [
        ("--cache dir model", "not a regular file"),
        ("--cache fifo model", "not a regular file"),
        ("--cache /dev/null model", "not a regular file"),
        ("--cache link model", "symbolic link"),
        ("--cache dangling model", "symbolic link"),
        ("--cache w.json model", "written by others"),
        ("--cache g.json model", "written by others"),
        ("--cache none/c.json model", "cannot be read"),
        ("--cache model/c.json model", "lies in the model"),
        ("--cache model/sub/c.json model", "lies in the model"),
        ("--cache model/sub/../c.json model", "lies in the model"),
        ("--cache c.json .", "lies in the model"),
        ("--cache c.json c.json", "lies in the model"),
        ("--cache c.json hard.json", "lies in the model"),
        ("--cache c.json --output c.json model", "both --cache and --output"),
        ("--cache c.json --output ./dir/../c.json model", "both --cache and --output"),
        ("--cache c.json --output hard.json model", "would be overwritten"),
        ("--cache c.json --output out model", "would be overwritten"),
        ("--cache c.json --check m.json model", "cannot be used with"),
    ] {
        assert_refused(&scratch.sh(&format!("timeout 20 mlbom-hash {arguments}")), why, arguments);
        assert!(scratch.read("c.json").starts_with("{\"type\":\"urn:mlbom:cache:v1\""), "{arguments}");
    }
    assert_eq!(scratch.ok("ls model"), "a.bin\nsub\n");
    let mode = scratch.ok("stat -c %a c.json");
    assert_eq!(mode, "600\n");
    assert_eq!(scratch.ok("ls -A | grep tmp || true"), "", "no temporary is left");
}

#[test]
fn what_a_cache_keeps() {
    let scratch = cached();
    // Not asked for when it was hashed: hashed again, and then known.
    assert_eq!(sources(&scratch, "--cache c.json --sha512 model"), ["computed", "computed"]);
    let wide = manifest(&scratch, "--cache c.json --sha512 model");
    let bytes = manifest(&scratch, "--sha512 model");
    for at in 0..2 {
        assert_eq!(wide["files"][at]["digestSource"], "cached");
        assert_eq!(wide["files"][at]["digests"], bytes["files"][at]["digests"]);
        assert_eq!(wide["files"][at]["format"], bytes["files"][at]["format"]);
    }
    assert_eq!(
        manifest(&scratch, "--cache c.json model")["files"][0]["digests"],
        json!({"sha256": A}),
        "no more than was asked for"
    );
    // Others stay; the same files give the same bytes; a failed run leaves it alone.
    scratch.write("other/c.bin", b"c");
    settle();
    scratch.ok("mlbom-hash --cache c.json other");
    assert_eq!(sources(&scratch, "--cache c.json --output m.json model && cat m.json"), ["cached", "cached"]);
    let first = scratch.read("c.json");
    scratch.ok("mlbom-hash --cache c.json model");
    assert_eq!(scratch.read("c.json"), first);
    assert_eq!(scratch.sh("mlbom-hash --cache c.json other none").status, 2);
    assert_eq!(scratch.read("c.json"), first);
    assert_eq!(sources(&scratch, "--cache c.json other"), ["cached"]);
    // What a list says does not come out of the cache as our own.
    scratch.write("lie.txt", format!("{LIE}  d.bin\n").as_bytes());
    scratch.write("fresh/d.bin", b"d");
    settle();
    assert_eq!(sources(&scratch, "--cache c.json --from-sums lie.txt fresh"), ["sums"]);
    assert!(!scratch.read("c.json").contains(LIE));
    assert_eq!(sources(&scratch, "--cache c.json fresh"), ["computed"]);
}

/// Several at once: each leaves a whole cache, and the last of them its own.
#[test]
fn runs_at_the_same_time() {
    let scratch = cached();
    scratch.ok("for i in 1 2 3 4 5 6 7 8; do mkdir m$i; echo $i > m$i/f; done");
    settle();
    let one = "for j in 1 2 3 4 5; do mlbom-hash --quiet --cache c.json m$i > /dev/null || exit 1; done";
    scratch.ok(&format!(
        "pids=; for i in 1 2 3 4 5 6 7 8; do ({one}) & pids=\"$pids $!\"; done; for p in $pids; do wait $p || exit 1; done"
    ));
    scratch.ok("mlbom-hash --cache c.json model");
}

#[test]
fn lists_that_do_not_fit() {
    let scratch = Scratch::empty();
    scratch.write("model/a.bin", b"abc");
    scratch.write("model/sub/b.json", b"{}");
    let layer = |title: &str, size: u64, media_type: &str| {
        json!({"mediaType": media_type, "digest": format!("sha256:{A}"), "size": size,
            "annotations": {"org.opencontainers.image.title": title}})
    };
    let raw = "application/vnd.cncf.model.weight.v1.raw";
    let oci = |layers: Value| json!({"schemaVersion": 2, "config": {}, "layers": layers}).to_string();
    for (name, text) in [
        ("good.txt", format!("{A}  a.bin\n")),
        ("lie.txt", format!("{LIE}  a.bin\n")),
        ("absent.txt", format!("{A}  a.bin\n{A}  c.bin\n")),
        ("outside.txt", format!("{A}  ../a.bin\n")),
        ("crlf.txt", format!("{A}  a.bin\r\n")),
        ("cut.txt", format!("{A}  a.bin\n{A}  sub/b")),
        ("twice.txt", format!("{A}  a.bin\n{LIE}  ./a.bin\n")),
        ("comment.txt", format!("# sums\n{A}  a.bin\n")),
        ("empty.txt", String::new()),
        ("good.json", oci(json!([layer("a.bin", 3, raw)]))),
        ("size.json", oci(json!([layer("a.bin", 4, raw)]))),
        ("up.json", oci(json!([layer("sub/../a.bin", 3, raw)]))),
        ("absent.json", oci(json!([layer("c.bin", 3, raw)]))),
        ("tar.json", oci(json!([layer("a.bin", 3, "application/vnd.oci.image.layer.v1.tar+gzip")]))),
        ("index.json", json!({"schemaVersion": 2, "manifests": []}).to_string()),
    ] {
        scratch.write(name, text.as_bytes());
    }
    for (arguments, why) in [
        ("--from-sums absent.txt model", "\"c.bin\", which is no file"),
        ("--from-sums outside.txt model", "\"..\""),
        ("--from-sums crlf.txt model", "line 1 ends in a carriage return"),
        ("--from-sums cut.txt model", "line 2 has no end"),
        ("--from-sums twice.txt model", "twice"),
        ("--from-sums comment.txt model", "line 1 is no line"),
        ("--from-sums empty.txt model", "holds no digest"),
        ("--from-sums none.txt model", "cannot be read"),
        ("--from-sums model model", "not a regular file"),
        ("--from-sums good.txt model/sub", "\"a.bin\", which is no file"),
        ("--from-sums good.txt model model/sub", "from one model"),
        ("--from-sums good.txt --sha512 model", "cannot be used with"),
        ("--from-sums good.txt --check m.json model", "cannot be used with"),
        ("--from-sums good.txt --output good.txt model", "would be overwritten"),
        ("--from-sums - --from-oci-manifest - model < good.txt", "only one"),
        ("--from-oci-manifest size.json model", "model/a.bin: is 3 bytes long, size.json has 4"),
        ("--from-oci-manifest up.json model", "\"..\""),
        ("--from-oci-manifest absent.json model", "\"c.bin\", which is no file"),
        ("--from-oci-manifest tar.json model", "no layer of it"),
        ("--from-oci-manifest index.json model", "index"),
        ("--from-oci-manifest good.txt model", "not an OCI image manifest"),
        ("--from-oci-manifest good.json --from-sums lie.txt model", "good.json has the SHA-256 ba7816"),
        ("--from-oci-manifest good.json --from-sums lie.txt model", "lie.txt has 0000"),
        ("--trust-blob-names --sha512 model", "cannot be used with"),
    ] {
        assert_refused(&scratch.sh(&format!("mlbom-hash {arguments}")), why, arguments);
    }
    for (arguments, wanted) in [
        ("--from-sums good.txt model", "sums"),
        ("--from-sums - model < good.txt", "sums"),
        ("--from-sums good.txt model/a.bin", "sums"),
        ("--from-oci-manifest good.json model", "oci-manifest"),
        ("--from-oci-manifest good.json --from-sums good.txt model", "oci-manifest"),
        ("--from-sums absent.txt --exclude c.bin model", ""),
    ] {
        if wanted.is_empty() {
            // Nothing was left out by that name: it is not there.
            assert_refused(&scratch.sh(&format!("mlbom-hash {arguments}")), "which is no file", arguments);
            continue;
        }
        let found = manifest(&scratch, arguments);
        let kind = if found["kind"] == "file" { 1 } else { 2 };
        assert_eq!(found["files"].as_array().expect("files").len(), kind, "{arguments}");
        assert_eq!(found["files"][0]["digestSource"], wanted, "{arguments}");
        assert_eq!(found["files"][0]["format"], "text", "{arguments}");
        if kind == 2 {
            assert_eq!(found["files"][1]["digestSource"], "computed", "{arguments}");
        }
    }
    scratch.ok("mlbom-hash --exclude a.bin --from-sums good.txt model");
    scratch.ok("cd model && sha256sum --tag ./a.bin sub/b.json > ../all.txt");
    assert_eq!(sources(&scratch, "--from-sums all.txt model"), ["sums", "sums"]);
    scratch
        .ok("cd model && printf x > 'back\\slash' && sha256sum -b -- * sub/* 2>/dev/null > ../all.txt; true");
    assert_eq!(sources(&scratch, "--from-sums all.txt model"), ["sums"; 3]);
    assert_eq!(
        manifest(&scratch, "--from-sums all.txt model")["dirHash"],
        manifest(&scratch, "model")["dirHash"]
    );
    // A cache that was there first knows better than a list.
    settle();
    scratch.ok("mlbom-hash --cache c.json model");
    let both = scratch.sh("mlbom-hash --cache c.json --from-sums lie.txt model");
    assert_refused(&both, "c.json has the SHA-256 ba7816", "a cache and a list");
    assert_eq!(sources(&scratch, "--cache c.json --from-sums good.txt model")[0], "cached");
}

#[test]
fn names_of_blobs() {
    let scratch = Scratch::empty();
    let repository = "hub/models--o--n";
    let git_blob = "f2ba8f84ab5c1bce84a7b441cb1959cfc7093b7f";
    for (path, bytes) in [
        (format!("{repository}/blobs/{A}"), "abc"),
        (format!("{repository}/blobs/{git_blob}"), "abc"),
        (format!("{repository}/blobs/{}", A.to_uppercase()), "abc"),
        (format!("{repository}/other/{A}"), "abc"),
        (format!("{repository}/snapshots/c/plain/{A}"), "abc"),
    ] {
        scratch.write(&path, bytes.as_bytes());
    }
    let snapshot = format!("{repository}/snapshots/c");
    scratch.ok(&format!(
        "cd {snapshot} && ln -s ../../blobs/{A} a && ln -s ../../blobs/{git_blob} b && ln -s ../../blobs/{} c && \
         ln -s ../../other/{A} d && ln -s plain/{A} e",
        A.to_uppercase()
    ));
    let trusting = format!("--trust-blob-names {snapshot}");
    let wanted = ["blob-name", "computed", "computed", "computed", "computed", "computed"];
    assert_eq!(sources(&scratch, &trusting), wanted);
    assert_eq!(sources(&scratch, &format!("--trust-blob-names {snapshot}/a")), ["blob-name"]);
    assert_eq!(sources(&scratch, &snapshot), ["computed"; 6]);
    assert_eq!(manifest(&scratch, &trusting)["dirHash"], manifest(&scratch, &snapshot)["dirHash"]);
    // What the name is worth: nothing, once the blob was altered. The manifest says where the digest is from.
    scratch.ok(&format!("printf xyz > {repository}/blobs/{A}"));
    let found = manifest(&scratch, &trusting);
    assert_eq!(found["files"][0]["digests"]["sha256"], A);
    assert_eq!(found["files"][0]["digestSource"], "blob-name");
    scratch.ok(&format!("mlbom-hash {trusting} > m.json"));
    let ran = scratch.sh(&format!("mlbom-hash --check m.json {snapshot}"));
    assert_eq!(ran.status, 1, "--check hashes: {ran:?}");
    // A file that lies there under such a name, without a link to it, is only a file.
    scratch.write(&format!("flat/blobs/{A}"), b"abc");
    scratch.ok(&format!("ln -s blobs/{A} flat/a"));
    assert_eq!(sources(&scratch, "--trust-blob-names flat"), ["computed", "computed"]);
}

#[test]
fn what_was_not_hashed_is_not_signed_and_not_verified() {
    let scratch = Scratch::signed();
    scratch.ok("cd model && find . -type f -exec sha256sum {} + > ../sums.txt");
    // The file behind the digest is another by now, and nobody reads it.
    scratch.ok("printf X | dd of=model/a.safetensors bs=1 seek=12 conv=notrunc 2>/dev/null");
    let list = "mlbom-hash --from-sums sums.txt model";
    for source in ["cached", "oci-manifest", "sums", "blob-name", "Computed", "", "hub"] {
        let manifest = scratch.ok(list).replace("\"sums\"", &format!("{source:?}"));
        for tool in
            ["mlbom-sign --key k.pem".to_owned(), VERIFY.to_owned(), format!("{VERIFY} --extract bom")]
        {
            let ran = scratch.feed(manifest.as_bytes(), &tool);
            assert_refused(&ran, "were not computed", &format!("{tool}: {source}"));
            assert_eq!(ran.stderr.contains("--allow-cached"), tool.starts_with(VERIFY), "{}", ran.stderr);
        }
        let ran = scratch.feed(manifest.as_bytes(), &format!("{VERIFY} --allow-cached"));
        assert_eq!(ran.status, 0, "{source}: {ran:?}");
        let report: Value = serde_json::from_str(&ran.stdout).expect("JSON");
        assert_eq!(report["model"]["files"][0]["digestSource"], source);
        let checks = report["checks"].as_array().expect("checks");
        let digests = checks.iter().find(|check| check["id"] == "digests").expect("the reserve");
        assert_eq!(digests["result"], "held");
        assert_eq!(digests["reason"], format!("5 of 5 files not hashed: {source} 5"));
        for policy in ["builtin:minimal", "builtin:model-deployment"] {
            let ran = scratch.feed(ran.stdout.as_bytes(), &format!("mlbom-policy --policy {policy}"));
            assert_eq!(ran.status, 1, "{policy}: {source}: {ran:?}");
            let decision: Value = serde_json::from_str(&ran.stdout).expect("JSON");
            let rules = decision["rules"].as_array().expect("rules");
            let rule = rules.iter().find(|rule| rule["id"] == "MLB-DIGESTS").expect("the rule");
            assert_eq!(rule["state"], "denied", "{policy}: {source}");
        }
    }
    // The list is old: the bytes say no.
    assert_eq!(scratch.sh(&format!("mlbom-hash model | {VERIFY} --allow-cached")).status, 1);
    assert_eq!(scratch.sh(&format!("{list} > m.json; mlbom-hash --check m.json model")).status, 1);
    for directory in ["model", "./model"] {
        let ran = scratch.sh(&format!("{VERIFY} --allow-cached {directory}"));
        assert_refused(&ran, "it is for a manifest on standard input", directory);
    }
    // A digest that is a lie in the list is no reason to say yes either.
    scratch.ok("sed -i '0,/^[0-9a-f]/s//0/; 0,/^0[0-9a-f]/s//00/' sums.txt");
    let ran = scratch.sh(&format!("{list} | {VERIFY} --allow-cached"));
    assert_eq!(ran.status, 1, "{ran:?}");
    let bill = scratch.ok(&format!("{list} | mlbom-compose"));
    assert!(bill.contains(r#"{"name":"mlbom:digestSource","value":"sums"}"#), "the bill says it");
}

/// A manifest of computed digests is what it was, and so is its report.
#[test]
fn nothing_to_allow() {
    let scratch = Scratch::signed();
    let plain = scratch.ok(&format!("mlbom-hash model | {VERIFY}"));
    assert_eq!(scratch.ok(&format!("mlbom-hash model | {VERIFY} --allow-cached")), plain);
    assert_eq!(scratch.ok("mlbom-hash --trust-blob-names model"), scratch.ok("mlbom-hash model"));
}
