//! What a provider says of somebody, beside who they are.

use serde_json::{Map, Value};

use super::{MAX_DOCUMENT, fault::ProviderFault, id_token::subject};
use crate::{
    error::BoxError, identity::Assertion, json, oauth::provider::Provider, outbound::Web,
    user::check_display_name,
};

/// Asks for something in the name of the user: JSON, which it must be.
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
        .map_err(|_| ProviderFault::Nonsense("access token", "is not text for a header"))?;
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

/// Adds what the user info endpoint says (OpenID Connect Core 1.0, section 5.3). The claims of the ID token stay.
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
        .map_err(|_| ProviderFault::Nonsense(WHAT, "is not one JSON object"))?;
    // Section 5.3.2: otherwise it may be of somebody else.
    if subject(&info) != subject(claims) {
        return Err(ProviderFault::Nonsense(WHAT, "is of somebody else"));
    }
    // Both or none: `email_verified` is of the address beside it.
    claims.remove("email_verified");
    for name in ["email", "email_verified", "name"] {
        if let Some(value) = info.get(name).filter(|_| !claims.contains_key(name)) {
            claims.insert(name.to_owned(), value.clone());
        }
    }
    Ok(())
}

/// What the claims come to.
pub(super) fn assertion(
    provider: &Provider,
    claims: &Map<String, Value>,
) -> Result<Assertion, ProviderFault> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let subject = subject(claims);
    let subject = subject.ok_or(ProviderFault::IdToken("does not say whom it is of"))?;
    Ok(described(
        provider,
        subject.to_owned(),
        text("email"),
        claims.get("email_verified") == Some(&Value::Bool(true)),
        text("name"),
    ))
}

/// Of address and name, what can be taken.
pub(super) fn described(
    provider: &Provider,
    subject: String,
    email: Option<&str>,
    is_verified: bool,
    name: Option<&str>,
) -> Assertion {
    let email = email.and_then(|email| email.parse().ok());
    let name = name.map(str::trim).filter(|name| !name.is_empty());
    let name = name.filter(|name| check_display_name(Some(name)).is_ok());
    Assertion {
        provider: provider.name().to_owned(),
        issuer: provider.issuer().to_owned(),
        subject,
        email_verified: email.is_some() && is_verified,
        trusted: email
            .as_ref()
            .is_some_and(|email| provider.is_trusted_for(email)),
        email,
        display_name: name.map(str::to_owned),
    }
}
