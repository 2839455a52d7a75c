//! Requests over HTTP, with limits on everything that a server could draw out.
//!
//! TLS is rustls on aws-lc-rs, and trusts what the machine trusts (`SSL_CERT_FILE` and `SSL_CERT_DIR` included, where its
//! root store reads them). No redirect is followed: a token would go along, and services have no need of them.

use std::fmt;
use std::io::Read as _;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustls::crypto::aws_lc_rs;
use ureq::http::{Method, Request as HttpRequest, Response};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body, Proxy, Timeout};

use crate::escape::shown;
use crate::url::Url;

/// How often a request is sent again after a failed connection or an answer of 429, 502 or 503.
pub const RETRIES: u32 = 3;

/// The longest head of an answer, in bytes.
const MAX_HEAD_BYTES: usize = 64 << 10;

/// How long and how much a request may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For the connection, TLS included.
    pub connect: Duration,
    /// From the first byte to the last. Rekor v2 answers when its next checkpoint is made: up to 10 s by default.
    pub whole: Duration,
    /// The longest answer, in bytes.
    pub answer_bytes: u64,
    /// The pause before the first repetition; each next one is twice as long.
    pub backoff: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            whole: Duration::from_secs(60),
            answer_bytes: 8 << 20,
            backoff: Duration::from_millis(500),
        }
    }
}

/// What sends requests. Copies share their connections.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    direct: Agent,
    proxied: Option<Agent>,
    /// Hosts that are asked without the proxy, in lower case.
    no_proxy: Vec<String>,
    limits: Limits,
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
#[error("{0} is not the URL of an http or https proxy")]
pub struct BadProxy(&'static str);

/// Why a request got no answer that is of use.
///
/// What a server said is cut to 300 bytes and escaped; tokens that were sent are taken out of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// No connection, or a broken one; after [`RETRIES`].
    #[error("{url}: cannot be asked")]
    Connection {
        /// What was asked.
        url: Url,
        /// Why not.
        source: Cause,
    },
    /// It points elsewhere.
    #[error("{url}: answered {status}, a redirection to {to:?}, and none is followed")]
    Redirect {
        /// What was asked.
        url: Url,
        /// The status.
        status: u16,
        /// Where to.
        to: String,
    },
    /// Not what was hoped for.
    #[error("{url}: answered {status}: {said}")]
    Status {
        /// What was asked.
        url: Url,
        /// The status.
        status: u16,
        /// The beginning of the answer.
        said: String,
    },
    /// It, or the connection, is too slow.
    #[error("{url}: did not answer within {seconds} s")]
    Timeout {
        /// What was asked.
        url: Url,
        /// How long was waited.
        seconds: u64,
    },
    /// More than anything that is asked for would have.
    #[error("{url}: the answer has more than {limit} bytes")]
    TooBig {
        /// What was asked.
        url: Url,
        /// How much was allowed.
        limit: u64,
    },
}

/// What the layers below said, made safe to show.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Cause(String);

/// A request.
pub(crate) struct Request<'a> {
    pub(crate) url: &'a Url,
    /// Content type and bytes: then it is a POST.
    pub(crate) body: Option<(&'static str, &'a [u8])>,
    /// What the answer should be.
    pub(crate) accept: &'static str,
    /// For the `Authorization` header; visible ASCII.
    pub(crate) bearer: Option<&'a str>,
    /// What no error may show, the bearer token apart.
    pub(crate) secret: Option<&'a str>,
    /// Statuses that are of use beside 200 to 299.
    pub(crate) taken: &'a [u16],
    /// The longest answer, where the client's limit is not less.
    pub(crate) limit: u64,
}

/// An answer with status 200 to 299, or one of those that were asked for.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) location: Option<String>,
    pub(crate) body: Vec<u8>,
}

impl Client {
    /// A client with the usual limits.
    ///
    /// `env` is asked for `HTTPS_PROXY`, else `https_proxy`: the proxy that `https` requests go through, unless their host is
    /// listed in `NO_PROXY`, else `no_proxy` (names with commas between them; each stands for its subdomains too; `*` for
    /// all). This machine is never asked through a proxy. A proxy changes the way that requests take, and no result: the
    /// other end of TLS is the service.
    pub fn new(env: &dyn Fn(&str) -> Option<String>) -> Result<Self, BadProxy> {
        Self::with_limits(env, Limits::default())
    }

