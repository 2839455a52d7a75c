//! The README's pipeline runs as it stands.

use mlbom_tests::Scratch;

#[test]
fn the_pipeline_runs() {
    let readme = include_str!("../../README.md");
    let block = readme.split("```sh\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a block");
    let scratch = Scratch::project();
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
