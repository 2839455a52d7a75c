//! Tokenizers: the digests of their files, and their chat templates.

use mlbom::evidence::Trust;

use crate::error::Error;
use crate::folder::Folder;
use crate::readers::{On, Read, Reader, template, weight_files};
use crate::scribe::{MAX_CONFIG_BYTES, Scribe};

pub(crate) const READER: Reader = Reader {
    name: "tokenizer",
    on: &[On::Model, On::Base, On::Adapter],
    facts: &["chatTemplate.digest.*", "tokenizer.class", "tokenizer.digest.*"],
    read: Read::Folder(read),
};

/// The files that decide which tokens a text becomes, or an image or a sound.
const FILES: &[&str] = &[
    "added_tokens.json",
    "merges.txt",
    "preprocessor_config.json",
    "processor_config.json",
    "special_tokens_map.json",
    "tekken.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.json",
    "vocab.txt",
];
/// Endings of files of vocabularies: sentencepiece, tiktoken.
const ENDINGS: &[&str] = &[".model", ".tiktoken"];
/// The most files.
const MAX_FILES: usize = 64;

fn read(scribe: &mut Scribe<'_>, folder: &Folder) -> Result<(), Error> {
    let files = weight_files::top(folder).filter(|file| {
        let name = file.path.as_str();
        FILES.contains(&name) || ENDINGS.iter().any(|end| name.len() <= 128 && name.ends_with(end))
    });
    for file in files.take(MAX_FILES) {
        let name = format!("tokenizer.digest.{}", file.path);
        scribe.fact(&name, file.digests.sha256.to_string(), Trust::Computed, &folder.at(file));
    }
    if let Some((config, at)) = scribe.json(folder, "tokenizer_config.json", MAX_CONFIG_BYTES)? {
        scribe.fact_at("tokenizer.class", &config, &at, "/tokenizer_class", Trust::Recorded);
    }
    template::read(scribe, folder)
}
