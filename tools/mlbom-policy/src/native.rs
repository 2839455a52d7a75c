//! The rules that hold before any Rego, and that neither policy nor data can turn off.

use std::collections::BTreeSet;

use mlbom::decision::{Finding, Rule, RuleSource, State};
use mlbom::digest::Sha256;
use mlbom::report::{Outcome, Report, Signer, Statement, Subject};
use serde_json::{Map, Value};

const COMPLETE: &str = "native-complete";
const CHECKS: &str = "native-checks";
const SIGNED: &str = "native-signed";
const WHOLE_MODEL: &str = "native-whole-model";
const SIGNERS: &str = "native-signers";

/// A list of signers that says nothing clear.
#[derive(Debug, thiserror::Error)]
#[error("data.mlbom.signers: {found}, a list of SHA-256 digests of public keys was wanted")]
pub(crate) struct Error {
    found: String,
}

/// Every native rule with its state. `data` is what policies read as `data.mlbom`.
pub(crate) fn rules(report: &Report, data: &Map<String, Value>) -> Result<Vec<Rule>, Error> {
    Ok(vec![
        rule(COMPLETE, complete(report)),
        rule(CHECKS, checks(report)),
        rule(SIGNED, signed(report)),
        rule(WHOLE_MODEL, whole_model(report)),
        match signers(data)? {
            Some(listed) => rule(SIGNERS, by_listed_signers(report, &listed)),
            None => Rule { state: State::NotApplicable, ..rule(SIGNERS, Vec::new()) },
        },
    ])
}

fn rule(id: &str, findings: Vec<Finding>) -> Rule {
    let state = if findings.is_empty() { State::Passed } else { State::Denied };
    let severity = (state == State::Denied).then(|| "critical".to_owned());
    Rule { id: id.to_owned(), source: RuleSource::Native, state, severity, findings }
}

fn finding(message: impl Into<String>, remedy: impl Into<String>) -> Finding {
    Finding { message: message.into(), remedy: remedy.into() }
}

fn complete(report: &Report) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !report.complete {
        findings.push(finding("the report is not complete", "run mlbom-verify again"));
    }
    if report.result != Outcome::Held {
        findings.push(finding("the report's result is failed", "do what the failed checks say, and verify again"));
    }
    findings
}

fn checks(report: &Report) -> Vec<Finding> {
    let mut findings = Vec::new();
    if report.checks.is_empty() {
        findings.push(finding("the report lists no check", "run mlbom-verify again"));
    }
    for check in report.checks.iter().filter(|check| check.result != Outcome::Held) {
        let file = check.file.as_ref().map(|file| format!(" of {file}")).unwrap_or_default();
        let reason = check.reason.as_deref().unwrap_or("no reason is given");
        let remedy = check.remedy.as_deref().unwrap_or("run mlbom-verify again");
        findings.push(finding(format!("the check {}{file} failed: {reason}", check.id), remedy));
    }
    findings
}

fn signed(report: &Report) -> Vec<Finding> {
    // A statement has a signer by its type: one without is not a report at all.
    if report.statements.is_empty() {
        let remedy = "give mlbom-verify a bundle with --bundle, and its signer's public key with --key";
        return vec![finding("no signed statement about the model holds", remedy)];
    }
    Vec::new()
}

fn whole_model(report: &Report) -> Vec<Finding> {
    let partial = |statement: &&Statement| match statement.subject {
        Subject::WholeModel => false,
    };
    let mut findings: Vec<Finding> = report
        .statements
        .iter()
        .filter(partial)
        .map(|statement| finding(format!("the statement in {} is about a part of the model", statement.file), "have the whole model signed"))
        .collect();
    if report.statements.is_empty() {
        findings.push(finding("no statement is about the whole model", "have the whole model signed"));
    }
    findings
}

/// The signers that `data.mlbom.signers` names, if it is there.
fn signers(data: &Map<String, Value>) -> Result<Option<BTreeSet<Sha256>>, Error> {
    let Some(value) = data.get("signers") else { return Ok(None) };
    let wrong = |found: &str| Error { found: found.to_owned() };
    let list = value.as_array().ok_or_else(|| wrong("not a list"))?;
    if list.is_empty() {
        return Err(wrong("an empty list"));
    }
    let digest = |item: &Value| {
        let text = item.as_str().ok_or_else(|| wrong("an item that is not a string"))?;
        text.parse().map_err(|err| wrong(&format!("{err}")))
    };
    list.iter().map(digest).collect::<Result<_, _>>().map(Some)
}

/// Every statement, and at least one, is by somebody on the list.
fn by_listed_signers(report: &Report, listed: &BTreeSet<Sha256>) -> Vec<Finding> {
    let remedy = "have a listed signer sign the model, or add the key's digest to data.mlbom.signers";
    if report.statements.is_empty() {
        return vec![finding("no statement is by a listed signer", remedy)];
    }
    let mut findings = Vec::new();
    for statement in &report.statements {
        let Signer::Key { spki, .. } = &statement.signer;
        if !listed.contains(spki) {
            findings.push(finding(format!("{} is signed by the key {spki}, which data.mlbom.signers does not list", statement.file), remedy));
        }
    }
    findings
}
