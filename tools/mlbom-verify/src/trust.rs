//! Whom and what the caller trusts, read from files and flags.

use std::path::Path;

use mlbom::cli::{Input, Output};
use mlbom::time::Timestamp;
use mlbom_openpgp::{Keyring, MAX_KEYRING_BYTES};
use mlbom_sigstore::key::{MAX_PEM_BYTES, PublicKey};
use mlbom_sigstore::trust::{Accept, Pattern, Trust, Wanted};
use mlbom_sigstore::trusted_root::{MAX_BYTES as MAX_ROOT_BYTES, TrustedRoot};

use crate::args::Args;
use crate::error::Error;

/// Everything that signatures are held against.
#[derive(Debug)]
pub(crate) struct Trusted {
    keys: Vec<PublicKey>,
    accept: Option<Accept>,
    pub(crate) keyring: Option<Keyring>,
    pub(crate) root: TrustedRoot,
    /// What the report calls the root.
    pub(crate) root_name: String,
    root_is_given: bool,
    pub(crate) at: Timestamp,
    /// The same if it is not the clock's.
    pub(crate) given_at: Option<Timestamp>,
    ignore_log: bool,
    ignore_sct: bool,
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
        let (root, root_name) = root(args, output)?;
        Ok(Self {
            keys,
            accept,
            keyring: keyring(args, output)?,
            root,
            root_name,
            // Certificates alone are no word about logs and clocks.
            root_is_given: args.trusted_root.is_some(),
            at: args.at.unwrap_or_else(Timestamp::now),
            given_at: args.at,
            ignore_log: args.ignore_log,
            ignore_sct: args.ignore_sct,
        })
    }

    pub(crate) fn trust(&self) -> Trust<'_> {
        Trust {
            keys: &self.keys,
            accept: self.accept.as_ref(),
            root: &self.root,
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

fn root(args: &Args, output: &mut Output) -> Result<(TrustedRoot, String), Error> {
    if let Some(file) = &args.trusted_root {
        let input = read(file, MAX_ROOT_BYTES as u64, output)?;
        let wrong = |source| Error::Root { name: input.name.clone(), source };
        let text = std::str::from_utf8(&input.bytes).map_err(|_| Error::NotUtf8(input.name.clone()))?;
        let root = TrustedRoot::parse(text).map_err(wrong)?;
        return Ok((root, input.base_name()));
    }
    if args.ca.is_empty() {
        return Ok((TrustedRoot::public_good(), format!("public-good {}", TrustedRoot::public_good_date())));
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
    Ok((root, name))
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
