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
const VERIFY_AGAIN: &str = "run mlbom-verify again";

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
    if report.complete { Vec::new() } else { vec![finding("the report is not complete", VERIFY_AGAIN)] }
}

fn checks(report: &Report) -> Vec<Finding> {
    let mut findings = Vec::new();
    for check in report.checks.iter().filter(|check| check.result != Outcome::Held) {
        let file = check.file.as_ref().map(|file| format!(" of {file}")).unwrap_or_default();
        let reason = check.reason.as_deref().unwrap_or("no reason is given");
        let remedy = check.remedy.as_deref().unwrap_or(VERIFY_AGAIN);
        findings.push(finding(format!("the check {}{file} failed: {reason}", check.id), remedy));
    }
    if findings.is_empty() && (report.checks.is_empty() || report.result != Outcome::Held) {
        findings.push(finding("the report does not say that the checks held", VERIFY_AGAIN));
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
        .map(|statement| {
            finding(
                format!("the statement in {} is about a part of the model", statement.file),
                "have the whole model signed",
            )
        })
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
            findings.push(finding(
                format!(
                    "{} is signed by the key {spki}, which data.mlbom.signers does not list",
                    statement.file
                ),
                remedy,
            ));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALLOWED: &str = include_str!("../../../policies/inputs/allowed.json");
    const FAILED: &str = include_str!("../../../policies/inputs/failed.json");

    fn report(text: &str) -> Report {
        Report::parse(text).expect("a report")
    }

    fn states(report: &Report, data: &str) -> Vec<State> {
        let data = serde_json::from_str(data).expect("an object");
        rules(report, &data).expect("clear data").into_iter().map(|rule| rule.state).collect()
    }

    #[test]
    fn a_whole_report_passes() {
        use State::{NotApplicable, Passed};
        assert_eq!(states(&report(ALLOWED), "{}"), [Passed, Passed, Passed, Passed, NotApplicable]);
    }

    #[test]
    fn each_rule_denies_alone() {
        use State::{Denied, NotApplicable, Passed};
        let mut incomplete = report(ALLOWED);
        incomplete.complete = false;
        assert_eq!(states(&incomplete, "{}"), [Denied, Passed, Passed, Passed, NotApplicable]);
        let mut unchecked = report(ALLOWED);
        unchecked.checks.clear();
        assert_eq!(states(&unchecked, "{}"), [Passed, Denied, Passed, Passed, NotApplicable]);
        let mut failed = report(ALLOWED);
        failed.checks[0].result = Outcome::Failed;
        assert_eq!(states(&failed, "{}"), [Passed, Denied, Passed, Passed, NotApplicable]);
        failed.checks[0].result = Outcome::Held;
        failed.result = Outcome::Failed;
        assert_eq!(states(&failed, "{}"), [Passed, Denied, Passed, Passed, NotApplicable]);
        let mut unsigned = report(ALLOWED);
        unsigned.statements.clear();
        assert_eq!(states(&unsigned, "{}"), [Passed, Passed, Denied, Denied, NotApplicable]);
        assert_eq!(states(&report(FAILED), "{}"), [Passed, Denied, Denied, Denied, NotApplicable]);
    }

    #[test]
    fn listed_signers_narrow() {
        let mut report = report(ALLOWED);
        let Signer::Key { spki, .. } = report.statements[0].signer.clone();
        let other = "0".repeat(64);
        let last = |report: &Report, list: &str| *states(report, list).last().expect("rules");
        let both = format!(r#"{{"signers":["{other}","{spki}"]}}"#);
        assert_eq!(last(&report, &both), State::Passed);
        assert_eq!(last(&report, &format!(r#"{{"signers":["{other}"]}}"#)), State::Denied);
        let mut second = Report::parse(ALLOWED).expect("a report").statements.remove(0);
        second.signer = Signer::Key { spki: Sha256::of(b"another key"), key_type: "ecdsa-p256".into() };
        report.statements.push(second);
        assert_eq!(last(&report, &both), State::Denied, "one of two signers is not listed");
        report.statements.clear();
        assert_eq!(last(&report, &both), State::Denied, "nobody signed");
    }

    #[test]
    fn an_unclear_list_is_an_error() {
        let report = report(ALLOWED);
        for list in ["null", "{}", "\"a\"", "[]", "[1]", "[\"a\"]", &format!("[\"{}\"]", "A".repeat(64))] {
            let data = serde_json::from_str(&format!(r#"{{"signers":{list}}}"#)).expect("an object");
            assert!(rules(&report, &data).is_err(), "{list}");
        }
    }
}
