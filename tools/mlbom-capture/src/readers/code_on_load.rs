//! What in a configuration makes a loader run code: classes in other files, kernels of a hub, names of callables.

use mlbom::evidence::{Severity, Source, Trust};
use mlbom_bom::record::{cut, shown};
use serde_json::Value;

use crate::error::Error;
use crate::folder::{At, Folder};
use crate::readers::{On, Read, Reader, local, pointer};
use crate::scribe::{MAX_CONFIG_BYTES, MAX_LIST, Scribe};

pub(crate) const READER: Reader = Reader {
    name: "code-on-load",
    on: &[On::Model, On::Base, On::Adapter],
    facts: &["config.codeOnLoad"],
    read: Read::Folder(read),
};

/// The most configurations of one folder.
const MAX_CONFIGS: usize = 1024;
/// The most places that each stand as a source of the list.
const MAX_SOURCES: usize = 16;
/// The most findings of one folder; the fact lists the rest.
const MAX_FINDINGS: usize = 100;
/// How much of a key a pointer shows, in bytes.
const MAX_KEY_BYTES: usize = 128;

/// The modules that a sentence transformer is made of.
const MODULES: &str = "modules.json";
/// The parts of a diffusers pipeline: each `[library, class]`, and the pipeline itself.
const PIPELINE: &str = "model_index.json";
/// The libraries that a pipeline's parts usually come from.
const PIPELINE_LIBRARIES: &[&str] = &["diffusers", "transformers", "onnxruntime", "optimum"];
/// Endings of files that an interpreter or a linker loads.
const CODE: &[&str] = &[".py", ".pyc", ".pyd", ".so", ".dll", ".dylib"];

/// What a key means for all that stands below it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Rule {
    /// Classes in Python files: of this folder, or, with `--` in the name, of another repository.
    Class,
    /// Pipelines of a model's own: what has a dot is a class in a file, what has none a class of the loader's.
    Pipelines,
    /// How attention and the like are computed; what is no plain word names a kernel of a hub.
    Implementation,
    /// Kernels of a hub.
    Kernel,
    /// Whatever stands there and is not false.
    Switch,
    /// A library that a class is imported from; those named here are the loaders' own.
    Library(&'static [&'static str]),
    /// The dotted name of something that is called (Hydra).
    Target,
}

