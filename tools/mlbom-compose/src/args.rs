//! The command line.

use std::path::PathBuf;
use std::str::FromStr;

use mlbom::stream::Kind;
use mlbom::time::Timestamp;
use mlbom_bom::{FORMATS, Format};

/// Compose a bill of materials from a manifest and evidence on standard input.
#[derive(Debug, clap::Parser)]
#[command(name = "mlbom-compose", version, max_term_width = 100)]
pub(crate) struct Args {
    /// The model's name [default: the manifest's]
    #[arg(long, value_name = "NAME", value_parser = text)]
    pub(crate) name: Option<String>,

    /// The model's version [default: stated as unknown]
    #[arg(long, value_name = "V", value_parser = text)]
    pub(crate) model_version: Option<String>,

    /// The format to write
    #[arg(long, value_name = "FORMAT", default_value = FORMATS[0].name, value_parser = format_named)]
    pub(crate) format: ChosenFormat,

    /// When it was made, like 2026-11-21T13:00:00Z [default: SOURCE_DATE_EPOCH, or not said]
    #[arg(long, value_name = "RFC3339")]
    pub(crate) timestamp: Option<Timestamp>,

    /// Refuse a stream that does not hold this many documents of each type: manifest=1,evidence=1
    #[arg(long, value_name = "TYPE=N,...", value_delimiter = ',')]
    pub(crate) expect: Vec<Expect>,

    /// Write here, as JSON, what the format has no place for
    #[arg(long, value_name = "FILE", value_parser = a_file)]
    pub(crate) loss: Option<PathBuf>,

    /// Write here, whole or not at all, instead of to standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// No progress, no hints
    #[arg(long)]
    pub(crate) quiet: bool,
}

impl mlbom::cli::Arguments for Args {
    fn quiet(&self) -> bool {
        self.quiet
    }
}

/// The format that was asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ChosenFormat(pub(crate) Format);

/// How many documents of a type the stream has to hold.
#[derive(Clone, Debug)]
pub(crate) struct Expect {
    pub(crate) kind: Kind,
    pub(crate) count: usize,
}

impl FromStr for Expect {
    type Err = &'static str;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        let wanted = "manifest=N or evidence=N was wanted";
        let (kind, count) = given.split_once('=').ok_or(wanted)?;
        let kind = match kind {
            "manifest" => Kind::Manifest,
            "evidence" => Kind::Evidence,
            _ => return Err(wanted),
        };
        Ok(Self { kind, count: count.parse().map_err(|_| wanted)? })
    }
}

/// Standard output is the bill's.
fn a_file(given: &str) -> Result<PathBuf, &'static str> {
    if matches!(given, "" | "-") { Err("a file was wanted") } else { Ok(given.into()) }
}

fn format_named(given: &str) -> Result<ChosenFormat, String> {
    let known = || FORMATS.iter().map(|format| format.name).collect::<Vec<_>>().join(", ");
    let found = FORMATS.iter().find(|format| format.name == given);
    found.map(|format| ChosenFormat(*format)).ok_or_else(|| format!("one of these was wanted: {}", known()))
}

/// A name or version: not empty, and nothing in it that moves a cursor.
fn text(given: &str) -> Result<String, &'static str> {
    if given.trim().is_empty() || given.len() > 1024 || given.chars().any(char::is_control) {
        return Err("1 to 1024 bytes without control characters were wanted");
    }
    Ok(given.to_owned())
}
