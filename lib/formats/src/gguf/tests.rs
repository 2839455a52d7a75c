use super::*;

/// A file, written by hand.
struct Writer {
    bytes: Vec<u8>,
    big_endian: bool,
    short: bool,
}

impl Writer {
    fn new(version: u32, big_endian: bool, tensors: u64, pairs: u64) -> Self {
        let mut writer = Self { bytes: b"GGUF".to_vec(), big_endian, short: version == 1 };
        writer.number(version.into(), 4);
        writer.length(tensors);
        writer.length(pairs);
        writer
    }

    fn number(&mut self, number: u64, width: usize) {
        let (little, big) = (number.to_le_bytes(), number.to_be_bytes());
        self.bytes.extend_from_slice(if self.big_endian { &big[8 - width..] } else { &little[..width] });
    }

    fn length(&mut self, length: u64) {
        self.number(length, if self.short { 4 } else { 8 });
    }

    fn text(&mut self, text: &str) {
        self.length(text.len() as u64);
        self.bytes.extend_from_slice(text.as_bytes());
    }

    fn tensor(&mut self, name: &str, dimensions: &[u64], kind: u64, offset: u64) {
        self.text(name);
        self.number(dimensions.len() as u64, 4);
        dimensions.iter().for_each(|length| self.length(*length));
        self.number(kind, 4);
        self.number(offset, 8);
    }

    fn read(mut self, data_bytes: usize) -> Result<Places, Error> {
        let aligned = self.bytes.len().next_multiple_of(32);
        self.bytes.resize(aligned + data_bytes, 0);
        places(&self.bytes, self.bytes.len() as u64)
    }
}

fn one(dimensions: &[u64], kind: u64, offset: u64, data_bytes: usize) -> Result<Places, Error> {
    let mut writer = Writer::new(3, false, 1, 0);
    writer.tensor("a", dimensions, kind, offset);
    writer.read(data_bytes)
}

