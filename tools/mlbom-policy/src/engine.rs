//! Rego, evaluated so that nothing but a well-formed answer of two engines counts as one.
//!
//! The wrapper exists because of what the engine lets through alone: a typo in a package leaves no rule, an undefined
//! rule looks like an empty one, an unknown function in a branch not taken goes unnoticed. Each is an error here.
//! Runs in the process of [`crate::worker`], where a crash or an endless loop is an error too.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::mem::ManuallyDrop;
use std::thread;

use mlbom::evidence::Severity;
use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::RegoVM;
use regorus::unstable::{Expr, Rule, RuleHead};
use regorus::{Engine, Rc, Value};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The package of every policy.
const PACKAGE: &str = "mlbom_policy";
/// The second component of packages that only help: `mlbom_policy.lib`, and all below it.
const LIBRARY: &str = "lib";
/// The sets that a policy answers with, in the order asked for.
const RULES: &str = "rules";
const DENY: &str = "deny";
const WARN: &str = "warn";
/// Only a backstop, the process has a limit of CPU seconds: about 80 ms go into a million.
const MAX_INSTRUCTIONS: usize = 1_000_000_000;
/// What the first thread of a process has, on most systems; a rule that calls itself ends there.
const STACK_BYTES: usize = 8 << 20;
/// How often one evaluation may ask for the time.
const MAX_CLOCK_READINGS: usize = 100_000;
/// The most findings, of `deny` and `warn` each.
const MAX_FINDINGS: usize = 100_000;
/// The most bytes of one message or remedy.
const MAX_TEXT: usize = 4096;
/// The most characters of a rule id.
const MAX_ID: usize = 64;
/// Ids that begin so belong to the rules outside of Rego.
const NATIVE_PREFIX: &str = "native-";

/// Everything an evaluation depends on.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Request {
    /// The policy files, in the order of their names.
    pub modules: Vec<Module>,
    /// An object whose only member is `mlbom`.
    pub data: Box<RawValue>,
    /// The report, its bytes as received: strict JSON. It comes behind the rest, as it is.
    #[serde(skip)]
    pub input: String,
    /// What `time.now_ns` answers: one evaluation has one time.
    pub now_ns: i64,
}

/// One policy file.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Module {
    pub name: String,
    pub text: String,
}

/// What the policies say.
#[derive(Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Outcome {
    /// The ids of all rules that were evaluated; never empty.
    pub rules: BTreeSet<String>,
    pub deny: Vec<Finding>,
    pub warn: Vec<Finding>,
}

/// Something a rule found.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Finding {
    pub id: String,
    pub severity: Severity,
    pub message: String,
    pub remedy: String,
}

/// Why policies gave no answer.
#[derive(Debug, Deserialize, Eq, PartialEq, thiserror::Error, Serialize)]
pub(crate) enum Error {
    #[error("the two evaluators disagree about {rule}: the policy relies on what Rego leaves open")]
    Disagreement { rule: String },
    #[error(
        "{rule} is defined in {first} and in {second}: together they mean something else than each alone"
    )]
    DefinedTwice { rule: String, first: String, second: String },
    #[error("{0}")]
    Evaluation(String),
    #[error("{rule}: {reason}")]
    Finding { rule: String, reason: String },
    #[error("{file}: the package is {found}, {PACKAGE} was wanted")]
    Package { file: String, found: String },
    #[error("{0}")]
    Parse(String),
    #[error("`{RULES}` holds {0:?}, a rule id was wanted")]
    RuleId(String),
    #[error("no policy sets a rule id in `{RULES}`, so nothing was evaluated")]
    NoRules,
    #[error("{rule} is not a set of {wanted}")]
    NotASet { rule: String, wanted: String },
    #[error("no policy declares `{PACKAGE}.{0}`")]
    Undeclared(String),
    #[error("`{PACKAGE}.{0}` is undefined")]
    Undefined(String),
}

