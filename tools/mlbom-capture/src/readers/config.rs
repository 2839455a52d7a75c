//! Configuration: `config.json` and `generation_config.json`, as transformers writes them.

use mlbom::evidence::{Absence, Trust};
use serde_json::{Map, Value};

use crate::error::Error;
use crate::folder::{At, Folder};
use crate::readers::{On, Read, Reader, local, pointer};
use crate::scribe::{MAX_CONFIG_BYTES, MAX_LIST, Scribe};

pub(crate) const READER: Reader = Reader {
    name: "config",
    on: &[On::Model, On::Base, On::Adapter],
    facts: &[
        "config.architectures",
        "config.baseModel",
        "config.dtype",
        "config.generation.*",
        "config.labels",
        "config.modelType",
        "config.quantization.*",
        "config.shape.*",
        "config.writer",
    ],
    read: Read::Folder(read),
};

/// Sizes, by the names that families of models have for them.
const SIZES: &[&str] = &[
    "d_ff",
    "d_kv",
    "d_model",
    "decoder_attention_heads",
    "decoder_ffn_dim",
    "decoder_layers",
    "encoder_attention_heads",
    "encoder_ffn_dim",
    "encoder_layers",
    "head_dim",
    "hidden_dim",
    "hidden_size",
    "image_size",
    "intermediate_size",
    "max_position_embeddings",
    "moe_intermediate_size",
    "n_embd",
    "n_head",
    "n_inner",
    "n_layer",
    "n_layers",
    "n_heads",
    "n_positions",
    "num_attention_heads",
    "num_channels",
    "num_experts",
    "num_experts_per_tok",
    "num_heads",
    "num_hidden_layers",
    "num_key_value_heads",
    "num_labels",
    "num_layers",
    "num_local_experts",
    "patch_size",
    "sliding_window",
    "type_vocab_size",
    "vocab_size",
];
/// Configurations inside that of a model of several parts.
const PARTS: &[&str] = &["audio_config", "decoder", "encoder", "text_config", "vision_config"];
/// What changes the text that a model makes, if the caller asks for nothing else.
const SAMPLING: &[&str] = &[
    "diversity_penalty",
    "do_sample",
    "early_stopping",
    "encoder_repetition_penalty",
    "epsilon_cutoff",
    "eta_cutoff",
    "forced_bos_token_id",
    "forced_eos_token_id",
    "guidance_scale",
    "length_penalty",
    "max_length",
    "max_new_tokens",
    "min_length",
    "min_new_tokens",
    "min_p",
    "no_repeat_ngram_size",
    "num_beam_groups",
    "num_beams",
    "num_return_sequences",
    "penalty_alpha",
    "repetition_penalty",
    "suppress_tokens",
    "temperature",
    "top_h",
    "top_k",
    "top_p",
    "typical_p",
];
/// The most settings of a quantisation.
const MAX_SETTINGS: usize = 100;
/// The longest list among them.
const MAX_SETTING_VALUES: usize = 64;
/// The longest text of a scalar.
const MAX_SCALAR_BYTES: usize = 1024;

fn read(scribe: &mut Scribe<'_>, folder: &Folder) -> Result<(), Error> {
    if let Some((config, at)) = scribe.json(folder, "config.json", MAX_CONFIG_BYTES)? {
        model(scribe, &config, &at);
    }
    if let Some((config, at)) = scribe.json(folder, "generation_config.json", MAX_CONFIG_BYTES)? {
        settings(scribe, &config, &at, "", "config.generation.", |key| SAMPLING.contains(&key));
    }
    Ok(())
}

fn model(scribe: &mut Scribe<'_>, config: &Value, at: &At) {
    if let Some(names) = config.get("architectures").and_then(Value::as_array) {
        let names: Vec<_> = names.iter().filter_map(Value::as_str).take(MAX_LIST).collect();
        scribe.fact("config.architectures", names, Trust::Recorded, at.pointer("/architectures"));
    }
    scribe.fact_at("config.modelType", config, at, "/model_type", Trust::Recorded);
    for key in ["dtype", "torch_dtype"] {
        if let Some(dtype) = config.get(key).and_then(Value::as_str) {
            let dtype = dtype.strip_prefix("torch.").unwrap_or(dtype);
            scribe.fact("config.dtype", dtype, Trust::Recorded, at.pointer(format!("/{key}")));
        }
    }
    // Gone since transformers 5; often a directory of the machine that it was trained on.
    if let Some(base) = config.get("_name_or_path").and_then(Value::as_str).filter(|base| !base.is_empty()) {
        if local::is_absolute(base) {
            let entity = scribe.entity.clone();
            scribe.not_known(Some(&entity), "config.baseModel", Absence::Unreadable);
        } else {
            scribe.fact("config.baseModel", base, Trust::Recorded, at.pointer("/_name_or_path"));
        }
    }
    if let Some(version) = config.get("transformers_version").and_then(Value::as_str) {
        let writer = format!("transformers {version}");
        scribe.fact("config.writer", writer, Trust::Recorded, at.pointer("/transformers_version"));
    }
    if let Some(labels) = config.get("id2label").and_then(Value::as_object).and_then(labels) {
        scribe.fact("config.labels", labels, Trust::Recorded, at.pointer("/id2label"));
    }
    let is_size = |key: &str| SIZES.contains(&key);
    settings(scribe, config, at, "", "config.shape.", is_size);
    for part in PARTS {
        if let Some(inner) = config.get(*part) {
            settings(scribe, inner, at, &format!("/{part}"), &format!("config.shape.{part}."), is_size);
        }
    }
    if let Some(inner) = config.get("quantization_config") {
        settings(scribe, inner, at, "/quantization_config", "config.quantization.", |_| true);
    }
}

/// The labels in the order of their ids; none if the ids are no numbers.
fn labels(map: &Map<String, Value>) -> Option<Vec<String>> {
    let mut labels = map
        .iter()
        .map(|(id, label)| Some((id.parse::<u64>().ok()?, label.as_str()?)))
        .collect::<Option<Vec<_>>>()?;
    labels.sort_unstable();
    let more = labels.len().saturating_sub(MAX_LIST);
    let mut labels: Vec<_> = labels.into_iter().take(MAX_LIST).map(|(_, label)| label.to_owned()).collect();
    if more > 0 {
        labels.push(format!("and {more} more"));
    }
    Some(labels)
}

/// States each scalar of `object`, which stands at `place` in its file, whose key is `wanted`.
fn settings(
    scribe: &mut Scribe<'_>,
    object: &Value,
    at: &At,
    place: &str,
    family: &str,
    wanted: impl Fn(&str) -> bool,
) {
    let Some(object) = object.as_object() else { return };
    let scalars = object.iter().filter(|(key, value)| {
        wanted(key) && is_scalar(value) && mlbom_bom::vocabulary::term_of(&format!("{family}{key}")).is_some()
    });
    for (key, value) in scalars.take(MAX_SETTINGS) {
        let source = at.pointer(pointer::member(place, key));
        scribe.fact(&format!("{family}{key}"), value.clone(), Trust::Recorded, source);
    }
}

/// A text, number or boolean, or a short list of these, that names no place on a machine.
fn is_scalar(value: &Value) -> bool {
    let plain = |value: &Value| match value {
        Value::Bool(_) | Value::Number(_) => true,
        Value::String(text) => text.len() <= MAX_SCALAR_BYTES && !local::holds_absolute(text),
        _ => false,
    };
    match value {
        Value::Array(values) => values.len() <= MAX_SETTING_VALUES && values.iter().all(plain),
        value => plain(value),
    }
}
