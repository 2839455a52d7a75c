use std::iter;

use super::{Format, START_BYTES, Sniffer};

/// `pickle.dumps(datetime.date(2020, 1, 2), protocol)` for protocols 0 to 5, by Python 3.11.
const DATES: [&[u8]; 6] = [
    b"cdatetime\ndate\np0\n(c_codecs\nencode\np1\n(V\x07\xe4\x01\x02\np2\nVlatin1\np3\ntp4\nRp5\ntp6\nRp7\n.",
    b"cdatetime\ndate\nq\x00(c_codecs\nencode\nq\x01(X\x05\x00\x00\x00\x07\xc3\xa4\x01\x02q\x02X\x06\x00\x00\x00latin1\
      q\x03tq\x04Rq\x05tq\x06Rq\x07.",
    b"\x80\x02cdatetime\ndate\nq\x00c_codecs\nencode\nq\x01X\x05\x00\x00\x00\x07\xc3\xa4\x01\x02q\x02\
      X\x06\x00\x00\x00latin1q\x03\x86q\x04Rq\x05\x85q\x06Rq\x07.",
    b"\x80\x03cdatetime\ndate\nq\x00C\x04\x07\xe4\x01\x02q\x01\x85q\x02Rq\x03.",
    b"\x80\x04\x95 \x00\x00\x00\x00\x00\x00\x00\x8c\x08datetime\x94\x8c\x04date\x94\x93\x94\
      C\x04\x07\xe4\x01\x02\x94\x85\x94R\x94.",
    b"\x80\x05\x95 \x00\x00\x00\x00\x00\x00\x00\x8c\x08datetime\x94\x8c\x04date\x94\x93\x94\
      C\x04\x07\xe4\x01\x02\x94\x85\x94R\x94.",
];

/// The same of an object whose `__reduce__` returns `(os.system, ("x",))`, for protocols 0 and 1.
const SYSTEM: [&[u8]; 2] = [
    b"cposix\nsystem\np0\n(Vx\np1\ntp2\nRp3\n.",
    b"cposix\nsystem\nq\x00(X\x01\x00\x00\x00xq\x01tq\x02Rq\x03.",
];

/// The same of `[1, 2.5, None, True, "é", 10**30, -1, (1, 2, 3), {"a": 1}]`, which runs nothing.
const LISTS: [&[u8]; 2] = [
    b"(lp0\nI1\naF2.5\naNaI01\naV\xe9\np1\naL1000000000000000000000000000000L\naI-1\na(I1\nI2\nI3\ntp2\na(dp3\nVa\n\
      p4\nI1\nsa.",
    b"]q\x00(K\x01G@\x04\x00\x00\x00\x00\x00\x00NI01\nX\x02\x00\x00\x00\xc3\xa9q\x01L1000000000000000000000000000000L\n\
      J\xff\xff\xff\xff(K\x01K\x02K\x03tq\x02}q\x03X\x01\x00\x00\x00aq\x04K\x01se.",
];

/// Imports `os.system` and calls it.
const CALL: &[u8] = b"cos\nsystem\n(S'x'\ntR.";

const PADDING: usize = 3 * START_BYTES;

#[test]
fn names_are_distinct_and_read_back() {
    for format in Format::ALL {
        assert_eq!(Format::parse(format.name()), Some(format));
        assert_eq!(format.name().parse(), Ok(format));
    }
    for name in ["", "Pickle", "json ", "exe"] {
        assert_eq!(Format::parse(name), None, "{name:?}");
    }
}

#[test]
fn small_files_are_recognised_however_they_are_cut() {
    for (want, sample, why) in small() {
        let context = || format!("{why}: {:?}", sample.escape_ascii().to_string());
        assert_eq!(sniff(&sample, &[]), want, "{}", context());
        let bytes: Vec<usize> = (0..sample.len()).collect();
        assert_eq!(sniff(&sample, &bytes), want, "byte by byte, {}", context());
        for first in 0..=sample.len() {
            for second in first..=sample.len().min(first + 12) {
                assert_eq!(
                    sniff(&sample, &[first, second]),
                    want,
                    "cut at {first} and {second}, {}",
                    context()
                );
            }
        }
    }
}