/// The rule of a key (transformers 5.23; Hydra 1.3 for `_target_`; peft 0.21 for `parent_library`) in a file of that name
/// (sentence-transformers 6 for `modules.json`).
fn rule(file: &str, key: &str) -> Option<Rule> {
    match key {
        "type" if file == MODULES => Some(Rule::Library(&["sentence_transformers"])),
        "parent_library" => Some(Rule::Library(&["transformers"])),
        "auto_map" => Some(Rule::Class),
        "custom_pipelines" => Some(Rule::Pipelines),
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

impl Place {
    fn shown(&self) -> String {
        if self.pointer.is_empty() {
            self.file.clone()
        } else {
            format!("{}#{}={}", self.file, self.pointer, self.shows)
        }
    }
}

fn read(scribe: &mut Scribe<'_>, folder: &Folder) -> Result<(), Error> {
    // At any depth: the parts of a pipeline have their configurations below it.
    let is_config = |name: &str| {
        matches!(name, "config.json" | PIPELINE | MODULES | "processor.json")
            || name.ends_with("_config.json")
    };
    let files: Vec<_> = folder.files().iter().filter(|file| is_config(file.path.file_name())).collect();
    let (mut places, mut read) = (Places::default(), Vec::new());
    for (number, file) in files.iter().enumerate() {
        if number >= MAX_CONFIGS {
            scribe.unreadable(&folder.at(file), &format!("more than {MAX_CONFIGS} configurations"));
            break;
        }
        let read_json = if file.path.file_name() == MODULES { Scribe::json_value } else { Scribe::json };
        if let Some((config, at)) = read_json(scribe, folder, file.path.as_str(), MAX_CONFIG_BYTES)? {
            walk(file.path.as_str(), &config, &at, &mut places);
            if file.path.file_name() == PIPELINE {
                pipeline(file.path.as_str(), &config, &at, &mut places);
            }
            read.push(at);
        }
    }
    let is_code = |name: &str| CODE.iter().any(|ending| name.to_ascii_lowercase().ends_with(ending));
    for file in folder.files().iter().filter(|file| is_code(file.path.as_str())) {
        let (at, shows) = (folder.at(file), "code".to_owned());
        let (file, pointer) = (file.path.to_string(), String::new());
        places.keep(Place { file, pointer, shows, source: at.whole(), severity: Severity::Medium });
    }
    let Places { kept, more } = places;
    for place in kept.iter().take(MAX_FINDINGS) {
        let message = if place.pointer.is_empty() {
            format!("{} is code that lies in the model", place.file)
        } else {
            format!("{} makes loaders run code: {} is {}", place.file, place.pointer, place.shows)
        };
        let claims = [(place.shows.clone(), place.source.clone())];
        scribe.finding("MLB-CODE-ON-LOAD", place.severity, &message, claims);
    }
    let mut list: Vec<_> = kept.iter().map(Place::shown).collect();
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

impl Places {
    fn keep(&mut self, place: Place) {
        if self.kept.len() < MAX_LIST {
            self.kept.push(place);
        } else {
            self.more += 1;
        }
    }
}

/// The parts of a pipeline that come from elsewhere than the loader's own libraries, and a pipeline of its own.
fn pipeline(file: &str, index: &Value, at: &At, places: &mut Places) {
    for (key, part) in index.as_object().into_iter().flatten() {
        let Some([library, _]) = part.as_array().map(Vec::as_slice) else { continue };
        let Some(library) = library.as_str() else { continue };
        let own = PIPELINE_LIBRARIES.contains(&library.split('.').next().unwrap_or_default());
        // A list in the place of the pipeline's own name is a module and a class.
        if key == "_class_name" || !key.starts_with('_') && !own {
            let pointer = pointer::member("", &cut(key, MAX_KEY_BYTES));
            let source = at.pointer(pointer.clone());
            let (file, shows) = (file.to_owned(), cut(library, MAX_KEY_BYTES));
            places.keep(Place { file, pointer, shows, source, severity: Severity::Medium });
        }
    }
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
    let name = file.rsplit('/').next().unwrap_or(file);
    let mut open = vec![(inside(config), None)];
    let mut steps = Vec::new();
    while let Some((children, above)) = open.last_mut() {
        let Some((step, value)) = children.next() else {
            open.pop();
            steps.pop();
            continue;
        };
        let rule = above.or(match step {
            Step::Key(key) => rule(name, key),
            Step::Index(_) => None,
        });
        if value.is_object() || value.is_array() {
            steps.push(step);
            open.push((inside(value), rule));
        } else if let Some(severity) = rule.and_then(|rule| judge(rule, value)) {
            let shows = match value.as_str() {
                Some(text) if local::holds_absolute(text) => "a local path".to_owned(),
                _ => shown(value),
            };
            let pointer = steps.iter().chain([&step]).fold(String::new(), |pointer, step| match step {
                Step::Key(key) => pointer::member(&pointer, &cut(key, MAX_KEY_BYTES)),
                Step::Index(index) => format!("{pointer}/{index}"),
            });
            let source = at.pointer(pointer.clone());
            places.keep(Place { file: file.to_owned(), pointer, shows, source, severity });
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
        (Rule::Class | Rule::Pipelines, Some(text)) if text.contains("--") || names_repository(text) => {
            Some(Severity::High)
        }
        (Rule::Class, Some(_)) => Some(Severity::Medium),
        (Rule::Pipelines, Some(text)) => text.contains('.').then_some(Severity::Medium),
        (Rule::Library(own), Some(text)) => {
            let library = text.split('.').next().unwrap_or_default();
            (!own.contains(&library)).then_some(Severity::Medium)
        }
        (Rule::Implementation, Some(text)) => names_repository(text).then_some(Severity::High),
        (Rule::Kernel, Some(text)) if names_repository(text) => Some(Severity::High),
        (Rule::Kernel | Rule::Switch, _) | (Rule::Target, Some(_)) => Some(Severity::Medium),
        (Rule::Class | Rule::Pipelines | Rule::Implementation | Rule::Library(_) | Rule::Target, None) => {
            None
        }
    }
}
