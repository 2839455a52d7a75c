//! This machine: processors, memory, accelerators, operating system. No name, number or identity of it is read.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

use mlbom::evidence::{Role, Trust};
use mlbom::path::RelPath;

use crate::error::Error;
use crate::folder::At;
use crate::readers::{Machine, On, Read, Reader, listed};
use crate::scribe::Scribe;

pub(crate) const READER: Reader = Reader {
    name: "host",
    on: &[On::Host],
    facts: &[
        "hardware.architecture",
        "hardware.cpu",
        "hardware.cpuCount",
        "hardware.gpuDriver",
        "hardware.gpus",
        "hardware.memory",
    ],
    read: Read::Machine(read),
};

/// The root of sources that are files of the machine.
const ROOT: &str = "host";
/// The most bytes of one file: `/proc/cpuinfo` of a thousand processors has two million.
const MAX_BYTES: u64 = 16 << 20;
/// The most accelerators.
const MAX_DEVICES: usize = 1024;

/// Reads what the kernel and the system say of the machine.
pub(crate) fn read(scribe: &mut Scribe<'_>, machine: &Machine) -> Result<(), Error> {
    let root = &machine.root;
    processors(scribe, root);
    if let Some((text, at)) = text(scribe, root, "proc/meminfo")
        && let Some((line, value)) = field(&text, "MemTotal")
        && let Some(kib) = value.strip_suffix(" kB").and_then(|kib| kib.trim().parse::<u64>().ok())
        && let Some(bytes) = kib.checked_mul(1024)
    {
        scribe.fact("hardware.memory", bytes, Trust::Computed, at.pointer(line_of(line)));
    }
    word(scribe, root, "proc/sys/kernel/arch", "hardware.architecture");
    accelerators(scribe, root);
    system(scribe, root)
}

fn processors(scribe: &mut Scribe<'_>, root: &Path) {
    let Some((text, at)) = text(scribe, root, "proc/cpuinfo") else { return };
    if let Some((line, model)) = field(&text, "model name") {
        scribe.fact("hardware.cpu", model, Trust::Computed, at.pointer(line_of(line)));
    }
    let count = text.lines().filter(|line| key(line) == Some("processor")).count();
    if count > 0 {
        scribe.fact("hardware.cpuCount", count, Trust::Computed, &at);
    }
}

fn accelerators(scribe: &mut Scribe<'_>, root: &Path) {
    let mut found = Vec::new();
    for name in names(root, "proc/driver/nvidia/gpus") {
        let path = format!("proc/driver/nvidia/gpus/{name}/information");
        if let Some((text, at)) = text(scribe, root, &path)
            && let Some((line, model)) = field(&text, "Model")
        {
            found.push((model.to_owned(), at.pointer(line_of(line))));
        }
    }
    for name in names(root, "sys/class/kfd/kfd/topology/nodes") {
        let path = format!("sys/class/kfd/kfd/topology/nodes/{name}/properties");
        // Nodes without SIMD units are processors.
        if let Some((text, at)) = text(scribe, root, &path)
            && number(&text, "simd_count").is_some_and(|count| count > 0)
            && let Some(version) = number(&text, "gfx_target_version")
        {
            let (major, minor, step) = (version / 10_000, version / 100 % 100, version % 100);
            found.push((format!("AMD gfx{major}{minor:x}{step:x}"), at.pointer("gfx_target_version")));
        }
    }
    if let Some((_, at)) = found.first().cloned() {
        let models = listed(found.into_iter().map(|(model, _)| model));
        scribe.fact("hardware.gpus", models, Trust::Computed, at);
    }
    for path in ["sys/module/nvidia/version", "sys/module/amdgpu/version"] {
        word(scribe, root, path, "hardware.gpuDriver");
    }
}

fn system(scribe: &mut Scribe<'_>, root: &Path) -> Result<(), Error> {
    let release = text(scribe, root, "etc/os-release").or_else(|| text(scribe, root, "usr/lib/os-release"));
    let kernel = text(scribe, root, "proc/sys/kernel/osrelease");
    if release.is_none() && kernel.is_none() {
        return Ok(());
    }
    let system = scribe.entity_named(Role::OperatingSystem)?;
    if let Some((text, at)) = release {
        for (name, fact) in [("ID", "os.id"), ("VERSION_ID", "os.version")] {
            // Shell assignments, with or without quotes (os-release(5)).
            let value = text.lines().enumerate().find_map(|(line, text)| {
                let value = text.strip_prefix(name)?.strip_prefix('=')?;
                Some((line, value.trim().trim_matches(['"', '\''])))
            });
            if let Some((line, value)) = value.filter(|(_, value)| !value.is_empty()) {
                scribe.fact_of(&system, fact, value, Trust::Computed, at.pointer(line_of(line)));
            }
        }
    }
    if let Some((text, at)) = kernel {
        scribe.fact_of(&system, "os.kernel", text.trim(), Trust::Computed, &at);
    }
    Ok(())
}

