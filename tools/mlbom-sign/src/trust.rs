//! `--make-trusted-root` and `--refresh-trust`: what verifiers trust, in one file.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use mlbom::cli::{Input, Output, Verdict};
use mlbom::time::Timestamp;
use mlbom_sigstore::certificate::{Certificate, chain_from_pem};
use mlbom_sigstore::chain::is_self_signed;
use mlbom_sigstore::key::{KeyType, MAX_PEM_BYTES, PublicKey};
use mlbom_sigstore::signing::{First, check_links};
use mlbom_sigstore::trusted_root::{NewAuthority, NewLog, NewTrustedRoot, Window, host_of};
use mlbom_sigstore_online::tuf::{self, PUBLIC_GOOD_ROOT, PUBLIC_GOOD_URL, TufError, TufSource};
use mlbom_sigstore_online::{Client, Url, UrlError};

use crate::args::Args;
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
        authorities: authorities(&args.ca_chain, First::Authority, window, output)?,
        timestamp_authorities: authorities(&args.tsa_chain, First::TimeStamping, window, output)?,
        logs: logs("--log", &args.log, window, output)?,
        ct_logs: logs("--ct-log", &args.ct_log, window, output)?,
    };
    Ok(root.to_json().map_err(Error::NewRoot)? + "\n")
}

fn authorities(
    files: &[PathBuf],
    first: First,
    window: Window,
    output: &mut Output,
) -> Result<Vec<NewAuthority>, Error> {
    let one = |file: &PathBuf| {
        let (name, chain_pem) = read(file, MAX_CHAIN_BYTES, output)?;
        // Here, where the file has a name.
        let chain =
            chain_from_pem(&chain_pem).map_err(|source| Error::Certificate { name: name.clone(), source })?;
        if first != First::Authority || !is_signer_alone(&chain) {
            check_links(&chain, first).map_err(|source| Error::Links { name, source })?;
        }
        Ok(NewAuthority { chain_pem, url: String::new(), window })
    };
    files.iter().map(one).collect()
}

/// Whether it is one certificate of a signer, signed by itself: verifiers take one that is listed as it is.
fn is_signer_alone(chain: &[Vec<u8>]) -> bool {
    let [der] = chain else { return false };
    is_self_signed(der) && Certificate::parse(der).is_ok_and(|signer| signer.allows_code_signing())
}

fn logs(
    flag: &'static str,
    located: &[OsString],
    window: Window,
    output: &mut Output,
) -> Result<Vec<NewLog>, Error> {
    let one = |given: &OsString| {
        let (url, file) = located_at(flag, given)?;
        let (name, pem) = read(file, MAX_PEM_BYTES, output)?;
        let key = PublicKey::from_pem(&pem).map_err(|source| Error::PublicKey { name, source })?;
        // Rekor 2 signs with Ed25519 and is known by its host; Rekor 1 never does, and no log of certificates.
        let is_rekor_2 = flag == "--log" && key.key_type() == KeyType::Ed25519;
        let origin = is_rekor_2.then(|| host_of(url).to_owned());
        Ok(NewLog { key, url: url.to_owned(), origin, window })
    };
    located.iter().map(one).collect()
}

/// `URL=FILE`, in its two parts. Not read with the other arguments: a message there would show a password in the URL.
fn located_at<'a>(flag: &'static str, given: &'a OsStr) -> Result<(&'a str, &'a Path), Error> {
    let bytes = given.as_bytes();
    let at = bytes.iter().position(|byte| *byte == b'=').ok_or(Error::Located(flag))?;
    let (url, file) = (std::str::from_utf8(&bytes[..at]), &bytes[at + 1..]);
    let (Ok(url), false) = (url, file.is_empty()) else { return Err(Error::Located(flag)) };
    match parse(flag, url) {
        // Nobody is asked here, and a log is known by its name.
        Ok(_) | Err(Error::Url { source: UrlError::Plain(_), .. }) => {
            Ok((url, Path::new(OsStr::from_bytes(file))))
        }
        Err(err) => Err(err),
    }
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
    match (tuf::refresh(&client, dir, &source, Timestamp::now()), &root) {
        // The file has a name, and is not the repository's.
        (Err(source @ TufError::Root(_)), Some(root)) => {
            Err(Error::TufRoot { name: root.name.clone(), source })
        }
        (refreshed, _) => Ok(refreshed.map(|_| Verdict::Pass)?),
    }
}
