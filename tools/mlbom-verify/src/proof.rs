//! What a signature that is offered proves: who signed what, and when.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::rc::Rc;

use mlbom::manifest::{self, Manifest};
use mlbom::report::{
    AcceptedBy, Certificate, Check, LogEntry, LogId, Name, NameType, Signer, Time, TrustedRoot,
};
use mlbom_formats::Format;
use mlbom_sigstore::certificate;
use mlbom_sigstore::envelope::{ENCODED_BYTES, is_encoded};
use mlbom_sigstore::key::Hash;
use mlbom_sigstore::trust::{self, Accepted, Artifact, Clock, Refusal};

use crate::evidence::{Offered, Proof};
use crate::pgp::{Unread, Unverified, each_block};
use crate::trust::{Held, Trusted};

/// The most bytes of a file that are read at once, for signatures that cannot be checked in any other way.
const MAX_MESSAGE_BYTES: u64 = 64 << 20;

/// Who signed what, and when.
#[derive(Debug)]
pub(crate) struct Proved<'a> {
    pub(crate) signer: Signer,
    pub(crate) time: Time,
    pub(crate) log: Vec<LogEntry>,
    pub(crate) signed: Signed<'a>,
    /// The names of the checks that held, in order.
    pub(crate) held: Vec<&'static str>,
}

/// Why something that is offered proves nothing.
#[derive(Debug)]
pub(crate) enum Unproved {
    /// It was checked, and does not hold.
    No(Box<Check>),
    /// It could not be checked.
    Unchecked(Unchecked),
}

impl From<Box<Check>> for Unproved {
    fn from(check: Box<Check>) -> Self {
        Self::No(check)
    }
}

/// Why a signature could not be checked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unchecked {
    #[error("the signature needs the file itself, {0}")]
    NeedsFile(&'static str),
    #[error(
        "Ed25519 signs a file's bytes and not their hash, and is checked of at most {MAX_MESSAGE_BYTES} bytes"
    )]
    TooLong,
    #[error("the file that it signs cannot be read")]
    Io(#[source] Rc<io::Error>),
}

impl Unchecked {
    /// What to do about it.
    pub(crate) const fn remedy(&self) -> &'static str {
        match self {
            Self::NeedsFile(_) => "give the file in place of its manifest",
            Self::TooLong => "have its manifest signed: mlbom-hash FILE | mlbom-sign",
            Self::Io(_) => "see that the file can be read, and that nobody writes to it",
        }
    }
}

/// What was signed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Signed<'a> {
    /// The bytes of the one file that the model is.
    Blob,
    /// A document that is not an in-toto statement by its envelope, and may be any.
    Document(&'a [u8]),
    /// An in-toto payload.
    Payload(&'a [u8]),
}

/// The one file that the model is.
#[derive(Debug)]
pub(crate) struct ModelFile<'a> {
    pub(crate) file: &'a manifest::File,
    /// Where it is, if it is not known by its manifest alone.
    pub(crate) path: Option<&'a Path>,
    /// What was hashed by other hashes.
    digests: RefCell<Vec<(Hash, Vec<u8>)>>,
}

impl<'a> ModelFile<'a> {
    /// The model's file, if it is one.
    pub(crate) fn of(manifest: &'a Manifest, path: Option<&'a Path>) -> Option<Self> {
        match manifest.files() {
            [file] if manifest.kind() == manifest::Kind::File => {
                Some(Self { file, path, digests: RefCell::default() })
            }
            _ => None,
        }
    }
}

impl ModelFile<'_> {
    /// Whether it is longer than what is read at once.
    fn is_too_long(&self) -> bool {
        self.path.is_some() && self.file.size > MAX_MESSAGE_BYTES
    }

    /// Whether its bytes are what somebody signs who signs a statement: a signature of them may have been made of that, and
    /// says nothing of a file. (It cannot be seen of a file that is known by its manifest alone.)
    fn is_signed_statement(&self) -> bool {
        let mut head = [0; ENCODED_BYTES];
        let read = self.path.map(|path| File::open(path).and_then(|mut file| file.read_exact(&mut head)));
        read.is_some_and(|read| read.is_ok()) && is_encoded(&head)
    }

    /// Whether its bytes could be those that another model's `omsRoot` or `dirHash` is the digest of. A statement that names
    /// such a digest would then be about this file as well, by chance of nobody.
    pub(crate) fn may_be_a_list_of_digests(&self) -> bool {
        match self.file.format {
            Format::Unknown => self.file.size.is_multiple_of(32),
            Format::Text => self.path.is_none_or(begins_with_a_digest),
            _ => false,
        }
    }
}

