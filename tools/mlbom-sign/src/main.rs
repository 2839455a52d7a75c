//! Signs manifests, bills of materials, ready statements and files: one Sigstore bundle a line.

mod args;
mod blob;
mod error;
mod new_key;
mod password;
mod payload;
mod pgp;
mod seal;
mod services;
mod signatory;
mod terminal;
mod trust;

use std::process::ExitCode;

use mlbom::cli::{self, Input, Output, Verdict};
use mlbom::stream;
use mlbom_sigstore::key::KeyType;

use crate::args::Args;
use crate::blob::Blob;
use crate::error::Error;
use crate::payload::payloads;
use crate::services::{Used, token_at_hand};
use crate::signatory::Signatory;

const TOOL: &str = "mlbom-sign";

fn main() -> ExitCode {
    cli::main(TOOL, run)
}

fn run(args: &Args) -> Result<Verdict, Error> {
    if let Some((flag, wanted)) = args.alone() {
        return Err(Error::Alone(flag, wanted));
    }
    if let Some(flag) = args.on_stdin() {
        return Err(Error::Stdin(flag));
    }
    if let Some(file) = &args.new_key {
        let key_type = args.key_type.unwrap_or(KeyType::EcdsaP256);
        return new_key::write(file, key_type, &args.password).map(|()| Verdict::Pass);
    }
    if let Some(dir) = &args.refresh_trust {
        return trust::refresh(args, dir);
    }
    let mut output = Output::new(args.output.as_deref());
    output.protect(args.password.identity());
    let document = if args.make_trusted_root {
        trust::make(args, &mut output)?
    } else if let Some(key) = &args.pgp_key {
        pgp::sign(args, key, &mut output)?
    } else {
        sign(args, &mut output)?
    };
    Ok(cli::deliver(Verdict::Pass, output.write(document.as_bytes()))?)
}

/// The bundles, a line each.
fn sign(args: &Args, output: &mut Output) -> Result<String, Error> {
    let keyless = args.key.is_none();
    if keyless && !args.keyless && !token_at_hand(args) {
        return Err(Error::NoKey);
    }
    let used = Used::of(args, keyless, output)?;
    used.check_clock(keyless || args.cert.is_some())?;
    // What is to be signed first: a certificate is good for minutes, and no identity is published for nothing.
    let stream = match &args.blob {
        Some(_) => None,
        None => {
            let input = Input::stdin(stream::MAX_BYTES)?;
            output.protect(input.identity);
            Some(input)
        }
    };
    let mut blob = match &args.blob {
        Some(file) if keyless => Some(Blob::read(file, KeyType::EcdsaP256, output)?),
        _ => None,
    };
    let signed = match &stream {
        Some(input) => payloads(&stream::documents(&input.bytes)?, args.oms, &args.annotation)?,
        None => Vec::new(),
    };
    // Before anything is published: what cannot be written must not be in a log for good.
    output.check()?;
    let signatory = match &args.key {
        Some(key) => Signatory::of_key(args, key, &used, output)?,
        None => Signatory::of_identity(args, &used, output)?,
    };
    if let Some(file) = args.blob.as_ref().filter(|_| !keyless) {
        blob = Some(Blob::read(file, signatory.public().key_type(), output)?);
    }
    output.check()?;
    let mut lines = String::new();
    if let Some(blob) = &blob {
        lines = seal::blob(blob, &signatory, &used)? + "\n";
    }
    for payload in &signed {
        lines.push_str(&seal::statement(payload, &signatory, &used)?);
        lines.push('\n');
        if !args.quiet {
            let hints = payload.hints(signatory.public());
            hints.iter().for_each(|hint| cli::say(TOOL, &format!("hint: {hint}")));
        }
    }
    if keyless && used.is_timeless() && !args.quiet {
        cli::say(
            TOOL,
            "hint: neither a log nor a timestamp authority says when this was signed: nobody can verify it once the certificate ends, in ten minutes or so",
        );
    }
    if used.is_any() && used.root.is_none() && !args.quiet {
        cli::say(TOOL, "hint: the services' answers were not checked: give their --trusted-root");
    }
    Ok(lines)
}
