//! Lock files: which archives a package could have been installed from.
//!
//! They are looked for beside the environment and at the top of the code. Not every package that is locked is installed,
//! and not every one that is installed is locked; what both know has to agree.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use mlbom::digest::Sha256;
use mlbom::evidence::{Role, Severity, Source, Trust};
use mlbom::path::RelPath;
use mlbom_tree::Tree;
use serde::Deserialize;
use serde_json::Value;

use super::version::{normal_name, same};
use super::{Package, about, requirements};
use crate::error::Error;
use crate::folder::{At, Folder};
use crate::readers::listed;
use crate::scribe::Scribe;

/// The most bytes of a lock file of lines or of JSON.
const MAX_LOCK_BYTES: u64 = 64 << 20;
/// The most bytes of one in TOML. Bytes alone bound little: a header such as `[a1.b.c.d]`, over and over, makes more than
/// two hundred times as much memory. So tables and words are counted before anything is made of them; at both limits
/// the parser takes less than 400 MB. A lock has a table in a hundred bytes or more, and a word in four.
const MAX_TOML_BYTES: u64 = 8 << 20;
/// The most brackets, braces and dots of keys, each of which can make a table or a list.
const MAX_TOML_TABLES: usize = 150_000;
/// The most words, spaces and marks: the parser holds the whole document as a list of these.
const MAX_TOML_WORDS: usize = 2_000_000;
/// The most lock files of one directory.
const MAX_LOCKS: usize = 100;

/// One package as a lock file has it.
#[derive(Debug)]
pub(super) struct Locked {
    /// Normalised.
    pub(super) name: String,
    /// None if the lock leaves it open, as for a directory.
    pub(super) version: Option<String>,
    pub(super) archives: BTreeSet<Sha256>,
    /// Where in the file.
    pub(super) pointer: String,
}

/// One lock file.
struct Lock {
    at: At,
    /// Whether its versions are specifiers, which leave the local part (`+cu132`) open, as in requirements.
    specifiers: bool,
    packages: BTreeMap<String, Vec<Locked>>,
}

/// Holds `packages` against the lock files.
pub(super) fn read(scribe: &mut Scribe<'_>, folder: &Folder, packages: &[Package]) -> Result<(), Error> {
    let reader = std::mem::replace(&mut scribe.reader, "locks");
    let unreadable = scribe.unreadable;
    let mut locks = Vec::new();
    for (tree, root) in places(scribe, folder)? {
        for name in names(&tree)? {
            locks.extend(lock(scribe, &tree, &root, &name)?);
        }
    }
    for package in packages {
        join(scribe, package, &locks);
    }
    // What the environment itself holds was read.
    scribe.unreadable = unreadable;
    scribe.reader = reader;
    Ok(())
}

/// The directories to look in, with what their paths start from.
fn places(scribe: &Scribe<'_>, folder: &Folder) -> Result<Vec<(Tree, String)>, Error> {
    let (mut places, mut seen) = (Vec::new(), BTreeSet::<PathBuf>::new());
    for path in &scribe.args.code {
        let tree = Tree::open(path)?;
        let root = format!("{}:{}", Role::Code, tree.name());
        if path.canonicalize().is_ok_and(|real| seen.insert(real)) {
            places.push((tree, root));
        }
    }
    // Nobody named the directory around the environment: if it cannot be read, there is nothing to say.
    let real = folder.path.canonicalize().ok();
    if let Some(above) = real.as_deref().and_then(std::path::Path::parent)
        && seen.insert(above.to_owned())
        && let Ok(tree) = Tree::open(above)
        && tree.entries(None).is_ok()
    {
        places.push((tree, folder.root.clone()));
    }
    Ok(places)
}

fn names(tree: &Tree) -> Result<Vec<RelPath>, Error> {
    let is_lock = |name: &str| {
        matches!(name, "uv.lock" | "poetry.lock" | "pdm.lock" | "Pipfile.lock")
            || is_pylock(name)
            || is_requirements(name)
    };
    let entries = match tree.entries(None) {
        Err(mlbom_tree::Error::TooMany { .. }) => return Ok(Vec::new()),
        other => other?.unwrap_or_default(),
    };
    let names = entries.iter().filter(|entry| is_lock(&entry.name));
    Ok(names.filter_map(|entry| RelPath::parse(&entry.name).ok()).take(MAX_LOCKS).collect())
}

/// `pylock.toml` or `pylock.<name>.toml` (PEP 751).
fn is_pylock(name: &str) -> bool {
    name.starts_with("pylock.") && name.ends_with(".toml")
}

