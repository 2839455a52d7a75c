//! Code that runs whenever Python starts (the module `site` of Python's library).

use mlbom::evidence::Trust;
use mlbom::path::RelPath;
use mlbom_tree::EntryKind;

use super::{below, content, entries};
use crate::error::Error;
use crate::folder::{At, Folder};
use crate::readers::listed;
use crate::scribe::Scribe;

/// The most bytes of a path file.
const MAX_PATH_FILE_BYTES: u64 = 1 << 20;
/// Modules that `site` imports if they are there.
const MODULES: [&str; 2] = ["sitecustomize", "usercustomize"];
/// As many files are named as sources of the list.
const MAX_SOURCES: usize = 100;

/// States the files whose code runs. Editable installs leave such a file too: it is a name to look at, no more.
pub(super) fn read(scribe: &mut Scribe<'_>, folder: &Folder, sites: &[String]) -> Result<(), Error> {
    let (mut found, mut sources) = (Vec::new(), Vec::new());
    for site in sites {
        for entry in entries(&folder.tree, site)? {
            let path = below(site, &entry.name);
            let stem = entry.name.split('.').next().unwrap_or_default();
            let module =
                MODULES.contains(&stem) && (entry.kind == EntryKind::Directory || is_module(&entry.name));
            let at = if module {
                RelPath::parse(&path).ok().map(|path| At::name(&folder.root, path))
            } else if entry.name.ends_with(".pth") {
                path_file(scribe, folder, &path)?
            } else {
                None
            };
            if let Some(at) = at {
                found.push(path);
                sources.push(at);
            }
        }
    }
    found.sort();
    let value = listed(found);
    if sources.is_empty() {
        let sites = sites.iter().filter_map(|site| RelPath::parse(site).ok());
        sources.extend(sites.map(|site| At::name(&folder.root, site)));
        // The top has no name below itself; what says that nothing is there is the listing of it.
        if sources.is_empty() {
            return Ok(());
        }
    }
    for at in sources.iter().take(MAX_SOURCES) {
        scribe.fact("run.startUpCode", value.clone(), Trust::Computed, at);
    }
    Ok(())
}

/// Source, byte code, or a compiled module.
fn is_module(name: &str) -> bool {
    [".py", ".pyc", ".so", ".pyd"].iter().any(|end| name.ends_with(end))
}

/// A path file that has a line of code, which is one that begins with `import` and a space or tab.
fn path_file(scribe: &mut Scribe<'_>, folder: &Folder, path: &str) -> Result<Option<At>, Error> {
    let Some(content) = content(scribe, folder, path, MAX_PATH_FILE_BYTES)? else { return Ok(None) };
    // Python reads it as UTF-8, with a mark at the start or without, and else in the encoding of the locale.
    let bytes = content.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&content.bytes);
    let mut lines = bytes.split(|byte| matches!(byte, b'\n' | b'\r'));
    let code = lines.any(|line| line.starts_with(b"import ") || line.starts_with(b"import\t"));
    Ok(code.then_some(content.at))
}
