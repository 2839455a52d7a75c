//! What comes out of a [`Bom`]: a document of some format, and what that format could not say.

use serde::Serialize;

use crate::Bom;

/// The name of the list of losses, and of its schema.
pub const LOSS_TYPE: &str = "urn:mlbom:loss:v1";

/// A way to write a [`Bom`]: a name for `--format`, and its writer. A new one is one file and one line in
/// [`FORMATS`](crate::FORMATS).
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// What `--format` calls it.
    pub name: &'static str,
    /// Writes the document; the same bytes for the same [`Bom`].
    pub write: fn(&Bom) -> Result<Projection, serde_json::Error>,
}

/// A document, and what it leaves out.
#[derive(Debug)]
pub struct Projection {
    /// The document, on one line, without a line break at its end.
    pub text: String,
    /// What the format has no place for.
    pub losses: Vec<Loss>,
}

/// Something that a format could not say.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Loss {
    /// The id of the entity that it is about.
    pub entity: String,
    /// The name of a fact, or a relation.
    pub what: String,
    /// What of it is lost.
    pub lost: String,
}

/// The list that `--loss` asks for.
#[derive(Debug, Serialize)]
pub struct Losses<'a> {
    r#type: &'static str,
    format: &'a str,
    losses: &'a [Loss],
}

impl<'a> Losses<'a> {
    /// What `projection` to the format called `format` left out.
    #[must_use]
    pub fn of(format: &'a str, projection: &'a Projection) -> Self {
        Self { r#type: LOSS_TYPE, format, losses: &projection.losses }
    }
}
