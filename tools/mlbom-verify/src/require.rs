//! `--require` and `--extract`: statements asked for by their type.

use std::fmt;
use std::str::FromStr;

use mlbom::report::{Check, Report, Signer, Statement, StatementKind};

use crate::error::Error;

/// A type of statement, in the caller's words.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Wanted {
    Kind(StatementKind),
    PredicateType(String),
}

/// A type of statement, and how many different signers have to have made one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Required {
    pub(crate) wanted: Wanted,
    pub(crate) signers: usize,
}

impl FromStr for Required {
    type Err = &'static str;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        // A URI may hold an equals sign: it is a number only if digits follow the last one.
        let counted =
            given.rsplit_once('=').filter(|(_, count)| !count.contains(|c: char| !c.is_ascii_digit()));
        let (wanted, signers) = match counted {
            Some((wanted, count)) => {
                (wanted, count.parse().map_err(|_| "a number of signers was wanted after =")?)
            }
            None => (given, 1),
        };
        if signers == 0 {
            return Err("at least one signer was wanted");
        }
        Ok(Self { wanted: wanted.parse()?, signers })
    }
}

impl FromStr for Wanted {
    type Err = &'static str;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        Ok(match given {
            "bom" => Self::Kind(StatementKind::Bom),
            "oms" => Self::Kind(StatementKind::Oms),
            "provenance" => Self::Kind(StatementKind::Provenance),
            "blob" => Self::Kind(StatementKind::Blob),
            "manifest" => Self::Kind(StatementKind::Manifest),
            uri if uri.contains(':') => Self::PredicateType(uri.to_owned()),
            _ => return Err("bom, oms, provenance, blob, manifest or a predicate type's URI was wanted"),
        })
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Kind(StatementKind::Bom) => "bom",
            Self::Kind(StatementKind::Oms) => "oms",
            Self::Kind(StatementKind::Provenance) => "provenance",
            Self::Kind(StatementKind::Blob) => "blob",
            Self::Kind(StatementKind::Manifest) => "manifest",
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
pub(crate) fn check(required: &[Required], statements: &[Statement]) -> Vec<Check> {
    let one = |Required { wanted, signers }: &Required| {
        let made = statements.iter().filter(|statement| wanted.matches(statement));
        let found = Signer::count_distinct(made.map(|statement| &statement.signer));
        if found >= *signers {
            return Check::held("require");
        }
        let reason = match found {
            0 => format!("no {wanted} statement about this model was verified"),
            _ => format!(
                "{wanted} statements by {found} different signers were verified, {signers} were wanted"
            ),
        };
        Check::failed(
            "require",
            reason,
            format!("give the bundle that holds it, or have the model signed with one ({wanted})"),
        )
    };
    required.iter().map(one).collect()
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
