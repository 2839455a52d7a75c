//! The CI job that this runs in, from the variables that each system documents.
//!
//! Only names of the table are read, whatever else is there: secrets come as variables too. Names of people and of
//! machines (`GITHUB_ACTOR`, `RUNNER_NAME`, `NODE_NAME`, `AGENT_NAME`, `CODEBUILD_INITIATOR`) are not in it.

use mlbom::evidence::{Role, Source, Trust, VariableSource};

use crate::error::Error;
use crate::readers::{Machine, On, Read, Reader, urls};
use crate::scribe::Scribe;

pub(crate) const READER: Reader = Reader {
    name: "ci",
    on: &[On::Ci],
    facts: &["ci.commit", "ci.ref", "ci.repository", "ci.runUrl", "ci.system"],
    read: Read::Machine(read),
};

/// The longest value, in bytes.
const MAX_BYTES: usize = 4096;

/// One system.
struct System {
    name: &'static str,
    /// It is this system if this variable is set.
    detect: &'static str,
    commit: &'static str,
    reference: &'static str,
    /// Joined by `/`, but for those that begin with a slash themselves.
    repository: &'static [&'static str],
    /// Variables and, between them, text that begins with a slash.
    run_url: &'static [&'static str],
    image: &'static str,
    /// What is said as `ci.variable.<name>`.
    others: &'static [&'static str],
}

const SYSTEMS: &[System] = &[
    System {
        name: "GitHub Actions",
        detect: "GITHUB_ACTIONS",
        commit: "GITHUB_SHA",
        reference: "GITHUB_REF",
        repository: &["GITHUB_SERVER_URL", "/", "GITHUB_REPOSITORY"],
        run_url: &[
            "GITHUB_SERVER_URL",
            "/",
            "GITHUB_REPOSITORY",
            "/actions/runs/",
            "GITHUB_RUN_ID",
            "/attempts/",
            "GITHUB_RUN_ATTEMPT",
        ],
        image: "",
        others: &[
            "GITHUB_ACTOR_ID",
            "GITHUB_EVENT_NAME",
            "GITHUB_JOB",
            "GITHUB_REPOSITORY_ID",
            "GITHUB_RUN_ATTEMPT",
            "GITHUB_RUN_ID",
            "GITHUB_WORKFLOW_REF",
            "GITHUB_WORKFLOW_SHA",
            "RUNNER_ARCH",
            "RUNNER_ENVIRONMENT",
            "RUNNER_OS",
        ],
    },
    System {
        name: "GitLab CI",
        detect: "GITLAB_CI",
        commit: "CI_COMMIT_SHA",
        reference: "CI_COMMIT_REF_NAME",
        repository: &["CI_PROJECT_URL"],
        run_url: &["CI_JOB_URL"],
        image: "CI_JOB_IMAGE",
        others: &[
            "CI_CONFIG_PATH",
            "CI_JOB_ID",
            "CI_PIPELINE_ID",
            "CI_PIPELINE_URL",
            "CI_PROJECT_ID",
            "CI_RUNNER_ID",
            "CI_RUNNER_VERSION",
            "CI_SERVER_URL",
        ],
    },
    System {
        name: "Buildkite",
        detect: "BUILDKITE",
        commit: "BUILDKITE_COMMIT",
        reference: "BUILDKITE_BRANCH",
        repository: &["BUILDKITE_REPO"],
        run_url: &["BUILDKITE_BUILD_URL"],
        image: "",
        others: &[
            "BUILDKITE_AGENT_ID",
            "BUILDKITE_JOB_ID",
            "BUILDKITE_ORGANIZATION_SLUG",
            "BUILDKITE_PIPELINE_SLUG",
        ],
    },
    System {
        name: "Jenkins",
        detect: "JENKINS_URL",
        commit: "GIT_COMMIT",
        reference: "GIT_BRANCH",
        repository: &["GIT_URL"],
        run_url: &["BUILD_URL"],
        image: "",
        others: &["BUILD_NUMBER", "BUILD_TAG", "JOB_NAME"],
    },
    System {
        name: "Azure Pipelines",
        detect: "TF_BUILD",
        commit: "BUILD_SOURCEVERSION",
        reference: "BUILD_SOURCEBRANCH",
        repository: &["BUILD_REPOSITORY_URI"],
        run_url: &[
            "SYSTEM_COLLECTIONURI",
            "/",
            "SYSTEM_TEAMPROJECT",
            "/_build/results?buildId=",
            "BUILD_BUILDID",
        ],
        image: "",
        others: &["BUILD_BUILDID", "BUILD_DEFINITIONNAME", "SYSTEM_COLLECTIONURI", "SYSTEM_TEAMPROJECT"],
    },
    System {
        name: "CircleCI",
        detect: "CIRCLECI",
        commit: "CIRCLE_SHA1",
        reference: "CIRCLE_BRANCH",
        repository: &["CIRCLE_REPOSITORY_URL"],
        run_url: &["CIRCLE_BUILD_URL"],
        image: "",
        others: &["CIRCLE_PIPELINE_ID", "CIRCLE_WORKFLOW_ID"],
    },
    System {
        name: "CodeBuild",
        detect: "CODEBUILD_BUILD_ARN",
        commit: "CODEBUILD_RESOLVED_SOURCE_VERSION",
        reference: "CODEBUILD_SOURCE_VERSION",
        repository: &["CODEBUILD_SOURCE_REPO_URL"],
        run_url: &["CODEBUILD_BUILD_URL"],
        image: "",
        others: &["CODEBUILD_BUILD_ID"],
    },
];

