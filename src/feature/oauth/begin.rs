//! Begins a sign-in with a provider.

use super::{FLOW_LIFETIME, FlowSecret, ProviderSignIns, client::Authorization, redirect, secret};
use crate::{
    error::{ErrorKind, Result},
    event::ClientInfo,
    http::Problem,
    identity::{CodeChallenge, Flow, FlowIntent, NewFlow},
    limit::Budget,
    secret::TokenDigest,
};

/// A request to begin a sign-in.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NewSignIn {
    /// The URL that the browser returns to at the end of the flow. It must equal one of the configured URLs, character
    /// by character.
    pub redirect_to: String,
    /// The PKCE code challenge. The application keeps the matching verifier.
    pub challenge: CodeChallenge,
    /// The application's own state, which it gets back at the end of the flow.
    pub app_state: Option<String>,
    /// The intent of the flow: to sign in, or to link an identity.
    pub intent: FlowIntent,
}

impl NewSignIn {
    /// A request to sign in, without an application state.
    pub fn new(redirect_to: impl Into<String>, challenge: CodeChallenge) -> Self {
        Self {
            redirect_to: redirect_to.into(),
            challenge,
            app_state: None,
            intent: FlowIntent::default(),
        }
    }
}

/// A sign-in that has begun.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Begun {
    /// The URL to send the browser to: the provider's URL or, if the provider is unreachable, the application's URL.
    pub location: String,
    /// The secret that the browser keeps until it returns.
    pub kept: Option<Kept>,
}

/// The secret that a browser keeps while it is at the provider. Store it in a cookie, or in other storage that no other
/// site can read or write.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Kept {
    /// The name that distinguishes this flow from other flows of the same browser. The name is derived from the
    /// `state`, which the provider sends back.
    pub name: String,
    /// The secret.
    pub(super) secret: FlowSecret,
}

impl Kept {
    /// The secret as text. Keep it confidential.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.secret.expose()
    }
}

/// The name under which a browser keeps the secret of the flow with this `state`.
pub(super) fn kept_as(state: &TokenDigest) -> String {
    state
        .as_bytes()
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

impl ProviderSignIns {
    /// Begins a sign-in with the provider, or the linking of an identity at the provider.
    ///
    /// # Errors
    /// [`ProviderUnknown`](ErrorKind::ProviderUnknown), which is checked first;
    /// [`InvalidRedirect`](ErrorKind::InvalidRedirect); [`RateLimited`](ErrorKind::RateLimited),
    /// [`Overloaded`](ErrorKind::Overloaded); [`Unavailable`](ErrorKind::Unavailable) while the database is
    /// unreachable.
    pub async fn begin(
        &self,
        provider: &str,
        new: NewSignIn,
        client: &ClientInfo,
    ) -> Result<Begun> {
        self.providers.named(provider)?;
        self.ensure_redirect(&new.redirect_to)?;
        self.send(provider, new, FlowSecret::generate(), client)
            .await
    }

    /// Begins a sign-in, or the linking of an identity, that ends on the pages with this query; `None` if the provider
    /// is unreachable. The code verifier stays in the browser, as part of its secret.
    ///
    /// # Errors
    /// The errors of [`begin`](Self::begin).
    #[cfg(feature = "pages")]
    pub(crate) async fn begin_on_pages(
        &self,
        provider: &str,
        intent: FlowIntent,
        query: &str,
        client: &ClientInfo,
    ) -> Result<Option<Begun>> {
        let secret = FlowSecret::generate();
        let challenge = CodeChallenge::of(&secret.page_verifier());
        let mut new = NewSignIn::new(redirect::on_pages(query), challenge);
        new.intent = intent;
        let begun = self.send(provider, new, secret, client).await?;
        Ok(begun.kept.is_some().then_some(begun))
    }

    /// Sends the browser to the provider.
    async fn send(
        &self,
        provider: &str,
        new: NewSignIn,
        secret: FlowSecret,
        client: &ClientInfo,
    ) -> Result<Begun> {
        let asked = self.providers.named(provider)?;
        self.core
            .limits
            .admit(Budget::OauthStart, None, client)
            .await?;
        let state = secret::random_text();
        let authorization = Authorization {
            redirect_uri: &self.providers.callback(provider),
            state: &state,
            nonce: &secret.nonce(),
            verifier: &secret.verifier(),
        };
        let location = match asked.authorization_url(&authorization).await {
            Ok(location) => location,
            Err(fault) => {
                let error = &fault as &dyn std::error::Error;
                tracing::warn!(provider, error, "browsers cannot be sent to a provider");
                let app_state = new.app_state.as_deref();
                let problem = Problem::from(ErrorKind::ProviderFailed);
                return Ok(Begun {
                    location: redirect::back(&new.redirect_to, app_state, "error", problem.code()),
                    kept: None,
                });
            }
        };
        let (digest, now) = (TokenDigest::of(&state), self.core.clock.now());
        let flow = NewFlow {
            flow: Flow {
                state: digest,
                provider: provider.to_owned(),
                intent: new.intent,
                redirect_to: new.redirect_to,
                app_state: new.app_state,
                challenge: new.challenge,
            },
            binding: secret.binding(),
            created_at: now,
            expires_at: now + FLOW_LIFETIME,
        };
        self.core.store.begin_flow(&flow).await?;
        Ok(Begun {
            location,
            kept: Some(Kept {
                name: kept_as(&digest),
                secret,
            }),
        })
    }

    /// # Errors
    /// [`InvalidRedirect`](ErrorKind::InvalidRedirect).
    pub(super) fn ensure_redirect(&self, url: &str) -> Result<()> {
        match self.providers.redirects.allow(url) {
            true => Ok(()),
            false => Err(ErrorKind::InvalidRedirect.into()),
        }
    }
}
