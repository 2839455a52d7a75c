//! Fulcio, Rekor, timestamp authorities, TUF and identity tokens: the only crate with network code.
//!
//! Every call blocks. Where to go is the caller's to say ([`Services`], [`Url`]); what comes back has the shape that was
//! asked for and is about what was sent, but whether it is signed by whom it should be is for a verifier to say.

mod escape;
pub mod fulcio;
pub mod http;
pub mod rekor;
pub mod services;
pub mod token;
pub mod tsa;
pub mod tuf;
mod url;

pub use http::{Client, HttpError, Limits};
pub use services::{RekorVersion, Services};
pub use token::IdentityToken;
pub use url::{MAX_URL_BYTES, Url, UrlError};
