//! A provider's discovery document.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Map, Value};
use url::Url;

use super::{MAX_DOCUMENT, fault::ProviderFault, hourly};
use crate::{
    error::BoxError,
    json,
    outbound::Web,
    renewal::{Fetch, Terms},
};

pub(super) const TERMS: Terms = hourly("the configuration of a provider");

/// The part of a provider's metadata (OpenID Connect Discovery 1.0, section 3) that this client uses.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Metadata {
    pub(super) authorization: Url,
    pub(super) token: Url,
    pub(super) jwks: Url,
    pub(super) userinfo: Option<Url>,
    /// The client authentication methods, if the provider lists them.
    pub(super) auth_methods: Option<Vec<String>>,
    /// The signature algorithms of ID tokens, if the provider lists them.
    pub(super) algorithms: Option<Vec<String>>,
    /// Whether the provider sends its `iss` to the callback (RFC 9207, section 3).
    pub(super) names_itself: bool,
}

/// Fetches one issuer's metadata.
#[derive(Debug)]
pub(super) struct Discovery {
    pub(super) web: Web,
    pub(super) issuer: String,
}

#[async_trait]
impl Fetch for Discovery {
    type Value = Metadata;

    async fn fetch(&self, known: Option<Arc<Metadata>>) -> Result<Arc<Metadata>, BoxError> {
        let issuer = self.issuer.trim_end_matches('/');
        let url = format!("{issuer}/.well-known/openid-configuration");
        let document = fetch(&self.web, "configuration", &url).await?;
        let metadata = Metadata::read(&document, &self.issuer, &self.web)?;
        Ok(match known {
            Some(known) if *known == metadata => known,
            _ => {
                tracing::info!(
                    issuer = self.issuer,
                    "fetched the configuration of a provider"
                );
                Arc::new(metadata)
            }
        })
    }
}

/// Fetches a public document that is a JSON object.
pub(super) async fn fetch(
    web: &Web,
    what: &'static str,
    url: &str,
) -> Result<Map<String, Value>, BoxError> {
    let request = http::Request::get(url)
        .header(http::header::ACCEPT, "application/json")
        .body(Vec::new())?;
    let answer = web.send(request, MAX_DOCUMENT).await?;
    if answer.status() != http::StatusCode::OK {
        return Err(format!(
            "the request for the {what} was answered with {}",
            answer.status()
        )
        .into());
    }
    Ok(json::parse_object(answer.body())
        .map_err(|_| ProviderFault::Nonsense(what, "is not a single JSON object"))?)
}

impl Metadata {
    fn read(document: &Map<String, Value>, issuer: &str, web: &Web) -> Result<Self, ProviderFault> {
        if document.get("issuer").and_then(Value::as_str) != Some(issuer) {
            return Err(nonsense("is from another issuer"));
        }
        let endpoint = |name: &str| match said(document, name) {
            None => Ok(None),
            Some(value) => {
                let url = value.as_str().and_then(|text| Url::parse(text).ok());
                let is_plain = |url: &Url| {
                    let is_anonymous = url.username().is_empty() && url.password().is_none();
                    is_anonymous && url.fragment().is_none()
                };
                url.filter(|url| web.may_ask(url) && is_plain(url))
                    .map(Some)
                    .ok_or_else(|| nonsense("names an endpoint that must not be called"))
            }
        };
        let required = |name: &str| endpoint(name)?.ok_or_else(|| nonsense("lacks an endpoint"));
        Ok(Self {
            authorization: required("authorization_endpoint")?,
            token: required("token_endpoint")?,
            jwks: required("jwks_uri")?,
            userinfo: endpoint("userinfo_endpoint")?,
            auth_methods: words(document, "token_endpoint_auth_methods_supported")?,
            algorithms: words(document, "id_token_signing_alg_values_supported")?,
            names_itself: match said(document, "authorization_response_iss_parameter_supported") {
                None => false,
                Some(Value::Bool(supported)) => *supported,
                Some(_) => return Err(nonsense("has a member of the wrong type")),
            },
        })
    }
}

/// Null counts as absent, because some servers write unset members as null.
fn said<'a>(document: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    document.get(name).filter(|value| !value.is_null())
}

fn words(document: &Map<String, Value>, name: &str) -> Result<Option<Vec<String>>, ProviderFault> {
    let Some(value) = said(document, name) else {
        return Ok(None);
    };
    value
        .as_array()
        .and_then(|words| {
            let word = |word: &Value| word.as_str().map(str::to_owned);
            words.iter().map(word).collect::<Option<Vec<_>>>()
        })
        .map(Some)
        .ok_or_else(|| nonsense("has a member of the wrong type"))
}

fn nonsense(why: &'static str) -> ProviderFault {
    ProviderFault::Nonsense("configuration", why)
}
