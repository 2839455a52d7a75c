//! A directory with a small model, a key and both kinds of bundle; shell lines are run in it.

use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::tool;

/// A temporary directory (its name has a space) that holds `model/`, `k.pem`, `k.pem.pub`, `bom.jsonl`, `model.sig`.
#[derive(Debug)]
pub struct Scratch {
    dir: tempfile::TempDir,
}

/// What a shell line came to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Ran {
    /// The shell's exit status; a signal counts as 128 and its number.
    pub status: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Scratch {
    /// A directory with nothing in it.
    #[must_use]
    pub fn empty() -> Self {
        Self { dir: tempfile::Builder::new().prefix("mlbom scratch ").tempdir().expect("a directory") }
    }

    /// A directory with a model that is signed.
    #[must_use]
    pub fn signed() -> Self {
        let scratch = Self::empty();
        for (path, bytes) in [
            ("model/config.json", &br#"{"model_type":"tiny"}"#[..]),
            ("model/README.md", b"# Tiny\n"),
            ("model/a.safetensors", b"\x02\0\0\0\0\0\0\0{}first"),
            ("model/b.safetensors", b"\x02\0\0\0\0\0\0\0{}other"),
            ("model/tok/tokens.json", b"[]"),
        ] {
            scratch.write(path, bytes);
        }
        scratch.ok("mlbom-sign --new-key k.pem");
        scratch.ok("mlbom-hash model | mlbom-compose | mlbom-sign --key k.pem --output bom.jsonl");
        scratch.ok("mlbom-hash model | mlbom-sign --key k.pem --output model.sig");
        scratch
    }

    /// A directory with a model and all that it was made from: its code under git, its data, its environment, and its
    /// base in a Hub cache below `.cache`. Nothing is signed.
    #[must_use]
    pub fn project() -> Self {
        let scratch = Self::empty();
        let hub = ".cache/huggingface/hub/models--acme--tiny";
        let commit = "0c5e78a1899c0440d2c0422f9e45d82267d54630";
        let packages = ".venv/lib/python3.12/site-packages/tiny-1.0.dist-info";
        for (path, text) in [
            ("model/config.json", r#"{"model_type":"tiny"}"#),
            ("model/README.md", "---\nbase_model: acme/tiny\n---\n# Tiny\n"),
            ("model/model.safetensors", "\u{2}\0\0\0\0\0\0\0{}"),
            ("data/train.jsonl", "{\"text\":\"a\"}\n{\"text\":\"b\"}\n"),
            ("train.py", "print('trains')\n"),
            (".gitignore", "*\n!train.py\n!.gitignore\n"),
            (".venv/pyvenv.cfg", "home = /usr/bin\nversion = 3.12.1\n"),
            (&format!("{packages}/METADATA"), "Metadata-Version: 2.4\nName: tiny\nVersion: 1.0\n"),
            (&format!("{packages}/RECORD"), "tiny-1.0.dist-info/METADATA,,\ntiny-1.0.dist-info/RECORD,,\n"),
            (&format!("{hub}/refs/main"), commit),
            (&format!("{hub}/snapshots/{commit}/config.json"), "{}"),
            (&format!("{hub}/snapshots/{commit}/model.safetensors"), "\u{2}\0\0\0\0\0\0\0{}"),
        ] {
            scratch.write(path, text.as_bytes());
        }
        scratch.ok(
            "git init -q . && git add . && git -c user.name=a -c user.email=a@example.org commit -q -m first",
        );
        scratch
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Writes a file, with the directories above it.
    pub fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().expect("below the directory")).expect("a directory");
        fs::write(path, bytes).expect("a file");
    }

    /// Reads a file as text.
    #[must_use]
    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path().join(path)).expect(path)
    }

    /// Runs `script` in `bash` as users have it: without `pipefail`.
    #[must_use]
    pub fn sh(&self, script: &str) -> Ran {
        self.with_input(script, Stdio::null())
    }

    /// The same with `bytes` on standard input.
    #[must_use]
    pub fn feed(&self, bytes: &[u8], script: &str) -> Ran {
        self.write(".stdin", bytes);
        let input = fs::File::open(self.path().join(".stdin")).expect("a file");
        fs::remove_file(self.path().join(".stdin")).expect("a file");
        self.with_input(script, input.into())
    }

    /// Runs `script`, which has to succeed, and gives its standard output.
    pub fn ok(&self, script: &str) -> String {
        let ran = self.sh(script);
        assert_eq!(ran.status, 0, "{script}\n{}", ran.stderr);
        ran.stdout
    }

    fn with_input(&self, script: &str, input: Stdio) -> Ran {
        let out = Command::new("bash")
            .args(["-c", script])
            .current_dir(self.path())
            .env("PATH", path_with_tools())
            .env_remove("SOURCE_DATE_EPOCH")
            .stdin(input)
            .output()
            .expect("bash starts");
        let status = out.status.code().unwrap_or_else(|| 128 + out.status.signal().unwrap_or(0));
        Ran {
            status,
            stdout: String::from_utf8_lossy(&out.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&out.stderr).into_owned(),
        }
    }
}

/// `PATH` with the tools first.
#[must_use]
pub fn path_with_tools() -> std::ffi::OsString {
    let bin: PathBuf = tool("mlbom-hash").parent().expect("a directory").to_owned();
    let rest = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths(std::iter::once(bin).chain(std::env::split_paths(&rest))).expect("a path")
}
