use oauth2::{AccessToken, AuthType};
use serde_json::Value;
use url::Url;

use super::{exchange::Endpoints, fault::ProviderFault, profile};
use crate::{
    error::{Error, Result},
    identity::Assertion,
    json,
    oauth::provider::Provider,
    outbound::Web,
};

const HEADERS: [(&str, &str); 2] = [
    ("accept", "application/vnd.github+json"),
    ("x-github-api-version", "2022-11-28"),
];

pub(super) fn endpoints(provider: &Provider) -> Result<Endpoints> {
    let url = |path: &str| {
        Url::parse(&format!("{}/login/oauth/{path}", provider.issuer()))
            .map_err(Error::configuration)
    };
    Ok(Endpoints {
        authorization: url("authorize")?,
        token: url("access_token")?,
        proof: AuthType::RequestBody,
    })
}

/// Whether it is GitHub that calls itself so on the way back: the base, or its authorization server below it.
pub(super) fn is_issuer(provider: &Provider, iss: &str) -> bool {
    let base = provider.issuer();
    iss == base || iss.strip_prefix(base) == Some("/login/oauth")
}

/// Asks whose the token is, and for their primary address.
pub(super) async fn identify(
    web: &Web,
    provider: &Provider,
    token: &AccessToken,
) -> Result<Assertion, ProviderFault> {
    const USER: &str = "user";
    const ADDRESSES: &str = "list of addresses";
    let api = provider.api();
    let (user, addresses) = (format!("{api}/user"), format!("{api}/user/emails"));
    let user = profile::ask(web, USER, &user, token, &HEADERS).await?;
    let user = json::parse_object(&user)
        .map_err(|_| ProviderFault::Nonsense(USER, "is not one JSON object"))?;
    // The login is not who they are: it can be changed, and taken by somebody else.
    let id = user.get("id").and_then(Value::as_u64).filter(|id| *id > 0);
    let id = id.ok_or(ProviderFault::Nonsense(USER, "has no number"))?;
    let addresses = profile::ask(web, ADDRESSES, &addresses, token, &HEADERS).await?;
    let addresses: Vec<Value> = serde_json::from_slice(&addresses)
        .map_err(|_| ProviderFault::Nonsense(ADDRESSES, "is not a JSON array"))?;
    let is = |address: &Value, name: &str| address.get(name) == Some(&Value::Bool(true));
    let primary = addresses.iter().find(|address| is(address, "primary"));
    Ok(profile::described(
        provider,
        id.to_string(),
        primary.and_then(|primary| primary.get("email")?.as_str()),
        primary.is_some_and(|primary| is(primary, "verified")),
        user.get("name").and_then(Value::as_str),
    ))
}
