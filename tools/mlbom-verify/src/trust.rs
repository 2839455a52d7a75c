//! Whom and what the caller trusts, read from files and flags.

use std::path::Path;

use mlbom::cli::{Input, Output};
use mlbom::time::Timestamp;
use mlbom::{report, stream};
use mlbom_openpgp::{Keyring, MAX_KEYRING_BYTES};
use mlbom_sigstore::bundle::Bundle;
use mlbom_sigstore::key::{MAX_PEM_BYTES, PublicKey};
use mlbom_sigstore::trust::{Accept, Artifact, Pattern, Refusal, Trust, Verified, Wanted};
use mlbom_sigstore::trusted_root::{MAX_BYTES as MAX_ROOT_BYTES, TrustedRoot};

use crate::args::Args;
use crate::error::Error;

/// The most trusted roots: each signature may be held against every one.
pub(crate) const MAX_ROOTS: usize = 16;

/// Everything that signatures are held against.
#[derive(Debug)]
pub(crate) struct Trusted {
    keys: Vec<PublicKey>,
    accept: Option<Accept>,
    pub(crate) keyring: Option<Keyring>,
    /// At least one; it is enough if a signature holds against one of them, and all of it has to.
    roots: Vec<Root>,
    root_is_given: bool,
    pub(crate) at: Timestamp,
    /// The same if it is not the clock's.
    pub(crate) given_at: Option<Timestamp>,
    ignore_log: bool,
    ignore_sct: bool,
}

/// One root.
#[derive(Clone, Debug)]
pub(crate) struct Root {
    root: TrustedRoot,
    /// What the report calls it.
    name: String,
}

/// What a bundle proved, and against which root.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) verified: Verified,
    pub(crate) root: report::TrustedRoot,
}

impl Trusted {
    pub(crate) fn read(args: &Args, output: &mut Output) -> Result<Self, Error> {
        let accept = accept(args)?;
        if accept.is_none() && args.key.is_empty() && args.pgp_key.is_empty() {
            return Err(Error::NobodyTrusted);
        }
        let mut keys = Vec::new();
        for file in &args.key {
            let input = read(file, MAX_PEM_BYTES, output)?;
            let key = PublicKey::from_pem(&input.bytes);
            keys.push(key.map_err(|source| Error::Key { name: input.name, source })?);
        }
        Ok(Self {
            keys,
            accept,
            keyring: keyring(args, output)?,
            roots: roots(args, output)?,
            // Certificates alone are no word about logs and clocks.
            root_is_given: !args.trusted_root.is_empty(),
            at: args.at.unwrap_or_else(Timestamp::now),
            given_at: args.at,
            ignore_log: args.ignore_log,
            ignore_sct: args.ignore_sct,
        })
    }

    /// Holds a bundle against each root. A no is that of the root that lists who issued its certificate, or else of one whose
    /// services had a part in it.
    pub(crate) fn prove(&self, bundle: &Bundle, artifact: Option<&dyn Artifact>) -> Result<Held, Refusal> {
        let mut refused: Option<((bool, bool), Refusal)> = None;
        for Root { root, name } in &self.roots {
            match bundle.prove(&self.trust(root), artifact) {
                Ok(verified) => {
                    let root = report::TrustedRoot { name: name.clone(), sha256: root.digest() };
                    return Ok(Held { verified, root });
                }
                Err(refusal) => {
                    let says = (bundle.is_issued_by(root), !refusal.is_of_another_instance());
                    if refused.as_ref().is_none_or(|(most, _)| says > *most) {
                        refused = Some((says, refusal));
                    }
                }
            }
        }
        Err(refused.expect("there is at least one root").1)
    }

    fn trust<'a>(&'a self, root: &'a TrustedRoot) -> Trust<'a> {
        Trust {
            keys: &self.keys,
            accept: self.accept.as_ref(),
            root,
            root_is_given: self.root_is_given,
            at: self.at,
            ignore_log: self.ignore_log,
            ignore_sct: self.ignore_sct,
        }
    }
}

