//! Puts each fact at its home, and says where that was.

use mlbom::evidence::{Fact, Role};
use serde_json::Value;

use super::licence;
use super::shape::{
    Component, Data, Hash, Input, LicenceChoice, Metric, ModelCard, Parameter, Property, Reference, Text,
    Workflow,
};
use crate::vocabulary::{Home, Kind, Term};

/// Where a fact ended up: JSON pointers (RFC 6901) from the component or workflow.
pub(super) type Pointers = Vec<String>;

/// Puts a fact into the component of its entity. What has no member of its own, or whose member is taken, becomes a
/// property.
pub(super) fn in_component<'a>(
    component: &mut Component<'a>,
    role: Role,
    term: &Term,
    fact: &'a Fact,
) -> Pointers {
    let placed = match term.cyclonedx {
        Home::ArchitectureFamily if weights(role) => {
            let slot = &mut card(component).model_parameters.architecture_family;
            single(slot, &fact.value, "/modelCard/modelParameters/architectureFamily")
        }
        Home::Description => single(&mut component.description, &fact.value, "/description"),
        Home::Files => files(component, fact),
        Home::Hash => hash(component, &fact.value),
        Home::Licenses => licences(component, &fact.value),
        Home::ModelArchitecture if weights(role) => {
            let slot = &mut card(component).model_parameters.model_architecture;
            single(slot, &fact.value, "/modelCard/modelParameters/modelArchitecture")
        }
        Home::Reference(kind) => references(component, kind, &fact.value),
        Home::SensitiveData => sensitive(component, &fact.value),
        Home::Task if weights(role) => {
            let slot = &mut card(component).model_parameters.task;
            single(slot, &fact.value, "/modelCard/modelParameters/task")
        }
        Home::Version => single(&mut component.version, &fact.value, "/version"),
        _ => None,
    };
    placed.unwrap_or_else(|| properties(&mut component.properties, term, fact))
}

/// Puts a fact of the run into its workflow, or, if it is a result, into the card of the model: then the pointer starts
/// at the model, and the second value is true.
pub(super) fn in_workflow<'a>(
    workflow: &mut Workflow<'a>,
    model: &mut Component<'a>,
    term: &Term,
    fact: &'a Fact,
) -> (Pointers, bool) {
    let placed = match term.cyclonedx {
        Home::Metric => return (vec![metric(model, fact)], true),
        Home::Parameter => Some(vec![parameter(workflow, fact)]),
        Home::TimeEnd => single(&mut workflow.time_end, &fact.value, "/timeEnd"),
        Home::TimeStart => single(&mut workflow.time_start, &fact.value, "/timeStart"),
        _ => None,
    };
    (placed.unwrap_or_else(|| properties(&mut workflow.properties, term, fact)), false)
}

/// What has a model card in CycloneDX.
fn weights(role: Role) -> bool {
    matches!(role, Role::Model | Role::BaseModel | Role::Adapter)
}

pub(super) fn card<'a, 'b>(component: &'b mut Component<'a>) -> &'b mut ModelCard<'a> {
    component.model_card.get_or_insert_default()
}

/// A member that takes one text: several are joined. `None` if it is taken or the value is an empty list.
fn single<'a>(slot: &mut Option<Text<'a>>, value: &'a Value, pointer: &str) -> Option<Pointers> {
    if slot.is_some() || value.as_array().is_some_and(Vec::is_empty) {
        return None;
    }
    *slot = Some(match value {
        Value::Array(values) => values.iter().map(text).collect::<Vec<_>>().join(", ").into(),
        one => text(one),
    });
    Some(vec![pointer.to_owned()])
}

/// A scalar as text.
pub(super) fn text(value: &Value) -> Text<'_> {
    match value {
        Value::String(text) => text.as_str().into(),
        other => other.to_string().into(),
    }
}

fn files<'a>(component: &mut Component<'a>, fact: &'a Fact) -> Option<Pointers> {
    let of = component.bom_ref.clone().unwrap_or_default();
    for file in fact.value.as_array()? {
        let member = |name| file.get(name).map(text).unwrap_or_default();
        let (path, digest, size) = (member("path"), member("sha256"), member("size"));
        component.components.push(Component {
            bom_ref: Some(format!("{of}/{path}").into()),
            hashes: vec![Hash { alg: "SHA-256", content: digest.into_owned() }],
            properties: vec![Property::new("mlbom:size", size)],
            ..Component::new("file", path)
        });
    }
    Some(vec!["/components".to_owned()])
}

