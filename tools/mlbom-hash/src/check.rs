//! `--check`: a manifest against the files.

use std::path::{Path, PathBuf};

use mlbom::cli::{self, Progress, Verdict};
use mlbom::manifest::{Digests, Kind, Manifest};
use mlbom::path::RelPath;
use mlbom::report::{Check, Outcome, Report, TYPE};
use mlbom_tree::{Exclusions, Options};

use crate::args::Args;
use crate::error::Error;
use crate::{TOOL, read_manifest};

pub(crate) fn run(args: &Args, file: &Path, progress: Progress) -> Result<Verdict, Error> {
    let (listed, identity) = read_manifest(file)?;
    let path = match args.paths.as_slice() {
        [] if listed.kind() == Kind::File => PathBuf::from(".").join(listed.name()),
        [] => PathBuf::from("."),
        [path] => path.clone(),
        [path, ..] => return Err(Error::ManyPaths(path.clone())),
    };
    let mut output = crate::output(args, &progress)?;
    output.protect(identity);
    let hashed = mlbom_tree::hash(&path, &options_of(args, &listed), &progress)?;
    drop(progress);
    if hashed.manifest.kind() != listed.kind() {
        let name = |kind| if kind == Kind::File { "a file" } else { "a directory" };
        let (found, wanted) = (name(hashed.manifest.kind()), name(listed.kind()));
        return Err(Error::OtherKind { path: path.display().to_string(), found, wanted });
    }
    // The manifest may lie among the files that it lists; it cannot list itself.
    let files = hashed.manifest.files().iter().zip(&hashed.identities);
    let own =
        files.filter(|(_, identity_of)| Some(**identity_of) == identity).map(|(file, _)| file.path.clone());
    let own: Vec<RelPath> = own.collect();
    hashed.identities.iter().for_each(|identity| output.protect(Some(*identity)));
    let report = compare(&listed, hashed.manifest, &own);
    let mut line = serde_json::to_vec(&report).map_err(Error::Write)?;
    line.push(b'\n');
    if !args.quiet {
        say_differences(&report);
    }
    let verdict = if report.result == Outcome::Held { Verdict::Pass } else { Verdict::Fail };
    Ok(cli::deliver(verdict, output.write(&line))?)
}

/// The manifest says what was left out, and which digests there are to compare.
fn options_of(args: &Args, listed: &Manifest) -> Options {
    let has = |named: fn(&Digests) -> bool| listed.files().iter().any(|file| named(&file.digests));
    let exact = listed.excluded().iter().map(|entry| (entry.path.clone(), entry.by.clone())).collect();
    Options {
        exclusions: Exclusions { exact, ..Exclusions::default() },
        sha512: has(|digests| digests.sha512.is_some()),
        blake3: has(|digests| digests.blake3.is_some()),
        fs_verity: has(|digests| digests.fs_verity.is_some()),
        threads: args.threads,
        reading: args.reading(),
        kernel: args.kernel,
        ..Options::default()
    }
}

fn compare(listed: &Manifest, found: Manifest, own: &[RelPath]) -> Report {
    let mut differences = listed.differences(&found);
    let (tolerated, extra) = differences.extra.into_iter().partition(|path| own.contains(path));
    differences.extra = extra;
    let check = if differences.is_empty() {
        Check::held("files")
    } else {
        let (missing, changed, extra) =
            (differences.missing.len(), differences.changed.len(), differences.extra.len());
        let reason = format!("{missing} files missing, {changed} changed, {extra} extra");
        let failed = Check::failed(
            "files",
            reason,
            "restore the files listed, or hash the model anew if the change is meant",
        );
        Check { differences: Some(differences), ..failed }
    };
    Report {
        r#type: TYPE.to_owned(),
        tool: TOOL.to_owned(),
        result: check.result,
        model: found,
        checks: vec![check],
        statements: Vec::new(),
        tolerated,
        only: Vec::new(),
        unverified: Vec::new(),
        at: None,
        complete: true,
    }
}

fn say_differences(report: &Report) {
    for check in &report.checks {
        let Some(differences) = &check.differences else { continue };
        let lists = [
            ("missing", &differences.missing),
            ("changed", &differences.changed),
            ("extra", &differences.extra),
        ];
        for (what, paths) in lists {
            paths.iter().for_each(|path| cli::say(TOOL, &format!("{what}: {path}")));
        }
        if let Some(remedy) = &check.remedy {
            cli::say(TOOL, &format!("hint: {remedy}"));
        }
    }
}
