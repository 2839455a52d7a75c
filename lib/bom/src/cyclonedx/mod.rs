//! CycloneDX 1.6 and 1.7 (ECMA-424, 1st and 2nd edition; `bom-1.6.schema.json`, `bom-1.7.schema.json`).

mod licence;
mod place;
mod shape;

use std::collections::BTreeMap;

use mlbom::digest::Sha256;
use mlbom::evidence::{Entity, Fact, Finding, Relation, RelationKind, Role, Testimony};
use mlbom::manifest::{COMPUTED, File, Link};
use mlbom::time::Timestamp;
use serde::Serialize;

use crate::model::{Bom, Model};
use crate::projection::{Loss, Projection};
use crate::purl;
use crate::vocabulary::{self, TERMS, Term};
use crate::{DIGEST_SOURCE, DIR_HASH, EXCLUDED, OMS_ROOT};
use shape::{
    Annotation, Annotator, Citation, Component, Composition, Dependency, Document, Formula, Hash, Metadata,
    Pedigree, Property, Ref, Tools, Workflow,
};

/// The `bom-ref` of the model; those of its files all start with `file:`.
const MODEL_REF: &str = "model";
/// The property that holds an entity's role.
const ROLE: &str = "mlbom:role";

/// An edition of the format, and what it can say.
struct Edition {
    schema: &'static str,
    version: &'static str,
    citations: bool,
}

pub(crate) fn write_1_7(bom: &Bom) -> Result<Projection, serde_json::Error> {
    let schema = "http://cyclonedx.org/schema/bom-1.7.schema.json";
    write(bom, &Edition { schema, version: "1.7", citations: true })
}

pub(crate) fn write_1_6(bom: &Bom) -> Result<Projection, serde_json::Error> {
    let schema = "http://cyclonedx.org/schema/bom-1.6.schema.json";
    write(bom, &Edition { schema, version: "1.6", citations: false })
}

/// Writes `bom` on one line, without a line break at its end.
fn write(bom: &Bom, edition: &Edition) -> Result<Projection, serde_json::Error> {
    let mut draft = Draft::of(bom);
    draft.place_facts();
    draft.place_what_is_not_known();
    draft.place_relations();
    let mut losses = draft.losses;
    let citations = citations(&draft.cited, bom, edition, &mut losses)?;
    let annotations = bom.record.findings.iter().map(|finding| annotation(finding, bom));
    let annotations = annotations.collect::<Result<_, _>>()?;
    let (dependencies, compositions) = (dependencies(bom), compositions(bom));
    let mut model = draft.model;
    if !draft.bases.is_empty() {
        model.pedigree = Some(Pedigree { ancestors: draft.bases });
    }
    let formula = Formula { components: draft.makers, workflows: draft.workflows };
    let formulation = if formula.components.is_empty() && formula.workflows.is_empty() {
        Vec::new()
    } else {
        vec![formula]
    };
    let mut document = Document {
        schema: edition.schema,
        bom_format: "CycloneDX",
        spec_version: edition.version,
        serial_number: None,
        version: 1,
        metadata: Metadata {
            timestamp: bom.timestamp.map(|time| time.to_string()),
            tools: Tools { components: tools(bom) },
            component: model,
        },
        components: draft.parts,
        dependencies,
        compositions,
        formulation,
        annotations,
        citations,
    };
    let content = serde_json::to_string(&document)?;
    document.serial_number = Some(format!("urn:uuid:{}", uuid_of(content.as_bytes())));
    Ok(Projection { text: serde_json::to_string(&document)?, losses })
}

/// The document in the making: every entity as a component, in the place that its role has.
struct Draft<'a> {
    bom: &'a Bom,
    model: Component<'a>,
    /// `metadata.component.pedigree.ancestors`.
    bases: Vec<Component<'a>>,
    /// `components`.
    parts: Vec<Component<'a>>,
    /// `formulation[0].components`.
    makers: Vec<Component<'a>>,
    workflows: Vec<Workflow<'a>>,
    places: BTreeMap<&'a str, Place>,
    cited: Vec<(&'a Fact, Vec<String>)>,
    losses: Vec<Loss>,
}

/// Where an entity's component is.
#[derive(Clone, Copy)]
enum Place {
    Model,
    Base(usize),
    Part(usize),
    Maker(usize),
    Workflow(usize),
}

impl Place {
    fn pointer(self) -> String {
        match self {
            Self::Model => "/metadata/component".to_owned(),
            Self::Base(at) => format!("/metadata/component/pedigree/ancestors/{at}"),
            Self::Part(at) => format!("/components/{at}"),
            Self::Maker(at) => format!("/formulation/0/components/{at}"),
            Self::Workflow(at) => format!("/formulation/0/workflows/{at}"),
        }
    }
}

