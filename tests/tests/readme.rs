//! The README's pipeline runs as it stands.

use mlbom_tests::Scratch;

#[test]
fn the_pipeline_runs() {
    let readme = include_str!("../../README.md");
    let block = readme.split("```sh\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a block");
    let scratch = Scratch::signed();
    scratch.ok("rm k.pem k.pem.pub bom.jsonl model.sig");
    let mut refused = Vec::new();
    for line in block.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let ran = scratch.sh(line);
        assert_eq!(ran.status, 0, "{line}: {}", ran.stderr);
        if line.contains("denied") {
            refused.push(ran.stdout);
        }
    }
    // The README says that a signature without a bill is refused.
    assert!(refused.concat().contains("bill of materials"), "{refused:?}");
    assert!(scratch.path().join("model.mlbom.jsonl").exists() && scratch.path().join("model.sig").exists());
}
