//! `--make-trusted-root` and `--refresh-trust`: what verifiers trust, in one file.

use std::path::{Path, PathBuf};

use mlbom::cli::{Input, Output, Verdict};
use mlbom::time::Timestamp;
use mlbom_sigstore::certificate::chain_from_pem;
use mlbom_sigstore::key::{KeyType, MAX_PEM_BYTES, PublicKey};
use mlbom_sigstore::trusted_root::{NewAuthority, NewLog, NewTrustedRoot, Window, host_of};
use mlbom_sigstore_online::tuf::{self, PUBLIC_GOOD_ROOT, PUBLIC_GOOD_URL, TufSource};
use mlbom_sigstore_online::{Client, Url};

use crate::args::{Args, Located};
use crate::error::Error;
use crate::services::{environment, parse};

/// The longest root of a repository that is read, in bytes.
const MAX_ROOT_BYTES: u64 = 1 << 20;
/// The longest file of certificates that is read, in bytes.
const MAX_CHAIN_BYTES: u64 = 1 << 20;

/// The trusted root of what the caller names.
pub(crate) fn make(args: &Args, output: &mut Output) -> Result<String, Error> {
    if args.ca_chain.is_empty() && args.tsa_chain.is_empty() && args.log.is_empty() && args.ct_log.is_empty()
    {
        return Err(Error::EmptyRoot);
    }
    let beginning = || Timestamp::from_seconds(0).expect("1970 is a year");
    let window = Window { start: Some(args.valid_from.unwrap_or_else(beginning)), end: None };
    let root = NewTrustedRoot {
        authorities: authorities(&args.ca_chain, window, output)?,
        timestamp_authorities: authorities(&args.tsa_chain, window, output)?,
        logs: logs(&args.log, true, window, output)?,
        ct_logs: logs(&args.ct_log, false, window, output)?,
    };
    Ok(root.to_json().map_err(Error::NewRoot)? + "\n")
}

fn authorities(files: &[PathBuf], window: Window, output: &mut Output) -> Result<Vec<NewAuthority>, Error> {
    let one = |file: &PathBuf| {
        let (name, chain_pem) = read(file, MAX_CHAIN_BYTES, output)?;
        // Here, where the file has a name.
        chain_from_pem(&chain_pem).map_err(|source| Error::Certificate { name, source })?;
        Ok(NewAuthority { chain_pem, url: String::new(), window })
    };
    files.iter().map(one).collect()
}

fn logs(
    located: &[Located],
    of_checkpoints: bool,
    window: Window,
    output: &mut Output,
) -> Result<Vec<NewLog>, Error> {
    let one = |Located { url, file }: &Located| {
        let (name, pem) = read(file, MAX_PEM_BYTES, output)?;
        let key = PublicKey::from_pem(&pem).map_err(|source| Error::PublicKey { name, source })?;
        // Rekor 2 signs with Ed25519 and is known by its host; Rekor 1 never does.
        let is_rekor_2 = of_checkpoints && key.key_type() == KeyType::Ed25519;
        let origin = is_rekor_2.then(|| host_of(url).to_owned());
        Ok(NewLog { key, url: url.clone(), origin, window })
    };
    located.iter().map(one).collect()
}

fn read(file: &Path, limit: u64, output: &mut Output) -> Result<(String, Vec<u8>), Error> {
    let input = Input::open(file, limit)?;
    output.protect(input.identity);
    Ok((input.name, input.bytes))
}

/// Fetches the newest trusted root into `dir`.
pub(crate) fn refresh(args: &Args, dir: &Path) -> Result<Verdict, Error> {
    let client = Client::new(&environment)?;
    let root = args.tuf_root.as_deref().map(|file| Input::open(file, MAX_ROOT_BYTES)).transpose()?;
    let public_good = Url::parse(PUBLIC_GOOD_URL).expect("a URL");
    let tuf_url = args.tuf_url.as_deref().map(|url| parse("--tuf-url", url)).transpose()?;
    let source = match (&tuf_url, &root) {
        (Some(url), Some(root)) => TufSource { url, root: &root.bytes },
        _ => TufSource { url: &public_good, root: PUBLIC_GOOD_ROOT },
    };
    tuf::refresh(&client, dir, &source, Timestamp::now())?;
    Ok(Verdict::Pass)
}
