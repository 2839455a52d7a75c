//! Keys, certificates, logs, clocks, DSSE envelopes, Sigstore bundles and in-toto statements: what is signed, and what that
//! proves. Offline: it opens neither files nor connections.

mod asn1;
pub mod bundle;
pub mod certificate;
pub mod chain;
mod encoding;
pub mod envelope;
pub mod github;
pub mod key;
pub mod legacy;
pub mod log;
pub mod oms;
mod pem;
pub mod sct;
#[cfg(feature = "sign")]
pub mod signing;
pub mod statement;
pub mod timestamp;
pub mod trust;
pub mod trusted_root;
