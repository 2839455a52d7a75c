//! The command line.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use mlbom::evidence::Role;

/// Capture how a model was made from what training left on disk.
///
/// Nothing is run and no connection is opened. What is not named is not looked for, and the document says so.
#[derive(Debug, clap::Parser)]
#[command(name = "mlbom-capture", version, max_term_width = 100)]
#[command(group = clap::ArgGroup::new("subject").required(true).multiple(true))]
pub(crate) struct Args {
    /// Copy the documents on standard input to the output first, and take the model's digests from the manifest among them
    #[arg(value_name = "-", value_parser = ["-"])]
    pub(crate) stdin: Option<String>,

    /// The model: weights, configuration, tokenizer, card
    #[arg(long, value_name = "DIR", group = "subject")]
    pub(crate) model: Option<PathBuf>,

    /// What the trainer left beside the model: trainer_state.json and the results
    #[arg(long, value_name = "DIR", group = "subject")]
    pub(crate) run: Vec<PathBuf>,

    /// A base model: a repository or snapshot in a Hub cache, a download, a directory; or none
    ///
    /// "none" declares that there is no base model. A directory of that name is ./none.
    #[arg(long, value_name = "PATH|none", group = "subject")]
    pub(crate) base: Vec<Named>,

    /// An adapter that belongs to the model and does not lie in it
    #[arg(long, value_name = "DIR", group = "subject")]
    pub(crate) adapter: Vec<PathBuf>,

    /// A dataset: ROLE is train, fine-tune, eval, validation or calibration; PATH a file or directory; or none
    ///
    /// PATH may be a repository or snapshot in a Hub cache, or an entry of the datasets library's cache. A file beside it,
    /// PATH.dataset.toml (in a directory: dataset.toml), tells consent, licence, personal data, dates and limits.
    #[arg(long, value_name = "ROLE=PATH|none", group = "subject")]
    pub(crate) dataset: Vec<Dataset>,

    /// The code that made the model: a git work tree
    #[arg(long, value_name = "DIR", group = "subject")]
    pub(crate) code: Vec<PathBuf>,

    /// The Python environment it ran in: a virtual environment, an installation, or a site-packages directory
    #[arg(long, value_name = "DIR", group = "subject")]
    pub(crate) python: Vec<PathBuf>,

    /// The CI job this runs in, from a list of variables of each CI system, and its machine as with --host
    #[arg(long, group = "subject")]
    pub(crate) ci: bool,

    /// This machine: processors, memory, accelerators, operating system
    #[arg(long, group = "subject")]
    pub(crate) host: bool,

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

/// A path, or the word that there is none.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Named {
    None,
    Path(PathBuf),
}

impl FromStr for Named {
    type Err = &'static str;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        match given {
            "" => Err("a path or none was wanted"),
            "none" => Ok(Self::None),
            path => Ok(Self::Path(path.into())),
        }
    }
}

/// A dataset with its role, or the word that there is none.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Dataset {
    None,
    Path(Role, PathBuf),
}

impl FromStr for Dataset {
    type Err = String;

    fn from_str(given: &str) -> Result<Self, String> {
        if given == "none" {
            return Ok(Self::None);
        }
        let roles = [
            ("train", Role::TrainingDataset),
            ("fine-tune", Role::FineTuningDataset),
            ("eval", Role::EvaluationDataset),
            ("validation", Role::ValidationDataset),
            ("calibration", Role::CalibrationDataset),
        ];
        let (role, path) = given.split_once('=').unwrap_or((given, ""));
        match roles.iter().find(|(name, _)| *name == role) {
            Some((_, role)) if !path.is_empty() => Ok(Self::Path(*role, path.into())),
            _ => Err(format!(
                "none, or a path after one of these was wanted: {}",
                roles.map(|(name, _)| format!("{name}=")).join(" ")
            )),
        }
    }
}

impl Args {
    /// Every path that a flag names: what lies there is spoken of elsewhere.
    pub(crate) fn paths(&self) -> Vec<&Path> {
        let base = self.base.iter().filter_map(|base| match base {
            Named::Path(path) => Some(path.as_path()),
            Named::None => None,
        });
        let datasets = self.dataset.iter().filter_map(|dataset| match dataset {
            Dataset::Path(_, path) => Some(path.as_path()),
            Dataset::None => None,
        });
        let plain = [&self.run, &self.adapter, &self.python];
        let plain = plain.into_iter().flatten().chain(&self.model).chain(&self.output).map(PathBuf::as_path);
        plain.chain(base).chain(datasets).collect()
    }
}
