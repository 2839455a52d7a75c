//! ASCII armor (RFC 9580, 6.2; RFC 4880, 6.2), strictly: blocks of one kind, and nothing between or behind them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Of UTF-8. Read as packets it would be one of partial length.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Why a text is not armor of what was wanted.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ArmorError {
    /// Neither a packet nor the first line of a block.
    #[error("is neither armored nor binary OpenPGP")]
    NoBlock,
    /// Another kind of block.
    #[error("holds a {0:?} block, {1:?} was wanted")]
    Label(String, &'static str),
    /// A header that is not `Key: value`, or no blank line after the headers.
    #[error("has an armor header that is not \"Key: value\", or no blank line after the headers")]
    Header,
    /// Not base64, or more text behind its end.
    #[error("has armor that is not base64")]
    Base64,
    /// The text was damaged on its way.
    #[error("has an armor checksum that does not match")]
    Checksum,
    /// The last line is missing, or another block's.
    #[error("has an armored block that does not end, or ends as another kind")]
    NoEnd,
}

/// The bytes of all blocks labelled `label`, one after the other. Binary data (its first bit is set) stays as it is.
///
/// Text before the first block is passed over, as GnuPG does: a mail, or the mark that some editors begin a file with.
/// Behind it, only space is taken beside blocks.
pub(crate) fn unarmored(text: &[u8], label: &'static str) -> Result<Vec<u8>, ArmorError> {
    let marked = text.starts_with(BYTE_ORDER_MARK);
    if !marked && text.first().is_some_and(|first| first & 0x80 != 0) {
        return Ok(text.to_vec());
    }
    let mut bytes = Vec::new();
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let mut lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end);
    let mut blocks = 0;
    while let Some(line) =
        lines.by_ref().find(|line| if blocks == 0 { begins(line).is_some() } else { !line.is_empty() })
    {
        let found = begins(line).ok_or(ArmorError::NoBlock)?;
        if found != label {
            return Err(ArmorError::Label(found.to_owned(), label));
        }
        bytes.extend(block(&mut lines, label)?);
        blocks += 1;
    }
    if blocks == 0 { Err(ArmorError::NoBlock) } else { Ok(bytes) }
}

/// The label of the block that begins with this line.
fn begins(line: &[u8]) -> Option<&str> {
    label_of(line, b"-----BEGIN PGP ")
}

/// What stands between `prefix` and the five dashes.
fn label_of<'a>(line: &'a [u8], prefix: &[u8]) -> Option<&'a str> {
    let label = line.strip_prefix(prefix)?.strip_suffix(b"-----")?;
    std::str::from_utf8(label)
        .ok()
        .filter(|label| label.bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b' ')))
}

fn block<'a>(lines: &mut impl Iterator<Item = &'a [u8]>, label: &str) -> Result<Vec<u8>, ArmorError> {
    loop {
        match lines.next() {
            Some(b"") => break,
            Some(header) if header.windows(2).any(|pair| pair == b": ") || header.ends_with(b":") => {}
            _ => return Err(ArmorError::Header),
        }
    }
    let mut encoded = Vec::new();
    let mut checksum = None;
    loop {
        let line = lines.next().ok_or(ArmorError::NoEnd)?;
        if line.starts_with(b"-") {
            if label_of(line, b"-----END PGP ") != Some(label) {
                return Err(ArmorError::NoEnd);
            }
            break;
        }
        match (line.strip_prefix(b"="), &checksum) {
            (_, Some(_)) => return Err(ArmorError::Base64),
            (Some(sum), None) => checksum = Some(sum),
            (None, None) => encoded.extend_from_slice(line),
        }
    }
    let bytes = STANDARD.decode(encoded).map_err(|_| ArmorError::Base64)?;
    let Some(checksum) = checksum else { return Ok(bytes) };
    let checksum = STANDARD.decode(checksum).map_err(|_| ArmorError::Base64)?;
    if checksum == crc24(&bytes) { Ok(bytes) } else { Err(ArmorError::Checksum) }
}

