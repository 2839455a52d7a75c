//! Entries of transparency logs: those of Sigstore's conformance suite, those same with faults, and some of logs of our own.

mod conformance;
mod made;
mod mutation;
mod sample;
