//! A Python environment: a virtual environment, an installation, or a `site-packages` directory.
//!
//! Nothing is imported and no interpreter is started; what is installed is read from what installers left behind.

mod conda;
mod distribution;
mod hash;
mod layout;
mod locks;
mod record;
mod requirements;
mod startup;
#[cfg(test)]
mod tests;
mod version;

use std::collections::BTreeMap;

use mlbom::digest::Sha256;
use mlbom::evidence::{Absence, Severity, Source};
use mlbom::path::RelPath;
use mlbom_tree::{EntryKind, Tree};
use serde_json::Value;

pub(super) use self::hash::digest_of;
use crate::error::Error;
use crate::folder::{At, Content, Folder};
use crate::readers::{On, Read, Reader};
use crate::scribe::Scribe;

pub(crate) const READER: Reader = Reader {
    name: "python",
    on: &[On::Python],
    facts: &["run.python", "run.startUpCode"],
    read: Read::Folder(read),
};

/// The most distributions of one environment.
const MAX_DISTRIBUTIONS: usize = 5000;
/// As many files are hashed at once, so that every core has some.
const BATCH: usize = 20_000;
/// The most claims of one finding.
const MAX_CLAIMS: usize = 20;

/// A package that is installed.
#[derive(Debug)]
struct Package {
    /// The id of its entity.
    id: String,
    /// Normalised.
    name: String,
    version: String,
    /// Where the version stands.
    at: Source,
    /// The digest of the archive that it was installed from, and where it stands.
    archive: Option<(Sha256, Source)>,
}

/// Reads the environment.
pub(crate) fn read(scribe: &mut Scribe<'_>, folder: &Folder) -> Result<(), Error> {
    let sites = layout::sites(folder)?;
    layout::version(scribe, folder, &sites)?;
    startup::read(scribe, folder, &sites)?;
    let mut packages = installed(scribe, folder, &sites)?;
    duplicates(scribe, &packages);
    packages.extend(conda::read(scribe, folder)?);
    if packages.is_empty() {
        let state = if scribe.unreadable { Absence::Unreadable } else { Absence::Absent };
        scribe.not_known(None, "library", state);
    }
    locks::read(scribe, folder, &packages)
}

/// Every distribution of `sites`, with its files held against its RECORD.
fn installed(scribe: &mut Scribe<'_>, folder: &Folder, sites: &[String]) -> Result<Vec<Package>, Error> {
    let (mut packages, mut records) = (Vec::new(), Vec::new());
    let mut known = record::Known::default();
    for site in sites {
        for entry in entries(&folder.tree, site)? {
            let Some(stem) = distribution::stem(&entry.name) else { continue };
            let path = below(site, &entry.name);
            if packages.len() >= MAX_DISTRIBUTIONS {
                let why = format!("more than {MAX_DISTRIBUTIONS} distributions");
                unreadable(scribe, folder, &path, &why);
                break;
            }
            if entry.kind == EntryKind::Link {
                unreadable(scribe, folder, &path, "a link, which is not followed");
                continue;
            }
            let found = distribution::Found { site, path: &path, stem, kind: entry.kind };
            if let Some(package) = distribution::read(scribe, folder, &found)? {
                if let Some(record) = record::read(scribe, folder, &package.id, &found)? {
                    records.push(record);
                }
                packages.push(package);
            }
            if records.iter().map(record::Record::len).sum::<usize>() >= BATCH {
                record::check(scribe, folder, &mut known, std::mem::take(&mut records))?;
            }
        }
    }
    record::check(scribe, folder, &mut known, records)?;
    Ok(packages)
}

/// One name twice: which of them is imported depends on the order of directories.
fn duplicates(scribe: &mut Scribe<'_>, packages: &[Package]) {
    let mut by_name: BTreeMap<&str, Vec<&Package>> = BTreeMap::new();
    for package in packages {
        by_name.entry(&package.name).or_default().push(package);
    }
    for (name, packages) in by_name {
        let [first, _, ..] = packages.as_slice() else { continue };
        let message = format!("package {name} is installed {} times", packages.len());
        let claims: Vec<_> = packages
            .iter()
            .take(MAX_CLAIMS)
            .map(|package| (format!("{name} {}", package.version), package.at.clone()))
            .collect();
        about(scribe, &first.id, |scribe| {
            scribe.finding("MLB-DUPLICATE-PACKAGE", Severity::Medium, &message, claims);
        });
    }
}

/// Lets `say` speak of another entity than the subject.
fn about(scribe: &mut Scribe<'_>, entity: &str, say: impl FnOnce(&mut Scribe<'_>)) {
    let subject = std::mem::replace(&mut scribe.entity, entity.to_owned());
    say(scribe);
    scribe.entity = subject;
}

/// A path in a directory that may be the top.
fn below(dir: &str, name: &str) -> String {
    if dir.is_empty() { name.to_owned() } else { format!("{dir}/{name}") }
}

/// What is directly in `dir`; nothing if that is no directory.
fn entries(tree: &Tree, dir: &str) -> Result<Vec<mlbom_tree::Entry>, Error> {
    let dir = match RelPath::parse(dir) {
        Ok(dir) => Some(dir),
        Err(_) if dir.is_empty() => None,
        Err(_) => return Ok(Vec::new()),
    };
    Ok(tree.entries(dir.as_ref())?.unwrap_or_default())
}

fn unreadable(scribe: &mut Scribe<'_>, folder: &Folder, path: &str, why: &str) {
    if let Ok(path) = RelPath::parse(path) {
        scribe.unreadable(&At::name(&folder.root, path), why);
    }
}

/// A whole file, if it is there; one that is a link out, or no file, is said to be unreadable.
fn content(
    scribe: &mut Scribe<'_>,
    folder: &Folder,
    path: &str,
    limit: u64,
) -> Result<Option<Content>, Error> {
    match scribe.read(folder, path, limit) {
        Err(Error::Tree(mlbom_tree::Error::Link { .. })) => {
            unreadable(scribe, folder, path, "a link that leads out or nowhere");
            Ok(None)
        }
        Err(Error::Tree(mlbom_tree::Error::Special { .. })) => {
            unreadable(scribe, folder, path, "a regular file was wanted");
            Ok(None)
        }
        other => other,
    }
}

/// A text file; what is not UTF-8 is said to be unreadable.
fn text(
    scribe: &mut Scribe<'_>,
    folder: &Folder,
    path: &str,
    limit: u64,
) -> Result<Option<(String, At)>, Error> {
    let Some(Content { bytes, at }) = content(scribe, folder, path, limit)? else { return Ok(None) };
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Some((text, at))),
        Err(_) => {
            scribe.unreadable(&at, "not UTF-8");
            Ok(None)
        }
    }
}

/// A JSON object; what is none is said to be unreadable.
fn object(
    scribe: &mut Scribe<'_>,
    folder: &Folder,
    path: &str,
    limit: u64,
) -> Result<Option<(Value, At)>, Error> {
    let Some((text, at)) = text(scribe, folder, path, limit)? else { return Ok(None) };
    match mlbom::json::parse::<Value>(&text) {
        Ok(value) if value.is_object() => return Ok(Some((value, at))),
        Ok(_) => scribe.unreadable(&at, "a JSON object was wanted"),
        Err(err) => scribe.unreadable(&at, &err.to_string()),
    }
    Ok(None)
}
