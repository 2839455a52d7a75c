//! What can be signed in shards can be verified: the longest report about shards is one that is read.

use std::collections::BTreeMap;

use mlbom::digest::Sha256;
use mlbom::manifest::Kind;
use mlbom::path::RelPath;
use mlbom::shards::{File, MAX_LISTED_BYTES, ShardManifest, check_count};
use mlbom_sigstore::oms::shards::statement;
use mlbom_sigstore::statement::Statement;
use serde_json::json;

/// The bytes of the model and of what was signed of it, either way that a report may list the model.
fn report_bytes(manifest: &ShardManifest) -> u64 {
    let text = statement(manifest, &BTreeMap::new()).expect("JSON");
    let predicate = Statement::parse(text.as_bytes()).expect("a statement").predicate.get().len();
    let whole = |file: &File| {
        let digests = json!({"sha256": Sha256::of(b"")});
        let file = json!({"path": file.path, "size": file.size, "digests": digests, "digestSource": "computed",
            "format": "safetensors", "link": "hubCache"});
        file.to_string().len() + 1
    };
    let whole: usize = manifest.files().iter().map(whole).sum();
    let shards = serde_json::to_string(manifest).expect("JSON").len();
    (predicate + shards.max(whole)) as u64
}

/// As many shards as are accepted, of models of several kinds.
#[test]
fn what_can_be_signed_fits_into_a_report() {
    let example = json!({"path": "a", "size": 0, "shards": [], "format": "safetensors", "link": "hubCache"});
    let example: File = serde_json::from_value(example).expect("a file");
    let names: [&dyn Fn(usize) -> String; 2] =
        [&|at| format!("{at}{}", "\"".repeat(100)), &|at| format!("{at:05}-of-00191.safetensors")];
    let mut longest = 0;
    for (files, size, shard_size) in [(2, 240_000_000_000_000, 1_000_000_000), (50_000, 1025, 1024)] {
        for name in names {
            let path = |at| RelPath::parse(&name(at)).expect("a path");
            let paths: Vec<_> = (0..files).map(path).collect();
            let accepted = |count: usize| {
                check_count(shard_size, paths[..count].iter().map(|path| (path, size)), &[]).is_ok()
            };
            // As many of the files as are accepted, found by halves.
            let (mut fits, mut refused) = (0, files + 1);
            while refused - fits > 1 {
                let middle = usize::midpoint(fits, refused);
                if accepted(middle) { fits = middle } else { refused = middle }
            }
            if fits == 0 {
                continue;
            }
            let shards = vec![Sha256::of(b""); usize::try_from(size.div_ceil(shard_size)).expect("few")];
            let file =
                |path: &RelPath| File { path: path.clone(), size, shards: shards.clone(), ..example.clone() };
            let files = paths[..fits].iter().map(file).collect();
            let kind = Kind::Directory;
            let manifest = ShardManifest::new("m", kind, shard_size, files, vec![]).expect("accepted");
            let found = report_bytes(&manifest);
            assert!(found <= MAX_LISTED_BYTES, "{fits} of {size} in {shard_size}, {}: {found}", name(0));
            longest = longest.max(found);
        }
    }
    // The limit is no lower than it has to be.
    assert!(longest > MAX_LISTED_BYTES / 100 * 90, "{longest}");
}
