//! What real training runs left on disk: every model directory and Hub snapshot in them goes through the pipeline.
//!
//! `MLBOM_TEST_DATA` names the directory that holds `runs/*.tar.gz`. In CI its absence fails.

use mlbom_tests::{Scratch, runs};

#[test]
fn model_directories_are_bound_and_gated() {
    let (mut models, mut snapshots, mut denied) = (0, 0, 0);
    for archive in runs::archives() {
        let scratch = Scratch::empty();
        scratch.ok("mlbom-sign --new-key k.pem");
        scratch.ok(&format!("tar xzf '{}'", archive.display()));
        let found = scratch.ok("find -L . -name config.json -printf '%h\\n' 2>/dev/null | sort -u || true");
        for dir in found.lines().filter(|dir| !dir.contains("/.git/")) {
            let dir = format!("'{dir}'");
            let manifest = scratch.ok(&format!("mlbom-hash {dir} | tee m.json"));
            scratch.ok("mlbom-compose < m.json | mlbom-sign --key k.pem > m.jsonl; mlbom-sign --quiet --key k.pem < m.json > m.sig");
            scratch.ok(&format!(
                "mlbom-verify --bundle m.jsonl --bundle m.sig --key k.pem.pub --output r.json {dir}"
            ));
            let runs_code = ["\"format\":\"pickle\"", "\"format\":\"zip\""]
                .iter()
                .any(|format| manifest.contains(format));
            let decision = scratch.sh("mlbom-policy --policy builtin:minimal < r.json");
            assert_eq!(decision.status, i32::from(runs_code), "{dir}: {}", decision.stderr);
            models += 1;
            denied += i32::from(runs_code);
            snapshots += usize::from(manifest.contains("\"link\":\"hubCache\""));
        }
    }
    if runs::directory().is_some() {
        assert!(
            models >= 10 && snapshots > 0 && denied > 0,
            "{models} models, {snapshots} snapshots, {denied} denied"
        );
    }
}
