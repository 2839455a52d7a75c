//! JSON that another reader speaks of.

use serde_json::Value;

use crate::error::Error;
use crate::folder::{At, Folder};
use crate::scribe::{MAX_CONFIG_BYTES, Scribe};

/// A JSON object that another reader speaks of: that it cannot be read makes nothing of this reader unreadable.
pub(crate) fn peek(
    scribe: &mut Scribe<'_>,
    folder: &Folder,
    path: &str,
) -> Result<Option<(Value, At)>, Error> {
    let before = scribe.unreadable;
    let read = scribe.json(folder, path, MAX_CONFIG_BYTES)?;
    scribe.unreadable = before;
    Ok(read)
}