impl Error {
    pub(crate) fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::DefinedTwice { .. } => {
                "give one of the two alone if each is whole, as the built-in policies are; else rename one, or move it \
                 to a file of package mlbom_policy.lib"
            }
            Self::Finding { .. } => {
                "a finding is {\"id\", \"severity\", \"message\", \"remedy\"}, and its id is in `rules`"
            }
            Self::NoRules => "add `rules contains \"ID\"` for each rule of the policy",
            Self::NotASet { .. } => "write `deny contains {...} if { ... }` and `rules contains \"ID\"`",
            Self::Package { .. } => "helpers may also be in mlbom_policy.lib or below it",
            Self::RuleId(_) => {
                "an id is 1 to 64 letters, digits, `-`, `_` and `.`, and does not begin with `native-`"
            }
            Self::Undeclared(_) => {
                "a policy needs `deny contains {...} if { ... }` and `rules contains \"ID\"`"
            }
            _ => return None,
        })
    }
}

/// What the policies say about the input, if both engines say the same.
pub(crate) fn evaluate(request: &Request) -> Result<Outcome, Error> {
    let input = Value::from_json_str(&request.input).map_err(evaluation)?;
    // The process ends after this: to take its hundred thousands of values apart first would only take time.
    let input = ManuallyDrop::new(input);
    let (engine, declared) = load(request, &input)?;
    let mut engine = ManuallyDrop::new(engine);
    let names: Vec<&str> = [RULES, DENY, WARN].into_iter().filter(|name| declared.contains(*name)).collect();
    let paths: Vec<String> = names.iter().map(|name| format!("data.{PACKAGE}.{name}")).collect();

    let mut other = ManuallyDrop::new((*engine).clone());
    let input = (*input).clone();
    let (compiled, interpreted) = thread::scope(|scope| {
        let machine = thread::Builder::new()
            .stack_size(STACK_BYTES)
            .spawn_scoped(scope, || on_the_machine(&mut other, request, input, &paths))
            .map_err(evaluation)?;
        let interpreted: Vec<_> = paths.iter().map(|path| engine.eval_rule(path.clone())).collect();
        // A thread that panics ends the worker, and with it every answer.
        let compiled = machine.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        Ok::<_, Error>((compiled, interpreted))
    })?;
    // The machine's word first: compiling for it finds what the interpreter would see only on the branch it takes.
    let mut sets = BTreeMap::new();
    for ((name, by_machine), value) in names.iter().zip(compiled?).zip(interpreted) {
        let value = value.map_err(evaluation)?;
        if value != by_machine {
            return Err(Error::Disagreement { rule: (*name).to_owned() });
        }
        sets.insert(*name, value);
    }
    outcome(&sets)
}

/// Parses all modules and holds them to the contract, as far as it can be seen without evaluating.
fn load(request: &Request, input: &Value) -> Result<(Engine, BTreeSet<String>), Error> {
    let mut engine = Engine::new();
    // Or `print` would write to standard error.
    engine.set_gather_prints(true);
    for module in &request.modules {
        engine
            .add_policy(module.name.clone(), module.text.clone())
            .map_err(|err| Error::Parse(one_line(&err)))?;
    }
    let packages = packages(&engine)?;
    let declared = check_heads(&mut engine, &packages)?;

    let now = request.now_ns;
    engine
        .add_extension("time.now_ns".into(), 0, Box::new(move |_: Vec<Value>| Ok(Value::from(now))))
        .map_err(evaluation)?;
    let chance =
        |_: Vec<Value>| Err(std::io::Error::other("rand.intn is left to chance, a decision is not").into());
    engine.add_extension("rand.intn".into(), 2, Box::new(chance)).map_err(evaluation)?;
    engine.add_data_json(request.data.get()).map_err(evaluation)?;
    engine.set_input(input.clone());
    Ok((engine, declared))
}

/// The package of each module, in the order of the modules. A typo in one would leave a policy without any rule.
fn packages(engine: &Engine) -> Result<Vec<Vec<String>>, Error> {
    let mut packages = Vec::new();
    for package in engine.get_policy_package_components().map_err(evaluation)? {
        match package.components.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            [PACKAGE] | [PACKAGE, LIBRARY, ..] => packages.push(package.components),
            found => return Err(Error::Package { file: package.source_file, found: found.join(".") }),
        }
    }
    Ok(packages)
}

