//! `data.mlbom.signers`: whose signatures count.

use mlbom::digest::Sha256;
use mlbom::report::{AcceptedBy, Certificate, Fingerprint, Signer};
use serde_json::{Map, Value};

/// A list of signers, at least one.
#[derive(Debug)]
pub(crate) struct Signers(Vec<Listed>);

/// One item of the list.
#[derive(Debug)]
enum Listed {
    /// A primary key, with all its subkeys.
    Fingerprint(Fingerprint),
    /// A name of a certificate and who vouched for it; a private authority names nobody.
    Identity { identity: String, issuer: Option<String> },
    /// SHA-256 of a SubjectPublicKeyInfo.
    Key(Sha256),
}

/// A list of signers that says nothing clear.
#[derive(Debug, thiserror::Error)]
#[error(
    "data.mlbom.signers: {found}, a list of SHA-256 digests of public keys, of \
     {{\"identity\", \"issuer\"}} and of {{\"fingerprint\"}} was wanted"
)]
pub(crate) struct Unclear {
    found: String,
}

fn unclear(found: impl Into<String>) -> Unclear {
    Unclear { found: found.into() }
}

impl Signers {
    pub(crate) fn parse(value: &Value) -> Result<Self, Unclear> {
        let list = value.as_array().ok_or_else(|| unclear("not a list"))?;
        if list.is_empty() {
            return Err(unclear("an empty list"));
        }
        list.iter().map(Listed::parse).collect::<Result<_, _>>().map(Self)
    }

    pub(crate) fn contains(&self, signer: &Signer) -> bool {
        self.0.iter().any(|listed| listed.is(signer))
    }
}

impl Listed {
    fn parse(item: &Value) -> Result<Self, Unclear> {
        match item {
            Value::String(digest) => digest.parse().map(Self::Key).map_err(|err| unclear(format!("{err}"))),
            Value::Object(members) if members.contains_key("fingerprint") => Self::fingerprint(members),
            Value::Object(members) => Self::identity(members),
            _ => Err(unclear("an item that is neither a string nor an object")),
        }
    }

    fn fingerprint(members: &Map<String, Value>) -> Result<Self, Unclear> {
        let (1, Some(text)) = (members.len(), members["fingerprint"].as_str()) else {
            return Err(unclear("a fingerprint that is not a string, or with something beside it"));
        };
        text.parse().map(Self::Fingerprint).map_err(|err| unclear(format!("{err}")))
    }

    fn identity(members: &Map<String, Value>) -> Result<Self, Unclear> {
        let some = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        let (2, Some(identity), Some(issuer)) =
            (members.len(), members.get("identity"), members.get("issuer"))
        else {
            return Err(unclear("an object with other members than an identity and its issuer"));
        };
        let identity = some(identity).ok_or_else(|| unclear("an identity that is not a string, or empty"))?;
        // Nobody is said, not left out: whoever forgets the issuer must not accept that name from all.
        let issuer = match issuer {
            Value::Null => None,
            issuer => Some(some(issuer).ok_or_else(|| unclear("an issuer that is not a string, or empty"))?),
        };
        Ok(Self::Identity { identity, issuer })
    }

    fn is(&self, signer: &Signer) -> bool {
        match (self, signer) {
            (Self::Fingerprint(listed), Signer::Pgp { fingerprint, .. }) => listed == fingerprint,
            (Self::Identity { identity, issuer }, Signer::Certificate(certificate)) => {
                was_asked_for(certificate)
                    && certificate.issuer == *issuer
                    && certificate.names.iter().any(|name| name.value == *identity)
            }
            (Self::Key(listed), Signer::Key { spki, .. }) => listed == spki,
            // The key of a certificate is made for one signature: its digest names nobody.
            (Self::Fingerprint(_) | Self::Identity { .. } | Self::Key(_), _) => false,
        }
    }
}

fn was_asked_for(certificate: &Certificate) -> bool {
    match certificate.accepted_by {
        AcceptedBy::AnyIdentity => false,
        AcceptedBy::Identity | AcceptedBy::IdentityRegexp => true,
    }
}