    /// The same with other limits.
    pub fn with_limits(env: &dyn Fn(&str) -> Option<String>, limits: Limits) -> Result<Self, BadProxy> {
        let set = |names: [&'static str; 2]| {
            let value =
                |name| env(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
            names.into_iter().find_map(|name| value(name).map(|value| (name, value)))
        };
        let proxied = match set(["HTTPS_PROXY", "https_proxy"]) {
            Some((name, text)) => Some(agent(&limits, Some(proxy(&text).ok_or(BadProxy(name))?))),
            None => None,
        };
        let no_proxy = set(["NO_PROXY", "no_proxy"]).map(|(_, list)| list).unwrap_or_default();
        let no_proxy = no_proxy.split(',').map(|name| name.trim().to_ascii_lowercase()).collect();
        Ok(Self(Arc::new(Inner { direct: agent(&limits, None), proxied, no_proxy, limits })))
    }

    /// Sends a request, and again if that may help.
    pub(crate) fn send(&self, request: &Request<'_>) -> Result<Answer, HttpError> {
        let mut pause = self.0.limits.backoff;
        for _ in 0..RETRIES {
            match self.send_once(request) {
                Err(Failure { again: true, .. }) => {}
                done => return done.map_err(|failure| failure.error),
            }
            thread::sleep(pause);
            pause *= 2;
        }
        self.send_once(request).map_err(|failure| failure.error)
    }

    fn send_once(&self, request: &Request<'_>) -> Result<Answer, Failure> {
        let failed = |err: ureq::Error| self.failure(request, &err);
        let mut response = self.exchange(request).map_err(failed)?;
        let status = response.status().as_u16();
        let location = response.headers().get("location");
        let location = location.map(|to| String::from_utf8_lossy(to.as_bytes()).into_owned());
        let url = || request.url.clone();
        if matches!(status, 300..400) && status != 304 {
            let to = shown(location.unwrap_or_default().as_bytes(), &request.secrets());
            return Err(HttpError::Redirect { url: url(), status, to }.into());
        }
        let limit = request.limit.min(self.0.limits.answer_bytes);
        let mut body = Vec::new();
        let reader = response.body_mut().as_reader();
        reader.take(limit.saturating_add(1)).read_to_end(&mut body).map_err(|err| failed(err.into()))?;
        let too_big = body.len() as u64 > limit;
        if !matches!(status, 200..300) && !request.taken.contains(&status) {
            // A token could be cut by the limit, and not be found any more.
            let said = if too_big { String::new() } else { shown(&body, &request.secrets()) };
            let error = HttpError::Status { url: url(), status, said };
            return Err(Failure { error, again: matches!(status, 429 | 502 | 503) });
        }
        if too_big {
            return Err(HttpError::TooBig { url: url(), limit }.into());
        }
        Ok(Answer { status, location, body })
    }

    fn exchange(&self, request: &Request<'_>) -> Result<Response<Body>, ureq::Error> {
        let method = if request.body.is_some() { Method::POST } else { Method::GET };
        let mut head =
            HttpRequest::builder().method(method).uri(request.url.as_str()).header("accept", request.accept);
        if let Some(token) = request.bearer {
            head = head.header("authorization", format!("Bearer {token}"));
        }
        let agent = self.agent(request.url);
        match request.body {
            Some((content_type, bytes)) => agent.run(head.header("content-type", content_type).body(bytes)?),
            None => agent.run(head.body(())?),
        }
    }

    /// Straight, or through the proxy.
    fn agent(&self, url: &Url) -> &Agent {
        let host = url.host();
        let listed = |name: &String| {
            let name = name.strip_prefix("*.").or(name.strip_prefix('.')).unwrap_or(name);
            let within = host.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
            !name.is_empty() && (name == "*" || within)
        };
        match &self.0.proxied {
            Some(proxied) if !url.is_loopback() && !self.0.no_proxy.iter().any(listed) => proxied,
            _ => &self.0.direct,
        }
    }

    fn failure(&self, request: &Request<'_>, err: &ureq::Error) -> Failure {
        let url = request.url.clone();
        let limits = &self.0.limits;
        let again = match err {
            // A certificate that does not hold comes as invalid data.
            ureq::Error::Io(err) => err.kind() != std::io::ErrorKind::InvalidData,
            ureq::Error::ConnectionFailed | ureq::Error::HostNotFound => true,
            ureq::Error::Timeout(Timeout::Connect | Timeout::Resolve) => true,
            _ => false,
        };
        let error = match err {
            ureq::Error::Timeout(Timeout::Connect | Timeout::Resolve) => {
                HttpError::Timeout { url, seconds: limits.connect.as_secs() }
            }
            ureq::Error::Timeout(_) => HttpError::Timeout { url, seconds: limits.whole.as_secs() },
            err => {
                let said = shown(err.to_string().as_bytes(), &request.secrets());
                HttpError::Connection { url, source: Cause(said) }
            }
        };
        Failure { error, again }
    }
}

impl fmt::Debug for Client {
    /// Without the proxy, whose URL may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("limits", &self.0.limits).finish_non_exhaustive()
    }
}

