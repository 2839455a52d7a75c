//! The decision, `urn:mlbom:decision:v1`: every rule with its state, evidence and remedy.

use serde::{Deserialize, Serialize};

use crate::digest::Sha256;

/// The name of this document and of its schema.
pub const TYPE: &str = "urn:mlbom:decision:v1";

/// What a policy came to over one report.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// [`TYPE`].
    pub r#type: String,
    /// Allowed only if no rule denied.
    pub result: Verdict,
    /// The model decided upon.
    pub model: Model,
    /// The SHA-256 of the report as received.
    pub report: Sha256,
    /// The policies that decided; at least one.
    pub policies: Vec<Source>,
    /// The data files they saw.
    pub data: Vec<Source>,
    /// Every rule, the native ones first.
    pub rules: Vec<Rule>,
}

/// Yes or no.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// No rule denied.
    Allowed,
    /// A rule denied.
    Denied,
}

/// The model that a decision is about.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Model {
    /// The manifest's name for it.
    pub name: String,
    /// Its identity.
    pub dir_hash: Sha256,
}

/// A file that had a say.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Its name, without directories.
    pub name: String,
    /// Its content.
    pub sha256: Sha256,
}

/// One rule.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// For instance `MLB-SIGNED`.
    pub id: String,
    /// Where it is written.
    pub source: RuleSource,
    /// What it came to.
    pub state: State,
    /// How bad, in the policy's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<String>,
    /// What it found, if it did not pass.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
}

/// Where a rule is written.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum RuleSource {
    /// In the tool: not to be turned off.
    Native,
    /// In Rego.
    Policy,
}

/// What a rule came to.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum State {
    /// It forbids.
    Denied,
    /// It has nothing to say here.
    NotApplicable,
    /// It is content.
    Passed,
    /// It would forbid, and was waived.
    Waived,
    /// It found something and does not forbid.
    Warned,
}

/// What a rule found.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}