/// A line of `dirHash` is 64 digits, two blanks and a path.
fn begins_with_a_digest(path: &Path) -> bool {
    let mut head = [0; 66];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut head));
    let (digits, blanks) = head.split_at(64);
    let is_digit = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
    match read {
        Ok(()) => digits.iter().all(is_digit) && blanks == b"  ",
        // Shorter than any; what cannot be read has been hashed a moment ago, and is another file now.
        Err(err) => err.kind() != io::ErrorKind::UnexpectedEof,
    }
}

impl Artifact for ModelFile<'_> {
    fn digest(&self, hash: Hash) -> Option<Vec<u8>> {
        if hash == Hash::Sha256 {
            return Some(self.file.digests.sha256.as_bytes().to_vec());
        }
        if let (Hash::Sha512, Some(known)) = (hash, &self.file.digests.sha512) {
            return Some(known.as_bytes().to_vec());
        }
        // Once, however many keys and signatures ask.
        let mut known = self.digests.borrow_mut();
        if let Some((_, digest)) = known.iter().find(|(of, _)| *of == hash) {
            return Some(digest.clone());
        }
        let mut hashing = hash.start();
        let read = each_block(self.path?, |block| hashing.update(block)).ok()?;
        // Only of the bytes that are spoken of.
        let digest = Some(hashing.finish()).filter(|_| read == self.file.digests.sha256)?;
        known.push((hash, digest.clone()));
        Some(digest)
    }

    fn message(&self) -> Option<Vec<u8>> {
        if self.file.size > MAX_MESSAGE_BYTES {
            return None;
        }
        let mut message = Vec::new();
        let mut fits = true;
        let read = each_block(self.path?, |block| {
            fits &= message.len() + block.len() <= MAX_MESSAGE_BYTES as usize;
            if fits {
                message.extend_from_slice(block);
            }
        });
        (fits && read.ok()? == self.file.digests.sha256).then_some(message)
    }
}

impl Offered {
    /// What it proves of a model; `file` is its one file, if it is one.
    pub(crate) fn prove(
        &self,
        trusted: &Trusted,
        file: Option<&ModelFile<'_>>,
    ) -> Result<Proved<'_>, Unproved> {
        match &self.proof {
            Proof::Envelope(bundle, Ok(verified)) => {
                let payload = bundle.payload().unwrap_or_default();
                Ok(of_sigstore(verified, Signed::Payload(payload)))
            }
            Proof::Envelope(_, Err(refusal)) => Err(Unproved::No(refused(refusal))),
            Proof::Blob(bundle) => {
                let Some(file) = file else {
                    return Err(Unproved::No(crate::bind::not_a_file()));
                };
                if file.is_signed_statement() {
                    return Err(Unproved::No(a_statement()));
                }
                match trusted.prove(bundle, Some(file)) {
                    Ok(held) => Ok(of_sigstore(&held, Signed::Blob)),
                    Err(Refusal::Artifact(_)) if file.is_too_long() => {
                        Err(Unproved::Unchecked(Unchecked::TooLong))
                    }
                    Err(Refusal::Artifact(why)) => Err(Unproved::Unchecked(Unchecked::NeedsFile(why))),
                    Err(refusal) => Err(Unproved::No(refused(&refusal))),
                }
            }
            Proof::PgpBlob(signed, number) => {
                let model = file.map(|file| file.file.digests.sha256);
                let signer = signed
                    .signer(*number, trusted, model)
                    .map_err(|Unread(err)| Unproved::Unchecked(Unchecked::Io(err)))?;
                Ok(of_openpgp(signer.as_ref().map_err(pgp_refused)?, Signed::Blob)?)
            }
            Proof::PgpDocument(document, signer) => {
                let signed = Signed::Document(&document.bytes);
                Ok(of_openpgp(signer.as_ref().map_err(pgp_refused)?, signed)?)
            }
        }
    }
}

fn a_statement() -> Box<Check> {
    let reason = "the file is itself the encoding of a statement: the signature may be the statement's";
    Check::failed("signature", reason, "have the model signed, and not what a signer signs").into()
}

