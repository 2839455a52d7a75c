//! The card of a dataset: `license` in the front matter of its README.md (Hub, "Dataset Cards").

use mlbom::evidence::Trust;
use serde::Deserialize;

use crate::error::Error;
use crate::folder::Folder;
use crate::readers::{On, Read, Reader};
use crate::scribe::{MAX_LIST, Scribe};

pub(crate) const READER: Reader =
    Reader { name: "dataset-card", on: &[On::Dataset], facts: &["license"], read: Read::Folder(read) };

const CARD: &str = "README.md";
/// The longest card, in bytes.
const MAX_CARD_BYTES: u64 = 16 << 20;
/// The longest front matter, in bytes.
const MAX_FRONT_BYTES: usize = 256 * 1024;
/// How deep its values may nest.
const MAX_FRONT_DEPTH: usize = 32;
/// How many references to other values it may hold.
const MAX_ALIASES: usize = 64;

pub(crate) fn read(scribe: &mut Scribe<'_>, folder: &Folder) -> Result<(), Error> {
    license(scribe, folder, CARD)
}

/// States the licence that the card at `path` of `folder` declares.
pub(crate) fn license(scribe: &mut Scribe<'_>, folder: &Folder, path: &str) -> Result<(), Error> {
    let Some(content) = scribe.read(folder, path, MAX_CARD_BYTES)? else { return Ok(()) };
    let Ok(text) = std::str::from_utf8(&content.bytes) else {
        scribe.unreadable(&content.at, "not UTF-8");
        return Ok(());
    };
    let Some(front) = front_matter(text) else { return Ok(()) };
    if front.len() > MAX_FRONT_BYTES {
        scribe.unreadable(&content.at, "its front matter is longer than 256 KiB");
        return Ok(());
    }
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: MAX_FRONT_DEPTH,
            max_aliases: MAX_ALIASES,
            max_total_scalar_bytes: MAX_FRONT_BYTES,
            max_documents: 1,
        },
    };
    match serde_saphyr::from_str_with_options::<Front>(front, options) {
        Ok(Front { license: None }) => {}
        Ok(Front { license: Some(licenses) }) => {
            let names = licenses.names();
            if !names.is_empty() {
                scribe.fact("license", names, Trust::Declared, content.at.pointer("/license"));
            }
        }
        // The message of the parser repeats what it read, line by line.
        Err(_) => scribe.unreadable(&content.at, "its front matter is not the YAML that was wanted"),
    }
    Ok(())
}

/// What stands between `---` on the first line and the next `---`; empty if the card does not begin so.
fn front_matter(text: &str) -> Option<&str> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let rest = text.strip_prefix("---\n").or_else(|| text.strip_prefix("---\r\n"))?;
    let mut end = 0;
    for line in rest.split_inclusive('\n') {
        if line.trim_end() == "---" {
            return rest.get(..end);
        }
        end += line.len();
    }
    None
}

#[derive(Deserialize)]
struct Front {
    #[serde(default)]
    license: Option<Licenses>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Licenses {
    One(String),
    Many(Vec<String>),
}

impl Licenses {
    fn names(self) -> Vec<String> {
        let names = match self {
            Self::One(name) => vec![name],
            Self::Many(names) => names,
        };
        let mut names: Vec<String> = names.into_iter().filter(|name| !name.trim().is_empty()).collect();
        names.sort();
        names.dedup();
        names.truncate(MAX_LIST);
        names
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::evidence;

    #[test]
    fn licences_of_cards() {
        // The card, what it declares, and whether it is said to be unreadable.
        let deep = format!("---\nlicense: mit\nx: {}{}\n---\n", "[".repeat(100), "]".repeat(100));
        let long = format!("---\nlicense: mit\nx: {}\n---\n", "y".repeat(300 * 1024));
        let bomb = "---\na: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e,*e,*e,*e,*e,*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]\n---\n";
        for (card, want, unreadable) in [
            ("---\nlicense: cc0-1.0\nx: [1, {a: 2}]\n---\n# Card\n", Some(json!(["cc0-1.0"])), false),
            ("---\r\nlicense: [mit, apache-2.0]\r\n---\r\n", Some(json!(["apache-2.0", "mit"])), false),
            ("# Card\n---\nlicense: mit\n---\n", None, false),
            ("---\nlicense: mit\n", None, false),
            ("---\nlanguage: en\n---\n", None, false),
            ("---\nlicense: ''\n---\n", None, false),
            ("---\nlicense: {a: b}\n---\n", None, true),
            ("---\nlicense: mit\nlicense: gpl\n---\n", None, true),
            ("---\nlicense: [\n---\n", None, true),
            (&deep, None, true),
            (&long, None, true),
            (bomb, None, true),
        ] {
            let scratch = tempfile::tempdir().expect("a directory");
            std::fs::write(scratch.path().join("README.md"), card).expect("a card");
            std::fs::write(scratch.path().join("x.csv"), "a\n1\n").expect("data");
            let dir = format!("train={}", scratch.path().display());
            let evidence = evidence(&["--dataset", &dir]);
            let found = evidence.facts.iter().find(|fact| fact.name == "license");
            assert_eq!(found.map(|fact| fact.value.clone()), want, "{card:.80}");
            let said = evidence.findings.iter().any(|finding| finding.id == "MLB-UNREADABLE");
            assert_eq!(said, unreadable, "{card:.80}");
        }
    }
}
