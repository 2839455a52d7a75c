//! OpenPGP signatures: of a document that says what the model is, or of the model's one file.

use std::cell::OnceCell;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::rc::Rc;

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

/// Signatures of the model's one file, which is read once for all of them.
#[derive(Debug)]
pub(crate) struct OfModel {
    path: PathBuf,
    signatures: Vec<Signature>,
    signers: OnceCell<Result<Vec<Result<Signer, Unverified>>, Unread>>,
}

/// Why a file could not be read, or not as it was hashed.
#[derive(Clone, Debug)]
pub(crate) struct Unread(pub(crate) Rc<io::Error>);

impl OfModel {
    pub(crate) fn new(path: PathBuf, signatures: Vec<Signature>) -> Self {
        Self { path, signatures, signers: OnceCell::new() }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Who made the signature of this number. The file's bytes have to be those of `model`.
    pub(crate) fn signer(
        &self,
        number: usize,
        trusted: &Trusted,
        model: Option<Sha256>,
    ) -> Result<&Result<Signer, Unverified>, Unread> {
        let signers = self.signers.get_or_init(|| self.verify(trusted, model));
        signers.as_ref().map(|signers| &signers[number]).map_err(Clone::clone)
    }

    fn verify(
        &self,
        trusted: &Trusted,
        model: Option<Sha256>,
    ) -> Result<Vec<Result<Signer, Unverified>>, Unread> {
        let is_known = |signature: &Signature| match finish(signature.verifier(), trusted) {
            // Of nobody who is trusted, whatever was signed: that costs no reading.
            Err(err @ (Unverified::NoKeyring | Unverified::No(VerifyError::NoKey(_)))) => Err(err),
            _ => Ok(signature.verifier()),
        };
        let mut verifying: Vec<_> = self.signatures.iter().map(is_known).collect();
        if verifying.iter().any(Result::is_ok) {
            let each = |block: &[u8]| verifying.iter_mut().flatten().for_each(|one| one.update(block));
            let digest = each_block(&self.path, each).map_err(|err| Unread(Rc::new(err)))?;
            if Some(digest) != model {
                return Err(Unread(Rc::new(io::Error::other("it was changed while it was read"))));
            }
        }
        Ok(verifying.into_iter().map(|one| finish(one?, trusted)).collect())
    }
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
            if path.is_dir() {
                return Err(Error::PgpDirectory(path.display().to_string()));
            }
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

fn finish(verifying: Verifying, trusted: &Trusted) -> Result<Signer, Unverified> {
    let keyring = trusted.keyring.as_ref().ok_or(Unverified::NoKeyring)?;
    verifying.finish(keyring, trusted.at).map_err(Unverified::No)
}

/// Why an OpenPGP signature proves nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unverified {
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
pub(crate) fn each_block(path: &Path, mut take: impl FnMut(&[u8])) -> Result<Sha256, io::Error> {
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

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    const VECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../lib/openpgp/tests/vectors");

    /// A model may be long: it is read for those alone who may have signed it.
    #[test]
    fn strangers_cost_no_reading() {
        let signature = fs::read(format!("{VECTORS}/nistp256.sig")).expect("a vector");
        let signatures = Signature::parse(&signature).expect("a signature");
        let signer = |key: &str| {
            let flags = ["mlbom-verify", "--bundle", "x", "--any-identity"].map(str::to_owned);
            let key = (!key.is_empty()).then(|| format!("--pgp-key={VECTORS}/{key}"));
            let args = Args::try_parse_from(flags.into_iter().chain(key)).expect("arguments");
            let trusted = Trusted::read(&args, &mut Output::new(None)).expect("a keyring");
            let model = OfModel::new("no such file".into(), signatures.clone());
            model.signer(0, &trusted, None).map(|signer| signer.as_ref().expect_err("nobody").to_string())
        };
        assert!(signer("").expect("not read").contains("no --pgp-key was given"));
        assert!(signer("ed25519.pub").expect("not read").contains("does not hold"));
        assert_eq!(signer("nistp256.pub").expect_err("read").0.kind(), io::ErrorKind::NotFound);
    }
}
