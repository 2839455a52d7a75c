//! The command line.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use mlbom::part::Share;
use mlbom_tree::{Kernel, Pattern, Reading};

/// Hash a model into a manifest: every file with its digests.
#[derive(Debug, clap::Parser)]
#[command(name = "mlbom-hash", version, max_term_width = 100)]
pub(crate) struct Args {
    /// Models: a directory or a single file each; with --merge, files that hold parts
    #[arg(value_name = "PATH", required_unless_present = "check", num_args = 1..)]
    pub(crate) paths: Vec<PathBuf>,

    /// Compare PATH (default .) with this manifest; - is standard input
    ///
    /// Every missing, changed and extra file is said. The status is 0 if nothing differs and 1 if something does.
    #[arg(long, value_name = "MANIFEST", conflicts_with_all = ["sha512", "exclude", "oms_defaults"])]
    pub(crate) check: Option<PathBuf>,

    /// Hash only part I of N of one PATH, for --merge
    ///
    /// Several machines that see the same storage hash a part each, with I from 1 to N and the same other options.
    #[arg(long, value_name = "I/N", conflicts_with = "check")]
    pub(crate) part: Option<Share>,

    /// Join the parts in the files PATH to one manifest; - is standard input
    ///
    /// Every part has to be there once. The manifest is the one that a single run writes.
    #[arg(long, conflicts_with_all = ["check", "part", "sha512", "exclude", "oms_defaults", "threads"])]
    pub(crate) merge: bool,

    /// Add SHA-512 digests
    #[arg(long)]
    pub(crate) sha512: bool,

    /// Leave out what matches; it is listed as left out
    ///
    /// Here * and ? stop at a slash, ** does not. A pattern without a slash is held against the last component of a
    /// path at any depth, one with a slash against the whole path. A directory is left out with all it holds.
    #[arg(long, value_name = "GLOB")]
    pub(crate) exclude: Vec<Pattern>,

    /// Leave out .git, .gitattributes, .github and .gitignore at the top, as model_signing does
    #[arg(long)]
    pub(crate) oms_defaults: bool,

    /// Threads that hash [default: one a core]
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<NonZeroUsize>,

    /// Map files that are in memory: faster, but only for files that nobody writes to
    ///
    /// Should such a file be truncated meanwhile, or its disk fail, the tool is killed by SIGBUS and writes nothing;
    /// should it be written to, the digest may be of bytes that it never had.
    #[arg(long)]
    pub(crate) mmap: bool,

    /// Hash with this kernel: for tests
    #[arg(long, value_name = "NAME", hide = true, value_parser = kernel)]
    pub(crate) kernel: Option<Kernel>,
    /// Take over digests that earlier runs computed of files that look untouched, and keep those of this run
    ///
    /// Looking untouched is device, inode, size and both times. It is no proof: such a file's digestSource is "cached".
    #[arg(long, value_name = "FILE", conflicts_with_all = ["check", "part", "merge"])]
    pub(crate) cache: Option<PathBuf>,

    /// Take over digests from an OCI image manifest whose layers are files of PATH; - is standard input
    ///
    /// The bytes are not held against them: such a file's digestSource is "oci-manifest".
    #[arg(long, value_name = "FILE", conflicts_with_all = ["check", "part", "merge", "sha512"])]
    pub(crate) from_oci_manifest: Option<PathBuf>,

    /// Take over digests from a list that sha256sum wrote, with paths that start from PATH; - is standard input
    ///
    /// The bytes are not held against them: such a file's digestSource is "sums".
    #[arg(long, value_name = "FILE", conflicts_with_all = ["check", "part", "merge", "sha512"])]
    pub(crate) from_sums: Option<PathBuf>,

    /// In a Hub cache, take a blob's name of 64 digits for its SHA-256
    ///
    /// The bytes are not held against it: such a file's digestSource is "blob-name".
    #[arg(long, conflicts_with_all = ["check", "part", "merge", "sha512"])]
    pub(crate) trust_blob_names: bool,

    /// Write here, whole or not at all, instead of to standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// No progress, no hints, no reasons of a no
    #[arg(long)]
    pub(crate) quiet: bool,
}

impl Args {
    pub(crate) fn reading(&self) -> Reading {
        if self.mmap { Reading::Map } else { Reading::Auto }
    }
}

fn kernel(name: &str) -> Result<Kernel, String> {
    Kernel::parse(name).ok_or_else(|| format!("{name:?} is no kernel"))
}

impl mlbom::cli::Arguments for Args {
    fn quiet(&self) -> bool {
        self.quiet
    }
}
