//! Which files of a folder are weights, going by what is in them and by the names that loaders try.

use std::collections::BTreeSet;

use mlbom::evidence::{Role, Severity};
use mlbom::manifest::File;
use mlbom_formats::Format;

use crate::error::Error;
use crate::folder::Folder;
use crate::readers::weight_index::Index;
use crate::scribe::{MAX_LIST, Scribe};

/// The weights that loaders take without an index, the first that is there.
const MAIN: &[&str] =
    &["model.safetensors", "diffusion_pytorch_model.safetensors", "consolidated.safetensors", ADAPTER];
/// The weights of an adapter.
const ADAPTER: &str = "adapter_model.safetensors";

/// Endings of files that loaders run code from: pickles, bare or in a zip archive.
const PICKLED: &[&str] = &["bin", "ckpt", "joblib", "pickle", "pkl", "pt", "pth"];
/// Endings of other weights.
const OTHER: &[&str] = &["gguf", "ggml", "h5", "keras", "msgpack", "onnx", "ot", "safetensors"];
/// How files that end in `.bin` begin if they are weights: other files end so too.
const STEMS: &[&str] =
    &["adapter_model", "consolidated", "diffusion_pytorch_model", "ggml", "model", "pytorch_model"];
/// What a trainer keeps to go on from, by how the names begin and end; no weights of the model.
const TRAINER: &[(&str, &str)] = &[
    ("training_args", ".bin"),
    ("optimizer", ".bin"),
    ("optimizer", ".pt"),
    ("scheduler", ".bin"),
    ("scheduler", ".pt"),
    ("scaler", ".pt"),
    ("rng_state", ".pth"),
    ("random_states_", ".pkl"),
    ("sampler", ".bin"),
];

/// The longest pointer of Git LFS, in bytes (git-lfs, docs/spec.md, "The Pointer").
const MAX_POINTER_BYTES: u64 = 1024;
/// How it begins. The specification asks for a version line first, with a URL.
const POINTER: &[u8] = b"version https://git-lfs";

/// Which safetensors files are the weights.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Chosen {
    /// There are none.
    None,
    /// These, by path; they belong together.
    Files(BTreeSet<String>),
    /// Several without an index or a name that tells: they belong together if no tensor is in two of them.
    Loose(BTreeSet<String>),
    /// Loaders differ in which they take.
    Contested,
}

/// The files at the top, in order of name. What lies deeper, such as checkpoints, are other models.
pub(crate) fn top(folder: &Folder) -> impl Iterator<Item = &File> {
    folder.files().iter().filter(|file| !file.path.as_str().contains('/'))
}

/// Chooses the weights, by index and by name.
pub(crate) fn choose(folder: &Folder, indexes: &[Index]) -> Chosen {
    let there = |name: &&&str| folder.file(name).is_some();
    let safetensors: Vec<_> = indexes.iter().filter(|index| index.of_safetensors()).collect();
    if folder.role == Role::Adapter && folder.file(ADAPTER).is_some() {
        return Chosen::Files([ADAPTER.to_owned()].into());
    }
    let main = MAIN.iter().find(there).map(|name| (*name).to_owned());
    let rival = main.as_ref().and_then(|main| {
        let own = format!("{main}.index.json");
        safetensors.iter().find(|index| index.name == own && !index.shards.contains_key(main))
    });
    match (main, safetensors.as_slice()) {
        // Some loaders take the one file, some the shards.
        _ if rival.is_some() => Chosen::Contested,
        (_, [index]) => Chosen::Files(index.shards.keys().cloned().collect()),
        (_, indexes) if !indexes.is_empty() => {
            match indexes.iter().find(|index| index.name == "model.safetensors.index.json") {
                Some(index) => Chosen::Files(index.shards.keys().cloned().collect()),
                None => Chosen::Loose(shards(indexes)),
            }
        }
        (Some(main), _) => Chosen::Files([main].into()),
        (None, _) => {
            let loose: BTreeSet<_> = top(folder)
                .filter(|file| {
                    file.format == Format::Safetensors || ending(file.path.as_str()) == "safetensors"
                })
                .map(|file| file.path.as_str().to_owned())
                .collect();
            if loose.is_empty() { Chosen::None } else { Chosen::Loose(loose) }
        }
    }
}

