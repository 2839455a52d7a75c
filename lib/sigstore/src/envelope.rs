//! DSSE envelopes (secure-systems-lab/dsse 1.0.0, envelope.md and protocol.md).

/// The payload type of every in-toto statement (in-toto attestation, spec/v1/envelope.md).
pub const IN_TOTO: &str = "application/vnd.in-toto+json";

/// How the bytes that signers sign begin, in one case of the letters or another: see [`is_encoded`].
const ENCODED: &[u8] = b"DSSEv1 ";
/// How many bytes [`is_encoded`] looks at.
pub const ENCODED_BYTES: usize = ENCODED.len();

/// Whether `bytes` begin as [`pre_authentication_encoding`] and [`oms_v0_2_pae`] do: a signature over them as a file could be
/// shown as one of a statement, and the other way about.
#[must_use]
pub fn is_encoded(bytes: &[u8]) -> bool {
    bytes.get(..ENCODED_BYTES).is_some_and(|head| head.eq_ignore_ascii_case(ENCODED))
}

/// The bytes a signer signs (DSSE 1.0.0, protocol.md, "Signature Definition").
///
/// `payload` is the document itself, before base64. Both lengths count bytes.
#[must_use]
pub fn pre_authentication_encoding(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

/// What OpenSSF Model Signing 0.2.0 signed in place of DSSE's encoding (`model_signing/signature/encoding.py`).
///
/// The name is in capitals, and the payload is not itself but how Python shows it: `b'...'` with escapes. The length is that
/// of the payload, not of what is shown. Two payloads are never shown alike. Only old signatures are to be checked so.
#[must_use]
pub fn oms_v0_2_pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEV1 {} {payload_type} {} ", payload_type.len(), payload.len());
    [head.into_bytes(), python_bytes(payload)].concat()
}

/// `repr` of a `bytes` object (Python 3, Library Reference, "Bytes Objects"; CPython's `Objects/bytesobject.c`).
fn python_bytes(bytes: &[u8]) -> Vec<u8> {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    // Double quotes only where they save an escape.
    let quote = if bytes.contains(&b'\'') && !bytes.contains(&b'"') { b'"' } else { b'\'' };
    let mut shown = Vec::with_capacity(bytes.len() + bytes.len() / 8 + 3);
    shown.extend([b'b', quote]);
    for &byte in bytes {
        match byte {
            b'\\' => shown.extend(b"\\\\"),
            b'\t' => shown.extend(b"\\t"),
            b'\n' => shown.extend(b"\\n"),
            b'\r' => shown.extend(b"\\r"),
            _ if byte == quote => shown.extend([b'\\', byte]),
            b' '..=b'~' => shown.push(byte),
            _ => {
                let (high, low) = (HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]);
                shown.extend([b'\\', b'x', high, low]);
            }
        }
    }
    shown.push(quote);
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_known_by_their_beginning() {
        assert!(is_encoded(&pre_authentication_encoding(IN_TOTO, b"{}")));
        assert!(is_encoded(&oms_v0_2_pae(IN_TOTO, b"{}")));
        for other in [&b""[..], b"DSSEv1", b"DSSEv2 ", b" DSSEv1 "] {
            assert!(!is_encoded(other));
        }
    }

    /// The example of DSSE 1.0.0, protocol.md.
    #[test]
    fn specification_example() {
        let encoded = pre_authentication_encoding("http://example.com/HelloWorld", b"hello world");
        assert_eq!(encoded, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
    }

    /// Made with Python 3.11 by the expression of `encoding.py`: `f"... {len(p)} {p}"`, then `.encode()`.
    #[test]
    fn as_python_shows_it() {
        let head = b"DSSEV1 28 application/vnd.in-toto+json ";
        let vectors: &[(&[u8], &[u8])] = &[
            (b"", b"0 b''"),
            (b"{\x0a  \"a\": 1\x0a}", b"12 b'{\\n  \"a\": 1\\n}'"),
            (b"it's", b"4 b\"it's\""),
            (b"\"it's\"", b"6 b'\"it\\'s\"'"),
            (b"say \"x\"", b"7 b'say \"x\"'"),
            (b"\\ \x09\x0d\x0a", b"5 b'\\\\ \\t\\r\\n'"),
            (b"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f", b"32 b'\\x00\\x01\\x02\\x03\\x04\\x05\\x06\\x07\\x08\\t\\n\\x0b\\x0c\\r\\x0e\\x0f\\x10\\x11\\x12\\x13\\x14\\x15\\x16\\x17\\x18\\x19\\x1a\\x1b\\x1c\\x1d\\x1e\\x1f'"),
            (b"\x7f\x80\x81\x82\x83", b"5 b'\\x7f\\x80\\x81\\x82\\x83'"),
            (b"\xfe\xff", b"2 b'\\xfe\\xff'"),
            (b"\xc3\xa9", b"2 b'\\xc3\\xa9'"),
        ];
        for (payload, shown) in vectors {
            assert_eq!(oms_v0_2_pae(IN_TOTO, payload), [head.as_slice(), shown].concat(), "{payload:?}");
        }
        // All 256 bytes, by the SHA-256 of what Python made.
        let all: Vec<u8> = (0..=255).collect();
        let digest = mlbom::digest::Sha256::of(&oms_v0_2_pae(IN_TOTO, &all)).to_string();
        assert_eq!(digest, "11b5c7bf135665b42ca405c6e12e2f51200c9d9cc8ca03ac1473dc151cd67bd8");
    }
}
