//! One installed distribution: its `.dist-info` (Python packaging specifications, "Recording installed projects"), or
//! the `.egg-info` of older installers.

use mlbom::digest::Sha256;
use mlbom::evidence::{Role, Severity, Source, Trust};
use mlbom::path::RelPath;
use mlbom_tree::EntryKind;
use serde_json::Value;

use super::hash;
use super::version::{is_version, normal_name, same};
use super::{Package, about, below, content, entries, object, text, unreadable};
use crate::error::Error;
use crate::folder::{At, Folder};
use crate::readers::{listed, urls};
use crate::scribe::{MAX_LIST, Scribe};

/// The most bytes of METADATA.
const MAX_METADATA_BYTES: u64 = 4 << 20;
/// The most bytes of the small files beside it.
const MAX_SMALL_BYTES: u64 = 1 << 20;
/// The longest licence that is taken for the name of one, in bytes: some write the whole text there.
const MAX_LICENSE_BYTES: usize = 200;

/// A directory that says that something is installed.
pub(super) struct Found<'a> {
    /// The directory that it is in.
    pub(super) site: &'a str,
    pub(super) path: &'a str,
    /// Its name, without the ending.
    pub(super) stem: &'a str,
    pub(super) kind: EntryKind,
}

impl Found<'_> {
    pub(super) fn is_dist_info(&self) -> bool {
        self.path.ends_with(".dist-info")
    }
}

/// The name of a `.dist-info` or `.egg-info` without its ending.
pub(super) fn stem(name: &str) -> Option<&str> {
    name.strip_suffix(".dist-info").or_else(|| name.strip_suffix(".egg-info")).filter(|stem| !stem.is_empty())
}

/// Adds the package and what is known of it; none if its name or version cannot be told.
pub(super) fn read(
    scribe: &mut Scribe<'_>,
    folder: &Folder,
    found: &Found<'_>,
) -> Result<Option<Package>, Error> {
    let metadata = match (found.is_dist_info(), found.kind) {
        (true, EntryKind::Directory) => below(found.path, "METADATA"),
        (false, EntryKind::Directory) => below(found.path, "PKG-INFO"),
        (false, EntryKind::File) => found.path.to_owned(),
        _ => {
            unreadable(scribe, folder, found.path, "a directory was wanted");
            return Ok(None);
        }
    };
    let Some(file) = content(scribe, folder, &metadata, MAX_METADATA_BYTES)? else {
        unreadable(scribe, folder, found.path, "its metadata cannot be read");
        return Ok(None);
    };
    let at = file.at;
    let headers = Headers::parse(&String::from_utf8_lossy(&file.bytes));
    let name = headers.name.as_ref().and_then(|(_, name)| normal_name(name));
    let version = headers.version.as_ref().filter(|(_, version)| is_version(version));
    let (Some(name), Some((line, version))) = (name, version) else {
        scribe.unreadable(&at, "a name and a version were wanted");
        return Ok(None);
    };
    let id = scribe.entity(Role::Library, &name, version)?;
    let version_at = at.pointer(line_of(*line));
    scribe.fact_of(&id, "package.version", version.clone(), Trust::Recorded, version_at.clone());
    if let Some((line, license)) = &headers.license {
        scribe.fact_of(&id, "license", vec![license.clone()], Trust::Recorded, at.pointer(line_of(*line)));
    }
    if found.is_dist_info() {
        hold_against_name(scribe, folder, found, &id, (&name, version), &version_at);
    }
    let mut package = Package { id, name, version: version.clone(), at: version_at, archive: None };
    if found.kind == EntryKind::Directory {
        installer(scribe, folder, found, &package)?;
        direct_url(scribe, folder, found, &mut package)?;
        sboms(scribe, folder, found, &package)?;
    }
    Ok(Some(package))
}

/// A directory that says another name or version than the metadata in it.
fn hold_against_name(
    scribe: &mut Scribe<'_>,
    folder: &Folder,
    found: &Found<'_>,
    id: &str,
    (name, version): (&str, &str),
    at: &Source,
) {
    let (dir_name, dir_version) = found.stem.rsplit_once('-').unwrap_or((found.stem, ""));
    let agrees = normal_name(dir_name).as_deref() == Some(name)
        && (same(dir_version, version) || same(&dir_version.replace('_', "-"), version));
    let Ok(path) = RelPath::parse(found.path) else { return };
    if !agrees {
        let message = format!("the metadata of {name} {version} lie in a directory of another name");
        let claims = [
            (format!("{name} {version}"), at.clone()),
            (found.stem.to_owned(), At::name(&folder.root, path).whole()),
        ];
        about(scribe, id, |scribe| scribe.finding("MLB-METADATA", Severity::Medium, &message, claims));
    }
}

/// Who installed it, and whether somebody asked for it by name.
fn installer(
    scribe: &mut Scribe<'_>,
    folder: &Folder,
    found: &Found<'_>,
    package: &Package,
) -> Result<(), Error> {
    let path = below(found.path, "INSTALLER");
    let Some((text, at)) = text(scribe, folder, &path, MAX_SMALL_BYTES)? else { return Ok(()) };
    let installer = text.lines().next().unwrap_or_default().trim().to_owned();
    if installer.is_empty() {
        return Ok(());
    }
    scribe.fact_of(&package.id, "package.installer", installer.clone(), Trust::Recorded, &at);
    // uv puts REQUESTED into every package, and of others than pip it is not known what its absence means.
    let asked = entries(&folder.tree, found.path)?.iter().any(|entry| entry.name == "REQUESTED");
    if installer == "pip" || (asked && installer != "uv") {
        let requested = RelPath::parse(&below(found.path, "REQUESTED")).ok().filter(|_| asked);
        let at = requested.map_or(at, |path| At::name(&folder.root, path));
        scribe.fact_of(&package.id, "package.requested", asked, Trust::Recorded, &at);
    }
    Ok(())
}

