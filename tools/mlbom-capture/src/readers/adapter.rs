//! Adapters: `adapter_config.json`, as PEFT writes it, and the ranks that the tensors have.

use std::collections::BTreeSet;

use mlbom::evidence::{Absence, Role, Severity, Source, Trust};
use serde_json::Value;

use crate::error::Error;
use crate::folder::{At, Folder};
use crate::readers::{On, Read, Reader, card, front_matter, header, local};
use crate::scribe::{MAX_CONFIG_BYTES, MAX_LIST, Scribe};

pub(crate) const READER: Reader = Reader {
    name: "adapter",
    on: &[On::Adapter],
    facts: &[
        "adapter.alpha",
        "adapter.base",
        "adapter.baseRevision",
        "adapter.dropout",
        "adapter.modulesToSave",
        "adapter.rank",
        "adapter.rslora",
        "adapter.scaling",
        "adapter.targets",
        "adapter.task",
        "adapter.type",
        "adapter.writer",
    ],
    read: Read::Folder(read),
};

/// The file.
const CONFIG: &str = "adapter_config.json";
/// The weights.
const WEIGHTS: &str = "adapter_model.safetensors";
/// The longest name of a base, revision or version, in bytes.
const MAX_NAME_BYTES: usize = 512;

fn read(scribe: &mut Scribe<'_>, folder: &Folder) -> Result<(), Error> {
    let Some((config, at)) = scribe.json(folder, CONFIG, MAX_CONFIG_BYTES)? else { return Ok(()) };
    for (fact, pointer) in [
        ("adapter.alpha", "/lora_alpha"),
        ("adapter.dropout", "/lora_dropout"),
        ("adapter.rank", "/r"),
        ("adapter.rslora", "/use_rslora"),
        ("adapter.task", "/task_type"),
        ("adapter.type", "/peft_type"),
    ] {
        scribe.fact_at(fact, &config, &at, pointer, Trust::Recorded);
    }
    for (fact, key) in [("adapter.targets", "target_modules"), ("adapter.modulesToSave", "modules_to_save")] {
        if let Some(names) = config.get(key).and_then(names) {
            scribe.fact(fact, names, Trust::Recorded, at.pointer(format!("/{key}")));
        }
    }
    if let Some(scaling) = scaling(&config) {
        scribe.fact("adapter.scaling", scaling, Trust::Recorded, at.pointer("/lora_alpha"));
    }
    writer(scribe, &config, &at)?;
    base(scribe, folder, &config, &at)?;
    ranks(scribe, folder, &config, &at)
}

/// A set has no order of its own, and PEFT writes it in any: sorted here. One text is a pattern, or `all-linear`.
fn names(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(pattern) => Some(vec![pattern.clone()]),
        Value::Array(names) => {
            let mut names: Vec<_> = names
                .iter()
                .take(MAX_LIST)
                .map(|name| name.as_str().map(ToOwned::to_owned))
                .collect::<Option<_>>()?;
            names.sort();
            Some(names)
        }
        _ => None,
    }
}

/// What the product of the two matrices is multiplied by; none if it differs from layer to layer.
fn scaling(config: &Value) -> Option<f64> {
    let patterned = ["rank_pattern", "alpha_pattern"]
        .iter()
        .any(|key| config.get(*key).and_then(Value::as_object).is_some_and(|pattern| !pattern.is_empty()));
    let rank = config.get("r")?.as_f64().filter(|rank| *rank >= 1.0)?;
    let alpha = config.get("lora_alpha")?.as_f64()?;
    let rslora = config.get("use_rslora").and_then(Value::as_bool).unwrap_or(false);
    // Kalajdzievski 2023, "A Rank Stabilization Scaling Factor for Fine-Tuning with LoRA".
    let scaling = if rslora { alpha / rank.sqrt() } else { alpha / rank };
    (!patterned && scaling.is_finite()).then_some(scaling)
}

fn writer(scribe: &mut Scribe<'_>, config: &Value, at: &At) -> Result<(), Error> {
    // New since PEFT 0.14.
    let Some(version) = config.get("peft_version").and_then(Value::as_str) else { return Ok(()) };
    if version.is_empty() || version.len() > MAX_NAME_BYTES || version.chars().any(char::is_control) {
        return Ok(());
    }
    let source = at.pointer("/peft_version");
    scribe.fact("adapter.writer", format!("peft {version}"), Trust::Recorded, source.clone());
    let id = scribe.entity(Role::Library, "peft", version)?;
    scribe.fact_of(&id, "package.version", version, Trust::Recorded, source);
    Ok(())
}

