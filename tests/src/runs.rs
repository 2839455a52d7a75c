//! Recorded training runs: what real libraries left on disk, and the truth about each.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::Scratch;

/// One run, unpacked in a scratch directory.
#[derive(Debug)]
pub struct Run {
    /// The directory; the run is in [`Run::dir`] below it.
    pub scratch: Scratch,
    /// Where the run is below the scratch directory.
    pub dir: String,
    /// What a complete record would hold: `what`, `value`, `recoverable` and more.
    pub facts: Vec<Value>,
}

/// Where the runs are. `None` outside of CI where `MLBOM_TEST_DATA` is not set; in CI its absence fails.
#[must_use]
pub fn directory() -> Option<PathBuf> {
    let Some(data) = env::var_os("MLBOM_TEST_DATA") else {
        assert!(
            env::var_os("CI").is_none(),
            "MLBOM_TEST_DATA is not set, the recorded runs are wanted in CI"
        );
        return None;
    };
    Some(Path::new(&data).join("runs"))
}

/// The archives of all runs, by name.
#[must_use]
pub fn archives() -> Vec<PathBuf> {
    let Some(runs) = directory() else { return Vec::new() };
    let entries = fs::read_dir(&runs).unwrap_or_else(|err| panic!("{}: {err}", runs.display()));
    let mut found: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    found.retain(|path| path.to_string_lossy().ends_with(".tar.gz"));
    found.sort();
    assert!(!found.is_empty(), "{}: no runs", runs.display());
    found
}

/// Unpacks the run called `name`.
#[must_use]
pub fn unpack(name: &str) -> Option<Run> {
    let runs = directory()?;
    let scratch = Scratch::empty();
    scratch.ok(&format!("tar xzf '{}' --no-same-owner", runs.join(format!("{name}.tar.gz")).display()));
    let text = fs::read_to_string(runs.join(format!("{name}.FACTS.json"))).expect("the facts");
    let document: Value = serde_json::from_str(&text).expect("JSON");
    let facts = document["facts"].as_array().expect("a list").clone();
    Some(Run { scratch, dir: format!("{name}/run"), facts })
}
