//! Fresh roots of trust, by The Update Framework (TUF specification 1.0.33).
//!
//! The workflow is the `sigstore-tuf` crate's; requests, files and limits are ours.

mod store;

use std::future::Future;
use std::path::Path;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::{fs, io};

use mlbom::cli::{Output, OutputError};
use mlbom::time::Timestamp;
use mlbom_sigstore::trusted_root::TrustedRoot;
use sigstore_tuf::transport::FetchFuture;
use sigstore_tuf::{Error as Tuf, Repository, Updater, UpdaterConfig};

use self::store::Store;
use crate::escape::shown;
use crate::http::{Client, HttpError, Request};
use crate::services::check_signing_config;
use crate::url::Url;

/// Where Sigstore's public instance keeps its roots of trust.
pub const PUBLIC_GOOD_URL: &str = "https://tuf-repo-cdn.sigstore.dev";

/// The TUF root of that instance to begin with; `embedded/public-good/ORIGIN.md` says where it is from.
pub const PUBLIC_GOOD_ROOT: &[u8] = include_bytes!("../embedded/public-good/root.json");

/// The longest file that is fetched, in bytes.
pub const MAX_FILE_BYTES: u64 = 8 << 20;

/// The trusted root's name, in the repository and here.
pub const TRUSTED_ROOT: &str = "trusted_root.json";

/// The signing configuration's name, in the repository and here.
pub const SIGNING_CONFIG: &str = "signing_config.v0.2.json";

/// Where the repository's metadata is kept, so that the next refresh notices older ones.
const METADATA: &str = "tuf";

/// A TUF repository, and the root to begin with.
#[derive(Clone, Copy, Debug)]
pub struct TufSource<'a> {
    /// Metadata is below it, files are below its `targets`.
    pub url: &'a Url,
    /// A `root.json` of any age, had by a way that is trusted.
    pub root: &'a [u8],
}

/// What a refresh brought.
#[derive(Clone, Debug)]
pub struct Refreshed {
    /// The trusted root, JSON as it was published.
    pub trusted_root: Vec<u8>,
    /// The signing configuration, where the repository has one.
    pub signing_config: Option<Vec<u8>>,
    /// The TUF root's version.
    pub root_version: u64,
    /// The list of files' version.
    pub targets_version: u64,
    /// The timestamp's version.
    pub timestamp_version: u64,
    /// When the repository's own word that this is the newest ends; whole seconds.
    pub expires: Timestamp,
}

/// Why there is nothing fresh. Neither of the two files has then changed, unless it is [`TufError::Output`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TufError {
    /// Published, and not what its name says.
    #[error("{url}: {name} is not what its name says")]
    Content {
        /// The repository.
        url: Url,
        /// The file's name.
        name: &'static str,
    },
    /// An attacker who holds back what is newer, or a neglected repository.
    #[error("{url}: the {role} metadata has expired at {at}")]
    Expired {
        /// The repository.
        url: Url,
        /// Which metadata.
        role: String,
        /// When.
        at: String,
    },
    /// No answer.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// A file could not be written.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// Signatures, digests, lengths or names that do not hold.
    #[error("{url}: cannot be trusted: {why}")]
    Refused {
        /// The repository.
        url: Url,
        /// What does not hold.
        why: String,
    },
    /// An attacker who offers what is out of date.
    #[error("{url}: offers {role} metadata of version {found}, after version {known}")]
    Rollback {
        /// The repository.
        url: Url,
        /// Which metadata.
        role: String,
        /// What it offers.
        found: u64,
        /// What it had before.
        known: u64,
    },
    /// What was to be begun with: nobody was asked yet.
    #[error("is not the root of a repository, signed by its own keys: {0}")]
    Root(String),
    /// Without what is kept from last time, older metadata would not be noticed.
    #[error("{name}: metadata cannot be kept there")]
    Store {
        /// The file.
        name: String,
        /// Why not.
        source: io::Error,
    },
}

/// Fetches the newest trusted root and signing configuration at the time `at`, and puts them into `dir`, which is made if it
/// is not there. Each file is written whole or not at all, and none unless all are there and their signatures hold.
///
/// Metadata is kept in `tuf` beside them. It is checked anew, from `source.root`, each time. A `dir` is for one repository.
pub fn refresh(
    client: &Client,
    dir: &Path,
    source: &TufSource<'_>,
    at: Timestamp,
) -> Result<Refreshed, TufError> {
    let url = source.url;
    let refused = |err: Tuf| TufError::of(url, err);
    let now = jiff::Timestamp::from_second(at.seconds()).expect("both hold the years 1 to 9999");
    let store = Store::new(dir.join(METADATA));
    let mut limits = UpdaterConfig::default();
    limits.target_max_length = MAX_FILE_BYTES;
    let repository = Remote { client: client.clone(), url: url.clone() };
    let updater = Updater::new(repository, source.root).map_err(|err| TufError::Root(why(&err)))?;
    let mut updater = updater.with_config(limits).with_store(store.clone());
    store.check()?;
    let done = ready(updater.refresh(now));
    // First: what could not be read is why the rest may look wrong.
    store.check()?;
    done.map_err(refused)?;
    let trusted_root = ready(updater.get_target(TRUSTED_ROOT, now)).map_err(refused)?;
    let signing_config = match ready(updater.get_target(SIGNING_CONFIG, now)) {
        Err(Tuf::TargetNotFound(_)) => None,
        found => Some(found.map_err(refused)?),
    };
    // The crate passes over what could not be written.
    store.check()?;
    let content = |name| TufError::Content { url: url.clone(), name };
    if !is_trusted_root(&trusted_root) {
        return Err(content(TRUSTED_ROOT));
    }
    if signing_config.as_deref().is_some_and(|config| !is_signing_config(config)) {
        return Err(content(SIGNING_CONFIG));
    }
    match &signing_config {
        Some(config) => Output::new(Some(&dir.join(SIGNING_CONFIG))).write(config)?,
        None => remove(&dir.join(SIGNING_CONFIG))?,
    }
    Output::new(Some(&dir.join(TRUSTED_ROOT))).write(&trusted_root)?;
    let trusted = updater.trusted();
    let missing = || TufError::Refused { url: url.clone(), why: "no timestamp or targets".to_owned() };
    let timestamp = trusted.timestamp().ok_or_else(missing)?;
    Ok(Refreshed {
        root_version: trusted.root().version,
        targets_version: trusted.targets_role("targets").ok_or_else(missing)?.version,
        timestamp_version: timestamp.version,
        expires: Timestamp::from_seconds(timestamp.expires.as_second()).ok_or_else(missing)?,
        trusted_root,
        signing_config,
    })
}

