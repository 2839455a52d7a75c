//! The headers of safetensors files: what readers of weights and of adapters share.

use std::io;

use mlbom::manifest::File;
use mlbom_formats::safetensors::{self, Header};

use crate::error::Error;
use crate::folder::Folder;
use crate::scribe::Scribe;

/// The header of `file`, and no byte more; what is none is said to be unreadable.
pub(crate) fn read(scribe: &mut Scribe<'_>, folder: &Folder, file: &File) -> Result<Option<Header>, Error> {
    let mut opened = folder.open(file)?;
    let size = opened.size();
    let read = safetensors::header(&mut opened.file, size);
    opened.unchanged()?;
    match read {
        Ok(header) => Ok(Some(header)),
        Err(safetensors::Error::Io(err)) if err.kind() != io::ErrorKind::UnexpectedEof => {
            Err(opened.failed(err).into())
        }
        Err(err) => {
            scribe.unreadable(&folder.at(file), &err.to_string());
            Ok(None)
        }
    }
}
