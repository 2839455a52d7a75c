//! What tells a file from another, and from itself after a change.

use rustix::fs::{FileType, Stat};

/// A file as it was at one moment. Any write, truncation or replacement changes it.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Identity {
    /// The file system.
    pub device: u64,
    /// The file in it.
    pub inode: u64,
    /// In bytes.
    pub size: u64,
    /// When its bytes were last written, by its own word: seconds since 1970, and nanoseconds.
    pub modified: (i64, u64),
    /// When the system last noted a change of it.
    pub changed: (i64, u64),
}

impl Identity {
    // The fields of `Stat` have other widths on other systems.
    #[allow(clippy::unnecessary_cast, clippy::cast_lossless, trivial_numeric_casts, unused_qualifications)]
    pub(crate) fn of(stat: &Stat) -> Self {
        Self {
            device: stat.st_dev as u64,
            inode: stat.st_ino as u64,
            size: u64::try_from(stat.st_size).unwrap_or(0),
            modified: (stat.st_mtime as i64, stat.st_mtime_nsec as u64),
            changed: (stat.st_ctime as i64, stat.st_ctime_nsec as u64),
        }
    }
}

/// What `stat` describes, in the words of a message.
pub(crate) fn kind_name(stat: &Stat) -> &'static str {
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::Fifo => "FIFO",
        FileType::Socket => "socket",
        FileType::CharacterDevice | FileType::BlockDevice => "device",
        FileType::Directory => "directory",
        FileType::Symlink => "symbolic link",
        _ => "special file",
    }
}
