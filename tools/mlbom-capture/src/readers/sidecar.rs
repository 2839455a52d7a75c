//! The sidecar of a dataset: what only a person can tell of it, in one TOML file beside it.
//!
//! It is `<file>.dataset.toml` beside a single file, and `dataset.toml` in a directory (TOML 1.0). Every key may be left
//! out; there are no others:
//!
//! | key           | value                                                        | fact               |
//! |---------------|--------------------------------------------------------------|--------------------|
//! | `title`       | text                                                         | `data.title`       |
//! | `description` | text, of several lines if need be                            | `data.description` |
//! | `version`     | text                                                         | `data.version`     |
//! | `license`     | text: an SPDX expression or a name                           | `license`          |
//! | `source`      | text: where it comes from, such as a URL                     | `data.source`      |
//! | `consent`     | text: on what ground people's data may be used               | `data.consent`     |
//! | `pii`         | text: what personal data it holds, such as `none`, `removed` | `data.pii`         |
//! | `sensitive`   | list of texts: kinds of sensitive data                       | `data.sensitive`   |
//! | `from`, `to`  | dates: `2024-01-31`, quoted or not                           | `data.from`, `.to` |
//! | `limits`      | list of texts: what it is not to be used for, or what it lacks | `data.limits`    |
//!
//! All of it is declared. A file with anything else in it is not used at all: what was meant by it is not known.

use std::ops::Range;

use mlbom::evidence::{MAX_TEXT_BYTES, Severity, Trust};
use serde_json::Value;
use toml::de::{DeTable, DeValue};

use crate::error::Error;
use crate::folder::{Content, Folder};
use crate::readers::{On, Read, Reader};
use crate::scribe::{MAX_LIST, Scribe};

pub(crate) const READER: Reader =
    Reader { name: "sidecar", on: &[On::Dataset], facts: FACTS, read: Read::Folder(read) };

/// What it looks for.
const FACTS: &[&str] = &[
    "license",
    "data.title",
    "data.description",
    "data.version",
    "data.source",
    "data.consent",
    "data.pii",
    "data.sensitive",
    "data.from",
    "data.to",
    "data.limits",
    "data.sidecarDigest",
];

/// The longest sidecar, in bytes.
const MAX_SIDECAR_BYTES: u64 = 1 << 20;
/// Its name in a directory, and what it adds to the name of a file.
const NAME: &str = "dataset.toml";

/// What a key may hold.
#[derive(Clone, Copy)]
enum Kind {
    Date,
    /// One line.
    Line,
    /// One line that becomes a list of one.
    LineAsList,
    Lines,
    /// Any lines.
    Text,
}

const KEYS: &[(&str, &str, Kind)] = &[
    ("title", "data.title", Kind::Line),
    ("description", "data.description", Kind::Text),
    ("version", "data.version", Kind::Line),
    ("license", "license", Kind::LineAsList),
    ("source", "data.source", Kind::Line),
    ("consent", "data.consent", Kind::Line),
    ("pii", "data.pii", Kind::Line),
    ("sensitive", "data.sensitive", Kind::Lines),
    ("from", "data.from", Kind::Date),
    ("to", "data.to", Kind::Date),
    ("limits", "data.limits", Kind::Lines),
];

pub(crate) fn read(scribe: &mut Scribe<'_>, folder: &Folder) -> Result<(), Error> {
    let beside = folder.beside()?;
    let name = match (&beside, folder.files().first()) {
        (Some(_), Some(file)) => format!("{}.{NAME}", file.path),
        _ => NAME.to_owned(),
    };
    let content = match beside.as_ref().unwrap_or(folder).read(&name, MAX_SIDECAR_BYTES)? {
        None => return Ok(()),
        Some(Ok(content)) => content,
        Some(Err(size)) => {
            scribe.unreadable = true;
            let message = format!("{name} is {size} bytes long, at most {MAX_SIDECAR_BYTES} were wanted");
            let source = mlbom::path::RelPath::parse(&name).ok();
            let source = source.map(|path| crate::folder::At::name(&folder.root, path).whole());
            let claims = source.map(|source| (format!("{size} bytes"), source));
            scribe.finding("MLB-SIDECAR", Severity::Medium, &message, claims);
            return Ok(());
        }
    };
    match parse(&content.bytes) {
        Ok(values) => {
            for said in values {
                scribe.fact(
                    said.fact,
                    said.value,
                    Trust::Declared,
                    content.at.pointer(format!("/{}", said.key)),
                );
            }
            let digest = mlbom::digest::Sha256::of(&content.bytes).to_string();
            scribe.fact("data.sidecarDigest", digest, Trust::Computed, &content.at);
        }
        Err(wrong) => refuse(scribe, &content, &name, &wrong),
    }
    Ok(())
}

