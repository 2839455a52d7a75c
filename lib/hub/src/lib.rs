//! What the Hugging Face Hub says of the files of a commit: bytes in, facts out.
//!
//! Nothing here is signed. Who uses a listing says where it is from.

mod entry;
pub mod git_blob;
mod tree;

pub use entry::{BlobId, Entry, Large};
pub use tree::{Error, HubFile, HubTree, MAX_BYTES, MAX_FILES};
