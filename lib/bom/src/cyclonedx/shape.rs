//! The members of a CycloneDX document that are written, as types (`bom-1.6.schema.json`, `bom-1.7.schema.json`).

use std::borrow::Cow;

use serde::Serialize;

pub(super) type Text<'a> = Cow<'a, str>;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Document<'a> {
    #[serde(rename = "$schema")]
    pub(super) schema: &'static str,
    pub(super) bom_format: &'static str,
    pub(super) spec_version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) serial_number: Option<String>,
    pub(super) version: u32,
    pub(super) metadata: Metadata<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) components: Vec<Component<'a>>,
    pub(super) dependencies: Vec<Dependency<'a>>,
    pub(super) compositions: Vec<Composition<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) formulation: Vec<Formula<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) annotations: Vec<Annotation<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) citations: Vec<Citation>,
}

#[derive(Serialize)]
pub(super) struct Metadata<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) timestamp: Option<String>,
    pub(super) tools: Tools<'a>,
    pub(super) component: Component<'a>,
}

#[derive(Serialize)]
pub(super) struct Tools<'a> {
    pub(super) components: Vec<Component<'a>>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Component<'a> {
    pub(super) r#type: &'static str,
    #[serde(rename = "bom-ref", skip_serializing_if = "Option::is_none")]
    pub(super) bom_ref: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) group: Option<Text<'a>>,
    pub(super) name: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) hashes: Vec<Hash>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) licenses: Vec<LicenceChoice<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) purl: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pedigree: Option<Pedigree<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) external_references: Vec<Reference<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) components: Vec<Component<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) model_card: Option<ModelCard<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) data: Vec<Data<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) properties: Vec<Property<'a>>,
}

#[derive(Serialize)]
pub(super) struct Hash {
    pub(super) alg: &'static str,
    pub(super) content: String,
}

#[derive(Serialize)]
pub(super) struct Property<'a> {
    pub(super) name: Text<'a>,
    /// None for an empty list: it is there, and has nothing in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) value: Option<Text<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum LicenceChoice<'a> {
    Expression(Text<'a>),
    License(Licence<'a>),
}

#[derive(Serialize)]
pub(super) struct Licence<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<Text<'a>>,
    pub(super) acknowledgement: &'static str,
}

#[derive(Serialize)]
pub(super) struct Pedigree<'a> {
    pub(super) ancestors: Vec<Component<'a>>,
}

#[derive(Serialize)]
pub(super) struct Reference<'a> {
    pub(super) r#type: &'static str,
    pub(super) url: Text<'a>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ModelCard<'a> {
    pub(super) model_parameters: ModelParameters<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) quantitative_analysis: Option<QuantitativeAnalysis<'a>>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ModelParameters<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) task: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) architecture_family: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) model_architecture: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) datasets: Vec<Ref<'a>>,
}

#[derive(Serialize)]
pub(super) struct Ref<'a> {
    pub(super) r#ref: Text<'a>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct QuantitativeAnalysis<'a> {
    pub(super) performance_metrics: Vec<Metric<'a>>,
}

#[derive(Serialize)]
pub(super) struct Metric<'a> {
    pub(super) r#type: Text<'a>,
    pub(super) value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) slice: Option<Text<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Data<'a> {
    pub(super) r#type: &'static str,
    pub(super) name: Text<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) sensitive_data: Vec<Text<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Dependency<'a> {
    pub(super) r#ref: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) depends_on: Vec<&'a str>,
}

#[derive(Serialize)]
pub(super) struct Composition<'a> {
    pub(super) aggregate: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) assemblies: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) dependencies: Vec<&'a str>,
}

#[derive(Serialize)]
pub(super) struct Formula<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) components: Vec<Component<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) workflows: Vec<Workflow<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Workflow<'a> {
    #[serde(rename = "bom-ref")]
    pub(super) bom_ref: &'a str,
    pub(super) uid: &'a str,
    pub(super) name: &'static str,
    pub(super) task_types: [&'static str; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) resource_references: Vec<Ref<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) inputs: Vec<Input<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) time_start: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) time_end: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) properties: Vec<Property<'a>>,
}

#[derive(Serialize)]
pub(super) struct Input<'a> {
    pub(super) parameters: Vec<Parameter<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Parameter<'a> {
    pub(super) name: Text<'a>,
    pub(super) value: String,
    pub(super) data_type: &'static str,
}

#[derive(Serialize)]
pub(super) struct Annotation<'a> {
    pub(super) subjects: [&'a str; 1],
    pub(super) annotator: Annotator<'a>,
    pub(super) timestamp: String,
    pub(super) text: String,
}

#[derive(Serialize)]
pub(super) struct Annotator<'a> {
    pub(super) component: Component<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Citation {
    pub(super) pointers: Vec<String>,
    pub(super) timestamp: String,
    pub(super) attributed_to: String,
    pub(super) note: String,
}

impl<'a> Property<'a> {
    pub(super) fn new(name: impl Into<Text<'a>>, value: impl Into<Text<'a>>) -> Self {
        Self { name: name.into(), value: Some(value.into()) }
    }
}

impl<'a> Component<'a> {
    pub(super) fn new(r#type: &'static str, name: impl Into<Text<'a>>) -> Self {
        Self { r#type, name: name.into(), ..Self::default() }
    }
}
