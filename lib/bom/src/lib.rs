//! The bill of materials: one internal model, its projections, and what is read back from one.

mod cyclonedx;
mod files;
mod model;
mod projection;
mod purl;
pub mod record;
#[cfg(test)]
mod table_tests;
pub mod vocabulary;

pub use files::{FileList, ReadError, Released, read};
pub use model::{BindError, Bom, Model, Producer};
pub use projection::{Format, LOSS_TYPE, Loss, Losses, Projection};

/// Every format, the default one first.
pub const FORMATS: &[Format] = &[
    Format { name: "cyclonedx-1.7", write: cyclonedx::write_1_7 },
    Format { name: "cyclonedx-1.6", write: cyclonedx::write_1_6 },
];

/// The property that holds `dirHash`.
pub(crate) const DIR_HASH: &str = "mlbom:dirHash";
/// The property that holds `omsRoot`.
pub(crate) const OMS_ROOT: &str = "mlbom:omsRoot";
/// One property for each path that the manifest left out.
pub(crate) const EXCLUDED: &str = "mlbom:excluded";
/// The property of a file whose digest nobody computed for this bill: where it was taken from.
pub(crate) const DIGEST_SOURCE: &str = "mlbom:digestSource";
