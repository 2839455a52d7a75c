//! What readers write with: every value goes through here on its way into the record.

use mlbom::evidence::{
    Absence, Claim, Entity, Finding, MAX_TEXT_BYTES, NotKnown, RelationKind, Role, Severity, Source,
    Testimony, Trust,
};
use mlbom::json;
use mlbom::text::escape;
use mlbom_bom::record::{Record, cut};
use serde_json::Value;

use crate::args::Args;
use crate::error::Error;
use crate::folder::{At, Content, Folder};
use crate::readers::local;
use crate::secrets;

/// The most bytes of a configuration file.
pub(crate) const MAX_CONFIG_BYTES: u64 = 16 << 20;
/// The most bytes of an index or of a listing of a repository.
pub(crate) const MAX_INDEX_BYTES: u64 = 64 << 20;
/// The most values of one list.
pub(crate) const MAX_LIST: usize = 1000;
/// Strings inside a finding's claim.
const MAX_CLAIM_BYTES: usize = 512;

/// The pen of one reader over one subject.
pub(crate) struct Scribe<'a> {
    pub(crate) record: &'a mut Record,
    pub(crate) args: &'a Args,
    /// The reader's name.
    pub(crate) reader: &'static str,
    /// The entity that facts are about if nothing else is said.
    pub(crate) entity: String,
    /// Set once a file of this subject could not be read: what is missing then is not absent.
    pub(crate) unreadable: bool,
}

