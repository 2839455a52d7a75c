//! Packages that conda installed: `conda-meta/<name>-<version>-<build>.json`.

use mlbom::digest::Sha256;
use mlbom::evidence::{Role, Trust};
use serde_json::Value;

use super::version::{is_version, normal_name};
use super::{MAX_DISTRIBUTIONS, Package, entries, object, unreadable};
use crate::error::Error;
use crate::folder::Folder;
use crate::readers::urls;
use crate::scribe::{MAX_INDEX_BYTES, Scribe};

/// Adds the packages that conda lists.
pub(super) fn read(scribe: &mut Scribe<'_>, folder: &Folder) -> Result<Vec<Package>, Error> {
    let mut packages = Vec::new();
    let entries = entries(&folder.tree, "conda-meta")?;
    for entry in entries.iter().filter(|entry| entry.name.ends_with(".json")) {
        let path = format!("conda-meta/{}", entry.name);
        if packages.len() >= MAX_DISTRIBUTIONS {
            unreadable(scribe, folder, &path, &format!("more than {MAX_DISTRIBUTIONS} packages"));
            break;
        }
        let Some((value, at)) = object(scribe, folder, &path, MAX_INDEX_BYTES)? else { continue };
        let text = |name: &str| value.get(name).and_then(Value::as_str);
        let name = text("name").and_then(normal_name_of);
        let (Some(name), Some(version)) = (name, text("version").filter(|version| is_version(version)))
        else {
            scribe.unreadable(&at, "a name and a version were wanted");
            continue;
        };
        let id = scribe.entity(Role::Library, &name, version)?;
        let version_at = at.pointer("/version");
        scribe.fact_of(&id, "package.version", version, Trust::Recorded, version_at.clone());
        scribe.fact_of(&id, "package.installer", "conda", Trust::Recorded, &at);
        if let Some(license) = text("license").filter(|license| !license.is_empty() && license.len() <= 200) {
            scribe.fact_of(&id, "license", vec![license], Trust::Recorded, at.pointer("/license"));
        }
        if let Some(url) = text("url").and_then(urls::public).map(|url| without_token(&url)) {
            scribe.fact_of(&id, "package.url", url, Trust::Recorded, at.pointer("/url"));
        }
        let archive = text("sha256").and_then(|digest| digest.parse::<Sha256>().ok());
        if let Some(archive) = archive {
            scribe.fact_of(
                &id,
                "package.archive",
                archive.to_string(),
                Trust::Recorded,
                at.pointer("/sha256"),
            );
        }
        let archive = archive.map(|archive| (archive, at.pointer("/sha256")));
        packages.push(Package { id, name, version: version.to_owned(), at: version_at, archive });
    }
    Ok(packages)
}

/// Some packages of conda are called `_libgcc_mutex`.
fn normal_name_of(name: &str) -> Option<String> {
    normal_name(name.trim_start_matches('_'))
}

/// A channel's URL may hold an access token: `/t/<token>/`.
fn without_token(url: &str) -> String {
    let mut parts = Vec::new();
    let mut rest = url.split('/');
    while let Some(part) = rest.next() {
        if part == "t" {
            rest.next();
        } else {
            parts.push(part);
        }
    }
    parts.join("/")
}
