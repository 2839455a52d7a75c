//! ONNX: a protobuf message without any magic, known by the fields of `ModelProto` (onnx.proto3) and their types.

use crate::Start;

const VARINT: u64 = 0;
const BYTES: u64 = 2;

const IR_VERSION: u64 = 1;
const PRODUCER_NAME: u64 = 2;
const GRAPH: u64 = 7;
const OPSET_IMPORT: u64 = 8;

/// More than the format will reach soon; version 13 came in 2025.
const MAX_IR_VERSION: u64 = 255;

pub(crate) fn is_start(start: Start<'_>) -> bool {
    walk(start).unwrap_or(false)
}

/// Goes from field to field; none if a field is cut off, unknown, or of the wrong type.
fn walk(start: Start<'_>) -> Option<bool> {
    let mut rest = start.bytes;
    let mut first = true;
    let mut telling = false;
    while !rest.is_empty() {
        let Some(tag) = varint(&mut rest) else { return cut(start, rest, telling) };
        let (field, wire_type) = (tag >> 3, tag & 7);
        if wire_type != wire_type_of(field)? || first != (field == IR_VERSION) {
            return None;
        }
        first = false;
        let Some(value) = varint(&mut rest) else { return cut(start, rest, telling) };
        if field == IR_VERSION && !(1..=MAX_IR_VERSION).contains(&value) {
            return None;
        }
        if wire_type == BYTES {
            let position = (start.bytes.len() - rest.len()) as u64;
            if value > start.size_bytes.saturating_sub(position) {
                return None;
            }
            telling |= matches!(field, PRODUCER_NAME | GRAPH | OPSET_IMPORT);
            match usize::try_from(value).ok().and_then(|length| rest.get(length..)) {
                Some(after) => rest = after,
                None => return cut(start, &[], telling),
            }
        }
    }
    Some(telling)
}

/// The answer where the bytes seen end inside a field.
fn cut(start: Start<'_>, rest: &[u8], telling: bool) -> Option<bool> {
    // No varint is longer than ten bytes: with more bytes at hand it is a wrong one.
    (!start.whole && rest.len() < 10).then_some(telling)
}

/// The wire type of a field of `ModelProto`.
fn wire_type_of(field: u64) -> Option<u64> {
    match field {
        IR_VERSION | 5 => Some(VARINT),
        // producer_name, producer_version, domain, doc_string, graph, opset_import, metadata_props, training_info,
        // functions, configuration.
        PRODUCER_NAME..=4 | 6 | GRAPH | OPSET_IMPORT | 14 | 20 | 25 | 26 => Some(BYTES),
        _ => None,
    }
}

/// Takes a varint off `bytes`; leaves them alone where there is none.
fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for (at, byte) in bytes.iter().take(10).enumerate() {
        value |= u64::from(byte & 0x7f).checked_shl(7 * u32::try_from(at).ok()?)?;
        if byte & 0x80 == 0 {
            *bytes = &bytes[at + 1..];
            return Some(value);
        }
    }
    None
}
