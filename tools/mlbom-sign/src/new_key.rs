//! `--new-key`: a private key for its owner alone, and its public half.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mlbom_sigstore::key::KeyType;
use mlbom_sigstore::signing::PrivateKey;
use signal_hook::consts::SIGXFSZ;

use crate::error::Error;
use crate::password::PasswordArgs;

/// Writes `file` (0600) and `file.pub`; if either exists or cannot be written, neither is left behind.
///
/// The private half is locked if the caller says with what; nobody is asked.
pub(crate) fn write(file: &Path, key_type: KeyType, password: &PasswordArgs) -> Result<(), Error> {
    if file == Path::new("-") {
        return Err(Error::KeyOnStdout);
    }
    let mut public: OsString = file.into();
    public.push(".pub");
    let public = PathBuf::from(public);
    let (key, pem) = if password.is_given() {
        let name = file.display().to_string();
        let read = password.ask(&name).map_err(|source| Error::Password { name, source })?;
        PrivateKey::generate_locked(key_type, &read)
    } else {
        PrivateKey::generate_of(key_type)
    }
    .map_err(Error::NoNewKey)?;
    // A limit of file size would end the process, and leave a file without its key: this way the write fails.
    signal_hook::flag::register(SIGXFSZ, Arc::default())
        .map_err(|source| Error::NewKey { name: file.display().to_string(), source })?;
    create(file, &pem, 0o600)?;
    create(&public, &key.public().to_pem(), 0o644).inspect_err(|_| {
        // Only what was made a moment ago goes.
        let _ = fs::remove_file(file);
    })
}

fn create(path: &Path, text: &str, mode: u32) -> Result<(), Error> {
    let name = || path.display().to_string();
    let opened = OpenOptions::new().write(true).create_new(true).mode(mode).open(path);
    let mut file = opened.map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => Error::Exists { name: name() },
        _ => Error::NewKey { name: name(), source },
    })?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(|source| {
        let _ = fs::remove_file(path);
        Error::NewKey { name: name(), source }
    })
}
