//! OpenPGP signatures: of a document that says what the model is, or of the model's one file.

use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use mlbom::cli::{Input, Output};
use mlbom::digest::Sha256;
use mlbom::stream;
use mlbom_openpgp::{Signature, Signer, VerifyError, Verifying};

use crate::args::Args;
use crate::error::Error;
use crate::trust::Trusted;

/// What was signed.
#[derive(Debug)]
pub(crate) enum Signed {
    /// The file that the model is.
    Model(PathBuf),
    /// A manifest, a bill of materials or a statement.
    Document(Document),
}

/// A document that was read whole.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) bytes: Vec<u8>,
    pub(crate) base_name: String,
    pub(crate) digest: Sha256,
}

impl Signed {
    pub(crate) fn open(path: &Path, args: &Args, output: &mut Output) -> Result<Self, Error> {
        if let Some(model) = args.model()
            && same_file(model, path)
        {
            return Ok(Self::Model(path.to_owned()));
        }
        let input = Input::open(path, stream::MAX_BYTES)?;
        output.protect(input.identity);
        let (base_name, digest) = (input.base_name(), Sha256::of(&input.bytes));
        Ok(Self::Document(Document { bytes: input.bytes, base_name, digest }))
    }
}

impl Document {
    /// Whether a key of the caller's made `signature` over the document.
    pub(crate) fn verify(&self, signature: &Signature, trusted: &Trusted) -> Result<Signer, Unverified> {
        let mut verifying = signature.verifier();
        verifying.update(&self.bytes);
        finish(verifying, trusted)
    }
}

/// Whether a key of the caller's made `signature` over the model's file at `path`, whose bytes have to be those of `model`.
pub(crate) fn verify_file(
    path: &Path,
    signature: &Signature,
    trusted: &Trusted,
    model: Option<Sha256>,
) -> Result<Signer, Unverified> {
    let mut verifying = signature.verifier();
    let digest = each_block(path, |block| verifying.update(block)).map_err(Unverified::Io)?;
    if Some(digest) != model {
        return Err(Unverified::Changed);
    }
    finish(verifying, trusted)
}

fn finish(verifying: Verifying, trusted: &Trusted) -> Result<Signer, Unverified> {
    let keyring = trusted.keyring.as_ref().ok_or(Unverified::NoKeyring)?;
    verifying.finish(keyring, trusted.at).map_err(Unverified::No)
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
