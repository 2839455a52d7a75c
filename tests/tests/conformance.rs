//! The static cases of the Sigstore conformance suite, through the real verifier.
//!
//! `SIGSTORE_CONFORMANCE_DIR` names the suite's `test/assets` (sigstore/sigstore-conformance), of which only `a.txt` and
//! `bundle-verify` are read; `bundle-verify/README.md` says what a case holds. As in the suite each case runs twice: with the
//! artifact, and with its digest, for which its manifest serves here. Its commands that sign want the network;
//! `tests/interop/conformance/sigstore` has them.

use std::ffi::OsString;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::{env, fs};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mlbom_tests::tool;
use serde_json::Value;

/// How many cases the suite had when this was written; fewer are not all of them.
const CASES: usize = 70;

/// What a case that does not name its signer was signed as (`bundle-verify/README.md`).
const IDENTITY: &str = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/\
                        .github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
const ISSUER: &str = "https://token.actions.githubusercontent.com";

#[test]
fn every_case_is_decided_as_the_suite_wants() {
    let Some(cases) = cases() else { return };
    assert!(cases.len() >= CASES, "{} cases, {CASES} were wanted", cases.len());
    let refused = cases.iter().filter(|case| case.must_fail()).count();
    assert!(refused > CASES / 2 && refused < cases.len(), "{refused} cases that must fail");
    let wrong: Vec<String> = cases.iter().flat_map(Case::problems).collect();
    assert!(wrong.is_empty(), "{} of {} runs:\n{}", wrong.len(), 2 * cases.len(), wrong.join("\n"));
}

/// The suite's cases. `None` outside of CI where `SIGSTORE_CONFORMANCE_DIR` is not set; in CI its absence fails.
fn cases() -> Option<Vec<Case>> {
    let Some(assets) = env::var_os("SIGSTORE_CONFORMANCE_DIR") else {
        assert!(
            env::var_os("CI").is_none(),
            "SIGSTORE_CONFORMANCE_DIR is not set, the cases are wanted in CI"
        );
        return None;
    };
    let assets = PathBuf::from(assets);
    let parent = assets.join("bundle-verify");
    let entries = fs::read_dir(&parent).unwrap_or_else(|err| panic!("{}: {err}", parent.display()));
    let mut directories: Vec<PathBuf> =
        entries.map(|entry| entry.expect("an entry").path()).filter(|path| path.is_dir()).collect();
    directories.sort();
    let case = |directory| Case { directory, default: assets.join("a.txt") };
    Some(directories.into_iter().map(case).collect())
}

struct Case {
    directory: PathBuf,
    /// The artifact of cases that have none of their own.
    default: PathBuf,
}

impl Case {
    fn name(&self) -> String {
        self.directory.file_name().expect("a directory's name").to_string_lossy().into_owned()
    }

    fn must_fail(&self) -> bool {
        self.name().ends_with("_fail")
    }

    /// A line for each of both runs that was not decided as it should be.
    fn problems(&self) -> Vec<String> {
        let scratch = tempfile::tempdir().expect("a directory");
        // Of a text that is known by its digest alone nobody can tell that it is no list of digests: it has to have the
        // name that was signed.
        let copy = scratch.path().join(self.subject().unwrap_or_else(|| "artifact".to_owned()));
        fs::copy(self.artifact(), &copy).expect("a copy");
        let manifest = Command::new(tool("mlbom-hash")).arg(copy).output().expect("mlbom-hash runs");
        assert!(manifest.status.success(), "{}: mlbom-hash: {}", self.name(), said(&manifest));
        let by_file = self.verify(Some(&self.artifact()), &[]);
        let by_digest = self.verify(None, &manifest.stdout);
        let runs = [("file", by_file), ("digest", by_digest)];
        runs.into_iter().filter_map(|(by, done)| self.problem(by, &done)).collect()
    }

    /// A no is 1, and 2 where there is no bundle to speak of; any other end is none of the tool's.
    fn problem(&self, by: &str, done: &Output) -> Option<String> {
        let good = match done.status.code() {
            Some(0) => !self.must_fail(),
            Some(1 | 2) => self.must_fail(),
            _ => false,
        };
        (!good).then(|| format!("{} by {by}: {}: {}", self.name(), done.status, said(done)))
    }

    fn verify(&self, artifact: Option<&Path>, manifest: &[u8]) -> Output {
        let mut command = Command::new(tool("mlbom-verify"));
        command.arg("--bundle").arg(self.directory.join("bundle.sigstore.json")).args(self.signer());
        if let Some(root) = self.file("trusted_root.json") {
            command.arg("--trusted-root").arg(root);
        }
        command.args(artifact).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("mlbom-verify runs");
        let mut stdin = child.stdin.take().expect("it was piped");
        match stdin.write_all(manifest) {
            // The bundle was refused before anybody wanted to know of what.
            Err(err) if err.kind() == ErrorKind::BrokenPipe => {}
            written => written.expect("the manifest goes in"),
        }
        drop(stdin);
        child.wait_with_output().expect("mlbom-verify ends")
    }

    fn signer(&self) -> Vec<OsString> {
        if let Some(key) = self.file("key.pub") {
            return vec!["--key".into(), key.into()];
        }
        let text = |name, default: &str| match self.file(name) {
            Some(path) => fs::read_to_string(path).expect("text").trim().to_owned(),
            None => default.to_owned(),
        };
        let (identity, issuer) = (text("identity", IDENTITY), text("issuer", ISSUER));
        vec!["--identity".into(), identity.into(), "--issuer".into(), issuer.into()]
    }

    /// What the statement calls its subject, if there is one.
    fn subject(&self) -> Option<String> {
        let bundle = fs::read(self.file("bundle.sigstore.json")?).ok()?;
        let bundle: Value = serde_json::from_slice(&bundle).ok()?;
        let payload = STANDARD.decode(bundle["dsseEnvelope"]["payload"].as_str()?).ok()?;
        let statement: Value = serde_json::from_slice(&payload).ok()?;
        Some(statement["subject"][0]["name"].as_str()?.to_owned())
    }

    fn artifact(&self) -> PathBuf {
        self.file("artifact").unwrap_or_else(|| self.default.clone())
    }

    fn file(&self, name: &str) -> Option<PathBuf> {
        let path = self.directory.join(name);
        path.is_file().then_some(path)
    }
}

fn said(done: &Output) -> String {
    String::from_utf8_lossy(&done.stderr).trim().replace('\n', "; ")
}