/// Reads the variables of each system that is there.
pub(crate) fn read(scribe: &mut Scribe<'_>, machine: &Machine) -> Result<(), Error> {
    for system in SYSTEMS {
        if machine.variables.contains_key(std::ffi::OsStr::new(system.detect)) {
            scribe.fact("ci.system", system.name, Trust::Recorded, variable(system.detect));
            one(scribe, machine, system)?;
        }
    }
    Ok(())
}

fn one(scribe: &mut Scribe<'_>, machine: &Machine, system: &System) -> Result<(), Error> {
    for (fact, name) in [("ci.commit", system.commit), ("ci.ref", system.reference)] {
        if let Some(value) = value(scribe, machine, name) {
            scribe.fact(fact, value, Trust::Recorded, variable(name));
        }
    }
    for (fact, parts) in [("ci.repository", system.repository), ("ci.runUrl", system.run_url)] {
        if let Some((url, name)) = joined(scribe, machine, parts) {
            scribe.fact(fact, url, Trust::Recorded, variable(name));
        }
    }
    for name in system.others {
        if let Some(value) = value(scribe, machine, name) {
            scribe.fact(&format!("ci.variable.{name}"), value, Trust::Recorded, variable(name));
        }
    }
    if !system.image.is_empty()
        && let Some(reference) = value(scribe, machine, system.image)
    {
        let image = scribe.entity_named(Role::Image)?;
        scribe.fact_of(&image, "image.reference", reference, Trust::Declared, variable(system.image));
    }
    Ok(())
}

fn variable(name: &str) -> Source {
    Source::Variable(VariableSource { variable: name.to_owned() })
}

/// The value of a variable that is set, not empty, and may be told.
fn value(scribe: &mut Scribe<'_>, machine: &Machine, name: &str) -> Option<String> {
    let value = machine.variables.get(std::ffi::OsStr::new(name)).filter(|value| !value.is_empty())?;
    match value.to_str() {
        Some(value) if value.len() > MAX_BYTES || value.chars().any(char::is_control) => {
            scribe.unreadable(variable(name), "too long, or not one line");
            None
        }
        Some(value) if value.contains("://") => urls::public(value),
        Some(value) => Some(value.to_owned()),
        None => {
            scribe.unreadable(variable(name), "not UTF-8");
            None
        }
    }
}

