//! Arguments, `--help`, `--version` and completions.

use std::env;
use std::ffi::OsStr;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use clap_complete::Shell;

use super::output::{Output, OutputError};
use super::{Hint, Verdict, finish};

impl Hint for OutputError {}

/// Reads the arguments, or says why not and gives the status: 2 for bad ones, 0 for `--help` and `--version` that
/// reached their reader.
///
/// `--completions SHELL`, alone, prints what a shell needs to complete the tool's arguments.
pub(super) fn parse<A: Parser>(tool: &str) -> Result<A, ExitCode> {
    let arguments: Vec<_> = env::args_os().collect();
    if let [_, flag, shell] = arguments.as_slice()
        && flag == "--completions"
    {
        return Err(completions::<A>(tool, shell));
    }
    A::try_parse_from(arguments).map_err(|err| {
        if err.use_stderr() {
            let _ = write!(io::stderr().lock(), "{err}");
            return ExitCode::from(2);
        }
        let written = Output::stdout().write(err.to_string().as_bytes());
        finish(tool, false, written.map(|()| Verdict::Pass))
    })
}

fn completions<A: Parser>(tool: &str, shell: &OsStr) -> ExitCode {
    let Some(shell) = shell.to_str().and_then(|name| name.parse::<Shell>().ok()) else {
        super::say(tool, "--completions takes bash, elvish, fish, powershell or zsh");
        return ExitCode::from(2);
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut A::command(), tool, &mut script);
    finish(tool, false, Output::stdout().write(&script).map(|()| Verdict::Pass))
}
