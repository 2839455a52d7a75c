//! Where the tensors of a file are, and nothing else of its header.
//!
//! A hostile header of the longest length describes a million tensors: each costs its name and forty bytes here, and
//! nothing is kept of shapes, key-value pairs and metadata.

/// The tensors of a file.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// All names, one after the other.
    names: String,
    places: Vec<Compact>,
}

/// A place, with its name elsewhere: headers are shorter than 4 GiB, and so are all names together.
#[derive(Clone, Copy, Debug)]
struct Compact {
    name: (u32, u32),
    dtype: &'static str,
    start: u64,
    end: u64,
}

/// One tensor.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Place<'a> {
    /// Where it begins in the file.
    pub start: u64,
    /// The byte after its last.
    pub end: u64,
    /// Its name.
    pub name: &'a str,
    /// What its elements are, in the words of its format.
    pub dtype: &'static str,
}

impl Places {
    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The one at that place of the order.
    #[must_use]
    pub fn get(&self, at: usize) -> Option<Place<'_>> {
        self.places.get(at).map(|place| self.named(place))
    }

    /// All of them, in the order that they lie in: by start, end and name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Place<'_>> {
        self.places.iter().map(|place| self.named(place))
    }

    fn named(&self, place: &Compact) -> Place<'_> {
        let &Compact { name, dtype, start, end } = place;
        Place { start, end, name: text(&self.names, name), dtype }
    }

    /// Adds one; its place may be moved later. False if there is no room for its name.
    pub(crate) fn push(&mut self, name: &str, dtype: &'static str, start: u64, end: u64) -> bool {
        let (Ok(from), Ok(to)) =
            (u32::try_from(self.names.len()), u32::try_from(self.names.len().saturating_add(name.len())))
        else {
            return false;
        };
        self.names.push_str(name);
        self.places.push(Compact { name: (from, to), dtype, start, end });
        true
    }

    /// Moves all of them behind the first `bytes` of the file; false if one would end where no number reaches.
    pub(crate) fn shift(&mut self, bytes: u64) -> bool {
        self.places.iter_mut().all(|place| {
            let moved = place.start.checked_add(bytes).zip(place.end.checked_add(bytes));
            moved.inspect(|moved| (place.start, place.end) = *moved).is_some()
        })
    }

    /// Puts them into their order, and gives a name that is there twice, if there is one.
    pub(crate) fn sort(&mut self) -> Option<&str> {
        let names = &self.names;
        self.places.sort_unstable_by(|a, b| text(names, a.name).cmp(text(names, b.name)));
        let twice = self
            .places
            .windows(2)
            .find(|pair| text(names, pair[0].name) == text(names, pair[1].name))
            .map(|pair| pair[0].name);
        self.places.sort_unstable_by(|a, b| {
            (a.start, a.end, text(names, a.name)).cmp(&(b.start, b.end, text(names, b.name)))
        });
        twice.map(|name| text(names, name))
    }
}

/// A name that was put there as a whole.
fn text(names: &str, (from, to): (u32, u32)) -> &str {
    names.get(from as usize..to as usize).unwrap_or_default()
}
