//! The decision, put together from what the native rules and the policies say.

use std::collections::BTreeMap;

use mlbom::decision::{self, Decision, Model, Rule, RuleSource, Source, State, Verdict};
use mlbom::digest::Sha256;
use mlbom::evidence::Severity;
use mlbom::report::Report;

use crate::engine::{Finding, Outcome};

/// Denied if any rule denies, native or not.
pub(crate) fn decision(
    report: &Report,
    report_digest: Sha256,
    policies: Vec<Source>,
    data: Vec<Source>,
    native: Vec<Rule>,
    outcome: Outcome,
) -> Decision {
    let mut rules = native;
    rules.extend(policy_rules(outcome));
    let denied = rules.iter().any(|rule| rule.state == State::Denied);
    Decision {
        r#type: decision::TYPE.to_owned(),
        result: if denied { Verdict::Denied } else { Verdict::Allowed },
        model: Model { name: report.model.name().to_owned(), dir_hash: report.model.dir_hash() },
        report: report_digest,
        policies,
        data,
        rules,
    }
}

/// Why a decision is no: a line a reason, its remedy below it.
pub(crate) fn reasons(decision: &Decision) -> impl Iterator<Item = String> {
    let denied = decision.rules.iter().filter(|rule| rule.state == State::Denied);
    denied.flat_map(|rule| {
        let lines = |finding: &decision::Finding| {
            [format!("{}: {}", rule.id, finding.message), format!("hint: {}", finding.remedy)]
        };
        rule.findings.iter().flat_map(lines)
    })
}

/// Every rule that the policies evaluated, by id; what denies comes before what warns.
fn policy_rules(outcome: Outcome) -> Vec<Rule> {
    let mut found: BTreeMap<String, (State, Severity, Vec<decision::Finding>)> = BTreeMap::new();
    for (state, findings) in [(State::Denied, outcome.deny), (State::Warned, outcome.warn)] {
        for Finding { id, severity, message, remedy } in findings {
            let entry = found.entry(id).or_insert((state, severity, Vec::new()));
            entry.1 = entry.1.max(severity);
            entry.2.push(decision::Finding { message, remedy });
        }
    }
    let rule = |id: String| {
        let (state, severity, findings) = match found.remove(&id) {
            Some((state, severity, findings)) => (state, Some(severity.name().to_owned()), findings),
            None => (State::Passed, None, Vec::new()),
        };
        Rule { id, source: RuleSource::Policy, state, severity, findings }
    };
    outcome.rules.into_iter().map(rule).collect()
}
