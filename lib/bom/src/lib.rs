//! The bill of materials: one internal model, its projections, and what is read back from one.

mod cyclonedx;
mod files;
mod model;
pub mod record;
pub mod vocabulary;

pub use files::{FileList, ReadError, Released, read};
pub use model::{Bom, Model, Producer};

/// A way to write a [`Bom`]: a name for `--format`, and its writer. A new one is one file and one line in [`FORMATS`].
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// What `--format` calls it.
    pub name: &'static str,
    /// Writes the document; the same bytes for the same [`Bom`].
    pub write: fn(&Bom) -> Result<String, serde_json::Error>,
}

/// Every format, the default one first.
pub const FORMATS: &[Format] = &[Format { name: "cyclonedx-1.7", write: cyclonedx::write }];

/// The property that holds `dirHash`.
pub(crate) const DIR_HASH: &str = "mlbom:dirHash";
/// The property that holds `omsRoot`.
pub(crate) const OMS_ROOT: &str = "mlbom:omsRoot";
/// One property for each path that the manifest left out.
pub(crate) const EXCLUDED: &str = "mlbom:excluded";
