//! The policy files and the data files of one decision.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use mlbom::cli::{Input, InputError};
use mlbom::decision::Source;
use mlbom::digest::Sha256;
use mlbom::json;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::engine::Module;
use crate::source::{self, Flaw};

/// The most policy files, given and found.
const MAX_FILES: usize = 256;
/// The most bytes of all policy files together.
const MAX_TOTAL_BYTES: u64 = 8 << 20;
/// The most bytes of one data file.
const MAX_DATA_BYTES: u64 = 16 << 20;
/// How deep directories of policies may nest, which also ends a cycle of links.
const MAX_DEPTH: usize = 8;
/// The one member of every data file.
const ROOT: &str = "mlbom";
/// What the name of a built-in policy begins with, where a path could stand.
const BUILT_IN_PREFIX: &str = "builtin:";
/// The policies that this program holds; the first decides if no policy is given.
const BUILT_IN: [(&str, &str); 2] = [
    ("model-deployment", include_str!("../../../policies/model-deployment.rego")),
    ("minimal", include_str!("../../../policies/minimal.rego")),
];

/// Policies, ready to be parsed.
#[derive(Debug)]
pub(crate) struct Policies {
    pub modules: Vec<Module>,
    pub sources: Vec<Source>,
    /// Device and inode of each file, which the decision must not overwrite.
    pub identities: Vec<(u64, u64)>,
}

/// What policies read under `data.mlbom`.
#[derive(Debug)]
pub(crate) struct Data {
    pub root: Map<String, Value>,
    pub sources: Vec<Source>,
    /// Device and inode of each file, which the decision must not overwrite.
    pub identities: Vec<(u64, u64)>,
}

/// Why policies or data could not be loaded.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{name}: {pointer} is given by a data file before it too")]
    Conflict { name: String, pointer: String },
    #[error("{name}: has a member {found:?} beside or in place of {ROOT:?}")]
    DataRoot { name: String, found: String },
    #[error("{name}: is not an object with the one member {ROOT:?}")]
    DataShape { name: String },
    #[error("{name}: directories nest deeper than {MAX_DEPTH} levels")]
    Depth { name: String },
    #[error("{name}: is given twice")]
    Duplicate { name: String },
    #[error("{name}: there is no such built-in policy")]
    BuiltIn { name: String },
    #[error("{name}")]
    Flaw { name: String, source: Flaw },
    #[error("{name}: is not valid JSON")]
    Json { name: String, source: json::Error },
    #[error("{name}: cannot be listed")]
    List { name: String, source: io::Error },
    #[error("{name}: holds no policy, a file that ends in .rego was wanted")]
    NoPolicy { name: String },
    #[error("{name}: is not UTF-8")]
    NotUtf8 { name: String },
    #[error(transparent)]
    Read(#[from] InputError),
    #[error("standard input is the report, and cannot be a policy or data too")]
    Stdin,
    #[error("the policies are longer than {MAX_TOTAL_BYTES} bytes together")]
    TooLong,
    #[error("more than {MAX_FILES} policy files")]
    TooMany,
}

impl Error {
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::BuiltIn { .. } => {
                let names = BUILT_IN.map(|(name, _)| format!("{BUILT_IN_PREFIX}{name}")).join(" and ");
                Some(format!("there are {names}; write ./{BUILT_IN_PREFIX}... for a file of such a name"))
            }
            Self::DataRoot { .. } | Self::DataShape { .. } => {
                Some(format!("write {{\"{ROOT}\": {{...}}}}; policies read it as data.{ROOT}"))
            }
            Self::Flaw { source, .. } => source.hint().map(str::to_owned),
            Self::NoPolicy { .. } => Some("files that end in _test.rego are not loaded".to_owned()),
            Self::Read(err) => err.hint(),
            _ => None,
        }
    }
}