impl<'a> Request<'a> {
    /// `GET url`, for JSON.
    pub(crate) fn get(url: &'a Url) -> Self {
        let accept = "application/json";
        Self { url, body: None, accept, bearer: None, secret: None, taken: &[], limit: u64::MAX }
    }

    /// `POST url` of JSON, for JSON.
    pub(crate) fn post_json(url: &'a Url, body: &'a str) -> Self {
        Self { body: Some(("application/json", body.as_bytes())), ..Self::get(url) }
    }

    fn secrets(&self) -> Vec<&str> {
        self.bearer.into_iter().chain(self.secret).collect()
    }
}

/// An error, and whether to try again.
struct Failure {
    error: HttpError,
    again: bool,
}

impl From<HttpError> for Failure {
    fn from(error: HttpError) -> Self {
        Self { error, again: false }
    }
}

fn agent(limits: &Limits, proxy: Option<Proxy>) -> Agent {
    // Named, so that no other provider of the process, and no feature of a dependency, takes its place.
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::PlatformVerifier)
        .unversioned_rustls_crypto_provider(Arc::new(aws_lc_rs::default_provider()))
        .build();
    Agent::config_builder()
        .tls_config(tls)
        // In any case: left out, the environment would be asked.
        .proxy(proxy)
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .max_response_header_size(MAX_HEAD_BYTES)
        .timeout_connect(Some(limits.connect))
        .timeout_resolve(Some(limits.connect))
        .timeout_global(Some(limits.whole))
        .user_agent(concat!("mlbom/", env!("CARGO_PKG_VERSION")))
        .build()
        .new_agent()
}

/// An http or https proxy; without a scheme it is http, as elsewhere.
fn proxy(text: &str) -> Option<Proxy> {
    let Some((scheme, rest)) = text.split_once("://") else { return Proxy::new(text).ok() };
    // A scheme has no case (RFC 3986, 3.1), but the reader's has one.
    let scheme = scheme.to_ascii_lowercase();
    let known = matches!(scheme.as_str(), "http" | "https");
    known.then(|| Proxy::new(&format!("{scheme}://{rest}")).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_hosts_go_through_the_proxy() {
        let env = |name: &str| match name {
            "HTTPS_PROXY" => Some(" http://user:secret@proxy.example:3128\n".to_owned()),
            "no_proxy" => Some("corp.example, .dot.example,*.star.example,".to_owned()),
            _ => None,
        };
        let client = Client::new(&env).expect("a client");
        for (url, proxied) in [
            ("https://fulcio.sigstore.dev", true),
            ("https://notcorp.example", true),
            ("https://corp.example", false),
            ("https://rekor.CORP.example:8443", false),
            ("https://a.dot.example", false),
            ("https://a.star.example", false),
            ("https://localhost", false),
            ("http://127.0.0.1:80", false),
            ("http://[::1]:80", false),
        ] {
            let url = Url::parse(url).expect("a URL");
            assert_eq!(std::ptr::eq(client.agent(&url), &raw const client.0.direct), !proxied, "{url}");
        }
        assert!(!format!("{client:?}").contains("secret"));
        let all = Client::new(&|name| match name {
            "NO_PROXY" => Some("*".to_owned()),
            other => env(other),
        });
        let url = Url::parse("https://fulcio.sigstore.dev").expect("a URL");
        let all = all.expect("a client");
        assert!(std::ptr::eq(all.agent(&url), &raw const all.0.direct));
    }

    #[test]
    fn proxies() {
        for (text, taken) in [
            ("http://proxy.example:3128", true),
            ("proxy.example:3128", true),
            ("HTTP://proxy.example:3128", true),
            ("Https://user:pw@proxy.example", true),
            ("socks5://proxy.example", false),
            ("ftp://proxy.example", false),
            ("http://", false),
            ("://", false),
        ] {
            assert_eq!(proxy(text).is_some(), taken, "{text}");
        }
        let bad = Client::new(&|name| (name == "HTTPS_PROXY").then(|| "socks5://u:secret@p".to_owned()));
        assert_eq!(
            bad.map(|_| ()).map_err(|err| err.to_string()),
            Err("HTTPS_PROXY is not the URL of an http or https proxy".to_owned())
        );
    }
}
