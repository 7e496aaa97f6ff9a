//! The authorization code grant (RFC 6749, section 4.1) with PKCE (RFC 7636).

use std::borrow::Cow;

use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, Client, ClientId, CsrfToken, EndpointNotSet, EndpointSet,
    ExtraTokenFields, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope,
    StandardRevocableToken, StandardTokenResponse, TokenResponse as _, TokenUrl,
    basic::{
        BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse,
        BasicTokenType,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use super::{Answer, Authorization, MAX_DOCUMENT, fault::ProviderFault};
use crate::{error::BoxError, feature::oauth::provider::Provider, json, outbound::Web};

const ANSWER: &str = "token endpoint";
/// The length of a verifier (RFC 7636, section 4.1).
const VERIFIER: std::ops::RangeInclusive<usize> = 43..=128;
/// The maximum length of a logged error code.
const MAX_WORD: usize = 64;

/// A provider's endpoints, and the method by which this client authenticates to it.
#[derive(Debug)]
pub(super) struct Endpoints {
    pub(super) authorization: Url,
    pub(super) token: Url,
    pub(super) proof: AuthType,
}

/// The result of exchanging a code.
pub(super) struct Exchanged {
    pub(super) access_token: oauth2::AccessToken,
    pub(super) id_token: Option<String>,
}

#[derive(Deserialize, Serialize)]
struct IdTokenField {
    id_token: Option<String>,
}

impl std::fmt::Debug for IdTokenField {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("IdTokenField(redacted)")
    }
}

impl ExtraTokenFields for IdTokenField {}

type Tokens = StandardTokenResponse<IdTokenField, BasicTokenType>;
type Asker = Client<
    BasicErrorResponse,
    Tokens,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

impl Endpoints {
    /// The URL to send the browser to. `nonce` is given only for OpenID Connect.
    pub(super) fn authorization_url(
        &self,
        provider: &Provider,
        flow: &Authorization<'_>,
        nonce: Option<&str>,
    ) -> Result<String, ProviderFault> {
        let challenge = PkceCodeChallenge::from_code_verifier_sha256(&verifier(flow.verifier)?);
        let asker = self.asker(provider);
        let mut request = asker
            .authorize_url(|| CsrfToken::new(flow.state.to_owned()))
            .set_pkce_challenge(challenge)
            .set_redirect_uri(Cow::Owned(redirect(flow.redirect_uri)?))
            .add_scopes(provider.scope_names().iter().cloned().map(Scope::new));
        if let Some(nonce) = nonce {
            request = request.add_extra_param("nonce", nonce.to_owned());
        }
        let (url, _) = request.url();
        Ok(url.into())
    }

    /// Exchanges the code for tokens. A code can be exchanged only once.
    pub(super) async fn exchange(
        &self,
        web: &Web,
        provider: &Provider,
        answer: &Answer<'_>,
    ) -> Result<Exchanged, ProviderFault> {
        let send = |request| {
            let web = web.clone();
            async move { ask(&web, request).await }
        };
        let asker = self.asker(provider);
        let request = asker
            .exchange_code(AuthorizationCode::new(answer.code.to_owned()))
            .set_pkce_verifier(verifier(answer.verifier)?)
            .set_redirect_uri(Cow::Owned(redirect(answer.redirect_uri)?));
        let tokens = request.request_async(&send).await.map_err(fault)?;
        if *tokens.token_type() != BasicTokenType::Bearer {
            return Err(nonsense("gives a token that is not a bearer token"));
        }
        Ok(Exchanged {
            access_token: tokens.access_token().clone(),
            id_token: tokens.extra_fields().id_token.clone(),
        })
    }

    fn asker(&self, provider: &Provider) -> Asker {
        let asker = Client::new(ClientId::new(provider.client_id().to_owned()))
            .set_auth_uri(AuthUrl::from_url(self.authorization.clone()))
            .set_token_uri(TokenUrl::from_url(self.token.clone()))
            .set_auth_type(self.proof.clone());
        match provider.secret() {
            Some(secret) => asker.set_client_secret(secret.clone()),
            None => asker,
        }
    }
}

/// The members that this client reads from a response. Other members may have any type.
const READ: [&str; 4] = ["access_token", "error", "id_token", "token_type"];

/// Sends the request. The response must be strict JSON, and is reduced to the members in `READ`.
/// GitHub sends refusals with status 200; this function changes the status to 400.
async fn ask(
    web: &Web,
    request: oauth2::HttpRequest,
) -> Result<oauth2::HttpResponse, ProviderFault> {
    let unanswered = |error: BoxError| ProviderFault::Unanswered(ANSWER, error);
    let mut response = web.send(request, MAX_DOCUMENT).await.map_err(unanswered)?;
    if response.status().is_redirection() || response.status().is_server_error() {
        let status = response.status();
        return Err(unanswered(format!("it answered with {status}").into()));
    }
    let mut object = json::parse_object(response.body())
        .map_err(|_| nonsense("did not return a single JSON object"))?;
    object.retain(|name, value| READ.contains(&name.as_str()) && value.is_string());
    if object.contains_key("error") {
        *response.status_mut() = http::StatusCode::BAD_REQUEST;
    }
    *response.body_mut() = Value::Object(object).to_string().into_bytes();
    Ok(response)
}

/// The parts of an `oauth2` error that contain no secret.
fn fault(error: RequestTokenError<ProviderFault, BasicErrorResponse>) -> ProviderFault {
    match error {
        RequestTokenError::ServerResponse(refusal) => {
            let word: &str = refusal.error().as_ref();
            let is_plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
            ProviderFault::Refused(word.chars().filter(is_plain).take(MAX_WORD).collect())
        }
        RequestTokenError::Request(fault) => fault,
        RequestTokenError::Parse(..) => nonsense("does not answer with a bearer token"),
        RequestTokenError::Other(_) => nonsense("does not answer with JSON"),
    }
}

fn verifier(text: &str) -> Result<PkceCodeVerifier, ProviderFault> {
    if VERIFIER.contains(&text.len()) {
        Ok(PkceCodeVerifier::new(text.to_owned()))
    } else {
        Err(ProviderFault::Unsound("has a verifier of the wrong length"))
    }
}

fn redirect(uri: &str) -> Result<RedirectUrl, ProviderFault> {
    RedirectUrl::new(uri.to_owned())
        .map_err(|_| ProviderFault::Unsound("has a redirect URI that is not a URL"))
}

fn nonsense(why: &'static str) -> ProviderFault {
    ProviderFault::Nonsense(ANSWER, why)
}