/// A URL of several variables, with the last of them; none if one is not set.
fn joined(
    scribe: &mut Scribe<'_>,
    machine: &Machine,
    parts: &[&'static str],
) -> Option<(String, &'static str)> {
    let (mut url, mut last) = (String::new(), "");
    for part in parts {
        if part.starts_with('/') {
            url.truncate(url.trim_end_matches('/').len());
            url.push_str(part);
        } else {
            last = part;
            url.push_str(&value(scribe, machine, part)?);
        }
    }
    // A query that the table itself puts there says which run it was.
    let (start, query) = match parts.iter().any(|part| part.contains('?')) {
        true => url.split_once('?').map(|(start, query)| (start, format!("?{query}")))?,
        false => (url.as_str(), String::new()),
    };
    Some((format!("{}{query}", urls::public(start)?), last))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;
    use mlbom::cli::Progress;
    use mlbom::evidence::Evidence;

    fn capture(variables: &[(&str, &str)]) -> Evidence {
        let args = crate::args::Args::parse_from(["mlbom-capture", "--ci"]);
        let variables = variables.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let machine = Machine { variables, root: "/nonexistent".into() };
        crate::capture::capture(&args, None, &machine, &Progress::new("test", true))
            .expect("evidence")
            .evidence
    }

    fn facts(evidence: &Evidence) -> Vec<String> {
        evidence.facts.iter().map(|fact| format!("{}={}", fact.name, fact.value)).collect()
    }

    #[test]
    fn each_system_says_what_ran() {
        for (variables, want) in [
            (
                &[
                    ("GITHUB_ACTIONS", "true"),
                    ("GITHUB_SHA", "c0ffee"),
                    ("GITHUB_SERVER_URL", "https://github.example"),
                    ("GITHUB_REPOSITORY", "acme/router"),
                    ("GITHUB_RUN_ID", "7"),
                    ("GITHUB_RUN_ATTEMPT", "2"),
                ][..],
                &[
                    "ci.commit=\"c0ffee\"",
                    "ci.repository=\"https://github.example/acme/router\"",
                    "ci.runUrl=\"https://github.example/acme/router/actions/runs/7/attempts/2\"",
                    "ci.system=\"GitHub Actions\"",
                    "ci.variable.GITHUB_RUN_ATTEMPT=\"2\"",
                    "ci.variable.GITHUB_RUN_ID=\"7\"",
                ][..],
            ),
            (
                &[("GITLAB_CI", "true"), ("CI_JOB_IMAGE", "python:3.12"), ("CI_COMMIT_SHA", "c0ffee")][..],
                &["image.reference=\"python:3.12\"", "ci.commit=\"c0ffee\"", "ci.system=\"GitLab CI\""][..],
            ),
            (
                &[("JENKINS_URL", "https://ci.example/"), ("GIT_URL", "git@git.example:acme/x.git")][..],
                &["ci.repository=\"ssh://git.example/acme/x.git\"", "ci.system=\"Jenkins\""][..],
            ),
            (
                &[
                    ("TF_BUILD", "True"),
                    ("SYSTEM_COLLECTIONURI", "https://dev.example/acme/"),
                    ("SYSTEM_TEAMPROJECT", "router"),
                    ("BUILD_BUILDID", "9"),
                ][..],
                &[
                    "ci.runUrl=\"https://dev.example/acme/router/_build/results?buildId=9\"",
                    "ci.system=\"Azure Pipelines\"",
                    "ci.variable.BUILD_BUILDID=\"9\"",
                    "ci.variable.SYSTEM_COLLECTIONURI=\"https://dev.example/acme/\"",
                    "ci.variable.SYSTEM_TEAMPROJECT=\"router\"",
                ][..],
            ),
            (&[("CI", "true"), ("GITHUB_SHA", "c0ffee")][..], &[][..]),
        ] {
            assert_eq!(facts(&capture(variables)), want);
        }
    }

    #[test]
    fn secrets_and_names_of_machines_stay_out() {
        let canary = "ghp_CANARYcanaryCANARYcanary1234";
        let evidence = capture(&[
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_TOKEN", canary),
            ("GITHUB_JOB", canary),
            ("GITHUB_REF", &format!("refs/heads/{canary}")),
            ("GITHUB_SERVER_URL", &format!("https://x:{canary}@github.example")),
            ("GITHUB_REPOSITORY", "acme/router"),
            ("RUNNER_NAME", "canary-host"),
            ("GITHUB_ACTOR", "canary-user"),
            ("JENKINS_URL", "https://canary-host/"),
            ("NODE_NAME", "canary-host"),
            ("GIT_URL", "https://canary-user:canary@git.example/x?token=canary"),
        ]);
        let text = serde_json::to_string(&evidence).expect("text");
        assert!(!text.to_lowercase().contains("canary"), "{text}");
        assert!(evidence.findings.iter().any(|finding| finding.id == "MLB-SECRET"));
    }

    #[test]
    fn without_a_system_all_is_absent() {
        let evidence = capture(&[("PATH", "/bin")]);
        assert!(evidence.facts.is_empty());
        assert!(evidence.not_known.iter().any(|entry| entry.what == "ci.commit"));
    }
}
