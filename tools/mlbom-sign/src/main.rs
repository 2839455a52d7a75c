//! Signs a manifest, a bill of materials or a ready statement: one Sigstore bundle a line.

mod args;
mod error;
mod new_key;
mod payload;

use std::path::Path;
use std::process::ExitCode;

use mlbom::cli::{self, Input, Output, Verdict};
use mlbom::stream;
use mlbom_sigstore::bundle::{self, Bundle};
use mlbom_sigstore::key::MAX_PEM_BYTES;
use mlbom_sigstore::signing::PrivateKey;
use mlbom_sigstore::statement::Statement;

use crate::args::Args;
use crate::error::Error;
use crate::payload::Payload;

const TOOL: &str = "mlbom-sign";

fn main() -> ExitCode {
    cli::main(TOOL, run)
}

fn run(args: &Args) -> Result<Verdict, Error> {
    match (&args.new_key, &args.key) {
        (Some(file), _) if file == Path::new("-") => Err(Error::KeyOnStdout),
        (Some(file), _) => new_key::write(file).map(|()| Verdict::Pass),
        (None, Some(key)) => sign(args, key),
        (None, None) => Err(Error::NoKey),
    }
}

fn sign(args: &Args, key_file: &Path) -> Result<Verdict, Error> {
    let mut output = Output::new(args.output.as_deref());
    let (key, identity) = read_key(key_file)?;
    output.protect(identity);
    let input = Input::stdin(stream::MAX_BYTES)?;
    output.protect(input.identity);
    let payload = Payload::of(&stream::documents(&input.bytes)?)?;
    let mut line = bundle_of(&payload, &key)?;
    line.push('\n');
    if !args.quiet {
        payload.hints(&key).iter().for_each(|hint| cli::say(TOOL, &format!("hint: {hint}")));
    }
    Ok(cli::deliver(Verdict::Pass, output.write(line.as_bytes()))?)
}

fn read_key(file: &Path) -> Result<(PrivateKey, Option<(u64, u64)>), Error> {
    if file == Path::new("-") {
        return Err(Error::KeyOnStdin);
    }
    let input = Input::open(file, MAX_PEM_BYTES)?;
    let key = PrivateKey::from_pem(&input.bytes).map_err(|source| Error::Key { name: input.name, source })?;
    Ok((key, input.identity))
}

/// Signs, then reads the result back as a verifier would: nothing leaves that we would not take ourselves.
fn bundle_of(payload: &Payload, key: &PrivateKey) -> Result<String, Error> {
    let bytes = payload.text.as_bytes();
    // Each family of verifiers knows one way to name a key; ours takes any.
    let hint = if payload.is_oms() { key.public().oms_hint() } else { key.public().cosign_hint() };
    let line = bundle::write(&hint, bytes, &key.sign(bytes)).map_err(Error::Write)?;
    let read_back = Bundle::parse(&line).map_err(Error::OwnBundle)?;
    let verified = read_back.verify(key.public()).ok_or(Error::OwnSignature)?;
    Statement::parse(verified)?;
    if verified != bytes {
        return Err(Error::OwnSignature);
    }
    Ok(line)
}