/// The armor of `bytes`: lines of 64 characters, and the checksum that older readers want.
#[cfg(any(test, feature = "sign"))]
pub(crate) fn armored(bytes: &[u8], label: &str) -> String {
    let encoded = STANDARD.encode(bytes);
    let mut text = format!("-----BEGIN PGP {label}-----\n\n");
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at(rest.len().min(64));
        text.push_str(line);
        text.push('\n');
        rest = more;
    }
    text + &format!("={}\n-----END PGP {label}-----\n", STANDARD.encode(crc24(bytes)))
}

/// The checksum of RFC 9580, 6.1. It finds accidents, nothing else.
fn crc24(bytes: &[u8]) -> [u8; 3] {
    let mut sum: u32 = 0x00B7_04CE;
    for byte in bytes {
        sum ^= u32::from(*byte) << 16;
        for _ in 0..8 {
            sum <<= 1;
            if sum & 0x0100_0000 != 0 {
                sum ^= 0x0186_4CFB;
            }
        }
    }
    let [_, rest @ ..] = sum.to_be_bytes();
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals() {
        let good = armored(b"some bytes", "SIGNATURE");
        for (text, wanted) in [
            (String::new(), ArmorError::NoBlock),
            ("\n \n".to_owned(), ArmorError::NoBlock),
            ("words\n".to_owned(), ArmorError::NoBlock),
            (format!("words {good}"), ArmorError::NoBlock),
            (format!("{good}words\n"), ArmorError::NoBlock),
            (format!("{good}words\n{good}"), ArmorError::NoBlock),
            (
                format!("words\n-----BEGIN PGP MESSAGE-----\n{good}"),
                ArmorError::Label("MESSAGE".to_owned(), "SIGNATURE"),
            ),
            (good.replace("SIGNATURE", "MESSAGE"), ArmorError::Label("MESSAGE".to_owned(), "SIGNATURE")),
            (good.replacen("\n\n", "\n", 1), ArmorError::Header),
            (good.replacen("\n\n", "\nno header\n\n", 1), ArmorError::Header),
            (good.replace("\n-----END PGP SIGNATURE-----\n", ""), ArmorError::NoEnd),
            (good.replace("END PGP SIGNATURE", "END PGP MESSAGE"), ArmorError::NoEnd),
            (good.replace("c29", "c2_"), ArmorError::Base64),
            (good.replace("c29", "c28"), ArmorError::Checksum),
            (good.replace("\n=", "\n=AAAA\n="), ArmorError::Base64),
        ] {
            assert_eq!(unarmored(text.as_bytes(), "SIGNATURE"), Err(wanted), "{text}");
        }
    }

    #[test]
    fn blocks() {
        assert_eq!(crc24(b"123456789"), [0x21, 0xCF, 0x02]);
        let long: Vec<u8> = (0..=255).collect();
        let text = armored(&long, "SIGNATURE");
        assert!(text.lines().all(|line| line.len() <= 64));
        assert_eq!(unarmored(text.as_bytes(), "SIGNATURE"), Ok(long.clone()));
        let windows =
            format!("\r\n{}", text.replace('\n', "\r\n").replacen("\r\n", "\r\nComment: a: b\r\n", 1));
        assert_eq!(unarmored(windows.as_bytes(), "SIGNATURE"), Ok(long.clone()));
        for before in
            ["\u{feff}", "words\nmore: words\n\n", "\u{feff}words\n", "-----BEGIN CERTIFICATE-----\n"]
        {
            let text = format!("{before}{text}");
            assert_eq!(unarmored(text.as_bytes(), "SIGNATURE"), Ok(long.clone()), "{before:?}");
        }
        let twice = format!("{text}\n{text}");
        assert_eq!(unarmored(twice.as_bytes(), "SIGNATURE"), Ok([&long[..], &long].concat()));
        let bare: String =
            text.lines().filter(|line| !line.starts_with('=')).map(|line| format!("{line}\n")).collect();
        assert_eq!(unarmored(bare.as_bytes(), "SIGNATURE"), Ok(long));
    }
}
