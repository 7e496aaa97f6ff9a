//! A user's profile at a provider, in addition to the identity.

use serde_json::{Map, Value};

use super::{MAX_DOCUMENT, fault::ProviderFault, id_token::subject};
use crate::{
    error::BoxError,
    feature::oauth::provider::Provider,
    identity::Assertion,
    json,
    outbound::Web,
    user::{EmailAddress, check_display_name},
};

/// Fetches JSON with the user's access token.
pub(super) async fn ask(
    web: &Web,
    what: &'static str,
    url: &str,
    access_token: &oauth2::AccessToken,
    headers: &[(&'static str, &'static str)],
) -> Result<Vec<u8>, ProviderFault> {
    let unanswered = |error: BoxError| ProviderFault::Unanswered(what, error);
    let mut request = http::Request::get(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let bearer = format!("Bearer {}", access_token.secret());
    let mut bearer = http::HeaderValue::try_from(bearer)
        .map_err(|_| ProviderFault::Nonsense("access token", "cannot be sent in a header"))?;
    bearer.set_sensitive(true);
    let request = request
        .header(http::header::AUTHORIZATION, bearer)
        .body(Vec::new())
        .map_err(|error| unanswered(error.into()))?;
    let answer = web.send(request, MAX_DOCUMENT).await.map_err(unanswered)?;
    if answer.status() != http::StatusCode::OK {
        let status = answer.status();
        return Err(unanswered(format!("it answered with {status}").into()));
    }
    Ok(answer.into_body())
}

/// Whether the claims lack `email` or `email_verified`.
pub(super) fn lacks_address(claims: &Map<String, Value>) -> bool {
    ["email", "email_verified"]
        .iter()
        .any(|name| !is_said(claims, name))
}

/// A null claim counts as absent (OpenID Connect Core 1.0, section 5.3.2).
fn is_said(claims: &Map<String, Value>, name: &str) -> bool {
    claims.get(name).is_some_and(|value| !value.is_null())
}

/// Adds the claims from the user info endpoint (OpenID Connect Core 1.0, section 5.3). The claims of the ID token take
/// precedence.
pub(super) async fn complete(
    claims: &mut Map<String, Value>,
    web: &Web,
    url: &str,
    access_token: &oauth2::AccessToken,
) -> Result<(), ProviderFault> {
    const WHAT: &str = "user info";
    let headers = [("accept", "application/json")];
    let body = ask(web, WHAT, url, access_token, &headers).await?;
    let info = json::parse_object(&body)
        .map_err(|_| ProviderFault::Nonsense(WHAT, "is not a single JSON object"))?;
    // Section 5.3.2: without this check, the answer could belong to another subject.
    if subject(&info) != subject(claims) {
        return Err(ProviderFault::Nonsense(WHAT, "is about another subject"));
    }
    // `email_verified` applies only to the address in the same document.
    if !is_said(claims, "email") {
        claims.remove("email_verified");
        take(claims, &info, "email");
        take(claims, &info, "email_verified");
    } else if email(claims).is_some() && email(claims) == email(&info) {
        take(claims, &info, "email_verified");
    }
    take(claims, &info, "name");
    Ok(())
}

/// Adds a claim, if it is missing.
fn take(claims: &mut Map<String, Value>, info: &Map<String, Value>, name: &str) {
    if let Some(value) = info.get(name).filter(|_| !is_said(claims, name)) {
        claims.insert(name.to_owned(), value.clone());
    }
}

fn email(claims: &Map<String, Value>) -> Option<EmailAddress> {
    claims.get("email")?.as_str()?.parse().ok()
}

/// Converts the claims to an assertion. An invalid address or name is left out.
pub(super) fn assertion(
    provider: &Provider,
    claims: &Map<String, Value>,
) -> Result<Assertion, ProviderFault> {
    let subject = subject(claims);
    let subject = subject.ok_or(ProviderFault::IdToken("has no valid subject"))?;
    let email = email(claims);
    let is_verified = claims.get("email_verified") == Some(&Value::Bool(true));
    let name = claims.get("name").and_then(Value::as_str).map(str::trim);
    let name = name.filter(|name| !name.is_empty() && check_display_name(Some(name)).is_ok());
    Ok(Assertion {
        provider: provider.name().to_owned(),
        issuer: provider.issuer().to_owned(),
        subject: subject.to_owned(),
        email_verified: email.is_some() && is_verified,
        trusted: email
            .as_ref()
            .is_some_and(|email| provider.is_trusted_for(email)),
        email,
        display_name: name.map(str::to_owned),
    })
}
