//! The man pages are held to `--help`, and to mandoc.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use mlbom_tests::{Scratch, tool};

const TOOLS: [&str; 6] =
    ["mlbom-hash", "mlbom-capture", "mlbom-compose", "mlbom-sign", "mlbom-verify", "mlbom-policy"];

/// The sections that every page has, in mdoc(7)'s order but for JSON FORMAT, which has no place there.
const SECTIONS: [&str; 8] = [
    "NAME",
    "SYNOPSIS",
    "DESCRIPTION",
    "JSON FORMAT",
    "EXIT STATUS",
    "EXAMPLES",
    "SEE ALSO",
    "SECURITY CONSIDERATIONS",
];

/// Flags, without the leading dashes of a long one, each with its argument's name in lower case or nothing.
type Flags = BTreeMap<String, String>;

fn page(tool: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../man")).join(format!("{tool}.1"))
}

fn read(tool: &str) -> String {
    let path = page(tool);
    fs::read_to_string(&path).unwrap_or_else(|err| panic!("{}: {err}", path.display()))
}

fn run(name: &str, arguments: &[&str]) -> Output {
    Command::new(tool(name)).args(arguments).output().expect("the tool starts")
}

fn help(name: &str) -> Flags {
    let out = run(name, &["--help"]);
    assert!(out.status.success(), "{name} --help");
    flags_of_help(&String::from_utf8(out.stdout).expect("UTF-8"))
}

/// The flags of `--help`: lines that begin with one, as in `  -h, --help` and `      --key <FILE>`.
fn flags_of_help(help: &str) -> Flags {
    let mut flags = Flags::new();
    for line in help.lines().map(str::trim_start) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (long, rest) = match words.as_slice() {
            [short, long, rest @ ..]
                if short.len() == 3 && short.ends_with(',') && long.starts_with("--") =>
            {
                (long, rest)
            }
            [long, rest @ ..] if long.starts_with("--") => (long, rest),
            _ => continue,
        };
        let value = rest.first().and_then(|word| word.strip_prefix('<')?.strip_suffix('>')).unwrap_or("");
        flags.insert(long.trim_start_matches("--").to_owned(), value.to_ascii_lowercase());
    }
    flags
}

/// The long flags in lines of mdoc: `Fl -key Ar FILE`.
fn flags_of_page<'a>(lines: impl Iterator<Item = &'a str>) -> Flags {
    let mut flags = Flags::new();
    for line in lines.filter(|line| line.starts_with('.')) {
        let words: Vec<&str> = line.trim_start_matches('.').split_whitespace().collect();
        for (at, word) in words.iter().enumerate() {
            let Some(flag) =
                words.get(at + 1).and_then(|next| next.strip_prefix('-')).filter(|_| *word == "Fl")
            else {
                continue;
            };
            let value =
                if words.get(at + 2) == Some(&"Ar") { words.get(at + 3).copied().unwrap_or("") } else { "" };
            flags.entry(flag.to_owned()).or_insert_with(|| value.to_ascii_lowercase());
        }
    }
    flags
}

fn section<'a>(page: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let head = format!(".Sh {name}");
    page.lines().skip_while(move |line| *line != head).skip(1).take_while(|line| !line.starts_with(".Sh"))
}

#[test]
fn flags_are_those_of_help() {
    let everywhere: BTreeSet<String> =
        TOOLS.into_iter().flat_map(|name| help(name).into_keys()).chain(["completions".to_owned()]).collect();
    for name in TOOLS {
        let help = help(name);
        assert!(help.contains_key("output") && help.contains_key("version"), "{name}: {help:?}");
        let page = read(name);
        // All of them take it, alone, and none lists it: it is for `make install`. A page may have it if that is so.
        let completes = run(name, &["--completions", "bash"]).status.success();
        let listed_by_help = |mut flags: Flags| {
            if completes {
                flags.remove("completions");
            }
            flags
        };
        let synopsis = listed_by_help(flags_of_page(section(&page, "SYNOPSIS")));
        assert_eq!(synopsis, help, "{name}: SYNOPSIS (left) and --help");
        let items = page.lines().filter(|line| line.starts_with(".It Fl"));
        assert_eq!(listed_by_help(flags_of_page(items)), help, "{name}: options described (left) and --help");
        let unknown: Vec<_> =
            flags_of_page(page.lines()).into_keys().filter(|flag| !everywhere.contains(flag)).collect();
        assert!(unknown.is_empty(), "{name}: {unknown:?} are flags of no tool");
    }
}

