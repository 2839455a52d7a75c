//! OpenPGP signatures: of a document that says what the model is, or of the model's one file.

use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use mlbom::cli::{Input, Output};
use mlbom::digest::Sha256;
use mlbom::stream;
use mlbom_openpgp::{Signature, Signer, VerifyError};

use crate::args::Args;
use crate::error::Error;
use crate::trust::Trusted;

/// What was signed.
#[derive(Debug)]
pub(crate) enum Document {
    /// The file that the model is.
    Model(PathBuf),
    /// A manifest, a bill of materials or a statement.
    Read { bytes: Vec<u8>, base_name: String, digest: Sha256 },
}

impl Document {
    pub(crate) fn open(path: &Path, args: &Args, output: &mut Output) -> Result<Self, Error> {
        if let Some(model) = args.model()
            && same_file(model, path)
        {
            return Ok(Self::Model(path.to_owned()));
        }
        let input = Input::open(path, stream::MAX_BYTES)?;
        output.protect(input.identity);
        let (base_name, digest) = (input.base_name(), Sha256::of(&input.bytes));
        Ok(Self::Read { bytes: input.bytes, base_name, digest })
    }

    /// Whether it is the same as `other`.
    pub(crate) fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Model(one), Self::Model(other)) => one == other,
            (Self::Read { digest: one, .. }, Self::Read { digest: other, .. }) => one == other,
            _ => false,
        }
    }

    /// Whether a key of the caller's made `signature` over the document. The model's bytes have to be those of `model`.
    pub(crate) fn verify(
        &self,
        signature: &Signature,
        trusted: &Trusted,
        model: Option<Sha256>,
    ) -> Result<Signer, Unverified> {
        let keyring = trusted.keyring.as_ref().ok_or(Unverified::NoKeyring)?;
        let mut verifying = signature.verifier();
        match self {
            Self::Read { bytes, .. } => verifying.update(bytes),
            Self::Model(path) => {
                let digest = each_block(path, |block| verifying.update(block)).map_err(Unverified::Io)?;
                if Some(digest) != model {
                    return Err(Unverified::Changed);
                }
            }
        }
        verifying.finish(keyring, trusted.at).map_err(Unverified::No)
    }
}

/// Why an OpenPGP signature proves nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unverified {
    #[error("the file was changed while it was read")]
    Changed,
    #[error("the file cannot be read")]
    Io(#[source] std::io::Error),
    #[error("is an OpenPGP signature, and no --pgp-key was given")]
    NoKeyring,
    #[error("the OpenPGP signature does not hold")]
    No(#[source] VerifyError),
}

fn same_file(one: &Path, other: &Path) -> bool {
    let identity = |path: &Path| fs::metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()));
    identity(one).is_some_and(|one| identity(other) == Some(one))
}

/// Reads a file in blocks; what came of it has this SHA-256.
pub(crate) fn each_block(path: &Path, mut take: impl FnMut(&[u8])) -> Result<Sha256, std::io::Error> {
    let mut file = File::open(path)?;
    let mut hashing = mlbom_sha256::Sha256::new();
    let mut block = vec![0; 1 << 20];
    loop {
        let read = file.read(&mut block)?;
        if read == 0 {
            return Ok(Sha256::from(hashing.finish()));
        }
        hashing.update(&block[..read]);
        take(&block[..read]);
    }
}
