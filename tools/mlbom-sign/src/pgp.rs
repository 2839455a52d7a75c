//! `--pgp-key`: a detached OpenPGP signature over the bytes of the input.

use std::io::{self, Read};
use std::path::Path;

use mlbom::cli::{Input, Output, stdin_was_closed};
use mlbom::time::Timestamp;
use mlbom_openpgp::{MAX_SECRET_KEY_BYTES, SecretKey};
use rustix::fs::fstat;

use crate::args::Args;
use crate::blob::open;
use crate::error::Error;

/// The armored signature.
pub(crate) fn sign(args: &Args, key: &Path, output: &mut Output) -> Result<String, Error> {
    let input = Input::open(key, MAX_SECRET_KEY_BYTES as u64)?;
    output.protect(input.identity);
    let password = || Ok(args.password.ask(&input.name).map_err(io::Error::other)?.to_vec());
    let key = SecretKey::parse(&input.bytes, password)
        .map_err(|source| Error::PgpKey { name: input.name.clone(), source })?;
    let (name, mut reader): (String, Box<dyn Read>) = match &args.blob {
        Some(file) => (file.display().to_string(), Box::new(open(file, output)?.0)),
        None if stdin_was_closed() => return Err(Error::NoInput),
        None => {
            output.protect(fstat(io::stdin()).ok().map(|stat| (stat.st_dev, stat.st_ino)));
            ("standard input".to_owned(), Box::new(io::stdin().lock()))
        }
    };
    // What comes may be long.
    output.check()?;
    let mut signing = key.signing(Timestamp::now())?;
    let mut block = vec![0; 1 << 20];
    let mut any = false;
    loop {
        match reader.read(&mut block) {
            Ok(0) => break,
            Ok(read) => {
                any = true;
                signing.update(&block[..read]);
            }
            Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
            Err(source) => return Err(Error::Blob { name, source }),
        }
    }
    // The tool before this one failed, as like as not. A file may well be empty.
    if !any && args.blob.is_none() {
        return Err(Error::EmptyInput(name));
    }
    Ok(signing.finish()?)
}
