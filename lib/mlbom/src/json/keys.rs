//! The names of an object's members, each of which may be there once.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::{Entry, RandomState};
use std::hash::{BuildHasher as _, BuildHasherDefault, Hasher};

use super::MAX_MEMBERS;

/// Names, and what they hash to under a key that nobody knows: whoever writes a document cannot make its names meet.
///
/// The hash is kept in the place of the name, so that a table that grows does not read all the text once more.
#[derive(Default)]
pub(super) struct Keys<'de> {
    /// Most objects have a few members, and a list is faster than a table for those.
    few: Vec<Cow<'de, str>>,
    many: HashMap<u64, Cow<'de, str>, BuildHasherDefault<Kept>>,
    /// Those whose hash another name has: as good as never any.
    met: Vec<Cow<'de, str>>,
    hash: RandomState,
}

/// Why a name is not taken.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Refused<'de> {
    /// It is there already.
    Repeated(Cow<'de, str>),
    /// There are [`MAX_MEMBERS`] already.
    TooMany,
}

impl<'de> Keys<'de> {
    const FEW: usize = 16;

    pub(super) fn insert(&mut self, key: Cow<'de, str>) -> Result<(), Refused<'de>> {
        if self.many.is_empty() {
            if self.few.contains(&key) {
                return Err(Refused::Repeated(key));
            }
            if self.few.len() < Self::FEW {
                self.few.push(key);
                return Ok(());
            }
            for key in std::mem::take(&mut self.few) {
                self.insert_hashed(self.hash.hash_one(&key), key)?;
            }
        }
        self.insert_hashed(self.hash.hash_one(&key), key)
    }

    fn insert_hashed(&mut self, hash: u64, key: Cow<'de, str>) -> Result<(), Refused<'de>> {
        let full = self.many.len() + self.met.len() >= MAX_MEMBERS;
        match self.many.entry(hash) {
            Entry::Occupied(known) if *known.get() == key => return Err(Refused::Repeated(key)),
            Entry::Occupied(_) if self.met.contains(&key) => return Err(Refused::Repeated(key)),
            _ if full => return Err(Refused::TooMany),
            Entry::Occupied(_) => self.met.push(key),
            Entry::Vacant(place) => drop(place.insert(key)),
        }
        Ok(())
    }
}

/// The hash of what is a hash.
#[derive(Default)]
struct Kept(u64);

impl Hasher for Kept {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("only hashes are hashed")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_one_hash_are_told_apart() {
        let mut keys = Keys::default();
        for key in ["a", "b", "c"] {
            assert_eq!(keys.insert_hashed(1, key.into()), Ok(()));
        }
        assert_eq!(keys.insert_hashed(2, "d".into()), Ok(()));
        for key in ["a", "b", "c"] {
            assert_eq!(keys.insert_hashed(1, key.into()), Err(Refused::Repeated(key.into())));
        }
    }

    #[test]
    fn few_and_many() {
        let mut keys = Keys::default();
        for number in 0..100 {
            assert_eq!(keys.insert(number.to_string().into()), Ok(()));
            for known in 0..=number {
                let key = Cow::from(known.to_string());
                assert_eq!(keys.insert(key.clone()), Err(Refused::Repeated(key)), "{known} after {number}");
            }
        }
    }
}