#[test]
fn large_files_are_recognised_however_they_are_cut() {
    // Any fixed numbers will do: xorshift.
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    for (want, sample, why) in large() {
        assert!(sample.len() > START_BYTES);
        assert_eq!(sniff(&sample, &[]), want, "{why}");
        assert_eq!(sniff(&sample, &[START_BYTES]), want, "cut at the buffer's size, {why}");
        for width in [1, 7, 4096, START_BYTES - 1, START_BYTES + 1] {
            let places: Vec<usize> = (0..sample.len()).step_by(width).collect();
            assert_eq!(sniff(&sample, &places), want, "chunks of {width}, {why}");
        }
        for _ in 0..20 {
            let mut places = Vec::new();
            for _ in 0..random % 9 {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                places.push(usize::try_from(random % sample.len() as u64).expect("less than a length"));
            }
            random = random.wrapping_add(1);
            places.sort_unstable();
            assert_eq!(sniff(&sample, &places), want, "cut at {places:?}, {why}");
        }
    }
}

#[test]
fn a_good_gguf_may_be_a_pickle() {
    // BINFLOAT and its eight bytes reach into the number of tensors, SHORT_BINSTRING of five past the rest.
    let mut sample = b"GGUF\x01\0\0\0\0U\x05\0\0\0\0\0".to_vec();
    sample.extend(CALL);
    // Room for 349,440 tensors.
    sample.resize(7 << 20, 0);
    assert_eq!(sniff(&sample, &[]), Format::Pickle);
    sample[16] = b'?';
    assert_eq!(sniff(&sample, &[]), Format::Gguf);
}

#[test]
fn no_start_of_a_sample_panics() {
    for (_, sample, _) in small() {
        for length in 0..sample.len() {
            sniff(&sample[..length], &[]);
        }
        for at in 0..sample.len() {
            for byte in [0, 0x7f, 0xff, sample[at] ^ 1, sample[at].wrapping_add(1)] {
                let mut changed = sample.clone();
                changed[at] = byte;
                sniff(&changed, &[at]);
            }
        }
    }
}

#[test]
fn memory_is_bounded_and_given_back() {
    let mut sniffer = Sniffer::new(u64::MAX);
    for _ in 0..START_BYTES {
        sniffer.update(b"N");
        assert!(sniffer.start.capacity() <= START_BYTES);
    }
    sniffer.update(b"N");
    assert_eq!(sniffer.start.capacity(), 0);
    assert!(sniffer.scan.is_some(), "the scan for pickles goes on");
    sniffer.update(b"?");
    assert!(sniffer.scan.is_none());
}

