//! The tokens that build services hand to their jobs.
//!
//! GitHub: docs.github.com, "OpenID Connect reference", methods for requesting the token. GitLab: "ID token
//! authentication". Buildkite: "buildkite-agent oidc". CircleCI: "OIDC tokens with custom claims".

use std::io::{self, Read as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use mlbom::json;
use mlbom::text::escape;
use mlbom::time::Timestamp;
use serde::Deserialize;

use super::{AUDIENCE, IdentityToken, MAX_TOKEN_BYTES, TokenError};
use crate::http::{Client, HttpError, Request};
use crate::url::{Url, UrlError};

/// How long a build service's program may take.
const PROGRAM_TIME: Duration = Duration::from_secs(60);

/// Gives the standard output of a program, run with these arguments.
pub type Run<'a> = dyn Fn(&str, &[&str]) -> io::Result<Vec<u8>> + 'a;

/// Why a build service's job has no token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AmbientError {
    /// The runner's answer is not one.
    #[error("{0}: the answer is not a JSON object with a token as its \"value\"")]
    Answer(Url),
    /// No answer.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The job may not have one.
    #[error("{service}: the job has no identity token; {remedy}")]
    NotGranted {
        /// The build service.
        service: &'static str,
        /// What to write into the job.
        remedy: &'static str,
    },
    /// The program that gets one failed.
    #[error("{program}: cannot get an identity token")]
    Program {
        /// Its name.
        program: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// What was got is of no use.
    #[error("{service}: the identity token is of no use")]
    Token {
        /// The build service.
        service: &'static str,
        /// Why not.
        source: TokenError,
    },
    /// Where to ask is not where one may ask.
    #[error("ACTIONS_ID_TOKEN_REQUEST_URL is not an address that may be asked")]
    Url(#[source] UrlError),
}

/// The token of the build job that this runs in; `None` outside of the services that are known.
///
/// `env` gives environment variables, `run` the standard output of a program and its arguments ([`run_program`]). A job that
/// could have a token and has none is an error: to go on without would ask a person who is not there.
pub fn ambient(
    client: &Client,
    env: &dyn Fn(&str) -> Option<String>,
    run: &Run<'_>,
    at: Timestamp,
) -> Result<Option<IdentityToken>, AmbientError> {
    let is_true = |name| env(name).as_deref() == Some("true");
    let (service, text) = if is_true("GITHUB_ACTIONS") {
        ("GitHub Actions", github(client, env)?)
    } else if env("GITLAB_CI").is_some_and(|value| !value.is_empty()) {
        ("GitLab CI", gitlab(env)?)
    } else if is_true("BUILDKITE") {
        let arguments = ["oidc", "request-token", "--audience", AUDIENCE];
        ("Buildkite", program("buildkite-agent", &arguments, run)?)
    } else if is_true("CIRCLECI") {
        let claims = format!(r#"{{"aud":"{AUDIENCE}"}}"#);
        ("CircleCI", program("circleci", &["run", "oidc", "get", "--claims", &claims], run)?)
    } else {
        return Ok(None);
    };
    IdentityToken::parse(&text, at).map(Some).map_err(|source| AmbientError::Token { service, source })
}

fn github(client: &Client, env: &dyn Fn(&str) -> Option<String>) -> Result<String, AmbientError> {
    #[derive(Deserialize)]
    struct Answer {
        value: String,
    }
    let remedy = "give it `permissions: id-token: write`";
    let set = |name| env(name).filter(|value| !value.is_empty());
    let (Some(url), Some(bearer)) =
        (set("ACTIONS_ID_TOKEN_REQUEST_URL"), set("ACTIONS_ID_TOKEN_REQUEST_TOKEN"))
    else {
        return Err(AmbientError::NotGranted { service: "GitHub Actions", remedy });
    };
    // It goes into a header.
    let bearer = bearer.trim_ascii();
    if bearer.is_empty() || !bearer.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(AmbientError::NotGranted { service: "GitHub Actions", remedy });
    }
    let joint = if url.contains('?') { '&' } else { '?' };
    let url = Url::with_query(&format!("{url}{joint}audience={AUDIENCE}")).map_err(AmbientError::Url)?;
    let limit = 2 * MAX_TOKEN_BYTES as u64;
    let answer = client.send(&Request { bearer: Some(bearer), limit, ..Request::get(&url) })?;
    let wrong = || AmbientError::Answer(url.clone());
    let text = std::str::from_utf8(&answer.body).map_err(|_| wrong())?;
    // The reader's own words may hold a piece of the token.
    Ok(json::parse::<Answer>(text).map_err(|_| wrong())?.value)
}

fn gitlab(env: &dyn Fn(&str) -> Option<String>) -> Result<String, AmbientError> {
    let remedy = "give it `id_tokens: SIGSTORE_ID_TOKEN: aud: sigstore`";
    let token = env("SIGSTORE_ID_TOKEN").filter(|value| !value.is_empty());
    token.ok_or(AmbientError::NotGranted { service: "GitLab CI", remedy })
}

fn program(program: &'static str, arguments: &[&str], run: &Run<'_>) -> Result<String, AmbientError> {
    let failed = |source| AmbientError::Program { program, source };
    let output = run(program, arguments).map_err(failed)?;
    String::from_utf8(output).map_err(|_| failed(io::Error::other("its output is not text")))
}

/// Runs a program that is found on the path, without input, and gives its standard output: at most twice the longest token,
/// within a minute. Its standard error is not shown, it may hold the token; its status is.
pub fn run_program(program: &str, arguments: &[&str]) -> io::Result<Vec<u8>> {
    run_within(PROGRAM_TIME, program, arguments)
}

fn run_within(limit: Duration, program: &str, arguments: &[&str]) -> io::Result<Vec<u8>> {
    let end = Instant::now() + limit;
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn()?;
    let stdout = child.stdout.take();
    let (sender, receiver) = mpsc::channel();
    // In a thread of its own, which ends with the program: a pipe has no time limit.
    thread::spawn(move || {
        let mut output = Vec::new();
        let limit = 2 * MAX_TOKEN_BYTES as u64;
        let read = stdout.map_or(Ok(0), |stdout| stdout.take(limit + 1).read_to_end(&mut output));
        // Nobody listens any more when it was too slow.
        let _ = sender.send(read.map(|_| output));
    });
    let output = receiver.recv_timeout(limit);
    let whole = matches!(&output, Ok(Ok(bytes)) if bytes.len() <= 2 * MAX_TOKEN_BYTES);
    let status = if whole { ended_before(end, &mut child)? } else { None };
    if status.is_none() {
        // It may have ended by itself meanwhile.
        let _ = child.kill();
        child.wait()?;
    }
    let output = output.map_err(|_| too_slow())??;
    if !whole {
        return Err(io::Error::other("says more than a token would be"));
    }
    let status = status.ok_or_else(too_slow)?;
    if status.success() { Ok(output) } else { Err(io::Error::other(escape(&format!("ended with {status}")))) }
}

/// How the program ended; `None` if it did not in time, though it had said all it would.
fn ended_before(end: Instant, child: &mut Child) -> io::Result<Option<ExitStatus>> {
    loop {
        let status = child.try_wait()?;
        if status.is_some() || Instant::now() >= end {
            return Ok(status);
        }
        thread::sleep(Duration::from_millis(10));
    }
}

fn too_slow() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "took longer than a minute")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::tests::jwt;

    fn at() -> Timestamp {
        Timestamp::from_seconds(1_795_262_400).expect("a time")
    }

    fn token() -> String {
        jwt(r#"{"iss":"https://issuer.example","sub":"s","aud":"sigstore","exp":1795263000}"#)
    }

    fn ask(env: &[(&str, &str)], run: &Run<'_>) -> Result<Option<IdentityToken>, AmbientError> {
        let client = Client::new(&|_| None).expect("a client");
        let env = |name: &str| env.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        ambient(&client, &env, run, at())
    }

    fn nothing_runs(_: &str, _: &[&str]) -> io::Result<Vec<u8>> {
        Err(io::ErrorKind::NotFound.into())
    }

    #[test]
    fn refusals() {
        let url = ("ACTIONS_ID_TOKEN_REQUEST_URL", "http://runner.example/?v=1");
        let bearer = ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "t");
        for (env, told) in [
            (vec![("GITHUB_ACTIONS", "true")], "permissions: id-token: write"),
            (vec![("GITHUB_ACTIONS", "true"), url], "permissions: id-token: write"),
            (
                vec![("GITHUB_ACTIONS", "true"), url, ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "a\nb")],
                "id-token: write",
            ),
            (vec![("GITHUB_ACTIONS", "true"), url, bearer], "ACTIONS_ID_TOKEN_REQUEST_URL"),
            (vec![("GITLAB_CI", "true")], "id_tokens: SIGSTORE_ID_TOKEN: aud: sigstore"),
            (vec![("GITLAB_CI", "true"), ("SIGSTORE_ID_TOKEN", "x")], "of no use"),
            (vec![("BUILDKITE", "true")], "buildkite-agent: cannot get"),
            (vec![("CIRCLECI", "true")], "circleci: cannot get"),
        ] {
            let err = ask(&env, &nothing_runs).expect_err(told).to_string();
            assert!(err.contains(told), "{told}: {err}");
        }
    }

    #[test]
    fn services() {
        assert!(ask(&[("SIGSTORE_ID_TOKEN", &token())], &nothing_runs).expect("none").is_none());
        assert!(
            ask(&[("GITLAB_CI", "true"), ("SIGSTORE_ID_TOKEN", &token())], &nothing_runs)
                .expect("one")
                .is_some()
        );
        for (service, wanted) in [
            ("BUILDKITE", "buildkite-agent oidc request-token --audience sigstore"),
            ("CIRCLECI", r#"circleci run oidc get --claims {"aud":"sigstore"}"#),
        ] {
            let run = |program: &str, arguments: &[&str]| {
                assert_eq!(format!("{program} {}", arguments.join(" ")), wanted);
                Ok(format!("{}\n", token()).into_bytes())
            };
            assert!(ask(&[(service, "true")], &run).expect(service).is_some());
        }
    }

    #[test]
    fn programs() {
        assert_eq!(run_program("echo", &["a"]).expect("it is everywhere"), b"a\n");
        assert!(run_program("false", &[]).is_err());
        assert!(run_program("yes", &[]).is_err(), "endless");
        assert!(run_program("mlbom-no-such-program", &[]).is_err());
        for slow in ["sleep 20", "echo token; exec >&-; sleep 20"] {
            let begin = Instant::now();
            let err = run_within(Duration::from_millis(200), "sh", &["-c", slow]).expect_err(slow);
            assert_eq!(err.kind(), io::ErrorKind::TimedOut, "{slow}");
            assert!(begin.elapsed() < Duration::from_secs(10), "{slow}");
        }
    }
}
