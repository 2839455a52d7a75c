//! Checkpoints of logs (C2SP tlog-checkpoint 1.0.0), which are signed notes (C2SP signed-note 1.0.0).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mlbom::digest::Sha256;

use super::signed_by;
use crate::key::{KeyType, PublicKey};

/// How many signature lines are read: witnesses sign too.
pub(super) const MAX_SIGNATURES: usize = 100;

/// A key of 32 bytes ends the DER SubjectPublicKeyInfo of Ed25519 (RFC 8410, 4).
const ED25519_BYTES: usize = 32;

/// Why a checkpoint is not the log's.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// A character below U+0020 other than line feed.
    #[error("holds a control character")]
    Control,
    /// No blank line, or no line feed at the end.
    #[error("is not a signed note")]
    Note,
    /// Not origin, size and root hash, a line each.
    #[error("does not open with an origin, a tree size and a root hash")]
    Head,
    /// A line that is no signature where signatures are.
    #[error("has a malformed signature line")]
    Signature,
    /// Too many of them.
    #[error("has {0} signature lines, at most {MAX_SIGNATURES} are read")]
    Signatures(usize),
    /// Another log's.
    #[error("is of {found:?}, {wanted:?} was wanted")]
    Origin {
        /// What the origin line names.
        found: String,
        /// The log's.
        wanted: String,
    },
    /// No signature line of the origin with a hint at the log's key.
    #[error("is not signed by the log")]
    Unsigned,
    /// A signature line is the log's by name and hint, and does not verify.
    #[error("has a signature of the log that does not verify")]
    Forged,
}

/// A checkpoint, read and not yet believed.
#[derive(Debug)]
pub(super) struct Checkpoint<'a> {
    /// What is signed: up to and with the line feed before the blank line.
    text: &'a str,
    origin: &'a str,
    /// How many entries the tree has.
    pub(super) size: u64,
    /// The tree's root hash.
    pub(super) root: [u8; 32],
    signatures: Vec<Signature<'a>>,
}

#[derive(Debug)]
struct Signature<'a> {
    name: &'a str,
    hint: [u8; 4],
    bytes: Vec<u8>,
}

impl<'a> Checkpoint<'a> {
    /// Reads a checkpoint. The caller has limited its length.
    pub(super) fn parse(note: &'a str) -> Result<Self, CheckpointError> {
        if note.bytes().any(|byte| byte < 0x20 && byte != b'\n') {
            return Err(CheckpointError::Control);
        }
        // The first blank line is the last one too: signature lines are not empty. So nothing can be read two ways.
        let blank = note.find("\n\n").ok_or(CheckpointError::Note)?;
        let (text, lines) = (&note[..=blank], &note[blank + 2..]);
        let lines = lines.strip_suffix('\n').ok_or(CheckpointError::Note)?;
        let count = lines.split('\n').count();
        if count > MAX_SIGNATURES {
            return Err(CheckpointError::Signatures(count));
        }
        let signatures: Option<_> = lines.split('\n').map(Signature::parse).collect();
        let (origin, size, root) = head(text).ok_or(CheckpointError::Head)?;
        Ok(Self { text, origin, size, root, signatures: signatures.ok_or(CheckpointError::Signature)? })
    }

    /// Checks that the log of `key` signed it, and that `wanted`, if given, is its name.
    ///
    /// Lines of others, or of other keys under the same name, say nothing; each line that is the log's has to verify.
    pub(super) fn verify(&self, key: &PublicKey, wanted: Option<&str>) -> Result<(), CheckpointError> {
        // Rekor 1 adds the number of the tree: `rekor.sigstore.dev - 2605736670972794746`.
        let name = match wanted {
            Some(wanted) if wanted != self.origin => {
                return Err(CheckpointError::Origin {
                    found: self.origin.to_owned(),
                    wanted: wanted.to_owned(),
                });
            }
            Some(wanted) => wanted,
            None => self.origin.split_once(" - ").map_or(self.origin, |(name, _)| name),
        };
        let hints = hints(name, key);
        let mut own =
            self.signatures.iter().filter(|one| one.name == name && hints.contains(&one.hint)).peekable();
        if own.peek().is_none() {
            return Err(CheckpointError::Unsigned);
        }
        if own.all(|one| signed_by(key, self.text.as_bytes(), &one.bytes)) {
            Ok(())
        } else {
            Err(CheckpointError::Forged)
        }
    }
}

impl<'a> Signature<'a> {
    /// Reads `— name base64`, the base64 of a hint of 4 bytes and a signature.
    fn parse(line: &'a str) -> Option<Self> {
        let (name, encoded) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
        if name.is_empty() || name.contains(|c: char| c == '+' || c.is_whitespace()) {
            return None;
        }
        let decoded = STANDARD.decode(encoded).ok()?;
        let (hint, bytes) = decoded.split_first_chunk::<4>()?;
        (!bytes.is_empty()).then(|| Self { name, hint: *hint, bytes: bytes.to_vec() })
    }
}

