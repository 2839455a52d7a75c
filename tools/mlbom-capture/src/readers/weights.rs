//! Weights: what the headers of safetensors files say, and whether index and shards agree.

use std::collections::BTreeSet;

use mlbom::digest::Sha256;
use mlbom::evidence::{Absence, Severity, Trust};
use serde_json::Value;

use crate::error::Error;
use crate::folder::Folder;
use crate::readers::peek::peek;
use crate::readers::shard::{self, Shard};
use crate::readers::weight_files::{self, Chosen};
use crate::readers::weight_index::{self, Index};
use crate::readers::{On, Read, Reader};
use crate::scribe::{MAX_LIST, Scribe};

pub(crate) const READER: Reader = Reader {
    name: "weights",
    on: &[On::Model, On::Base, On::Adapter],
    // weights.parameters is not among them: where they are quantised it is unreadable, whatever else can be read.
    facts: &[
        "weights.bytes",
        "weights.dtypes",
        "weights.metadata.*",
        "weights.shards",
        "weights.tensorNamesDigest",
        "weights.tensors",
        "weights.unreferenced",
    ],
    read: Read::Folder(read),
};

/// The most shards that each stand as a source of a sum.
const MAX_SOURCES: usize = 256;
/// How tensors are named that hold several elements in one, or their scales: torchao, GPTQ and AWQ, compressed-tensors,
/// bitsandbytes. The elements of their shapes are not the parameters of the model.
const QUANTISED: &[&str] = &[
    "_weight_qdata",
    ".qweight",
    ".qzeros",
    ".weight_packed",
    ".weight.absmax",
    ".weight.quant_map",
    ".weight_blocks",
    "_proj_blocks",
    ".SCB",
];
/// Files that only quantised models have.
const QUANTISED_FILES: &[&str] = &["quantize_config.json", "quant_config.json", "quanto_qmap.json"];

/// What a configuration calls the data types of headers. Types of other widths, such as those of scales, are left out.
const DTYPES: &[(&str, &str)] = &[
    ("bfloat16", "BF16"),
    ("float16", "F16"),
    ("half", "F16"),
    ("float32", "F32"),
    ("float", "F32"),
    ("float64", "F64"),
    ("double", "F64"),
];

fn read(scribe: &mut Scribe<'_>, folder: &Folder) -> Result<(), Error> {
    let indexes = weight_index::all(scribe, folder)?;
    let mut whole = true;
    for index in &indexes {
        whole &= weight_index::check_places(scribe, folder, index) || !index.of_safetensors();
    }
    let chosen = weight_files::choose(folder, &indexes);
    let (paths, loose) = match chosen {
        Chosen::Files(paths) => (paths, false),
        Chosen::Loose(paths) => (paths, true),
        Chosen::None => (BTreeSet::new(), false),
        Chosen::Contested => {
            contested(scribe, folder, &indexes);
            (BTreeSet::new(), false)
        }
    };
    let pointers = weight_files::pointers(scribe, folder, &paths)?;
    let index = indexes.first().map(|index| index.at.whole());
    let file = || paths.iter().find_map(|path| folder.file(path)).map(|file| folder.at(file).whole());
    if let Some(source) = index.or_else(file) {
        let strays = weight_files::unreferenced(scribe, folder, &indexes, &paths);
        scribe.fact("weights.unreferenced", strays, Trust::Computed, source);
    }
    let mut parameters = Absence::Absent;
    if !whole && !paths.is_empty() {
        // What is there is less than the model.
        scribe.unreadable = true;
    } else if pointers.is_disjoint(&paths)
        && let Some(shards) = shard::all(scribe, folder, &paths)?
    {
        if state(scribe, folder, &indexes, &shards, loose)? {
            return Ok(());
        }
        parameters = Absence::Unreadable;
    } else if let ([index], true) = (indexes.as_slice(), paths.is_empty() && pointers.is_empty()) {
        pickled(scribe, index);
    }
    if scribe.unreadable {
        parameters = Absence::Unreadable;
    }
    let entity = scribe.entity.clone();
    scribe.not_known(Some(&entity), "weights.parameters", parameters);
    Ok(())
}

/// What the index of pickled weights says; the weights themselves are not read here.
fn pickled(scribe: &mut Scribe<'_>, index: &Index) {
    if index.of_safetensors() {
        return;
    }
    scribe.fact("weights.shards", index.shards.len(), Trust::Recorded, index.at.pointer("/weight_map"));
    if let Some(bytes) = &index.total_bytes {
        scribe.fact(
            "weights.bytes",
            bytes.clone(),
            Trust::Recorded,
            index.at.pointer("/metadata/total_size"),
        );
    }
}

/// Loaders differ in whether a lone file or an index beside it counts; neither is picked here.
fn contested(scribe: &mut Scribe<'_>, folder: &Folder, indexes: &[Index]) {
    for index in indexes {
        let Some(main) = index.name.strip_suffix(".index.json") else { continue };
        if let Some(file) = folder.file(main)
            && !index.shards.contains_key(main)
        {
            let message = format!(
                "{main} lies beside {}, which does not name it: loaders differ in which they take",
                index.name
            );
            let claims = [
                (format!("{} other files", index.shards.len()), index.at.pointer("/weight_map")),
                (format!("{} bytes of format {}", file.size, file.format), folder.at(file).whole()),
            ];
            scribe.finding("MLB-INDEX", Severity::High, &message, claims);
        }
    }
    scribe.unreadable = true;
}

