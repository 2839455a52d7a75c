//! What a tool writes: standard output, or a file that appears whole or not at all.

use std::collections::HashSet;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsFd as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::temporary::Temporary;

/// Where the document goes.
#[derive(Debug, Default)]
pub struct Output {
    target: Option<PathBuf>,
    inputs: HashSet<(u64, u64)>,
    /// What was written to meanwhile.
    written: Option<(u64, u64)>,
}

/// Why a document could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutputError {
    /// The file is also an input.
    #[error("{0}: is an input, and would be overwritten")]
    Input(String),
    /// Cannot be written.
    #[error("{name}: cannot be written")]
    Io {
        /// What was written.
        name: String,
        /// Why not.
        source: io::Error,
    },
    /// Neither a regular file nor a name that is free.
    #[error("{0}: is not a regular file")]
    NotAFile(String),
    /// Two things are to be written there.
    #[error("{0}: is also where the document goes")]
    Twice(String),
    /// What the tool wrote meanwhile went into a file that it read.
    #[error("progress was written into a file that was read")]
    Written,
    /// Descriptor 1 was closed when the tool was started.
    #[error("standard output is closed")]
    StdoutClosed,
}

impl Output {
    /// The file `target`, or standard output if there is none or it is `-`.
    #[must_use]
    pub fn new(target: Option<&Path>) -> Self {
        let target = target.filter(|path| *path != Path::new("-")).map(Path::to_owned);
        Self { target, inputs: HashSet::new(), written: None }
    }

    /// Standard output.
    #[must_use]
    pub fn stdout() -> Self {
        Self::default()
    }

    /// Refuses to overwrite the file with this device and inode.
    pub fn protect(&mut self, identity: Option<(u64, u64)>) {
        self.inputs.extend(identity);
    }

    /// Says that the file with this device and inode is written to while the tool runs: if it turns out to be an input,
    /// there is no document.
    pub fn written_meanwhile(&mut self, identity: Option<(u64, u64)>) {
        self.written = identity;
    }

    /// Fails now if it is clear by now that nothing can be written there: before a run that takes long.
    pub fn check(&self) -> Result<(), OutputError> {
        match &self.target {
            Some(path) => {
                let target = Target::find(path)?;
                if let Some(metadata) = &target.existing {
                    self.refuse_input(&target, metadata)?;
                }
                target.place().map(drop)
            }
            None if mlbom_stdio::stdout_was_closed() => Err(OutputError::StdoutClosed),
            None => Ok(()),
        }
    }

    /// Writes the whole document: on an error nothing of it is left in a file.
    pub fn write(&self, document: &[u8]) -> Result<(), OutputError> {
        if self.written.is_some_and(|written| self.inputs.contains(&written)) {
            return Err(OutputError::Written);
        }
        match &self.target {
            None => self.write_stdout(document),
            Some(path) => self.write_file(path, document),
        }
    }

    fn write_stdout(&self, document: &[u8]) -> Result<(), OutputError> {
        if mlbom_stdio::stdout_was_closed() {
            return Err(OutputError::StdoutClosed);
        }
        let name = || "standard output".to_owned();
        let failed = |source| OutputError::Io { name: name(), source };
        // Not through io::Stdout, which buffers by line and takes EBADF for success.
        let mut stdout = File::from(io::stdout().as_fd().try_clone_to_owned().map_err(failed)?);
        // `hash . > ./manifest` would list the file that it is about to fill.
        let metadata = stdout.metadata().map_err(failed)?;
        if metadata.is_file() && self.inputs.contains(&identity(&metadata)) {
            return Err(OutputError::Input(name()));
        }
        stdout.write_all(document).map_err(failed)
    }

    fn write_file(&self, path: &Path, document: &[u8]) -> Result<(), OutputError> {
        let target = Target::find(path)?;
        if let Some(metadata) = &target.existing {
            self.refuse_input(&target, metadata)?;
            if !metadata.is_file() {
                // A device or a pipe: there is nothing to rename over.
                let mut device =
                    OpenOptions::new().write(true).open(&target.path).map_err(target.failed())?;
                return device.write_all(document).map_err(target.failed());
            }
        }
        let mut file = target.replace()?;
        file.write(document)?;
        file.finish()
    }

