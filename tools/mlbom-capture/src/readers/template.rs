//! Chat templates: Jinja that turns a conversation into the text that a model sees.

use std::collections::BTreeMap;

use mlbom::digest::Sha256;
use mlbom::evidence::{Severity, Source, Trust};
use serde_json::Value;

use crate::error::Error;
use crate::folder::Folder;
use crate::readers::peek::peek;
use crate::readers::pointer;
use crate::scribe::{MAX_LIST, Scribe};

/// The most bytes of a template in a file of its own.
const MAX_TEMPLATE_BYTES: u64 = 1 << 20;
/// The most templates of one folder.
const MAX_TEMPLATES: usize = 100;
/// The longest name of a template, in bytes.
const MAX_NAME_BYTES: usize = 100;
/// The longest string inside an expression that is no sign of hidden data, in bytes.
const MAX_LITERAL_BYTES: usize = 64 << 10;

/// Files that hold a template as JSON beside other things.
const HOMES: &[&str] = &["chat_template.json", "processor_config.json", "tokenizer_config.json"];

/// One template in one place.
struct Template {
    text: String,
    source: Source,
}

/// States the digest of each template, and finds those of one name that differ and those that reach for more than text.
///
/// The digest is of the text as Jinja reads it: line feeds between lines, and none at the end.
pub(crate) fn read(scribe: &mut Scribe<'_>, folder: &Folder) -> Result<(), Error> {
    let templates = templates(scribe, folder)?;
    for (name, homes) in &templates {
        for Template { text, source } in homes {
            let digest = Sha256::of(text.as_bytes()).to_string();
            scribe.fact(&format!("chatTemplate.digest.{name}"), digest, Trust::Computed, source.clone());
            if let Some(what) = risk(text) {
                let message = format!("the chat template {name:?} in {} {what}", source.shown());
                scribe.finding(
                    "MLB-TEMPLATE-CODE",
                    Severity::Medium,
                    &message,
                    [(what.to_owned(), source.clone())],
                );
            }
        }
        if homes.windows(2).any(|pair| pair[0].text != pair[1].text) {
            let message = format!("the chat template {name:?} is not the same in all of its places");
            let claims = homes
                .iter()
                .map(|home| (format!("sha256 {}", Sha256::of(home.text.as_bytes())), home.source.clone()));
            scribe.finding("MLB-TEMPLATE", Severity::Medium, &message, claims);
        }
    }
    Ok(())
}

fn templates(scribe: &mut Scribe<'_>, folder: &Folder) -> Result<BTreeMap<String, Vec<Template>>, Error> {
    let mut templates: BTreeMap<String, Vec<Template>> = BTreeMap::new();
    let mut left = MAX_TEMPLATES;
    let mut add = |name: &str, text: &str, source: Source| {
        let usable = name.len() <= MAX_NAME_BYTES && !name.is_empty() && !name.chars().any(char::is_control);
        if usable && left > 0 {
            left -= 1;
            templates.entry(name.to_owned()).or_default().push(Template { text: as_read(text), source });
        }
        usable
    };
    let named = |path: &str| match path.strip_prefix("additional_chat_templates/") {
        Some(name) => name.strip_suffix(".jinja").filter(|name| !name.contains('/')).map(ToOwned::to_owned),
        None => (path == "chat_template.jinja").then(|| "default".to_owned()),
    };
    let files = folder.files().iter().filter_map(|file| Some((named(file.path.as_str())?, file)));
    for (name, file) in files.take(MAX_LIST) {
        let Some(content) = scribe.read(folder, file.path.as_str(), MAX_TEMPLATE_BYTES)? else { continue };
        match std::str::from_utf8(&content.bytes) {
            Ok(text) if add(&name, text, content.at.whole()) => {}
            Ok(_) => scribe.unreadable(&content.at, "a template without a usable name"),
            Err(_) => scribe.unreadable(&content.at, "not UTF-8"),
        }
    }
    for home in HOMES {
        let Some((document, at)) = peek(scribe, folder, home)? else { continue };
        match document.get("chat_template") {
            Some(Value::String(text)) => {
                add("default", text, at.pointer("/chat_template"));
            }
            Some(Value::Array(list)) => {
                for (index, entry) in list.iter().enumerate().take(MAX_LIST) {
                    let texts = entry
                        .get("name")
                        .and_then(Value::as_str)
                        .zip(entry.get("template").and_then(Value::as_str));
                    let source = at.pointer(format!("/chat_template/{index}/template"));
                    match texts {
                        Some((name, text)) if add(name, text, source.clone()) => {}
                        _ => scribe.unreadable(source, "a name and a template were wanted"),
                    }
                }
            }
            Some(Value::Object(map)) => {
                for (name, text) in map.iter().take(MAX_LIST) {
                    let source = at.pointer(pointer::member("/chat_template", name));
                    match text.as_str() {
                        Some(text) if add(name, text, source.clone()) => {}
                        _ => scribe.unreadable(source, "a name and a template were wanted"),
                    }
                }
            }
            None | Some(Value::Null) => {}
            Some(_) => scribe.unreadable(at.pointer("/chat_template"), "a template was wanted"),
        }
    }
    Ok(templates)
}