fn is_requirements(name: &str) -> bool {
    name.starts_with("requirements") && name.ends_with(".txt")
}

/// Reads one lock file; what is none is said to be unreadable.
fn lock(scribe: &mut Scribe<'_>, tree: &Tree, root: &str, path: &RelPath) -> Result<Option<Lock>, Error> {
    let opened = match tree.open_file(path) {
        Ok(Some(opened)) => opened,
        Ok(None) => return Ok(None),
        Err(mlbom_tree::Error::Link { .. } | mlbom_tree::Error::Special { .. }) => {
            scribe.unreadable(&At::name(root, path.clone()), "a regular file was wanted");
            return Ok(None);
        }
        Err(err) => return Err(err.into()),
    };
    let size = opened.size();
    let specifiers = is_requirements(path.as_str()) || path.as_str() == "Pipfile.lock";
    let limit = if specifiers { MAX_LOCK_BYTES } else { MAX_TOML_BYTES };
    let Some(bytes) = opened.read(limit)? else {
        let why = format!("{size} bytes, at most {limit} were wanted");
        scribe.unreadable(&At::name(root, path.clone()), &why);
        return Ok(None);
    };
    let at = At::file(root, path.clone(), size, Sha256::of(&bytes));
    let Ok(text) = std::str::from_utf8(&bytes) else {
        scribe.unreadable(&at, "not UTF-8");
        return Ok(None);
    };
    let name = path.as_str();
    if !specifiers && let Err(why) = refuse_dense(text) {
        scribe.unreadable(&at, &why);
        return Ok(None);
    }
    let parsed = match name {
        "Pipfile.lock" => pipfile(text),
        name if is_requirements(name) => Some(requirements::parse(text)),
        // Of what a TOML parser says, one line would be the file's own.
        _ => toml::from_str::<Toml>(text).ok().map(Toml::locked),
    };
    let Some(parsed) = parsed else {
        scribe.unreadable(&at, "not a lock file of its kind");
        return Ok(None);
    };
    let mut packages: BTreeMap<String, Vec<Locked>> = BTreeMap::new();
    for locked in parsed {
        packages.entry(locked.name.clone()).or_default().push(locked);
    }
    Ok(Some(Lock { at, specifiers, packages }))
}

/// Refuses TOML that would make far more memory than it has bytes: [`MAX_TOML_TABLES`], [`MAX_TOML_WORDS`].
///
/// Text counts as well, which errs on the safe side; only dots are too many in it (versions, URLs) to be counted there.
fn refuse_dense(text: &str) -> Result<(), String> {
    let run = |byte: u8| match byte {
        b' ' | b'\t' => b' ',
        b'[' | b']' | b'{' | b'}' | b',' | b'=' | b'"' | b'\'' | b'#' | b'\r' | b'\n' => 0,
        _ => b'a',
    };
    let (mut tables, mut words) = (0_usize, 0_usize);
    for line in text.as_bytes().split_inclusive(|byte| *byte == b'\n') {
        // Where text of many lines ends, what is outside of it is not known from this line alone.
        let plain = !line.windows(3).any(|three| matches!(three, b"\"\"\"" | b"'''"));
        let (mut quote, mut escaped, mut before) = (None, false, 0);
        for byte in line.iter().copied() {
            tables += usize::from(matches!(byte, b'[' | b'{') || (byte == b'.' && quote.is_none()));
            words += usize::from(run(byte) == 0 || run(byte) != before);
            before = run(byte);
            match quote {
                None if plain && matches!(byte, b'"' | b'\'' | b'#') => quote = Some(byte),
                Some(b'"') if escaped => escaped = false,
                Some(b'"') if byte == b'\\' => escaped = true,
                Some(open) if open == byte && open != b'#' => quote = None,
                _ => {}
            }
        }
    }
    for (found, limit, what) in [
        (tables, MAX_TOML_TABLES, "brackets, braces and dots of keys"),
        (words, MAX_TOML_WORDS, "words and marks"),
    ] {
        if found > limit {
            return Err(format!("{found} {what}, at most {limit} were wanted"));
        }
    }
    Ok(())
}