/// States what the headers say together; returns whether the parameters could be counted.
fn state(
    scribe: &mut Scribe<'_>,
    folder: &Folder,
    indexes: &[Index],
    shards: &[Shard],
    loose: bool,
) -> Result<bool, Error> {
    let mut names: Vec<&str> =
        shards.iter().flat_map(|shard| shard.names.iter().map(String::as_str)).collect();
    names.sort_unstable();
    let twice = names.windows(2).any(|pair| pair[0] == pair[1]);
    if loose && twice {
        // Copies of one model in several types, perhaps; nothing says which is meant.
        scribe.unreadable = true;
        return Ok(false);
    }
    let of_these = |index: &&Index| {
        index.of_safetensors() && shards.iter().all(|shard| index.shards.contains_key(&shard.path))
    };
    let index = indexes.iter().find(of_these);
    if let Some(index) = index {
        weight_index::check_tensors(scribe, index, shards);
    }
    let sum = |of: fn(&Shard) -> u64| shards.iter().try_fold(0_u64, |sum, shard| sum.checked_add(of(shard)));
    let (Some(elements), Some(bytes)) = (sum(|shard| shard.elements), sum(|shard| shard.bytes)) else {
        scribe.unreadable = true;
        return Ok(false);
    };
    let dtypes: BTreeSet<&str> =
        shards.iter().flat_map(|shard| shard.dtypes.iter().map(String::as_str)).collect();
    let computed: [(&str, Value); 4] = [
        ("weights.bytes", bytes.into()),
        ("weights.dtypes", dtypes.iter().copied().take(MAX_LIST).collect()),
        ("weights.shards", shards.len().into()),
        ("weights.tensors", names.len().into()),
    ];
    for (name, value) in computed {
        everywhere(scribe, shards, name, &value);
    }
    if let Some(digest) = names_digest(&names) {
        everywhere(scribe, shards, "weights.tensorNamesDigest", &digest.to_string().into());
    }
    let packed = names.iter().any(|name| QUANTISED.iter().any(|end| name.ends_with(end)));
    let counted = !twice && !packed && !quantised_config(scribe, folder)?;
    if counted {
        everywhere(scribe, shards, "weights.parameters", &elements.into());
    }
    if let Some(index) = index {
        let sums = [
            ("total_size", "weights.bytes", &index.total_bytes, bytes, true),
            ("total_parameters", "weights.parameters", &index.total_parameters, elements, counted),
        ];
        for (key, fact, says, found, comparable) in sums {
            if let (Some(says), true) = (says, comparable) {
                scribe.fact(
                    fact,
                    says.clone(),
                    Trust::Recorded,
                    index.at.pointer(format!("/metadata/{key}")),
                );
                weight_index::check_sum(scribe, index, key, says, found, shards);
            }
        }
        scribe.fact("weights.shards", index.shards.len(), Trust::Recorded, index.at.pointer("/weight_map"));
    }
    for shard in shards.iter().take(MAX_SOURCES) {
        for (key, text) in &shard.metadata {
            let name = format!("weights.metadata.{key}");
            if mlbom_bom::vocabulary::term_of(&name).is_some() {
                scribe.fact(&name, text.as_str(), Trust::Recorded, shard.at.pointer("__metadata__"));
            }
        }
    }
    if counted && folder.role != mlbom::evidence::Role::Adapter {
        check_dtype(scribe, folder, shards, &dtypes)?;
    }
    Ok(counted)
}

/// States a sum with each shard as its source.
fn everywhere(scribe: &mut Scribe<'_>, shards: &[Shard], name: &str, value: &Value) {
    for shard in shards.iter().take(MAX_SOURCES) {
        scribe.fact(name, value.clone(), Trust::Computed, &shard.at);
    }
}

/// SHA-256 over the names of the tensors in byte order, each followed by a line feed; none if a name holds a control
/// character, because two lists could then have one digest.
fn names_digest(sorted: &[&str]) -> Option<Sha256> {
    let mut digest = mlbom_sha256::Sha256::new();
    for name in sorted {
        if name.chars().any(char::is_control) {
            return None;
        }
        digest.update(name.as_bytes());
        digest.update(b"\n");
    }
    Some(digest.finish().into())
}

/// Whether a configuration says that the weights are quantised.
fn quantised_config(scribe: &mut Scribe<'_>, folder: &Folder) -> Result<bool, Error> {
    if QUANTISED_FILES.iter().any(|name| folder.file(name).is_some()) {
        return Ok(true);
    }
    let config = peek(scribe, folder, "config.json")?;
    Ok(config.is_some_and(|(config, _)| {
        ["quantization_config", "quantization", "compression_config"]
            .iter()
            .any(|key| config.get(key).is_some_and(|value| !value.is_null()))
    }))
}

/// The configuration's data type should be one that the tensors have.
fn check_dtype(
    scribe: &mut Scribe<'_>,
    folder: &Folder,
    shards: &[Shard],
    dtypes: &BTreeSet<&str>,
) -> Result<(), Error> {
    let Some((config, at)) = peek(scribe, folder, "config.json")? else { return Ok(()) };
    // The weights of an adapter have their own type.
    if shards.iter().any(|shard| shard.path.starts_with("adapter_model")) {
        return Ok(());
    }
    for key in ["dtype", "torch_dtype"] {
        let Some(says) = config.get(key).and_then(Value::as_str) else { continue };
        let short = says.strip_prefix("torch.").unwrap_or(says);
        let Some((_, wanted)) = DTYPES.iter().find(|(name, _)| *name == short) else { continue };
        if !dtypes.is_empty() && !dtypes.contains(wanted) {
            let found = dtypes.iter().copied().collect::<Vec<_>>().join(", ");
            let message = format!("config.json says {key} {short}, the tensors are {found}");
            let mut claims = vec![(short.to_owned(), at.pointer(format!("/{key}")))];
            claims.extend(shards.first().map(|shard| (found, shard.at.whole())));
            scribe.finding("MLB-DTYPE", Severity::Low, &message, claims);
        }
    }
    Ok(())
}