impl Policies {
    /// The policies at `paths`, in that order, or the first built-in one if there are none.
    pub(crate) fn load(paths: &[PathBuf]) -> Result<Self, Error> {
        let mut policies = Self { modules: Vec::new(), sources: Vec::new(), identities: Vec::new() };
        if paths.is_empty() {
            let (name, text) = BUILT_IN[0];
            policies.add_built_in(name, text)?;
        }
        let mut total = 0;
        for path in paths {
            if let Some(name) = path.to_str().and_then(|path| path.strip_prefix(BUILT_IN_PREFIX)) {
                let found = BUILT_IN.iter().find(|(built_in, _)| *built_in == name);
                let (name, text) =
                    found.ok_or_else(|| Error::BuiltIn { name: path.display().to_string() })?;
                policies.add_built_in(name, text)?;
                continue;
            }
            for file in files(path)? {
                policies.read(&file, &mut total)?;
            }
        }
        Ok(policies)
    }

    fn add_built_in(&mut self, name: &str, text: &str) -> Result<(), Error> {
        let source = format!("{name} (built in)");
        if self.sources.iter().any(|given| given.name == source) {
            return Err(Error::Duplicate { name: format!("{BUILT_IN_PREFIX}{name}") });
        }
        self.modules.push(Module { name: format!("{BUILT_IN_PREFIX}{name}"), text: text.to_owned() });
        self.sources.push(Source { name: source, sha256: Sha256::of(text.as_bytes()) });
        Ok(())
    }

    /// Adds the policy at `path`; `total` counts the bytes of all.
    fn read(&mut self, path: &Path, total: &mut u64) -> Result<(), Error> {
        if self.modules.len() == MAX_FILES {
            return Err(Error::TooMany);
        }
        let input = Input::open(path, source::MAX_BYTES)?;
        let name = input.name.clone();
        // A policy twice would conflict with itself, and its message would be hard to understand.
        if input.identity.is_some_and(|identity| self.identities.contains(&identity)) {
            return Err(Error::Duplicate { name });
        }
        self.identities.extend(input.identity);
        *total += input.bytes.len() as u64;
        if *total > MAX_TOTAL_BYTES {
            return Err(Error::TooLong);
        }
        self.sources.push(Source { name: input.base_name(), sha256: Sha256::of(&input.bytes) });
        let text = String::from_utf8(input.bytes).map_err(|_| Error::NotUtf8 { name: name.clone() })?;
        source::check(&text).map_err(|source| Error::Flaw { name: name.clone(), source })?;
        self.modules.push(Module { name, text });
        Ok(())
    }
}

/// The policy files that `path` stands for: itself, or those of a directory.
fn files(path: &Path) -> Result<Vec<PathBuf>, Error> {
    if path == Path::new("-") {
        return Err(Error::Stdin);
    }
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    find(path, MAX_DEPTH, &mut files)?;
    if files.is_empty() {
        return Err(Error::NoPolicy { name: path.display().to_string() });
    }
    Ok(files)
}

/// The policies below `directory`, by name. Links are followed: a mounted configuration is made of them.
fn find(directory: &Path, depth_left: usize, files: &mut Vec<PathBuf>) -> Result<(), Error> {
    let name = || directory.display().to_string();
    let failed = |source| Error::List { name: name(), source };
    let depth_left = depth_left.checked_sub(1).ok_or_else(|| Error::Depth { name: name() })?;
    let mut paths = fs::read_dir(directory)
        .map_err(failed)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(failed)?;
    paths.sort();
    for path in paths {
        let file_name = path.file_name().unwrap_or_default().as_encoded_bytes();
        if file_name.starts_with(b".") {
            continue;
        }
        if path.is_dir() {
            find(&path, depth_left, files)?;
        } else if file_name.ends_with(b".rego") && !file_name.ends_with(b"_test.rego") {
            files.push(path);
        }
        if files.len() > MAX_FILES {
            return Err(Error::TooMany);
        }
    }
    Ok(())
}

