//! The rules that hold before any Rego, and that neither policy nor data can turn off.

use mlbom::decision::{Finding, Rule, RuleSource, State};
use mlbom::path::RelPath;
use mlbom::report::{AcceptedBy, Outcome, Report, Signer, Statement, Subject};
use serde_json::{Map, Value};

use crate::signers::{self, Signers};

const COMPLETE: &str = "native-complete";
const CHECKS: &str = "native-checks";
const SIGNED: &str = "native-signed";
const WHOLE_MODEL: &str = "native-whole-model";
const IDENTITY: &str = "native-identity";
const SIGNERS: &str = "native-signers";
const DISTINCT_SIGNERS: &str = "native-distinct-signers";
const VERIFY_AGAIN: &str = "run mlbom-verify again";
/// Of files that were not verified, this many are named.
const MAX_NAMED: usize = 5;

/// Data that says nothing clear to a native rule.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("data.mlbom.distinctSigners: {0}, a whole number from 1 on was wanted")]
    Distinct(Value),
    #[error(transparent)]
    Signers(#[from] signers::Unclear),
}

/// Every native rule with its state. `data` is what policies read as `data.mlbom`.
pub(crate) fn rules(report: &Report, data: &Map<String, Value>) -> Result<Vec<Rule>, Error> {
    let asked = |id, findings: Option<Vec<Finding>>| match findings {
        Some(findings) => rule(id, findings),
        None => Rule { state: State::NotApplicable, ..rule(id, Vec::new()) },
    };
    let listed = data.get("signers").map(Signers::parse).transpose()?;
    let distinct = data.get("distinctSigners").map(distinct).transpose()?;
    Ok(vec![
        rule(COMPLETE, complete(report)),
        rule(CHECKS, checks(report)),
        rule(SIGNED, signed(report)),
        rule(WHOLE_MODEL, whole_model(report)),
        rule(IDENTITY, asked_for(report)),
        asked(SIGNERS, listed.map(|listed| by_listed_signers(report, &listed))),
        asked(DISTINCT_SIGNERS, distinct.map(|wanted| by_distinct_signers(report, wanted))),
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
        let remedy = "give mlbom-verify a bundle with --bundle, and with it whose signature is wanted";
        return vec![finding("no signed statement about the model holds", remedy)];
    }
    Vec::new()
}

fn whole_model(report: &Report) -> Vec<Finding> {
    let partial = |statement: &&Statement| match statement.subject {
        Subject::NamedFiles => true,
        Subject::WholeModel => false,
    };
    let remedy = "have the whole model signed";
    let about_a_part = |statement: &Statement| {
        finding(format!("the statement in {} is about a part of the model", statement.file), remedy)
    };
    let mut findings: Vec<Finding> = report.statements.iter().filter(partial).map(about_a_part).collect();
    if report.statements.is_empty() {
        findings.push(finding("no statement is about the whole model", remedy));
    }
    if !report.unverified.is_empty() {
        let named: Vec<&str> = report.unverified.iter().take(MAX_NAMED).map(RelPath::as_str).collect();
        let more = if report.unverified.len() > MAX_NAMED { ", ..." } else { "" };
        let message =
            format!("{} files were not verified: {}{more}", report.unverified.len(), named.join(", "));
        findings.push(finding(message, "run mlbom-verify without --only"));
    }
    findings
}

/// Nobody's signature counts only because it is somebody's.
fn asked_for(report: &Report) -> Vec<Finding> {
    let by_anybody = |statement: &&Statement| match &statement.signer {
        Signer::Certificate(certificate) => match certificate.accepted_by {
            AcceptedBy::AnyIdentity => true,
            AcceptedBy::Identity | AcceptedBy::IdentityRegexp => false,
        },
        Signer::Key { .. } | Signer::Pgp { .. } => false,
    };
    let denied = |statement: &Statement| {
        let message = format!(
            "{} is signed with {}, and mlbom-verify was not told whose signature is wanted",
            statement.file,
            signers::describe(&statement.signer)
        );
        finding(
            message,
            "give mlbom-verify the signer with --identity and --issuer, or a pattern that no stranger's name meets",
        )
    };
    report.statements.iter().filter(by_anybody).map(denied).collect()
}

/// Every statement, and at least one, is by somebody on the list.
fn by_listed_signers(report: &Report, listed: &Signers) -> Vec<Finding> {
    let remedy = "have a listed signer sign the model, or add who signed to data.mlbom.signers";
    if report.statements.is_empty() {
        return vec![finding("no statement is by a listed signer", remedy)];
    }
    let unlisted = report.statements.iter().filter(|statement| !listed.contains(&statement.signer));
    let denied = |statement: &Statement| {
        let signer = signers::describe(&statement.signer);
        let message =
            format!("{} is signed with {signer}, which data.mlbom.signers does not list", statement.file);
        finding(message, remedy)
    };
    unlisted.map(denied).collect()
}

/// How many signers are asked for.
fn distinct(value: &Value) -> Result<u64, Error> {
    value.as_u64().filter(|wanted| *wanted > 0).ok_or_else(|| Error::Distinct(value.clone()))
}

/// So many signers, over all statements: one who signed twice counts once.
fn by_distinct_signers(report: &Report, wanted: u64) -> Vec<Finding> {
    let found = Signer::count_distinct(report.statements.iter().map(|statement| &statement.signer));
    if found as u64 >= wanted {
        return Vec::new();
    }
    let message = format!("{found} signers signed the model, {wanted} were wanted");
    vec![finding(message, "have more signers sign the model, and give mlbom-verify all their bundles")]
}

#[cfg(test)]
mod tests {
    use mlbom::digest::Sha256;
    use serde_json::json;

    use super::*;
    use crate::signers::tests::{certificate, pgp};

    const ALLOWED: &str = include_str!("../../../policies/inputs/allowed.json");
    const FAILED: &str = include_str!("../../../policies/inputs/failed.json");

    fn report(text: &str) -> Report {
        Report::parse(text).expect("a report")
    }

    /// A report with a statement by each of `signers`.
    fn signed_by(signers: impl IntoIterator<Item = Signer>) -> Report {
        let statement = |signer| Statement { signer, ..report(ALLOWED).statements.remove(0) };
        Report { statements: signers.into_iter().map(statement).collect(), ..report(ALLOWED) }
    }

    fn key(bytes: &[u8]) -> Signer {
        Signer::Key { spki: Sha256::of(bytes), key_type: "ecdsa-p256".into() }
    }

    fn decided(report: &Report, data: &Value) -> Vec<Rule> {
        rules(report, data.as_object().expect("an object")).expect("clear data")
    }

    /// The rules that deny.
    fn denying(report: &Report, data: &Value) -> Vec<String> {
        let denied = decided(report, data).into_iter().filter(|rule| rule.state == State::Denied);
        denied.map(|rule| rule.id).collect()
    }

    #[test]
    fn a_whole_report_passes() {
        use State::{NotApplicable, Passed};
        let states: Vec<_> =
            decided(&report(ALLOWED), &json!({})).into_iter().map(|rule| rule.state).collect();
        assert_eq!(states, [Passed, Passed, Passed, Passed, Passed, NotApplicable, NotApplicable]);
    }

    #[test]
    fn each_rule_denies_alone() {
        let denied = |change: &dyn Fn(&mut Report)| {
            let mut report = report(ALLOWED);
            change(&mut report);
            denying(&report, &json!({}))
        };
        assert_eq!(denied(&|report| report.complete = false), [COMPLETE]);
        assert_eq!(denied(&|report| report.checks.clear()), [CHECKS]);
        assert_eq!(denied(&|report| report.checks[0].result = Outcome::Failed), [CHECKS]);
        assert_eq!(denied(&|report| report.result = Outcome::Failed), [CHECKS]);
        assert_eq!(denied(&|report| report.statements.clear()), [SIGNED, WHOLE_MODEL]);
        assert_eq!(denied(&|report| report.statements[0].subject = Subject::NamedFiles), [WHOLE_MODEL]);
        let unverified = || vec![RelPath::parse("a").expect("a path"); 9];
        assert_eq!(denied(&|report| report.unverified = unverified()), [WHOLE_MODEL]);
        assert_eq!(denying(&report(FAILED), &json!({})), [CHECKS, SIGNED, WHOLE_MODEL]);
    }

    #[test]
    fn all_that_was_asked_about_is_enough() {
        let mut report = report(ALLOWED);
        report.only = vec!["*".to_owned()];
        assert!(denying(&report, &json!({})).is_empty());
    }

    /// Whoever else signed, and whatever the data say: the list must not vouch for whom the verifier was not asked about.
    #[test]
    fn anybody_is_nobody() {
        let anybody = certificate(AcceptedBy::AnyIdentity, &["a@example.com"], Some("https://i"));
        let listed = json!({"signers": [{"identity": "a@example.com", "issuer": "https://i"}]});
        assert_eq!(denying(&signed_by([anybody.clone()]), &json!({})), [IDENTITY]);
        assert_eq!(denying(&signed_by([key(b"1"), anybody.clone()]), &json!({})), [IDENTITY]);
        assert_eq!(denying(&signed_by([anybody]), &listed), [IDENTITY, SIGNERS]);
        for accepted in [AcceptedBy::Identity, AcceptedBy::IdentityRegexp] {
            let named = certificate(accepted, &["a@example.com"], Some("https://i"));
            assert!(denying(&signed_by([named.clone(), key(b"1"), pgp('A')]), &json!({})).is_empty());
            assert!(denying(&signed_by([named]), &listed).is_empty());
        }
    }

    #[test]
    fn listed_signers_narrow() {
        let list = json!({"signers": ["0".repeat(64), Sha256::of(b"1").to_string()]});
        assert!(denying(&signed_by([key(b"1")]), &list).is_empty());
        assert_eq!(denying(&signed_by([key(b"2")]), &list), [SIGNERS]);
        assert_eq!(denying(&signed_by([key(b"1"), key(b"2")]), &list), [SIGNERS], "one of two is not listed");
        assert_eq!(denying(&signed_by([]), &list), [SIGNED, WHOLE_MODEL, SIGNERS], "nobody signed");
    }

    #[test]
    fn signers_are_counted_once() {
        let name = |name: &str, issuer| certificate(AcceptedBy::Identity, &[name], issuer);
        for (signers, count) in [
            (vec![key(b"1")], 1),
            (vec![key(b"1"), key(b"1")], 1),
            (vec![key(b"1"), key(b"2")], 2),
            (vec![name("a", None), name("a", None)], 1),
            (vec![name("a", None), name("b", None)], 2),
            (vec![name("a", None), name("a", Some("i"))], 2),
            (vec![pgp('A'), pgp('A')], 1),
            (vec![pgp('A'), pgp('B'), key(b"1"), name("a", None)], 4),
        ] {
            let report = signed_by(signers);
            assert!(denying(&report, &json!({"distinctSigners": count})).is_empty(), "{count}");
            assert_eq!(denying(&report, &json!({"distinctSigners": count + 1})), [DISTINCT_SIGNERS]);
        }
    }

    #[test]
    fn unclear_data_is_an_error() {
        let report = report(ALLOWED);
        for data in [
            json!({"signers": null}),
            json!({"signers": []}),
            json!({"distinctSigners": null}),
            json!({"distinctSigners": 0}),
            json!({"distinctSigners": -1}),
            json!({"distinctSigners": 1.0}),
            json!({"distinctSigners": 1.5}),
            json!({"distinctSigners": "1"}),
            json!({"distinctSigners": true}),
            json!({"distinctSigners": [1]}),
        ] {
            assert!(rules(&report, data.as_object().expect("an object")).is_err(), "{data}");
        }
    }
}
