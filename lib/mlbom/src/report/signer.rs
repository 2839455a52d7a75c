//! Who signed a statement.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::digest::Sha256;

/// Who signed.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", tag = "kind")]
pub enum Signer {
    /// Whoever a certificate of a trusted authority names.
    Certificate(Box<Certificate>),
    /// The holder of a key that the caller gave.
    #[serde(rename_all = "camelCase")]
    Key {
        /// SHA-256 of the DER SubjectPublicKeyInfo (RFC 5280, 4.1.2.7).
        spki: Sha256,
        /// For instance `ecdsa-p256`.
        key_type: String,
    },
    /// The holder of an OpenPGP key that the caller gave.
    #[serde(rename_all = "camelCase")]
    Pgp {
        /// Of the primary key.
        fingerprint: Fingerprint,
        /// Of the key that made the signature: a subkey's, or the primary key's again.
        signing_key: Fingerprint,
        /// For instance `ed25519` or `rsa-3072`.
        key_type: String,
        /// SHA-256 of the DER SubjectPublicKeyInfo (RFC 5280, 4.1.2.7) of the key that made the signature.
        spki: Sha256,
        /// The same of the primary key.
        primary_spki: Sha256,
    },
}

/// A certificate that was verified up to an authority, and what of it the caller accepted.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Certificate {
    /// SHA-256 of its DER.
    pub certificate: Sha256,
    /// SHA-256 of its DER SubjectPublicKeyInfo (RFC 5280, 4.1.2.7).
    pub spki: Sha256,
    /// For instance `ecdsa-p256`.
    pub key_type: String,
    /// All its subject alternative names (RFC 5280, 4.2.1.6), in its order.
    pub names: Vec<Name>,
    /// Who vouched for the names to Fulcio (Fulcio, docs/oid-info.md, 1.3.6.1.4.1.57264.1.8 and .1.1); of a private
    /// authority there may be none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// What of the caller's words it met.
    pub accepted_by: AcceptedBy,
    /// The value of the one of `names` that was accepted; absent for [`AcceptedBy::AnyIdentity`], and only then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// What else Fulcio says of the run that signed, by name (Fulcio, docs/oid-info.md); may be empty.
    pub claims: BTreeMap<String, String>,
    /// Whether a certificate log that is trusted has promised to list it (RFC 6962, 3.3).
    pub sct: bool,
    /// What it was verified up to.
    pub trusted_root: TrustedRoot,
}

/// A name of a certificate.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Name {
    /// What sort of name.
    pub r#type: NameType,
    /// As the certificate has it.
    pub value: String,
}

/// The sorts of names that are told apart.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum NameType {
    /// `dNSName`.
    Dns,
    /// `rfc822Name`.
    Email,
    /// `iPAddress`.
    Ip,
    /// Anything else.
    Other,
    /// `uniformResourceIdentifier`.
    Uri,
}

/// Which of the caller's words a certificate met.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum AcceptedBy {
    /// The caller asked for nobody: it is known who signed, and not whether they may.
    AnyIdentity,
    /// A name, given whole.
    Identity,
    /// A pattern of names.
    IdentityRegexp,
}

/// The authorities, logs and clocks that were believed.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TrustedRoot {
    /// The base name of the file, or which embedded one.
    pub name: String,
    /// Of its text.
    pub sha256: Sha256,
}

/// The fingerprint of an OpenPGP key (RFC 9580, 5.5.4): 40 upper-case hexadecimal digits of version 4, 64 of version 6.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fingerprint(String);

/// Text that is not the fingerprint of an OpenPGP key.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is not a fingerprint, 40 or 64 upper-case hexadecimal digits were wanted")]
pub struct NotAFingerprint(String);

impl Signer {
    /// How many different signers there are among `signers`.
    ///
    /// Two are one if they share a key, whatever certificate it came in and whether that was one of OpenPGP; if their
    /// certificates share a name of the same issuer, where case makes no other e-mail address and no other host; or if they
    /// are of one OpenPGP certificate. One person with two keys and two names is two.
    #[must_use]
    pub fn count_distinct<'a>(signers: impl IntoIterator<Item = &'a Self>) -> usize {
        let mut groups: Vec<BTreeSet<String>> = Vec::new();
        for signer in signers {
            let mut marks = signer.marks();
            let (same, others) = groups.into_iter().partition(|group| !group.is_disjoint(&marks));
            groups = others;
            let same: Vec<BTreeSet<String>> = same;
            same.into_iter().for_each(|group| marks.extend(group));
            groups.push(marks);
        }
        groups.len()
    }

    /// Everything by which two signers are seen to be one.
    fn marks(&self) -> BTreeSet<String> {
        match self {
            Self::Certificate(certificate) => {
                // Quoted, for a name may hold whatever separates it from the issuer.
                let issuer = certificate.issuer.as_deref().map(without_case_of_host);
                let name = |name: &Name| format!("name {:?} {issuer:?}", name.without_case());
                let key = format!("key sha256:{}", certificate.spki);
                certificate.names.iter().map(name).chain([key]).collect()
            }
            Self::Key { spki, .. } => [format!("key sha256:{spki}")].into(),
            Self::Pgp { fingerprint, signing_key, spki, primary_spki, .. } => {
                let keys = [spki, primary_spki].map(|spki| format!("key sha256:{spki}"));
                let names = [fingerprint, signing_key].map(|name| format!("pgp {name}"));
                keys.into_iter().chain(names).collect()
            }
        }
    }

    /// Why the parts of it cannot be true together, if so.
    pub(super) fn contradiction(&self) -> Option<&'static str> {
        match self {
            Self::Certificate(certificate) => certificate.contradiction(),
            Self::Key { .. } => None,
            Self::Pgp { fingerprint, signing_key, spki, primary_spki, .. } => {
                let one_of_two = fingerprint == signing_key && spki != primary_spki;
                one_of_two
                    .then_some("an OpenPGP key made a signature itself, and is another key by its bytes")
            }
        }
    }
}

