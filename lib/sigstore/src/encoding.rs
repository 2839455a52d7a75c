//! Base64 as Sigstore's JSON has it.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

const CONFIG: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, CONFIG);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, CONFIG);

/// Decodes `bytes` of Protocol Buffers' JSON (proto3, "JSON Mapping"), and what is in a DSSE envelope (DSSE 1.0.0,
/// envelope.md): of either alphabet, but not of both, and padded or not. Line breaks, and bits that mean nothing, are refused.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let engine = if text.contains(['-', '_']) { URL_SAFE } else { STANDARD };
    engine.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_alphabet() {
        for text in ["-_8=", "-_8", "+/8=", "+/8"] {
            assert_eq!(decode(text).as_deref(), Some(&[0xfb, 0xff][..]), "{text}");
        }
        assert_eq!(decode("").as_deref(), Some(&[][..]));
        for text in ["+_8=", "-_9=", "-_8==", "-_\n8=", "-_8= ", "-", "=", "é"] {
            assert_eq!(decode(text), None, "{text}");
        }
    }
}
