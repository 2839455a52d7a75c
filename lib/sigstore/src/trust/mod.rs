//! Who signed, and when: everything that a bundle proves, held against what the caller trusts.
//!
//! A key that the caller gave is a signer by itself. A certificate is one if a path leads from it to an authority of the
//! trusted root at every time that was proved, and its name is one that the caller wants. What the root lists the
//! bundle has to prove: a log entry where it lists logs, a certificate timestamp (SCT) where it lists logs of those.

mod identity;
mod proofs;
mod strangers;

use mlbom::time::Timestamp;

pub use identity::{Accept, Accepted, IdentityError, Pattern, PatternError, Wanted};
pub use proofs::{CLOCK_SKEW_SECS, Clock};

use crate::bundle::{Bundle, Content, Material};
use crate::certificate::{Certificate, CertificateError, parse_x509};
use crate::chain::{ChainError, verify_chain};
use crate::key::{Hash, PublicKey};
use crate::log::{LogError, Proven};
use crate::sct::{SctError, verify_sct};
use crate::timestamp::TimestampError;
use crate::trusted_root::TrustedRoot;

/// What the caller trusts.
#[derive(Clone, Copy, Debug)]
pub struct Trust<'a> {
    /// Keys of signers.
    pub keys: &'a [PublicKey],
    /// Whose certificates are taken; `None` if nobody's.
    pub accept: Option<&'a Accept>,
    /// Authorities, logs and clocks.
    pub root: &'a TrustedRoot,
    /// The caller named the root: then logs and clocks that it does not know count against a signature by a key too.
    pub root_is_given: bool,
    /// The present moment: nothing is proved by what comes after it, but for [`CLOCK_SKEW_SECS`].
    pub at: Timestamp,
    /// Log entries are neither wanted nor read.
    pub ignore_log: bool,
    /// Certificate timestamps are neither wanted nor read.
    pub ignore_sct: bool,
}

/// The bytes that a blob signature is about.
pub trait Artifact {
    /// The hash of the bytes; `None` if it cannot be known here.
    fn digest(&self, hash: Hash) -> Option<Vec<u8>>;
    /// The bytes themselves; `None` if they are not at hand, or too many.
    fn message(&self) -> Option<Vec<u8>>;
}

/// What a bundle proved.
#[derive(Debug)]
pub struct Verified {
    /// Who signed.
    pub signer: Signer,
    /// The earliest time that was proved, and by what.
    pub time: Option<(Timestamp, Clock)>,
    /// The entries of logs.
    pub log: Vec<Proven>,
}

/// Who signed.
#[derive(Debug)]
pub enum Signer {
    /// The holder of a certificate.
    Certificate {
        /// The certificate.
        certificate: Box<Certificate>,
        /// How its name came to be taken.
        accepted: Accepted,
        /// A log of certificates has seen it.
        sct: bool,
    },
    /// The holder of a key that the caller gave.
    Key(PublicKey),
}

