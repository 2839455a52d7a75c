//! The command line.

use std::path::PathBuf;

use clap::Parser;

use mlbom::time::Timestamp;

/// Decide over a report of mlbom-verify on standard input, and write the decision.
///
/// Without --policy the built-in policy model-deployment decides. The rules that are not Rego hold with any policy.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Args {
    /// A policy file, or a directory of them, or builtin:NAME; again for several
    ///
    /// Of a directory, and of those below it, every *.rego but *_test.rego is loaded. builtin:model-deployment is what
    /// decides without this option, builtin:minimal asks for less. All policies given decide together.
    #[arg(long, value_name = "PATH")]
    pub policy: Vec<PathBuf>,

    /// JSON that policies read as data.mlbom; again for several
    ///
    /// An object with the one member "mlbom". Several files are merged, and may not give the same thing twice.
    #[arg(long, value_name = "FILE")]
    pub data: Vec<PathBuf>,

    /// The time that policies see as time.now_ns()
    ///
    /// RFC 3339, for instance 2026-11-21T12:00:00Z; without it, the clock's.
    #[arg(long, value_name = "RFC3339")]
    pub at: Option<Timestamp>,

    /// Write the decision to FILE, whole or not at all
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Say nothing on standard error of why a decision is no
    #[arg(long)]
    pub quiet: bool,
}

impl mlbom::cli::Arguments for Args {
    fn quiet(&self) -> bool {
        self.quiet
    }
}
