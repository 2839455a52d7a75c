//! Drives the built tools the way a shell does.

pub mod runs;
mod scratch;

use std::collections::BTreeMap;
use std::env;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

pub use scratch::{Ran, Scratch, path_with_tools};

/// The path of the tool called `name`: in `MLBOM_BIN_DIR` if that is set, else built, once a process.
///
/// # Panics
///
/// If there is no such tool: a test that skipped it would say yes to nothing.
#[must_use]
pub fn tool(name: &str) -> PathBuf {
    if let Some(dir) = env::var_os("MLBOM_BIN_DIR") {
        let path = PathBuf::from(dir).join(name);
        assert!(path.is_file(), "MLBOM_BIN_DIR: {} is not there", path.display());
        return path;
    }
    static BUILT: OnceLock<BTreeMap<String, PathBuf>> = OnceLock::new();
    let built = BUILT.get_or_init(build);
    built.get(name).unwrap_or_else(|| panic!("no tool {name:?} in {built:?}")).clone()
}

/// Builds every tool in the profile of the test, and asks cargo where they are.
fn build() -> BTreeMap<String, PathBuf> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--locked", "--workspace", "--bins", "--message-format=json"]);
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    let out = cargo
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .stderr(Stdio::inherit())
        .output()
        .expect("cargo starts");
    assert!(out.status.success(), "the tools do not build");
    let messages = out.stdout.split(|&byte| byte == b'\n');
    messages
        .filter_map(|line| serde_json::from_slice::<serde_json::Value>(line).ok())
        .filter_map(|message| {
            let path = message["executable"].as_str()?.into();
            Some((message["target"]["name"].as_str()?.to_owned(), path))
        })
        .collect()
}