/// Why a bundle proves nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// A file whose bytes are needed and not there.
    #[error("the signature needs the file itself, {0}")]
    Artifact(&'static str),
    /// A certificate that cannot be one.
    #[error("the certificate cannot be used")]
    Certificate(#[source] CertificateError),
    /// No path to an authority.
    #[error("the certificate is of no authority in the trusted root{}", at_what_time(*.proved, *.at))]
    Chain {
        /// When it had to lead there.
        at: Timestamp,
        /// This time was proved, and is not just the present.
        proved: bool,
        /// Why not.
        source: ChainError,
    },
    /// What the bundle says of the file is not so.
    #[error("the signature is of a file of another digest")]
    Digest,
    /// Something proved that it was signed in the future.
    #[error("it was signed at {0}, which is yet to come")]
    Future(Timestamp),
    /// Made for something else.
    #[error("the certificate is not for signing code")]
    Purpose,
    /// Somebody else.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// A log entry that does not hold.
    #[error("a log entry does not hold")]
    Log(#[source] LogError),
    /// A key, and none was given.
    #[error("is signed with a key, and no key was given")]
    NoKey,
    /// No log entry.
    #[error("there is no log entry, and the trusted root lists logs")]
    NoLog,
    /// A log entry of a log without a clock, and no clock beside it.
    #[error("nothing proves when it was signed, and the certificate is good for that moment alone")]
    NoTime,
    /// A certificate, and nobody whose certificate is taken.
    #[error("is signed with a certificate, and no identity was given")]
    NoIdentity,
    /// A certificate that no log of certificates has seen.
    #[error("the certificate is in no log of certificates")]
    Sct(#[source] SctError),
    /// Signed by none of them, or something else was.
    #[error("the signature was not made by a key given, or what was signed has changed")]
    SignatureByKey,
    /// Signed by somebody else, or something else was.
    #[error("the signature was not made with the certificate's key, or what was signed has changed")]
    SignatureByCertificate,
    /// A timestamp that does not hold.
    #[error("a timestamp does not hold")]
    Time(#[source] TimestampError),
    /// Of a log that the root does not list.
    #[error("a log entry is of a log that the trusted root does not list, or did not at that time")]
    UnknownLog,
    /// Not valid when it was used.
    #[error("the certificate was not valid{}: it is from {from} to {to}", at_what_time(*.proved, *.at))]
    Validity {
        /// When it was used.
        at: Timestamp,
        /// This time was proved, and is not just the present.
        proved: bool,
        /// notBefore.
        from: Timestamp,
        /// notAfter.
        to: Timestamp,
    },
}

fn at_what_time(proved: bool, at: Timestamp) -> String {
    if proved { format!(" at {at}, when it was used") } else { format!(" at {at}, and no time was proved") }
}

impl Refusal {
    /// The name of the check that failed, in reports.
    #[must_use]
    pub const fn check(&self) -> &'static str {
        match self {
            Self::Artifact(_)
            | Self::Digest
            | Self::NoKey
            | Self::SignatureByKey
            | Self::SignatureByCertificate => "signature",
            Self::Certificate(_) | Self::Chain { .. } | Self::Purpose | Self::Validity { .. } => {
                "certificate"
            }
            Self::Identity(_) | Self::NoIdentity => "identity",
            Self::Log(_) | Self::NoLog | Self::UnknownLog => "log",
            Self::Sct(_) => "sct",
            Self::Future(_) | Self::NoTime | Self::Time(_) => "time",
        }
    }

    /// Whether it may hold against the root of another instance of Sigstore: none that this root trusts had a part in it.
    #[must_use]
    pub const fn is_of_another_instance(&self) -> bool {
        matches!(
            self,
            Self::Chain { .. }
                | Self::UnknownLog
                | Self::Time(TimestampError::Signer | TimestampError::Untrusted(_))
        )
    }

    /// What to do about it.
    #[must_use]
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::Artifact(_) => "give the file in place of its manifest",
            Self::NoKey => "give the public key of who should have signed: --key FILE",
            Self::SignatureByKey => {
                "check that --key is the public key of who should have signed, and fetch the bundle again"
            }
            Self::Digest | Self::SignatureByCertificate => "fetch the file and its bundle again",
            Self::NoIdentity => "say whose certificate is taken: --identity NAME --issuer URL",
            Self::Identity(IdentityError::IssuerNotGiven(_)) => {
                "the same name means somebody else at another issuer: give --issuer URL"
            }
            Self::Identity(_) => "have the model signed by whom you trust, or see who did and why",
            Self::UnknownLog => {
                "if it was signed with another instance of Sigstore, give that instance's --trusted-root, or do without its log: --ignore-log"
            }
            _ if self.is_of_another_instance() => {
                "if it was signed with another instance of Sigstore, give that instance's --trusted-root"
            }
            Self::Purpose => "have the model signed with a certificate for code signing",
            Self::Validity { proved: true, .. } => {
                "have the model signed anew: the certificate was not good when it was used"
            }
            Self::Validity { .. } => {
                "sign with a log or a timestamp authority: they prove that the certificate was valid at the time"
            }
            Self::NoTime => "sign with a timestamp authority beside that log",
            Self::NoLog => "sign with a log, or do without one: --ignore-log",
            Self::Sct(_) => {
                "if the authority keeps no log of certificates, give a trusted root that lists none, or --ignore-sct"
            }
            Self::Certificate(_) | Self::Chain { .. } | Self::Log(_) | Self::Future(_) | Self::Time(_) => {
                "fetch the bundle again; if it is the same, do not use the model"
            }
        }
    }
}

impl Bundle {
    /// Holds the bundle against `trust`. A blob is about `artifact`.
    pub fn prove(&self, trust: &Trust<'_>, artifact: Option<&dyn Artifact>) -> Result<Verified, Refusal> {
        let by_key = self.signing_key(trust, artifact)?;
        let Some(key) = by_key else { return self.by_certificate(trust, artifact) };
        let key = key.clone();
        let lenient = !trust.root_is_given;
        let proved = proofs::of(self, trust, Some(&key), artifact, lenient)?;
        Ok(Verified { signer: Signer::Key(key), time: proved.earliest(), log: proved.log })
    }

    /// Whether an authority of `root` goes by the name of who issued the certificate, or one that came with it. No more than a
    /// name: to tell which of several roots is meant.
    #[must_use]
    pub fn is_issued_by(&self, root: &TrustedRoot) -> bool {
        let Material::Certificate { leaf, chain } = &self.material else { return false };
        let issuers: Vec<_> =
            std::iter::once(leaf).chain(chain).filter_map(|der| parse_x509(der).ok()).collect();
        let listed = root.authorities.iter().flat_map(|authority| &authority.certificates);
        listed.filter_map(|der| parse_x509(der).ok()).any(|listed| {
            issuers.iter().any(|one| one.tbs_certificate.issuer == listed.tbs_certificate.subject)
        })
    }

    /// The in-toto payload. Proved to be what somebody signed only if [`Bundle::prove`] says so.
    #[must_use]
    pub fn payload(&self) -> Option<&[u8]> {
        match &self.content {
            Content::Envelope { payload, .. } => Some(payload),
            Content::Blob { .. } => None,
        }
    }

    fn signing_key<'a>(
        &self,
        trust: &Trust<'a>,
        artifact: Option<&dyn Artifact>,
    ) -> Result<Option<&'a PublicKey>, Refusal> {
        // A key that cannot decide is no reason not to ask the next one, nor the certificate.
        let mut undecided = None;
        for key in trust.keys {
            match self.signed_by(key, artifact) {
                Ok(true) => return Ok(Some(key)),
                Ok(false) => {}
                Err(refusal) => undecided = Some(refusal),
            }
        }
        let is_certified = trust.accept.is_some() && matches!(self.material, Material::Certificate { .. });
        undecided.filter(|_| !is_certified).map_or(Ok(None), Err)
    }

    fn signed_by(&self, key: &PublicKey, artifact: Option<&dyn Artifact>) -> Result<bool, Refusal> {
        match &self.content {
            Content::Envelope { .. } => Ok(self.content.payload_signed_by(key).is_some()),
            Content::Blob { digest, signature } => {
                let artifact = artifact.ok_or(Refusal::Artifact("which is not here"))?;
                blob_signed_by(key, digest.as_ref(), signature, artifact)
            }
        }
    }

    fn by_certificate(
        &self,
        trust: &Trust<'_>,
        artifact: Option<&dyn Artifact>,
    ) -> Result<Verified, Refusal> {
        let Material::Certificate { leaf, chain } = &self.material else {
            return Err(if trust.keys.is_empty() { Refusal::NoKey } else { Refusal::SignatureByKey });
        };
        let accept = trust.accept.ok_or(Refusal::NoIdentity)?;
        let certificate = Certificate::parse(leaf).map_err(Refusal::Certificate)?;
        if !self.signed_by(certificate.key(), artifact)? {
            return Err(Refusal::SignatureByCertificate);
        }
        let proved = proofs::of(self, trust, None, artifact, false)?;
        if proved.log.is_empty() && !trust.root.logs.is_empty() && !trust.ignore_log {
            return Err(Refusal::NoLog);
        }
        if proved.times.is_empty() && !proved.log.is_empty() {
            return Err(Refusal::NoTime);
        }
        let times: Vec<(Timestamp, bool)> = match proved.times.as_slice() {
            [] => vec![(trust.at, false)],
            times => times.iter().map(|(at, _)| (*at, true)).collect(),
        };
        let mut sct = false;
        for (at, proved) in times {
            if !certificate.is_valid_at(at) {
                let (from, to) = (certificate.not_before(), certificate.not_after());
                return Err(Refusal::Validity { at, proved, from, to });
            }
            let issuer =
                verify_chain(&certificate, chain, trust.root, at).map_err(|source| match source {
                    ChainError::Purpose => Refusal::Purpose,
                    source => Refusal::Chain { at, proved, source },
                })?;
            if !trust.ignore_sct && !trust.root.ct_logs.is_empty() {
                verify_sct(&certificate, &issuer, trust.root).map_err(Refusal::Sct)?;
                sct = true;
            }
        }
        let accepted = accept.check(&certificate)?;
        let signer = Signer::Certificate { certificate: Box::new(certificate), accepted, sct };
        Ok(Verified { signer, time: proved.earliest(), log: proved.log })
    }
}

