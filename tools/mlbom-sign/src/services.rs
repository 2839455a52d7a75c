//! Which services are asked, and what their answers are checked by.

use std::cell::OnceCell;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use mlbom::cli::{Input, Output};
use mlbom::time::Timestamp;
use mlbom_sigstore::trusted_root::TrustedRoot;
use mlbom_sigstore_online::services::MAX_CONFIG_BYTES;
use mlbom_sigstore_online::token::{ambient, run_program};
use mlbom_sigstore_online::{Client, IdentityToken, RekorVersion, Services, Url};

use crate::args::Args;
use crate::error::Error;

/// The longest token file that is read, in bytes.
const MAX_TOKEN_BYTES: u64 = 16 << 10;
/// The variable that CI systems and people put a token in.
const TOKEN_VARIABLE: &str = "SIGSTORE_ID_TOKEN";

/// What is asked, and what it is checked by.
pub(crate) struct Used {
    pub(crate) services: Services,
    /// `None` if the caller did not say whom to believe: then only the signature is checked.
    pub(crate) root: Option<TrustedRoot>,
    /// Made when something is asked: what is wrong with the environment's proxy is no matter before.
    client: OnceCell<Client>,
}

impl Used {
    /// The services that the caller names; for an identity, if none is named, those of the public Sigstore instance.
    pub(crate) fn of(args: &Args, for_identity: bool, output: &mut Output) -> Result<Self, Error> {
        let mut root = args.trusted_root.as_deref().map(|file| read_root(file, output)).transpose()?;
        let now = Timestamp::now();
        let mut services = Services::default();
        let named = !args.tsa.is_empty() || args.rekor.is_some() || args.fulcio.is_some();
        if let Some(file) = &args.trust_config {
            let (name, text) = read("--trust-config", file, output)?;
            let wrong = |source| Error::Config { name: name.clone(), source };
            let config = Services::from_trust_config(&text, now, args.rekor_version).map_err(wrong)?;
            let wrong = |source| Error::Root { name: name.clone(), source };
            root = Some(TrustedRoot::parse(&config.trusted_root).map_err(wrong)?);
            services = config.services;
        } else if let Some(file) = &args.signing_config {
            let (name, text) = read("--signing-config", file, output)?;
            services = Services::from_signing_config(&text, now, args.rekor_version)
                .map_err(|source| Error::Config { name, source })?;
        } else if named {
            services.fulcio = args.fulcio.as_deref().map(|url| parse("--fulcio", url)).transpose()?;
            let version = args.rekor_version.unwrap_or(RekorVersion::V1);
            let rekor = args.rekor.as_deref().map(|url| parse("--rekor", url)).transpose()?;
            services.rekor = rekor.into_iter().map(|url| (url, version)).collect();
            // Timestamps are signed: with somebody to check them by, nobody on the way can do more than lose them.
            let parse_tsa = if root.is_some() { Url::parse_with_plain } else { Url::parse };
            let tsa = |url: &String| parse_tsa(url).map_err(|source| Error::Url { flag: "--tsa", source });
            services.tsa = args.tsa.iter().map(tsa).collect::<Result<_, _>>()?;
        } else if for_identity {
            let config = TrustedRoot::public_good_signing_config();
            services = Services::from_signing_config(config, now, args.rekor_version).map_err(|source| {
                Error::Config { name: "the public Sigstore instance".to_owned(), source }
            })?;
            root = root.or_else(|| Some(TrustedRoot::public_good()));
        }
        // It would choose among none.
        if args.rekor_version.is_some() && services.rekor.is_empty() {
            return Err(Error::RekorVersionAlone);
        }
        Ok(Self { services, root, client: OnceCell::new() })
    }

