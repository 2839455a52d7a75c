//! What is offered in proof: bundles, and the keys that they are checked with.

use std::path::Path;

use mlbom::cli::{Input, Output};
use mlbom::digest::Sha256;
use mlbom::stream;
use mlbom_sigstore::bundle::Bundle;
use mlbom_sigstore::key::{MAX_PEM_BYTES, PublicKey};

use crate::args::Args;
use crate::error::Error;

/// The most different bundles that are checked: each may be held against every file of the model.
pub(crate) const MAX_BUNDLES: usize = 100;

/// Everything that was read before the model was.
#[derive(Debug)]
pub(crate) struct Evidence {
    pub(crate) bundles: Vec<Offered>,
    pub(crate) files: Vec<BundleFile>,
    pub(crate) keys: Vec<PublicKey>,
}

/// One bundle, with what the report calls it.
#[derive(Debug)]
pub(crate) struct Offered {
    pub(crate) bundle: Bundle,
    /// SHA-256 of its text.
    pub(crate) digest: Sha256,
    /// The base name of its file.
    pub(crate) file: String,
}

/// A file of bundles, to recognise it again if it lies inside the model.
#[derive(Debug)]
pub(crate) struct BundleFile {
    pub(crate) base_name: String,
    pub(crate) digest: Sha256,
}

impl Evidence {
    pub(crate) fn read(args: &Args, output: &mut Output) -> Result<Self, Error> {
        let dashes = args.bundle.iter().chain(&args.key).filter(|path| *path == Path::new("-")).count();
        if dashes + usize::from(args.model().is_none()) > 1 {
            return Err(Error::Stdin);
        }
        let mut keys = Vec::new();
        for file in &args.key {
            let input = Input::open(file, MAX_PEM_BYTES)?;
            output.protect(input.identity);
            let key = PublicKey::from_pem(&input.bytes);
            keys.push(key.map_err(|source| Error::Key { name: input.name, source })?);
        }
        let (mut bundles, mut files) = (Vec::new(), Vec::new());
        for file in &args.bundle {
            let input = Input::open(file, stream::MAX_BYTES)?;
            output.protect(input.identity);
            read_bundles(&input, &mut bundles)?;
            files.push(BundleFile { base_name: input.base_name(), digest: Sha256::of(&input.bytes) });
        }
        Ok(Self { bundles, files, keys })
    }
}

fn read_bundles(input: &Input, bundles: &mut Vec<Offered>) -> Result<(), Error> {
    let documents = stream::documents(&input.bytes)
        .map_err(|source| Error::Stream { name: input.name.clone(), source })?;
    for (at, document) in documents.iter().enumerate() {
        let digest = Sha256::of(document.text.as_bytes());
        // Said twice is said once.
        if bundles.iter().any(|known| known.digest == digest) {
            continue;
        }
        if bundles.len() == MAX_BUNDLES {
            return Err(Error::ManyBundles(input.name.clone()));
        }
        let bundle = Bundle::parse(document.text).map_err(|source| Error::Bundle {
            name: input.name.clone(),
            number: at + 1,
            source,
        })?;
        bundles.push(Offered { bundle, digest, file: input.base_name() });
    }
    Ok(())
}