impl Scribe<'_> {
    /// States a fact of the subject.
    pub(crate) fn fact(
        &mut self,
        name: &str,
        value: impl Into<Value>,
        trust: Trust,
        source: impl Into<Source>,
    ) {
        let entity = self.entity.clone();
        self.fact_of(&entity, name, value, trust, source);
    }

    /// States a fact of another entity.
    pub(crate) fn fact_of(
        &mut self,
        entity: &str,
        name: &str,
        value: impl Into<Value>,
        trust: Trust,
        source: impl Into<Source>,
    ) {
        let source = self.clean_source(source.into());
        let mut hidden = false;
        let value = clean_value(value.into(), &mut hidden);
        let name = cut(&secrets::redact(name, &mut hidden), 512);
        if hidden {
            self.secret(entity, &source);
        }
        let said = Testimony { trust, reader: self.reader.to_owned(), source };
        if self.record.fact(entity, &name, value, said).is_err() {
            // There, and not of the type that this fact has.
            self.not_known(Some(entity), &name, Absence::Unreadable);
        }
    }

    /// Adds an entity; its id is made of role, name and `digest`, the digest or commit that tells it from its namesakes.
    pub(crate) fn entity(&mut self, role: Role, name: &str, digest: &str) -> Result<String, Error> {
        let mut hidden = false;
        let name = cut(&one_line(&secrets::redact(name, &mut hidden)), 256);
        let id = id_of(role, &name, digest);
        self.record.entity(Entity { id: id.clone(), role, name })?;
        Ok(id)
    }

    /// Adds the one entity of a role that there is only one of in a document.
    pub(crate) fn entity_named(&mut self, role: Role) -> Result<String, Error> {
        let id = role.name().to_owned();
        self.record.entity(Entity { id: id.clone(), role, name: id.clone() })?;
        Ok(id)
    }

    /// States the files of an entity. Their paths are names on disk, and stay what they are.
    pub(crate) fn files(&mut self, entity: &str, files: Vec<Value>, source: Source) {
        let said = Testimony { trust: Trust::Computed, reader: self.reader.to_owned(), source };
        if self.record.fact(entity, "content.files", Value::Array(files), said).is_err() {
            self.not_known(Some(entity), "content.files", Absence::Unreadable);
        }
    }

    /// States a relation.
    pub(crate) fn relation(
        &mut self,
        from: &str,
        kind: RelationKind,
        to: &str,
        trust: Trust,
        source: impl Into<Source>,
    ) {
        let source = self.clean_source(source.into());
        self.record.relation(from, kind, to, Testimony { trust, reader: self.reader.to_owned(), source });
    }

    /// Adds a finding about the subject.
    pub(crate) fn finding(
        &mut self,
        id: &str,
        severity: Severity,
        message: &str,
        claims: impl IntoIterator<Item = (String, Source)>,
    ) {
        let mut hidden = false;
        let claims = claims
            .into_iter()
            .map(|(says, source)| Claim {
                says: cut(
                    &one_line(&local::without_places(&secrets::redact(&says, &mut hidden))),
                    MAX_CLAIM_BYTES,
                ),
                source: self.clean_source(source),
            })
            .collect();
        let message = local::without_places(&secrets::redact(message, &mut hidden));
        let message = cut(&one_line(&message), MAX_TEXT_BYTES);
        self.record.finding(Finding {
            id: id.to_owned(),
            severity,
            message,
            entity: self.entity.clone(),
            claims,
        });
    }

    /// Says that a file is there and could not be read as what it should be.
    pub(crate) fn unreadable(&mut self, source: impl Into<Source>, why: &str) {
        self.unreadable = true;
        let source = source.into();
        let message = format!("{} cannot be read: {why}", source.shown());
        self.finding("MLB-UNREADABLE", Severity::Medium, &message, [(why.to_owned(), source)]);
    }

    /// Says that something is not known.
    pub(crate) fn not_known(&mut self, entity: Option<&str>, what: &str, state: Absence) {
        self.record.not_known(NotKnown {
            entity: entity.map(ToOwned::to_owned),
            what: what.to_owned(),
            state,
            reader: Some(self.reader.to_owned()),
        });
    }

    /// Reads a whole file; one that is too long is said to be unreadable.
    pub(crate) fn read(&mut self, folder: &Folder, path: &str, limit: u64) -> Result<Option<Content>, Error> {
        match folder.read(path, limit)? {
            None => Ok(None),
            Some(Ok(content)) => Ok(Some(content)),
            Some(Err(size)) => {
                let at =
                    mlbom::path::RelPath::parse(path).ok().map(|path| match folder.file(path.as_str()) {
                        Some(file) => folder.at(file),
                        None => At::name(&folder.root, path),
                    });
                if let Some(at) = at {
                    self.unreadable(&at, &format!("{size} bytes, at most {limit} were wanted"));
                }
                Ok(None)
            }
        }
    }

    /// Reads a JSON object, strictly; what is none is said to be unreadable.
    pub(crate) fn json(
        &mut self,
        folder: &Folder,
        path: &str,
        limit: u64,
    ) -> Result<Option<(Value, At)>, Error> {
        let Some((value, at)) = self.json_value(folder, path, limit)? else { return Ok(None) };
        if value.is_object() {
            return Ok(Some((value, at)));
        }
        self.unreadable(&at, "a JSON object was wanted");
        Ok(None)
    }

    /// Reads JSON of any shape, strictly; what is none is said to be unreadable.
    pub(crate) fn json_value(
        &mut self,
        folder: &Folder,
        path: &str,
        limit: u64,
    ) -> Result<Option<(Value, At)>, Error> {
        let Some(content) = self.read(folder, path, limit)? else { return Ok(None) };
        let parsed = match std::str::from_utf8(&content.bytes) {
            Ok(text) => json::parse::<Value>(text).map_err(|err| err.to_string()),
            Err(_) => Err("not UTF-8".to_owned()),
        };
        match parsed {
            Ok(value) => Ok(Some((value, content.at))),
            Err(why) => {
                self.unreadable(&content.at, &why);
                Ok(None)
            }
        }
    }

    /// A value of a JSON document, if it is there, as a fact.
    pub(crate) fn fact_at(&mut self, name: &str, document: &Value, at: &At, pointer: &str, trust: Trust) {
        if let Some(value) = document.pointer(pointer)
            && !value.is_null()
        {
            self.fact(name, value.clone(), trust, at.pointer(pointer));
        }
    }

    fn secret(&mut self, entity: &str, source: &Source) {
        let message = format!("{} holds what looks like a secret; it was left out", source.shown());
        self.record.finding(Finding {
            id: "MLB-SECRET".to_owned(),
            severity: Severity::High,
            message: cut(&one_line(&message), MAX_TEXT_BYTES),
            entity: entity.to_owned(),
            claims: vec![Claim { says: "a value that was left out".to_owned(), source: source.clone() }],
        });
    }

    fn clean_source(&self, source: Source) -> Source {
        let mut hidden = false;
        match source {
            Source::File(mut file) => {
                file.pointer = file.pointer.map(|pointer| cut(&secrets::redact(&pointer, &mut hidden), 512));
                Source::File(file)
            }
            Source::Flag(mut flag) => {
                flag.flag = cut(&secrets::redact(&flag.flag, &mut hidden), 512);
                Source::Flag(flag)
            }
            other => other,
        }
    }
}

/// The id of an entity.
pub(crate) fn id_of(role: Role, name: &str, digest: &str) -> String {
    let digest = digest.get(..12).unwrap_or(digest);
    format!("{role}:{name}@{digest}")
}

/// Text without control characters, and with those that hide or reorder others written out.
fn one_line(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    escape(&text)
}

/// A value without secrets and without texts that are too long.
fn clean_value(value: Value, hidden: &mut bool) -> Value {
    match value {
        Value::String(text) => {
            Value::String(cut(&local::without_places(&secrets::redact(&text, hidden)), MAX_TEXT_BYTES))
        }
        Value::Array(values) => values.into_iter().map(|value| clean_value(value, hidden)).collect(),
        // Only lists of files are made of objects, and their paths are what they are.
        other => other,
    }
}
