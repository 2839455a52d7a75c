//! Drives the built tools the way a shell does.
