//! The README's pipeline runs as it stands.

use mlbom_tests::Scratch;

/// A directory with all that the README's paths name: a model, its code, its data, its environment, its base.
fn project() -> Scratch {
    let scratch = Scratch::empty();
    let hub = ".cache/huggingface/hub/models--acme--tiny";
    let commit = "0c5e78a1899c0440d2c0422f9e45d82267d54630";
    let packages = ".venv/lib/python3.12/site-packages";
    for (path, text) in [
        ("model/config.json", r#"{"model_type":"tiny"}"#),
        ("model/README.md", "---\nbase_model: acme/tiny\n---\n# Tiny\n"),
        ("model/model.safetensors", "\u{2}\0\0\0\0\0\0\0{}"),
        ("data/train.jsonl", "{\"text\":\"a\"}\n{\"text\":\"b\"}\n"),
        ("train.py", "print('trains')\n"),
        (".gitignore", "/model/\n/data/\n/.venv/\n/.cache/\n*.json\n*.jsonl\n*.pem*\n*.sig\n"),
        (".venv/pyvenv.cfg", "home = /usr/bin\nversion = 3.12.1\n"),
        (
            &format!("{packages}/tiny-1.0.dist-info/METADATA"),
            "Metadata-Version: 2.4\nName: tiny\nVersion: 1.0\n",
        ),
        (
            &format!("{packages}/tiny-1.0.dist-info/RECORD"),
            "tiny-1.0.dist-info/METADATA,,\ntiny-1.0.dist-info/RECORD,,\n",
        ),
        (&format!("{hub}/refs/main"), commit),
        (&format!("{hub}/snapshots/{commit}/config.json"), "{}"),
        (&format!("{hub}/snapshots/{commit}/model.safetensors"), "\u{2}\0\0\0\0\0\0\0{}"),
    ] {
        scratch.write(path, text.as_bytes());
    }
    scratch.ok(
        "git init -q . && git add . && git -c user.name=a -c user.email=a@example.org commit -q -m first",
    );
    scratch
}

#[test]
fn the_pipeline_runs() {
    let readme = include_str!("../../README.md");
    let block = readme.split("```sh\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a block");
    let scratch = project();
    let mut refused = Vec::new();
    let joined = block.replace("\\\n", "").replace("|\n", "| ");
    for line in joined.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        // `~` is whose directory it is.
        let ran = scratch.sh(&format!("HOME=$PWD; {line}"));
        assert_eq!(ran.status, 0, "{line}: {}", ran.stderr);
        assert!(!line.starts_with("jq") || !ran.stdout.trim().is_empty(), "{line}: says nothing");
        if line.contains("denied") {
            refused.push(ran.stdout);
        }
    }
    // The README says that a signature without a bill is refused.
    assert!(refused.concat().contains("bill of materials"), "{refused:?}");
    assert!(scratch.path().join("model.mlbom.jsonl").exists() && scratch.path().join("model.sig").exists());
}
