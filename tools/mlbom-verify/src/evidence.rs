//! What is offered in proof: bundles and OpenPGP signatures.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use mlbom::cli::{Input, Output};
use mlbom::digest::Sha256;
use mlbom::stream;
use mlbom_openpgp::{Signature, Signer};
use mlbom_sigstore::bundle::Bundle;
use mlbom_sigstore::github;
use mlbom_sigstore::trust::Refusal;

use crate::args::Args;
use crate::error::Error;
use crate::pgp::{Document, OfModel, Signed, Unverified};
use crate::trust::{Held, Trusted};

/// The most different bundles that are checked: each may be held against every file of the model.
pub(crate) const MAX_BUNDLES: usize = 100;

/// What the names of detached OpenPGP signatures end with.
const PGP_ENDINGS: [&str; 4] = ["asc", "sig", "gpg", "pgp"];

/// How armor begins, and how far into a file that is looked for.
const ARMOR: &[u8] = b"-----BEGIN PGP ";
const MAX_TEXT_BEFORE_ARMOR: usize = 4 << 10;

/// Signatures of other kinds, by what they begin with.
const FOREIGN: [(&[u8], &str); 3] = [
    (b"-----BEGIN SSH SIGNATURE-----", "an SSH signature"),
    (b"-----BEGIN CERTIFICATE-----", "a certificate"),
    (b"untrusted comment:", "a signature of minisign or signify"),
];

/// Everything that was read before the model was.
#[derive(Debug)]
pub(crate) struct Evidence {
    pub(crate) offered: Vec<Offered>,
    pub(crate) files: Vec<BundleFile>,
    pub(crate) trusted: Trusted,
}

/// One signature, with what the report calls it.
#[derive(Debug)]
pub(crate) struct Offered {
    pub(crate) proof: Proof,
    /// SHA-256 of its text.
    pub(crate) digest: Sha256,
    /// The base name of its file.
    pub(crate) file: String,
}

/// What is offered.
#[derive(Debug)]
pub(crate) enum Proof {
    /// Of the bytes of a file: held against the model once that is known.
    Blob(Bundle),
    /// Of a payload that came with it, and what it proved.
    Envelope(Bundle, Result<Box<Held>, Refusal>),
    /// OpenPGP, of the model's one file: held against it once that is hashed.
    PgpBlob(Rc<OfModel>, usize),
    /// OpenPGP, of a document, and who signed it.
    PgpDocument(Rc<Document>, Result<Signer, Unverified>),
}

/// A file of bundles, to recognise it again if it lies inside the model.
#[derive(Debug)]
pub(crate) struct BundleFile {
    pub(crate) base_name: String,
    pub(crate) digest: Sha256,
}

impl Evidence {
    pub(crate) fn read(args: &Args, output: &mut Output) -> Result<Self, Error> {
        let files = args.bundle.iter().chain(&args.key).chain(&args.pgp_key).chain(&args.ca);
        let files = files.chain(&args.trusted_root).chain(&args.hub_tree);
        let dashes = files.filter(|path| *path == Path::new("-")).count();
        if dashes + usize::from(args.model().is_none()) > 1 {
            return Err(Error::Stdin);
        }
        let mut evidence =
            Self { offered: Vec::new(), files: Vec::new(), trusted: Trusted::read(args, output)? };
        for file in &args.bundle {
            let input = Input::open(file, stream::MAX_BYTES)?;
            output.protect(input.identity);
            evidence
                .files
                .push(BundleFile { base_name: input.base_name(), digest: Sha256::of(&input.bytes) });
            if is_openpgp(&input.bytes) {
                evidence.read_pgp(file, &input, args, output)?;
            } else {
                evidence.read_bundles(&input)?;
            }
        }
        Ok(evidence)
    }

    fn read_bundles(&mut self, input: &Input) -> Result<(), Error> {
        let wrong = |source| Error::Stream { name: input.name.clone(), source };
        let not_github = |source| Error::Github { name: input.name.clone(), source };
        let begins = input.bytes.trim_ascii_start();
        if let Some((_, found)) = FOREIGN.iter().find(|(head, _)| begins.starts_with(head)) {
            return Err(Error::Foreign { name: input.name.clone(), found });
        }
        let mut number = 0;
        let mut add = |evidence: &mut Self, text: &str| {
            number += 1;
            evidence.add_bundle(input, number, text)
        };
        // The one form that is a list and not a stream.
        if begins.starts_with(b"[") {
            let text = std::str::from_utf8(&input.bytes).map_err(|_| Error::NotUtf8(input.name.clone()))?;
            let bundles = github::bundles(text).map_err(not_github)?;
            return bundles.iter().try_for_each(|bundle| add(self, bundle));
        }
        let documents = stream::documents(&input.bytes).map_err(wrong)?;
        for document in &documents {
            match github::listed(document.text) {
                None => add(self, document.text)?,
                Some(bundles) => {
                    bundles.map_err(not_github)?.iter().try_for_each(|bundle| add(self, bundle))?;
                }
            }
        }
        Ok(())
    }

