//! Digests that are taken over and not computed: asked for by a flag, and marked file by file in the manifest.

mod blob_name;
mod cache;
mod error;
mod oci;
mod sums;

use std::fmt::Debug;
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use mlbom::cli::{self, Input, Output};
use mlbom::manifest::{self, Digests};
use mlbom::path::RelPath;
use mlbom_formats::Format;
use mlbom_tree::{Candidate, Hashed, Identity, Known, KnownDigest, Listed, Refusal};

use crate::args::Args;
pub(crate) use error::Error;

/// One place that digests come from.
trait Source: Debug + Send + Sync {
    /// What it knows of a file.
    fn find(&self, file: &Candidate<'_>) -> Result<Option<Found>, Error>;

    /// What it lists by name, all of which the model has to have.
    fn paths(&self) -> Box<dyn Iterator<Item = &RelPath> + '_> {
        Box::new(std::iter::empty())
    }
}

#[derive(Clone, Copy, Debug)]
struct Found {
    digests: Digests,
    format: Option<Format>,
}

impl From<mlbom::digest::Sha256> for Found {
    fn from(sha256: mlbom::digest::Sha256) -> Self {
        Self { digests: sha256.into(), format: None }
    }
}

/// A source as it was asked for.
#[derive(Debug)]
struct Named {
    /// What the manifest calls it.
    mark: &'static str,
    /// What a message calls it.
    name: String,
    source: Box<dyn Source>,
}

/// All that were asked for. The first that knows a file gives its name to it; what the others know has to agree.
#[derive(Debug)]
pub(crate) struct Sources {
    named: Vec<Named>,
    cache: Option<Arc<cache::Cache>>,
}

impl Sources {
    /// Reads what the flags name; `None` if they name nothing. What is read is protected from `output`.
    pub(crate) fn read(args: &Args, output: &mut Output) -> Result<Option<Arc<Self>>, Error> {
        refuse_misuse(args)?;
        let mut cache = None;
        let mut named = Vec::new();
        // Our own digest comes first; of what others say, what names size and digest before what names less.
        if let Some(path) = &args.cache {
            let read = Arc::new(cache::Cache::read(path, args.output.as_deref(), SystemTime::now())?);
            refuse_inside(&read, path, &args.paths)?;
            output.protect(read.identity());
            named.push(Named::new(manifest::CACHED, path, Box::new(Arc::clone(&read))));
            cache = Some(read);
        }
        if let Some(path) = &args.from_oci_manifest {
            let input = Input::open(path, oci::MAX_BYTES)?;
            output.protect(input.identity);
            named.push(Named::new(manifest::OCI_MANIFEST, path, Box::new(oci::Layers::read(&input)?)));
        }
        if let Some(path) = &args.from_sums {
            let input = Input::open(path, sums::MAX_BYTES)?;
            output.protect(input.identity);
            named.push(Named::new(manifest::SUMS, path, Box::new(sums::Sums::read(&input)?)));
        }
        if args.trust_blob_names {
            let name = Path::new("the name of its blob");
            named.push(Named::new(manifest::BLOB_NAME, name, Box::new(blob_name::BlobName)));
        }
        Ok(if named.is_empty() { None } else { Some(Arc::new(Self { named, cache })) })
    }

    /// Puts what was hashed into the cache, if there is one, and protects that from `output`.
    pub(crate) fn keep(&self, models: &[Hashed], output: &mut Output) -> Result<(), Error> {
        let Some(cache) = &self.cache else { return Ok(()) };
        let files: Vec<(Identity, &manifest::File)> =
            models.iter().flat_map(|model| model.seen.iter().copied().zip(model.manifest.files())).collect();
        if files.iter().any(|(seen, _)| cache.identity() == Some((seen.device, seen.inode))) {
            return Err(Error::CacheInside(cache.name().to_owned()));
        }
        let identity = cli::replace_private(cache.path(), &cache.renewed(&files)?)?;
        output.protect(Some(identity));
        Ok(())
    }
}

impl Named {
    fn new(mark: &'static str, name: &Path, source: Box<dyn Source>) -> Self {
        Self { mark, name: name.display().to_string(), source }
    }
}

impl Known for Sources {
    fn model(&self, model: &Listed<'_>) -> Result<(), Refusal> {
        // A directory can be mounted in a second place: there, the way up from the cache does not lead to the model.
        if let Some(cache) =
            self.cache.as_ref().filter(|cache| cache.above().iter().any(|dir| model.holds(*dir)))
        {
            return Err(Error::CacheInside(cache.name().to_owned()).into());
        }
        for named in &self.named {
            if let Some(path) = named.source.paths().find(|path| !model.has(path)) {
                return Err(Error::Absent { name: named.name.clone(), path: path.clone() }.into());
            }
        }
        Ok(())
    }

    fn digest(&self, file: &Candidate<'_>) -> Result<Option<KnownDigest>, Refusal> {
        let mut first: Option<(&Named, Found)> = None;
        for named in &self.named {
            let Some(found) = named.source.find(file)? else { continue };
            match &first {
                Some((other, said)) if said.digests.sha256 != found.digests.sha256 => {
                    return Err(Error::Disagree {
                        first: other.name.clone(),
                        said: said.digests.sha256,
                        second: named.name.clone(),
                        says: found.digests.sha256,
                    }
                    .into());
                }
                Some(_) => {}
                None => first = Some((named, found)),
            }
        }
        Ok(first.map(|(named, Found { digests, format })| KnownDigest {
            digests,
            source: named.mark,
            format,
        }))
    }

    fn hashing(&self, file: BorrowedFd<'_>, seen: &Identity) {
        if let Some(cache) = &self.cache {
            cache.hashing(file, seen);
        }
    }
}

/// What clap cannot see.
fn refuse_misuse(args: &Args) -> Result<(), Error> {
    let lists = [&args.from_oci_manifest, &args.from_sums];
    if lists.iter().all(|list| list.as_deref() == Some(Path::new("-"))) {
        return Err(Error::Stdin);
    }
    match (lists.into_iter().flatten().next(), args.paths.as_slice()) {
        // The paths in a list start from one model.
        (Some(_), [_, second, ..]) => Err(Error::ManyPaths(second.clone())),
        _ => Ok(()),
    }
}

/// A cache in a model would change it whenever it is written.
fn refuse_inside(cache: &cache::Cache, given: &Path, models: &[PathBuf]) -> Result<(), Error> {
    use std::os::unix::fs::MetadataExt as _;
    for model in models {
        // What cannot be read is said when it is hashed.
        let Ok(model) = std::fs::metadata(model) else { continue };
        let is_model = |(device, inode)| (device, inode) == (model.dev(), model.ino());
        if cache.above().iter().copied().any(is_model) || cache.identity().is_some_and(is_model) {
            return Err(Error::CacheInside(given.display().to_string()));
        }
    }
    Ok(())
}
