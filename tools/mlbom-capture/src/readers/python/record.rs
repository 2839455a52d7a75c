//! Holds installed files against RECORD (Python packaging specifications, "The RECORD file").

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mlbom::digest::Sha256;
use mlbom::evidence::{Absence, Severity, Source, Trust};
use mlbom::path::RelPath;

use super::distribution::Found as Distribution;
use super::hash::{self, Found};
use super::{MAX_CLAIMS, about, below, content};
use crate::error::Error;
use crate::folder::{At, Folder};
use crate::scribe::Scribe;

/// The most bytes of RECORD.
const MAX_RECORD_BYTES: u64 = 64 << 20;
/// The most lines of it that name a file with a digest.
const MAX_LINES: usize = 1_000_000;

/// What was found under a name so far: a file that many packages list is read once.
pub(super) type Known = BTreeMap<RelPath, Found>;

/// What one RECORD says.
pub(super) struct Record {
    /// The package.
    id: String,
    at: At,
    lines: Vec<Line>,
    /// How many more it lists without a digest, or where the folder does not reach.
    unseen: usize,
}

struct Line {
    number: u64,
    path: RelPath,
    wanted: Sha256,
}

impl Record {
    /// As many files are to be hashed.
    pub(super) fn len(&self) -> usize {
        self.lines.len()
    }
}

/// Reads the RECORD of a distribution; none if it has none that can be read.
pub(super) fn read(
    scribe: &mut Scribe<'_>,
    folder: &Folder,
    id: &str,
    found: &Distribution<'_>,
) -> Result<Option<Record>, Error> {
    let path = below(found.path, "RECORD");
    let before = std::mem::replace(&mut scribe.unreadable, false);
    let content = if found.is_dist_info() { content(scribe, folder, &path, MAX_RECORD_BYTES)? } else { None };
    let failed = std::mem::replace(&mut scribe.unreadable, before);
    scribe.unreadable |= failed;
    let Some(content) = content else {
        if failed {
            scribe.not_known(Some(id), "package.record", Absence::Unreadable);
        } else if let Ok(path) = RelPath::parse(found.path) {
            let at = At::name(&folder.root, path);
            scribe.fact_of(id, "package.record", "none", Trust::Computed, &at);
            let installer = below(found.path, "INSTALLER");
            if RelPath::parse(&installer)
                .is_ok_and(|path| matches!(folder.tree.open_file(&path), Ok(Some(_))))
            {
                let message = "an installer left its name and no RECORD: somebody may have removed it";
                let claims = [("no RECORD beside INSTALLER".to_owned(), at.whole())];
                about(scribe, id, |scribe| {
                    scribe.finding("MLB-RECORD-NONE", Severity::Medium, message, claims);
                });
            }
        }
        return Ok(None);
    };
    let at = content.at;
    let digest = Sha256::of(&content.bytes).to_string();
    scribe.fact_of(id, "package.recordDigest", digest, Trust::Computed, &at);
    match parse(&content.bytes, found.site) {
        Ok(Parsed { lines, outside, unseen }) => {
            say_outside(scribe, id, &at, &outside);
            Ok(Some(Record { id: id.to_owned(), at, lines, unseen }))
        }
        Err((number, why)) => {
            scribe.unreadable(at.pointer(format!("line {number}")), why);
            scribe.not_known(Some(id), "package.record", Absence::Unreadable);
            Ok(None)
        }
    }
}

/// The files with a digest.
#[derive(Default)]
struct Parsed {
    /// Those that lie in the folder.
    lines: Vec<Line>,
    /// The names that lead out of the environment, each with its line.
    outside: Vec<(u64, String)>,
    /// How many have no digest, or lie in the environment and not in the folder.
    unseen: usize,
}