fn misfit(result: Result<Places, Error>) -> Misfit {
    match result {
        Err(Error::Tensor { why, .. }) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn tensors_that_cannot_be() {
    for (dimensions, kind, offset, data_bytes, why) in [
        (&[2][..], 0, 0, 7, Misfit::Outside),
        (&[2], 0, 32, 39, Misfit::Outside),
        (&[2], 0, 4, 64, Misfit::Alignment(4)),
        (&[31], 2, 0, 64, Misfit::Blocks),
        (&[16, 2], 2, 0, 64, Misfit::Blocks),
        (&[], 2, 0, 64, Misfit::Blocks),
        (&[1], 4, 0, 64, Misfit::Type(4)),
        (&[1], 9, 0, 64, Misfit::Type(9)),
        (&[1], 4_000_000_000, 0, 64, Misfit::Type(4_000_000_000)),
        (&[1 << 32, 1 << 32], 24, 0, 64, Misfit::Overflow),
        (&[1 << 62], 0, 0, 64, Misfit::Overflow),
        (&[1], 0, u64::MAX - 31, 64, Misfit::Overflow),
        (&[1; 9], 0, 0, 64, Misfit::Dimensions(9)),
    ] {
        assert_eq!(misfit(one(dimensions, kind, offset, data_bytes)), why, "{dimensions:?} {kind} {offset}");
    }
    let two = |second: &str, offset| {
        let mut writer = Writer::new(3, false, 2, 0);
        writer.tensor("a", &[9], 0, 0);
        writer.tensor(second, &[9], 0, offset);
        writer.read(256)
    };
    assert_eq!(misfit(two("b", 32)), Misfit::Overlap);
    assert_eq!(misfit(two("b", 0)), Misfit::Overlap);
    assert_eq!(misfit(two("a", 64)), Misfit::Repeated);
    assert!(two("b", 64).is_ok());
}

#[test]
fn headers_that_cannot_be() {
    let alignment = |kind: u64, value: u64| {
        let mut writer = Writer::new(3, false, 0, 1);
        writer.text("general.alignment");
        writer.number(kind, 4);
        writer.number(value, 4);
        writer.read(0)
    };
    assert!(matches!(alignment(4, 0), Err(Error::Alignment(0))));
    assert!(matches!(alignment(4, 48), Err(Error::Alignment(48))));
    assert!(matches!(alignment(5, 64), Err(Error::AlignmentType)));
    for count in [1 << 21, u64::MAX] {
        assert!(matches!(Writer::new(3, false, count, 0).read(0), Err(Error::Count(_, "tensors"))));
        assert!(matches!(Writer::new(3, false, 0, count).read(0), Err(Error::Count(..))));
    }
    let pair = |write: &dyn Fn(&mut Writer)| {
        let mut writer = Writer::new(3, false, 0, 1);
        writer.text("k");
        write(&mut writer);
        writer.read(256)
    };
    let list = |kind: u64, count: u64| {
        pair(&|writer| {
            writer.number(9, 4);
            writer.number(kind, 4);
            writer.length(count);
        })
    };
    assert!(matches!(pair(&|writer| writer.number(13, 4)), Err(Error::Value(_))), "an unknown type");
    assert!(matches!(list(13, 1), Err(Error::Value(_))), "a list of an unknown type");
    assert!(list(13, 0).is_ok(), "none of them is no fault");
    for (kind, count) in [(10, u64::MAX), (0, u64::MAX), (8, u64::MAX), (9, u64::MAX), (0, MAX_HEADER_BYTES)]
    {
        assert!(matches!(list(kind, count), Err(Error::TooLong)), "{kind} {count}");
    }
    assert!(matches!(list(0, 1000), Err(Error::CutOff)));
    let deep = pair(&|writer| {
        writer.number(9, 4);
        for _ in 0..10 {
            writer.number(9, 4);
            writer.length(1);
        }
    });
    assert!(matches!(deep, Err(Error::Value(_))));
    let mut twice = Writer::new(3, false, 0, 2);
    for _ in 0..2 {
        twice.text("k");
        twice.number(0, 4);
        twice.number(1, 1);
    }
    assert!(matches!(twice.read(0), Err(Error::RepeatedKey(_))));
    let mut long = Writer::new(3, false, 1, 0);
    long.length(1 << 40);
    assert!(matches!(long.read(64), Err(Error::TooLong)));
    let mut bad = Writer::new(3, false, 1, 0);
    bad.length(1);
    bad.bytes.push(0xff);
    assert!(matches!(bad.read(64), Err(Error::NotUtf8)));
    for bytes in [&b"GGUX\x03\0\0\0"[..], b"GGUF\x04\0\0\0", b"GGUF\0\0\0\0"] {
        assert!(matches!(places(bytes, 8), Err(Error::NotGguf)), "{bytes:?}");
    }
}

/// Of every kind of value, in every version and byte order; cut at every byte it is cut off, and nothing else.
#[test]
fn every_version_and_byte_order() {
    for (version, big_endian) in [(1, false), (2, false), (3, false), (1, true), (2, true), (3, true)] {
        let mut writer = Writer::new(version, big_endian, 3, 15);
        for (kind, width) in
            [(0, 1), (1, 1), (2, 2), (3, 2), (4, 4), (5, 4), (6, 4), (7, 1), (10, 8), (11, 8), (12, 8)]
        {
            writer.text(&format!("k{kind}"));
            writer.number(kind, 4);
            writer.number(1, width);
        }
        writer.text("text");
        writer.number(8, 4);
        writer.text("value");
        writer.text("words");
        writer.number(9, 4);
        writer.number(8, 4);
        writer.length(2);
        writer.text("a");
        writer.text("");
        writer.text("lists");
        writer.number(9, 4);
        writer.number(9, 4);
        writer.length(3);
        for _ in 0..3 {
            writer.number(0, 4);
            writer.length(2);
            writer.number(0, 2);
        }
        writer.text("general.alignment");
        writer.number(4, 4);
        writer.number(8, 4);
        writer.tensor("q", &[64, 2], 8, 16);
        writer.tensor("f", &[3], 0, 0);
        writer.tensor("none", &[0, 5], 0, 16);
        let end = writer.bytes.len();
        let data = end.next_multiple_of(8) as u64;
        let size = data + 16 + 4 * 34;
        for cut in 0..end {
            let seen = places(&writer.bytes[..cut], size);
            assert!(matches!(seen, Err(Error::CutOff)), "cut at {cut}: {seen:?}");
        }
        let read = places(&writer.bytes, size).expect("a header");
        let seen: Vec<_> = read
            .iter()
            .map(|place| (place.name, place.dtype, place.start - data, place.end - data))
            .collect();
        assert_eq!(seen, [("f", "F32", 0, 12), ("none", "F32", 16, 16), ("q", "Q8_0", 16, 152)]);
        assert!(places(&writer.bytes, size - 1).is_err(), "the last tensor is cut off");
    }
}
