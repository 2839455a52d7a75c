//! Identity tokens: what a certificate is issued for.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mlbom::json;
use mlbom::text::escape;
use mlbom::time::Timestamp;
use serde::Deserialize;

mod ambient;

pub use ambient::{AmbientError, Run, ambient, run_program};

/// The longest token that is read, in bytes.
pub const MAX_TOKEN_BYTES: usize = 16 << 10;

/// Whom the token must be for: Fulcio's name in the `aud` claim.
pub const AUDIENCE: &str = "sigstore";

/// How far the clock here may be from the issuer's.
const SKEW_SECONDS: i64 = 60;

/// An OpenID Connect identity token (a JWT, RFC 7519): whoever holds it can sign in the name of its subject.
#[derive(Clone)]
pub struct IdentityToken {
    raw: String,
    issuer: String,
    subject: Subject,
    expires: Timestamp,
}

/// Whom a token is about.
#[derive(Clone, Debug)]
enum Subject {
    /// The `email` claim: certified as it is.
    Email(String),
    /// The `sub` claim: of a build an authority makes a name of its own.
    Sub(String),
}

/// Why a text is not a token that a certificate is issued for. Never shows the token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// For someone else.
    #[error("the token's aud is {0}, {AUDIENCE:?} was wanted")]
    Audience(String),
    /// Absent, empty or of another type.
    #[error("the token's {0} is missing or is not of its type")]
    Claim(&'static str),
    /// Not JSON, or claims twice.
    #[error("the token's {0} is not a JSON object without repeated keys")]
    Json(&'static str),
    /// Too late.
    #[error("the token has expired: exp is {0}")]
    Expired(Timestamp),
    /// Not a JWT in its compact form.
    #[error(
        "is not an identity token: three base64url parts with dots between them, at most {MAX_TOKEN_BYTES} bytes, were wanted"
    )]
    Malformed,
    /// Too early.
    #[error("the token is not valid yet: nbf is {0}")]
    NotYet(Timestamp),
    /// Fulcio does not issue certificates for it.
    #[error("the token's email_verified is false")]
    Unverified,
}

impl IdentityToken {
    /// Reads a JWT in compact form (RFC 7515, 7.1), white space around it aside, and checks its claims at `at`.
    ///
    /// Its signature is not checked: Fulcio does that. What is checked here is what Fulcio would refuse for reasons that it
    /// does not explain as well. A minute of difference between the clocks is allowed.
    pub fn parse(jwt: &str, at: Timestamp) -> Result<Self, TokenError> {
        let raw = jwt.trim_ascii();
        if raw.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::Malformed);
        }
        let parts: Vec<&str> = raw.split('.').collect();
        let [header, claims, signature] = parts[..] else { return Err(TokenError::Malformed) };
        let decoded = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenError::Malformed);
        if decoded(signature)?.is_empty() {
            return Err(TokenError::Malformed);
        }
        object(&decoded(header)?, "header")?;
        let claims = object(&decoded(claims)?, "claims")?;
        let token = Self {
            raw: raw.to_owned(),
            issuer: text(&claims, "iss")?.ok_or(TokenError::Claim("iss"))?,
            subject: subject(&claims)?,
            expires: time(&claims, "exp")?.ok_or(TokenError::Claim("exp"))?,
        };
        audience(&claims)?;
        if token.expires.seconds() + SKEW_SECONDS <= at.seconds() {
            return Err(TokenError::Expired(token.expires));
        }
        match time(&claims, "nbf")? {
            Some(begin) if begin.seconds() - SKEW_SECONDS > at.seconds() => Err(TokenError::NotYet(begin)),
            _ => Ok(token),
        }
    }

    /// What Fulcio wants signed to see that the key is the asker's: the email address if there is one, else `sub`.
    #[must_use]
    pub fn subject(&self) -> &str {
        match &self.subject {
            Subject::Email(text) | Subject::Sub(text) => text,
        }
    }

    /// The email address, if that is the subject. A `sub` may look like one: a tag `model@1.0` is part of GitHub's.
    #[must_use]
    pub fn email(&self) -> Option<&str> {
        match &self.subject {
            Subject::Email(address) => Some(address),
            Subject::Sub(_) => None,
        }
    }

    /// Who vouches for the subject (`iss`).
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// From when on it is of no use (`exp`).
    #[must_use]
    pub fn expires(&self) -> Timestamp {
        self.expires
    }

    /// The token itself: a secret.
    #[must_use]
    pub fn raw(&self) -> &str {
        &self.raw
    }
}