fn refused(refusal: &Refusal) -> Box<Check> {
    Check::failed(refusal.check(), mlbom::cli::chain(refusal), refusal.remedy()).into()
}

fn pgp_refused(err: &Unverified) -> Box<Check> {
    let remedy = match err {
        Unverified::NoKeyring => "give the signer's OpenPGP certificate: --pgp-key FILE",
        Unverified::No(err) => err.remedy(),
    };
    Check::failed("signature", mlbom::cli::chain(err), remedy).into()
}

fn of_openpgp<'a>(signer: &mlbom_openpgp::Signer, signed: Signed<'a>) -> Result<Proved<'a>, Box<Check>> {
    let (Ok(fingerprint), Ok(signing_key)) = (signer.fingerprint.parse(), signer.signing_key.parse()) else {
        let reason = "the key has no fingerprint that a report takes";
        return Err(Check::failed("signature", reason, "sign anew").into());
    };
    let signer = Signer::Pgp {
        fingerprint,
        signing_key,
        key_type: signer.key_type.clone(),
        spki: signer.spki,
        primary_spki: signer.primary_spki,
    };
    Ok(Proved { signer, time: Time::None, log: Vec::new(), signed, held: vec!["signature"] })
}

fn of_sigstore<'a>(Held { verified, root }: &Held, signed: Signed<'a>) -> Proved<'a> {
    let mut held = vec!["signature"];
    if !verified.log.is_empty() {
        held.push("log");
    }
    let time = match &verified.time {
        None => Time::None,
        Some((at, Clock::Log)) => Time::Log { at: *at },
        Some((at, Clock::TimestampAuthority(name))) => {
            Time::TimestampAuthority { at: *at, authority: name.clone() }
        }
    };
    if time != Time::None {
        held.push("time");
    }
    let signer = match &verified.signer {
        trust::Signer::Key(key) => {
            Signer::Key { spki: key.spki_digest(), key_type: key.key_type().name().to_owned() }
        }
        trust::Signer::Certificate { certificate, accepted, sct } => {
            held.push("certificate");
            if *sct {
                held.push("sct");
            }
            if *accepted != Accepted::Any {
                held.push("identity");
            }
            Signer::Certificate(Box::new(of_certificate(certificate, accepted, *sct, root)))
        }
    };
    let entry = |proven: &mlbom_sigstore::log::Proven| {
        Some(LogEntry {
            id: LogId::new(&proven.log_id).ok()?,
            included: proven.inclusion,
            index: proven.index,
            kind: proven.kind.to_owned(),
            integrated_at: proven.integrated,
        })
    };
    let log = verified.log.iter().filter_map(entry).collect();
    Proved { signer, time, log, signed, held }
}

fn of_certificate(
    certificate: &certificate::Certificate,
    accepted: &Accepted,
    sct: bool,
    root: &TrustedRoot,
) -> Certificate {
    let (accepted_by, identity) = match accepted {
        Accepted::Any => (AcceptedBy::AnyIdentity, None),
        Accepted::Exactly(name) => (AcceptedBy::Identity, Some(name.clone())),
        Accepted::ByPattern(name) => (AcceptedBy::IdentityRegexp, Some(name.clone())),
    };
    let claims = certificate.claims().iter();
    let claims: BTreeMap<String, String> =
        claims.map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    let key = certificate.key();
    Certificate {
        certificate: certificate.digest(),
        spki: key.spki_digest(),
        key_type: key.key_type().name().to_owned(),
        names: certificate.names().iter().map(name).collect(),
        issuer: certificate.issuer().map(str::to_owned),
        accepted_by,
        identity,
        claims,
        sct,
        trusted_root: root.clone(),
    }
}

fn name(name: &certificate::Name) -> Name {
    let (r#type, value) = match name {
        certificate::Name::Email(value) => (NameType::Email, value.clone()),
        certificate::Name::Uri(value) => (NameType::Uri, value.clone()),
        certificate::Name::Dns(value) => (NameType::Dns, value.clone()),
        certificate::Name::Ip(value) => (NameType::Ip, value.clone()),
        certificate::Name::Other(value) => (NameType::Other, value.clone()),
        _ => (NameType::Other, String::new()),
    };
    Name { r#type, value }
}
