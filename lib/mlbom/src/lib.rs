//! What the mlbom tools agree on to the byte: digests, paths, documents and strict JSON.
//!
//! Only [`cli`] knows that there is a process around it.

pub mod cli;
pub mod decision;
pub mod digest;
pub mod evidence;
pub mod json;
pub mod manifest;
pub mod part;
pub mod path;
pub mod report;
pub mod shards;
pub mod stream;
pub mod tensors;
pub mod text;
pub mod time;