/// The names of the answers that are declared, each as a set that grows.
///
/// A rule other than those may not be spread over files: two files that each define `signed` mean "either" together,
/// and the laxer one would win unseen.
fn check_heads(engine: &mut Engine, packages: &[Vec<String>]) -> Result<BTreeSet<String>, Error> {
    let mut declared = BTreeSet::new();
    let mut homes: BTreeMap<(&[String], String), String> = BTreeMap::new();
    for (module, package) in engine.get_modules().iter().zip(packages) {
        let file = module.package.span.source.get_path().clone();
        for rule in &module.policy {
            let (head, is_set) = match rule.as_ref() {
                Rule::Spec { head: RuleHead::Set { refr, .. }, .. } => (refr, true),
                Rule::Spec { head: RuleHead::Compr { refr, .. } | RuleHead::Func { refr, .. }, .. }
                | Rule::Default { refr, .. } => (refr, false),
            };
            let name = root(head).span().text().to_owned();
            if package.len() == 1 && [RULES, DENY, WARN].contains(&name.as_str()) {
                if !is_set || !matches!(head.as_ref(), Expr::Var { .. }) {
                    let wanted = if name == RULES { "rule ids" } else { "findings" };
                    return Err(Error::NotASet { rule: name, wanted: wanted.to_owned() });
                }
                declared.insert(name);
                continue;
            }
            let first = homes.entry((package.as_slice(), name.clone())).or_insert_with(|| file.clone());
            if *first != file {
                return Err(Error::DefinedTwice { rule: name, first: first.clone(), second: file });
            }
        }
    }
    for needed in [DENY, RULES] {
        if !declared.contains(needed) {
            return Err(Error::Undeclared(needed.to_owned()));
        }
    }
    Ok(declared)
}

/// The `a` of `a.b["c"][d]`.
fn root(reference: &Expr) -> &Expr {
    let mut root = reference;
    while let Expr::RefDot { refr, .. } | Expr::RefBrack { refr, .. } = root {
        root = refr;
    }
    root
}

/// The values of `paths`, by the register machine.
fn on_the_machine(
    engine: &mut Engine,
    request: &Request,
    input: Value,
    paths: &[String],
) -> Result<Vec<Value>, Error> {
    let entry = Rc::from(format!("data.{PACKAGE}.{DENY}"));
    let policy = engine.compile_with_entrypoint(&entry).map_err(evaluation)?;
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    // Calls of these are answered by us: with the one time, and for chance with nothing.
    let ours = [("time.now_ns", 0), ("rand.intn", 2)];
    let program = Compiler::compile_from_policy_with_host_await(&policy, &paths, &ours)
        .map_err(|err| Error::Parse(one_line(&err)))?;

    let mut machine = RegoVM::new_with_policy(policy);
    machine.set_strict_builtin_errors(true);
    machine.set_max_instructions(MAX_INSTRUCTIONS);
    machine.load_program(program);
    machine.set_data(engine.get_data()).map_err(evaluation)?;
    machine.set_input(input);
    // Only where it is used: the queue costs memory.
    let asked = request.modules.iter().any(|module| module.text.contains("now_ns"));
    let mut values = Vec::new();
    for path in paths {
        let readings = if asked { MAX_CLOCK_READINGS } else { 0 };
        let times = std::iter::repeat_n(Value::from(request.now_ns), readings);
        machine.set_host_await_responses([(Value::from("time.now_ns"), times)]);
        values.push(machine.execute_entry_point_by_name(path).map_err(evaluation)?);
    }
    Ok(values)
}

/// Reads the sets into findings, each of which must be whole and belong to a rule that says it was evaluated.
fn outcome(sets: &BTreeMap<&str, Value>) -> Result<Outcome, Error> {
    let mut outcome = Outcome::default();
    for value in items(sets, RULES, "rule ids")? {
        let id = value
            .as_string()
            .map_err(|_| Error::NotASet { rule: RULES.into(), wanted: "rule ids".into() })?;
        if !is_id(id) {
            return Err(Error::RuleId(id.chars().take(2 * MAX_ID).collect()));
        }
        outcome.rules.insert(id.to_string());
    }
    if outcome.rules.is_empty() {
        return Err(Error::NoRules);
    }
    outcome.deny = findings(sets, DENY, &outcome.rules)?;
    if sets.contains_key(WARN) {
        outcome.warn = findings(sets, WARN, &outcome.rules)?;
    }
    Ok(outcome)
}