impl Data {
    /// The data files at `paths`, as one object.
    pub(crate) fn load(paths: &[PathBuf]) -> Result<Self, Error> {
        let mut data = Self { root: Map::new(), sources: Vec::new(), identities: Vec::new() };
        for path in paths {
            if path == Path::new("-") {
                return Err(Error::Stdin);
            }
            let input = Input::open(path, MAX_DATA_BYTES)?;
            data.identities.extend(input.identity);
            let name = input.name.clone();
            let text =
                std::str::from_utf8(&input.bytes).map_err(|_| Error::NotUtf8 { name: name.clone() })?;
            let value: Value =
                json::parse(text).map_err(|source| Error::Json { name: name.clone(), source })?;
            let Value::Object(mut document) = value else { return Err(Error::DataShape { name }) };
            let root = document.remove(ROOT);
            // Data beside the reserved root could take the place of a rule.
            if let Some(found) = document.keys().next() {
                return Err(Error::DataRoot { name, found: found.clone() });
            }
            let Some(Value::Object(root)) = root else { return Err(Error::DataShape { name }) };
            merge(&mut data.root, root, &format!("/{ROOT}"))
                .map_err(|pointer| Error::Conflict { name, pointer })?;
            data.sources.push(Source { name: input.base_name(), sha256: Sha256::of(&input.bytes) });
        }
        Ok(data)
    }

    /// The whole of `data`, as the evaluator takes it.
    pub(crate) fn document(&self) -> Result<Box<RawValue>, serde_json::Error> {
        serde_json::value::to_raw_value(&serde_json::json!({ ROOT: self.root }))
    }
}