fn refuse(scribe: &mut Scribe<'_>, content: &Content, name: &str, wrong: &Wrong) {
    scribe.unreadable = true;
    let message = format!("{name} line {}: {}; none of it was used", wrong.line, wrong.why);
    let source = content.at.pointer(format!("line {}", wrong.line));
    scribe.finding("MLB-SIDECAR", Severity::Medium, &message, [(wrong.why.clone(), source)]);
}

/// A value of the sidecar.
#[derive(Debug)]
struct Said {
    key: &'static str,
    fact: &'static str,
    value: Value,
}

/// What is wrong with it, and on which line, counted from 1.
#[derive(Debug)]
struct Wrong {
    line: usize,
    why: String,
}

fn parse(bytes: &[u8]) -> Result<Vec<Said>, Wrong> {
    let at = |offset: usize, why: String| {
        let before = bytes.get(..offset.min(bytes.len())).unwrap_or_default();
        Wrong { line: 1 + before.iter().filter(|b| **b == b'\n').count(), why }
    };
    let text = std::str::from_utf8(bytes).map_err(|err| at(err.valid_up_to(), "not UTF-8".to_owned()))?;
    let table = DeTable::parse(text).map_err(|err| {
        let Range { start, .. } = err.span().unwrap_or_default();
        at(start, format!("not TOML: {}", err.message()))
    })?;
    let mut said = Vec::new();
    for (key, value) in table.get_ref() {
        let known = KEYS.iter().find(|(name, _, _)| *name == key.get_ref().as_ref());
        let Some((key, fact, kind)) = known else {
            let names = KEYS.iter().map(|(name, _, _)| *name).collect::<Vec<_>>().join(", ");
            return Err(at(key.span().start, format!("key {:?} is none of {names}", key.get_ref())));
        };
        let value =
            kind.take(value.get_ref()).map_err(|why| at(value.span().start, format!("{key}: {why}")))?;
        said.push(Said { key, fact, value });
    }
    let date = |key: &str| said.iter().find(|said| said.key == key).and_then(|said| said.value.as_str());
    if let (Some(from), Some(to)) = (date("from"), date("to"))
        && from > to
    {
        let (from, to) = (from.to_owned(), to.to_owned());
        return Err(at(0, format!("from {from} is later than to {to}")));
    }
    Ok(said)
}

impl Kind {
    fn take(self, value: &DeValue<'_>) -> Result<Value, String> {
        match (self, value) {
            (Self::Line, DeValue::String(text)) => plain(text, false).map(Value::from),
            (Self::Text, DeValue::String(text)) => plain(text, true).map(Value::from),
            (Self::LineAsList, DeValue::String(text)) => plain(text, false).map(|text| vec![text].into()),
            (Self::Lines, DeValue::Array(values)) => {
                if values.len() > MAX_LIST {
                    return Err(format!("{} values, at most {MAX_LIST} were wanted", values.len()));
                }
                values
                    .iter()
                    .map(|value| match value.get_ref() {
                        DeValue::String(text) => plain(text, false).map(Value::from),
                        other => Err(format!("a list of texts was wanted, {} found", other.type_str())),
                    })
                    .collect()
            }
            (Self::Date, DeValue::String(text)) => {
                let date: toml::value::Datetime =
                    text.parse().map_err(|_| "a date such as 2024-01-31 was wanted".to_owned())?;
                date_of(&date)
            }
            (Self::Date, DeValue::Datetime(date)) => date_of(date),
            (kind, other) => Err(format!("{} was wanted, {} found", kind.name(), other.type_str())),
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Date => "a date such as 2024-01-31",
            Self::Line | Self::LineAsList | Self::Text => "a text",
            Self::Lines => "a list of texts",
        }
    }
}

fn date_of(date: &toml::value::Datetime) -> Result<Value, String> {
    match (date.date, date.time, date.offset) {
        (Some(date), None, None) => Ok(date.to_string().into()),
        _ => Err("a date without a time was wanted".to_owned()),
    }
}

