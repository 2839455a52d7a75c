//! The card of a dataset: `license` in the front matter of its README.md (Hub, "Dataset Cards").

use mlbom::evidence::Trust;

use crate::error::Error;
use crate::folder::Folder;
use crate::readers::card::CARD;
use crate::readers::front_matter::{self, texts};
use crate::readers::{On, Read, Reader};
use crate::scribe::Scribe;

pub(crate) const READER: Reader =
    Reader { name: "dataset-card", on: &[On::Dataset], facts: &["license"], read: Read::Folder(read) };

fn read(scribe: &mut Scribe<'_>, folder: &Folder) -> Result<(), Error> {
    license(scribe, folder, CARD)
}

/// States the licence that the card at `path` of `folder` declares.
pub(crate) fn license(scribe: &mut Scribe<'_>, folder: &Folder, path: &str) -> Result<(), Error> {
    let Some((card, at)) = front_matter::read(scribe, folder, path)? else { return Ok(()) };
    let mut licences = texts(&card, "license");
    licences.sort();
    licences.dedup();
    if card.get("license").is_some_and(serde_json::Value::is_object) {
        scribe.unreadable(at.pointer("/license"), "a name was wanted");
    } else if !licences.is_empty() {
        scribe.fact("license", licences, Trust::Declared, at.pointer("/license"));
    }
    Ok(())
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
            ("---\nlicense: mit\n", None, true),
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