    /// Adds a bundle, whose text has been checked for repeated keys and depth.
    fn add_bundle(&mut self, input: &Input, number: usize, text: &str) -> Result<(), Error> {
        let digest = Sha256::of(text.as_bytes());
        // Said twice is said once.
        if self.offers(digest, |_| true) {
            return Ok(());
        }
        let wrong = |source| Error::Bundle { name: input.name.clone(), number, source };
        let bundle = Bundle::parse_checked(text).map_err(wrong)?;
        let proof = if bundle.is_blob() {
            Proof::Blob(bundle)
        } else {
            let proved = self.trusted.prove(&bundle, None).map(Box::new);
            Proof::Envelope(bundle, proved)
        };
        self.add(proof, digest, input)
    }

    fn read_pgp(
        &mut self,
        file: &Path,
        input: &Input,
        args: &Args,
        output: &mut Output,
    ) -> Result<(), Error> {
        let wrong = |source| Error::Pgp { name: input.name.clone(), source };
        let mut signatures: Vec<Signature> = Vec::new();
        for signature in Signature::parse(&input.bytes).map_err(wrong)? {
            // One that is there twice counts once.
            if !signatures.contains(&signature) {
                signatures.push(signature);
            }
        }
        let signed = signed_by(file).ok_or_else(|| Error::PgpName(input.name.clone()))?;
        let digest = Sha256::of(&input.bytes);
        match Signed::open(&signed, args, output)? {
            Signed::Model(path) => {
                let same = |proof: &Proof| matches!(proof, Proof::PgpBlob(other, _) if other.path() == path);
                if self.offers(digest, same) {
                    return Ok(());
                }
                let count = signatures.len();
                let signed = Rc::new(OfModel::new(path, signatures));
                for number in 0..count {
                    self.add(Proof::PgpBlob(Rc::clone(&signed), number), digest, input)?;
                }
            }
            Signed::Document(document) => {
                let is_it = |other: &Document| other.digest == document.digest;
                if self.offers(digest, |proof| matches!(proof, Proof::PgpDocument(other, _) if is_it(other)))
                {
                    return Ok(());
                }
                // It says what the model is, and may lie in it as its signature does.
                let base_name = document.base_name.clone();
                self.files.push(BundleFile { base_name, digest: document.digest });
                // Once for all signatures of the file: it may be long.
                let document = Rc::new(document);
                for signature in signatures {
                    let signer = document.verify(&signature, &self.trusted);
                    self.add(Proof::PgpDocument(Rc::clone(&document), signer), digest, input)?;
                }
            }
        }
        Ok(())
    }

    /// The same OpenPGP signature of another document is something else.
    fn offers(&self, digest: Sha256, is_it: impl Fn(&Proof) -> bool) -> bool {
        self.offered.iter().any(|known| known.digest == digest && is_it(&known.proof))
    }

    fn add(&mut self, proof: Proof, digest: Sha256, input: &Input) -> Result<(), Error> {
        if self.offered.len() == MAX_BUNDLES {
            return Err(Error::ManyBundles(input.name.clone()));
        }
        self.offered.push(Offered { proof, digest, file: input.base_name() });
        Ok(())
    }
}

/// Armored (RFC 9580, 6.2), perhaps after some text, or a packet (4.2): neither begins like JSON.
fn is_openpgp(bytes: &[u8]) -> bool {
    let begins = bytes.trim_ascii_start();
    let is_json = begins.starts_with(b"{") || begins.starts_with(b"[");
    let head = &begins[..begins.len().min(MAX_TEXT_BEFORE_ARMOR)];
    let is_armored = !is_json && head.windows(ARMOR.len()).any(|window| window == ARMOR);
    is_armored || bytes.first().is_some_and(|byte| byte & 0x80 != 0 && *byte != 0xef)
}

/// The file that a detached signature is of.
fn signed_by(signature: &Path) -> Option<PathBuf> {
    let ending = signature.extension().and_then(OsStr::to_str)?.to_ascii_lowercase();
    PGP_ENDINGS.contains(&ending.as_str()).then(|| signature.with_extension(""))
}
