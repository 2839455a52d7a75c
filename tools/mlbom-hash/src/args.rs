//! The command line.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use mlbom::part::Share;
use mlbom::path::RelPath;
use mlbom_tree::{Exclusions, Kernel, Options, Pattern, Reading};

use crate::expected::Expected;
use crate::size;

/// Hash a model into a manifest: every file with its digests.
#[derive(Debug, clap::Parser)]
#[command(name = "mlbom-hash", version, max_term_width = 100)]
// One mode at a time; the other groups only have a name, to be refused where they say nothing.
#[command(group(clap::ArgGroup::new("mode")))]
#[command(group(clap::ArgGroup::new("more").multiple(true)))]
#[command(group(clap::ArgGroup::new("left_out").multiple(true)))]
#[command(group(clap::ArgGroup::new("taken_over").multiple(true)))]
#[command(group(clap::ArgGroup::new("how").multiple(true)))]
pub(crate) struct Args {
    /// Models: a directory or a single file each; with --merge, files that hold parts
    #[arg(value_name = "PATH", required_unless_present_any = ["check", "stdin"], num_args = 1..)]
    pub(crate) paths: Vec<PathBuf>,

    /// Compare PATH (default .) with this manifest; - is standard input
    ///
    /// Every missing, changed and extra file is said. The status is 0 if nothing differs and 1 if something does.
    #[arg(long, value_name = "MANIFEST", group = "mode", conflicts_with_all = ["more", "left_out", "taken_over"])]
    pub(crate) check: Option<PathBuf>,

    /// Hash only part I of N of one PATH, for --merge
    ///
    /// Several machines that see the same storage hash a part each, with I from 1 to N and the same other options.
    #[arg(long, value_name = "I/N", group = "mode", conflicts_with = "taken_over")]
    pub(crate) part: Option<Share>,

    /// Join the parts in the files PATH to one manifest; - is standard input
    ///
    /// Every part has to be there once. The manifest is the one that a single run writes.
    #[arg(long, group = "mode", conflicts_with_all = ["more", "left_out", "taken_over", "how"])]
    pub(crate) merge: bool,

