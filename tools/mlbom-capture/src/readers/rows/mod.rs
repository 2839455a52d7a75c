//! The rows of a dataset: counted in its files, and as `dataset_info.json` has them.

mod count;
mod info;
mod json_lines;
mod records;
#[cfg(test)]
mod tests;
mod text;

use std::collections::{BTreeMap, BTreeSet};

use mlbom::evidence::{FlagSource, Severity, Source, Trust};
use mlbom::manifest::{self, Kind};

use self::count::{Count, Why};
use self::info::Info;
use crate::error::Error;
use crate::folder::Folder;
use crate::readers::{On, Read, Reader};
use crate::scribe::Scribe;

pub(crate) const READER: Reader = Reader {
    name: "rows",
    on: &[On::Dataset],
    facts: &["data.fingerprint", "data.formats", "data.infoRows", "data.rows"],
    read: Read::Folder(read),
};

/// The most files that are named one by one.
const MAX_TOLD: usize = 20;
/// Files that lie beside data and are none.
const ABOUT: &[&str] = &[
    "croissant.json",
    "dataset.toml",
    "dataset_dict.json",
    "dataset_info.json",
    "dataset_infos.json",
    "state.json",
];
/// Endings of such files.
const ABOUT_ENDINGS: &[&str] = &[".dataset.toml", ".dvc", ".lock", ".md", ".py", ".yaml", ".yml"];

pub(crate) fn read(scribe: &mut Scribe<'_>, folder: &Folder) -> Result<(), Error> {
    let infos = info::all(scribe, folder)?;
    info::state(scribe, &infos);
    info::fingerprint(scribe, folder)?;
    let files = data_files(folder);
    let counted = count_all(scribe, folder, &files)?;
    for info in &infos {
        compare(scribe, folder, info, &infos, &files, &counted);
    }
    Ok(())
}

/// Counts the rows of every file, and states their sum if there is one.
fn count_all<'a>(
    scribe: &mut Scribe<'_>,
    folder: &Folder,
    files: &[&'a manifest::File],
) -> Result<BTreeMap<&'a str, u64>, Error> {
    let mut formats = BTreeSet::new();
    let mut counted = BTreeMap::new();
    let (mut unknown, mut broken, mut pointers) = (Vec::new(), Vec::new(), Vec::new());
    for file in files {
        let Count { format, rows } = count::rows(folder, file)?;
        formats.insert(format);
        match rows {
            Ok(rows) => {
                counted.insert(file.path.as_str(), rows);
            }
            Err(Why::NotCounted) => unknown.push(*file),
            Err(Why::Pointer) => pointers.push(*file),
            Err(Why::Unreadable(why)) => broken.push((*file, why)),
        }
    }
    let source = match files {
        [] => return Ok(counted),
        [only] => folder.at(only).whole(),
        // No one file holds them all.
        _ => flag(),
    };
    let formats: Vec<&str> = formats.into_iter().collect();
    scribe.fact("data.formats", formats, Trust::Computed, source.clone());
    for (file, why) in broken.iter().take(MAX_TOLD) {
        scribe.unreadable(&folder.at(file), why);
    }
    if let Some((file, _)) = broken.get(MAX_TOLD) {
        let why = format!("nor can {} other files", broken.len() - MAX_TOLD - 1);
        scribe.unreadable(&folder.at(file), &why);
    }
    if !pointers.is_empty() {
        scribe.unreadable = true;
        let message = format!("{} files are pointers of git-lfs: the data is not here", pointers.len());
        let named = pointers.iter().take(MAX_TOLD);
        let claims: Vec<_> = named.map(|file| ("a pointer".to_owned(), folder.at(file).whole())).collect();
        scribe.finding("MLB-LFS-POINTER", Severity::High, &message, claims);
    }
    if let Some(file) = unknown.first() {
        // Nothing is wrong with them; all the same a sum without them would be another number.
        scribe.unreadable = true;
        let message = format!("the rows of {} of {} files are not counted", unknown.len(), files.len());
        let says = "not of a format whose rows are counted".to_owned();
        scribe.finding("MLB-UNREADABLE", Severity::Low, &message, [(says, folder.at(file).whole())]);
    }
    if counted.len() == files.len() {
        let sum = counted.values().try_fold(0u64, |sum, rows| sum.checked_add(*rows));
        match sum {
            Some(sum) => scribe.fact("data.rows", sum, Trust::Computed, source),
            None => scribe.unreadable = true,
        }
    }
    Ok(counted)
}

/// Holds what one `dataset_info.json` tells against the files that it is about.
fn compare(
    scribe: &mut Scribe<'_>,
    folder: &Folder,
    info: &Info,
    infos: &[Info],
    files: &[&manifest::File],
    counted: &BTreeMap<&str, u64>,
) {
    let nearest = |file: &manifest::File| {
        let about = infos.iter().filter(|info| info.is_about(file.path.as_str()));
        about.max_by_key(|info| info.dir.len()).is_some_and(|nearest| nearest.dir == info.dir)
    };
    let about: Vec<&manifest::File> = files.iter().copied().filter(|file| nearest(file)).collect();
    let rows: Option<Vec<u64>> = about.iter().map(|file| counted.get(file.path.as_str()).copied()).collect();
    let Some(rows) = rows.filter(|rows| !rows.is_empty()) else { return };
    let Some(sum) = rows.iter().try_fold(0u64, |sum, rows| sum.checked_add(*rows)) else { return };
    if sum == info.rows {
        return;
    }
    let mut claims = vec![(format!("{} rows", info.rows), info.source.clone())];
    let found = about.iter().zip(&rows).take(MAX_TOLD);
    claims.extend(found.map(|(file, rows)| (format!("{rows} rows"), folder.at(file).whole())));
    let message = format!("dataset_info.json tells of {} rows, {sum} were counted", info.rows);
    scribe.finding("MLB-ROWS", Severity::Low, &message, claims);
}

fn flag() -> Source {
    Source::Flag(FlagSource { flag: "--dataset".to_owned() })
}

/// The files of data: all but those that only speak of it. A single file is data, whatever it is called.
fn data_files(folder: &Folder) -> Vec<&manifest::File> {
    let single = folder.manifest.as_ref().is_some_and(|manifest| manifest.kind() == Kind::File);
    folder.files().iter().filter(|file| single || is_data(folder, file)).collect()
}

fn is_data(folder: &Folder, file: &manifest::File) -> bool {
    let name = file.path.file_name();
    let hidden = file.path.as_str().split('/').any(|part| part.starts_with('.'));
    let about = ABOUT.contains(&name)
        || name.starts_with("README")
        || name.starts_with("LICENSE")
        || ABOUT_ENDINGS.iter().any(|ending| name.ends_with(ending));
    !hidden && !about && !info::is_derived(folder, file)
}
