//! Signs, asks the services, writes the bundle, and reads it back as a verifier would: nothing leaves that we would not
//! take ourselves.

use mlbom::time::Timestamp;
use mlbom_sigstore::bundle::{self, Bundle, Contents, Proofs};
use mlbom_sigstore::envelope::{IN_TOTO, pre_authentication_encoding};
use mlbom_sigstore::key::Hash;
use mlbom_sigstore::statement::Statement;
use mlbom_sigstore::trust::{Accept, Artifact, Trust};
use mlbom_sigstore::trusted_root::TrustedRoot;
use mlbom_sigstore_online::rekor::{self, NewEntry, Verifier};
use mlbom_sigstore_online::{RekorVersion, tsa};
use serde_json::value::RawValue;

use crate::blob::Blob;
use crate::error::Error;
use crate::payload::Payload;
use crate::services::Used;
use crate::signatory::Signatory;

/// The bundle of an in-toto statement.
pub(crate) fn statement(payload: &Payload, signatory: &Signatory, used: &Used) -> Result<String, Error> {
    let bytes = payload.text.as_bytes();
    let message = pre_authentication_encoding(IN_TOTO, bytes);
    // Each family of verifiers knows one way to name a key; ours takes any.
    let key = signatory.public();
    let hint = if payload.is_oms() { key.oms_hint() } else { key.cosign_hint() };
    let first = signatory.signer.sign_message(&message).map_err(Error::Sign)?;
    let again = || signatory.signer.sign_again(&message).map_err(Error::Sign);
    let (signature, proofs) = proved(Contents::Statement(bytes), first, again, signatory, used)?;
    let named = signatory.named(&hint, payload.is_oms());
    let line = bundle::write(named, Contents::Statement(bytes), &signature, &proofs).map_err(Error::Write)?;
    let read_back = read_back(&line, &proofs, signatory, used, None)?;
    let payload = read_back.payload().ok_or(Error::OtherBytes)?;
    Statement::parse(payload)?;
    if payload == bytes { Ok(line) } else { Err(Error::OtherBytes) }
}

/// The bundle of a file.
pub(crate) fn blob(blob: &Blob, signatory: &Signatory, used: &Used) -> Result<String, Error> {
    let key = signatory.public();
    let (hash, digest) = blob.digest();
    let first = match &blob.message {
        Some(message) => signatory.signer.sign_message(message),
        None => signatory.signer.sign_digest(digest),
    };
    let first = first.map_err(Error::Sign)?;
    let again = || match &blob.message {
        Some(message) => signatory.signer.sign_again(message).map_err(Error::Sign),
        None => signatory.signer.sign_digest_again(digest).map_err(Error::Sign),
    };
    let (signature, proofs) = proved(Contents::Blob(hash, digest), first, again, signatory, used)?;
    let hint = key.cosign_hint();
    let named = signatory.named(&hint, false);
    let line =
        bundle::write(named, Contents::Blob(hash, digest), &signature, &proofs).map_err(Error::Write)?;
    read_back(&line, &proofs, signatory, used, Some(blob))?;
    Ok(line)
}

/// The signature, and what the services say of it.
///
/// A log takes each signature once, and signatures are deterministic: the same document signed anew, or an answer that was
/// lost on its way, wants another signature by the same key.
fn proved(
    contents: Contents<'_>,
    first: Vec<u8>,
    again: impl Fn() -> Result<Option<Vec<u8>>, Error>,
    signatory: &Signatory,
    used: &Used,
) -> Result<(Vec<u8>, Proofs), Error> {
    match proofs(contents, &first, signatory, used) {
        Ok(proofs) => Ok((first, proofs)),
        Err(err) if err.is_logged_already() => {
            let Some(other) = again()? else { return Err(err.for_one_signature()) };
            let proofs = proofs(contents, &other, signatory, used)?;
            Ok((other, proofs))
        }
        Err(err) => Err(err),
    }
}

/// What the services say of the signature.
fn proofs(
    contents: Contents<'_>,
    signature: &[u8],
    signatory: &Signatory,
    used: &Used,
) -> Result<Proofs, Error> {
    let mut proofs = Proofs::default();
    // The time first: a log without a clock of its own is then never without one.
    for url in &used.services.tsa {
        proofs.timestamps.push(tsa::timestamp(used.client()?, url, signature)?);
    }
    let verifier = Verifier { key: signatory.public(), certificate: signatory.leaf() };
    for (url, version) in &used.services.rekor {
        let envelope;
        let entry = match contents {
            Contents::Blob(hash, digest) => NewEntry::Blob { hash, digest, signature, verifier },
            Contents::Statement(payload) => {
                envelope = bundle::write_envelope(payload, signature).map_err(Error::Write)?;
                NewEntry::Dsse { envelope: &envelope, verifier }
            }
        };
        let logged = match version {
            RekorVersion::V1 => rekor::log_v1(used.client()?, url, &entry),
            RekorVersion::V2 => rekor::log_v2(used.client()?, url, &entry),
        };
        proofs.entries.push(RawValue::from_string(logged?).map_err(Error::Write)?);
    }
    Ok(proofs)
}

/// Reads the bundle as a verifier would that trusts what the caller trusts.
fn read_back(
    line: &str,
    proofs: &Proofs,
    signatory: &Signatory,
    used: &Used,
    blob: Option<&Blob>,
) -> Result<Bundle, Error> {
    let bundle = Bundle::parse(line).map_err(Error::OwnBundle)?;
    let artifact = blob.map(|blob| blob as &dyn Artifact);
    let by_key = [signatory.public().clone()];
    let accept = Accept::Any;
    let unknown = TrustedRoot::public_good();
    let mut trust = Trust {
        keys: &by_key,
        accept: None,
        root: used.root.as_ref().unwrap_or(&unknown),
        root_is_given: used.root.is_some(),
        at: Timestamp::now(),
        ignore_log: false,
        ignore_sct: false,
    };
    // The key first: whatever else is believed, the signature has to be its own.
    bundle.prove(&trust, artifact).map_err(Error::OwnSignature)?;
    if signatory.leaf().is_some() && used.root_of_certificates(signatory.is_keyless).is_some() {
        trust.keys = &[];
        trust.accept = Some(&accept);
        trust.ignore_log = proofs.entries.is_empty();
        // An authority of one's own has no log of certificates, whatever the root lists for others.
        trust.ignore_sct = !signatory.is_keyless;
        bundle.prove(&trust, artifact).map_err(Error::OwnSignature)?;
    }
    Ok(bundle)
}

impl Artifact for Blob {
    fn digest(&self, hash: Hash) -> Option<Vec<u8>> {
        self.digest_of(hash).map(<[u8]>::to_vec)
    }

    fn message(&self) -> Option<Vec<u8>> {
        self.message.clone()
    }
}