fn plain(text: &str, lines: bool) -> Result<String, String> {
    if text.trim().is_empty() {
        return Err("is empty".to_owned());
    }
    if text.len() > MAX_TEXT_BYTES {
        return Err(format!("{} bytes, at most {MAX_TEXT_BYTES} were wanted", text.len()));
    }
    if text.chars().any(|c| c.is_control() && !(lines && matches!(c, '\n' | '\r' | '\t'))) {
        return Err("holds a control character".to_owned());
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_refused() {
        let long = format!("title = '{}'", "x".repeat(5000));
        let many = format!("limits = [{}]", "'x',".repeat(1001));
        let deep = format!("limits = {}{}", "[".repeat(10_000), "]".repeat(10_000));
        for (text, line, why) in [
            ("titel = 'x'", 1, "\"titel\" is none of title"),
            ("title = 'x'\n\nowner = 'me'", 3, "owner"),
            ("title = 3", 1, "title: a text was wanted, integer found"),
            ("pii = false", 1, "pii: a text was wanted"),
            ("license = ['mit']", 1, "license: a text"),
            ("sensitive = 'health'", 1, "sensitive: a list of texts"),
            ("sensitive = ['health', 1]", 1, "sensitive: a list of texts was wanted, integer"),
            ("from = 'yesterday'", 1, "from: a date"),
            ("from = '2024-02-31'", 1, "from: a date"),
            ("to = 2024-01-31T00:00:00Z", 1, "to: a date without"),
            ("from = 12:00:00", 1, "from: a date without"),
            ("from = 2024-02-01\nto = 2024-01-01", 1, "later than"),
            ("title = 'x'\ntitle = 'y'", 2, "not TOML"),
            ("title = ", 1, "not TOML"),
            ("[data]\ntitle = 'x'", 1, "\"data\" is none"),
            ("title = \"a\\u001bb\"", 1, "control character"),
            ("title = \"a\\nb\"", 1, "control character"),
            ("limits = ['a', \"b\\u0085\"]", 1, "control character"),
            ("consent = ' '", 1, "is empty"),
            (&long, 1, "at most 4096"),
            (&many, 1, "at most 1000"),
            (&deep, 1, "not TOML"),
        ] {
            let wrong = parse(text.as_bytes()).expect_err(text);
            assert_eq!(wrong.line, line, "{text:.60}");
            assert!(wrong.why.contains(why), "{text:.60}: {}", wrong.why);
        }
        assert!(parse(b"title = '\xff'").is_err());
    }

    #[test]
    fn what_is_said() {
        let text = "title = 'Tickets'\ndescription = \"\"\"\na\nb\"\"\"\nversion = '1.2'\nlicense = 'CC-BY-4.0'\n\
            source = 'https://example.org/t'\nconsent = 'contract'\npii = 'removed'\nsensitive = ['health']\n\
            from = 2024-01-01\nto = '2024-12-31'\nlimits = []\n";
        let said = parse(text.as_bytes()).expect("a sidecar");
        assert_eq!(said.len(), KEYS.len());
        for said in said {
            let term = mlbom_bom::vocabulary::term_of(said.fact).expect("a name of the vocabulary");
            assert!(term.kind.takes(&said.value), "{}", said.key);
        }
        assert!(parse(b"").expect("nothing is said").is_empty());
    }

    #[test]
    fn beside_a_file_and_in_a_directory() {
        let scratch = tempfile::tempdir().expect("a directory");
        let write = |name: &str, text: &str| std::fs::write(scratch.path().join(name), text).expect("a file");
        write("x.csv", "a\n1\n");
        write("x.csv.dataset.toml", "title = 'X'\nlicense = 'mit'\n");
        write("dataset.toml", "titel = 'all'\n");
        let evidence = |path: &std::path::Path| {
            crate::testing::evidence(&["--dataset", &format!("eval={}", path.display())])
        };
        let single = evidence(&scratch.path().join("x.csv"));
        let title = single.facts.iter().find(|fact| fact.name == "data.title").expect("a title");
        assert_eq!((title.value.as_str(), title.trust), (Some("X"), Trust::Declared));
        assert!(single.facts.iter().any(|fact| fact.name == "data.sidecarDigest"));
        assert!(single.findings.is_empty());
        let all = evidence(scratch.path());
        assert!(!all.facts.iter().any(|fact| fact.name == "data.sidecarDigest"));
        let finding = all.findings.iter().find(|finding| finding.id == "MLB-SIDECAR").expect("a finding");
        assert!(finding.message.starts_with("dataset.toml line 1: key \"titel\""), "{}", finding.message);
        let state = all.not_known.iter().find(|entry| entry.what == "data.title").expect("not known").state;
        assert_eq!(state, mlbom::evidence::Absence::Unreadable);
        write("dataset.toml", &" ".repeat(2 << 20));
        assert!(evidence(scratch.path()).findings.iter().any(|finding| finding.id == "MLB-SIDECAR"));
    }
}
