//! What the Trainer of transformers leaves: `trainer_state.json` and the files of results.

use std::borrow::Cow;
use std::fmt;

use mlbom::evidence::{Absence, Trust};
use mlbom::json;
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::error::Error;
use crate::folder::{At, Folder};
use crate::readers::{On, Read, Reader, local, pointer};
use crate::scribe::{MAX_CONFIG_BYTES, MAX_INDEX_BYTES, Scribe};

pub(crate) const READER: Reader = Reader {
    name: "trainer",
    on: &[On::Run],
    facts: &[
        "metric.*",
        "training.bestCheckpoint",
        "training.bestMetric",
        "training.bestStep",
        "training.epochs",
        "training.globalStep",
        "training.inputTokens",
        "training.maxSteps",
        "training.totalFlops",
    ],
    read: Read::Folder(read),
};

/// Files of results, and what their numbers are of if the key does not say.
const RESULTS: &[(&str, Option<&str>)] = &[
    ("all_results.json", None),
    ("eval_results.json", Some("validation")),
    ("test_results.json", Some("test")),
    ("train_results.json", Some("train")),
];
/// What the Trainer puts before the names of metrics.
const PREFIXES: &[(&str, &str)] = &[("eval_", "validation"), ("test_", "test"), ("train_", "train")];
/// Numbers that say how fast, how much or when, not how good. Names end so.
const NO_METRICS: &[&str] = &[
    "_per_second",
    "_per_second_per_gpu",
    "epoch",
    "runtime",
    "samples",
    "step",
    "total_flos",
    "tokens_seen",
    "_time",
    "_delta",
];
/// The most metrics of one file.
const MAX_METRICS: usize = 500;

fn read(scribe: &mut Scribe<'_>, folder: &Folder) -> Result<(), Error> {
    trainer_state(scribe, folder)?;
    for (file, split) in RESULTS {
        let Some(content) = scribe.read(folder, file, MAX_CONFIG_BYTES)? else { continue };
        let text = without_nan(std::str::from_utf8(&content.bytes).unwrap_or_default());
        let parsed = json::parse::<Value>(&text).ok().filter(Value::is_object);
        if parsed.is_none() {
            scribe.unreadable(&content.at, "a JSON object was wanted");
        }
        if let (Some(results), at) = (parsed, content.at) {
            metrics(scribe, &results, &at, *split);
            scribe.fact_at("training.totalFlops", &results, &at, "/total_flos", Trust::Recorded);
        }
    }
    Ok(())
}

/// JSON as Python writes it, made strict: `NaN` and `Infinity`, which a run that diverged leaves, become `null`, and are then
/// no number of any fact.
fn without_nan(text: &str) -> Cow<'_, str> {
    if !["NaN", "Infinity"].iter().any(|word| text.contains(word)) {
        return text.into();
    }
    let (mut out, mut rest, mut quoted) = (String::with_capacity(text.len()), text, false);
    while let Some(c) = rest.chars().next() {
        let word =
            ["-Infinity", "Infinity", "NaN"].into_iter().find(|word| !quoted && rest.starts_with(word));
        if let Some(word) = word {
            out.push_str("null");
            rest = &rest[word.len()..];
            continue;
        }
        out.push(c);
        rest = &rest[c.len_utf8()..];
        match c {
            '"' => quoted = !quoted,
            '\\' if quoted => {
                out.extend(rest.chars().next());
                rest = rest.get(rest.chars().next().map_or(0, char::len_utf8)..).unwrap_or_default();
            }
            _ => {}
        }
    }
    out.into()
}

/// `trainer_state.json`, but for its long history. `save_steps` and `eval_steps` are left out: they stand there with their
/// defaults even where the strategy is by epoch and they were never used.
#[derive(Deserialize)]
struct State {
    #[serde(default)]
    best_global_step: Value,
    #[serde(default)]
    best_metric: Value,
    #[serde(default)]
    best_model_checkpoint: Value,
    #[serde(default)]
    epoch: Value,
    #[serde(default)]
    global_step: Value,
    #[serde(default)]
    log_history: History,
    #[serde(default)]
    max_steps: Value,
    #[serde(default)]
    num_input_tokens_seen: Value,
    #[serde(default)]
    num_train_epochs: Value,
    #[serde(default)]
    total_flos: Value,
    #[serde(default)]
    train_batch_size: Value,
}

/// The last entry with a `train_loss`, by number: the mean over the run. Later entries may be of evaluations.
#[derive(Default)]
struct History(Option<(usize, Value)>);