/// Whether `key` signed the bytes of `artifact`, which have to be what the bundle says of them.
fn blob_signed_by(
    key: &PublicKey,
    said: Option<&(Hash, Vec<u8>)>,
    signature: &[u8],
    artifact: &dyn Artifact,
) -> Result<bool, Refusal> {
    if let Some((hash, digest)) = said {
        let found = artifact.digest(*hash).ok_or(Refusal::Artifact("for its digest is not of SHA-256"))?;
        if found != *digest {
            return Err(Refusal::Digest);
        }
    }
    let Some(own) = key.key_type().hash() else {
        let message =
            artifact.message().ok_or(Refusal::Artifact("for Ed25519 signs bytes, not their hash"))?;
        return Ok(key.verifies(&message, signature));
    };
    // The bundle names the hash; from before it did, it was always that of the key's type.
    let hash = said.map_or(own, |(hash, _)| *hash);
    let digest = artifact.digest(hash).ok_or(Refusal::Artifact("for its digest is not of SHA-256"))?;
    if key.verifies_digest(hash, &digest, signature) {
        return Ok(true);
    }
    // The digest beside the signature identifies the file, and need not be the one that was signed.
    if hash == own {
        return Ok(false);
    }
    let digest = artifact.digest(own).ok_or(Refusal::Artifact("for the signature is not over SHA-256"))?;
    Ok(key.verifies_digest(own, &digest, signature))
}
