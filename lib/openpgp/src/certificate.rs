//! Certificates, called transferable public keys too (RFC 9580, 10.1; RFC 4880, 11.1): what their owner says of the keys.
//!
//! Nothing is checked until a signature is: then only the certificates that may have made it are.

use mlbom::time::Timestamp;

use crate::claim::Claim;
use crate::key::Key;
use crate::problem::KeyProblem;
use crate::signature::{SignatureError, SignaturePacket};
use crate::subpacket::MAY_SIGN;

/// Types of signatures (RFC 9580, 5.2.1).
/// Which signatures of others the owner wants to be shown (draft-dkg-openpgp-1pa3pc): no word about the key.
pub(crate) const ATTESTATION: u8 = 0x16;
pub(crate) const BINDING: u8 = 0x18;
const BACK: u8 = 0x19;
pub(crate) const DIRECT: u8 = 0x1F;
pub(crate) const KEY_REVOCATION: u8 = 0x20;
pub(crate) const SUBKEY_REVOCATION: u8 = 0x28;
pub(crate) const USER_REVOCATION: u8 = 0x30;

/// The most embedded signatures that are tried as a subkey's back signature.
const MAX_BACK_SIGNATURES: usize = 4;

/// A signature packet of a certificate: of any version and algorithm, since strangers add theirs.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    pub(crate) kind: u8,
    body: Vec<u8>,
}

impl Statement {
    /// `None` if the packet is too short to have a type.
    pub(crate) fn new(body: &[u8]) -> Option<Self> {
        // Versions 2 and 3 have a length before the type.
        let place = if matches!(body.first()?, 2 | 3) { 2 } else { 1 };
        Some(Self { kind: *body.get(place)?, body: body.to_vec() })
    }

    /// The signature, if it is `by`'s over `subject`. `None` also if it is of a kind that cannot be checked.
    fn by(&self, by: &Key, subject: &[&[u8]]) -> Option<SignaturePacket> {
        let packet = SignaturePacket::parse(&self.body).ok()?;
        is_over(&packet, by, subject).then_some(packet)
    }
}

fn is_over(packet: &SignaturePacket, by: &Key, subject: &[&[u8]]) -> bool {
    // Names first: strangers' signatures are not worth a hash.
    if !packet.names(by) || packet.created < by.created {
        return false;
    }
    let mut context = packet.context();
    for part in subject {
        context.update(part);
    }
    packet.is_by(by, &packet.digest(context))
}

/// A name of the owner, with the signatures behind it.
#[derive(Clone, Debug)]
pub(crate) struct User {
    /// The packet as signatures cover it: octet, length, body.
    pub(crate) hashed: Vec<u8>,
    pub(crate) statements: Vec<Statement>,
}

/// A key, with the signatures behind it.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    pub(crate) key: Key,
    pub(crate) statements: Vec<Statement>,
}

/// Keys of one owner: one that certifies, and those it has adopted.
#[derive(Clone, Debug)]
pub(crate) struct Certificate {
    pub(crate) primary: Subject,
    pub(crate) users: Vec<User>,
    pub(crate) subkeys: Vec<Subject>,
}

/// When a key is asked about, in seconds since 1970.
#[derive(Clone, Copy, Debug)]
pub(crate) struct When {
    /// The signature says that it was made then.
    pub(crate) made: i64,
    /// What was in force then counts.
    pub(crate) at: i64,
}

impl Certificate {
    /// All keys, the primary first.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.primary).chain(&self.subkeys).map(|subject| &subject.key)
    }

    /// Whether a signature of `key`, one of [`Self::keys`], counts.
    pub(crate) fn vouches(&self, key: &Key, when: When) -> Result<(), KeyProblem> {
        let primary = &self.primary.key;
        self.primary.revoked(KEY_REVOCATION, primary, &[&primary.hashed], when)?;
        let own = self.own_statements(when.at)?;
        if own.is_empty() {
            return Err(KeyProblem::NoSelfSignature);
        }
        alive(primary, own.iter().filter_map(|packet| packet.signed.key_expires), when)?;
        match self.subkeys.iter().find(|subkey| subkey.key.fingerprint == key.fingerprint) {
            Some(subkey) => self.vouches_for_subkey(subkey, when),
            None if may_sign(own.iter().filter_map(|packet| packet.signed.flags)) => Ok(()),
            None => Err(KeyProblem::NotForSigning),
        }
    }

    /// What the primary key says of itself: the latest direct signature and the latest over a name. Both hold.
    fn own_statements(&self, at: i64) -> Result<Vec<SignaturePacket>, KeyProblem> {
        let primary = &self.primary.key;
        let direct = self.primary.latest(DIRECT, primary, &[&primary.hashed], at);
        let mut named = Latest::default();
        for user in self.users.iter().filter(|user| !user.revoked(primary)) {
            let subject = [&primary.hashed[..], &user.hashed];
            for statement in user.statements.iter().filter(|statement| is_certification(statement.kind)) {
                named.add(statement, primary, &subject, at);
            }
        }
        let known = [direct.known("self-signature")?, named.known("self-signature")?];
        Ok(known.into_iter().flatten().collect())
    }

    fn vouches_for_subkey(&self, subkey: &Subject, when: When) -> Result<(), KeyProblem> {
        let (primary, key) = (&self.primary.key, &subkey.key);
        let subject = [&primary.hashed[..], &key.hashed];
        subkey.revoked(SUBKEY_REVOCATION, primary, &subject, when)?;
        let binding = subkey.latest(BINDING, primary, &subject, when.at).known("binding signature")?;
        let binding = binding.ok_or(KeyProblem::NoBinding)?;
        alive(key, binding.signed.key_expires.into_iter(), when)?;
        if !may_sign(binding.signed.flags.into_iter()) {
            return Err(KeyProblem::NotForSigning);
        }
        // It proves itself, so that it may stand where anybody could have put it.
        let embedded =
            binding.signed.embedded.iter().chain(&binding.unsigned.embedded).take(MAX_BACK_SIGNATURES);
        let mut backs = embedded.filter_map(|body| SignaturePacket::parse(body).ok());
        let adopted =
            backs.any(|back| back.kind == BACK && in_force(&back, when.at) && is_over(&back, key, &subject));
        if adopted { Ok(()) } else { Err(KeyProblem::NoBackSignature) }
    }
}