fn trainer_state(scribe: &mut Scribe<'_>, folder: &Folder) -> Result<(), Error> {
    let Some(content) = scribe.read(folder, "trainer_state.json", MAX_INDEX_BYTES)? else { return Ok(()) };
    let at = content.at;
    let text = std::str::from_utf8(&content.bytes).map_err(|_| "not UTF-8".to_owned());
    let text = text.map(|text| without_nan(text));
    match text.and_then(|text| json::parse::<State>(&text).map_err(|err| err.to_string())) {
        Ok(state) => state_facts(scribe, state, &at),
        Err(why) => scribe.unreadable(&at, &why),
    }
    Ok(())
}

fn state_facts(scribe: &mut Scribe<'_>, state: State, at: &At) {
    // Transformers counts tokens only where it is asked to; 0 says that it was not.
    let tokens = state.num_input_tokens_seen;
    let tokens = if tokens.as_u64() == Some(0) { Value::Null } else { tokens };
    // Where the run was bounded by steps, or by a part of an epoch, this is a number that was worked out from them.
    let epochs = state.num_train_epochs.as_f64().filter(|epochs| state.epoch.as_f64() == Some(*epochs));
    let epochs = epochs.map_or(Value::Null, |_| state.num_train_epochs);
    let checkpoint = match state.best_model_checkpoint {
        Value::String(path) if path.is_empty() || local::is_absolute(&path) => {
            let entity = scribe.entity.clone();
            scribe.not_known(Some(&entity), "training.bestCheckpoint", Absence::Unreadable);
            Value::Null
        }
        other => other,
    };
    for (fact, key, value) in [
        ("hyperparameter.num_train_epochs", "num_train_epochs", epochs),
        ("hyperparameter.train_batch_size", "train_batch_size", state.train_batch_size),
        ("training.bestCheckpoint", "best_model_checkpoint", checkpoint),
        ("training.bestMetric", "best_metric", state.best_metric),
        ("training.bestStep", "best_global_step", state.best_global_step),
        ("training.epochs", "epoch", state.epoch),
        ("training.globalStep", "global_step", state.global_step),
        ("training.inputTokens", "num_input_tokens_seen", tokens),
        ("training.maxSteps", "max_steps", state.max_steps),
        ("training.totalFlops", "total_flos", state.total_flos),
    ] {
        if !value.is_null() {
            scribe.fact(fact, value, Trust::Recorded, at.pointer(format!("/{key}")));
        }
    }
    if let History(Some((number, loss))) = state.log_history {
        let source = at.pointer(format!("/log_history/{number}/train_loss"));
        scribe.fact("metric.train.loss", loss, Trust::Recorded, source);
    }
}

fn metrics(scribe: &mut Scribe<'_>, results: &Value, at: &At, split: Option<&str>) {
    let numbers = results.as_object().into_iter().flatten().filter(|(_, value)| value.is_number());
    let named = numbers.filter_map(|(key, value)| Some((metric(key, split)?, key, value)));
    for (name, key, value) in named.take(MAX_METRICS) {
        scribe.fact(&name, value.clone(), Trust::Recorded, at.pointer(pointer::member("", key)));
    }
}

/// The fact for a key of a file of results, if it is a metric and it is known of what.
fn metric(key: &str, split: Option<&str>) -> Option<String> {
    if key.len() > 128 || NO_METRICS.iter().any(|end| key.ends_with(end)) || key.contains("_mem_") {
        return None;
    }
    let of_prefix = PREFIXES.iter().find_map(|(prefix, split)| Some((*split, key.strip_prefix(prefix)?)));
    let (split, name) = of_prefix.or_else(|| Some((split?, key)))?;
    let name = format!("metric.{split}.{name}");
    (!name.ends_with('.') && !name.chars().any(char::is_control)).then_some(name)
}

impl<'de> Deserialize<'de> for History {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Entry {
            train_loss: Option<Value>,
        }

        struct Entries;

        impl<'de> Visitor<'de> for Entries {
            type Value = History;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of objects")
            }

            fn visit_unit<E>(self) -> Result<History, E> {
                Ok(History(None))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<History, A::Error> {
                let (mut last, mut number) = (None, 0_usize);
                while let Some(Entry { train_loss }) = entries.next_element()? {
                    last = train_loss.map(|loss| (number, loss)).or(last);
                    number = number.saturating_add(1);
                }
                Ok(History(last))
            }
        }

        deserializer.deserialize_any(Entries)
    }
}