fn shards(indexes: &[&Index]) -> BTreeSet<String> {
    indexes.iter().flat_map(|index| index.shards.keys().cloned()).collect()
}

/// States which weights lie beside `chosen` though nothing names them, and finds each.
pub(crate) fn unreferenced(
    scribe: &mut Scribe<'_>,
    folder: &Folder,
    indexes: &[Index],
    chosen: &BTreeSet<String>,
) -> Vec<String> {
    let named = |path: &str| {
        chosen.contains(path)
            || indexes.iter().any(|index| index.shards.contains_key(path))
            // An adapter's own weights, and those of a model that an adapter lies in.
            || path == ADAPTER && folder.file("adapter_config.json").is_some()
            || path == "model.safetensors" && folder.role == Role::Adapter
    };
    let strays: Vec<_> = top(folder).filter(|file| is_weights(file) && !named(file.path.as_str())).collect();
    for file in strays.iter().take(MAX_LIST) {
        let path = file.path.as_str();
        let runs = matches!(file.format, Format::Pickle | Format::Zip) || PICKLED.contains(&ending(path));
        let severity = if runs { Severity::High } else { Severity::Medium };
        let message = format!("{path} holds weights, and no index names it beside those that are loaded");
        let says = format!("{} bytes of format {}", file.size, file.format);
        scribe.finding("MLB-UNREFERENCED", severity, &message, [(says, folder.at(file).whole())]);
    }
    let mut paths: Vec<_> = strays.iter().take(MAX_LIST).map(|file| file.path.as_str().to_owned()).collect();
    if strays.len() > MAX_LIST {
        paths.push(format!("and {} more", strays.len() - MAX_LIST));
    }
    paths
}

fn is_weights(file: &File) -> bool {
    let name = file.path.as_str();
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
    if TRAINER.iter().any(|(start, end)| name.starts_with(start) && name.ends_with(end)) {
        return false;
    }
    let format = matches!(
        file.format,
        Format::Safetensors | Format::Gguf | Format::Onnx | Format::Zip | Format::Pickle | Format::Hdf5
    );
    let usual = match ending {
        "bin" => STEMS.iter().any(|start| stem.starts_with(start)),
        ending => PICKLED.contains(&ending) || OTHER.contains(&ending),
    };
    format || usual
}

/// Finds the pointers of Git LFS that lie where weights should, at the top or among `shards`; returns their paths.
pub(crate) fn pointers(
    scribe: &mut Scribe<'_>,
    folder: &Folder,
    shards: &BTreeSet<String>,
) -> Result<BTreeSet<String>, Error> {
    let short = folder.files().iter().filter(|file| {
        let path = file.path.as_str();
        file.size <= MAX_POINTER_BYTES
            && file.size >= POINTER.len() as u64
            && (shards.contains(path) || !path.contains('/') && is_weights(file))
    });
    let mut found = BTreeSet::new();
    for file in short.take(MAX_LIST) {
        let path = file.path.as_str();
        if let Some(Ok(content)) = folder.read(path, MAX_POINTER_BYTES)?
            && content.bytes.starts_with(POINTER)
        {
            let message = format!("{path} is a pointer of Git LFS: the weights themselves are not there");
            let line: Vec<u8> =
                content.bytes.iter().copied().take_while(|byte| *byte != b'\n').take(100).collect();
            let says = String::from_utf8_lossy(&line).into_owned();
            scribe.finding("MLB-LFS-POINTER", Severity::High, &message, [(says, content.at.whole())]);
            found.insert(path.to_owned());
        }
    }
    Ok(found)
}

fn ending(path: &str) -> &str {
    path.rsplit_once('.').map_or("", |(_, ending)| ending)
}
