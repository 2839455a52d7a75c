//! HDF5: the signature at the start or, after a user block, at 512 bytes, 1024, 2048 and so on (HDF5 File Format
//! Specification 3.0, "Disk Format: Level 0A").

use std::iter;

use crate::Start;

const SIGNATURE: &[u8] = b"\x89HDF\r\n\x1a\n";

pub(crate) fn is_start(start: Start<'_>) -> bool {
    let places = iter::once(0).chain(iter::successors(Some(512), |place| Some(place * 2)));
    places.map_while(|place| start.bytes.get(place..)).any(|bytes| bytes.starts_with(SIGNATURE))
}
