//! The GitHub API.

use oauth2::{AccessToken, AuthType};
use serde_json::{Map, Value};
use url::Url;

use super::{exchange::Endpoints, fault::ProviderFault, profile};
use crate::{
    error::{Error, Result},
    feature::oauth::provider::Provider,
    json,
    outbound::Web,
};

const HEADERS: [(&str, &str); 2] = [
    ("accept", "application/vnd.github+json"),
    ("x-github-api-version", "2022-11-28"),
];

/// The maximum number of addresses that GitHub returns in one page.
const PAGE: usize = 100;
const MAX_PAGES: usize = 10;

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

/// Whether the `iss` parameter of a callback names GitHub. The value may be the base URL, or the
/// URL of the authorization server below it.
pub(super) fn is_issuer(provider: &Provider, iss: &str) -> bool {
    let base = provider.issuer();
    iss == base || iss.strip_prefix(base) == Some("/login/oauth")
}

/// Fetches the user whose access token this is. The result has the same structure as the claims of an ID token: the
/// subject and the names.
pub(super) async fn user(
    web: &Web,
    provider: &Provider,
    token: &AccessToken,
) -> Result<Map<String, Value>, ProviderFault> {
    const USER: &str = "user";
    let url = format!("{}/user", provider.api());
    let user = profile::ask(web, USER, &url, token, &HEADERS).await?;
    let user = json::parse_object(&user)
        .map_err(|_| ProviderFault::Nonsense(USER, "is not a single JSON object"))?;
    // The login name does not serve as the identity, because a user can change it, and another user
    // can then take it.
    let id = user
        .get("id")
        .and_then(Value::as_u64)
        .filter(|id| *id > 0)
        .ok_or(ProviderFault::Nonsense(USER, "has no number"))?;
    let name = user.get("name").cloned().unwrap_or_default();
    let claims = [("sub", Value::String(id.to_string())), ("name", name)];
    Ok(claims
        .map(|(name, value)| (name.to_owned(), value))
        .into_iter()
        .collect())
}

/// Adds the primary address, whichever page of the list contains it.
pub(super) async fn complete(
    claims: &mut Map<String, Value>,
    web: &Web,
    provider: &Provider,
    token: &AccessToken,
) -> Result<(), ProviderFault> {
    const ADDRESSES: &str = "list of addresses";
    let is = |address: &Value, name: &str| address.get(name) == Some(&Value::Bool(true));
    let api = provider.api();
    for page in 1..=MAX_PAGES {
        let url = format!("{api}/user/emails?per_page={PAGE}&page={page}");
        let addresses = profile::ask(web, ADDRESSES, &url, token, &HEADERS).await?;
        let addresses: Vec<Value> = serde_json::from_slice(&addresses)
            .map_err(|_| ProviderFault::Nonsense(ADDRESSES, "is not a JSON array"))?;
        if let Some(primary) = addresses.iter().find(|address| is(address, "primary")) {
            let email = primary.get("email").cloned().unwrap_or_default();
            claims.insert("email".to_owned(), email);
            claims.insert("email_verified".to_owned(), is(primary, "verified").into());
            break;
        }
        if addresses.len() < PAGE {
            break;
        }
    }
    Ok(())
}