/// As Jinja takes a source: one kind of line end, and the last one dropped.
fn as_read(text: &str) -> String {
    let mut text = text.replace("\r\n", "\n").replace('\r', "\n");
    if text.ends_with('\n') {
        text.pop();
    }
    text
}

/// What in a template reaches beyond text; CVE-2024-34359 is the example of what such templates do.
fn risk(template: &str) -> Option<&'static str> {
    let mut rest = template;
    while let Some((close, code)) = next_code(rest) {
        // A string may hold the closing mark, so that what follows is looked at as well: rather too much than too little.
        let end = code.find(close).unwrap_or(code.len());
        if let Some(what) = risk_of_code(&code[..end]) {
            return Some(what);
        }
        rest = &code[end..];
    }
    longest_literal(template).then_some("holds a string longer than any that people write")
}

/// What follows the next `{{` or `{%`, and the mark that closes it.
fn next_code(text: &str) -> Option<(&'static str, &str)> {
    text.match_indices('{').find_map(|(at, brace)| {
        let code = &text[at + brace.len()..];
        let close = [('{', "}}"), ('%', "%}")].iter().find(|(open, _)| code.starts_with(*open))?.1;
        Some((close, &code[1..]))
    })
}

fn risk_of_code(code: &str) -> Option<&'static str> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let squeezed: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    if squeezed.contains("|attr(") || squeezed.contains("|attr|") || squeezed.ends_with("|attr") {
        return Some("takes attributes by name (|attr)");
    }
    // "_" "_" and "\x5f" are ways to write the same.
    if ["\\x5f", "\\u005f", "\\U0000005f", "\\137", "\\N{"].iter().any(|escape| squeezed.contains(escape)) {
        return Some("writes underscores as escapes");
    }
    for word in code.split(|c| !is_word(c)) {
        if word.len() > 4 && word.starts_with("__") && word.ends_with("__") {
            return Some("names attributes of Python's own (__...__)");
        }
        if matches!(word, "cycler" | "joiner" | "lipsum") {
            return Some("names an object through which Python is reached (cycler, joiner, lipsum)");
        }
    }
    let keyword = code.trim_start_matches(['-', '+', ' ', '\t', '\n']).split(|c| !is_word(c)).next();
    match keyword {
        Some("import" | "from" | "include" | "extends") => Some("takes in other templates"),
        _ => None,
    }
}

fn longest_literal(template: &str) -> bool {
    template.contains(['{']) && template.split(['\'', '"']).any(|part| part.len() > MAX_LITERAL_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_reaches_beyond_text_is_seen() {
        for text in [
            "{{ x.__class__ }}",
            "{% for x in ().__class__.__base__.__subclasses__() %}{% endfor %}",
            "{{ x['__globals__'] }}",
            "{{ x | attr('y') }}",
            "{{ x|attr ('y') }}",
            "{{ x['\\x5f\\x5fclass\\x5f\\x5f'] }}",
            "{%- include 'x' %}",
            "{% import 'x' as y %}",
            "{{ cycler }}",
            "a {{ '}}' }} {{ lipsum",
            &format!("{{{{ '{}' }}}}", "x".repeat(70_000)),
        ] {
            assert!(risk(text).is_some(), "{text}");
        }
        for text in [
            "{% for m in messages %}<s>{{ m['role'] }}: {{ m['content'] }}</s>{% endfor %}",
            "{{ bos_token }}{% if add_generation_prompt %}<|im_start|>assistant{% endif %}",
            "__init__ is a word of the text {{ x }} and import too",
            "{% set ns = namespace(found=false) %}{{ '_' }}{{ x.attribute | tojson }}",
            "{%",
            "{{",
        ] {
            assert_eq!(risk(text), None, "{text}");
        }
    }
}
