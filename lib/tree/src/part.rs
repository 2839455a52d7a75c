//! Hashes one share of a model, so that several machines can hash it together.

use std::path::Path;

use mlbom::manifest::Excluded;
use mlbom::part::{self, Asked, Listing, Model, Part, Share, shares};
use mlbom::path::RelPath;

use crate::{Error, Options, Watch, hash, root, walk};

/// A share of a model that was hashed.
#[derive(Debug)]
pub struct HashedPart {
    /// What was found.
    pub part: Part,
    /// Device and inode of every file of the whole model, so that no output overwrites one.
    pub identities: Vec<(u64, u64)>,
    /// The files that no part has, in byte order of path; none without [`Options::only`].
    pub unread: Vec<RelPath>,
}

/// Lists all of the file or directory at `path`, and hashes the files of `share`. Of a model that stays the same, every
/// machine finds the same shares; what tells one machine from another, times and inode numbers, is not in the part.
/// With [`Options::only`] the shares are of these files: parts of other patterns list others, and do not join.
pub fn hash_part(
    path: &Path,
    options: &Options,
    share: Share,
    watch: &dyn Watch,
) -> Result<HashedPart, Error> {
    let root = root::Root::open(path)?;
    let before = walk::list(&root, &options.exclusions)?;
    let chosen = options.chosen(&root, &before)?;
    let failed = |source| Error::Part { path: root.shown(), source };
    let sizes: Vec<_> = chosen.iter().map(|entry| (&entry.path, entry.identity.size)).collect();
    let own = chosen.iter().zip(shares(&sizes, share.count()));
    let own: Vec<_> =
        own.filter(|(_, part)| *part == share.number()).map(|(entry, _)| entry.clone()).collect();
    // The whole's sum is known to fit from here on.
    let listing = listing_of(&chosen, &before.excluded).map_err(failed)?;
    let files = hash::all(&root, &own, options, watch)?;
    before.holds(&root, &options.exclusions)?;
    drop(chosen);
    let (identities, unread) = (options.identities(&before), options.unread(&before));
    let Options { sha512, blake3, fs_verity, tensors, .. } = *options;
    let asked = Asked { sha512, blake3, fs_verity, tensors };
    let model = Model { name: root.name(), kind: root.kind(), asked, listing };
    let part = Part::new(share, model, files, before.excluded).map_err(failed)?;
    Ok(HashedPart { part, identities, unread })
}