#[test]
fn a_wrong_size_does_not_make_a_truncated_file_a_whole_one() {
    let mut sniffer = Sniffer::new(1 << 40);
    sniffer.update(&safetensors(r#"{"a":"#, 1000, 0));
    assert_eq!(sniffer.finish(), Format::Unknown);
}

/// Samples of which every cut is tried.
fn small() -> Vec<(Format, Vec<u8>, &'static str)> {
    use Format::{Gguf, Hdf5, Json, Onnx, Pickle, Safetensors, Text, Unknown, Zip};
    let header = r#"{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
    let mut samples = vec![
        (Text, Vec::new(), "empty"),
        // safetensors
        (Safetensors, safetensors(header, header.len() as u64, 4), "one tensor"),
        (Safetensors, safetensors(" \n\t\r{}", 6, 0), "white space first, which loads"),
        (Unknown, safetensors("    ", 4, 0), "nothing but white space"),
        (Unknown, safetensors(" []", 3, 0), "an array after white space"),
        (Safetensors, safetensors("{}  ", 4, 0), "padding"),
        (Safetensors, safetensors("{}", 2, 0), "the smallest"),
        (Unknown, safetensors(header, header.len() as u64 + 1, 0), "header cut off"),
        (Unknown, safetensors(header, header.len() as u64 - 1, 1), "header cut short"),
        (Unknown, safetensors(header, u64::MAX, 4), "length that overflows"),
        (Unknown, safetensors(header, u64::MAX - 8, 4), "length that overflows with its own bytes"),
        (Unknown, safetensors(header, 1 << 32, 4), "length beyond the file"),
        (Unknown, safetensors("[1]", 3, 0), "not an object"),
        (Unknown, safetensors("{", 1, 0), "length of one"),
        (Unknown, safetensors("", 0, 0), "length of none"),
        (Unknown, safetensors("{\"\u{1}\":0}", 7, 0), "control character in the header"),
        (Unknown, [&2_u64.to_le_bytes()[..], b"{\xff"].concat(), "not UTF-8"),
        (Unknown, 2_u64.to_le_bytes()[..7].to_vec(), "length cut off"),
        (Safetensors, safetensors(&format!("{header:640}"), 640, 4), "length 640 is a pickle's magic"),
        (Pickle, safetensors(&"x".repeat(640), 640, 4), "and the magic wins if no JSON follows"),
        // GGUF
        (Gguf, gguf(3, false, 0, 0), "empty model"),
        (Gguf, gguf(2, false, 0, 0), "version 2"),
        (Gguf, gguf(3, true, 0, 0), "big-endian"),
        (Gguf, [&gguf(3, false, 1, 1)[..], &[0; 37]].concat(), "just room enough"),
        (Unknown, [&gguf(3, false, 1, 2)[..], &[0; 37]].concat(), "too many pairs"),
        (Unknown, gguf(3, false, u64::MAX, u64::MAX), "counts that overflow"),
        (Unknown, gguf(4, false, 0, 0), "version to come"),
        (Unknown, gguf(0, false, 0, 0), "no version"),
        (Gguf, b"GGUF\x01\0\0\0\0\0\0\0\0\0\0\0".to_vec(), "version 1 has narrow counts"),
        (Unknown, b"GGUF\x03\0\0\0\0\0\0\0\0\0\0\0".to_vec(), "counts cut off"),
        (Text, b"GGUF".to_vec(), "magic only"),
        (Pickle, [&b"GGUF\x03\0\0\0\0"[..], CALL, &[0; 400]].concat(), "GGUF start, and a pickle that calls"),
        (
            Unknown,
            [&b"GGUF\x03\0\0\0\0"[..], &CALL[..7], &[0; 400]].concat(),
            "the same, but the import is cut off",
        ),
        // ONNX
        (
            Onnx,
            b"\x08\x07\x12\x07pytorch\x1a\x032.1:\x02\x0a\x00B\x02\x10\x11".to_vec(),
            "as PyTorch exports",
        ),
        (Onnx, b"\x08\x0a:\x00".to_vec(), "a graph only"),
        (Onnx, b"\x08\x0a(\x01B\x00".to_vec(), "model_version before"),
        (Unknown, b"\x08\x0a".to_vec(), "ir_version only"),
        (Unknown, b"\x08\x0a2\x00".to_vec(), "nothing that tells"),
        (Unknown, b"\x08\x00:\x00".to_vec(), "ir_version of 0"),
        (Unknown, b"\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01:\x00".to_vec(), "ir_version that is huge"),
        (Unknown, b"\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80".to_vec(), "endless number"),
        (Unknown, b"\x08\x0a:\x05abc".to_vec(), "graph beyond the end"),
        (Unknown, b"\x08\x0a:\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01".to_vec(), "length that overflows"),
        (Unknown, b"\x08\x0a8\x00".to_vec(), "graph of a wrong type"),
        (Unknown, b"\x08\x0a:\x00\x4a\x00".to_vec(), "unknown field"),
        (Unknown, b"\x12\x01a\x08\x0a:\x00".to_vec(), "ir_version not first"),
        // zip, HDF5
        (Zip, b"PK\x03\x04\x14\x00\x00\x00data".to_vec(), "archive"),
        (Zip, b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0".to_vec(), "empty archive"),
        (Zip, b"PK\x07\x08".to_vec(), "spanned"),
        (Unknown, b"PK\x03".to_vec(), "cut off"),
        (Pickle, [b"PK\x03\x04\n", CALL].concat(), "an archive's start is a persistent id"),
        (Hdf5, b"\x89HDF\r\n\x1a\n\0\0".to_vec(), "at the start"),
        (Hdf5, [&[0; 512][..], b"\x89HDF\r\n\x1a\n"].concat(), "after a user block"),
        (Unknown, [&[0; 511][..], b"\x89HDF\r\n\x1a\n"].concat(), "at another place"),
        (Unknown, b"\x89HDF\n\x1a\n".to_vec(), "line end changed"),
        (Pickle, [CALL, &[0; 491], b"\x89HDF\r\n\x1a\n"].concat(), "a pickle in the user block"),
        // JSON
        (Json, b"{}".to_vec(), "object"),
        (Json, b" \r\n\t[1, {\"a\": null}]\n".to_vec(), "array"),
        (Json, "{\"é\": \"\u{85}\"}".into(), "control character beyond ASCII"),
        (Text, b"{}\n{}\n".to_vec(), "JSON Lines"),
        (Text, b"{\"a\": NaN}".to_vec(), "what only Python takes"),
        (Text, b"{\"a\": 1".to_vec(), "cut off"),
        (Text, b"17".to_vec(), "a number"),
        (Text, "\u{feff}{}".into(), "byte order mark"),
        (Unknown, b"{\"a\": \"\xff\"}".to_vec(), "not UTF-8"),
        (Unknown, b"{\"a\0\": 1}".to_vec(), "NUL"),
        (Json, [[b'['; 200], [b']'; 200]].concat(), "deep"),
        // text
        (Text, b"# A model\n\tcard\r\n\x0c\x1b[1mbold".to_vec(), "card"),
        (Text, "é".into(), "not ASCII"),
        (Unknown, b"caf\xc3".to_vec(), "character cut off"),
        (Unknown, b"caf\xe9".to_vec(), "Latin-1"),
        (Unknown, b"a\0".to_vec(), "NUL"),
        (Unknown, b"\x7f".to_vec(), "DEL"),
        (Unknown, b"\xff\xfea\0".to_vec(), "UTF-16"),
        // pickles
        (Pickle, CALL.to_vec(), "GLOBAL"),
        (Pickle, b"(S'x'\nios\nsystem\n.".to_vec(), "INST"),
        (Pickle, b"(cos\nsystem\nS'x'\no.".to_vec(), "OBJ"),
        (Pickle, b"U\x02osU\x06system\x93.".to_vec(), "STACK_GLOBAL"),
        (Pickle, b"\x82\x01.".to_vec(), "EXT1"),
        (Pickle, b"\x83\x01\0.".to_vec(), "EXT2"),
        (Pickle, b"\x84\x01\0\0\0.".to_vec(), "EXT4"),
        (Pickle, b"cos\nsystem\n.".to_vec(), "an import alone"),
        (Pickle, b"cos\nsystem\n.\0\0\0".to_vec(), "bytes after STOP"),
        (Pickle, b"cos\nsystem\n(S'x'\ntR".to_vec(), "no STOP, but called"),
        (Pickle, b"cos\nsystem\n(S'x'\ntR\0\0".to_vec(), "no STOP, but called before what is wrong"),
        (Pickle, b"(S'x'\nios\nsystem\n\0".to_vec(), "the same by INST"),
        (
            Pickle,
            b"L119547037146038801333356L\n.I1001\n.(dp0\n.cos\nsystem\n(S'x'\ntR.".to_vec(),
            "the fourth of four",
        ),
        (
            Pickle,
            b"N0I1\n0L1L\n0F-1.5e3\n0Finf\n0S\"a'\" \n0cos\nsystem\n.".to_vec(),
            "lines that are dropped",
        ),
        (
            Pickle,
            b"I 0x1F\n0I1_0\n0ctransformers_modules.a-b.0f3\nX.y\n.".to_vec(),
            "numbers and names Python takes",
        ),
        (Pickle, "cmodül\nname\n.".into(), "a name not in ASCII"),
        (
            Pickle,
            b"X\x02\0\0\0..T\x02\0\0\0..C\x01.K.M..J....cos\nsystem\n.".to_vec(),
            "STOP inside arguments",
        ),
        (Unknown, b"\x8d\x01\0\0\0\0\0\0\0".to_vec(), "string cut off"),
        (Unknown, b"X\xff\xff\xff\xffcos\nsystem\n.".to_vec(), "string beyond the end"),
        (Unknown, b"\x8e\xff\xff\xff\xff\xff\xff\xff\xffcos\nsystem\n.".to_vec(), "length of 2^64 - 1"),
        (Unknown, b"T\xff\xff\xff\xffcos\nsystem\n.".to_vec(), "negative length"),
        (Text, b"cos\nsystem\n".to_vec(), "an import without an end"),
        (Text, b"cos\nsystem".to_vec(), "an import cut off"),
        (Text, b"cos\nsystem\nR.".to_vec(), "REDUCE of one thing"),
        (Text, b"cos\nsystem\ntR.".to_vec(), "TUPLE without a mark"),
        (Text, b"c os\nsystem\n.".to_vec(), "no module's name"),
        (Text, b"c.os\nsystem\n.".to_vec(), "name with an empty component"),
        (Text, b"cos\n\n.".to_vec(), "empty name"),
        (Text, b"Sx\ncos\nsystem\n.".to_vec(), "string without quotes"),
        (Text, b"I\ncos\nsystem\n.".to_vec(), "no number"),
        (Text, b".cos\nsystem\n.".to_vec(), "STOP of nothing"),
        (Text, b"N.".to_vec(), "runs nothing"),
        (Text, b"classifier\n==========\n\nA small model.\n".to_vec(), "README that begins with c"),
        (Text, b"cat\ndog\nRabbit.\n".to_vec(), "word list that begins with c"),
        (Text, b"(import\n  os)\n".to_vec(), "Scheme"),
        (Pickle, b"(in\nthe\nend)\n".to_vec(), "words after a bracket: INST would call them"),
        (Text, b"I am\nPlease\nVery\n".to_vec(), "words that are opcodes"),
        (Text, b"license: mit\n".to_vec(), "l without a mark"),
        (Text, LISTS[0].iter().map(u8::to_ascii_lowercase).filter(u8::is_ascii).collect(), "lower case"),
    ];
    samples.extend(DATES.map(|sample| (Pickle, sample.to_vec(), "date")));
    samples.extend(SYSTEM.map(|sample| (Pickle, sample.to_vec(), "os.system")));
    samples.extend(LISTS.map(|sample| (Unknown, sample.to_vec(), "protocol 0 or 1 that runs nothing")));
    samples.extend(
        LISTS.map(|sample| (Pickle, [sample, SYSTEM[0]].concat(), "runs nothing, but a second one follows")),
    );
    samples
}

/// Samples beyond the buffer.
fn large() -> Vec<(Format, Vec<u8>, &'static str)> {
    use Format::{Gguf, Hdf5, Json, Onnx, Pickle, Safetensors, Text, Unknown, Zip};
    let long = u32::try_from(PADDING).expect("fits").to_le_bytes();
    let padding = vec![b'x'; PADDING];
    let with = |before: &[u8], after: &[u8]| [before, &padding, after].concat();
    let header = format!("{{\"{}\":0}}", "x".repeat(PADDING));
    vec![
        (Pickle, with(&[&b"X"[..], &long].concat(), &[b"0", CALL].concat()), "BINUNICODE before GLOBAL"),
        (Pickle, with(&[&b"B"[..], &long].concat(), &[b"0", CALL].concat()), "BINBYTES before GLOBAL"),
        (Pickle, with(b"V", &[b"\n0", CALL].concat()), "UNICODE before GLOBAL"),
        (Pickle, with(b"S'", &[b"'\n0", CALL].concat()), "STRING before GLOBAL"),
        (Pickle, [&b"N0".repeat(PADDING)[..], CALL].concat(), "many opcodes before GLOBAL"),
        (Pickle, [&b"N.".repeat(PADDING)[..], CALL].concat(), "many pickles before the one"),
        (Pickle, [&b"(".repeat(PADDING)[..], CALL].concat(), "many marks before GLOBAL"),
        (Pickle, with(b"c", b"\nsystem\n."), "a long name"),
        (Pickle, with(b"\x80\x04", b""), "magic"),
        (Pickle, with(CALL, b""), "STOP, then text"),
        (Pickle, [&[b'S', b'\''][..], &vec![b'x'; 1 << 20], b"'\n0", CALL].concat(), "a string of 1 MiB"),
        (Text, with(b"V", b"\n0cos\nsystem\n"), "import without an end"),
        (Text, with(b"S'", b"\n0cos\nsystem\n."), "string without its closing quote"),
        (Text, with(b"", "é".as_bytes()), "text"),
        (Text, [&"é".repeat(PADDING).into_bytes()[..], b"\xff"].concat(), "only the start counts for text"),
        (Text, ["a", &"é".repeat(PADDING)].concat().into_bytes(), "character across the buffer's end"),
        (Text, b"{}\n".repeat(PADDING), "JSON Lines"),
        (Json, with(b"{\"a\":\"", b"\"}"), "JSON"),
        (Json, ["[\"a", &"é".repeat(PADDING), "\"]"].concat().into_bytes(), "JSON with a cut character"),
        (Json, vec![b'['; PADDING], "as deep as can be"),
        (Text, with(b"{\"a\":01", b"}"), "not JSON in the start"),
        (
            Safetensors,
            safetensors(
                &format!("{}{header}", " ".repeat(START_BYTES)),
                (START_BYTES + header.len()) as u64,
                4,
            ),
            "white space up to the end of the buffer",
        ),
        (Safetensors, safetensors(&header, header.len() as u64, 4), "header beyond the buffer"),
        (Safetensors, with(&safetensors("{}", 2, 0), b""), "tensors beyond the buffer"),
        (Unknown, safetensors(&header, header.len() as u64 + 1, 0), "header beyond the file"),
        (Unknown, safetensors(&header, 100_000_001, 4), "header beyond the limit"),
        (Pickle, polyglot(), "well-formed safetensors that is a pickle"),
        (Gguf, with(&gguf(3, false, 100, 20), b""), "GGUF"),
        (Unknown, with(&gguf(3, false, 10_000, 20), b""), "GGUF with too many tensors"),
        (Onnx, with(b"\x08\x08\x12\x07pytorch:\x80\x80\x0c", b""), "ONNX"),
        (Unknown, with(b"\x08\x08\x12\x07pytorch:\x81\x80\x0c", b""), "ONNX with a graph beyond the file"),
        (Zip, with(b"PK\x03\x04", b""), "zip"),
        (Hdf5, [&[0; 32768][..], b"\x89HDF\r\n\x1a\n", &padding].concat(), "HDF5 after a large user block"),
        (Unknown, vec![0; PADDING], "zeros"),
        (Unknown, vec![b'\xff'; PADDING], "ones"),
    ]
}

/// A safetensors file that is a pickle too: its length field reads as BINSTRING, whose data end inside a string of
/// the header; there UNICODE starts, and its line ends after the header.
fn polyglot() -> Vec<u8> {
    let skipped = 0x300;
    let header_bytes = usize::from(b'T') + (skipped << 8);
    // BINSTRING and its length take five bytes; the header starts at eight, its string two bytes later.
    let string = format!("{}V", "x".repeat(5 + skipped - 10));
    let mut header = format!("{{\"{string}\":0}}");
    header.extend(iter::repeat_n(' ', header_bytes - header.len()));
    [&safetensors(&header, header_bytes as u64, 0)[..], b"\n0", CALL].concat()
}

fn safetensors(header: &str, length: u64, tensor_bytes: usize) -> Vec<u8> {
    [&length.to_le_bytes()[..], header.as_bytes(), &vec![0; tensor_bytes]].concat()
}

fn gguf(version: u32, big_endian: bool, tensors: u64, pairs: u64) -> Vec<u8> {
    let version = if big_endian { version.to_be_bytes() } else { version.to_le_bytes() };
    let count = |count: u64| if big_endian { count.to_be_bytes() } else { count.to_le_bytes() };
    [&b"GGUF"[..], &version, &count(tensors), &count(pairs)].concat()
}

/// What a sniffer says that gets `bytes` in the chunks that `places`, in order, make.
fn sniff(bytes: &[u8], places: &[usize]) -> Format {
    let (mut sniffer, mut stream) = (Sniffer::new(bytes.len() as u64), Sniffer::of_stream());
    let mut start = 0;
    for place in places.iter().copied().chain([bytes.len()]) {
        sniffer.update(&bytes[start..place]);
        stream.update(&bytes[start..place]);
        start = place;
    }
    let format = sniffer.finish();
    assert_eq!(stream.finish(), format, "not knowing the size beforehand changes nothing");
    format
}

/// Found by attacking the scan: numbers that the loader in C reads and that of Python does not, INST without arguments,
/// and archives behind something else.
#[test]
fn evasions() {
    const CALL: &[u8] = b"0cposix\nsystem\n(S'true'\ntR.";
    for number in [&b"I1\0junk\n"[..], b"I\0\n", b"L1L\0x\n", b"F1.0\0zz\n", b"I1\np0\0zz\n"] {
        assert_eq!(sniff(&[number, CALL].concat(), &[]), Format::Pickle, "{number:?}");
    }
    // A good safetensors header whose length, read as an opcode, is the number 1.
    let header = br#"{"t":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#;
    let mut both = 0x3149_u64.to_le_bytes().to_vec();
    both.extend_from_slice(header);
    both.resize(8 + 0x3149 - 1, b' ');
    both.push(b'\n');
    assert_eq!(sniff(&[&both, &b"x"[..]].concat(), &[]), Format::Safetensors);
    assert_eq!(sniff(&[&both, CALL].concat(), &[]), Format::Pickle);
    assert_eq!(sniff(b"(ios\nabort\n! x\n", &[]), Format::Pickle);

    let mut end = b"PK\x05\x06".to_vec();
    end.resize(22, 0);
    let safetensors = b"\x02\0\0\0\0\0\0\0{}".to_vec();
    for start in [b"{\"a\":1}".to_vec(), b"hello\n".repeat(12_000), safetensors, b"\x7fELF".to_vec()] {
        assert_ne!(sniff(&start, &[]), Format::Zip);
        assert_eq!(sniff(&[&start, &end[..]].concat(), &[]), Format::Zip);
        assert_eq!(sniff(&[&start, &end[..], &vec![b'c'; 0xffff][..]].concat(), &[]), Format::Zip);
    }
    assert_eq!(sniff(b"PK\x07\x08PK\x03\x04", &[]), Format::Zip);
}
