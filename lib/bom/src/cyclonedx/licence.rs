//! Names of licences, as CycloneDX wants them: an id of the SPDX list, or just a name.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;

use super::shape::Licence;

/// The list of ids that CycloneDX 1.6 and 1.7 take; schemas/cyclonedx/ORIGIN.md has its origin.
const SCHEMA: &str = include_str!("../../../../schemas/cyclonedx/spdx.schema.json");

#[derive(Deserialize)]
struct Schema {
    r#enum: Vec<String>,
}

/// The licence of that name. Its id is looked up without regard to case: cards write `apache-2.0`.
pub(super) fn choice(name: &str) -> Licence<'_> {
    let id = ids().get(&name.to_ascii_lowercase()).map(String::as_str);
    Licence { id, name: if id.is_none() { Some(name.into()) } else { None }, acknowledgement: "declared" }
}

/// Whether `text` is an SPDX licence expression (SPDX 2.3, annex D) of more than one id, all of them known.
pub(super) fn is_expression(text: &str) -> bool {
    let words: Vec<_> = text.split([' ', '(', ')']).filter(|word| !word.is_empty()).collect();
    let operator = |word: &str| matches!(word, "AND" | "OR" | "WITH");
    words.len() > 1
        && words.iter().any(|word| operator(word))
        && words.split(|word| operator(word)).all(|between| between.len() == 1)
        && words.iter().all(|word| {
            operator(word)
                || ids().contains_key(&word.trim_end_matches('+').to_ascii_lowercase())
                || word.starts_with("LicenseRef-")
        })
        && text.matches('(').count() == text.matches(')').count()
}

fn ids() -> &'static BTreeMap<String, String> {
    static IDS: OnceLock<BTreeMap<String, String>> = OnceLock::new();
    IDS.get_or_init(|| {
        let schema: Schema =
            serde_json::from_str(SCHEMA).expect("the list is part of the program and is read by a test");
        schema.r#enum.into_iter().map(|id| (id.to_ascii_lowercase(), id)).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_names_and_expressions() {
        assert_eq!(choice("apache-2.0").id, Some("Apache-2.0"));
        assert_eq!(choice("CC0-1.0").id, Some("CC0-1.0"));
        for name in ["llama3", "other", "LicenseRef-internal", "MIT OR Apache-2.0"] {
            assert_eq!((choice(name).id, choice(name).name.as_deref()), (None, Some(name)));
        }
        for (text, want) in [
            ("MIT OR Apache-2.0", true),
            ("(MIT AND BSD-3-Clause) OR Apache-2.0", true),
            ("GPL-2.0-only WITH Classpath-exception-2.0", true),
            ("MIT", false),
            ("MIT OR", false),
            ("MIT Apache-2.0", false),
            ("ask us OR else", false),
            ("(MIT OR Apache-2.0", false),
        ] {
            assert_eq!(is_expression(text), want, "{text}");
        }
    }
}
