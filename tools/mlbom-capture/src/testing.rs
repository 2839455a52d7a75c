//! What the tests of readers share.

use std::collections::BTreeMap;

use clap::Parser as _;
use mlbom::cli::Progress;
use mlbom::evidence::Evidence;

use crate::args::Args;
use crate::capture::capture;
use crate::readers::Machine;

/// What is captured with these arguments, on a machine without variables and files.
pub(crate) fn evidence(args: &[&str]) -> Evidence {
    let args = Args::parse_from([crate::TOOL].iter().chain(args));
    let root = tempfile::tempdir().expect("a directory");
    let machine = Machine { variables: BTreeMap::new(), root: root.path().to_owned() };
    capture(&args, None, &machine, &Progress::new(crate::TOOL, true)).expect("evidence").evidence
}