fn parse(bytes: &[u8], site: &str) -> Result<Parsed, (u64, &'static str)> {
    let mut parsed = Parsed::default();
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
    let mut record = csv::StringRecord::new();
    loop {
        let number = reader.position().line();
        match reader.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => return Ok(parsed),
            Err(_) => return Err((number, "not CSV in UTF-8")),
        }
        let (path, hash) = (record.get(0).unwrap_or_default(), record.get(1).unwrap_or_default());
        let path = match resolve(site, path) {
            Place::Inside(path) => path,
            Place::Above => {
                parsed.unseen += usize::from(hash.starts_with("sha256="));
                continue;
            }
            Place::Outside => {
                parsed.outside.push((number, path.to_owned()));
                continue;
            }
        };
        // Byte code is written after installation, and has no digest or an old one; RECORD itself and its signatures have
        // none (PyPA, "Recording installed projects"). Any other file without one is not known to be what was installed.
        let name = path.as_str();
        if name.contains("__pycache__/") && name.ends_with(".pyc") {
            continue;
        }
        let Some(hash) = hash.strip_prefix("sha256=") else {
            let of_record = [".dist-info/RECORD", ".dist-info/RECORD.jws", ".dist-info/RECORD.p7s"];
            parsed.unseen += usize::from(!of_record.iter().any(|ending| name.ends_with(ending)));
            continue;
        };
        let decoded = URL_SAFE_NO_PAD.decode(hash.trim_end_matches('='));
        let wanted: Option<[u8; 32]> = decoded.ok().and_then(|bytes| bytes.try_into().ok());
        let Some(wanted) = wanted else { return Err((number, "a SHA-256 in URL-safe base64 was wanted")) };
        if parsed.lines.len() >= MAX_LINES {
            return Err((number, "too many lines"));
        }
        parsed.lines.push(Line { number, path, wanted: wanted.into() });
    }
}

/// Where a path of RECORD leads.
#[derive(Debug, Eq, PartialEq)]
enum Place {
    /// Into the environment.
    Inside(RelPath),
    /// To the scripts or data of an environment of which only `site-packages` was named: nothing to look at.
    Above,
    /// Out of the environment, or it is no relative path.
    Outside,
}

/// Resolves `path`, which starts from `site`, without looking at the disk.
fn resolve(site: &str, path: &str) -> Place {
    let mut parts: Vec<&str> = site.split('/').filter(|part| !part.is_empty()).collect();
    let mut above = 0_usize;
    if path.is_empty() || path.starts_with(['/', '\\']) || path.get(1..2) == Some(":") {
        return Place::Outside;
    }
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.pop().is_none() => above += 1,
            ".." => {}
            part => parts.push(part),
        }
    }
    // Scripts are three levels up, two on Windows and after `pip install --target`.
    let usual = match (above, parts.first().copied().unwrap_or_default()) {
        (0, _) => return RelPath::parse(&parts.join("/")).map_or(Place::Outside, Place::Inside),
        (2, first) => matches!(first, "Scripts" | "bin" | "share"),
        (3, first) => {
            matches!(first, "bin" | "sbin" | "share" | "etc" | "include" | "lib" | "lib64" | "man" | "src")
        }
        _ => false,
    };
    if site.is_empty() && usual { Place::Above } else { Place::Outside }
}

fn say_outside(scribe: &mut Scribe<'_>, id: &str, at: &At, outside: &[(u64, String)]) {
    if outside.is_empty() {
        return;
    }
    let message = format!("{} names of RECORD lead out of the environment", outside.len());
    let claims: Vec<_> = outside
        .iter()
        .take(MAX_CLAIMS)
        .map(|(number, path)| (path.clone(), at.pointer(format!("line {number}"))))
        .collect();
    about(scribe, id, |scribe| scribe.finding("MLB-RECORD-PATH", Severity::High, &message, claims));
}

/// Hashes what `records` name, on all cores, and says of each package whether it is as it was installed.
pub(super) fn check(
    scribe: &mut Scribe<'_>,
    folder: &Folder,
    known: &mut Known,
    records: Vec<Record>,
) -> Result<(), Error> {
    let lines = records.iter().flat_map(|record| &record.lines);
    let paths: BTreeSet<RelPath> =
        lines.map(|line| &line.path).filter(|path| !known.contains_key(*path)).cloned().collect();
    let paths: Vec<_> = paths.into_iter().collect();
    let found = hash::all(&folder.tree, &paths)?;
    known.extend(paths.into_iter().zip(found));
    for record in records {
        say(scribe, folder, known, &record);
    }
    Ok(())
}