impl<'a> Draft<'a> {
    fn of(bom: &'a Bom) -> Self {
        let mut draft = Self {
            bom,
            model: model(&bom.model),
            bases: Vec::new(),
            parts: Vec::new(),
            makers: Vec::new(),
            workflows: Vec::new(),
            places: BTreeMap::new(),
            cited: Vec::new(),
            losses: Vec::new(),
        };
        for entity in &bom.record.entities {
            let place = draft.add(entity);
            draft.places.insert(&entity.id, place);
        }
        draft
    }

    /// Adds the component of an entity: what kind it is, and where it goes, its role says.
    fn add(&mut self, entity: &'a Entity) -> Place {
        let mut push = |list: fn(&mut Self) -> &mut Vec<Component<'a>>, r#type| {
            let list = list(self);
            list.push(component(entity, r#type));
            list.len() - 1
        };
        match entity.role {
            Role::Model => Place::Model,
            Role::BaseModel => Place::Base(push(|draft| &mut draft.bases, "machine-learning-model")),
            Role::Adapter => Place::Part(push(|draft| &mut draft.parts, "machine-learning-model")),
            Role::Library => Place::Part(push(|draft| &mut draft.parts, "library")),
            Role::Code => Place::Maker(push(|draft| &mut draft.makers, "application")),
            Role::Hardware => Place::Maker(push(|draft| &mut draft.makers, "device")),
            Role::OperatingSystem => Place::Maker(push(|draft| &mut draft.makers, "operating-system")),
            Role::Image => Place::Maker(push(|draft| &mut draft.makers, "container")),
            Role::TrainingDataset
            | Role::FineTuningDataset
            | Role::EvaluationDataset
            | Role::ValidationDataset
            | Role::CalibrationDataset => Place::Part(push(|draft| &mut draft.parts, "data")),
            Role::Run => {
                self.workflows.push(workflow(entity));
                Place::Workflow(self.workflows.len() - 1)
            }
        }
    }

    fn component(&mut self, place: Place) -> Option<&mut Component<'a>> {
        match place {
            Place::Model => Some(&mut self.model),
            Place::Base(at) => self.bases.get_mut(at),
            Place::Part(at) => self.parts.get_mut(at),
            Place::Maker(at) => self.makers.get_mut(at),
            Place::Workflow(_) => None,
        }
    }

    fn place_facts(&mut self) {
        let bom = self.bom;
        // In the order of the vocabulary: where two facts share a member, the first line has it.
        let mut facts: Vec<_> =
            bom.record.facts.iter().filter_map(|fact| Some((line_of(&fact.name)?, fact))).collect();
        facts.sort_by_key(|(line, fact)| (*line, &fact.name, &fact.entity));
        let roles: BTreeMap<&str, Role> =
            bom.record.entities.iter().map(|entity| (entity.id.as_str(), entity.role)).collect();
        for (line, fact) in facts {
            let (Some(place), Some(role)) =
                (self.places.get(fact.entity.as_str()), roles.get(fact.entity.as_str()))
            else {
                continue;
            };
            let (place, role, term): (Place, Role, &Term) = (*place, *role, &TERMS[line]);
            let (pointers, start) = match place {
                Place::Workflow(at) => {
                    let workflow = &mut self.workflows[at];
                    let (pointers, of_model) = place::in_workflow(workflow, &mut self.model, term, fact);
                    (pointers, if of_model { Place::Model } else { place })
                }
                _ => match self.component(place) {
                    Some(component) => (place::in_component(component, role, term, fact), place),
                    None => continue,
                },
            };
            let start = start.pointer();
            self.cited
                .push((fact, pointers.into_iter().map(|pointer| format!("{start}{pointer}")).collect()));
        }
        for entity in &bom.record.entities {
            let facts = Facts { facts: &bom.record.facts, entity: &entity.id };
            let purl = purl::of(entity, |name| facts.text(name));
            let place = self.places.get(entity.id.as_str()).copied();
            if let Some(component) = place.and_then(|place| self.component(place))
                && place.is_some_and(|place| !matches!(place, Place::Model))
            {
                component.purl = purl;
            }
        }
    }

    fn place_what_is_not_known(&mut self) {
        let bom = self.bom;
        for entry in &bom.record.not_known {
            let place = entry.entity.as_deref().map_or(Some(Place::Model), |id| self.places.get(id).copied());
            let property = Property::new(format!("mlbom:{}", entry.state.name()), entry.what.as_str());
            let properties = match place {
                Some(Place::Workflow(at)) => &mut self.workflows[at].properties,
                Some(place) => match self.component(place) {
                    Some(component) => &mut component.properties,
                    None => continue,
                },
                None => continue,
            };
            // Two readers may have looked for the same in vain.
            if !properties.iter().any(|other| other.name == property.name && other.value == property.value) {
                properties.push(property);
            }
        }
    }

