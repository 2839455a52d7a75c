//! Certificates, paths, log and authority timestamps and trusted roots, over vectors of openssl, cosign and Sigstore.

mod certificates;
mod conformance;
mod roots;
mod timestamps;

use std::path::{Path, PathBuf};

use mlbom::time::Timestamp;
use mlbom_sigstore::trusted_root::Window;

fn vector(name: &str) -> Vec<u8> {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests/vectors", name].iter().collect();
    read(&path)
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

fn time(text: &str) -> Timestamp {
    text.parse().expect("the tests hold times")
}

/// 2020 to 2050.
fn window() -> Window {
    Window { start: Some(time("2020-01-01T00:00:00Z")), end: Some(time("2050-01-01T00:00:00Z")) }
}
