//! Joins all parts of a model to its manifest.

use super::{Asked, Error, Listing, Part, Share, shares};
use crate::digest::Sha256;
use crate::manifest::{self, Excluded, File, Kind, Manifest};
use crate::path::RelPath;

/// Parts of one model, as they come. Memory grows with the model's files, not with the number of parts.
#[derive(Debug, Default)]
pub struct Parts {
    whole: Option<Whole>,
    /// What messages call each part; `None` until it came.
    names: Vec<Option<String>>,
    /// The files of all, each with the number of its part.
    files: Vec<(File, u32)>,
}

/// What all parts have to say alike.
#[derive(Debug)]
struct Whole {
    count: u32,
    name: String,
    kind: Kind,
    asked: Asked,
    listing: Listing,
    excluded: Vec<Excluded>,
    /// What messages call the part that said so first.
    said_by: String,
}

/// Why parts do not make a whole.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MergeError {
    /// Two parts are not of one model.
    #[error("{at}: {member} is {found}, {wanted} was wanted as in {first}")]
    Differs {
        /// The part.
        at: String,
        /// What differs.
        member: &'static str,
        /// What it says.
        found: String,
        /// What the first part says.
        wanted: String,
        /// The first part.
        first: String,
    },
    /// A part came again, whatever is in it.
    #[error("{at}: part {share} is doubled, {earlier} is the same part")]
    Doubled {
        /// The second.
        at: String,
        /// Which part.
        share: Share,
        /// The first.
        earlier: String,
    },
    /// No part at all.
    #[error("no part was given")]
    Empty,
    /// One file in two parts.
    #[error("{path:?} is in {first} and in {second}")]
    FileTwice {
        /// The file.
        path: RelPath,
        /// A part.
        first: String,
        /// And another.
        second: String,
    },
    /// The files are not those that were listed.
    #[error("the files of all parts give the listing {found}, {at} says {listed}")]
    Listing {
        /// What they give.
        found: Sha256,
        /// What the parts say.
        listed: Sha256,
        /// The first part.
        at: String,
    },
    /// What the parts hold makes no manifest.
    #[error("the parts make no manifest")]
    Manifest(#[from] manifest::Error),
    /// A part did not come.
    #[error("{which} of {count} {verb} missing", verb = if *.more { "are" } else { "is" })]
    Missing {
        /// For instance `part 3` or `parts 3, 5 and 7 more`.
        which: String,
        /// How many there should be.
        count: u32,
        /// Whether it is more than one.
        more: bool,
    },
    /// The sizes do not add up.
    #[error("the files of all parts")]
    Part(#[from] Error),
    /// The numbers of the whole are not what the files come to.
    #[error("all parts together hold {found} {what}, {at} says {listed}")]
    Total {
        /// `files` or `bytes`.
        what: &'static str,
        /// What they hold.
        found: u64,
        /// What the parts say.
        listed: u64,
        /// The first part.
        at: String,
    },
    /// A file that another part should have hashed.
    #[error("{at}: holds {path:?}, which is in the share of part {wanted}")]
    WrongShare {
        /// The part it is in.
        at: String,
        /// The file.
        path: RelPath,
        /// Where it belongs.
        wanted: Share,
    },
}

impl MergeError {
    /// The way out, where there is one.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Missing { .. } => "run what is missing again: mlbom-hash --part I/N PATH".to_owned(),
            Self::Differs { .. } | Self::Listing { .. } => {
                "all parts have to see one model that nobody writes to, with the same options; run all of them again"
                    .to_owned()
            }
            _ => return None,
        })
    }
}

impl Parts {
    /// Takes one part, which messages call `at`.
    pub fn add(&mut self, at: &str, part: Part) -> Result<(), MergeError> {
        let share = part.share();
        let whole = match &self.whole {
            Some(whole) => {
                whole.agrees_with(at, &part)?;
                whole
            }
            None => {
                self.names = vec![None; share.count() as usize];
                self.whole.insert(Whole::said_by(at, &part))
            }
        };
        // The count is the same in all, and `Share` holds the number below it.
        let name = &mut self.names[share.number() as usize - 1];
        if let Some(earlier) = name {
            return Err(MergeError::Doubled { at: at.to_owned(), share, earlier: earlier.clone() });
        }
        *name = Some(at.to_owned());
        // Refused here, so that no number of parts fills the memory.
        let found = (self.files.len() + part.files.len()) as u64;
        if found > whole.listing.files {
            return Err(whole.total("files", found, whole.listing.files));
        }
        self.files.extend(part.files.into_iter().map(|file| (file, share.number())));
        Ok(())
    }