    /// Another file that the run writes, piece by piece; not one of the inputs, and not where the document goes.
    pub fn beside(&self, path: &Path) -> Result<Replacement, OutputError> {
        let target = Target::find(path)?;
        if let Some(metadata) = &target.existing {
            self.refuse_input(&target, metadata)?;
            if !metadata.is_file() {
                return Err(OutputError::NotAFile(target.name));
            }
        }
        let twice = match &self.target {
            Some(output) => Target::find(output)?.place()? == target.place()?,
            None => {
                let stdout = rustix::fs::fstat(io::stdout()).ok().map(|stat| (stat.st_dev, stat.st_ino));
                target.existing.as_ref().is_some_and(|metadata| Some(identity(metadata)) == stdout)
            }
        };
        if twice { Err(OutputError::Twice(target.name)) } else { target.replace() }
    }

    fn refuse_input(&self, target: &Target, metadata: &Metadata) -> Result<(), OutputError> {
        if self.inputs.contains(&identity(metadata)) {
            return Err(OutputError::Input(target.name.clone()));
        }
        Ok(())
    }
}

fn identity(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

/// Puts a file of these bytes in the place of `path`, whatever is there: whole or not at all, and for its owner alone.
/// Gives its device and inode.
pub fn replace_private(path: &Path, document: &[u8]) -> Result<(u64, u64), OutputError> {
    let failed = |source| OutputError::Io { name: path.display().to_string(), source };
    let mut temporary = Temporary::beside(path, 0o600, None).map_err(failed)?;
    temporary.file().write_all(document).map_err(failed)?;
    let metadata = temporary.file().metadata().map_err(failed)?;
    temporary.rename_to(path).map_err(failed)?;
    Ok(identity(&metadata))
}

/// Where a file is to be written.
struct Target {
    /// As the caller typed it.
    name: String,
    path: PathBuf,
    /// What is there.
    existing: Option<Metadata>,
}

impl Target {
    fn find(path: &Path) -> Result<Self, OutputError> {
        let name = path.display().to_string();
        let failed = |source| OutputError::Io { name: name.clone(), source };
        // A link is written through, not replaced; one that leads nowhere is an error.
        let path = match fs::symlink_metadata(path) {
            Ok(metadata) if metadata.is_symlink() => match fs::canonicalize(path) {
                // A pipe behind /dev/stdout or /dev/fd has no name that leads there.
                Err(_) if fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) => path.to_owned(),
                other => other.map_err(failed)?,
            },
            _ => path.to_owned(),
        };
        let existing = match fs::metadata(&path) {
            Ok(metadata) if metadata.is_dir() => return Err(failed(io::ErrorKind::IsADirectory.into())),
            Ok(metadata) => Some(metadata),
            Err(err) if err.kind() == io::ErrorKind::NotFound => None,
            Err(err) => return Err(failed(err)),
        };
        Ok(Self { name, path, existing })
    }

    fn failed(&self) -> impl Fn(io::Error) -> OutputError + '_ {
        |source| OutputError::Io { name: self.name.clone(), source }
    }

    /// The directory and the name in it, however it was typed.
    fn place(&self) -> Result<(PathBuf, Option<&std::ffi::OsStr>), OutputError> {
        let parent = self.path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let parent = fs::canonicalize(parent.unwrap_or(Path::new("."))).map_err(self.failed())?;
        Ok((parent, self.path.file_name()))
    }

    /// Begins to write what will be there.
    fn replace(self) -> Result<Replacement, OutputError> {
        let permissions = self.existing.as_ref().map(Metadata::permissions);
        let temporary = Temporary::beside(&self.path, 0o666, permissions).map_err(self.failed())?;
        Ok(Replacement { temporary, target: self })
    }
}

/// A file that appears under its name when it is whole; dropped before that, it leaves nothing.
pub struct Replacement {
    temporary: Temporary,
    target: Target,
}