    /// Hash standard input as a model of one file of this name
    ///
    /// With --tee the bytes are kept as well: the usual way to hash a file while it is downloaded. That whatever writes to
    /// the pipe came to its end cannot be seen here: use --expect or --expect-size.
    #[arg(
        long,
        value_name = "NAME",
        value_parser = component,
        group = "mode",
        conflicts_with_all = ["paths", "left_out", "taken_over", "how", "tensors"]
    )]
    pub(crate) stdin: Option<RelPath>,

    // clap lets a `requires` go where what is required conflicts with what is there, hence the conflicts beside it.
    /// Keep standard input in this file, which appears whole or not at all
    ///
    /// What is there already stays until all bytes are on the disk and are the expected ones.
    #[arg(long, value_name = "FILE", requires = "stdin", conflicts_with_all = ["paths", "check", "part", "merge", "shards"])]
    pub(crate) tee: Option<PathBuf>,

    /// Keep nothing and answer 1 unless standard input has this digest: sha256:HEX, sha512:HEX or HEX
    #[arg(long, value_name = "DIGEST", requires = "stdin", conflicts_with_all = ["paths", "check", "part", "merge", "shards"])]
    pub(crate) expect: Option<Expected>,

    /// Keep nothing and answer 1 unless standard input has as many bytes
    #[arg(long, value_name = "BYTES", requires = "stdin", conflicts_with_all = ["paths", "check", "part", "merge", "shards"])]
    pub(crate) expect_size: Option<u64>,

    /// Add SHA-512 digests
    #[arg(long, group = "more")]
    pub(crate) sha512: bool,

    /// Add BLAKE3 digests
    #[arg(long, group = "more")]
    pub(crate) blake3: bool,

    /// Add fs-verity file digests: SHA-256, blocks of 4096 bytes, no salt
    #[arg(long, group = "more")]
    pub(crate) fs_verity: bool,

    /// Add a digest for each tensor of safetensors and GGUF files
    ///
    /// A file of one of these formats whose header is broken is an error.
    #[arg(long, group = "more")]
    pub(crate) tensors: bool,

    /// Hash in shards of SIZE bytes, for an OpenSSF Model Signing signature of shards and nothing else
    ///
    /// SIZE is a number of bytes, or one with k, M, G, T (powers of 1000) or Ki, Mi, Gi, Ti (powers of 1024); at least
    /// 1Ki. model_signing's own is 1G. Files of the manifest have no digest of their whole, so that bills and other
    /// statements cannot be made of it.
    #[arg(long, value_name = "SIZE", value_parser = size::parse, group = "mode", conflicts_with_all = ["more", "taken_over"])]
    pub(crate) shards: Option<u64>,

    /// Leave out what matches; it is listed as left out
    ///
    /// Here * and ? stop at a slash, ** does not. A pattern without a slash is held against the last component of a
    /// path at any depth, one with a slash against the whole path. A directory is left out with all it holds.
    #[arg(long, value_name = "GLOB", group = "left_out")]
    pub(crate) exclude: Vec<Pattern>,

    /// Leave out .git, .gitattributes, .github and .gitignore at the top, as model_signing does
    #[arg(long, group = "left_out")]
    pub(crate) oms_defaults: bool,

    /// Threads that hash [default: one a core]
    #[arg(long, value_name = "N", group = "how")]
    pub(crate) threads: Option<NonZeroUsize>,

    /// Map files that are in memory: faster, but only for files that nobody writes to
    ///
    /// Should such a file be truncated meanwhile, or its disk fail, the tool is killed by SIGBUS and writes nothing;
    /// should it be written to, the digest may be of bytes that it never had.
    #[arg(long, group = "how")]
    pub(crate) mmap: bool,

    /// Hash with this kernel: for tests
    #[arg(long, value_name = "NAME", hide = true, value_parser = kernel, group = "how")]
    pub(crate) kernel: Option<Kernel>,

    /// Take over digests that earlier runs computed of files that look untouched, and keep those of this run
    ///
    /// Looking untouched is device, inode, size and both times. It is no proof: such a file's digestSource is "cached".
    #[arg(long, value_name = "FILE", group = "taken_over", conflicts_with = "tensors")]
    pub(crate) cache: Option<PathBuf>,

    /// Take over digests from an OCI image manifest whose layers are files of PATH; - is standard input
    ///
    /// The bytes are not held against them: such a file's digestSource is "oci-manifest".
    #[arg(long, value_name = "FILE", group = "taken_over", conflicts_with = "more")]
    pub(crate) from_oci_manifest: Option<PathBuf>,

    /// Take over digests from a list that sha256sum wrote, with paths that start from PATH; - is standard input
    ///
    /// The bytes are not held against them: such a file's digestSource is "sums".
    #[arg(long, value_name = "FILE", group = "taken_over", conflicts_with = "more")]
    pub(crate) from_sums: Option<PathBuf>,

    /// In a Hub cache, take a blob's name of 64 digits for its SHA-256
    ///
    /// The bytes are not held against it: such a file's digestSource is "blob-name".
    #[arg(long, group = "taken_over", conflicts_with = "more")]
    pub(crate) trust_blob_names: bool,

    /// Write here, whole or not at all, instead of to standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// Write progress as JSON Lines to this open descriptor, 2 or higher
    ///
    /// A line at once, some every second, and a last one. A reader that is slow misses lines, and holds up nothing.
    #[arg(long, value_name = "FD", conflicts_with = "merge", value_parser = clap::value_parser!(u32).range(2..))]
    pub(crate) json_progress: Option<u32>,

    /// No progress, no hints, no reasons of a no
    #[arg(long)]
    pub(crate) quiet: bool,
}

impl Args {
    /// How to hash a model that is named.
    pub(crate) fn options(&self) -> Options {
        Options {
            exclusions: Exclusions {
                patterns: self.exclude.clone(),
                oms_defaults: self.oms_defaults,
                ..Exclusions::default()
            },
            sha512: self.sha512,
            blake3: self.blake3,
            fs_verity: self.fs_verity,
            tensors: self.tensors,
            only: Vec::new(),
            threads: self.threads,
            reading: self.reading(),
            kernel: self.kernel,
            known: None,
        }
    }

    pub(crate) fn reading(&self) -> Reading {
        if self.mmap { Reading::Map } else { Reading::Auto }
    }
}

fn kernel(name: &str) -> Result<Kernel, String> {
    let kernel = Kernel::parse(name).ok_or_else(|| format!("{name:?} is no kernel"))?;
    // Another one in its place would pass for it.
    if kernel.is_available() { Ok(kernel) } else { Err(format!("this processor has no {name}")) }
}

/// The name of a file, without a directory.
fn component(text: &str) -> Result<RelPath, String> {
    match RelPath::parse(text) {
        Ok(path) if path.as_str() == path.file_name() => Ok(path),
        Ok(_) => Err("has a slash, a name without a directory was wanted".to_owned()),
        Err(why) => Err(why.to_string()),
    }
}

impl mlbom::cli::Arguments for Args {
    fn quiet(&self) -> bool {
        self.quiet
    }
}