/// The base as it is written, and whether that says which bytes it is.
fn base(scribe: &mut Scribe<'_>, folder: &Folder, config: &Value, at: &At) -> Result<(), Error> {
    let key = "base_model_name_or_path";
    let base = config
        .get(key)
        .and_then(Value::as_str)
        .filter(|base| !base.is_empty() && base.len() <= MAX_NAME_BYTES);
    let revision = config.get("revision").and_then(Value::as_str).filter(|revision| !revision.is_empty());
    if let Some(revision) = revision {
        scribe.fact("adapter.baseRevision", revision, Trust::Recorded, at.pointer("/revision"));
    }
    let Some(base) = base else { return Ok(()) };
    let source = at.pointer(format!("/{key}"));
    // Where it lay on the machine that trained it helps nobody, and may name people.
    let absolute = local::is_absolute(base);
    let shown = if absolute { "a local path" } else { base };
    if absolute {
        let entity = scribe.entity.clone();
        scribe.not_known(Some(&entity), "adapter.base", Absence::Unreadable);
    } else {
        scribe.fact("adapter.base", base, Trust::Recorded, source.clone());
    }
    let pinned = revision.is_some_and(is_commit);
    let path = local::is_path(base);
    if path || !pinned {
        let message = match (path, revision) {
            (true, _) => {
                format!("{CONFIG} names a local path as the base: which model that was, it does not say")
            }
            (false, None) => format!("{CONFIG} names the base {base} without a revision"),
            (false, Some(revision)) => {
                format!("{CONFIG} names the base {base} at {revision:?}, which is no commit and may move")
            }
        };
        let says = revision.unwrap_or("no revision").to_owned();
        let place: Source =
            if config.get("revision").is_some() { at.pointer("/revision") } else { at.whole() };
        scribe.finding(
            "MLB-UNPINNED",
            Severity::Medium,
            &message,
            [(shown.to_owned(), source), (says, place)],
        );
    }
    if !path {
        let before = scribe.unreadable;
        let card = front_matter::read(scribe, folder, card::CARD)?;
        scribe.unreadable = before;
        if let Some((card, card_at)) = card {
            card::disagreement(scribe, (&card, &card_at), (base, key, at));
        }
    }
    Ok(())
}

/// A name that cannot move: a commit of git, SHA-1 or SHA-256.
fn is_commit(revision: &str) -> bool {
    matches!(revision.len(), 40 | 64)
        && revision.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// The rank that the tensors have, for a configuration that has one rank.
fn ranks(scribe: &mut Scribe<'_>, folder: &Folder, config: &Value, at: &At) -> Result<(), Error> {
    let several = |key: &str| match config.get(key) {
        Some(Value::Object(pattern)) => !pattern.is_empty(),
        Some(Value::Array(values)) => !values.is_empty(),
        _ => false,
    };
    // Parameters of several experts are laid side by side, with a multiple of the rank.
    if several("rank_pattern") || several("target_parameters") {
        return Ok(());
    }
    let Some(file) = folder.file(WEIGHTS) else { return Ok(()) };
    // What is wrong with the header, the reader of weights says.
    let before = scribe.unreadable;
    let header = header::read(scribe, folder, file)?;
    scribe.unreadable = before;
    let Some(header) = header else { return Ok(()) };
    let is_first = |name: &str| name.contains(".lora_A.") || name.contains(".lora_embedding_A");
    let ranks: BTreeSet<u64> = header
        .tensors
        .iter()
        .filter(|tensor| is_first(&tensor.name))
        .filter_map(|tensor| tensor.shape.first().copied())
        .collect();
    let weights = folder.at(file).whole();
    match ranks.iter().copied().collect::<Vec<_>>().as_slice() {
        [] => {}
        [rank] => scribe.fact("adapter.rank", *rank, Trust::Computed, weights),
        ranks => {
            let says =
                |ranks: &[u64]| ranks.iter().take(16).map(u64::to_string).collect::<Vec<_>>().join(", ");
            let configured = config.get("r").map_or_else(|| "no rank".to_owned(), Value::to_string);
            let message = format!("{CONFIG} has one rank for all layers, {WEIGHTS} has several");
            let claims = [(configured, at.pointer("/r")), (says(ranks), weights)];
            scribe.finding("MLB-ADAPTER-RANK", Severity::Medium, &message, claims);
        }
    }
    Ok(())
}
