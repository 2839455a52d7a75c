//! The files that a repository's own configuration makes libgit2 open, looked at before it does.
//!
//! libgit2 opens whatever `include.path`, `includeIf.*.path`, `core.excludesFile` and `core.attributesFile` name, and
//! waits for as long as a FIFO or a device makes it wait. Here the text is only searched for these keys (git-config,
//! "Syntax"): in whatever section they stand, and whether or not a condition holds. What one value says is decided for
//! the plain ways to write it; any other way is refused.

use std::env;
use std::fs::{self, File};
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use super::place::{Refused, other};

/// The longest configuration file, in bytes.
pub(super) const MAX_BYTES: u64 = 1 << 20;
/// The most files that are included, one that is included twice counted twice, and how deep (libgit2's own limit).
const MAX_INCLUDES: usize = 200;
const MAX_DEPTH: usize = 10;

/// Looks at the files that `config` names, and at those that they include; `git_dir` is where the repository is.
pub(super) fn check(git_dir: &Path, config: &Path) -> Result<(), Refused> {
    let mut ahead = vec![(config.to_owned(), 0)];
    let mut included = 0;
    while let Some((path, depth)) = ahead.pop() {
        let Some(bytes) = read(&path)? else { continue };
        let here = path.parent().unwrap_or(git_dir);
        for named in named(&bytes)? {
            for target in targets(&named.value, [here, git_dir]) {
                match fs::metadata(&target) {
                    Ok(found) if found.is_file() => {}
                    Err(err) if matches!(err.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                        continue;
                    }
                    _ => return Err(other(format!("{} in config names no regular file", named.key))),
                }
                if named.key == PATH {
                    included += 1;
                    ahead.push((target, depth + 1));
                }
            }
        }
        if included > MAX_INCLUDES || depth > MAX_DEPTH {
            return Err(other("config includes too many files"));
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, Refused> {
    match fs::metadata(path) {
        Ok(found) if found.len() > MAX_BYTES => {
            return Err(other(format!(
                "a configuration file: {} bytes, at most {MAX_BYTES} were wanted",
                found.len()
            )));
        }
        Ok(found) if found.is_file() => {}
        // libgit2 says what it thinks of a directory.
        _ => return Ok(None),
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_BYTES).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// `include.path` and `includeIf.*.path`, `core.excludesFile`, `core.attributesFile`: their last parts.
const PATH: &str = "path";
const KEYS: [&str; 3] = [PATH, "excludesfile", "attributesfile"];

/// A value that names a file.
#[derive(Debug, Eq, PartialEq)]
struct Named {
    key: &'static str,
    value: Vec<u8>,
}

/// Every value of one of [`KEYS`].
fn named(bytes: &[u8]) -> Result<Vec<Named>, Refused> {
    if bytes.contains(&0) {
        return Err(other("config holds a NUL"));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let small = bytes.to_ascii_lowercase();
    // The name of a section can be written in no other way; `.gitmodules` has paths of another kind.
    let includes = small.windows(8).any(|eight| eight == b"[include");
    let mut found = Vec::new();
    for (line, small) in bytes.split(|byte| *byte == b'\n').zip(small.split(|byte| *byte == b'\n')) {
        for key in KEYS.iter().filter(|key| includes || **key != PATH) {
            let starts = small.windows(key.len()).enumerate().filter(|(_, word)| *word == key.as_bytes());
            for (at, _) in starts {
                // A key stands at the start of a line, or after the header of its section.
                let before = line.get(..at).unwrap_or_default().trim_ascii_end();
                let after = trim_start(line.get(at + key.len()..).unwrap_or_default());
                let first = before.iter().all(|byte| is_space(*byte)) || before.ends_with(b"]");
                if let (true, Some(value)) = (first, after.strip_prefix(b"=")) {
                    let value = plain(value);
                    let value =
                        value.ok_or_else(|| other(format!("{key} in config is not written plainly")))?;
                    found.push(Named { key, value });
                }
            }
        }
    }
    Ok(found)
}

/// What a value says, without the comment behind it; none if it has escapes, goes on in the next line, or is quoted in
/// parts.
fn plain(value: &[u8]) -> Option<Vec<u8>> {
    if value.contains(&b'\\') {
        return None;
    }
    let comment = |byte: &u8| matches!(byte, b';' | b'#');
    let value = trim_start(value);
    if let Some(quoted) = value.strip_prefix(b"\"") {
        let end = quoted.iter().position(|byte| *byte == b'"')?;
        let rest = trim_start(quoted.get(end + 1..)?);
        return rest.first().is_none_or(comment).then(|| quoted.get(..end).unwrap_or_default().to_owned());
    }
    let end = value.iter().position(comment).unwrap_or(value.len());
    let mut value = value.get(..end)?;
    while let Some((last, before)) = value.split_last().filter(|(last, _)| is_space(**last)) {
        let _ = last;
        value = before;
    }
    (!value.contains(&b'"')).then(|| value.to_owned())
}

/// Space as libgit2 has it: that of C, with the vertical tab.
const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | 9..=13)
}

fn trim_start(bytes: &[u8]) -> &[u8] {
    let start = bytes.iter().position(|byte| !is_space(*byte)).unwrap_or(bytes.len());
    bytes.get(start..).unwrap_or_default()
}

/// Where a value may lead: below the user's home, from one of `from`, or from where this runs, as libgit2 has it for
/// two of the keys.
fn targets(value: &[u8], from: [&Path; 2]) -> Vec<PathBuf> {
    use std::os::unix::ffi::OsStrExt as _;
    if value.is_empty() {
        return Vec::new();
    }
    if let Some(below) = value.strip_prefix(b"~/") {
        let below = Path::new(std::ffi::OsStr::from_bytes(trim_slashes(below)));
        return env::home_dir().map(|home| home.join(below)).into_iter().collect();
    }
    let value = Path::new(std::ffi::OsStr::from_bytes(value));
    let mut targets: Vec<_> = from.iter().map(|dir| dir.join(value)).collect();
    targets.push(value.to_owned());
    targets.sort();
    targets.dedup();
    targets
}

fn trim_slashes(bytes: &[u8]) -> &[u8] {
    let start = bytes.iter().position(|byte| *byte != b'/').unwrap_or(bytes.len());
    bytes.get(start..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_plain_is_refused_and_the_rest_is_read() {
        for (text, want) in [
            ("[include]\npath = a\\\nb\n", None),
            ("[include]\npath = \"a\"b\n", None),
            ("[include]\npath = a\"b\"\n", None),
            ("[include]\npath = \"a\n", None),
            ("[core]\nexcludesFile = a\\tb\n", None),
            ("[core]\nexcludesFile = a\0b\n", None),
            ("[include]\npath = a\n", Some(vec!["path a"])),
            ("\u{feff}[InClude] PATH=a ; x\n", Some(vec!["path a"])),
            ("[a][includeIf \"gitdir:x\"]\n\u{b}path\t= \"a ;\" # x\r\n", Some(vec!["path a ;"])),
            ("[core]\nexcludesfile=a\nattributesFile = b", Some(vec!["excludesfile a", "attributesfile b"])),
            ("[core]\nxexcludesfile=a\n[remote \"x\"]\nurl = https://h/?path=a\n", Some(vec![])),
            ("[submodule \"include\"]\npath = include\n", Some(vec![])),
        ] {
            let found = named(text.as_bytes()).ok();
            let found = found.map(|all| {
                let shown = |it: &Named| format!("{} {}", it.key, String::from_utf8_lossy(&it.value));
                all.iter().map(shown).collect::<Vec<_>>()
            });
            let want = want.map(|all| all.into_iter().map(ToOwned::to_owned).collect::<Vec<String>>());
            assert_eq!(found, want, "{text}");
        }
    }
}
