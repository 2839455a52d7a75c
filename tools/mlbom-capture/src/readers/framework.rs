//! The list "Framework versions" that trainers leave at the end of a model card.

use mlbom::evidence::{Role, Trust};

use crate::error::Error;
use crate::folder::Folder;
use crate::readers::card::CARD;
use crate::readers::{On, Read, Reader};
use crate::scribe::{MAX_CONFIG_BYTES, Scribe};

// The card of a base tells of another run.
pub(crate) const READER: Reader = Reader {
    name: "framework-versions",
    on: &[On::Model, On::BesideModel, On::Adapter],
    facts: &[],
    read: Read::Folder(read),
};

/// The most entries.
const MAX_ENTRIES: usize = 64;
/// The longest line, in bytes.
const MAX_LINE_BYTES: usize = 128;

fn read(scribe: &mut Scribe<'_>, folder: &Folder) -> Result<(), Error> {
    let Some(content) = scribe.read(folder, CARD, MAX_CONFIG_BYTES)? else { return Ok(()) };
    let Ok(text) = std::str::from_utf8(&content.bytes) else { return Ok(()) };
    for (line, name, version) in entries(text) {
        let id = scribe.entity(Role::Library, &name, version)?;
        let source = content.at.pointer(format!("line {line}"));
        scribe.fact_of(&id, "package.version", version, Trust::Declared, source);
    }
    Ok(())
}

/// Number of line, name of package and version of each entry below the heading.
fn entries(text: &str) -> Vec<(usize, String, &str)> {
    let mut entries = Vec::new();
    let (mut below, mut fenced) = (false, false);
    for (index, line) in text.lines().enumerate() {
        let line = line.trim_end();
        if line.starts_with("```") {
            fenced = !fenced;
            below = false;
        } else if fenced {
        } else if line.starts_with('#') {
            below = line.trim_start_matches('#').trim() == "Framework versions";
        } else if below && !line.is_empty() && line.len() <= MAX_LINE_BYTES && entries.len() < MAX_ENTRIES {
            match line.strip_prefix("- ").and_then(entry) {
                Some((name, version)) => entries.push((index + 1, name, version)),
                // Python is no package; anything else is no list of a trainer's.
                None => below = line.starts_with("- Python"),
            }
        }
    }
    entries
}

/// `Transformers 5.23.0`, or, as TRL and sentence-transformers write it, `Transformers: 5.23.0`.
fn entry(text: &str) -> Option<(String, &str)> {
    let (name, version) = text.rsplit_once(' ')?;
    let name = name.strip_suffix(':').unwrap_or(name).to_ascii_lowercase();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ' ');
    let in_version = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '+' | '-' | '_' | '!' | '@');
    if !name.starts_with(|c: char| c.is_ascii_alphabetic())
        || !name.chars().all(plain)
        || !version.starts_with(|c: char| c.is_ascii_digit())
        || !version.contains('.')
        || !version.chars().all(in_version)
    {
        return None;
    }
    // PEP 503, "Normalized Names".
    let name = name.split(['-', '_', '.', ' ']).filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-");
    match name.as_str() {
        "python" => None,
        "pytorch" => Some(("torch".to_owned(), version)),
        _ => Some((name, version)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_list_below_the_heading() {
        let card = "- Transformers 1.0.0\n## Framework versions\n\n- PEFT 0.21.2\n- Pytorch 2.15.0+cu132\n- Python: 3.12.1\n\
                    - Sentence Transformers: 6.2.0\n- Datasets 5.2.0\nText\n- Tokenizers 0.1.2\n# Other\n- Trl 1.0\n";
        let found: Vec<_> =
            entries(card).into_iter().map(|(line, name, v)| format!("{line} {name} {v}")).collect();
        assert_eq!(
            found,
            ["4 peft 0.21.2", "5 torch 2.15.0+cu132", "7 sentence-transformers 6.2.0", "8 datasets 5.2.0"]
        );
        for text in [
            "# Framework versions\n- Transformers latest",
            "# Framework versions\n- 5.0.0",
            "# Framework versions\n* Transformers 5.0.0",
            "# Framework versions\n- <b>Transformers</b> 5.0.0",
            "```\n# Framework versions\n- Transformers 5.0.0\n```",
            "# Versions\n- Transformers 5.0.0",
        ] {
            assert!(entries(text).is_empty(), "{text}");
        }
    }
}