impl Subject {
    /// The latest statement of `kind` that is `by`'s and in force.
    fn latest(&self, kind: u8, by: &Key, subject: &[&[u8]], at: i64) -> Latest {
        let mut latest = Latest::default();
        for statement in self.statements.iter().filter(|statement| statement.kind == kind) {
            latest.add(statement, by, subject, at);
        }
        latest
    }

    /// Refuses a key that was revoked. What cannot be checked is taken for true: a weak hash, a damaged signature or
    /// somebody who may have been entitled to it are no reason to trust a key.
    fn revoked(&self, kind: u8, by: &Key, subject: &[&[u8]], when: When) -> Result<(), KeyProblem> {
        for statement in self.statements.iter().filter(|statement| statement.kind == kind) {
            let packet = statement.by(by, subject).filter(|packet| is_soft(packet.signed.reason));
            let since = i64::from(packet.ok_or(KeyProblem::Revoked)?.created);
            // When it was made is its own word: whoever has the key could say that it was before.
            if when.at >= since {
                return Err(KeyProblem::Retired(timestamp(since)));
            }
        }
        Ok(())
    }
}

impl User {
    /// Whether the name was revoked. Others take back what they said of it with the same type, so it matters whose it may
    /// be; whether it can be checked does not, as with keys.
    fn revoked(&self, primary: &Key) -> bool {
        let mut revocations = self.statements.iter().filter(|statement| statement.kind == USER_REVOCATION);
        revocations.any(|statement| Claim::read(&statement.body).may_be_by(primary))
    }
}

/// The latest of the statements of one kind.
#[derive(Default)]
struct Latest {
    checked: Option<SignaturePacket>,
    /// When it says that it was made, and why it cannot be checked. Without a time it may be later than any.
    unchecked: Option<(i64, SignatureError)>,
}

impl Latest {
    /// Takes one more, if it is `by`'s over `subject` and in force, or may be.
    fn add(&mut self, statement: &Statement, by: &Key, subject: &[&[u8]], at: i64) {
        match SignaturePacket::parse(&statement.body) {
            Ok(packet) => {
                let later = self.checked.as_ref().is_none_or(|latest| latest.created <= packet.created);
                if later && in_force(&packet, at) && is_over(&packet, by, subject) {
                    self.checked = Some(packet);
                }
            }
            Err(flaw) => {
                let claim = Claim::read(&statement.body);
                let created = claim.created.map_or(i64::MAX, i64::from);
                let later = self.unchecked.as_ref().is_none_or(|(latest, _)| *latest <= created);
                if later && (created <= at || claim.created.is_none()) && claim.may_be_by(by) {
                    self.unchecked = Some((created, flaw));
                }
            }
        }
    }

    /// Refuses the key if one that cannot be checked may be the latest: whoever can check it, as GnuPG can SHA-1, goes by it,
    /// and the one before gives the key another life.
    fn known(self, statement: &'static str) -> Result<Option<SignaturePacket>, KeyProblem> {
        let since = self.checked.as_ref().map(|packet| i64::from(packet.created));
        match self.unchecked {
            Some((created, flaw)) if since.is_none_or(|since| since <= created) => {
                Err(KeyProblem::Unchecked { statement, flaw })
            }
            _ => Ok(self.checked),
        }
    }
}

/// A signature over a name and a key (RFC 9580, 5.2.1.4 to 5.2.1.7).
const fn is_certification(kind: u8) -> bool {
    matches!(kind, 0x10..=0x13)
}

/// Replaced or retired (RFC 9580, 5.2.3.31), as of when it says so.
const fn is_soft(reason: Option<u8>) -> bool {
    matches!(reason, Some(1 | 3))
}

fn in_force(packet: &SignaturePacket, at: i64) -> bool {
    i64::from(packet.created) <= at && packet.expires().is_none_or(|end| at < end)
}

/// Whether all statements that name flags say that the key signs data, and one does.
fn may_sign(flags: impl Iterator<Item = u8>) -> bool {
    let mut flags = flags.peekable();
    flags.peek().is_some() && flags.all(|flags| flags & MAY_SIGN != 0)
}

/// Refuses a signature before the life of `key`, and a key whose life has ended; the earliest end counts.
fn alive(key: &Key, lives: impl Iterator<Item = u32>, when: When) -> Result<(), KeyProblem> {
    let created = i64::from(key.created);
    if when.made < created {
        return Err(KeyProblem::TooYoung(timestamp(created)));
    }
    match lives.filter(|life| *life != 0).min().map(|life| created + i64::from(life)) {
        // When it was made is its own word: whoever found the key later could say that it was before.
        Some(end) if when.at >= end => Err(KeyProblem::Expired(timestamp(end))),
        _ => Ok(()),
    }
}

pub(crate) fn timestamp(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds).expect("two 32-bit numbers of seconds end before the year 2300")
}