/// A file that holds one word, as a fact.
fn word(scribe: &mut Scribe<'_>, root: &Path, path: &str, fact: &str) {
    if let Some((text, at)) = text(scribe, root, path) {
        let word = text.trim();
        if !word.is_empty() && !word.contains('\n') {
            scribe.fact(fact, word, Trust::Computed, &at);
        }
    }
}

/// A file of the machine. The kernel's own say that they are empty, so their length is not asked for, and they have no
/// digest: the next reading may give something else.
fn text(scribe: &mut Scribe<'_>, root: &Path, path: &str) -> Option<(String, At)> {
    let at = At::name(ROOT, RelPath::parse(path).ok()?);
    let file = match fs::metadata(root.join(path)) {
        Ok(found) if found.is_file() => File::open(root.join(path)),
        _ => return None,
    };
    let mut bytes = Vec::new();
    let read = file.and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes));
    if read.is_err() || bytes.len() as u64 > MAX_BYTES {
        scribe.unreadable(&at, "cannot be read, or is too long");
        return None;
    }
    match String::from_utf8(bytes) {
        Ok(text) => Some((text, at)),
        Err(_) => {
            scribe.unreadable(&at, "not UTF-8");
            None
        }
    }
}

/// What a directory of the machine holds, in order.
fn names(root: &Path, path: &str) -> Vec<String> {
    let Ok(entries) = fs::read_dir(root.join(path)) else { return Vec::new() };
    let names = entries.take(MAX_DEVICES).filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

/// The first `name: value`, with its line, counted from 0.
fn field<'a>(text: &'a str, name: &str) -> Option<(usize, &'a str)> {
    text.lines().enumerate().find_map(|(at, line)| {
        let (_, value) = line.split_once(':').filter(|_| key(line) == Some(name))?;
        (!value.trim().is_empty()).then(|| (at, value.trim()))
    })
}

fn key(line: &str) -> Option<&str> {
    line.split_once(':').map(|(key, _)| key.trim())
}

/// A number after a name and a space.
fn number(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok())
}

fn line_of(at: usize) -> String {
    format!("line {}", at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;
    use mlbom::cli::Progress;

    #[test]
    fn a_machine_is_told_without_its_name() {
        let root = tempfile::tempdir().expect("a directory");
        for (path, text) in [
            (
                "proc/cpuinfo",
                "processor\t: 0\nmodel name\t: Acme 9\n\nprocessor\t: 1\nmodel name\t: Acme 9\n",
            ),
            ("proc/meminfo", "MemTotal:       1024 kB\nMemFree: 1 kB\n"),
            ("proc/sys/kernel/osrelease", "6.9.1\n"),
            ("proc/sys/kernel/arch", "x86_64\n"),
            ("proc/sys/kernel/hostname", "canary\n"),
            ("proc/sys/kernel/random/boot_id", "canary\n"),
            ("etc/os-release", "NAME=\"x\"\nID=debian\nVERSION_ID=\"12\"\n"),
            (
                "proc/driver/nvidia/gpus/0000:01:00.0/information",
                "Model: \t\t ACME B200\nGPU UUID: \t canary\n",
            ),
            ("sys/module/nvidia/version", "580.1\n"),
            ("sys/class/kfd/kfd/topology/nodes/0/properties", "simd_count 0\ngfx_target_version 0\n"),
            ("sys/class/kfd/kfd/topology/nodes/1/properties", "simd_count 440\ngfx_target_version 90010\n"),
        ] {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
            fs::write(path, text).expect("a file");
        }
        let args = crate::args::Args::parse_from(["mlbom-capture", "--host"]);
        let machine = Machine { variables: std::collections::BTreeMap::new(), root: root.path().into() };
        let evidence = crate::capture::capture(&args, None, &machine, &Progress::new("test", true));
        let evidence = evidence.expect("evidence").evidence;
        let facts: Vec<_> =
            evidence.facts.iter().map(|fact| format!("{}={}", fact.name, fact.value)).collect();
        assert_eq!(
            facts,
            [
                "hardware.architecture=\"x86_64\"",
                "hardware.cpu=\"Acme 9\"",
                "hardware.cpuCount=2",
                "hardware.gpuDriver=\"580.1\"",
                "hardware.gpus=[\"ACME B200\",\"AMD gfx90a\"]",
                "hardware.memory=1048576",
                "os.id=\"debian\"",
                "os.kernel=\"6.9.1\"",
                "os.version=\"12\"",
            ]
        );
        let text = serde_json::to_string(&evidence).expect("text");
        assert!(!text.contains("canary"), "{text}");
    }

    #[test]
    fn an_empty_machine_has_nothing() {
        let root = tempfile::tempdir().expect("a directory");
        let args = crate::args::Args::parse_from(["mlbom-capture", "--host"]);
        let machine = Machine { variables: std::collections::BTreeMap::new(), root: root.path().into() };
        let evidence = crate::capture::capture(&args, None, &machine, &Progress::new("test", true));
        let evidence = evidence.expect("evidence").evidence;
        assert!(evidence.facts.is_empty());
        assert!(evidence.not_known.iter().any(|entry| entry.what == "hardware.gpus"));
    }
}