fn listing_of(files: &[walk::Entry], excluded: &[Excluded]) -> Result<Listing, part::Error> {
    let files = files.iter().map(|entry| (&entry.path, entry.identity.size, entry.link));
    Listing::of(files, excluded)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use mlbom::part::Parts;

    use super::*;
    use crate::{Exclusions, Hashed, hash};

    struct Silent;

    impl Watch for Silent {
        fn file_done(&self) {}
        fn expect(&self, _: u64, _: u64) {}
        fn advance(&self, _: u64) {}
    }

    fn options(seed: u64) -> Options {
        Options {
            exclusions: Exclusions {
                patterns: vec!["*.tmp".parse().expect("a pattern")],
                oms_defaults: seed.is_multiple_of(3),
                ..Exclusions::default()
            },
            sha512: seed.is_multiple_of(2),
            ..Options::default()
        }
    }

    /// A tree with `files` files, nested, linked and left out, of sizes that look random.
    fn grow(top: &Path, seed: u64, files: u64) {
        let mut state = seed + 1;
        for at in 0..files {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let dir = top.join(["", "a", "a-b", "a/deep"][(state >> 60) as usize % 4]);
            fs::create_dir_all(&dir).expect("a directory");
            let size = [0, 1, 700, 70_000][(state >> 40) as usize % 4] + (state >> 50) as usize % 3;
            fs::write(dir.join(format!("f{at}")), vec![(state >> 33) as u8; size]).expect("a file");
            if at % 5 == 0 {
                symlink(format!("f{at}"), dir.join(format!("link{at}"))).expect("a link");
                fs::write(dir.join(format!("{at}.tmp")), "left out").expect("a file");
            }
        }
        fs::write(top.join(".gitignore"), "x").expect("a file");
    }

    fn joined(path: &Path, options: &Options, count: u32) -> String {
        let mut parts = Parts::default();
        // The last first: the order is no matter.
        for number in (1..=count).rev() {
            let share = Share::new(number, count).expect("a share");
            let found = hash_part(path, options, share, &Silent).expect("a part");
            let text = serde_json::to_string(&found.part).expect("JSON");
            let again = Part::parse(&text).expect("reads");
            parts.add(&number.to_string(), again).expect("fits");
        }
        serde_json::to_string(&parts.join().expect("a whole")).expect("JSON")
    }

    fn alone(path: &Path, options: &Options) -> String {
        let Hashed { manifest, .. } = hash(path, options, &Silent).expect("a manifest");
        serde_json::to_string(&manifest).expect("JSON")
    }

    #[test]
    fn the_bytes_of_a_single_run() {
        for (seed, files) in [(1, 1), (2, 3), (3, 17), (4, 40)] {
            let dir = tempfile::tempdir().expect("a directory");
            let top = dir.path().join("model");
            fs::create_dir(&top).expect("a directory");
            grow(&top, seed, files);
            let options = options(seed);
            let wanted = alone(&top, &options);
            for count in 1..=7 {
                assert_eq!(joined(&top, &options, count), wanted, "seed {seed}, {count} parts");
            }
        }
    }

    #[test]
    fn one_file_and_empty_shares() {
        let dir = tempfile::tempdir().expect("a directory");
        let one = dir.path().join("w.bin");
        fs::write(&one, [7; 1000]).expect("a file");
        let options = Options::default();
        for count in 1..=7 {
            assert_eq!(joined(&one, &options, count), alone(&one, &options), "{count} parts");
        }
        let last = Share::new(7, 7).expect("a share");
        assert!(hash_part(&one, &options, last, &Silent).expect("a part").part.files().is_empty());
    }

    #[test]
    fn no_time_and_no_place_in_a_part() {
        let dir = tempfile::tempdir().expect("a directory");
        let text = |top: &Path| {
            let share = Share::new(1, 2).expect("a share");
            serde_json::to_string(&hash_part(top, &Options::default(), share, &Silent).expect("a part").part)
        };
        let (one, two) = (dir.path().join("here/m"), dir.path().join("there/m"));
        for top in [&one, &two] {
            fs::create_dir_all(top).expect("a directory");
            fs::write(top.join("b"), "bytes").expect("a file");
            fs::write(top.join("a"), "more").expect("a file");
        }
        let long_ago = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1);
        fs::File::options()
            .write(true)
            .open(two.join("a"))
            .and_then(|file| file.set_modified(long_ago))
            .expect("a time");
        assert_eq!(text(&one).expect("JSON"), text(&two).expect("JSON"));
    }

    #[test]
    fn what_no_part_is_made_of() {
        let dir = tempfile::tempdir().expect("a directory");
        let share = Share::new(1, 2).expect("a share");
        let options = Options::default();
        assert!(matches!(hash_part(dir.path(), &options, share, &Silent), Err(Error::Empty { .. })));
        fs::write(dir.path().join("a"), "a").expect("a file");
        // Also one that is in another share: each part lists the whole.
        symlink("/etc/passwd", dir.path().join("out")).expect("a link");
        assert!(matches!(hash_part(dir.path(), &options, share, &Silent), Err(Error::Link { .. })));
    }

    #[test]
    fn a_file_of_another_share_that_changes() {
        struct Writer(std::path::PathBuf);
        impl Watch for Writer {
            fn file_done(&self) {}
            fn expect(&self, _: u64, _: u64) {
                fs::write(&self.0, "grown").expect("a file");
            }
            fn advance(&self, _: u64) {}
        }
        let dir = tempfile::tempdir().expect("a directory");
        fs::write(dir.path().join("a"), "the longest of all").expect("a file");
        fs::write(dir.path().join("b"), "b").expect("a file");
        let share = Share::new(1, 2).expect("a share");
        let watch = Writer(dir.path().join("b"));
        let found = hash_part(dir.path(), &Options::default(), share, &watch);
        assert!(matches!(found, Err(Error::Changed { path }) if path.ends_with("/b")));
    }
}