impl Replacement {
    /// Writes the next bytes.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), OutputError> {
        self.temporary.file().write_all(bytes).map_err(self.target.failed())
    }

    /// Gives it its name, once all of it has reached the disk.
    pub fn finish(self) -> Result<(), OutputError> {
        let Self { temporary, target } = self;
        temporary.rename_to(&target.path).map_err(target.failed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_or_not_at_all() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("out put");
        Output::new(Some(&path)).write(b"one").expect("writes");
        Output::new(Some(&path)).write(b"two").expect("replaces");
        assert_eq!(fs::read(&path).expect("a file"), b"two");
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(&path, &link).expect("a link");
        Output::new(Some(&link)).write(b"three").expect("writes through");
        assert_eq!(fs::read(&path).expect("a file"), b"three");
        assert!(link.is_symlink());
        assert_eq!(fs::read_dir(dir.path()).expect("a directory").count(), 2, "no temporary is left");
    }

    #[test]
    fn private_and_in_place_of_a_link() {
        let dir = tempfile::tempdir().expect("a directory");
        let (path, link) = (dir.path().join("other"), dir.path().join("link"));
        fs::write(&path, b"precious").expect("a file");
        std::os::unix::fs::symlink(&path, &link).expect("a link");
        let identity = replace_private(&link, b"new").expect("writes");
        let metadata = fs::symlink_metadata(&link).expect("a file");
        assert_eq!((metadata.dev(), metadata.ino()), identity);
        assert_eq!((metadata.is_file(), metadata.mode() & 0o777), (true, 0o600));
        assert_eq!(fs::read(&path).expect("a file"), b"precious", "a link is not written through");
        assert!(replace_private(&dir.path().join("none/file"), b"").is_err(), "no such directory");
    }

    #[test]
    fn refusals() {
        let dir = tempfile::tempdir().expect("a directory");
        assert!(Output::new(Some(dir.path())).write(b"").is_err(), "a directory");
        assert!(Output::new(Some(&dir.path().join("none/file"))).write(b"").is_err(), "no such directory");
        assert!(Output::new(Some(Path::new("/dev/full"))).write(b"x").is_err(), "a full device");
        let path = dir.path().join("input");
        fs::write(&path, b"precious").expect("a file");
        let metadata = fs::metadata(&path).expect("metadata");
        let mut output = Output::new(Some(&path));
        output.protect(Some((metadata.dev(), metadata.ino())));
        assert!(matches!(output.write(b"x"), Err(OutputError::Input(_))));
        assert_eq!(fs::read(&path).expect("a file"), b"precious");
        assert!(matches!(output.beside(&path), Err(OutputError::Input(_))));
    }

    #[test]
    fn a_second_file() {
        let dir = tempfile::tempdir().expect("a directory");
        let at = |name: &str| dir.path().join(name);
        let (path, out) = (at("file"), at("out"));
        std::os::unix::fs::symlink("out", at("link")).expect("a link");
        fs::write(&out, b"").expect("a file");
        let output = Output::new(Some(&out));
        for same in [&out, &at("./out"), &at("link")] {
            assert!(matches!(output.beside(same), Err(OutputError::Twice(_))), "{}", same.display());
        }
        fs::remove_file(&out).expect("a file");
        assert!(matches!(output.beside(&out), Err(OutputError::Twice(_))), "where nothing is yet");
        assert!(output.beside(&at("link")).is_err(), "a link that leads nowhere");
        assert!(output.beside(dir.path()).is_err(), "a directory");
        assert!(matches!(output.beside(Path::new("/dev/null")), Err(OutputError::NotAFile(_))));
        assert!(output.beside(&at("none/file")).is_err(), "no such directory");

        fs::write(&path, b"old").expect("a file");
        let mut file = output.beside(&path).expect("a file");
        file.write(b"ne").expect("writes");
        assert_eq!(fs::read(&path).expect("a file"), b"old", "until it is whole");
        drop(file);
        assert_eq!(fs::read(&path).expect("a file"), b"old");
        assert_eq!(fs::read_dir(dir.path()).expect("a directory").count(), 2, "no temporary is left");
        let mut file = output.beside(&path).expect("a file");
        file.write(b"ne").expect("writes");
        file.write(b"w").expect("writes");
        file.finish().expect("renames");
        assert_eq!(fs::read(&path).expect("a file"), b"new");
        assert_eq!(fs::read_dir(dir.path()).expect("a directory").count(), 2, "no temporary is left");
    }
}
