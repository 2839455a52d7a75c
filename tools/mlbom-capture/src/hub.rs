//! Where the files of a base model or a dataset really are, and what the cache around them says.

use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::folder::Folder;
use crate::scribe::Scribe;

/// Where the files are.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// The directory or file to hash.
    pub(crate) files: PathBuf,
    /// `organisation/name`, if the place tells.
    pub(crate) name: Option<String>,
}

impl Place {
    pub(crate) fn plain(path: &Path) -> Self {
        Self { files: path.to_owned(), name: None }
    }
}

/// The files of the model at `path`.
pub(crate) fn model(path: &Path) -> Result<Place, Error> {
    Ok(Place::plain(path))
}

/// The files of the dataset at `path`.
pub(crate) fn dataset(path: &Path) -> Result<Place, Error> {
    Ok(Place::plain(path))
}

/// States what the cache around `folder` says of it.
pub(crate) fn read(_scribe: &mut Scribe<'_>, _folder: &Folder, _place: &Place) -> Result<(), Error> {
    Ok(())
}
