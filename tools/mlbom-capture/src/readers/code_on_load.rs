//! What in a configuration makes a loader run code: classes in other files, kernels of a hub, names of callables.

use mlbom::evidence::{Severity, Source, Trust};
use mlbom_bom::record::{cut, shown};
use serde_json::Value;

use crate::error::Error;
use crate::folder::{At, Folder};
use crate::readers::{On, Read, Reader, local, pointer, weight_files};
use crate::scribe::{MAX_CONFIG_BYTES, MAX_LIST, Scribe};

pub(crate) const READER: Reader = Reader {
    name: "code-on-load",
    on: &[On::Model, On::Base, On::Adapter],
    facts: &["config.codeOnLoad"],
    read: Read::Folder(read),
};

/// The most configurations of one folder.
const MAX_CONFIGS: usize = 64;
/// The most places that each stand as a source of the list.
const MAX_SOURCES: usize = 16;
/// The most findings of one folder; the fact lists the rest.
const MAX_FINDINGS: usize = 100;
/// How much of a key a pointer shows, in bytes.
const MAX_KEY_BYTES: usize = 128;

/// What a key means for all that stands below it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Rule {
    /// Classes in Python files: of this folder, or, with `--` in the name, of another repository.
    Class,
    /// How attention and the like are computed; what is no plain word names a kernel of a hub.
    Implementation,
    /// Kernels of a hub.
    Kernel,
    /// Whatever stands there and is not false.
    Switch,
    /// The dotted name of something that is called (Hydra).
    Target,
}

/// The rule of a key (transformers 5.23; Hydra 1.3 for `_target_`).
fn rule(key: &str) -> Option<Rule> {
    match key {
        "auto_map" | "custom_pipelines" => Some(Rule::Class),
        "trust_remote_code" => Some(Rule::Switch),
        "kernel_config" => Some(Rule::Kernel),
        "_target_" => Some(Rule::Target),
        // attn_implementation, _attn_implementation_internal, experts_implementation, text_attn_implementation ...
        key if key.contains("attn_implementation") || key.ends_with("experts_implementation") => {
            Some(Rule::Implementation)
        }
        _ => None,
    }
}

/// One place that makes a loader run code.
struct Place {
    file: String,
    pointer: String,
    shows: String,
    source: Source,
    severity: Severity,
}

fn read(scribe: &mut Scribe<'_>, folder: &Folder) -> Result<(), Error> {
    let is_config = |name: &str| {
        name == "config.json"
            || name == "model_index.json"
            || name.ends_with("_config.json")
            || name == "processor.json"
    };
    let files: Vec<_> = weight_files::top(folder).filter(|file| is_config(file.path.as_str())).collect();
    let (mut places, mut read) = (Places::default(), Vec::new());
    for (number, file) in files.iter().enumerate() {
        if number >= MAX_CONFIGS {
            scribe.unreadable(&folder.at(file), &format!("more than {MAX_CONFIGS} configurations"));
            break;
        }
        if let Some((config, at)) = scribe.json(folder, file.path.as_str(), MAX_CONFIG_BYTES)? {
            walk(file.path.as_str(), &config, &at, &mut places);
            read.push(at);
        }
    }
    let Places { kept, more } = places;
    for place in kept.iter().take(MAX_FINDINGS) {
        let message = format!("{} makes loaders run code: {} is {}", place.file, place.pointer, place.shows);
        let claims = [(place.shows.clone(), place.source.clone())];
        scribe.finding("MLB-CODE-ON-LOAD", place.severity, &message, claims);
    }
    let mut list: Vec<_> =
        kept.iter().map(|place| format!("{}#{}={}", place.file, place.pointer, place.shows)).collect();
    if more > 0 {
        list.push(format!("and {more} more"));
    }
    if kept.is_empty() && !scribe.unreadable {
        // Looked through, and nothing there.
        for at in &read {
            scribe.fact("config.codeOnLoad", list.clone(), Trust::Recorded, at);
        }
    }
    for place in kept.iter().take(MAX_SOURCES) {
        scribe.fact("config.codeOnLoad", list.clone(), Trust::Recorded, place.source.clone());
    }
    Ok(())
}

/// What was found, with at most [`MAX_LIST`] places kept.
#[derive(Default)]
struct Places {
    kept: Vec<Place>,
    more: usize,
}

/// A step from a value to one inside it.
#[derive(Clone, Copy)]
enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

/// What is inside a value, one after the other; nothing if it is no object and no array.
fn inside(value: &Value) -> Box<dyn Iterator<Item = (Step<'_>, &Value)> + '_> {
    match value {
        Value::Object(members) => Box::new(members.iter().map(|(key, value)| (Step::Key(key), value))),
        Value::Array(values) => {
            Box::new(values.iter().enumerate().map(|(index, value)| (Step::Index(index), value)))
        }
        _ => Box::new(std::iter::empty()),
    }
}

/// Walks the whole document, nested configurations too. Takes no stack for depth, and makes no pointer but to what it
/// finds: a long key over a long list would fill the memory with them.
fn walk(file: &str, config: &Value, at: &At, places: &mut Places) {
    let mut open = vec![(inside(config), None)];
    let mut steps = Vec::new();
    while let Some((children, above)) = open.last_mut() {
        let Some((step, value)) = children.next() else {
            open.pop();
            steps.pop();
            continue;
        };
        let rule = above.or(match step {
            Step::Key(key) => rule(key),
            Step::Index(_) => None,
        });
        if value.is_object() || value.is_array() {
            steps.push(step);
            open.push((inside(value), rule));
        } else if let Some(severity) = rule.and_then(|rule| judge(rule, value)) {
            if places.kept.len() >= MAX_LIST {
                places.more += 1;
                continue;
            }
            let shows = match value.as_str() {
                Some(text) if local::holds_absolute(text) => "a local path".to_owned(),
                _ => shown(value),
            };
            let pointer = steps.iter().chain([&step]).fold(String::new(), |pointer, step| match step {
                Step::Key(key) => pointer::member(&pointer, &cut(key, MAX_KEY_BYTES)),
                Step::Index(index) => format!("{pointer}/{index}"),
            });
            let source = at.pointer(pointer.clone());
            places.kept.push(Place { file: file.to_owned(), pointer, shows, source, severity });
        }
    }
}

/// How much it matters that `leaf` stands below a key of `rule`; none if it runs nothing.
fn judge(rule: Rule, leaf: &Value) -> Option<Severity> {
    let text = leaf.as_str();
    let names_repository = |text: &str| text.contains(['/', '@', ':']);
    match (rule, text) {
        (_, None) if leaf.is_null() || *leaf == Value::Bool(false) => None,
        (_, Some("")) => None,
        (Rule::Class, Some(text)) if text.contains("--") || names_repository(text) => Some(Severity::High),
        (Rule::Class, Some(text)) => text.contains('.').then_some(Severity::Medium),
        (Rule::Implementation, Some(text)) => names_repository(text).then_some(Severity::High),
        (Rule::Kernel, Some(text)) if names_repository(text) => Some(Severity::High),
        (Rule::Kernel | Rule::Switch, _) | (Rule::Target, Some(_)) => Some(Severity::Medium),
        (Rule::Class | Rule::Implementation | Rule::Target, None) => None,
    }
}