fn hash(component: &mut Component<'_>, value: &Value) -> Option<Pointers> {
    if !component.hashes.is_empty() {
        return None;
    }
    component.hashes.push(Hash { alg: "SHA-256", content: value.as_str()?.to_owned() });
    Some(vec!["/hashes/0".to_owned()])
}

fn licences<'a>(component: &mut Component<'a>, value: &'a Value) -> Option<Pointers> {
    let names: Vec<_> = value.as_array()?.iter().filter_map(Value::as_str).collect();
    if !component.licenses.is_empty() || names.is_empty() {
        return None;
    }
    // The format wants either licences or one expression.
    component.licenses = match names.as_slice() {
        [one] if licence::is_expression(one) => vec![LicenceChoice::Expression((*one).into())],
        names => names.iter().map(|name| LicenceChoice::License(licence::choice(name))).collect(),
    };
    Some((0..names.len()).map(|at| format!("/licenses/{at}")).collect())
}

fn references<'a>(component: &mut Component<'a>, kind: &'static str, value: &'a Value) -> Option<Pointers> {
    let urls: Vec<&str> = match value {
        Value::Array(values) => values.iter().filter_map(Value::as_str).collect(),
        one => vec![one.as_str()?],
    };
    if urls.is_empty() || !urls.iter().all(|url| is_iri(url)) {
        return None;
    }
    let first = component.external_references.len();
    component
        .external_references
        .extend(urls.iter().map(|url| Reference { r#type: kind, url: (*url).into() }));
    Some((first..first + urls.len()).map(|at| format!("/externalReferences/{at}")).collect())
}

/// Whether the format takes `text` as an `iri-reference`; what is not sure to be one goes elsewhere.
fn is_iri(text: &str) -> bool {
    let scheme = text.split_once("://").is_some_and(|(scheme, rest)| {
        !rest.is_empty()
            && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+.-".contains(c))
    });
    scheme
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "-._~:/?#@!$&'()*+,;=".contains(c))
        && text.matches('#').count() <= 1
}

fn sensitive<'a>(component: &mut Component<'a>, value: &'a Value) -> Option<Pointers> {
    let kinds: Vec<Text<'a>> = value.as_array()?.iter().map(text).collect();
    let data = component.data.first_mut()?;
    if kinds.is_empty() {
        return None;
    }
    data.sensitive_data = kinds;
    Some(vec!["/data/0/sensitiveData".to_owned()])
}

/// The entry of `data` that a dataset has.
pub(super) fn dataset<'a>(name: Text<'a>) -> Data<'a> {
    Data { r#type: "dataset", name, sensitive_data: Vec::new() }
}

fn properties<'a>(properties: &mut Vec<Property<'a>>, term: &Term, fact: &'a Fact) -> Pointers {
    let name = format!("mlbom:{}", fact.name);
    let first = properties.len();
    match &fact.value {
        Value::Array(values) if values.is_empty() => {
            properties.push(Property { name: name.into(), value: None });
        }
        Value::Array(values) => {
            let as_text =
                |value| if term.kind == Kind::Files { Value::to_string(value).into() } else { text(value) };
            properties.extend(values.iter().map(|value| Property::new(name.clone(), as_text(value))));
        }
        one => properties.push(Property::new(name, text(one))),
    }
    (first..properties.len()).map(|at| format!("/properties/{at}")).collect()
}

/// `metric.<split>.<name>`, or without a split where there is but one part.
fn metric<'a>(model: &mut Component<'a>, fact: &'a Fact) -> String {
    let rest = fact.name.strip_prefix("metric.").unwrap_or(&fact.name);
    let (slice, name) = rest.split_once('.').map_or((None, rest), |(slice, name)| (Some(slice), name));
    let metrics = &mut card(model).quantitative_analysis.get_or_insert_default().performance_metrics;
    metrics.push(Metric { r#type: name.into(), value: fact.value.to_string(), slice: slice.map(Into::into) });
    format!("/modelCard/quantitativeAnalysis/performanceMetrics/{}", metrics.len() - 1)
}

fn parameter<'a>(workflow: &mut Workflow<'a>, fact: &'a Fact) -> String {
    if workflow.inputs.is_empty() {
        workflow.inputs.push(Input { parameters: Vec::new() });
    }
    let parameters = &mut workflow.inputs[0].parameters;
    let data_type = match &fact.value {
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::Array(_) => "list",
        _ => "string",
    };
    let name = fact.name.strip_prefix("hyperparameter.").unwrap_or(&fact.name);
    parameters.push(Parameter { name: name.into(), value: text(&fact.value).into_owned(), data_type });
    format!("/inputs/0/parameters/{}", parameters.len() - 1)
}
