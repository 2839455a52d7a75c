//! Keys, DSSE envelopes, Sigstore bundles and in-toto statements. Offline: it opens neither files nor connections.

pub mod bundle;
pub mod envelope;
pub mod key;
pub mod oms;
#[cfg(feature = "sign")]
pub mod signing;
pub mod statement;
