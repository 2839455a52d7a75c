//! DSSE envelopes (secure-systems-lab/dsse 1.0.0, envelope.md and protocol.md).

/// The payload type of every in-toto statement (in-toto attestation, spec/v1/envelope.md).
pub const IN_TOTO: &str = "application/vnd.in-toto+json";

/// The bytes a signer signs (DSSE 1.0.0, protocol.md, "Signature Definition").
///
/// `payload` is the document itself, before base64. Both lengths count bytes.
#[must_use]
pub fn pre_authentication_encoding(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

#[cfg(test)]
mod tests {
    /// The example of DSSE 1.0.0, protocol.md.
    #[test]
    fn specification_example() {
        let encoded = super::pre_authentication_encoding("http://example.com/HelloWorld", b"hello world");
        assert_eq!(encoded, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
    }
}