    /// What asks.
    pub(crate) fn client(&self) -> Result<&Client, Error> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let made = Client::new(&environment)?;
        Ok(self.client.get_or_init(|| made))
    }

    /// Whom certificates have to lead to, as far as the caller said. One of a private authority need not where the root lists
    /// none: it is there for the logs and clocks alone.
    pub(crate) fn root_of_certificates(&self, is_keyless: bool) -> Option<&TrustedRoot> {
        self.root.as_ref().filter(|root| is_keyless || !root.authorities.is_empty())
    }

    /// Whether anything is asked at all.
    pub(crate) fn is_any(&self) -> bool {
        let Services { fulcio, rekor, tsa, .. } = &self.services;
        fulcio.is_some() || !rekor.is_empty() || !tsa.is_empty()
    }

    /// A certificate is good for a time, one for an identity for minutes: a log without a clock wants one beside it, or
    /// nobody could ever verify what is published there.
    pub(crate) fn check_clock(&self, by_certificate: bool) -> Result<(), Error> {
        let Services { rekor, tsa, .. } = &self.services;
        let has_clock = !tsa.is_empty() || rekor.iter().any(|(_, version)| *version == RekorVersion::V1);
        if by_certificate && !rekor.is_empty() && !has_clock { Err(Error::NoClock) } else { Ok(()) }
    }

    /// Whether nothing says when it is signed.
    pub(crate) fn is_timeless(&self) -> bool {
        self.services.rekor.is_empty() && self.services.tsa.is_empty()
    }

    /// The token: from a file, from the environment, or from the CI run that this is.
    pub(crate) fn token(&self, args: &Args, output: &mut Output) -> Result<IdentityToken, Error> {
        let now = Timestamp::now();
        if let Some(file) = &args.identity_token {
            let input = Input::open(file, MAX_TOKEN_BYTES)?;
            output.protect(input.identity);
            let wrong = || Error::TokenNotText(input.name.clone());
            let text = std::str::from_utf8(&input.bytes).map_err(|_| wrong())?;
            return IdentityToken::parse(text.trim(), now)
                .map_err(|source| Error::Token { name: input.name.clone(), source });
        }
        if let Some(text) = environment(TOKEN_VARIABLE) {
            let name = TOKEN_VARIABLE.to_owned();
            return IdentityToken::parse(text.trim(), now).map_err(|source| Error::Token { name, source });
        }
        ambient(self.client()?, &environment, &run_program, now)?.ok_or(Error::NoToken)
    }
}

/// Whether a token is at hand, or should be: in a CI run without one, that it has none says more than that there is no key.
pub(crate) fn token_at_hand(args: &Args) -> bool {
    args.identity_token.is_some()
        || environment(TOKEN_VARIABLE).is_some()
        || ["GITHUB_ACTIONS", "GITLAB_CI", "BUILDKITE", "CIRCLECI"]
            .iter()
            .any(|name| environment(name).as_deref() == Some("true"))
}

/// Here and not where arguments are read: a message there would show the password of a URL that has one.
pub(crate) fn parse(flag: &'static str, url: &str) -> Result<Url, Error> {
    Url::parse(url).map_err(|source| Error::Url { flag, source })
}

pub(crate) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn read(flag: &'static str, file: &Path, output: &mut Output) -> Result<(String, String), Error> {
    let given = file.as_os_str().as_bytes().to_ascii_lowercase();
    if given.starts_with(b"https://") || given.starts_with(b"http://") {
        return Err(Error::UrlForFile(flag));
    }
    let input = Input::open(file, MAX_CONFIG_BYTES as u64)?;
    output.protect(input.identity);
    let text = String::from_utf8(input.bytes).map_err(|_| Error::NotUtf8(input.name.clone()))?;
    Ok((input.name, text))
}

fn read_root(file: &Path, output: &mut Output) -> Result<TrustedRoot, Error> {
    let (name, text) = read("--trusted-root", file, output)?;
    TrustedRoot::parse(&text).map_err(|source| Error::Root { name, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_says_when() {
        let url = || Url::parse("https://service.example").expect("a URL");
        let used = |services| Used { services, root: None, client: OnceCell::new() };
        let (fulcio, none) = (Some(url()), Services::default());
        let alone = used(Services { fulcio: fulcio.clone(), ..none.clone() });
        assert!(alone.is_timeless() && alone.check_clock(true).is_ok());
        let timed = used(Services { fulcio: fulcio.clone(), tsa: vec![url()], ..none.clone() });
        assert!(!timed.is_timeless() && timed.check_clock(true).is_ok());
        for (version, has_clock) in [(RekorVersion::V1, true), (RekorVersion::V2, false)] {
            let rekor = vec![(url(), version)];
            let logged = used(Services { fulcio: fulcio.clone(), rekor, ..none.clone() });
            assert!(!logged.is_timeless(), "{version:?}");
            assert_eq!(logged.check_clock(true).is_ok(), has_clock, "{version:?}");
            assert!(logged.check_clock(false).is_ok(), "{version:?}");
        }
    }
}
