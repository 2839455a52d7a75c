//! Whether a document of evidence agrees with itself.

use std::collections::BTreeMap;

use super::{Error, Evidence, MAX_FACTS, MAX_TEXT_BYTES, MODEL, Role, Source, Trust};

impl Evidence {
    pub(super) fn check(&self) -> Result<(), Error> {
        if self.facts.len() > MAX_FACTS {
            return Err(Error::TooMany(self.facts.len()));
        }
        let mut ids = BTreeMap::new();
        for entity in &self.entities {
            check_text("an entity's id", &entity.id)?;
            check_text("an entity's name", &entity.name)?;
            // Also keeps the ids of a bill apart: those of files and tools start with other words.
            let rest = entity.id.strip_prefix(entity.role.name());
            if !rest.is_some_and(|rest| rest.is_empty() || rest.len() > 1 && rest.starts_with(':')) {
                return Err(Error::Id { id: entity.id.clone(), role: entity.role });
            }
            if (entity.role == Role::Model) != (entity.id == MODEL) {
                return Err(Error::Id { id: entity.id.clone(), role: entity.role });
            }
            if ids.insert(entity.id.as_str(), entity.role).is_some() {
                return Err(Error::Order(format!("entity {:?}", entity.id)));
            }
        }
        let known = |what: &dyn Fn() -> String, entity: &str| match ids.contains_key(entity) {
            true => Ok(()),
            false => Err(Error::Dangling { what: what(), entity: entity.to_owned() }),
        };
        if let Some(pair) = self
            .facts
            .windows(2)
            .find(|pair| (&pair[0].entity, &pair[0].name) == (&pair[1].entity, &pair[1].name))
        {
            return Err(Error::Order(format!("fact {} of {:?}", pair[0].name, pair[0].entity)));
        }
        for fact in &self.facts {
            known(&|| format!("fact {}", fact.name), &fact.entity)?;
            check_text("the name of a fact", &fact.name)?;
            if fact.value.is_null() || fact.value.is_object() {
                return Err(Error::Value { name: fact.name.clone(), entity: fact.entity.clone() });
            }
            if Trust::of(&fact.sources) != Some(fact.trust) {
                let (name, entity) = (fact.name.clone(), fact.entity.clone());
                return Err(Error::Trust { name, entity, found: fact.trust });
            }
            fact.sources.iter().try_for_each(|said| check_source(&said.source))?;
        }
        if let Some(pair) = self.relations.windows(2).find(|pair| {
            (&pair[0].from, pair[0].kind, &pair[0].to) == (&pair[1].from, pair[1].kind, &pair[1].to)
        }) {
            return Err(Error::Order(format!("relation of {:?} to {:?}", pair[0].from, pair[0].to)));
        }
        for relation in &self.relations {
            known(&|| "a relation".to_owned(), &relation.from)?;
            known(&|| "a relation".to_owned(), &relation.to)?;
            if relation.sources.is_empty() {
                return Err(Error::Text("a relation's list of sources".to_owned()));
            }
            relation.sources.iter().try_for_each(|said| check_source(&said.source))?;
        }
        for finding in &self.findings {
            known(&|| format!("finding {}", finding.id), &finding.entity)?;
            check_text("the id of a finding", &finding.id)?;
            check_text("the message of a finding", &finding.message)?;
            finding.claims.iter().try_for_each(|claim| check_source(&claim.source))?;
        }
        for entry in &self.not_known {
            if let Some(entity) = &entry.entity {
                known(&|| format!("{} that is not known", entry.what), entity)?;
            }
            check_text("what is not known", &entry.what)?;
        }
        Ok(())
    }
}

fn check_text(what: &str, text: &str) -> Result<(), Error> {
    if text.is_empty() || text.len() > MAX_TEXT_BYTES || text.chars().any(char::is_control) {
        return Err(Error::Text(what.to_owned()));
    }
    Ok(())
}

fn check_source(source: &Source) -> Result<(), Error> {
    match source {
        Source::File(file) if file.root == MODEL && (file.size.is_none() || file.sha256.is_none()) => {
            Err(Error::NotBound(file.path.clone()))
        }
        _ => Ok(()),
    }
}
