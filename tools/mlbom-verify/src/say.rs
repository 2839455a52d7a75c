//! Why the answer is no, for the person at the terminal.

use mlbom::cli;
use mlbom::path::RelPath;
use mlbom::report::{Check, Outcome, Report};

use crate::TOOL;

/// Of a long list this many are shown; the report has them all.
const MAX_SHOWN: usize = 20;

/// One line a reason, the files that differ, the remedy beneath.
pub(crate) fn reasons<M>(report: &Report<M>) {
    for check in report.checks.iter().filter(|check| check.result == Outcome::Failed) {
        let file = check.file.as_ref().map(|file| format!("{file}{}: ", which(report, check)));
        let file = file.unwrap_or_default();
        let reason = check.reason.as_deref().unwrap_or(&check.id);
        cli::say(TOOL, &format!("{file}{reason}"));
        if let Some(differences) = &check.differences {
            paths("missing", &differences.missing);
            paths("changed", &differences.changed);
            paths("extra", &differences.extra);
        }
        if let Some(remedy) = &check.remedy {
            cli::say(TOOL, &format!("hint: {remedy}"));
        }
    }
}

/// Which bundle of a file it is, if the file holds several: the beginning of its digest, as the report has it.
fn which<M>(report: &Report<M>, check: &Check) -> String {
    let same_file = |other: &&Check| other.file == check.file && other.bundle != check.bundle;
    match (&check.bundle, report.checks.iter().find(same_file)) {
        (Some(bundle), Some(_)) => format!(" (bundle {:.12})", bundle.to_string()),
        _ => String::new(),
    }
}

fn paths(what: &str, paths: &[RelPath]) {
    paths.iter().take(MAX_SHOWN).for_each(|path| cli::say(TOOL, &format!("{what}: {path}")));
    if paths.len() > MAX_SHOWN {
        cli::say(TOOL, &format!("{what}: and {} more", paths.len() - MAX_SHOWN));
    }
}