    /// Relations live in the structure; those that have no place there become a property.
    fn place_relations(&mut self) {
        let bom = self.bom;
        for relation in &bom.record.relations {
            let place = self.places.get(relation.from.as_str()).copied();
            if relation.kind == RelationKind::Adapts
                && let Some(component) = place.and_then(|place| self.component(place))
            {
                component.properties.push(Property::new("mlbom:adapts", relation.to.as_str()));
            }
            self.losses.push(Loss {
                entity: relation.from.clone(),
                what: format!("{} {}", kind_name(relation), relation.to),
                lost: "who says so".to_owned(),
            });
        }
        let datasets = bom.record.entities.iter().filter(|entity| entity.role.is_dataset());
        let refs: Vec<Ref<'a>> = datasets.map(|entity| Ref { r#ref: entity.id.as_str().into() }).collect();
        if !refs.is_empty() {
            place::card(&mut self.model).model_parameters.datasets = refs;
        }
        for workflow in &mut self.workflows {
            let used = bom.record.entities.iter().filter(|entity| {
                entity.role.is_dataset() || matches!(entity.role, Role::BaseModel | Role::Code | Role::Image)
            });
            workflow.resource_references =
                used.map(|entity| Ref { r#ref: entity.id.as_str().into() }).collect();
        }
    }
}

/// The facts of one entity.
struct Facts<'a> {
    facts: &'a [Fact],
    entity: &'a str,
}

impl<'a> Facts<'a> {
    fn text(&self, name: &str) -> Option<&'a str> {
        let at = self
            .facts
            .binary_search_by(|fact| (fact.entity.as_str(), fact.name.as_str()).cmp(&(self.entity, name)));
        self.facts[at.ok()?].value.as_str()
    }
}

fn line_of(name: &str) -> Option<usize> {
    let term = vocabulary::term_of(name)?;
    TERMS.iter().position(|line| line.name == term.name)
}

fn kind_name(relation: &Relation) -> &'static str {
    match relation.kind {
        RelationKind::DerivedFrom => "derivedFrom",
        RelationKind::Adapts => "adapts",
        RelationKind::Contains => "contains",
        RelationKind::Used => "used",
    }
}

fn component<'a>(entity: &'a Entity, r#type: &'static str) -> Component<'a> {
    let mut component = Component {
        bom_ref: Some(entity.id.as_str().into()),
        properties: vec![Property::new(ROLE, entity.role.name())],
        ..Component::new(r#type, entity.name.as_str())
    };
    if entity.role.is_dataset() {
        component.data.push(place::dataset(entity.name.as_str().into()));
    }
    component
}

fn workflow(entity: &Entity) -> Workflow<'_> {
    Workflow {
        bom_ref: &entity.id,
        uid: &entity.id,
        name: "training",
        // The list of task types has no word for training.
        task_types: ["other"],
        resource_references: Vec::new(),
        inputs: Vec::new(),
        time_start: None,
        time_end: None,
        properties: vec![Property::new(ROLE, entity.role.name())],
    }
}

fn tools(bom: &Bom) -> Vec<Component<'_>> {
    let producers = bom.producers.iter().map(|producer| (producer.name.as_str(), producer.version.as_str()));
    let all = [(bom.producer.name, bom.producer.version)].into_iter().chain(producers);
    all.map(|(name, version)| Component {
        bom_ref: Some(format!("tool:{name}@{version}").into()),
        version: Some(version.into()),
        ..Component::new("application", name)
    })
    .collect()
}

/// What the format asks for where the input has no time: it wants one with each citation and annotation.
fn time_or_epoch(timestamp: Option<Timestamp>) -> String {
    timestamp.map_or_else(|| "1970-01-01T00:00:00Z".to_owned(), |time| time.to_string())
}

fn citations(
    cited: &[(&Fact, Vec<String>)],
    bom: &Bom,
    edition: &Edition,
    losses: &mut Vec<Loss>,
) -> Result<Vec<Citation>, serde_json::Error> {
    #[derive(Serialize)]
    struct Note<'a> {
        trust: &'static str,
        sources: &'a [Testimony],
    }
    if !edition.citations {
        losses.extend(cited.iter().map(|(fact, _)| Loss {
            entity: fact.entity.clone(),
            what: fact.name.clone(),
            lost: "trust mark and sources".to_owned(),
        }));
        return Ok(Vec::new());
    }
    let mut by_note: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (fact, pointers) in cited {
        let note = serde_json::to_string(&Note { trust: fact.trust.name(), sources: &fact.sources })?;
        by_note.entry(note).or_default().extend(pointers.iter().cloned());
    }
    // All readers belong to one tool; which of several runs of it, the documents do not say.
    let tool =
        bom.producers.iter().next().map(|producer| format!("tool:{}@{}", producer.name, producer.version));
    let attributed_to =
        tool.unwrap_or_else(|| format!("tool:{}@{}", bom.producer.name, bom.producer.version));
    let timestamp = time_or_epoch(bom.timestamp);
    Ok(by_note
        .into_iter()
        .map(|(note, pointers)| Citation {
            pointers,
            timestamp: timestamp.clone(),
            attributed_to: attributed_to.clone(),
            note,
        })
        .collect())
}