/// What a page says of limits is what the code has.
#[test]
fn limits_are_those_of_the_code() {
    let mebibytes = format!("{} MiB", mlbom::stream::MAX_BYTES >> 20);
    let depth = format!("at most {} deep", mlbom::json::MAX_DEPTH);
    let files = format!("{} files", mlbom::manifest::MAX_FILES);
    let documents = |of: &str| format!("{} {of}", mlbom::stream::MAX_DOCUMENTS);
    let path = format!("{} bytes", mlbom::path::MAX_BYTES);
    let text = format!("A text has at most {} bytes", mlbom::evidence::MAX_TEXT_BYTES);
    let shards = format!("{} shards", mlbom::shards::MAX_SHARDS);
    let listed = format!("{} MiB in all", mlbom::shards::MAX_LISTED_BYTES >> 20);
    let names = format!("{} MiB in all", mlbom::tensors::MAX_NAMES_BYTES >> 20);
    let tensors = format!("{} tensors", mlbom::tensors::MAX_TENSORS);
    let parts = format!("{} parts", mlbom::part::MAX_PARTS);
    for (name, limits) in [
        ("mlbom-hash", vec![&mebibytes, &depth, &files, &path, &parts, &shards, &listed, &names, &tensors]),
        ("mlbom-capture", vec![&mebibytes, &depth, &files, &documents("documents"), &text]),
        ("mlbom-compose", vec![&mebibytes, &depth, &files, &documents("documents")]),
        ("mlbom-sign", vec![&mebibytes, &depth, &files, &documents("documents")]),
        (
            "mlbom-verify",
            vec![
                &mebibytes,
                &depth,
                &files,
                &documents("bundles"),
                &format!("at most {}", mlbom::shards::MAX_SHARDS),
            ],
        ),
    ] {
        let page = read(name).split_whitespace().collect::<Vec<_>>().join(" ");
        for limit in limits {
            assert!(page.contains(limit), "{name}: does not say {limit:?}");
        }
    }
}

/// The command on the page gives the digest that the tool gives.
#[test]
fn dir_hash_can_be_made_by_others() {
    let page = read("mlbom-hash");
    let start = page.find("cd model && find").expect("the command");
    let command = page[start..].split("\n.Ed").next().expect("its end").replace("\\e", "\\");
    let scratch = Scratch::empty();
    for path in ["a/x", "a-b/x", "\u{fc} b", ".hidden/-n", "-n", "Z"] {
        scratch.write(&format!("model/{path}"), path.as_bytes());
    }
    let manifest = scratch.ok("mlbom-hash model");
    let manifest: serde_json::Value = serde_json::from_str(&manifest).expect("JSON");
    let found = scratch.ok(&command);
    assert_eq!(found.split_whitespace().next(), manifest["dirHash"].as_str(), "{command}");
}

#[test]
fn every_page_has_its_sections() {
    for name in TOOLS {
        let page = read(name);
        let found: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix(".Sh ")).collect();
        let known: Vec<&str> = found.iter().copied().filter(|section| SECTIONS.contains(section)).collect();
        assert_eq!(known, SECTIONS, "{name}");
        for other in TOOLS.iter().filter(|other| page.contains(&format!(".Xr {other} "))) {
            assert!(page.contains(&format!(".Xr {other} 1")), "{name}: {other} is in section 1");
        }
        assert!(page.is_ascii() && page.ends_with('\n') && !page.contains('\t'), "{name}: plain text");
    }
}

/// The blocks of EXAMPLES, as a shell sees them.
fn examples(page: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut block: Option<Vec<&str>> = None;
    for line in section(page, "EXAMPLES") {
        match (line, &mut block) {
            (line, None) if line.starts_with(".Bd") => block = Some(Vec::new()),
            (".Ed", Some(lines)) => {
                blocks.push(lines.join("\n").replace("\\e", "\\"));
                block = None;
            }
            (line, Some(lines)) => lines.push(line),
            (_, None) => {}
        }
    }
    blocks
}

/// What the page of the last tool promises holds of what the tools before it make.
#[test]
fn examples_of_decisions_run() {
    let scratch = Scratch::project();
    scratch.ok("mlbom-sign --new-key k.pem");
    scratch.write("ours/p.rego", b"package mlbom_policy\nrules contains \"A\"\ndeny contains 1 if false\n");
    let commands = examples(&read("mlbom-policy")).into_iter().filter(|block| block.starts_with("mlbom-"));
    let mut ran = 0;
    for block in commands {
        scratch.ok(&format!("set -e -o pipefail; HOME=$PWD\n{block}"));
        if !scratch.path().join("report.json").exists() {
            scratch.ok(
                "mlbom-hash model | mlbom-verify --bundle model.mlbom.jsonl --key k.pem.pub > report.json",
            );
            scratch.ok("jq -c '{mlbom: {signers: [.statements[0].signer.spki]}}' report.json > signers.json");
        }
        ran += 1;
    }
    assert!(ran >= 4, "{ran} examples");
}

#[test]
fn mandoc_finds_nothing() {
    for name in TOOLS {
        let out = match Command::new("mandoc").args(["-T", "lint"]).arg(page(name)).output() {
            Err(err) if err.kind() == ErrorKind::NotFound => {
                assert!(
                    env::var_os("CI").is_none_or(|ci| ci != "true"),
                    "mandoc is not there; CI has to have it"
                );
                return;
            }
            other => other.expect("mandoc starts"),
        };
        let text = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
        // Whether the page named is installed on this machine says nothing about ours.
        let elsewhere = ["referenced manual not found", "outdated mandoc.db"];
        let faults: Vec<&str> =
            text.lines().filter(|line| !elsewhere.iter().any(|said| line.contains(said))).collect();
        assert!(faults.is_empty(), "{name}: {faults:#?}");
    }
}