impl TufError {
    fn of(url: &Url, err: Tuf) -> Self {
        let url = url.clone();
        match err {
            Tuf::Expired { role, expires } => {
                Self::Expired { url, role: shown(role.as_bytes(), &[]), at: expires.to_string() }
            }
            Tuf::Rollback { role, trusted, new } => {
                Self::Rollback { url, role: shown(role.as_bytes(), &[]), found: new, known: trusted }
            }
            Tuf::Transport { message, source } => {
                match source.map(<dyn std::error::Error + Send + Sync>::downcast::<HttpError>) {
                    Some(Ok(http)) => Self::Http(*http),
                    _ => Self::Refused { url, why: shown(message.as_bytes(), &[]) },
                }
            }
            err => Self::Refused { url, why: why(&err) },
        }
    }
}

/// The crate's words, which hold names from the repository.
fn why(err: &Tuf) -> String {
    let chain = std::iter::successors(Some(err as &dyn std::error::Error), |err| err.source());
    shown(chain.map(ToString::to_string).collect::<Vec<_>>().join(": ").as_bytes(), &[])
}

/// Removes what the repository has no more, if it is there: it would be taken for what goes with the new root.
fn remove(path: &Path) -> Result<(), TufError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(OutputError::Io { name: path.display().to_string(), source }.into())
        }
        _ => Ok(()),
    }
}

/// The repository over our client. The futures are ready when they are made: the calls block.
struct Remote {
    client: Client,
    url: Url,
}

impl Remote {
    /// Nothing, if there is no such file.
    fn fetch(&self, path: &str, max_length: u64) -> Result<Option<Vec<u8>>, Tuf> {
        if !is_plain_path(path) {
            return Err(Tuf::transport(format!("{path:?} is not a name that is fetched")));
        }
        let url = self.url.join(path);
        // Object stores say 403 of what is not there.
        let limit = max_length.min(MAX_FILE_BYTES);
        let request = Request { accept: "*/*", taken: &[403, 404], limit, ..Request::get(&url) };
        let answer =
            self.client.send(&request).map_err(|err| Tuf::transport_with_source("no answer", err))?;
        Ok((answer.status / 100 == 2).then_some(answer.body))
    }
}

impl Repository for Remote {
    fn fetch_metadata<'a>(&'a self, name: &'a str, max_length: u64) -> FetchFuture<'a> {
        Box::pin(std::future::ready(self.fetch(name, max_length)))
    }

    fn fetch_target<'a>(&'a self, path: &'a str, max_length: u64) -> FetchFuture<'a> {
        Box::pin(std::future::ready(self.fetch(&format!("targets/{path}"), max_length)))
    }
}

/// Whether `path` is names with slashes between them that mean the same in a URL and in a file system.
fn is_plain_path(path: &str) -> bool {
    let plain = |name: &str| {
        let known =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'%');
        !matches!(name, "" | "." | "..") && name.bytes().all(known)
    };
    path.len() <= 255 && path.split('/').all(plain)
}

/// The result of a future that does not wait.
fn ready<T>(future: impl Future<Output = Result<T, Tuf>>) -> Result<T, Tuf> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => Err(Tuf::transport("a request waits, and nobody would wake it")),
    }
}

fn is_trusted_root(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| TrustedRoot::parse(text).is_ok())
}

fn is_signing_config(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| check_signing_config(text).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        for (path, plain) in [
            ("1.root.json", true),
            ("targets/abc.trusted_root.json", true),
            ("a%2Fb.json", true),
            ("", false),
            ("..", false),
            ("a/../b", false),
            ("/a", false),
            ("a//b", false),
            ("a?b", false),
            ("a#b", false),
            ("a b", false),
            ("https://evil.example", false),
        ] {
            assert_eq!(is_plain_path(path), plain, "{path}");
        }
    }

    #[test]
    fn the_embedded_root_holds() {
        let remote = Remote {
            client: Client::new(&|_| None).expect("a client"),
            url: Url::parse(PUBLIC_GOOD_URL).expect("a URL"),
        };
        let updater = Updater::new(remote, PUBLIC_GOOD_ROOT).expect("signed by its own keys");
        assert_eq!(updater.trusted().root().version, 16);
    }
}