/// Origin, size and root hash. Lines after them are extensions, which are signed and mean nothing here.
fn head(text: &str) -> Option<(&str, u64, [u8; 32])> {
    let mut lines = text.lines();
    let (origin, size, root) = (lines.next()?, lines.next()?, lines.next()?);
    let number: u64 = size.parse().ok()?;
    // One spelling: no sign, no leading zero.
    if origin.is_empty() || number.to_string() != size {
        return None;
    }
    Some((origin, number, STANDARD.decode(root).ok()?.try_into().ok()?))
}

/// The hints that a log may give at its key, which name it and prove nothing.
///
/// SHA-256 of the SubjectPublicKeyInfo is that of every key in Rekor 1 and of ECDSA keys everywhere (signed-note,
/// "Signature types"); the other ones hash the name, a type and the key (Rekor 2: Ed25519 as 1, RSA as 255 with a label).
fn hints(name: &str, key: &PublicKey) -> [[u8; 4]; 2] {
    let spki = key.spki();
    let own = match key.key_type() {
        KeyType::Ed25519 => {
            let raw = &spki[spki.len().saturating_sub(ED25519_BYTES)..];
            Sha256::of(&[name.as_bytes(), b"\n\x01", raw].concat())
        }
        KeyType::Rsa => Sha256::of(&[name.as_bytes(), b"\n\xffPKIX-RSA-PKCS#1v1.5", spki].concat()),
        _ => Sha256::of(spki),
    };
    [first(&own), first(&Sha256::of(spki))]
}

fn first(digest: &Sha256) -> [u8; 4] {
    let [a, b, c, d, ..] = *digest.as_bytes();
    [a, b, c, d]
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "rs1YPY0ydAV0lxgfrq5pE4oRpUJwo3syeps5+eGUTDI=";
    const LINE: &str = "\u{2014} log AAAAAAA=\n";

    #[test]
    fn refusals() {
        let tabbed = format!("log\t\n1\n{ROOT}\n\n{LINE}");
        assert!(matches!(Checkpoint::parse(&tabbed), Err(CheckpointError::Control)));
        for note in ["", "\n", "\n\n", "log", &format!("log\n1\n{ROOT}\n\n{}", LINE.trim_end())] {
            assert!(matches!(Checkpoint::parse(note), Err(CheckpointError::Note)), "{note:?}");
        }
        for head in [
            format!("1\n{ROOT}"),
            format!("log\n{ROOT}"),
            "log\n1".to_owned(),
            format!("log\n01\n{ROOT}"),
            format!("log\n+1\n{ROOT}"),
            format!("log\n-1\n{ROOT}"),
            format!("log\n18446744073709551616\n{ROOT}"),
            "log\n1\nAAAA".to_owned(),
            format!("log\n1\n{ROOT}="),
        ] {
            let note = format!("{head}\n\n{LINE}");
            assert!(matches!(Checkpoint::parse(&note), Err(CheckpointError::Head)), "{head:?}");
        }
        for line in [
            "",
            "log AAAAAAA=\n",
            "- log AAAAAAA=\n",
            "\u{2014} AAAAAAA=\n",
            "\u{2014}  AAAAAAA=\n",
            "\u{2014} log AAAAAA==\n",
            "\u{2014} log AAAAAAA\n",
            "\u{2014} a+b AAAAAAA=\n",
            "\u{2014} log AAAAAAA= \n",
            "\u{2014} log AAAAAAA=\n\n",
            "\u{2014} log AAAAAAA=\n\n\u{2014} log AAAAAAA=\n",
        ] {
            let note = format!("log\n1\n{ROOT}\n\n{line}");
            assert!(
                matches!(Checkpoint::parse(&note), Err(CheckpointError::Signature | CheckpointError::Note)),
                "{line:?}"
            );
        }
        let many = format!("log\n1\n{ROOT}\n\n{}", LINE.repeat(MAX_SIGNATURES + 1));
        assert!(matches!(Checkpoint::parse(&many), Err(CheckpointError::Signatures(101))));
    }

    #[test]
    fn parts() {
        let note = format!("log - 12\n736\n{ROOT}\nTimestamp: 1\n\n{LINE}{LINE}");
        let checkpoint = Checkpoint::parse(&note).expect("it is well-formed");
        assert_eq!((checkpoint.origin, checkpoint.size, checkpoint.signatures.len()), ("log - 12", 736, 2));
        assert_eq!(checkpoint.text, format!("log - 12\n736\n{ROOT}\nTimestamp: 1\n"));
        assert_eq!(STANDARD.encode(checkpoint.root), ROOT);
    }
}