fn read(file: &Path, limit: u64, output: &mut Output) -> Result<Input, Error> {
    let input = Input::open(file, limit)?;
    output.protect(input.identity);
    Ok(input)
}

fn accept(args: &Args) -> Result<Option<Accept>, Error> {
    if args.any_identity {
        return Ok(Some(Accept::Any));
    }
    let mut wanted: Vec<Wanted> = args.identity.iter().cloned().map(Wanted::Exact).collect();
    for text in &args.identity_regexp {
        let pattern = Pattern::parse(text).map_err(|source| Error::Pattern { text: text.clone(), source })?;
        wanted.push(Wanted::Pattern(pattern));
    }
    if args.identity.iter().any(String::is_empty) {
        return Err(Error::EmptyIdentity);
    }
    match (wanted.is_empty(), &args.issuer) {
        (true, Some(_)) => Err(Error::IssuerAlone),
        (true, None) => Ok(None),
        (false, issuer) => Ok(Some(Accept::Names { wanted, issuer: issuer.clone() })),
    }
}

fn roots(args: &Args, output: &mut Output) -> Result<Vec<Root>, Error> {
    if !args.trusted_root.is_empty() {
        let mut roots = Vec::new();
        for file in &args.trusted_root {
            roots.extend(roots_of(file, output)?);
        }
        return if roots.len() > MAX_ROOTS { Err(Error::ManyRoots) } else { Ok(roots) };
    }
    if args.ca.is_empty() {
        let name = format!("public-good {}", TrustedRoot::public_good_date());
        return Ok(vec![Root { root: TrustedRoot::public_good(), name }]);
    }
    let (mut pem, mut name) = (Vec::new(), String::new());
    for file in &args.ca {
        let input = read(file, MAX_ROOT_BYTES as u64, output)?;
        // Each alone first, so that the error names the file.
        TrustedRoot::from_certificates(&input.bytes)
            .map_err(|source| Error::Root { name: input.name.clone(), source })?;
        if name.is_empty() {
            name = input.base_name();
        }
        pem.extend_from_slice(&input.bytes);
        pem.push(b'\n');
    }
    let root =
        TrustedRoot::from_certificates(&pem).map_err(|source| Error::Root { name: name.clone(), source })?;
    Ok(vec![Root { root, name }])
}

/// The roots of a file: one, or one a line as `gh attestation trusted-root` has them.
fn roots_of(file: &Path, output: &mut Output) -> Result<Vec<Root>, Error> {
    let input = read(file, MAX_ROOT_BYTES as u64, output)?;
    let text = std::str::from_utf8(&input.bytes).map_err(|_| Error::NotUtf8(input.name.clone()))?;
    let documents = stream::documents(&input.bytes)
        .map_err(|source| Error::Stream { name: input.name.clone(), source })?;
    let texts = match documents.as_slice() {
        // The file as it is, so that its digest is the root's.
        [_] => vec![text],
        documents => documents.iter().map(|document| document.text).collect(),
    };
    let root = |text: &&str| {
        let root = TrustedRoot::parse(text);
        let root = root.map_err(|source| Error::Root { name: input.name.clone(), source })?;
        Ok(Root { root, name: input.base_name() })
    };
    texts.iter().map(root).collect()
}

fn keyring(args: &Args, output: &mut Output) -> Result<Option<Keyring>, Error> {
    let mut all: Option<Keyring> = None;
    for file in &args.pgp_key {
        let input = read(file, MAX_KEYRING_BYTES as u64, output)?;
        let wrong = |source| Error::Keyring { name: input.name.clone(), source };
        let ring = Keyring::parse(&input.bytes).map_err(wrong)?;
        all = Some(match all {
            Some(all) => all.with(ring).map_err(wrong)?,
            None => ring,
        });
    }
    Ok(all)
}
