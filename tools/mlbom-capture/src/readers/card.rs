//! The model card, `README.md`: its front matter, which people write.

use mlbom::evidence::{Absence, Role, Severity, Trust};
use serde_json::Value;

use crate::error::Error;
use crate::folder::{At, Folder};
use crate::readers::front_matter::{self, texts};
use crate::readers::peek::peek;
use crate::readers::{On, Read, Reader, local};
use crate::scribe::Scribe;

pub(crate) const READER: Reader = Reader {
    name: "card",
    on: &[On::Model, On::BesideModel, On::Base, On::Adapter],
    facts: &[
        "card.baseModel",
        "card.baseModelRelation",
        "card.datasets",
        "card.languages",
        "card.library",
        "card.name",
        "card.tags",
        "card.task",
        "license",
    ],
    read: Read::Folder(read),
};

/// The file.
pub(crate) const CARD: &str = "README.md";
fn read(scribe: &mut Scribe<'_>, folder: &Folder) -> Result<(), Error> {
    let Some((card, at)) = front_matter::read(scribe, folder, CARD)? else { return Ok(()) };
    licence(scribe, &card, &at);
    for (key, fact) in [
        ("base_model_relation", "card.baseModelRelation"),
        ("library_name", "card.library"),
        ("model_name", "card.name"),
        ("pipeline_tag", "card.task"),
    ] {
        if let [text] = texts(&card, key).as_slice() {
            scribe.fact(fact, text.as_str(), Trust::Declared, at.pointer(format!("/{key}")));
        }
    }
    for (key, fact) in [
        ("base_model", "card.baseModel"),
        ("datasets", "card.datasets"),
        ("language", "card.languages"),
        ("tags", "card.tags"),
    ] {
        let mut texts = texts(&card, key);
        texts.sort();
        texts.dedup();
        if !texts.is_empty() {
            scribe.fact(fact, texts, Trust::Declared, at.pointer(format!("/{key}")));
        } else if card.get(key).is_some_and(|value| !value.is_null() && *value != Value::Array(Vec::new())) {
            // A path, say, that is left out, or something that is no name.
            let entity = scribe.entity.clone();
            scribe.not_known(Some(&entity), fact, Absence::Unreadable);
        }
    }
    if folder.role != Role::Adapter {
        // An adapter's base stands in adapter_config.json, and is held against the card there.
        check_base(scribe, folder, &card, &at)?;
    }
    Ok(())
}

/// A licence without an identifier of its own is called `other` and named beside it. (`licence`, which TRL writes with a
/// placeholder, is no key of cards.)
fn licence(scribe: &mut Scribe<'_>, card: &Value, at: &At) {
    let licences = texts(card, "license");
    let name = texts(card, "license_name");
    match (licences.as_slice(), name.as_slice()) {
        ([], _) => {}
        ([other], [name]) if other == "other" => {
            scribe.fact("license", vec![name.clone()], Trust::Declared, at.pointer("/license_name"));
        }
        _ => scribe.fact("license", licences, Trust::Declared, at.pointer("/license")),
    }
    if let [link] = texts(card, "license_link").as_slice()
        && (link.starts_with("https://") || link.starts_with("http://"))
        && !link.contains(char::is_whitespace)
    {
        scribe.fact("card.licenseLink", link.as_str(), Trust::Declared, at.pointer("/license_link"));
    }
}

/// The card and the configuration should name one base, where the configuration names a repository.
fn check_base(scribe: &mut Scribe<'_>, folder: &Folder, card: &Value, at: &At) -> Result<(), Error> {
    let Some((config, config_at)) = peek(scribe, folder, "config.json")? else { return Ok(()) };
    let Some(base) = config.get("_name_or_path").and_then(Value::as_str) else { return Ok(()) };
    // A name without an organisation may as well be a directory.
    if base.contains('/') && !local::is_path(base) {
        disagreement(scribe, (card, at), (base, "_name_or_path", &config_at));
    }
    Ok(())
}

/// Finds that the card names other bases than `base`, which stands at `key` of another file.
pub(crate) fn disagreement(
    scribe: &mut Scribe<'_>,
    (card, at): (&Value, &At),
    (base, key, file): (&str, &str, &At),
) {
    let says = texts(card, "base_model");
    if says.is_empty() || says.iter().any(|says| says == base) {
        return;
    }
    let source = file.pointer(format!("/{key}"));
    let message = format!("{CARD} says that the base is {}, {} says {base}", says.join(", "), source.shown());
    let claims = [(says.join(", "), at.pointer("/base_model")), (base.to_owned(), source)];
    scribe.finding("MLB-CARD-BASE", Severity::High, &message, claims);
}
