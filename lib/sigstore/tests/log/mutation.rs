//! No byte of an entry can be changed.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mlbom_sigstore::log::{LogError, Tolerance};
use serde_json::{Value, json};

use crate::sample::{Log, Sample, decode, logs};

const ARTIFACT: &str = "a0cfc71271d6e278e57cd332ff957c3f7043fdda354c4cbb190a30d56efa01bf";
const BUNDLES: [&str; 3] = [
    include_str!("../vectors/log/hashedrekord-0.0.1.sigstore.json"),
    include_str!("../vectors/log/dsse-0.0.1.sigstore.json"),
    include_str!("../vectors/log/hashedrekord-0.0.2.sigstore.json"),
];

fn samples() -> impl Iterator<Item = (Sample, Vec<Log>)> {
    let artifact = ARTIFACT.parse().expect("it is a digest");
    BUNDLES.into_iter().map(move |bundle| {
        let sample = Sample::of(bundle, &artifact, None).expect("the vectors are whole");
        (sample, logs(include_str!("../vectors/log/logs.json")))
    })
}

#[test]
fn whole() {
    for (sample, logs) in samples() {
        let proven = sample.verify(&sample.entry.to_string(), &logs).expect("the vectors are right");
        assert!(proven.inclusion);
    }
}

/// Each byte of the entry's JSON.
#[test]
fn every_byte_of_the_text() {
    for (sample, logs) in samples() {
        let text = sample.entry.to_string();
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= 1 << (at % 7);
            let Ok(changed) = String::from_utf8(bytes) else { continue };
            assert!(sample.verify(&changed, &logs).is_err(), "byte {at}: {changed}");
        }
    }
}

/// Each byte beneath the base64, and of the checkpoint; each number one more and one less.
#[test]
fn every_byte_of_the_members() {
    let members = [
        "/logId/keyId",
        "/canonicalizedBody",
        "/inclusionPromise/signedEntryTimestamp",
        "/inclusionProof/rootHash",
        "/inclusionProof/hashes/0",
        "/inclusionProof/hashes/5",
    ];
    let numbers = ["/logIndex", "/integratedTime", "/inclusionProof/logIndex", "/inclusionProof/treeSize"];
    for (sample, logs) in samples() {
        let refused = |pointer: &str, value: Value, at: usize| {
            let mut entry = sample.entry.clone();
            *entry.pointer_mut(pointer).expect("the member is there") = value;
            assert!(sample.verify(&entry.to_string(), &logs).is_err(), "{pointer}, {at}");
        };
        for pointer in members {
            let Some(bytes) = sample.entry.pointer(pointer).and_then(decode) else { continue };
            for at in 0..bytes.len() {
                let mut changed = bytes.clone();
                changed[at] ^= 1 << (at % 8);
                refused(pointer, json!(STANDARD.encode(changed)), at);
            }
        }
        let checkpoint = "/inclusionProof/checkpoint/envelope";
        let note = sample.entry.pointer(checkpoint).and_then(Value::as_str).expect("there is a checkpoint");
        for at in 0..note.len() {
            for bit in [at % 7, 5] {
                let mut changed = note.as_bytes().to_vec();
                changed[at] ^= 1 << bit;
                if let Ok(changed) = String::from_utf8(changed) {
                    refused(checkpoint, json!(changed), at);
                }
            }
            if note.is_char_boundary(at) {
                refused(checkpoint, json!(note[..at]), at);
            }
        }
        for pointer in numbers {
            let Some(number) = sample.entry.pointer(pointer).and_then(Value::as_str) else { continue };
            let number: i64 = number.parse().expect("it is a number");
            for other in [number + 1, number - 1, 0, i64::MAX] {
                refused(pointer, json!(other.to_string()), 0);
            }
        }
    }
}

/// What is left out is not made up for by what is there.
#[test]
fn missing_members() {
    let strict = Tolerance { promise_alone: false };
    for (mut sample, logs) in samples() {
        let names: BTreeSet<_> = sample.entry.as_object().expect("it is an object").keys().cloned().collect();
        for name in &names {
            let mut entry = sample.entry.clone();
            entry.as_object_mut().expect("it is an object").remove(name);
            let found = sample.verify(&entry.to_string(), &logs);
            match name.as_str() {
                // The body says it too. And an inclusion proof is enough without a promise, but then there is no time.
                "kindVersion" => assert!(found.is_ok()),
                "inclusionPromise" => assert_eq!(found.expect("the proof is enough").integrated, None),
                "inclusionProof" => assert!(matches!(found, Err(LogError::NoProof | LogError::Bare))),
                _ => assert!(found.is_err(), "{name}"),
            }
        }
        let mut alone = sample.entry.clone();
        alone.as_object_mut().expect("it is an object").remove("inclusionProof");
        sample.tolerance = Tolerance { promise_alone: true };
        match sample.verify(&alone.to_string(), &logs) {
            Ok(proven) => assert!(!proven.inclusion && proven.integrated.is_some()),
            Err(error) => assert!(matches!(error, LogError::Bare) && !names.contains("inclusionPromise")),
        }
        sample.tolerance = strict;
        let mut promised = sample.entry.clone();
        promised["inclusionPromise"] = json!({ "signedEntryTimestamp": "AAAA" });
        let found = sample.verify(&promised.to_string(), &logs);
        assert!(matches!(found, Err(LogError::Promise | LogError::PromiseOfNone)));
    }
}

/// Each entry in another's bundle, and with another's log.
#[test]
fn other_bundles() {
    let all: Vec<_> = samples().collect();
    for (at, (sample, logs)) in all.iter().enumerate() {
        for (other, (stranger, _)) in all.iter().enumerate() {
            assert_eq!(sample.verify(&stranger.entry.to_string(), logs).is_ok(), at == other);
        }
        assert!(sample.verify(&sample.entry.to_string(), &swapped(logs)).is_err());
        let found = sample.verify(&sample.entry.to_string(), &[]);
        assert!(matches!(found, Err(LogError::OtherLog)));
    }
}

/// The IDs as they were, each with the other log's key.
fn swapped(logs: &[Log]) -> Vec<Log> {
    let keys = logs.iter().rev().map(|log| log.key.clone());
    let log = |(log, key): (&Log, _)| Log { id: log.id.clone(), key, origin: log.origin.clone() };
    logs.iter().zip(keys).map(log).collect()
}