impl Certificate {
    fn contradiction(&self) -> Option<&'static str> {
        match (&self.identity, self.accepted_by) {
            (None, AcceptedBy::AnyIdentity) => None,
            (None, _) => Some("a certificate is accepted for a name, and it does not say which"),
            (Some(_), AcceptedBy::AnyIdentity) => Some("a certificate is accepted for any name and for one"),
            (Some(identity), _) if self.names.iter().any(|name| name.value == *identity) => None,
            (Some(_), _) => Some("a certificate is accepted for a name that it does not have"),
        }
    }
}

impl Name {
    /// The name as those who count signers see it. Only they: whom the caller asked for is compared as it is written.
    fn without_case(&self) -> String {
        match self.r#type {
            NameType::Dns | NameType::Email => self.value.to_lowercase(),
            NameType::Uri => without_case_of_host(&self.value),
            NameType::Ip | NameType::Other => self.value.clone(),
        }
    }
}

/// A URI with its scheme and authority in lower case (RFC 3986, 6.2.2.1). Anything else as it is.
fn without_case_of_host(uri: &str) -> String {
    let Some((scheme, rest)) = uri.split_once("://") else { return uri.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    format!("{}://{}{path}", scheme.to_lowercase(), authority.to_lowercase())
}

impl FromStr for Fingerprint {
    type Err = NotAFingerprint;

    fn from_str(text: &str) -> Result<Self, NotAFingerprint> {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte);
        if [40, 64].contains(&text.len()) && text.bytes().all(is_digit) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotAFingerprint(text.to_owned()))
        }
    }
}

impl TryFrom<String> for Fingerprint {
    type Error = NotAFingerprint;

    fn try_from(text: String) -> Result<Self, NotAFingerprint> {
        text.parse()
    }
}

