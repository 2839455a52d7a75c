//! Fulcio, Rekor, timestamp authorities, TUF and identity tokens: the only crate with network code.
