//! Who signs: a key in a file or a token, with or without a certificate, or an identity.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use mlbom::cli::{Input, Output};
use mlbom::time::Timestamp;
use mlbom_pkcs11::{HardwareKey, Uri};
use mlbom_sigstore::bundle;
use mlbom_sigstore::certificate::{Certificate, chain_from_pem};
use mlbom_sigstore::chain::{is_self_signed, verify_chain};
use mlbom_sigstore::key::{KeyType, MAX_PEM_BYTES, PublicKey};
use mlbom_sigstore::signing::{First, PrivateKey, Signer, check_links, in_order};
use mlbom_sigstore_online::fulcio;

use crate::args::Args;
use crate::error::Error;
use crate::password;
use crate::services::Used;

/// The longest file of certificates that is read, in bytes.
const MAX_CHAIN_BYTES: u64 = 1 << 20;

/// Who signs.
pub(crate) struct Signatory {
    pub(crate) signer: Box<dyn Signer>,
    /// DER, the signer's first.
    certificates: Vec<Vec<u8>>,
    /// The certificates are what leads to an authority of the verifier's; else a verifier of Sigstore's knows the way.
    with_chain: bool,
    /// The certificate is for an identity.
    pub(crate) is_keyless: bool,
}

impl Signatory {
    /// A key of the caller's.
    pub(crate) fn of_key(args: &Args, key: &OsStr, used: &Used, output: &mut Output) -> Result<Self, Error> {
        let signer = read_key(args, key, output)?;
        let mut certificates = Vec::new();
        for file in args.cert.iter().chain(&args.chain) {
            let input = Input::open(file, MAX_CHAIN_BYTES)?;
            output.protect(input.identity);
            let wrong = |source| Error::Certificate { name: input.name.clone(), source };
            certificates.extend(chain_from_pem(&input.bytes).map_err(wrong)?);
        }
        if let (Some(file), Some(leaf)) = (&args.cert, certificates.first()) {
            let name = file.display().to_string();
            let leaf = Certificate::parse(leaf)
                .map_err(|source| Error::Certificate { name: name.clone(), source })?;
            if leaf.key().spki() != signer.public().spki() {
                return Err(Error::OtherKey(name));
            }
            let now = Timestamp::now();
            if !leaf.is_valid_at(now) {
                let (from, to) = (leaf.not_before(), leaf.not_after());
                return Err(Error::Expired { name, from, to });
            }
            if !leaf.allows_code_signing() {
                return Err(Error::NotForSigning(name));
            }
            certificates = in_order(&certificates);
            check_links(&certificates, First::Signer)
                .map_err(|source| Error::Links { name: "--cert and --chain".to_owned(), source })?;
            if let Some(root) = used.root_of_certificates(false) {
                // Before anything is published that nobody could verify.
                let chain = &certificates[1..];
                verify_chain(&leaf, chain, root, now).map_err(|source| Error::NoPath { name, source })?;
            }
        }
        // Verifiers have anchors from elsewhere, and some refuse one that comes along.
        let mut position = 0;
        certificates.retain(|der| {
            position += 1;
            position == 1 || !is_self_signed(der)
        });
        let with_chain = certificates.len() > 1;
        Ok(Self { signer, certificates, with_chain, is_keyless: false })
    }

    /// An identity: a key of this moment, and a certificate for it.
    pub(crate) fn of_identity(args: &Args, used: &Used, output: &mut Output) -> Result<Self, Error> {
        let token = used.token(args, output)?;
        let fulcio = used.services.fulcio.as_ref().ok_or(Error::NoFulcio)?;
        let (key, _) = PrivateKey::generate_of(KeyType::EcdsaP256).map_err(Error::NoNewKey)?;
        let sign = |message: &[u8]| Signer::sign_message(&key, message).map_err(Into::into);
        let certificates = fulcio::certificate(used.client()?, fulcio, &token, key.public(), &sign)?;
        // An address is certified as it is; of a CI run the authority makes a name of its own.
        if let (Some(address), Some(leaf)) = (token.email(), certificates.first()) {
            let name = "the certificate authority".to_owned();
            let leaf = Certificate::parse(leaf).map_err(|source| Error::Certificate { name, source })?;
            if !leaf.names().iter().any(|name| name.text() == Some(address)) {
                return Err(Error::OtherName(address.to_owned()));
            }
        }
        Ok(Self { signer: Box::new(key), certificates, with_chain: false, is_keyless: true })
    }

    pub(crate) fn public(&self) -> &PublicKey {
        self.signer.public()
    }

    /// The signer's certificate, DER, if there is one.
    pub(crate) fn leaf(&self) -> Option<&[u8]> {
        self.certificates.first().map(Vec::as_slice)
    }

    /// What the bundle says of the signer; `hint` is for keys without a certificate.
    pub(crate) fn named<'a>(&'a self, hint: &'a str, is_oms: bool) -> bundle::Signatory<'a> {
        match self.certificates.first() {
            None => bundle::Signatory::Key(hint),
            // OpenSSF Model Signing reads certificates of one's own in no other form.
            Some(_) if self.with_chain || (is_oms && !self.is_keyless) => {
                bundle::Signatory::Chain(&self.certificates)
            }
            Some(leaf) => bundle::Signatory::Certificate(leaf),
        }
    }
}

fn read_key(args: &Args, key: &OsStr, output: &mut Output) -> Result<Box<dyn Signer>, Error> {
    if is_uri(key) {
        return from_token(args, key, output);
    }
    if args.pkcs11_module.is_some() {
        return Err(Error::ModuleForFile);
    }
    let file = Path::new(key);
    let input = Input::open(file, MAX_PEM_BYTES)?;
    output.protect(input.identity);
    let key = PrivateKey::read(&input.bytes, || args.password.ask(&input.name));
    Ok(Box::new(key.map_err(|source| Error::key(input.name, source))?))
}

/// Whether it is a PKCS #11 URI, or meant as one. A scheme has no case (RFC 3986, 3.1); a PIN is in no file's name, and no
/// message about a file may show it.
fn is_uri(key: &OsStr) -> bool {
    let lower = key.as_bytes().to_ascii_lowercase();
    lower.starts_with(b"pkcs11:") || lower.windows(9).any(|part| part == b"pin-value")
}

fn from_token(args: &Args, key: &OsStr, output: &mut Output) -> Result<Box<dyn Signer>, Error> {
    let text = key.to_str().ok_or(Error::UriNotUtf8)?;
    let uri: Uri = text.parse().map_err(Error::Uri)?;
    if uri.pin_source().is_some() && args.password.is_given() {
        return Err(Error::TwoPins);
    }
    output.protect(uri.pin_source().and_then(password::identity));
    output.check()?;
    let mut pin = || {
        let read = uri.pin_source().map_or_else(|| args.password.ask("the token"), password::from_file);
        read.map_err(Into::into)
    };
    Ok(Box::new(HardwareKey::open(&uri, args.pkcs11_module.as_deref(), &mut pin)?))
}