impl From<Fingerprint> for String {
    fn from(fingerprint: Fingerprint) -> Self {
        fingerprint.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate(key: &[u8], names: &[&str], issuer: Option<&str>, accepted: Option<&str>) -> Signer {
        let name = |value: &&str| Name { r#type: NameType::Uri, value: (*value).to_owned() };
        Signer::Certificate(Box::new(Certificate {
            certificate: Sha256::of(names.concat().as_bytes()),
            spki: Sha256::of(key),
            key_type: "ecdsa-p256".to_owned(),
            names: names.iter().map(name).collect(),
            issuer: issuer.map(str::to_owned),
            accepted_by: accepted.map_or(AcceptedBy::AnyIdentity, |_| AcceptedBy::Identity),
            identity: accepted.map(str::to_owned),
            claims: BTreeMap::new(),
            sct: true,
            trusted_root: TrustedRoot { name: "root.json".to_owned(), sha256: Sha256::of(b"root") },
        }))
    }

    fn key(spki: &[u8], key_type: &str) -> Signer {
        Signer::Key { spki: Sha256::of(spki), key_type: key_type.to_owned() }
    }

    fn pgp(primary: char, signing: char) -> Signer {
        pgp_over(primary, signing, &[primary as u8, 0], &[signing as u8, 0])
    }

    /// The same over given keys.
    fn pgp_over(primary: char, signing: char, primary_key: &[u8], signing_key: &[u8]) -> Signer {
        let fingerprint = |digit: char| digit.to_string().repeat(40).parse().expect("a fingerprint");
        Signer::Pgp {
            fingerprint: fingerprint(primary),
            signing_key: fingerprint(signing),
            key_type: "ed25519".to_owned(),
            spki: Sha256::of(signing_key),
            primary_spki: Sha256::of(primary_key),
        }
    }

    fn named(r#type: NameType, value: &str, issuer: &str, key: &[u8]) -> Signer {
        let Signer::Certificate(mut certificate) = certificate(key, &[], Some(issuer), None) else {
            unreachable!("a certificate");
        };
        certificate.names = vec![Name { r#type, value: value.to_owned() }];
        Signer::Certificate(certificate)
    }

    #[test]
    fn others_count_apart() {
        let all = [
            key(b"1", "ed25519"),
            key(b"2", "ed25519"),
            certificate(b"3", &["a"], Some("i"), Some("a")),
            certificate(b"4", &["b"], Some("i"), Some("b")),
            certificate(b"5", &["a"], Some("j"), Some("a")),
            certificate(b"6", &["a"], None, Some("a")),
            certificate(b"7", &["a"], Some("None"), Some("a")),
            certificate(b"8", &["a\" Some(\"i"], Some("i"), None),
            certificate(b"9", &[], None, None),
            named(NameType::Uri, "https://example.com/a", "i", b"10"),
            named(NameType::Uri, "https://example.com/A", "i", b"11"),
            named(NameType::Uri, "https://example.com?a", "i", b"12"),
            named(NameType::Uri, "https://example.com?A", "i", b"13"),
            named(NameType::Other, "ann!example", "i", b"14"),
            named(NameType::Other, "Ann!example", "i", b"15"),
            pgp('A', 'A'),
            pgp('B', 'C'),
        ];
        assert_eq!(Signer::count_distinct(&all), all.len());
        assert_eq!(Signer::count_distinct(&[]), 0);
    }

    #[test]
    fn the_same_count_once() {
        for (signers, why) in [
            (vec![key(b"1", "rsa"), key(b"1", "rsa")], "a key"),
            (vec![key(b"1", "rsa"), certificate(b"1", &["a"], None, Some("a"))], "a key and its certificate"),
            (
                vec![certificate(b"1", &["a"], None, Some("a")), certificate(b"1", &["b"], None, Some("b"))],
                "two certificates of a key",
            ),
            (
                vec![
                    certificate(b"1", &["a", "b"], Some("i"), Some("a")),
                    certificate(b"2", &["b", "a"], Some("i"), Some("b")),
                ],
                "two names of one",
            ),
            (
                vec![
                    certificate(b"1", &["a", "b"], None, Some("a")),
                    certificate(b"2", &["c"], None, Some("c")),
                    certificate(b"3", &["b", "c"], None, Some("b")),
                ],
                "one who joins two",
            ),
            (vec![pgp('A', 'B'), pgp('A', 'C')], "a primary key"),
            (vec![key(b"1", "ed25519"), pgp_over('A', 'A', b"1", b"1")], "a key and its OpenPGP form"),
            (vec![key(b"1", "ed25519"), pgp_over('A', 'B', b"2", b"1")], "a key that is a subkey too"),
            (vec![key(b"1", "ed25519"), pgp_over('A', 'B', b"1", b"2")], "a key that is a primary key too"),
            (
                vec![pgp_over('A', 'A', b"1", b"1"), pgp_over('B', 'B', b"1", b"1")],
                "two OpenPGP keys over one",
            ),
            (
                vec![certificate(b"1", &["a"], None, Some("a")), pgp_over('A', 'A', b"1", b"1")],
                "a certificate over an OpenPGP key",
            ),
            (
                vec![
                    named(NameType::Email, "ann@example.com", "https://i.example/x", b"1"),
                    named(NameType::Email, "Ann@Example.com", "HTTPS://I.example/x", b"2"),
                ],
                "an address in another case",
            ),
            (
                vec![
                    named(NameType::Dns, "a.example", "i", b"1"),
                    named(NameType::Dns, "A.EXAMPLE", "i", b"2"),
                ],
                "a DNS name in another case",
            ),
            (
                vec![
                    named(NameType::Uri, "https://github.com/a", "i", b"1"),
                    named(NameType::Uri, "https://GitHub.com/a", "i", b"2"),
                ],
                "a host in another case",
            ),
        ] {
            assert_eq!(Signer::count_distinct(&signers), 1, "{why}");
        }
    }

    #[test]
    fn a_key_that_is_two() {
        assert!(pgp_over('A', 'A', b"1", b"2").contradiction().is_some());
        assert!(pgp_over('A', 'A', b"1", b"1").contradiction().is_none());
        // The same key may be its own subkey, with another time of creation.
        assert!(pgp_over('A', 'B', b"1", b"1").contradiction().is_none());
    }

    #[test]
    fn fingerprints() {
        for text in [
            "",
            "A",
            &"a".repeat(40),
            &"G".repeat(40),
            &"A".repeat(41),
            &"A".repeat(16),
            " ",
            &"é".repeat(20),
        ] {
            assert!(text.parse::<Fingerprint>().is_err(), "{text:?}");
        }
        for length in [40, 64] {
            let text = "0F".repeat(length / 2);
            assert_eq!(text.parse::<Fingerprint>().expect("a fingerprint").to_string(), text);
        }
    }
}