/// Adds what `from` has to `into`, or says where both have a value.
fn merge(into: &mut Map<String, Value>, from: Map<String, Value>, at: &str) -> Result<(), String> {
    for (key, value) in from {
        let here = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
        match (into.get_mut(&key), value) {
            (None, value) => {
                into.insert(key, value);
            }
            (Some(Value::Object(old)), Value::Object(new)) => merge(old, new, &here)?,
            // Equal values too: the day one of them changes, nobody could say which holds.
            (Some(_), _) => return Err(here),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(directory: &Path, files: &[(&str, &str)]) -> Vec<PathBuf> {
        files
            .iter()
            .map(|(name, text)| {
                let path = directory.join(name);
                fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
                fs::write(&path, text).expect("a file");
                path
            })
            .collect()
    }

    #[test]
    fn a_directory_gives_its_policies_by_name() {
        let dir = tempfile::tempdir().expect("a directory");
        let files = [
            ("b.rego", "b"),
            ("a.rego", "a"),
            ("sub/c.rego", "c"),
            ("a_test.rego", "t"),
            (".x.rego", "x"),
            ("r.json", "{}"),
        ];
        write(dir.path(), &files);
        let policies = Policies::load(&[dir.path().to_owned()]).expect("policies");
        let texts: Vec<_> = policies.modules.iter().map(|module| module.text.as_str()).collect();
        assert_eq!(texts, ["a", "b", "c"]);
        assert_eq!(policies.sources[2].name, "c.rego");
        assert_eq!(policies.sources[2].sha256, Sha256::of(b"c"));
    }

    #[test]
    fn policies_that_are_refused() {
        let dir = tempfile::tempdir().expect("a directory");
        let long = "#".repeat(1 + (1 << 20));
        let files = [
            ("empty/p.rego", ""),
            ("long/p.rego", long.as_str()),
            ("nested/p.rego", "package mlbom_policy\nx := [[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]"),
            ("none/p_test.rego", "package mlbom_policy"),
            ("none/README.md", ""),
            ("twice/p.rego", "package mlbom_policy"),
        ];
        let paths = write(dir.path(), &files);
        let load = |paths: &[PathBuf]| Policies::load(paths).expect_err("refused").to_string();
        let flaw = |path: &PathBuf| match Policies::load(std::slice::from_ref(path)) {
            Err(Error::Flaw { source, .. }) => source,
            other => panic!("{other:?}"),
        };
        assert!(matches!(flaw(&paths[0]), Flaw::Empty));
        assert!(load(&paths[1..2]).contains("longer than 1048576"));
        assert!(matches!(flaw(&paths[2]), Flaw::Nesting { line: 2 }));
        assert!(load(&[dir.path().join("none")]).contains("holds no policy"));
        assert!(load(&[paths[5].clone(), dir.path().join("twice")]).contains("given twice"));
        assert!(load(&[dir.path().join("absent.rego")]).contains("cannot be read"));
        assert!(load(&["-".into()]).contains("standard input"));
        fs::write(dir.path().join("latin1.rego"), b"package a # \xe9").expect("a file");
        assert!(load(&[dir.path().join("latin1.rego")]).contains("not UTF-8"));
        for number in 0..=MAX_FILES {
            fs::write(dir.path().join(format!("twice/{number}.rego")), "x").expect("a file");
        }
        assert!(load(&[dir.path().join("twice")]).contains("more than 256"));
        std::os::unix::fs::symlink("..", dir.path().join("long/up")).expect("a link");
        assert!(load(&[dir.path().join("long")]).contains("nest deeper"));
    }

    #[test]
    fn built_in_policies_have_names() {
        let names = |paths: &[&str]| {
            let paths: Vec<_> = paths.iter().map(PathBuf::from).collect();
            Policies::load(&paths)
                .map(|policies| policies.sources.into_iter().map(|source| source.name).collect::<Vec<_>>())
        };
        assert_eq!(names(&[]).expect("the default"), ["model-deployment (built in)"]);
        assert_eq!(names(&["builtin:minimal"]).expect("minimal"), ["minimal (built in)"]);
        assert!(matches!(names(&["builtin:none"]), Err(Error::BuiltIn { .. })));
        assert!(matches!(names(&["builtin:"]), Err(Error::BuiltIn { .. })));
        assert!(matches!(names(&["builtin:minimal", "builtin:minimal"]), Err(Error::Duplicate { .. })));
        // With a directory before it, it is a file.
        assert!(matches!(names(&["./builtin:minimal"]), Err(Error::Read(_))));
        for (name, text) in BUILT_IN {
            source::check(text).expect(name);
        }
    }

    #[test]
    fn data_is_merged_under_one_root() {
        let dir = tempfile::tempdir().expect("a directory");
        let files =
            [("a.json", r#"{"mlbom":{"x":{"a":1}}}"#), ("b.json", r#"{"mlbom":{"x":{"b":2},"y":[]}}"#)];
        let data = Data::load(&write(dir.path(), &files)).expect("data");
        assert_eq!(data.document().expect("JSON").get(), r#"{"mlbom":{"x":{"a":1,"b":2},"y":[]}}"#);
        assert_eq!(Data::load(&[]).expect("none").document().expect("JSON").get(), r#"{"mlbom":{}}"#);
    }

    #[test]
    fn data_that_is_refused() {
        for (texts, why) in [
            (&["[]"][..], "is not an object"),
            (&["{}"], "is not an object"),
            (&[r#"{"mlbom":[]}"#], "is not an object"),
            (&[r#"{"mlbom_policy":{"deny":[]}}"#], "mlbom_policy"),
            (&[r#"{"mlbom":{},"mlbom_policy":{"deny":[]}}"#], "mlbom_policy"),
            (&[r#"{"mlbom":{"a":1,"a":1}}"#], "not valid JSON"),
            (&[r#"{"mlbom":{}} {}"#], "not valid JSON"),
            (&[""], "not valid JSON"),
            (&[r#"{"mlbom":{"a/b":1}}"#, r#"{"mlbom":{"a/b":1}}"#], "/mlbom/a~1b is given by"),
            (&[r#"{"mlbom":{"a":{"b":1}}}"#, r#"{"mlbom":{"a":{"b":{}}}}"#], "/mlbom/a/b is given by"),
        ] {
            let dir = tempfile::tempdir().expect("a directory");
            let files: Vec<_> = ["a.json", "b.json"].into_iter().zip(texts.iter().copied()).collect();
            let err = Data::load(&write(dir.path(), &files)).expect_err(why).to_string();
            assert!(err.contains(why), "{texts:?}: {err}");
        }
    }
}