/// A signer in words, after "signed with".
pub(crate) fn describe(signer: &Signer) -> String {
    match signer {
        Signer::Certificate(certificate) => {
            let first = || certificate.names.first().map(|name| &name.value);
            let name = match certificate.identity.as_ref().or_else(first) {
                Some(name) => format!("the certificate of {name}"),
                None => format!("the certificate {} without a name", certificate.certificate),
            };
            match &certificate.issuer {
                Some(issuer) => format!("{name} by {issuer}"),
                None => format!("{name} without an issuer"),
            }
        }
        Signer::Key { spki, .. } => format!("the key {spki}"),
        Signer::Pgp { fingerprint, .. } => format!("the OpenPGP key {fingerprint}"),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeMap;

    use mlbom::report::{Name, NameType, TrustedRoot};
    use serde_json::json;

    use super::*;

    /// The first of `names` is what was accepted.
    pub(crate) fn certificate(accepted_by: AcceptedBy, names: &[&str], issuer: Option<&str>) -> Signer {
        let name = |value: &&str| Name { r#type: NameType::Email, value: (*value).to_owned() };
        let identity = names.first().filter(|_| accepted_by != AcceptedBy::AnyIdentity);
        Signer::Certificate(Box::new(Certificate {
            certificate: Sha256::of(b"certificate"),
            spki: Sha256::of(format!("{names:?} {issuer:?}").as_bytes()),
            key_type: "ecdsa-p256".to_owned(),
            names: names.iter().map(name).collect(),
            issuer: issuer.map(str::to_owned),
            accepted_by,
            identity: identity.map(|name| (*name).to_owned()),
            claims: BTreeMap::new(),
            sct: true,
            trusted_root: TrustedRoot { name: "root.json".to_owned(), sha256: Sha256::of(b"root") },
        }))
    }

    /// The primary key of 40 times `digit`.
    pub(crate) fn pgp(digit: char) -> Signer {
        let fingerprint = |digit: char| digit.to_string().repeat(40).parse().expect("a fingerprint");
        Signer::Pgp {
            fingerprint: fingerprint(digit),
            signing_key: fingerprint(digit),
            key_type: "ed25519".to_owned(),
            spki: Sha256::of(&[digit as u8]),
            primary_spki: Sha256::of(&[digit as u8]),
        }
    }

    #[test]
    fn what_is_unclear() {
        for list in [
            json!(null),
            json!({}),
            json!("a"),
            json!([]),
            json!([1]),
            json!([null]),
            json!([[]]),
            json!([{}]),
            json!(["a"]),
            json!(["A".repeat(64)]),
            json!(["0".repeat(64), 1]),
            json!([{"identity": "a"}]),
            json!([{"issuer": "i"}]),
            json!([{"identity": "a", "issuer": 1}]),
            json!([{"identity": "a", "issuer": ""}]),
            json!([{"identity": "", "issuer": "i"}]),
            json!([{"identity": null, "issuer": "i"}]),
            json!([{"identity": ["a"], "issuer": "i"}]),
            json!([{"identity": "a", "issuer": "i", "more": 1}]),
            json!([{"identity": "a", "Issuer": "i"}]),
            json!([{"identityRegexp": "a", "issuer": "i"}]),
            json!([{"fingerprint": ""}]),
            json!([{"fingerprint": "a".repeat(40)}]),
            json!([{"fingerprint": "A".repeat(16)}]),
            json!([{"fingerprint": "A".repeat(40), "issuer": null}]),
            json!([{"fingerprint": null}]),
        ] {
            assert!(Signers::parse(&list).is_err(), "{list}");
        }
    }

    #[test]
    fn who_is_listed() {
        use AcceptedBy::{AnyIdentity, Identity, IdentityRegexp};
        let by = |accepted_by, issuer| certificate(accepted_by, &["a@example.com", "b@example.com"], issuer);
        let name = |identity: &str, issuer: Value| json!({"identity": identity, "issuer": issuer});
        let key = Signer::Key { spki: Sha256::of(b"key"), key_type: "ed25519".to_owned() };
        let digest = json!(Sha256::of(b"key"));
        let issued = Some("https://i");
        for (item, signer, wanted, why) in [
            (digest.clone(), key.clone(), true, "a key"),
            (json!("0".repeat(64)), key.clone(), false, "another key"),
            (digest.clone(), by(Identity, issued), false, "the key of a certificate"),
            (json!(Sha256::of(b"certificate")), by(Identity, issued), false, "a certificate"),
            (digest, pgp('A'), false, "a key, by OpenPGP"),
            (name("a@example.com", json!("https://i")), by(Identity, issued), true, "a name"),
            (name("a@example.com", json!("https://i")), by(IdentityRegexp, issued), true, "of a pattern"),
            (name("b@example.com", json!("https://i")), by(Identity, issued), true, "its other name"),
            (name("a@example.com", json!("https://i")), by(AnyIdentity, issued), false, "of anybody"),
            (name("a@example.com", json!("https://j")), by(Identity, issued), false, "another issuer"),
            (name("a@example.com", json!(null)), by(Identity, issued), false, "no issuer, and it has one"),
            (name("a@example.com", json!("https://i")), by(Identity, None), false, "it has no issuer"),
            (name("a@example.com", json!(null)), by(Identity, None), true, "no issuer"),
            (name("a@example.co", json!(null)), by(Identity, None), false, "a shorter name"),
            (name("A@example.com", json!(null)), by(Identity, None), false, "another case"),
            (name("a@example.com", json!(null)), key, false, "a name, by a key"),
            (json!({"fingerprint": "A".repeat(40)}), pgp('A'), true, "a fingerprint"),
            (json!({"fingerprint": "B".repeat(40)}), pgp('A'), false, "another fingerprint"),
            (json!({"fingerprint": "F".repeat(40)}), pgp('A'), false, "a subkey"),
            (json!({"fingerprint": "A".repeat(64)}), pgp('A'), false, "a longer fingerprint"),
        ] {
            let listed = Signers::parse(&json!([{"fingerprint": "0".repeat(40)}, item])).expect("clear");
            assert_eq!(listed.contains(&signer), wanted, "{why}");
        }
    }
}
