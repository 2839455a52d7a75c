//! Where an environment keeps its packages, and which Python it is of.

use mlbom::evidence::Trust;
use mlbom::path::RelPath;
use mlbom_tree::EntryKind;

use super::{below, distribution, entries, text};
use crate::error::Error;
use crate::folder::{At, Folder};
use crate::scribe::Scribe;

/// The most bytes of `pyvenv.cfg`.
const MAX_CONFIG_BYTES: u64 = 64 << 10;
/// Directories that hold `python3.X` (sysconfig, "posix_prefix", "posix_local", and those of Debian and Fedora).
const LIBRARIES: [&str; 4] = ["lib", "lib64", "local/lib", "local/lib64"];
/// Names of the directory that packages are in.
const PACKAGES: [&str; 2] = ["site-packages", "dist-packages"];

/// The directories that packages are in, from the top of the environment; `""` is the top itself. Links are left out:
/// `lib64` is one to `lib`.
pub(super) fn sites(folder: &Folder) -> Result<Vec<String>, Error> {
    let tree = &folder.tree;
    let mut sites = Vec::new();
    let top = entries(tree, "")?;
    let holds_packages = top.iter().any(|entry| distribution::stem(&entry.name).is_some());
    if holds_packages || PACKAGES.contains(&tree.name()) {
        sites.push(String::new());
    }
    for library in LIBRARIES {
        for entry in entries(tree, library)? {
            if entry.kind == EntryKind::Directory && entry.name.starts_with("python3") {
                sites.extend(packages(folder, &below(library, &entry.name))?);
            }
        }
    }
    // Windows ("nt").
    sites.extend(packages(folder, "Lib")?);
    Ok(sites)
}

fn packages(folder: &Folder, above: &str) -> Result<Vec<String>, Error> {
    let found = entries(&folder.tree, above)?
        .into_iter()
        .filter(|entry| entry.kind == EntryKind::Directory && PACKAGES.contains(&entry.name.as_str()));
    Ok(found.map(|entry| below(above, &entry.name)).collect())
}

/// States the version of Python: from `pyvenv.cfg`, else as far as the name of a directory tells it.
pub(super) fn version(scribe: &mut Scribe<'_>, folder: &Folder, sites: &[String]) -> Result<(), Error> {
    let mut known = false;
    if let Some((text, at)) = text(scribe, folder, "pyvenv.cfg", MAX_CONFIG_BYTES)? {
        for (line, written) in text.lines().enumerate() {
            let Some((key, value)) = written.split_once('=') else { continue };
            let key = key.trim().to_ascii_lowercase();
            // pip writes `version`, uv `version_info`, virtualenv both, the latter as `3.12.1.final.0`.
            if matches!(key.as_str(), "version" | "version_info")
                && let Some(version) = numbers(value.trim())
            {
                let at = at.pointer(format!("line {}", line + 1));
                scribe.fact("run.python", version, Trust::Recorded, at);
                known = true;
            }
        }
    }
    if known {
        return Ok(());
    }
    for site in sites {
        let mut parts = site.rsplit('/').skip(1);
        let version = parts.next().and_then(|dir| dir.strip_prefix("python")).and_then(numbers);
        if let (Some(version), Ok(path)) =
            (version.filter(|version| version.contains('.')), RelPath::parse(site))
        {
            scribe.fact("run.python", version, Trust::Recorded, &At::name(&folder.root, path));
        }
    }
    Ok(())
}

/// The first three numbers of a version.
fn numbers(version: &str) -> Option<String> {
    let is_number =
        |part: &&str| !part.is_empty() && part.len() < 6 && part.chars().all(|c| c.is_ascii_digit());
    let parts: Vec<_> = version.split('.').take(3).take_while(is_number).collect();
    (!parts.is_empty()).then(|| parts.join("."))
}