impl fmt::Debug for IdentityToken {
    /// Without the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdentityToken")
            .field("issuer", &self.issuer)
            .field("subject", &self.subject)
            .finish_non_exhaustive()
    }
}

type Object = serde_json::Map<String, serde_json::Value>;

fn object(bytes: &[u8], what: &'static str) -> Result<Object, TokenError> {
    let wrong = || TokenError::Json(what);
    let text = std::str::from_utf8(bytes).map_err(|_| wrong())?;
    // The reader's own words may hold a piece of the token.
    json::parse(text).map_err(|_| wrong())
}

/// A claim that is a text and not empty, if it is there.
fn text(claims: &Object, name: &'static str) -> Result<Option<String>, TokenError> {
    match claims.get(name) {
        None => Ok(None),
        Some(serde_json::Value::String(text)) if !text.is_empty() => Ok(Some(text.clone())),
        Some(_) => Err(TokenError::Claim(name)),
    }
}

/// A claim that is a NumericDate (RFC 7519, 2): seconds, perhaps with a fraction, which is dropped.
fn time(claims: &Object, name: &'static str) -> Result<Option<Timestamp>, TokenError> {
    let Some(value) = claims.get(name) else { return Ok(None) };
    let whole = value.as_i64().or_else(|| {
        // Beyond it whole seconds are not exact, and the year is not a year.
        value.as_f64().filter(|seconds| seconds.abs() < 1e15).map(|seconds| seconds.floor() as i64)
    });
    whole.and_then(Timestamp::from_seconds).map(Some).ok_or(TokenError::Claim(name))
}

fn subject(claims: &Object) -> Result<Subject, TokenError> {
    let sub = text(claims, "sub")?.ok_or(TokenError::Claim("sub"))?;
    let email = match claims.get("email") {
        // Some issuers write that there is none.
        Some(serde_json::Value::Null) => None,
        Some(serde_json::Value::String(text)) if text.is_empty() => None,
        _ => text(claims, "email")?,
    };
    let Some(email) = email.map(Subject::Email) else { return Ok(Subject::Sub(sub)) };
    // Some issuers write it as a text.
    match claims.get("email_verified") {
        None | Some(serde_json::Value::Bool(true)) => Ok(email),
        Some(serde_json::Value::String(text)) if text == "true" => Ok(email),
        Some(serde_json::Value::Bool(false)) => Err(TokenError::Unverified),
        Some(serde_json::Value::String(text)) if text == "false" => Err(TokenError::Unverified),
        Some(_) => Err(TokenError::Claim("email_verified")),
    }
}