/// Says what the locks know of a package, and where they know otherwise.
fn join(scribe: &mut Scribe<'_>, package: &Package, locks: &[Lock]) {
    let (mut archives, mut sources) = (BTreeSet::new(), Vec::new());
    for lock in locks {
        let Some(entries) = lock.packages.get(&package.name) else { continue };
        let versions: Vec<_> = entries.iter().filter(|entry| entry.version.is_some()).collect();
        let fits = |entry: &&&Locked| {
            entry.version.as_deref().is_some_and(|locked| {
                let open = lock.specifiers && !locked.contains('+');
                let installed = package.version.split('+').next().unwrap_or_default();
                same(locked, &package.version) || (open && same(locked, installed))
            })
        };
        let fitting: Vec<_> = versions.iter().filter(fits).collect();
        if let (true, Some(other)) = (fitting.is_empty(), versions.first()) {
            let locked = other.version.as_deref().unwrap_or_default();
            let message = format!("another version of {} is installed than is locked", package.name);
            let claims = [
                (format!("{} {locked}", package.name), lock.at.pointer(&*other.pointer)),
                (format!("{} {}", package.name, package.version), package.at.clone()),
            ];
            finding(scribe, package, &message, claims);
        }
        for entry in fitting.into_iter().filter(|entry| !entry.archives.is_empty()) {
            let at = lock.at.pointer(&*entry.pointer);
            if let Some((archive, archive_at)) = &package.archive
                && !entry.archives.contains(archive)
            {
                let message = format!("{} was installed from an archive that is not locked", package.name);
                let locked = listed(entry.archives.iter().map(ToString::to_string)).join(" ");
                let claims = [
                    (format!("sha256 {locked}"), at.clone()),
                    (format!("sha256 {archive}"), archive_at.clone()),
                ];
                finding(scribe, package, &message, claims);
            }
            archives.extend(entry.archives.iter().map(ToString::to_string));
            sources.push(at);
        }
    }
    let archives = listed(archives);
    for at in sources {
        scribe.fact_of(&package.id, "package.lockedArchives", archives.clone(), Trust::Recorded, at);
    }
}

fn finding(scribe: &mut Scribe<'_>, package: &Package, message: &str, claims: [(String, Source); 2]) {
    about(scribe, &package.id, |scribe| scribe.finding("MLB-LOCK", Severity::Medium, message, claims));
}

/// What is read of `uv.lock` (version 1), `poetry.lock`, `pdm.lock` and `pylock.toml` (PEP 751, `packages`).
#[derive(Deserialize)]
struct Toml {
    #[serde(default)]
    package: Vec<TomlPackage>,
    #[serde(default)]
    packages: Vec<TomlPackage>,
    #[serde(default)]
    metadata: TomlMetadata,
}

#[derive(Deserialize)]
struct TomlPackage {
    name: String,
    version: Option<String>,
    #[serde(default)]
    wheels: Vec<Archive>,
    sdist: Option<Archive>,
    archive: Option<Archive>,
    #[serde(default)]
    files: Vec<Archive>,
}

/// Older Poetry and PDM keep the digests apart from the packages.
#[derive(Default, Deserialize)]
struct TomlMetadata {
    #[serde(default)]
    files: BTreeMap<String, Vec<Archive>>,
}

#[derive(Deserialize)]
struct Archive {
    hash: Option<String>,
    #[serde(default)]
    hashes: BTreeMap<String, String>,
}

impl Archive {
    fn sha256(&self) -> Option<Sha256> {
        let one = self.hash.as_deref().and_then(|hash| hash.strip_prefix("sha256:"));
        one.or_else(|| self.hashes.get("sha256").map(String::as_str))?.parse().ok()
    }
}

impl Toml {
    fn locked(self) -> Vec<Locked> {
        let apart = self.metadata.files;
        let of = |kind: &'static str, packages: Vec<TomlPackage>| {
            packages.into_iter().enumerate().map(move |(at, package)| (format!("/{kind}/{at}"), package))
        };
        of("package", self.package)
            .chain(of("packages", self.packages))
            .filter_map(|(pointer, package)| {
                let version = package.version.as_deref().unwrap_or_default();
                let apart = [package.name.clone(), format!("{} {version}", package.name)]
                    .map(|name| apart.get(&name).into_iter().flatten());
                let archives = package.wheels.iter().chain(&package.sdist).chain(&package.archive);
                let archives = archives.chain(&package.files).chain(apart.into_iter().flatten());
                let archives = archives.filter_map(Archive::sha256).collect();
                Some(Locked {
                    name: normal_name(&package.name)?,
                    version: package.version,
                    archives,
                    pointer,
                })
            })
            .collect()
    }
}