fn say(scribe: &mut Scribe<'_>, folder: &Folder, known: &Known, record: &Record) {
    let id = &record.id;
    let (mut claims, mut modified, mut missing, mut links) = (Vec::new(), 0_usize, 0_usize, 0_usize);
    for line in &record.lines {
        let name = At::name(&folder.root, line.path.clone());
        let (at, says) = match known.get(&line.path).copied().unwrap_or(Found::Nothing) {
            Found::File(_, found) if found == line.wanted => continue,
            Found::File(size, found) => {
                modified += 1;
                (At::file(&folder.root, line.path.clone(), size, found), format!("sha256 {found}"))
            }
            Found::NoFile => {
                modified += 1;
                (name, "no regular file".to_owned())
            }
            Found::Nothing => {
                missing += 1;
                (name, "nothing is there".to_owned())
            }
            Found::Link => {
                links += 1;
                continue;
            }
        };
        if claims.len() < 2 * MAX_CLAIMS {
            let recorded = record.at.pointer(format!("line {}", line.number));
            claims.push((format!("{}: sha256 {}", line.path, line.wanted), recorded));
            claims.push((format!("{}: {says}", line.path), at.whole()));
        }
    }
    let checked = record.lines.len() - links;
    scribe.fact_of(id, "package.filesChecked", checked, Trust::Computed, &record.at);
    if modified + missing > 0 {
        let message =
            format!("installed files are not what RECORD says: {modified} changed, {missing} missing");
        about(scribe, id, |scribe| scribe.finding("MLB-RECORD", Severity::High, &message, claims));
    }
    let (state, trust) = match (modified, missing, links) {
        (0, 0, 0) if checked == 0 => ("none", Trust::Computed),
        (0, 0, 0) if record.unseen > 0 => ("partial", Trust::Computed),
        (0, 0, 0) => ("intact", Trust::CrossChecked),
        (0, 0, _) => {
            let at: Source = (&record.at).into();
            scribe.unreadable(at, &format!("{links} of its files are links that are not followed"));
            scribe.not_known(Some(id), "package.record", Absence::Unreadable);
            return;
        }
        (0, _, _) => ("missing", Trust::Computed),
        _ => ("modified", Trust::Computed),
    };
    scribe.fact_of(id, "package.record", state, trust, &record.at);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_in_the_environment() {
        let inside = |path: &str| Place::Inside(RelPath::parse(path).expect("a path"));
        let site = "lib/python3.12/site-packages";
        for (site, path, want) in [
            (site, "a/b.py", inside("lib/python3.12/site-packages/a/b.py")),
            (site, "../../../bin/x", inside("bin/x")),
            (site, "./a//b.py", inside("lib/python3.12/site-packages/a/b.py")),
            (site, "../../../../etc/passwd", Place::Outside),
            (site, "../../../../lib/python3.12/site-packages/a", Place::Outside),
            (site, "../../..", Place::Outside),
            (site, "/etc/passwd", Place::Outside),
            (site, "\\x", Place::Outside),
            (site, "C:\\x", Place::Outside),
            (site, "", Place::Outside),
            (site, "a\u{7}b", Place::Outside),
            ("", "a.py", inside("a.py")),
            ("", "../../../bin/x", Place::Above),
            ("", "../../bin/x", Place::Above),
            ("", "../../etc/passwd", Place::Outside),
            ("", "../x", Place::Outside),
            ("", "../../../../bin/x", Place::Outside),
            ("", "a/../../../../etc/../../x", Place::Outside),
        ] {
            assert_eq!(resolve(site, path), want, "{site} {path}");
        }
    }

    #[test]
    fn lines_that_are_none_are_refused() {
        let digest = URL_SAFE_NO_PAD.encode([7; 32]);
        for (text, lines) in [
            (format!("a,sha256={digest},1\n"), Some(1)),
            (format!("a,sha256={digest}=,1\n"), Some(1)),
            (format!("\"a,b\",sha256={digest},1\n"), Some(1)),
            (format!("__pycache__/a.pyc,sha256={digest},1\nb,,\nc\nd,md5=x,1\n"), Some(0)),
            (format!("a.pyc,sha256={digest},1\n"), Some(1)),
            (String::new(), Some(0)),
            ("a,sha256=xx,1\n".to_owned(), None),
            (format!("a,sha256={digest}AA,1\n"), None),
        ] {
            let parsed = parse(text.as_bytes(), "").ok().map(|parsed| parsed.lines.len());
            assert_eq!(parsed, lines, "{text}");
        }
        assert!(parse(b"\xff\xff,,\n", "").is_err());
    }
}