fn items<'a>(sets: &'a BTreeMap<&str, Value>, name: &str, wanted: &str) -> Result<Vec<&'a Value>, Error> {
    match sets.get(name) {
        None | Some(Value::Undefined) => Err(Error::Undefined(name.to_owned())),
        Some(Value::Set(set)) => Ok(set.iter().collect()),
        Some(_) => Err(Error::NotASet { rule: name.to_owned(), wanted: wanted.to_owned() }),
    }
}

fn findings(
    sets: &BTreeMap<&str, Value>,
    name: &str,
    rules: &BTreeSet<String>,
) -> Result<Vec<Finding>, Error> {
    let wrong = |reason: String| Error::Finding { rule: name.to_owned(), reason };
    let values = items(sets, name, "findings")?;
    if values.len() > MAX_FINDINGS {
        return Err(wrong(format!("more than {MAX_FINDINGS} findings")));
    }
    let mut findings = Vec::with_capacity(values.len());
    for value in values {
        let json: serde_json::Value =
            serde_json::from_str(&value.to_json_str().map_err(evaluation)?).map_err(evaluation)?;
        // Serde would take an array of four strings as well.
        if !json.is_object() {
            return Err(wrong(format!("{} is not an object", shown(&json))));
        }
        let finding = Finding::deserialize(&json).map_err(|err| wrong(format!("{}: {err}", shown(&json))))?;
        for (member, text) in [("message", &finding.message), ("remedy", &finding.remedy)] {
            if text.trim().is_empty() || text.len() > MAX_TEXT {
                return Err(wrong(format!(
                    "{}: its {member} is empty or longer than {MAX_TEXT} bytes",
                    finding.id
                )));
            }
        }
        if !rules.contains(&finding.id) {
            return Err(wrong(format!("a finding of {:?}, which is not in `{RULES}`", finding.id)));
        }
        findings.push(finding);
    }
    Ok(findings)
}

fn is_id(id: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !id.is_empty() && id.len() <= MAX_ID && id.chars().all(allowed) && !id.starts_with(NATIVE_PREFIX)
}

/// The beginning of a value that a policy made.
fn shown(value: &serde_json::Value) -> String {
    let text = value.to_string();
    let mut shown: String = text.chars().take(120).collect();
    if shown.len() < text.len() {
        shown.push_str("...");
    }
    shown
}

fn evaluation(err: impl Display) -> Error {
    Error::Evaluation(one_line(&err))
}

/// The engine's message without the excerpt of the source that it draws over several lines.
fn one_line(err: &impl Display) -> String {
    let text = err.to_string();
    let mut place = None;
    let mut words = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let Some(found) = line.strip_prefix("--> ") {
            place = place.or(Some(found));
        } else if !is_excerpt(line) {
            words.push(line.strip_prefix("error: ").unwrap_or(line));
        }
    }
    let words = words.join(" ");
    place.map_or(words.clone(), |place| format!("{place}: {words}"))
}