    /// The manifest of the whole, if every part came and every file is in the part that it belongs in.
    pub fn join(self) -> Result<Manifest, MergeError> {
        let Self { whole, names, mut files } = self;
        let whole = whole.ok_or(MergeError::Empty)?;
        if let Some(missing) = missing(&names) {
            return Err(missing);
        }
        let name_of = |part: u32| names[part as usize - 1].clone().unwrap_or_default();
        files.sort_unstable_by(|a, b| a.0.path.cmp(&b.0.path).then(a.1.cmp(&b.1)));
        if let Some(pair) = files.windows(2).find(|pair| pair[0].0.path == pair[1].0.path) {
            let (first, second) = (name_of(pair[0].1), name_of(pair[1].1));
            return Err(MergeError::FileTwice { path: pair[0].0.path.clone(), first, second });
        }
        let listed = whole.listing;
        let found =
            Listing::of(files.iter().map(|(file, _)| (&file.path, file.size, file.link)), &whole.excluded)?;
        for (what, found, listed) in
            [("files", found.files, listed.files), ("bytes", found.bytes, listed.bytes)]
        {
            if found != listed {
                return Err(whole.total(what, found, listed));
            }
        }
        if found.sha256 != listed.sha256 {
            let (found, listed, at) = (found.sha256, listed.sha256, whole.said_by);
            return Err(MergeError::Listing { found, listed, at });
        }
        let sizes: Vec<_> = files.iter().map(|(file, _)| (&file.path, file.size)).collect();
        for ((file, part), wanted) in files.iter().zip(shares(&sizes, whole.count)) {
            if *part != wanted {
                let (at, path) = (name_of(*part), file.path.clone());
                return Err(MergeError::WrongShare { at, path, wanted: Share::known(wanted, whole.count) });
            }
        }
        let files = files.into_iter().map(|(file, _)| file).collect();
        Ok(Manifest::new(&whole.name, whole.kind, files, whole.excluded)?)
    }
}

impl Whole {
    fn said_by(at: &str, part: &Part) -> Self {
        Self {
            count: part.parts,
            name: part.name.clone(),
            kind: part.kind,
            asked: part.asked,
            listing: part.listing,
            excluded: part.excluded.clone(),
            said_by: at.to_owned(),
        }
    }

    fn agrees_with(&self, at: &str, part: &Part) -> Result<(), MergeError> {
        let kind = |kind| if kind == Kind::File { "file" } else { "directory" }.to_owned();
        let (ours, theirs) = (&self.listing, &part.listing);
        for (same, member, found, wanted) in [
            (part.parts == self.count, "the number of parts", part.parts.to_string(), self.count.to_string()),
            (part.name == self.name, "name", format!("{:?}", part.name), format!("{:?}", self.name)),
            (part.kind == self.kind, "kind", kind(part.kind), kind(self.kind)),
            (part.asked == self.asked, "what was asked for", part.asked.to_string(), self.asked.to_string()),
            (
                theirs.files == ours.files,
                "the number of files",
                theirs.files.to_string(),
                ours.files.to_string(),
            ),
            (
                theirs.bytes == ours.bytes,
                "the number of bytes",
                theirs.bytes.to_string(),
                ours.bytes.to_string(),
            ),
            (theirs.sha256 == ours.sha256, "the listing", theirs.sha256.to_string(), ours.sha256.to_string()),
            (
                part.excluded == self.excluded,
                "what was left out",
                format!("{} paths", part.excluded.len()),
                format!("another list of {}", self.excluded.len()),
            ),
        ] {
            if !same {
                let (at, first) = (at.to_owned(), self.said_by.clone());
                return Err(MergeError::Differs { at, member, found, wanted, first });
            }
        }
        Ok(())
    }

    fn total(&self, what: &'static str, found: u64, listed: u64) -> MergeError {
        MergeError::Total { what, found, listed, at: self.said_by.clone() }
    }
}

/// The parts that did not come, the first few by number.
fn missing(names: &[Option<String>]) -> Option<MergeError> {
    const SHOWN: usize = 10;
    let missing: Vec<String> =
        (1..).zip(names).filter(|(_, name)| name.is_none()).map(|(number, _)| number.to_string()).collect();
    let which = match missing.as_slice() {
        [] => return None,
        [one] => format!("part {one}"),
        few if few.len() <= SHOWN => format!("parts {}", few.join(", ")),
        many => format!("parts {} and {} more", many[..SHOWN].join(", "), many.len() - SHOWN),
    };
    let count = u32::try_from(names.len()).unwrap_or(u32::MAX);
    Some(MergeError::Missing { which, count, more: missing.len() > 1 })
}