fn annotation<'a>(finding: &'a Finding, bom: &'a Bom) -> Result<Annotation<'a>, serde_json::Error> {
    let producer = bom.producers.iter().next();
    let name = producer.map_or(bom.producer.name, |producer| producer.name.as_str());
    Ok(Annotation {
        subjects: [&finding.entity],
        annotator: Annotator { component: Component::new("application", name) },
        timestamp: time_or_epoch(bom.timestamp),
        text: serde_json::to_string(finding)?,
    })
}

fn dependencies(bom: &Bom) -> Vec<Dependency<'_>> {
    // Those among `components`: what is in the pedigree or the formulation is no dependency of this format.
    let parts: Vec<&str> = bom
        .record
        .entities
        .iter()
        .filter(|entity| entity.role.is_dataset() || matches!(entity.role, Role::Adapter | Role::Library))
        .map(|entity| entity.id.as_str())
        .collect();
    let alone = parts.iter().map(|part| Dependency { r#ref: part, depends_on: Vec::new() });
    [Dependency { r#ref: MODEL_REF, depends_on: parts.clone() }].into_iter().chain(alone).collect()
}

fn compositions(bom: &Bom) -> Vec<Composition<'_>> {
    // Every file of the model is listed, and of whatever else was hashed whole.
    let mut whole = vec![MODEL_REF];
    whole.extend(
        bom.record.facts.iter().filter(|fact| fact.name == "content.files").map(|fact| fact.entity.as_str()),
    );
    vec![
        Composition { aggregate: "complete", assemblies: whole, dependencies: Vec::new() },
        // Nobody can say that nothing else had a part in it: without this the graph would read as if it were all.
        Composition { aggregate: "unknown", assemblies: Vec::new(), dependencies: vec![MODEL_REF] },
    ]
}

fn model(model: &Model) -> Component<'_> {
    let mut properties = vec![
        Property::new(ROLE, Role::Model.name()),
        Property::new(DIR_HASH, model.dir_hash.to_string()),
        Property::new(OMS_ROOT, model.oms_root.to_string()),
    ];
    if model.version.is_none() {
        properties.push(Property::new("mlbom:unknown", "version"));
    }
    properties.extend(model.excluded.iter().map(|entry| Property::new(EXCLUDED, entry.path.as_str())));
    Component {
        bom_ref: Some(MODEL_REF.into()),
        version: model.version.as_deref().map(Into::into),
        hashes: vec![Hash { alg: "SHA-256", content: model.digest().to_string() }],
        components: model.files.iter().map(file).collect(),
        properties,
        ..Component::new("machine-learning-model", model.name.as_str())
    }
}

fn file(file: &File) -> Component<'_> {
    let mut hashes = vec![Hash { alg: "SHA-256", content: file.digests.sha256.to_string() }];
    hashes.extend(file.digests.sha512.map(|digest| Hash { alg: "SHA-512", content: digest.to_string() }));
    hashes.extend(file.digests.blake3.map(|digest| Hash { alg: "BLAKE3", content: digest.to_string() }));
    let mut properties = vec![
        Property::new("mlbom:size", file.size.to_string()),
        Property::new("mlbom:format", file.format.name()),
    ];
    if let Some(digest) = file.digests.fs_verity {
        // No algorithm of the format: it is the SHA-256 of something made from the file, not of the file.
        properties.push(Property::new("mlbom:fsVerity", digest.to_string()));
    }
    if file.digest_source != COMPUTED {
        properties.push(Property::new(DIGEST_SOURCE, file.digest_source.as_str()));
    }
    if let Some(link) = file.link {
        let value = match link {
            Link::HubCache => "hubCache",
            Link::Tree => "tree",
        };
        properties.push(Property::new("mlbom:link", value));
    }
    Component {
        bom_ref: Some(format!("file:{}", file.path).into()),
        hashes,
        properties,
        ..Component::new("file", file.path.as_str())
    }
}

/// A version 8 UUID (RFC 9562, 5.8) from the SHA-256 of `content`: the same bill, the same serial number.
fn uuid_of(content: &[u8]) -> String {
    let digest = Sha256::of(content);
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest.as_bytes()[..16]);
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
