//! `--require` and `--extract`: statements asked for by their type.

use std::fmt;
use std::str::FromStr;

use mlbom::report::{Check, Report, Statement, StatementKind};

use crate::error::Error;

/// A type of statement, in the caller's words.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Wanted {
    Kind(StatementKind),
    PredicateType(String),
}

impl FromStr for Wanted {
    type Err = &'static str;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        Ok(match given {
            "bom" => Self::Kind(StatementKind::Bom),
            "oms" => Self::Kind(StatementKind::Oms),
            "provenance" => Self::Kind(StatementKind::Provenance),
            uri if uri.contains("://") => Self::PredicateType(uri.to_owned()),
            _ => return Err("bom, oms, provenance or a predicate type's URI was wanted"),
        })
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Kind(StatementKind::Bom) => "bom",
            Self::Kind(StatementKind::Oms) => "oms",
            Self::Kind(StatementKind::Provenance) => "provenance",
            Self::Kind(StatementKind::Other) => "other",
            Self::PredicateType(uri) => uri,
        })
    }
}

impl Wanted {
    fn matches(&self, statement: &Statement) -> bool {
        match self {
            Self::Kind(kind) => statement.kind == *kind,
            Self::PredicateType(uri) => statement.predicate_type == *uri,
        }
    }
}

/// One check for each type that must be there.
pub(crate) fn check(wanted: &[Wanted], statements: &[Statement]) -> Vec<Check> {
    let one = |wanted: &Wanted| {
        if statements.iter().any(|statement| wanted.matches(statement)) {
            return Check::held("require");
        }
        let reason = format!("no {wanted} statement about this model was verified");
        Check::failed(
            "require",
            reason,
            format!("give the bundle that holds it, or have the model signed with one ({wanted})"),
        )
    };
    wanted.iter().map(one).collect()
}

/// The predicate of the one verified statement of a type, its bytes as signed.
pub(crate) fn extract<'a, M>(report: &'a Report<M>, wanted: &Wanted) -> Result<&'a str, Error> {
    let found: Vec<_> = report.statements.iter().filter(|statement| wanted.matches(statement)).collect();
    match found.as_slice() {
        [] => Err(Error::ExtractNone(wanted.clone())),
        [statement] => Ok(statement.predicate.get()),
        many => Err(Error::ExtractMany(wanted.clone(), many.len())),
    }
}