/// `Pipfile.lock`: groups of packages by name.
fn pipfile(text: &str) -> Option<Vec<Locked>> {
    let value = mlbom::json::parse::<Value>(text).ok()?;
    let groups = value.as_object()?.iter().filter(|(group, _)| *group != "_meta");
    let mut locked = Vec::new();
    for (group, packages) in groups {
        for (name, package) in packages.as_object()? {
            let version = package.get("version").and_then(Value::as_str);
            let hashes = package.get("hashes").and_then(Value::as_array).into_iter().flatten();
            let archives =
                hashes.filter_map(|hash| hash.as_str()?.strip_prefix("sha256:")?.parse().ok()).collect();
            let version = version.and_then(|version| version.strip_prefix("==")).map(ToOwned::to_owned);
            let key = |key: &str| key.replace('~', "~0").replace('/', "~1");
            let pointer = format!("/{}/{}", key(group), key(name));
            if let Some(name) = normal_name(name) {
                locked.push(Locked { name, version, archives, pointer });
            }
        }
    }
    Some(locked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_denser_than_a_lock_is_not_parsed() {
        let many = |text: &str, times: usize| text.repeat(times);
        for (text, good) in [
            (many("[a.b.c]\n", MAX_TOML_TABLES / 3 + 1), false),
            (many("a.b.c=1\n", MAX_TOML_TABLES / 2 + 1), false),
            (many("'.'.b.\"\\\".\".c=1\n", MAX_TOML_TABLES / 3 + 1), false),
            (many("{}", MAX_TOML_TABLES + 1), false),
            (format!("a=[\"\"\"\n\"\"\",{}", many("{a.b=1},", MAX_TOML_TABLES / 2 + 1)), false),
            (format!("a=[\"\"\"\n\"\"\"\",{{{}=1}}]", many("a.", MAX_TOML_TABLES)), false),
            (many("\n", MAX_TOML_WORDS + 1), false),
            (many("a ", MAX_TOML_WORDS / 2 + 1), false),
            (many("1,", MAX_TOML_WORDS / 2 + 1), false),
            (format!("a=\"{}\" # {0}\n", many(".", MAX_TOML_TABLES)), true),
            (format!("a='{}'\n", many("a.", MAX_TOML_TABLES)), true),
            (many("[a.b]\n", MAX_TOML_TABLES / 2), true),
            (many("1,", MAX_TOML_WORDS / 2), true),
            (String::new(), true),
        ] {
            let shown: String = text.chars().take(30).collect();
            assert_eq!(refuse_dense(&text).is_ok(), good, "{shown} {:?}", refuse_dense(&text));
        }
    }

    #[test]
    fn each_kind_gives_its_archives() {
        let hash = "a".repeat(64);
        for (text, want) in [
            (
                format!(
                    "[[package]]\nname = \"A_b\"\nversion = \"1\"\nsdist = {{ url = \"u\", hash = \"sha256:{hash}\" }}\n"
                ),
                "a-b 1 1 /package/0",
            ),
            (
                format!(
                    "[[packages]]\nname = \"a\"\nversion = \"1\"\nwheels = [{{ hashes = {{ sha256 = \"{hash}\" }} }}]\n"
                ),
                "a 1 1 /packages/0",
            ),
            (
                format!(
                    "[[package]]\nname = \"a\"\nversion = \"1\"\nfiles = [{{ file = \"x\", hash = \"sha256:{hash}\" }}, {{ hash = \"md5:x\" }}]\n"
                ),
                "a 1 1 /package/0",
            ),
            (
                format!(
                    "[[package]]\nname = \"a\"\nversion = \"1\"\n[metadata.files]\na = [{{ hash = \"sha256:{hash}\" }}]\n"
                ),
                "a 1 1 /package/0",
            ),
            (
                format!(
                    "[[package]]\nname = \"a\"\nversion = \"1\"\n[metadata.files]\n\"a 1\" = [{{ hash = \"sha256:{hash}\" }}]\n"
                ),
                "a 1 1 /package/0",
            ),
        ] {
            let toml = toml::from_str::<Toml>(&text).expect("TOML");
            assert_eq!(shown(toml.locked()), want, "{text}");
        }
        let text = format!(
            r#"{{"_meta":{{"x":1}},"default":{{"a":{{"version":"==1","hashes":["sha256:{hash}"]}}}}}}"#
        );
        assert_eq!(shown(pipfile(&text).expect("JSON")), "a 1 1 /default/a");
        for text in ["[]", "{\"default\":1}", "x"] {
            assert!(pipfile(text).is_none(), "{text}");
        }
    }

    fn shown(locked: Vec<Locked>) -> String {
        let shown = locked.into_iter().map(|it| {
            format!("{} {} {} {}", it.name, it.version.unwrap_or_default(), it.archives.len(), it.pointer)
        });
        shown.collect::<Vec<_>>().join(",")
    }
}
