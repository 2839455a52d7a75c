//! Front matter of cards: the YAML between a first line `---` and the next (Hub, "Model Cards").

use serde_json::Value;
use serde_saphyr::options::{DuplicateKeyPolicy, NonFiniteFloatPolicy};

use crate::error::Error;
use crate::folder::{At, Content, Folder};
use crate::readers::local;
use crate::scribe::{MAX_CONFIG_BYTES, MAX_LIST, Scribe};

/// The most bytes of front matter.
const MAX_FRONT_MATTER_BYTES: usize = 256 << 10;
/// How deep YAML may nest.
const MAX_DEPTH: usize = 32;
/// The most aliases, and anchors that they may stand for.
const MAX_ALIASES: usize = 64;
/// The most nodes, aliases put in. 256 KiB of YAML have fewer but for aliases.
const MAX_NODES: usize = 200_000;
/// The longest text, in bytes.
const MAX_TEXT_BYTES: usize = 1024;

/// The front matter of the card at `path`; what is none is said to be unreadable.
pub(crate) fn read(
    scribe: &mut Scribe<'_>,
    folder: &Folder,
    path: &str,
) -> Result<Option<(Value, At)>, Error> {
    let Some(Content { bytes, at }) = scribe.read(folder, path, MAX_CONFIG_BYTES)? else { return Ok(None) };
    let Ok(text) = std::str::from_utf8(&bytes) else {
        scribe.unreadable(&at, "not UTF-8");
        return Ok(None);
    };
    match split(text).and_then(|yaml| yaml.map(parse).transpose()) {
        Ok(Some(card @ Value::Object(_))) => Ok(Some((card, at))),
        Ok(None | Some(Value::Null)) => Ok(None),
        Ok(Some(_)) => {
            scribe.unreadable(&at, "front matter that is a mapping was wanted");
            Ok(None)
        }
        Err(why) => {
            scribe.unreadable(&at, &why);
            Ok(None)
        }
    }
}

/// What stands between a first line `---` and the next; none if there is no such first line.
fn split(text: &str) -> Result<Option<&str>, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).trim_start();
    let mut lines = text.split_inclusive('\n');
    let Some(first) = lines.next().filter(|line| line.trim_end() == "---") else { return Ok(None) };
    let start = first.len();
    let mut end = start;
    for line in lines {
        if line.trim_end() == "---" {
            return Ok(text.get(start..end));
        }
        end += line.len();
        if end - start > MAX_FRONT_MATTER_BYTES {
            return Err(format!("front matter of more than {MAX_FRONT_MATTER_BYTES} bytes"));
        }
    }
    Err("front matter without an end".to_owned())
}

fn parse(yaml: &str) -> Result<Value, String> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_aliases: MAX_ALIASES,
            max_anchors: MAX_ALIASES,
            max_depth: MAX_DEPTH,
            max_documents: 1,
            max_events: 2 * MAX_NODES,
            max_nodes: MAX_NODES,
            max_merge_keys: MAX_ALIASES,
            max_total_scalar_bytes: 2 * MAX_FRONT_MATTER_BYTES,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: MAX_NODES,
            max_replay_stack_depth: 8,
        },
        duplicate_keys: DuplicateKeyPolicy::Error,
        // Results may be NaN; `no` is a language.
        non_finite_float_policy: NonFiniteFloatPolicy::AsString,
        strict_booleans: true,
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options::<Value>(yaml, options).map_err(|err| {
        // What the text says stays out: only what is wrong with it.
        let why = err.to_string();
        why.lines().next().unwrap_or_default().chars().take(200).collect()
    })
}

/// The text of `key`, or the texts of its list; what names a place on a machine is left out.
pub(crate) fn texts(card: &Value, key: &str) -> Vec<String> {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let all = match card.get(key) {
        Some(Value::Array(values)) => values.iter().filter_map(text).collect(),
        Some(value) => text(value).into_iter().collect(),
        None => Vec::new(),
    };
    let usable = |text: &String| {
        !text.is_empty()
            && text.len() <= MAX_TEXT_BYTES
            && !local::holds_absolute(text)
            && !text.chars().any(char::is_control)
    };
    all.into_iter().filter(usable).take(MAX_LIST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn front_matter_is_between_two_lines() {
        for (text, want) in [
            ("---\na: 1\n---\n# x", Some("a: 1\n")),
            ("\u{feff}\n---  \r\na: 1\r\n---\r\n", Some("a: 1\r\n")),
            ("---\n---", Some("")),
            ("# x\n---\na: 1\n---\n", None),
            ("----\na: 1\n---\n", None),
            ("", None),
        ] {
            assert_eq!(split(text), Ok(want), "{text:?}");
        }
        for text in ["---\na: 1\n", "---", &format!("---\n{}---\n", "# x\n".repeat(100_000))] {
            assert!(split(text).is_err());
        }
    }

    #[test]
    fn yaml_has_a_budget() {
        let bomb = "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\n\
                    d: &d [*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e]\n\
                    g: &g [*f,*f,*f,*f,*f,*f,*f,*f]\n";
        for (yaml, why) in [
            (bomb.to_owned(), "bomb"),
            (format!("a: {}{}", "[".repeat(40), "]".repeat(40)), "depth"),
            (format!("a: &a 1\nb: [{}]", "*a,".repeat(65)), "aliases"),
            ("a: 1\na: 2\n".to_owned(), "repeated key"),
            ("a: [1".to_owned(), "cut off"),
            ("a: 1\n... \nb: 2".to_owned(), "two documents"),
        ] {
            assert!(parse(&yaml).is_err(), "{why}");
        }
        let card = parse("language: no\nx: .nan\nlicense: mit\nbase_model: [b, /srv/a, 3]\n").expect("YAML");
        assert_eq!(texts(&card, "language"), ["no"]);
        assert_eq!(texts(&card, "base_model"), ["b", "3"]);
    }
}
