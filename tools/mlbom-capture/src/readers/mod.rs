//! The readers: each looks for one kind of trace. A new one is one file and one line in [`READERS`].

mod adapter;
mod card;
mod ci;
mod code_on_load;
mod config;
pub(crate) mod dataset_card;
mod framework;
mod front_matter;
mod git;
mod header;
mod host;
pub(crate) mod local;
#[cfg(test)]
mod model_tests;
mod peek;
mod pointer;
mod python;
mod rows;
mod shard;
mod sidecar;
mod template;
mod tokenizer;
mod trainer;
mod urls;
mod weight_files;
mod weight_index;
mod weights;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use crate::error::Error;
use crate::folder::Folder;
use crate::scribe::{MAX_LIST, Scribe};

/// What a reader looks at.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum On {
    Adapter,
    Base,
    BesideModel,
    Ci,
    Code,
    Dataset,
    Host,
    Model,
    Python,
    Run,
}

/// The machine that this runs on.
#[derive(Debug)]
pub(crate) struct Machine {
    pub(crate) variables: BTreeMap<OsString, OsString>,
    /// `/`, but for tests.
    pub(crate) root: PathBuf,
}

/// One reader.
pub(crate) struct Reader {
    /// What sources call it.
    pub(crate) name: &'static str,
    pub(crate) on: &'static [On],
    /// The facts of the subject that it looks for: what it does not find is absent.
    pub(crate) facts: &'static [&'static str],
    pub(crate) read: Read,
}

/// How a reader looks.
#[derive(Clone, Copy)]
pub(crate) enum Read {
    Folder(fn(&mut Scribe<'_>, &Folder) -> Result<(), Error>),
    Machine(fn(&mut Scribe<'_>, &Machine) -> Result<(), Error>),
}

/// Every reader, in the order in which they look; what comes out does not depend on it.
pub(crate) const READERS: &[Reader] = &[
    adapter::READER,
    card::READER,
    ci::READER,
    code_on_load::READER,
    config::READER,
    dataset_card::READER,
    framework::READER,
    git::READER,
    host::READER,
    python::READER,
    rows::READER,
    sidecar::READER,
    tokenizer::READER,
    trainer::READER,
    weights::READER,
];

/// A list as a fact holds it: no longer than [`MAX_LIST`], and then the last element says how many more there are.
fn listed(values: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut values = values.into_iter();
    let mut list: Vec<_> = values.by_ref().take(MAX_LIST).collect();
    let more = values.count();
    if more > 0
        && let Some(last) = list.last_mut()
    {
        *last = format!("… and {} more", more + 1);
    }
    list
}
