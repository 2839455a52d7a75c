//! The object stores that a repository borrows from (gitrepository-layout, `objects/info/alternates`), looked at before
//! libgit2 opens what is in them.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::place::{Refused, other, refuse_what_blocks};

/// The longest list, in bytes.
pub(super) const MAX_BYTES: u64 = 64 << 10;
/// The most stores, those that stores borrow from included, and the most names in the packs of one.
const MAX_STORES: usize = 100;
const MAX_PACKS: usize = 100_000;

/// Looks at all that `objects` borrows from; what is in `objects` itself was looked at.
pub(super) fn check(objects: &Path) -> Result<(), Refused> {
    let mut seen = BTreeSet::new();
    let mut ahead = listed(objects)?;
    while let Some(store) = ahead.pop() {
        // What is not there, libgit2 does not open.
        let Ok(found) = fs::metadata(&store) else { continue };
        if !found.is_dir() || !seen.insert((found.dev(), found.ino())) {
            continue;
        }
        if seen.len() > MAX_STORES {
            return Err(other(format!("more than {MAX_STORES} alternates")));
        }
        packs(&store.join("pack"))?;
        // Objects that are no pack lie in directories of two digits; other directories are never entered.
        let digits = (0..=u8::MAX).map(|byte| format!("{byte:02x}"));
        for dir in digits.chain(["info".to_owned()]).map(|name| store.join(name)).filter(|dir| dir.is_dir()) {
            refuse_what_blocks(&dir, &|_| true)?;
        }
        ahead.extend(listed(&store)?);
    }
    Ok(())
}

/// The stores that the list of `objects` names: from `objects` if they begin with a dot, as libgit2 has it.
fn listed(objects: &Path) -> Result<Vec<PathBuf>, Refused> {
    let path = objects.join("info/alternates");
    let Ok(found) = fs::metadata(&path) else { return Ok(Vec::new()) };
    if !found.is_file() {
        return Err(other("alternates is no regular file"));
    }
    if found.len() > MAX_BYTES {
        return Err(other(format!("alternates: {} bytes, at most {MAX_BYTES} were wanted", found.len())));
    }
    let mut text = Vec::new();
    File::open(path)?.take(MAX_BYTES).read_to_end(&mut text)?;
    let lines = text.split(|byte| matches!(byte, b'\n' | b'\r' | 0));
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with(b"#"));
    Ok(lines
        .map(|line| {
            let named = Path::new(std::ffi::OsStr::from_bytes(line));
            if line.starts_with(b".") { objects.join(named) } else { named.to_owned() }
        })
        .collect())
}

/// Refuses packs that are no regular files, or too many.
fn packs(dir: &Path) -> Result<(), Refused> {
    let Ok(entries) = fs::read_dir(dir) else { return Ok(()) };
    for (at, entry) in entries.enumerate() {
        if at >= MAX_PACKS {
            return Err(other(format!("an alternate has more than {MAX_PACKS} names in its packs")));
        }
        if !fs::metadata(entry?.path()).is_ok_and(|found| found.is_file()) {
            return Err(other("an alternate holds something else than regular files in its packs"));
        }
    }
    Ok(())
}
