//! The command line.

use std::path::PathBuf;

/// Sign a manifest, a bill of materials or an in-toto statement on standard input.
#[derive(Debug, clap::Parser)]
#[command(name = "mlbom-sign", version, max_term_width = 100)]
pub(crate) struct Args {
    /// The private key: PEM, PKCS#8 or SEC1, ECDSA P-256 or Ed25519
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,

    /// Make a P-256 key: FILE, readable by you alone, and FILE.pub; never replaces a file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["key", "output"])]
    pub(crate) new_key: Option<PathBuf>,

    /// Write here, whole or not at all, instead of to standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// No hints
    #[arg(long)]
    pub(crate) quiet: bool,
}

impl mlbom::cli::Arguments for Args {
    fn quiet(&self) -> bool {
        self.quiet
    }
}
