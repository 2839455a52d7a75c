//! Requirements files of pip: `name==version`, with or without `--hash`.

use std::collections::BTreeSet;

use mlbom::digest::Sha256;

use super::locks::Locked;
use super::version::{is_version, normal_name};

/// The longest line after joining, in bytes.
const MAX_LINE_BYTES: usize = 1 << 20;

/// Every requirement that names one version. Options, URLs and ranges lock nothing.
pub(super) fn parse(text: &str) -> Vec<Locked> {
    let mut locked = Vec::new();
    let (mut joined, mut first) = (String::new(), 0);
    for (at, line) in text.lines().enumerate() {
        if joined.is_empty() {
            first = at;
        }
        if line.trim_start().starts_with('#') {
            continue;
        }
        let (part, goes_on) = line.strip_suffix('\\').map_or((line, false), |part| (part, true));
        if joined.len() + part.len() <= MAX_LINE_BYTES {
            joined.push_str(part);
            joined.push(' ');
        }
        if !goes_on {
            locked.extend(requirement(&joined, first));
            joined.clear();
        }
    }
    locked.extend(requirement(&joined, first));
    locked
}

fn requirement(line: &str, at: usize) -> Option<Locked> {
    let line = line.split(" #").next().unwrap_or_default().trim();
    let end = line.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')))?;
    let (name, rest) = line.split_at(end);
    let mut rest = rest.trim_start();
    if rest.starts_with('[') {
        rest = rest.split_once(']')?.1.trim_start();
    }
    let pinned = rest.strip_prefix("===").or_else(|| rest.strip_prefix("=="))?.trim_start();
    let end = pinned.find(|c: char| c.is_whitespace() || matches!(c, ';' | ',')).unwrap_or(pinned.len());
    let (version, options) = pinned.split_at(end);
    if options.trim_start().starts_with(',') || version.ends_with('*') || !is_version(version) {
        return None;
    }
    let mut words = options.split_whitespace();
    let mut archives = BTreeSet::new();
    while let Some(word) = words.next() {
        let hash = match word.strip_prefix("--hash") {
            Some("") => words.next(),
            Some(hash) => hash.strip_prefix('='),
            None => None,
        };
        archives.extend(hash.and_then(|hash| hash.strip_prefix("sha256:")?.parse::<Sha256>().ok()));
    }
    let pointer = format!("line {}", at + 1);
    Some(Locked { name: normal_name(name)?, version: Some(version.to_owned()), archives, pointer })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pins_are_told_from_the_rest() {
        let hash = "a".repeat(64);
        for (text, want) in [
            ("click==8.5.1\n".to_owned(), "click 8.5.1 0 line 1"),
            (
                format!(
                    "# x\nA_b[c] == 1.0 ; python_version > '3' \\\n    --hash=sha256:{hash} \\\n    --hash sha256:{hash}\n"
                ),
                "a-b 1.0 1 line 2",
            ),
            ("click===8.5.1 # why\n".to_owned(), "click 8.5.1 0 line 1"),
            ("click==8.*\n".to_owned(), ""),
            ("click==8,<9\n".to_owned(), ""),
            ("click>=8\n".to_owned(), ""),
            ("click @ https://x:secret@host/click.whl\n".to_owned(), ""),
            ("-r other.txt\n--index-url https://x:secret@host/\n".to_owned(), ""),
            ("==1\n\\\n".to_owned(), ""),
        ] {
            let shown: Vec<_> = parse(&text)
                .into_iter()
                .map(|it| {
                    format!(
                        "{} {} {} {}",
                        it.name,
                        it.version.unwrap_or_default(),
                        it.archives.len(),
                        it.pointer
                    )
                })
                .collect();
            assert_eq!(shown.join(","), want, "{text}");
        }
    }
}