/// Checks that Fulcio is among those whom the token is for.
fn audience(claims: &Object) -> Result<(), TokenError> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Audience {
        One(String),
        Several(Vec<String>),
    }
    let value = claims.get("aud").ok_or(TokenError::Claim("aud"))?;
    let all = match Audience::deserialize(value).map_err(|_| TokenError::Claim("aud"))? {
        Audience::One(name) => vec![name],
        Audience::Several(names) => names,
    };
    if all.iter().any(|name| name == AUDIENCE) {
        return Ok(());
    }
    let shown: String = escape(&format!("{all:?}")).chars().take(200).collect();
    Err(TokenError::Audience(shown))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    const NOW: i64 = 1_795_262_400;

    /// A token whose claims are `claims`; its signature is none.
    pub(crate) fn jwt(claims: &str) -> String {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}.{}", part(r#"{"alg":"ES256"}"#), part(claims), part("signature"))
    }

    fn parse(text: &str) -> Result<IdentityToken, TokenError> {
        IdentityToken::parse(text, Timestamp::from_seconds(NOW).expect("a time"))
    }

    fn claims(more: &str) -> String {
        format!(r#"{{"iss":"https://issuer.example","sub":"s","aud":"sigstore","exp":{}{more}}}"#, NOW + 600)
    }

    #[test]
    fn refusals() {
        let good = jwt(&claims(""));
        let replaced = |from: &str, to: &str| jwt(&claims("").replace(from, to));
        let exp = format!(r#""exp":{}"#, NOW + 600);
        let long = jwt(&claims(&format!(r#","x":"{}""#, "a".repeat(MAX_TOKEN_BYTES))));
        for (text, told, why) in [
            (String::new(), "three base64url parts", "empty"),
            ("a.b".to_owned(), "three base64url parts", "two parts"),
            (format!("{good}.x"), "three base64url parts", "four parts"),
            (format!("{good}="), "three base64url parts", "padding"),
            (format!("{good}\nX: y"), "three base64url parts", "a header of its own"),
            (
                good.rsplit_once('.').map(|(start, _)| format!("{start}.")).expect("dots"),
                "three base64url",
                "unsigned",
            ),
            (long, "at most 16384 bytes", "long"),
            (jwt("[]"), "claims is not a JSON object", "array"),
            (jwt(&claims(r#","iss":"https://other.example""#)), "claims is not a JSON object", "two issuers"),
            (replaced("\"iss\"", "\"isx\""), "iss is missing", "no issuer"),
            (replaced("\"https://issuer.example\"", "7"), "iss is missing or is not", "issuer"),
            (replaced("\"sub\"", "\"sux\""), "sub is missing", "no subject"),
            (replaced("\"s\"", "\"\""), "sub is missing", "empty subject"),
            (replaced("\"aud\"", "\"aux\""), "aud is missing", "no audience"),
            (replaced("\"sigstore\"", "\"pypi\""), "aud is [\"pypi\"], \"sigstore\" was wanted", "audience"),
            (replaced("\"sigstore\"", "[\"a\",\"sigstorex\"]"), "aud is", "audiences"),
            (replaced("\"sigstore\"", "[]"), "aud is []", "no audiences"),
            (replaced(&exp, r#""x":1"#), "exp is missing", "no expiry"),
            (replaced(&exp, r#""exp":"tomorrow""#), "exp is missing", "expiry"),
            (replaced(&exp, r#""exp":1e300"#), "exp is missing", "expiry in no year"),
            (
                replaced(&exp, &format!(r#""exp":{}"#, NOW - 60)),
                "expired: exp is 2026-11-21T11:59:00Z",
                "expired",
            ),
            (
                jwt(&claims(&format!(r#","nbf":{}"#, NOW + 61))),
                "not valid yet: nbf is 2026-11-21T12:01:01Z",
                "early",
            ),
            (jwt(&claims(r#","nbf":"x""#)), "nbf", "begin"),
            (
                jwt(&claims(r#","email":"a@example.com","email_verified":false"#)),
                "email_verified",
                "unverified",
            ),
            (
                jwt(&claims(r#","email":"a@example.com","email_verified":"false""#)),
                "email_verified",
                "unverified text",
            ),
            (jwt(&claims(r#","email":7"#)), "email", "address"),
        ] {
            let err = parse(&text).expect_err(why).to_string();
            assert!(err.contains(told), "{why}: {err}");
            let payload = text.split('.').nth(1).filter(|part| part.len() > 8);
            assert!(payload.is_none_or(|part| !err.contains(part)), "{why}: {err}");
        }
    }

    #[test]
    fn tokens() {
        let token = parse(&format!("  {}\n", jwt(&claims("")))).expect("white space around it");
        assert_eq!((token.issuer(), token.subject()), ("https://issuer.example", "s"));
        assert_eq!(token.raw(), jwt(&claims("")));
        assert!(!format!("{token:?}").contains(token.raw()));
        for (more, subject) in [
            (r#","email":"a@example.com","email_verified":true"#, "a@example.com"),
            (r#","email":"a@example.com""#, "a@example.com"),
            (r#","email_verified":false"#, "s"),
            (r#","email":"","email_verified":false"#, "s"),
            (r#","email":null"#, "s"),
            (r#","nbf":1795262460"#, "s"),
            (r#","nbf":1795262400.75"#, "s"),
        ] {
            let token = parse(&jwt(&claims(more))).expect(more);
            assert_eq!(token.subject(), subject);
            assert_eq!(token.email(), Some(subject).filter(|subject| *subject != "s"), "{more}");
        }
        // An address by its looks only.
        let tag = claims("").replace("\"s\"", "\"repo:o/r:ref:refs/tags/model@1.0\"");
        assert_eq!(parse(&jwt(&tag)).expect("a tag").email(), None);
        let several = claims("").replace("\"sigstore\"", "[\"a\",\"sigstore\"]");
        assert!(parse(&jwt(&several)).is_ok());
        let skewed = claims("").replace(&(NOW + 600).to_string(), &(NOW - 59).to_string());
        assert!(parse(&jwt(&skewed)).is_ok());
    }
}