/// `12 | deny if x` and the line with the mark below it.
fn is_excerpt(line: &str) -> bool {
    line.split_once('|').is_some_and(|(number, _)| number.trim().bytes().all(|digit| digit.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINIMAL: &str = include_str!("../../../policies/minimal.rego");
    const ALLOWED: &str = include_str!("../../../policies/inputs/allowed.json");
    const DENIED: &str = include_str!("../../../policies/inputs/denied.json");
    const HEAD: &str = "package mlbom_policy\nrules contains \"X\"\n";
    const FINDING: &str = r#"{"id":"X","severity":"low","message":"m","remedy":"r"}"#;

    fn request(texts: &[&str], data: &str, input: &str) -> Request {
        let module =
            |(number, text): (usize, &&str)| Module { name: format!("{number}.rego"), text: (*text).into() };
        let raw = |text: &str| RawValue::from_string(text.trim().to_owned()).expect("JSON");
        Request {
            modules: texts.iter().enumerate().map(module).collect(),
            data: raw(data),
            input: input.to_owned(),
            now_ns: 5,
        }
    }

    fn run(texts: &[&str]) -> Result<Outcome, Error> {
        evaluate(&request(texts, r#"{"mlbom":{"a":1}}"#, ALLOWED))
    }

    /// A policy that denies if `body` holds.
    fn denies_if(body: &str) -> String {
        format!("{HEAD}deny contains {FINDING} if {{ {body} }}")
    }

    #[test]
    fn the_built_in_policy() {
        let allowed = run(&[MINIMAL]).expect("an answer");
        assert_eq!((allowed.rules.len(), allowed.deny, allowed.warn), (8, vec![], vec![]));
        let denied = evaluate(&request(&[MINIMAL], "{}", DENIED)).expect("an answer");
        let ids: Vec<_> = denied.deny.iter().map(|finding| finding.id.as_str()).collect();
        assert_eq!(ids, ["MLB-BOM", "MLB-COVERED", "MLB-COVERED", "MLB-FORMAT"]);
        let nothing = evaluate(&request(&[MINIMAL], "{}", "{}")).expect("an answer");
        assert_eq!(nothing.deny.len(), 5);
    }

    #[test]
    fn bodies_that_hold_and_that_do_not() {
        for (body, holds) in [
            ("true", true),
            ("false", false),
            ("input.nothing", false),
            ("data.mlbom.a == 1", true),
            ("data.mlbom.b == 1", false),
            ("time.now_ns() == 5; time.now_ns() == 5", true),
            // Where OPA finds neither yes nor no, and so does not deny.
            ("not startswith(input.nothing, \"x\")", true),
            ("not input.nothing in {1}", true),
        ] {
            let outcome = run(&[&denies_if(body)]).expect(body);
            assert_eq!(!outcome.deny.is_empty(), holds, "{body}");
        }
    }

    #[test]
    fn policies_that_are_refused() {
        let deny = format!("deny contains {FINDING} if true");
        let with_head = |text: &str| format!("{HEAD}{text}");
        let finding = |text: &str| with_head(&format!("deny contains {text} if true"));
        for (text, why) in [
            (String::new(), "Missing package"),
            ("# nothing\n".into(), "Missing package"),
            (deny.clone(), "Missing package"),
            ("package mlbom_policy".into(), "declares `mlbom_policy.deny`"),
            (format!("package mlbom_polcy\n{deny}"), "the package is mlbom_polcy"),
            ("package mlbom".into(), "the package is mlbom,"),
            ("package mlbom.signers\nx := 1".into(), "the package is mlbom.signers"),
            ("package mlbom_policy[\"x\"]".into(), "the package is mlbom_policy.x"),
            (
                "package mlbom_policy.lib\nrules contains 1\ndeny contains 1".into(),
                "declares `mlbom_policy.deny`",
            ),
            (HEAD.into(), "declares `mlbom_policy.deny`"),
            (format!("package mlbom_policy\n{deny}"), "declares `mlbom_policy.rules`"),
            (
                format!("package mlbom_policy\nrules contains \"X\" if false\n{deny}"),
                "no policy sets a rule id",
            ),
            (with_head("deny[msg] { msg := \"x\" }"), "`if` keyword is required"),
            (with_head("deny[msg] if { msg := \"x\" }"), "deny is not a set"),
            (with_head("deny.x contains 1 if true"), "deny is not a set"),
            (with_head("deny := set()"), "deny is not a set"),
            (with_head("deny := {1} if input.nothing"), "deny is not a set"),
            (with_head("deny(x) := x"), "deny is not a set"),
            (with_head("deny if true"), "deny is not a set"),
            (with_head(&format!("default deny := set()\n{deny}")), "deny is not a set"),
            (with_head(&format!("warn := 1\n{deny}")), "warn is not a set"),
            (with_head(&format!("rules contains 1\n{deny}")), "rules is not a set of rule ids"),
            (with_head(&format!("rules contains \"\"\n{deny}")), "a rule id was wanted"),
            (with_head(&format!("rules contains \"a b\"\n{deny}")), "a rule id was wanted"),
            (with_head(&format!("rules contains \"native-signed\"\n{deny}")), "a rule id was wanted"),
            (finding("\"no\""), "is not an object"),
            (finding(r#"["X","low","m","r"]"#), "is not an object"),
            (finding(r#"{"id":"X","severity":"low","message":"m"}"#), "missing field `remedy`"),
            (finding(r#"{"id":"X","severity":"low","message":"m","remedy":"r","x":1}"#), "unknown field `x`"),
            (finding(r#"{"id":"X","severity":"bad","message":"m","remedy":"r"}"#), "unknown variant"),
            (finding(r#"{"id":"X","severity":"low","message":1,"remedy":"r"}"#), "invalid type"),
            (finding(r#"{"id":"X","severity":"low","message":" ","remedy":"r"}"#), "its message is empty"),
            (finding(r#"{"id":"X","severity":"low","message":"m","remedy":""}"#), "its remedy is empty"),
            (finding(r#"{"id":"Y","severity":"low","message":"m","remedy":"r"}"#), "not in `rules`"),
            (with_head(&format!("warn contains 1 if true\n{deny}")), "warn: 1 is not an object"),
            (denies_if("startswith(input.type, 5)"), "expects string"),
            (denies_if("input.nothing; nosuch(1)"), "Unknown function"),
            (denies_if("http.send({\"url\": \"http://127.0.0.1\"})"), "Unknown function: 'http.send'"),
            (denies_if("input.nothing; http.send({})"), "Unknown function: 'http.send'"),
            (denies_if("opa.runtime().env"), "Unknown function: 'opa.runtime'"),
            (denies_if("net.lookup_ip_addr(\"localhost\")"), "Unknown function"),
            (denies_if("rand.intn(\"x\", 2) == 1"), "left to chance"),
            (denies_if("input.x with input as {}"), "`with`"),
            (denies_if(&format!("input.type == \"{}\"", "x".repeat(1024))), "1024"),
        ] {
            let err = run(&[&text]).expect_err(&text).to_string();
            assert!(err.contains(why), "{text}\n{err}");
            assert!(!err.contains('\n'), "{err}");
        }
    }

    #[test]
    fn several_files() {
        let policy = denies_if("lib.one(1)").replace("rules", "import data.mlbom_policy.lib\nrules");
        let outcome = run(&[&policy, "package mlbom_policy.lib\none(x) if x == 1"]).expect("an answer");
        assert_eq!(outcome.deny.len(), 1);

        let second = HEAD.replace('X', "Y");
        let outcome = run(&[&denies_if("true"), &second]).expect("an answer");
        assert_eq!(outcome.rules.len(), 2);

        let lax = "package mlbom_policy\nsigned if true";
        let strict = denies_if("not signed") + "\nsigned if false";
        assert!(run(&[&strict]).is_ok_and(|outcome| outcome.deny.len() == 1));
        assert!(matches!(run(&[&strict, lax]), Err(Error::DefinedTwice { .. })));
        assert!(matches!(
            run(&[&denies_if("true"), "package mlbom_policy\ndeny := set()"]),
            Err(Error::NotASet { .. })
        ));
        assert!(matches!(run(&[&denies_if("true"), "package mlbom_plicy"]), Err(Error::Package { .. })));
    }

    #[test]
    fn data_never_takes_the_place_of_a_rule() {
        // The loader refuses such data; should it ever come through, the engines do not agree about it.
        let data = r#"{"mlbom_policy":{"deny":[]}}"#;
        assert!(evaluate(&request(&[&denies_if("true")], data, ALLOWED)).is_err());
    }

    #[test]
    fn engines_that_disagree_are_an_error() {
        // The machine runs out of answers, and takes that for undefined.
        let readings = MAX_CLOCK_READINGS + 1;
        let text = denies_if(&format!(
            "count([i | some i in numbers.range(1, {readings}); time.now_ns() == 5]) == {readings}"
        ));
        assert!(matches!(run(&[&text]), Err(Error::Disagreement { rule }) if rule == "deny"));
    }
}
