//! Parses the values of settings.

use std::{ops::RangeInclusive, time::Duration};

use hallpass::{
    Error,
    credential::{HttpBreachCheck, PasswordPolicy},
    mail::Links,
    secret::Password,
    token::SigningAlgorithm,
};
use http::HeaderValue;
use url::Url;

/// Refuses an empty value before other requirements are checked, because the variable was probably not filled in.
pub(super) fn some_password(text: &str) -> Result<Password, &'static str> {
    if text.is_empty() {
        return Err("must not be empty");
    }
    Ok(Password::from(text))
}

pub(super) fn seconds(
    range: RangeInclusive<u64>,
) -> impl Fn(&str) -> Result<Duration, String> + Clone + Send + Sync {
    move |text| match text.parse() {
        Ok(seconds) if range.contains(&seconds) => Ok(Duration::from_secs(seconds)),
        _ => Err(format!(
            "expected {} to {} seconds",
            range.start(),
            range.end()
        )),
    }
}

/// Parses the name of the algorithm as it appears in the header of a token (RFC 7518, section 3.1).
pub(super) fn token_algorithm(text: &str) -> Result<SigningAlgorithm, &'static str> {
    match text {
        "EdDSA" => Ok(SigningAlgorithm::EdDsa),
        "ES256" => Ok(SigningAlgorithm::Es256),
        _ => Err("expected EdDSA or ES256"),
    }
}

pub(super) fn public_url(text: &str) -> Result<String, Error> {
    Links::new(text).map(|_| text.to_owned())
}

pub(super) fn password_policy(
    text: &str,
) -> Result<PasswordPolicy, Box<dyn std::error::Error + Send + Sync>> {
    Ok(PasswordPolicy::new(text.parse()?)?)
}

/// The service that lists breached passwords; `None` if the check is off.
#[derive(Clone, Debug)]
pub(crate) struct BreachCheckUrl(Option<String>);

impl BreachCheckUrl {
    pub(crate) fn service(&self) -> Result<Option<HttpBreachCheck>, Error> {
        self.0.as_deref().map(HttpBreachCheck::at).transpose()
    }
}

pub(super) fn breach_check(text: &str) -> Result<BreachCheckUrl, Error> {
    let url = match text {
        "false" => None,
        "true" => Some(HttpBreachCheck::PWNED_PASSWORDS),
        url => Some(url),
    };
    let url = BreachCheckUrl(url.map(str::to_owned));
    url.service().map(|_| url)
}

/// Parses scheme, host and port, exactly as browsers send them (RFC 6454, section 6.2), because no other spelling
/// would match.
pub(super) fn origin(text: &str) -> Result<HeaderValue, &'static str> {
    const EXPECTED: &str = "an origin looks like https://app.example.org";
    let text = text.trim();
    let url = Url::parse(text).map_err(|_| EXPECTED)?;
    let is_http = matches!(url.scheme(), "http" | "https");
    if is_http && !text.contains('*') && url.origin().ascii_serialization() == text {
        text.parse().map_err(|_| EXPECTED)
    } else {
        Err(EXPECTED)
    }
}

/// Keeps the URL as written, because browsers are sent there only if an application asks for exactly this URL.
pub(super) fn redirect(text: &str) -> Result<String, &'static str> {
    let text = text.trim();
    let url = Url::parse(text).map_err(|_| "not an absolute URL")?;
    match url.scheme() {
        "blob" | "data" | "file" | "filesystem" | "javascript" | "vbscript" => {
            Err("not a valid application URL")
        }
        _ if url.fragment().is_some() => Err("must have no fragment"),
        _ if url
            .query_pairs()
            .any(|(name, _)| ["code", "error", "state"].contains(&name.as_ref())) =>
        {
            Err("must not have code, error or state in its query")
        }
        _ => Ok(text.to_owned()),
    }
}
