//! The command line.

use std::path::{Path, PathBuf};

use crate::require::Wanted;

/// Verify signed statements about a model against its bytes.
///
/// The model is the DIR or FILE given, or the manifest on standard input that mlbom-hash wrote.
#[derive(Debug, clap::Parser)]
#[command(name = "mlbom-verify", version, max_term_width = 100)]
pub(crate) struct Args {
    /// The model [default: the manifest on standard input]
    ///
    /// The manifest is also what - stands for.
    #[arg(value_name = "DIR|FILE")]
    pub(crate) path: Option<PathBuf>,

    /// Sigstore bundles, one or more a file; every one must hold
    #[arg(long, value_name = "FILE", required = true)]
    pub(crate) bundle: Vec<PathBuf>,

    /// Public keys (PEM) of signers that are trusted; a bundle has to be signed by one of them
    #[arg(long, value_name = "FILE", required = true)]
    pub(crate) key: Vec<PathBuf>,

    /// Take a manifest whose digests were not all computed from the bytes
    ///
    /// Such digests were taken from a cache, a list or a file's name, and a yes is then no word about the bytes that are
    /// there now. The report names each of them, and the built-in policies refuse them.
    #[arg(long)]
    pub(crate) allow_cached: bool,

    /// A statement that must be there: bom, oms, provenance or a predicate type's URI
    #[arg(long, value_name = "TYPE")]
    pub(crate) require: Vec<Wanted>,

    /// Write the verified predicate of this type, byte for byte, in place of the report
    #[arg(long, value_name = "TYPE")]
    pub(crate) extract: Option<Wanted>,

    /// Write here, whole or not at all, instead of to standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// No progress, no hints, no reasons of a no
    #[arg(long)]
    pub(crate) quiet: bool,
}

impl mlbom::cli::Arguments for Args {
    fn quiet(&self) -> bool {
        self.quiet
    }
}

impl Args {
    /// The model's path, unless its manifest is on standard input.
    pub(crate) fn model(&self) -> Option<&Path> {
        self.path.as_deref().filter(|path| *path != Path::new("-"))
    }
}
