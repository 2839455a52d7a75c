//! Detached OpenPGP signatures (RFC 4880, RFC 9580).