/// Where it was installed from, if not from an index (Python packaging specifications, "Recording the Direct URL
/// Origin").
fn direct_url(
    scribe: &mut Scribe<'_>,
    folder: &Folder,
    found: &Found<'_>,
    package: &mut Package,
) -> Result<(), Error> {
    let path = below(found.path, "direct_url.json");
    let Some((value, at)) = object(scribe, folder, &path, MAX_SMALL_BYTES)? else { return Ok(()) };
    let id = &package.id;
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str);
    if let Some(url) = text("/url").and_then(urls::public) {
        scribe.fact_of(id, "package.url", url, Trust::Recorded, at.pointer("/url"));
    }
    if let Some(commit) = text("/vcs_info/commit_id") {
        scribe.fact_of(id, "package.commit", commit, Trust::Recorded, at.pointer("/vcs_info/commit_id"));
    }
    if let Some(editable) = value.pointer("/dir_info/editable").and_then(Value::as_bool) {
        scribe.fact_of(id, "package.editable", editable, Trust::Recorded, at.pointer("/dir_info/editable"));
    }
    let older = text("/archive_info/hash").and_then(|hash| hash.strip_prefix("sha256="));
    let found = text("/archive_info/hashes/sha256")
        .map(|hash| (hash, "/archive_info/hashes/sha256"))
        .or_else(|| older.map(|hash| (hash, "/archive_info/hash")));
    if let Some((hash, pointer)) = found {
        let at = at.pointer(pointer);
        match hash.parse::<Sha256>() {
            Ok(archive) => {
                scribe.fact_of(id, "package.archive", archive.to_string(), Trust::Recorded, at.clone());
                package.archive = Some((archive, at));
            }
            Err(_) => scribe.unreadable(at, "a SHA-256 was wanted"),
        }
    }
    Ok(())
}

/// Bills that came in the package (PEP 770): named with their digests, not merged.
fn sboms(
    scribe: &mut Scribe<'_>,
    folder: &Folder,
    found: &Found<'_>,
    package: &Package,
) -> Result<(), Error> {
    let dir = below(found.path, "sboms");
    let entries = entries(&folder.tree, &dir)?.into_iter().filter(|entry| entry.kind == EntryKind::File);
    let paths = entries.take(MAX_LIST).filter_map(|entry| RelPath::parse(&below(&dir, &entry.name)).ok());
    let paths: Vec<_> = paths.collect();
    let mut named = Vec::new();
    for (path, found) in paths.iter().zip(hash::all(&folder.tree, &paths)?) {
        if let hash::Found::File(_, digest) = found {
            named.push(format!("{path}@{digest}"));
        }
    }
    if let (false, Ok(dir)) = (named.is_empty(), RelPath::parse(&dir)) {
        let at = At::name(&folder.root, dir);
        scribe.fact_of(&package.id, "package.sboms", listed(named), Trust::Computed, &at);
    }
    Ok(())
}

/// What is read of METADATA (Python packaging specifications, "Core metadata"), each with its line, counted from 0.
#[derive(Debug, Default, Eq, PartialEq)]
struct Headers {
    name: Option<(usize, String)>,
    version: Option<(usize, String)>,
    license: Option<(usize, String)>,
}

impl Headers {
    /// Reads up to the empty line; the first of each counts.
    fn parse(text: &str) -> Self {
        let (mut headers, mut older) = (Self::default(), None);
        let mut lines = text.lines().enumerate().peekable();
        while let Some((at, line)) = lines.next() {
            if line.is_empty() {
                break;
            }
            let goes_on = lines.peek().is_some_and(|(_, next)| next.starts_with([' ', '\t']));
            let Some((key, value)) = line.split_once(':') else { continue };
            let value = || Some((at, value.trim().to_owned())).filter(|(_, value)| !value.is_empty());
            let place = match key.to_ascii_lowercase().as_str() {
                "name" => &mut headers.name,
                "version" => &mut headers.version,
                "license-expression" => &mut headers.license,
                // A text of several lines is no name of a licence.
                "license" if !goes_on => &mut older,
                _ => continue,
            };
            if place.is_none() {
                *place = value();
            }
        }
        let short = |(_, text): &(usize, String)| text.len() <= MAX_LICENSE_BYTES && text != "UNKNOWN";
        headers.license = headers.license.or_else(|| older.filter(short));
        headers
    }
}

fn line_of(at: usize) -> String {
    format!("line {}", at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_give_a_name_a_version_and_a_short_licence() {
        for (text, name, version, license) in [
            ("Name: a\nVersion: 1\nLicense: MIT\n\nName: b\n", "a", "1", "MIT"),
            ("Name: a\nVersion: 1\nLicense: x\nLicense-Expression: MIT\n", "a", "1", "MIT"),
            ("Name: a\nName: b\nVersion: 1\nVersion: 2\n", "a", "1", ""),
            ("Name: a\nVersion: 1\nLicense: Copyright\n        of all\n", "a", "1", ""),
            ("Name: a\nVersion: 1\nLicense: UNKNOWN\n", "a", "1", ""),
            ("Summary: x\n Name: b\nName: a\r\nVersion: 1\r\n", "a", "1", ""),
            ("\nName: a\n", "", "", ""),
            ("", "", "", ""),
        ] {
            let headers = Headers::parse(text);
            let shown = |found: Option<(usize, String)>| found.map(|(_, text)| text).unwrap_or_default();
            let found = (shown(headers.name), shown(headers.version), shown(headers.license));
            assert_eq!(found, (name.to_owned(), version.to_owned(), license.to_owned()), "{text}");
        }
    }
}
